from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from imleak.interfaces import ImageError
from imleak.study import StudySpec
from imleak.study.cluster import LocalExecutor
from imleak.study.progress import Silent
from imleak.study.scan import Scan, reader, scan


def look(folder: Path, **fields: object) -> Scan:
    return scan(
        StudySpec.of(sources=folder, measures="brightness", **fields), Silent(), LocalExecutor()
    )


def test_every_readable_image_and_why_not_the_others(photographs: Callable[..., Path]) -> None:
    folder = photographs("a.png", "b.png")
    (folder / "c.png").write_text("I am text")
    whole = (folder / "b.png").read_bytes()
    (folder / "d.png").write_bytes(whole[: len(whole) // 2])
    found = look(folder)
    assert [image.name for image in found.images] == ["a.png", "b.png"]
    assert (found.images[0].height, found.images[0].width) == (12, 16)
    assert [left.image for left in found.left_out] == ["c.png", "d.png"]
    assert found.left_out[0].why.startswith("is not a JPEG, PNG")
    assert all("\n" not in left.why for left in found.left_out)


def test_the_same_image_counts_once(photographs: Callable[..., Path]) -> None:
    folder = photographs("a.png")
    shutil.copy(folder / "a.png", folder / "z.png")
    found = look(folder)
    assert [image.name for image in found.images] == ["a.png"]
    assert found.left_out[0].why == "is the same image as a.png"


def test_a_limit_counts_what_can_be_read(photographs: Callable[..., Path]) -> None:
    folder = photographs("b.png", "c.png", "d.png")
    (folder / "a.png").write_text("I am text")
    found = look(folder, limit=2)
    assert [image.name for image in found.images] == ["b.png", "c.png"]
    assert [left.image for left in found.left_out] == ["a.png"]


def test_the_largest_by_header_or_by_annotations(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photographs("a.png")
    photographs("b.png", size=(40, 40))
    assert [image.name for image in look(folder, largest=1).images] == ["b.png"]
    sizes = [{"file_name": "a.png", "height": 99, "width": 99}]
    annotations = tmp_path / "instances.json"
    annotations.write_text(json.dumps({"images": sizes}))
    found = look(folder, largest=1, annotations=annotations)
    assert [image.name for image in found.images] == ["a.png"]


def test_images_are_refused_from_their_header(photographs: Callable[..., Path]) -> None:
    (left,) = look(photographs("a.png"), max_pixels=100).left_out
    assert "above the limit of 100" in left.why


def test_an_image_that_changes_during_the_run(photographs: Callable[..., Path]) -> None:
    folder = photographs("a.png")
    spec = StudySpec.of(sources=folder, measures="brightness")
    (info,) = scan(spec, Silent(), LocalExecutor()).images
    assert reader(spec).again(info).digest == info.digest
    PIL.Image.fromarray(np.zeros((12, 16), np.uint8)).save(folder / "a.png")
    with pytest.raises(ImageError, match="has changed since the run began"):
        reader(spec).again(info)


def test_sealed_files_are_no_plain_images_and_reused_nonces_are_told(
    photographs: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from imleak.sealed import seal

    def encrypt(name: str, level: int) -> None:
        (folder / name).rename(folder / "original")
        seal(folder / "original", folder / name, level, b"k" * 32)
        (folder / "original").unlink()

    folder = photographs("a.png", "b.png", "c.png", "plain.png")
    encrypt("c.png", 3)
    monkeypatch.setattr("imleak.sealed.new_nonce", lambda: b"n" * 16)
    encrypt("a.png", 2)
    encrypt("b.png", 2)
    found = look(folder)
    assert [image.name for image in found.images] == ["plain.png"]
    why = {left.image: left.why for left in found.left_out}
    assert why["c.png"] == "is encrypted already (bitplanes, level 3); decrypt it first"
    assert "NONCE REUSED: b.png has the same" in why["a.png"]
    assert "NONCE REUSED: a.png has the same" in why["b.png"]


def test_files_that_were_not_looked_at_are_counted(tmp_path: Path) -> None:
    PIL.Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "b.mp4").touch()
    found = look(tmp_path)
    assert found.warnings == ("1 file was not looked at: 1 .mp4",)
