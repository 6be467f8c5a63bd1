"""Images that come, go and change between two runs into one folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from imleak.api import run_study
from imleak.images import Source
from imleak.report.previews import read_previews
from imleak.study import StudySpec, run
from imleak.study.changes import changes
from imleak.study.plan import ImageInfo

pytestmark = pytest.mark.usefixtures("without_figures")


def info(name: str, digest: str) -> ImageInfo:
    return ImageInfo(name, Source(name, Path(name)), digest, 1, 9, 9, 8)


def of(**digests: str) -> list[ImageInfo]:
    return [info(name, digest) for name, digest in digests.items()]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({}, {"a": "1"}, None),
        ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, None),
        ({"a": "1"}, {"z": "1"}, None),
        ({"a": "1", "b": "2"}, {"a": "2", "b": "1"}, None),
        ({"a": "1"}, {"a": "1", "b": "2"}, "1 added (b)"),
        ({"a": "1", "b": "2"}, {"a": "1"}, "1 removed (b)"),
        ({"a": "1", "b": "2"}, {"a": "1", "b": "3"}, "1 changed (b)"),
        ({"a": "1"}, {"z": "2"}, "1 added (z), 1 removed (a)"),
        ({"a": "1", "b": "2"}, {"a": "2"}, "1 removed (a)"),
        ({"a": "1"}, {n: n for n in "vwxyz"}, "5 added (v, w, x and 2 more), 1 removed (a)"),
    ],
)
def test_the_difference(before: dict[str, str], now: dict[str, str], told: str | None) -> None:
    found = changes(before, of(**now))
    if told is None:
        assert found is None
    else:
        assert f"last run into this folder: {told}. " in str(found)


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_a_folder_that_grows_and_shrinks(photographs: Callable[..., Path], tmp_path: Path) -> None:
    folder, out = photographs("a.png", "b.png", "c.png"), tmp_path / "out"
    spec = StudySpec.of(sources=folder, measures=["histogram", "psnr"], levels="0,4,8")
    first = run_study(spec, out)
    assert not first.manifest["warnings"]
    old_strip = (out / "figures" / "strip.png").read_bytes()

    photographs("d.png")
    (folder / "a.png").unlink()
    PIL.Image.fromarray(np.arange(192, dtype=np.uint8).reshape(12, 16)).save(folder / "b.png")
    second = run_study(spec, out)
    (told,) = second.manifest["warnings"]
    assert "1 added (d.png), 1 removed (a.png), 1 changed (b.png). All results are of" in told
    assert set(second.frame["image"]) == {"b.png", "c.png", "d.png"}
    assert set(second.summary["n"]) == {3}

    previews = read_previews(out)
    digests = {image["name"]: image["digest"] for image in second.manifest["images"]}
    assert {one.name: one.digest for one in previews} == digests
    kept = {path.name for path in (out / "previews").iterdir()}
    assert kept == {"index.json", *(sheet.file for one in previews for sheet in one.sheets)}
    assert (out / "figures" / "strip.png").read_bytes() != old_strip
    page = (out / "report.html").read_text()
    assert told in page.replace("&#39;", "'")
    assert "of a.png" not in page

    fresh = run(spec, tmp_path / "fresh")
    assert (out / "summary.csv").read_bytes() == (fresh.path / "summary.csv").read_bytes()
    assert not run(spec, out).manifest["warnings"]
