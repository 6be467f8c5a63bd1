"""Harmonic filling against a direct solution, and what is said of its errors."""

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg

from imleak.interfaces import ImleakError, Raster
from imleak.rebuilders._harmonic import harmonic
from imleak.rebuilders.inpaint import Inpaint, is_set
from imleak.schemes.bitplanes import BitPlanes
from imleak.schemes.region import Region


def solved(values, unknown):
    """The Laplace equation in the unknown places, solved directly."""
    places = {tuple(at): number for number, at in enumerate(np.argwhere(unknown))}
    matrix = scipy.sparse.lil_matrix((len(places), len(places)))
    right = np.zeros(len(places))
    for (row, column), number in places.items():
        for at in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= at[0] < unknown.shape[0] and 0 <= at[1] < unknown.shape[1]:
                matrix[number, number] += 1
                if at in places:
                    matrix[number, places[at]] -= 1
                else:
                    right[number] += values[at]
    filled = values.copy()
    filled[unknown] = scipy.sparse.linalg.spsolve(matrix.tocsc(), right)
    return filled


@pytest.mark.parametrize("where", ["middle", "corner", "scattered"])
def test_what_is_filled_in_is_the_direct_solution(where):
    rng = np.random.default_rng(0)
    values = rng.normal(0, 9, (40, 52)).cumsum(0).cumsum(1)
    unknown = np.zeros(values.shape, bool)
    if where == "middle":
        unknown[10:31, 12:45] = True
    elif where == "corner":
        unknown[:20, :26] = True
    else:
        unknown[rng.random(values.shape) < 0.6] = True
    values[unknown] = 0
    (found,) = harmonic(values[np.newaxis], unknown)
    assert np.abs(found - solved(values, unknown)).max() < 1.5
    assert np.array_equal(found[~unknown], values[~unknown])


def test_a_plane_is_filled_in_exactly():
    plane = np.add.outer(3 * np.arange(48), np.arange(64)).astype(np.uint8)[np.newaxis]
    exposure = Region().expose(Raster(plane, 8), 3)
    found = Inpaint().rebuild(exposure, Region(), 3)
    assert np.abs(found.samples.astype(int) - plane).max() <= 1


def test_confidence_falls_with_the_distance_and_is_1_where_nothing_is_hidden():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (1, 60, 60)).astype(np.uint8)
    found = Inpaint().rebuild(Region().expose(Raster(image, 8), 3), Region(), 3)
    hidden = Region().expose(Raster(image, 8), 3).symbols["samples"] == 0
    assert found.confidence[0, 0, 0] == 1
    assert found.confidence[0, 30, 30] <= found.confidence[0, 30, 12]
    assert set(found.hidden) == {4, 5, 6, 7}
    outside = ~hidden
    assert np.array_equal(found.hidden[7][outside], (image >> 7 & 1)[outside])


def test_bits_of_a_laplacian_value_are_counted():
    rng = np.random.default_rng(0)
    drawn = np.rint(rng.laplace(100, 12, 200_000))
    drawn = drawn[(drawn >= 0) & (drawn <= 255)].astype(int)
    for plane in (7, 6, 5):
        expected = (drawn >> plane & 1).mean()
        found = is_set(np.array([100.0]), np.array([12.0]), plane, 8)[0]
        assert found == pytest.approx(expected, abs=0.01)


def test_what_it_does_not_rebuild():
    inpaint = Inpaint()
    levels = Region().levels(8)
    assert [inpaint.rebuilds(Region(), level.rank, 8) for level in levels] == [
        False, True, True, True, True, False,
    ]  # fmt: skip
    assert not inpaint.rebuilds(BitPlanes(), 1, 8)
    exposure = Region().expose(Raster(np.zeros((1, 8, 8), np.uint8), 8), 5)
    with pytest.raises(ImleakError, match="does not rebuild region at level 5"):
        inpaint.rebuild(exposure, Region(), 5)
