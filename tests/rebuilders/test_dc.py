"""DC and large coefficients of JPEG files that are found again."""

import numpy as np
import pytest
import skimage.data

from imleak.images.jpeg import compressed, raster_of
from imleak.interfaces import ImleakError, Rebuilder
from imleak.metrics.rebuild import gradient_correlation
from imleak.rebuilders import _borders, dc
from imleak.rebuilders.dc import Dc
from imleak.schemes.jpeg_signs import JpegSigns
from imleak.schemes.p3 import P3

CAMERA = raster_of(compressed(skimage.data.camera()[None, 100:228, 150:310], quality=90))
ASTRONAUT = raster_of(
    compressed(np.moveaxis(skimage.data.astronaut()[:64, 180:260], 2, 0), quality=90)
)


def cut(surface):
    """(h, w, 8, 8) blocks without their means, and the means."""
    height, width = surface.shape
    blocks = surface.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)
    means = blocks.mean((2, 3))
    return blocks - means[..., None, None], means


def test_the_means_of_a_slope_are_found_again():
    rows, columns = np.mgrid[:40, :56]
    blocks, means = cut(3.0 * rows - 2.0 * columns)
    np.testing.assert_allclose(_borders.offsets(blocks), means - means.mean(), atol=1e-6)


def test_an_edge_between_blocks_is_outvoted():
    blocks, means = cut(np.zeros((64, 64)))
    blocks[3, 3, :, 7] = 200  # what stands at one border fits to nothing beyond it
    assert np.abs(_borders.offsets(blocks) - means).max() < 2


def test_one_block_has_nothing_to_continue_in():
    assert _borders.offsets(np.ones((1, 1, 8, 8))).tolist() == [[0]]


@pytest.mark.parametrize("shape", [(1, 2), (1, 5), (2, 2), (2, 3), (3, 1), (3, 3)])
def test_few_blocks_are_solved_to_the_end(shape):
    """Conjugate gradients are there in as many steps as there are blocks."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        found = _borders.offsets(rng.normal(0, 30, (*shape, 8, 8)))
        assert np.isfinite(found).all()


def test_weighted_squares_are_those_of_a_direct_solution():
    rng = np.random.default_rng(0)
    (h, w), index = (4, 5), np.arange(20).reshape(4, 5)
    pairs = [*zip(index[:, :-1].flat, index[:, 1:].flat, strict=True)]
    pairs += zip(index[:-1].flat, index[1:].flat, strict=True)
    wanted, weights = rng.normal(size=len(pairs)), rng.uniform(0.2, 2, len(pairs))
    matrix = np.zeros((len(pairs), h * w))
    for row, (one, other) in enumerate(pairs):
        matrix[row, [one, other]] = -1, 1
    root = np.sqrt(weights)
    direct = np.linalg.lstsq(matrix * root[:, None], wanted * root)[0].reshape(h, w)
    across = h * (w - 1)
    columns, wide = (of[:across].reshape(h, w - 1) for of in (wanted, weights))
    rows, tall = (of[across:].reshape(h - 1, w) for of in (wanted, weights))
    found = _borders._weighted(columns, rows, wide, tall, np.zeros((h, w)))
    np.testing.assert_allclose(found - found.mean(), direct - direct.mean(), atol=1e-6)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_image_is_nearer_than_the_clear_part(level):
    exposure = P3().expose(CAMERA, level)
    found = Dc().rebuild(exposure, P3(), level).samples
    likeness = [gradient_correlation(CAMERA.samples, of) for of in (exposure.rendered, found)]
    assert likeness[1] > likeness[0] + 0.05


@pytest.mark.parametrize("image", [CAMERA, ASTRONAUT])
def test_what_is_in_the_clear_stays(image):
    exposure, threshold = P3().expose(image, 3), 10
    jpeg = exposure.jpeg
    for clear, table in zip(jpeg.components, jpeg.tables, strict=True):
        found = dc._solved(clear, table, threshold)
        small = np.abs(clear) <= threshold
        small &= clear != threshold
        small[..., 0, 0] = False
        np.testing.assert_array_equal(found[small], clear[small])
        assert (np.abs(found[clear == threshold]) >= threshold).all()
        means = found[..., 0, 0] * float(table[0, 0]) / 8
        assert np.abs(means).max() <= 128 + table[0, 0] / 16


def test_in_colour_every_component_is_solved():
    exposure = P3().expose(ASTRONAUT, 2)
    found = Dc().rebuild(exposure, P3(), 2)
    assert found.samples.shape == ASTRONAUT.samples.shape
    plain = ASTRONAUT.samples
    assert gradient_correlation(plain, found.samples) > gradient_correlation(
        plain, exposure.rendered
    )


def test_what_it_rebuilds():
    assert isinstance(Dc(), Rebuilder)
    assert [Dc().rebuilds(P3(), level, 8) for level in range(6)] == [
        False,
        *[True] * 3,
        False,
        False,
    ]
    assert not Dc().rebuilds(JpegSigns(), 1, 8)
    with pytest.raises(
        ImleakError, match="p3 at level 4: it rebuilds p3 of a threshold of 10 or m"
    ):
        Dc().rebuild(P3().expose(CAMERA, 4), P3(), 4)
