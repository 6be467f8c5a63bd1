"""Images of a run: exact samples in the crop, few bytes, the right tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow

from imleak.interfaces import Exposure, Image, ImleakError, Observation
from imleak.report.figures.strip import averaged, middle, stretch, to_screen
from imleak.report.page import charts
from imleak.report.previews import (
    BYTES,
    CROP,
    MOST,
    Preview,
    Sheet,
    Subject,
    chosen,
    data_uri,
    read_previews,
    write_previews,
)
from imleak.report.shown import rebuilt_images

MakeSubject = Callable[..., Subject]
LEVELS = range(9)


def tiles(out: Path, sheet: Sheet) -> NDArray[np.uint8]:
    """(n, H, W, 3)"""
    with Pillow.open(BytesIO((out / "previews" / sheet.file).read_bytes())) as image:
        found = np.asarray(image.convert("RGB"))
    return found.reshape(-1, sheet.height, sheet.width, 3)


def screen(samples: NDArray[np.unsignedinteger], bits: int = 8, shift: int = 0) -> NDArray:
    shown = to_screen(samples, bits, shift)
    return np.stack([shown] * 3, -1) if shown.ndim == 2 else shown


@pytest.mark.parametrize(("shape", "bits"), [((1, 48, 64), 8), ((3, 40, 24), 8), ((1, 9, 7), 12)])
def test_a_crop_has_every_sample_as_it_is(
    tmp_path: Path, make_subject: MakeSubject, shape: tuple[int, int, int], bits: int
) -> None:
    subject = make_subject("a.png", shape=shape, bits=bits)
    levels = range(bits + 1)
    (preview,) = write_previews(tmp_path, [subject], levels)
    assert preview.whole is None
    shown = tiles(tmp_path, preview.crop)
    assert len(shown) == 1 + 2 * len(levels)
    np.testing.assert_array_equal(shown[0], screen(subject.plain, bits))
    for level in levels:
        cipher, clear = shown[1 + level] ^ shown[0], shown[1 + len(levels) + level]
        np.testing.assert_array_equal(cipher, screen(subject.cipher(level), bits))
        expected = subject.clear(level)
        shift = stretch(expected, subject.used)
        np.testing.assert_array_equal(clear, screen(expected, bits, shift))


def test_a_table_stands_for_the_clear_parts(tmp_path: Path, make_subject: MakeSubject) -> None:
    def table(level: int) -> NDArray[np.uint8]:
        return np.arange(256, dtype=np.uint8) & np.uint8(2 ** (8 - level) - 1)

    subject = make_subject("a.png", table=table)
    (preview,) = write_previews(tmp_path, [subject], LEVELS)
    shown = tiles(tmp_path, preview.crop)
    assert len(shown) == 1 + len(LEVELS)
    assert preview.tables
    for level in LEVELS:
        seen = np.array(preview.tables[level], np.uint8)[shown[0]]
        clear = subject.clear(level)
        np.testing.assert_array_equal(seen, screen(clear, 8, stretch(clear, subject.used)))


def test_a_large_image_has_a_native_crop_and_an_averaged_whole(
    tmp_path: Path, make_subject: MakeSubject
) -> None:
    subject = make_subject("a.png", shape=(1, 400, 900))
    (preview,) = write_previews(tmp_path, [subject], range(1, 4))
    assert (preview.crop.width, preview.crop.height) == (CROP, CROP)
    assert (preview.left, preview.top) == (290, 40)
    at = (slice(None), slice(40, 360), slice(290, 610))
    np.testing.assert_array_equal(tiles(tmp_path, preview.crop)[0], screen(subject.plain[at]))
    assert preview.whole
    small = tiles(tmp_path, preview.whole)
    assert len(small) == 1 + 2 * 3
    assert small.shape[2] / small.shape[1] == pytest.approx(9 / 4, rel=0.03)
    expected = averaged(to_screen(subject.plain, 8), preview.whole.width)
    assert np.abs(small[0, ..., 0].astype(int) - expected).mean() < 6


def test_the_crop_is_where_something_is_left(tmp_path: Path) -> None:
    plain = np.random.default_rng(0).integers(1, 256, (1, 700, 700), dtype=np.uint8)

    def clear(level: int) -> NDArray[np.uint8]:
        kept = plain.copy()
        kept[:, : 600 * level, :600] = 0
        return kept

    observed = Observation(
        plain, 8, (0, 1), lambda s: Exposure(clear(s), 8, {}), clear, lambda _: None
    )
    image = Image(plain, 8, name="a.png", digest="0" * 64)
    (preview,) = write_previews(tmp_path, [Subject(image, observed)], (0, 1))
    assert (preview.left, preview.top) == (380, 0)


def test_the_layout_is_drawn_where_there_is_one(tmp_path: Path, make_subject: MakeSubject) -> None:
    subject = make_subject("a.png", layout=lambda samples: np.full((4, 4), samples.any() / 4))
    (preview,) = write_previews(tmp_path, [subject], LEVELS)
    assert preview.maps
    light = tiles(tmp_path, preview.maps)[..., 0]
    assert light.shape == (10, 4, 4)
    assert (light[:9] == 128).all()
    assert (light[9] == 0).all()  # nothing is left in the clear


def test_what_would_be_too_large_has_a_smaller_crop(
    tmp_path: Path, make_subject: MakeSubject
) -> None:
    subject = make_subject("a.png", shape=(3, 330, 330), bits=16)
    (preview,) = write_previews(tmp_path, [subject], range(17))
    assert 64 <= preview.crop.width < CROP
    assert size(tmp_path) <= BYTES


def test_as_many_are_kept_as_the_bytes_hold(tmp_path: Path, make_subject: MakeSubject) -> None:
    subjects = [make_subject(f"{i}.png", f"{i:064x}", shape=(1, 340, 340)) for i in range(MOST)]
    written = write_previews(tmp_path, subjects, LEVELS)
    assert 1 <= len(written) < MOST
    assert size(tmp_path) <= BYTES


def size(out: Path) -> int:
    return sum(path.stat().st_size for path in (out / "previews").glob("*.webp"))


@given(*[st.integers(1, 900)] * 3)
def test_the_middle_is_in_the_middle(tall: int, wide: int, side: int) -> None:
    for length, cut in zip((tall, wide), middle(tall, wide, side, side), strict=True):
        assert cut.stop - cut.start == min(length, side)
        assert abs(cut.start - (length - cut.stop)) <= 1


def test_averaging_keeps_the_mean() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 600), dtype=np.uint8)
    small = averaged(noise, 150)
    assert small.shape == (75, 150)
    assert small.mean() == pytest.approx(noise.mean(), abs=1)
    assert small.std() < noise.std() / 3


def test_few_of_many_images_are_chosen_evenly() -> None:
    assert chosen(list(range(3)), 12) == [0, 1, 2]
    assert chosen(list(range(100)), 4) == [0, 25, 50, 75]
    assert chosen([]) == []


def test_what_is_written_is_read_again(tmp_path: Path, make_subject: MakeSubject) -> None:
    subjects = [
        make_subject("<b>.png", "ab" * 32, layout=lambda _: np.zeros((4, 4))),
        make_subject("c.png", "cd" * 32, shape=(1, 10, 400)),
    ]
    written = write_previews(tmp_path, subjects, LEVELS)
    assert read_previews(tmp_path) == written
    assert [preview.name for preview in written] == ["<b>.png", "c.png"]
    assert data_uri(tmp_path, written[0].crop).startswith("data:image/webp;base64,UklGR")
    assert written[1].whole
    (tmp_path / "previews" / written[1].whole.file).unlink()
    assert read_previews(tmp_path) == written[:1]


@pytest.mark.parametrize("index", ["", "[1]", '[{"name": "x"}]', "{}"])
def test_a_broken_index_is_no_preview(tmp_path: Path, index: str) -> None:
    assert read_previews(tmp_path) == []
    (tmp_path / "previews").mkdir()
    (tmp_path / "previews" / "index.json").write_text(index)
    assert read_previews(tmp_path) == []


def test_an_index_cannot_lead_out_of_its_folder(tmp_path: Path, make_subject: MakeSubject) -> None:
    (written,) = write_previews(tmp_path, [make_subject("a.png")], LEVELS)
    assert isinstance(written, Preview)
    index = tmp_path / "previews" / "index.json"
    (tmp_path / "secret.webp").write_bytes(b"secret")
    index.write_text(index.read_text().replace(written.crop.file, "../secret.webp"))
    assert read_previews(tmp_path) == []


def test_previews_and_scripts_leave_room_below_4_megabytes() -> None:
    assert 4 / 3 * BYTES + len(charts.scripts()) < 3_750_000


def test_rebuilt_images_stand_beside_the_levels_that_have_one(
    tmp_path: Path, make_subject: MakeSubject
) -> None:
    subject = make_subject("a.png", shape=(1, 400, 900))

    def half() -> NDArray[np.uint8]:
        return subject.plain // 2

    made = replace(subject, rebuilt={1: half, 2: lambda: subject.plain, 3: lambda: None})
    (preview,) = write_previews(tmp_path, [made], LEVELS)
    assert preview.rebuilt_levels == (1, 2)
    assert read_previews(tmp_path) == [preview]
    at = (slice(None), slice(40, 360), slice(290, 610))
    for shown, samples in zip(
        tiles(tmp_path, preview.rebuilt), (half(), subject.plain), strict=True
    ):
        # WebP with loss: the same image, nearly.
        assert np.corrcoef(shown.ravel(), screen(samples[at]).ravel())[0, 1] > 0.9
    assert preview.rebuilt_whole is not None
    assert len(tiles(tmp_path, preview.rebuilt_whole)) == 2

    figures = {"image": "a.png", "measure": "rebuild", "quantity": ["psnr", "ssim"]}
    frame = pd.DataFrame(figures | {"level": 2, "value": [40.0, 0.9]})
    (image,) = rebuilt_images(tmp_path, frame, 2)
    assert (image.plain == subject.plain[at][0]).all()
    assert image.rebuilt.shape == image.plain.shape
    assert np.corrcoef(image.rebuilt.ravel(), image.plain.ravel())[0, 1] > 0.9
    assert image.figures == {"psnr": 40.0, "ssim": 0.9}
    with pytest.raises(ImleakError, match="level 3: images were rebuilt at level 1, 2"):
        rebuilt_images(tmp_path, frame, 3)


def test_a_rebuilder_that_fails_costs_its_view_alone(
    tmp_path: Path, make_subject: MakeSubject
) -> None:
    def fails() -> NDArray[np.uint8]:
        raise ImleakError("no paint")

    subject = replace(make_subject("a.png"), rebuilt={1: fails})
    (preview,) = write_previews(tmp_path, [subject], LEVELS)
    assert (preview.rebuilt_levels, preview.rebuilt) == ((), None)
