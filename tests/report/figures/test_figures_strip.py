"""One image at all levels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.transforms import Bbox

from imleak.report.figures import StripImages, strip, style
from imleak.report.levels import Levels
from schemes import LEVELS, planes

Make = Callable[..., StripImages]


def test_eight_bits_are_shown_as_they_are() -> None:
    samples = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    np.testing.assert_array_equal(strip.to_screen(samples, 8), samples[0])


@pytest.mark.parametrize("bits", [1, 4, 12, 16])
def test_any_depth_spans_black_to_white(bits: int) -> None:
    samples = np.array([[[0, 2**bits - 1]]] * 3, dtype=np.uint16)
    shown = strip.to_screen(samples, bits)
    assert shown.shape == (1, 2, 3)
    assert shown.tolist() == [[[0] * 3, [255] * 3]]


@given(st.integers(0, 8))
def test_both_forms_of_a_clear_part_look_alike(level: int) -> None:
    plain = np.arange(256, dtype=np.uint16).reshape(1, 16, 16)
    scaled = (plain << level) & 255
    shifted = scaled >> level
    one, other = (
        strip.to_screen(clear, 8, strip.stretch(clear, used=8)) for clear in (scaled, shifted)
    )
    np.testing.assert_array_equal(one, other)


def test_a_dark_image_stays_dark() -> None:
    dark = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    assert strip.stretch(dark, used=6) == 0
    assert strip.stretch(dark * 0, used=6) == 0


def test_a_large_image_is_whole_beside_a_native_crop(make_picture: Make) -> None:
    picture = make_picture((1, 500, 900))
    assert picture.window == (slice(150, 350), slice(350, 550))
    with style.print_style():
        (drawing,) = strip.drawings(picture, LEVELS)
    plain, cipher, *_ = (np.asarray(axes.images[0].get_array()) for axes in drawing.figure.axes)
    assert max(plain.shape) == 2 * strip.CROP
    assert plain.shape[1] / plain.shape[0] == pytest.approx(1.5, rel=0.01)
    np.testing.assert_array_equal(cipher, picture.plain[0, 150:350, 350:550])
    (mark,) = drawing.figure.axes[0].patches
    assert mark.get_extents().width > 0


@pytest.mark.parametrize(
    ("shape", "bits"), [((1, 96, 128), 8), ((3, 128, 96), 8), ((1, 1, 1), 8), ((1, 40, 40), 16)]
)
def test_every_level_is_shown_once_and_nothing_overlaps(
    make_picture: Make, shape: tuple[int, int, int], bits: int
) -> None:
    with style.print_style():
        (drawing,) = strip.drawings(make_picture(shape, bits), Levels.of(planes(bits)))
        texts = [text.get_text() for text in drawing.figure.texts]
    assert [text for text in texts if text.startswith("s =")] == [
        f"s = {level}" for level in range(bits + 1)
    ]
    assert len(drawing.figure.axes) == 1 + 2 * (bits + 1)
    boxes = [axes.get_position() for axes in drawing.figure.axes]
    for place, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= 1
        assert -1e-9 <= box.y0 < box.y1 <= 1
        assert not any(_overlap(box, other) for other in boxes[:place])


def _overlap(one: Bbox, other: Bbox) -> bool:
    shared = Bbox.intersection(one, other)
    return shared is not None and shared.width * shared.height > 1e-9


def test_pictures_stand_where_their_level_is(make_picture: Make) -> None:
    picture = make_picture()
    with style.print_style():
        (drawing,) = strip.drawings(picture, LEVELS)
    plain, *rest = (np.asarray(axes.images[0].get_array()) for axes in drawing.figure.axes)
    np.testing.assert_array_equal(plain, picture.plain[0])
    np.testing.assert_array_equal(rest[2 * 3], picture.cipher[3][0])
    np.testing.assert_array_equal(rest[2 * 8 + 1], 0)


def test_a_single_level_takes_one_column(make_picture: Make) -> None:
    whole = make_picture()
    one = StripImages(
        whole.name, 8, whole.plain, {3: whole.cipher[3]}, {3: whole.clear[3]}, whole.window
    )
    with style.print_style():
        (drawing,) = strip.drawings(one, LEVELS)
    assert drawing.figure.get_figwidth() == style.COLUMN_WIDTH


def test_no_picture_no_strip() -> None:
    assert list(strip.drawings(None, LEVELS)) == []


def test_levels_and_shapes_must_agree(make_picture: Make) -> None:
    whole = make_picture()
    with pytest.raises(ValueError, match="same levels"):
        StripImages("x", 8, whole.plain, whole.cipher, {0: whole.plain}, whole.window)
    with pytest.raises(ValueError, match="same levels"):
        StripImages("x", 8, whole.plain, {}, {}, whole.window)
    with pytest.raises(ValueError, match=r"\(1, 96, 128\)"):
        StripImages("x", 8, whole.plain, {0: whole.plain[:, :5]}, {0: whole.plain}, whole.window)
