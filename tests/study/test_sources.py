"""What runs have written is never measured."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from imleak.images import SourceError
from imleak.study import StudySpec, run
from imleak.study.sources import find_images

NAMES = ("a.png", "b.png", "c.png")


@pytest.fixture
def folder(photographs: Callable[..., Path]) -> Path:
    """Three images, and among them the folder of a run with two previews."""
    folder = photographs(*NAMES)
    run(StudySpec.of(sources=folder, measures="brightness"), folder / "run")
    for preview in ("pictures/00-a.png", "figures/strip.png"):
        (folder / "run" / preview).parent.mkdir()
        shutil.copy(folder / "a.png", folder / "run" / preview)
    return folder


def names(*sources: Path | str) -> list[str]:
    return [source.name for source in find_images([*map(str, sources)]).sources]


def test_a_run_among_the_images_is_left_out_and_named(folder: Path) -> None:
    found = find_images([str(folder)])
    assert [source.name for source in found.sources] == list(NAMES)
    assert found.warnings == [
        f"Not measured: what imleak wrote into the folder of a run, {folder / 'run'}."
    ]


def test_a_second_run_takes_the_same_images(folder: Path, tmp_path: Path) -> None:
    spec = StudySpec.of(sources=folder, measures="brightness")
    done = run(spec, folder / "run")
    assert [image["name"] for image in done.manifest["images"]] == list(NAMES)
    assert done.manifest["warnings"] == find_images([str(folder)]).warnings
    again = run(spec, tmp_path / "elsewhere")
    assert [image["name"] for image in again.manifest["images"]] == list(NAMES)


def test_however_it_is_called_and_reached(folder: Path, tmp_path: Path) -> None:
    (folder / "run").rename(folder / "holiday")
    run_folder = folder / "holiday"
    assert names(folder) == list(NAMES)
    assert names(f"{folder}/**/*.png") == list(NAMES)
    (folder / "link.png").symlink_to(run_folder / "pictures" / "00-a.png")
    (tmp_path / "previews").symlink_to(run_folder / "pictures")
    (tmp_path / "linked").symlink_to(run_folder)
    assert names(folder, tmp_path / "previews", tmp_path / "linked") == list(NAMES)
    for alone in (run_folder, tmp_path / "previews", run_folder / "pictures" / "00-a.png"):
        with pytest.raises(SourceError, match="no images but what runs have written"):
            names(alone)


@pytest.mark.parametrize("damage", ["", "{", '{"format": 1}'])
def test_whatever_became_of_its_manifest(folder: Path, damage: str) -> None:
    (folder / "run" / "manifest.json").write_text(damage)
    assert names(folder) == list(NAMES)
    (folder / "run" / "manifest.json").unlink()
    assert names(folder) == list(NAMES)


def test_many_runs_are_one_line(folder: Path) -> None:
    for number in range(4):
        shutil.copytree(folder / "run", folder / f"run-{number}")
    (line,) = find_images([str(folder)]).warnings
    assert "the folders of runs, " in line
    assert line.endswith(" and 2 more.")


def test_a_reproduction_is_left_out_too(photographs: Callable[..., Path]) -> None:
    folder = photographs(*NAMES)
    for name in ("runs", "figures"):
        (folder / "paper" / name).mkdir(parents=True)
    for name in ("paper.md", "claims.csv"):
        (folder / "paper" / name).touch()
    shutil.copy(folder / "a.png", folder / "paper" / "figures" / "3.png")
    assert names(folder) == list(NAMES)


def test_a_manifest_of_somebody_else_makes_no_run(photographs: Callable[..., Path]) -> None:
    folder = photographs(*NAMES)
    (folder / "manifest.json").write_text('{"name": "a web page", "icons": []}')
    (folder / "parts").mkdir()
    assert names(folder) == list(NAMES)
    assert not find_images([str(folder)]).runs
