"""Blocks that are assembled, and how well."""

import numpy as np
import pytest
import skimage.data

from imleak.interfaces import ImageError, ImleakError, JudgesRebuilt, Raster, Rebuilder
from imleak.keystream import AesKeystream, derived_key
from imleak.rebuilders import jigsaw as module
from imleak.rebuilders._assembly import direct, largest_component, neighbour
from imleak.rebuilders._forms import group
from imleak.rebuilders.jigsaw import Jigsaw, steps
from imleak.schemes.bitplanes import BitPlanes
from imleak.schemes.etc import Etc

KEYSTREAM = AesKeystream(derived_key(0), bytes(16))
ASTRONAUT = np.ascontiguousarray(np.moveaxis(skimage.data.astronaut()[:224, 100:420], 2, 0))


def exposed(samples, level, block):
    scheme, image = Etc(block), Raster(samples, 8)
    return scheme.expose(scheme.encrypt(image, level, KEYSTREAM), level)


@pytest.mark.parametrize("channels", [1, 3])
def test_forms_are_a_group(channels):
    of = group(channels, turns=True, negates=True, permutes=channels > 1)
    assert len(of.forms) == 16 * (6 if channels > 1 else 1)
    block = np.random.default_rng(0).integers(0, 256, (channels, 3, 3)).astype(np.uint8)
    rng = np.random.default_rng(1)
    for f, g in rng.integers(0, len(of.forms), (40, 2)):
        once = of.forms[g].of(of.forms[f].of(block, 8), 8)
        np.testing.assert_array_equal(once, of.forms[of.after[g, f]].of(block, 8))
        back = of.forms[of.inverse[f]].of(of.forms[f].of(block, 8), 8)
        np.testing.assert_array_equal(back, block)
    np.testing.assert_array_equal(of.forms[0].of(block, 8), block)


def test_a_step_moves_as_blocks_do():
    """The mark on the right of the middle is where the step (0, 1) leads."""
    marks = np.zeros((1, 3, 3), np.uint8)
    marks[0, 1, 2] = 1
    of = group(1, turns=True, negates=False, permutes=False)
    for form, moves in zip(of.forms, of.moves, strict=True):
        row, column = np.argwhere(form.of(marks, 8)[0])[0] - 1
        assert (moves @ [0, 1]).tolist() == [row, column]


@pytest.mark.parametrize(("level", "least"), [(1, 0.9), (2, 0.9), (3, 0.9), (4, 0.4)])
def test_a_photograph_in_large_blocks_is_assembled(level, least):
    """Blocks of nearly grey samples fit in several orders of their channels."""
    found = Jigsaw().rebuild(exposed(ASTRONAUT, level, 32), Etc(32), level)
    of = steps(3, level)
    assert neighbour(found.samples, ASTRONAUT, 32, 8, of) > least
    assert largest_component(found.samples, ASTRONAUT, 32, 8, of) > least
    if level < 4:
        assert direct(found.samples, ASTRONAUT, 32, 8, of) > 0.8


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("width", [40, 64, 96])
def test_one_two_and_three_blocks_are_assembled(level, width):
    image = np.ascontiguousarray(ASTRONAUT[:, 32:64, 32 : 32 + width])
    found = Jigsaw().rebuild(exposed(image, level, 32), Etc(32), level)
    of = steps(3, level)
    np.testing.assert_array_equal(
        exposed(found.samples, level, 32).rendered, exposed(image, level, 32).rendered
    )
    if width == 40:
        assert direct(found.samples, image, 32, 8, of) == 1


@pytest.mark.parametrize("level", [1, 4])
def test_what_is_rebuilt_has_the_clear_part(level):
    image = np.ascontiguousarray(ASTRONAUT[:, :75, :70])
    exposure = exposed(image, level, 16)
    found = Jigsaw().rebuild(exposure, Etc(16), level)
    again = Etc(16).expose(Raster(found.samples, 8), level)
    np.testing.assert_array_equal(again.rendered, exposure.rendered)
    assert (found.confidence[:, 64:] == 1).all()  # fills no block, and was never moved
    assert 0 <= found.confidence.min() <= found.confidence.max() <= 1


def test_accuracies_by_hand():
    """Four blocks in a row; two of them have changed places."""
    plain = np.random.default_rng(0).integers(0, 256, (1, 2, 8)).astype(np.uint8)
    a, b, c, d = (plain[:, :, at : at + 2] for at in range(0, 8, 2))
    swapped = np.concatenate([a, b, d, c], axis=2)
    shifted = np.concatenate([d, a, b, c], axis=2)
    turned = plain[:, ::-1, ::-1]
    one, eight = (group(1, turns=turns, negates=False, permutes=False) for turns in (False, True))
    assert direct(swapped, plain, 2, 8, one) == 0.5
    assert neighbour(swapped, plain, 2, 8, one) == pytest.approx(1 / 3)
    assert largest_component(swapped, plain, 2, 8, one) == 0.5
    assert direct(shifted, plain, 2, 8, one) == 0
    assert neighbour(shifted, plain, 2, 8, one) == pytest.approx(2 / 3)
    assert largest_component(shifted, plain, 2, 8, one) == 0.75
    for measure in (direct, neighbour, largest_component):
        assert measure(plain, plain, 2, 8, one) == 1
        assert measure(turned, plain, 2, 8, eight) == 1
        assert measure(turned, plain, 2, 8, one) < 1


def test_a_turned_neighbour_is_none():
    plain = np.random.default_rng(0).integers(0, 256, (1, 2, 4)).astype(np.uint8)
    found = plain.copy()
    found[:, :, 2:] = found[:, ::-1, 2:]
    of = group(1, turns=True, negates=False, permutes=False)
    assert neighbour(found, plain, 2, 8, of) == 0
    assert direct(found, plain, 2, 8, of) == 0.5


def test_too_many_blocks_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_BLOCKS", 3)
    with pytest.raises(ImageError, match="jigsaw compares at most 3; give a smaller image"):
        Jigsaw().rebuild(exposed(ASTRONAUT[:, :64, :64], 1, 32), Etc(32), 1)


def test_what_it_rebuilds():
    assert isinstance(Jigsaw(), Rebuilder)
    assert [Jigsaw().rebuilds(Etc(), level, 8) for level in (0, 1, 4, 5)] == [
        False,
        True,
        True,
        False,
    ]
    assert not Jigsaw().rebuilds(Etc(block=1), 1, 8)
    assert not Jigsaw().rebuilds(BitPlanes(), 1, 8)
    with pytest.raises(ImleakError, match="does not rebuild bitplanes"):
        Jigsaw().rebuild(exposed(ASTRONAUT[:, :64, :64], 1, 32), BitPlanes(), 1)


def judged(image, level, block):
    scheme = Etc(block)
    found = Jigsaw().rebuild(exposed(image, level, block), scheme, level)
    return Jigsaw().judge(Raster(found.samples, 8), Raster(image, 8), scheme, level)


@pytest.mark.parametrize("level", [1, 3])
def test_its_figures_say_where_greedy_assembly_is_exact_and_where_not(level):
    """A face in large blocks, and noise, whose borders say nothing."""
    face = ASTRONAUT[:1, :128, 64:256]
    noise = np.random.default_rng(0).integers(0, 256, (1, 64, 96)).astype(np.uint8)
    assert set(judged(face, level, 32).values()) == {1.0}
    found = judged(noise, level, 16)
    assert found["direct accuracy"] < 0.25
    assert found["neighbour accuracy"] < 0.25
    assert found["largest component"] < 0.5


def test_its_figures_are_those_by_hand():
    plain = np.random.default_rng(0).integers(0, 256, (1, 2, 8)).astype(np.uint8)
    shifted = np.roll(plain, 2, axis=2)
    assert isinstance(Jigsaw(), JudgesRebuilt)
    assert Jigsaw().judge(Raster(shifted, 8), Raster(plain, 8), Etc(2), 1) == {
        "direct accuracy": 0,
        "neighbour accuracy": pytest.approx(2 / 3),
        "largest component": 0.75,
    }


@pytest.mark.parametrize("shape", [(1, 20, 90), (1, 40, 40)])
def test_of_an_image_without_two_blocks_there_are_no_figures(shape):
    image = Raster(np.zeros(shape, np.uint8), 8)
    assert Jigsaw().judge(image, image, Etc(32), 1) == {}
