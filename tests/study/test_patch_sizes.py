"""Images smaller than a patch are found before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from study_fakes import Brightness, Rows

from imleak.study import StudySpec, run
from imleak.study.patch_sizes import PatchSizeError
from imleak.study.progress import Silent

MEASURES = ["brightness", "rows", "twofold"]


class Listener(Silent):
    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def say(self, message: str) -> None:
        self.told.append((message, Brightness.calls))


def spec(folder: Path, *encoders: str, **fields: object) -> StudySpec:
    return StudySpec.of(sources=folder, encoders=encoders, **{"measures": MEASURES} | fields)


def test_a_measure_no_image_is_large_enough_for_is_refused_before_any_work(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photographs("a.png", "b.png", size=(6, 9))
    photographs("c.png", size=(7, 7))
    with pytest.raises(PatchSizeError) as refused:
        run(spec(folder, "pixels=4,patch=8"), tmp_path / "out")
    assert str(refused.value) == (
        "rows, twofold: no image is as large as a patch of 8x8 for pixels=4 (the largest "
        "is 7x7); give larger images, smaller patches (--encoder pixels=6,patch=6), or measures of "
        "whole images alone (--measure histogram --measure psnr)"
    )
    assert Brightness.calls == 0
    assert not (tmp_path / "out").exists()


def test_what_the_refusal_names_works(photographs: Callable[..., Path], tmp_path: Path) -> None:
    folder = photographs("a.png", "b.png", "c.png", size=(6, 9))
    assert run(spec(folder, "pixels=6,patch=6"), tmp_path / "patches").failures.empty
    whole = ["histogram", "psnr"]
    assert run(spec(folder, "corners", measures=whole), tmp_path / "whole").failures.empty


def test_images_smaller_than_the_patches_of_a_network_are_taken_whole(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photographs("a.png", "b.png", "c.png", size=(6, 9))
    listener = Listener()
    done = run(spec(folder, "corners"), tmp_path / "out", progress=listener)
    assert done.failures.empty
    assert len(Rows.seen[0].x) == 3
    assert (
        "rows on corners takes images whole, resized to 8x8: none is as large as a patch, the "
        "largest is 9x6.",
        0,
    ) in listener.told
    (encoder,) = [one for one in done.manifest["components"] if one["kind"] == "encoder"]
    assert encoder["input_size"] == "image"


def test_images_that_are_left_out_are_named_before_any_work(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photographs(*(f"{name}.png" for name in "abcd"))
    photographs(*(f"small-{number}.png" for number in range(5)), size=(7, 7))
    listener = Listener()
    done = run(spec(folder, "corners"), tmp_path / "out", progress=listener)
    assert listener.told[0] == (
        "Left out of rows, twofold: 5 of 9 images, smaller than a patch of 8x8 for corners: "
        "small-0.png, small-1.png, small-2.png and 2 more.",
        0,
    )
    assert len(Rows.seen[0].x) == 4 * 10
    assert set(done.failures["image"]) == {f"small-{number}.png" for number in range(5)}


def test_large_images_are_nothing_to_speak_of(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    listener = Listener()
    run(spec(photographs("a.png", "b.png"), "corners"), tmp_path / "out", progress=listener)
    assert not [message for message, _ in listener.told if "smaller" in message]
