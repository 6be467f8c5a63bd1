"""The trained rebuilder: what it gives of any clear part, its weights, and its training."""

from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from imleak.images import find, read
from imleak.images.luma import luma
from imleak.interfaces import ImleakError, Raster, Rebuilder
from imleak.networks.learned import digests_of
from imleak.networks.weights import digest_of
from imleak.rebuilders.unwrap import inference, training, weights
from imleak.rebuilders.unwrap.architecture import DIFFERENCE_KNOTS
from imleak.rebuilders.unwrap.network import at, load
from imleak.rebuilders.wraps import Wraps
from imleak.schemes.bitplanes import BitPlanes


@pytest.fixture(scope="module")
def leaves():
    """Grey images of the dead-leaves model."""
    return [read(source) for source in find("dead-leaves:4x160x160")]


@pytest.fixture(scope="module")
def trained(leaves):
    """Losses of a few steps on them, by step, and the weights after them."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "CROP", 64)
        patch.setattr(training, "BATCH", 2)
        state = training.train(leaves, levels=[2], steps=40, rate=3e-3, watch=seen.append)
    return seen, state


@settings(max_examples=12, deadline=None)
@given(
    st.tuples(st.sampled_from([1, 3]), st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([2, 5, 8, 12, 16]),
    st.data(),
)
def test_clear_bits_stay_and_probabilities_are_some(untrained, shape, bits, data):
    level = data.draw(st.integers(1, min(4, bits - 1)))
    rng = np.random.default_rng(bits)
    dtype = np.uint8 if bits <= 8 else np.uint16
    plain = Raster(rng.integers(0, 1 << bits, shape).astype(dtype), bits)
    scheme = BitPlanes()
    rebuilt = Wraps(weights=untrained).rebuild(scheme.expose(plain, level), scheme, level)

    kept = (1 << (bits - level)) - 1
    assert rebuilt.samples.shape == shape
    assert rebuilt.samples.dtype == dtype
    assert (rebuilt.samples & kept == plain.samples & kept).all()
    assert rebuilt.samples.max() < 1 << bits
    assert sorted(rebuilt.hidden) == list(range(bits - level, bits))
    for share in (rebuilt.confidence, *rebuilt.hidden.values()):
        assert share.shape == shape
        assert share.dtype == np.float32
        assert ((share >= 0) & (share <= 1 + 1e-5)).all()


@pytest.mark.slow
def test_it_gives_the_same_again_and_is_a_rebuilder(untrained, leaves):
    scheme = BitPlanes("shifted")
    exposure = scheme.expose(leaves[0], 2)
    first, second = (Wraps(weights=untrained).rebuild(exposure, scheme, 2) for _ in range(2))
    assert (first.samples == second.samples).all()
    assert (first.confidence == second.confidence).all()
    assert isinstance(Wraps(weights=untrained), Rebuilder)


def test_what_it_rebuilds(untrained):
    wraps, scheme = Wraps(weights=untrained), BitPlanes()
    assert [level for level in range(9) if wraps.rebuilds(scheme, level, 8)] == [*range(1, 8)]
    assert [level for level in range(17) if wraps.rebuilds(scheme, level, 16)] == [*range(1, 8)]
    assert [level for level in range(4) if wraps.rebuilds(scheme, level, 3)] == [1, 2]
    exposure = scheme.expose(Raster(np.zeros((1, 4, 4), np.uint8), 8), 8)
    with pytest.raises(ImleakError, match="levels 1 to 7"):
        wraps.rebuild(exposure, scheme, 8)


def test_without_weights_it_says_what_it_needs(monkeypatch):
    monkeypatch.setattr("imleak.rebuilders.wraps._packaged", lambda: None)
    with pytest.raises(ImleakError, match="wraps comes without weights; give them: wraps=FILE"):
        Wraps()


def test_an_image_in_tiles_is_covered_once():
    for height, width in [(1, 1), (640, 480), (33, 2000)]:
        seen = np.zeros((height, width), int)
        for rows, columns in inference.tiles(height, width, 40_000):
            seen[rows, columns] += 1
            assert rows.start % 32 == columns.start % 32 == 0
        assert (seen == 1).all()


def test_weights_that_are_not_those_of_the_network_are_refused(untrained, tmp_path):
    state = weights.from_file(untrained).state
    missing = dict(state)
    missing.pop("stem.weight")
    reshaped = {**state, "stem.bias": np.zeros(3, np.float16)}
    for wrong in (missing, reshaped, {**state, "other": np.zeros(1)}):
        with pytest.raises(ImleakError, match="no weights of the network"):
            load(wrong)
    for number, wrong in enumerate((missing, reshaped, {**state, "other": np.zeros(1)})):
        path = tmp_path / f"{number}.safetensors"
        save_file(wrong, path)
        with pytest.raises(ImleakError, match="of another network; write them by imleak adversary"):
            Wraps(weights=path)
    shipped = files("imleak") / "weights"
    with pytest.raises(ImleakError, match="of another network"):
        Wraps(weights=shipped / "super-resolution.safetensors")
    with pytest.raises(ImleakError, match="no such file"):
        Wraps(weights=tmp_path / "none")
    (tmp_path / "text").write_text("text")
    with pytest.raises(ImleakError, match="not a safetensors file"):
        Wraps(weights=tmp_path / "text")


def test_weights_that_do_not_say_what_they_learned_from_are_refused(untrained, tmp_path):
    save_file(weights.from_file(untrained).state, tmp_path / "unsaid")
    with pytest.raises(ImleakError, match="do not say which images they learned from; write them"):
        Wraps(weights=tmp_path / "unsaid")


GREEN = read(next(iter(find("dead-leaves:1x40x40"))))
RED = GREEN.samples[:, ::-1]
PHOTOGRAPH = Raster(np.concatenate([RED, GREEN.samples, GREEN.samples]), 8)


@pytest.mark.parametrize("asked", [PHOTOGRAPH, Raster(luma(PHOTOGRAPH.samples), 8)])
def test_an_image_that_was_learned_from_is_refused(untrained, asked, tmp_path):
    state = weights.from_file(untrained).state
    trained = weights.Trained(state, digests_of([PHOTOGRAPH]))
    save_file(state, tmp_path / "learned", trained.cards)
    rebuilder = Wraps(weights=tmp_path / "learned")
    with pytest.raises(ImleakError, match="the network of wraps learned from this image"):
        rebuilder.refuse_learned(asked)
    rebuilder.refuse_learned(GREEN)
    Wraps(weights=untrained).refuse_learned(asked)
    assert rebuilder.digest != Wraps(weights=untrained).digest


@pytest.mark.slow
def test_weights_come_back_as_they_were_written(trained, leaves, tmp_path):
    _, state = trained
    cards = weights.Trained(state, digests_of(leaves)).cards
    save_file(state, tmp_path / "bare.safetensors", cards)
    read_back = weights.from_file(tmp_path / "bare.safetensors")
    assert read_back.images == digests_of(leaves)
    again = read_back.state
    assert all((again[name] == state[name]).all() for name in state)
    assert digest_of(again) == digest_of(state)
    network = load(again).state_dict()
    assert all(np.array_equal(network[name].numpy(), state[name]) for name in state)
    other = {**state, "stem.bias": state["stem.bias"] + np.float16(1)}
    assert digest_of(other) != digest_of(state)


@pytest.mark.slow
def test_half_precision_weights_stay_below_five_million_bytes(trained):
    assert sum(value.nbytes for value in trained[1].values()) < 5_000_000


@pytest.mark.slow
def test_training_on_dead_leaves_lowers_the_cross_entropy_of_wraps(trained):
    seen, _ = trained
    first, last = (np.mean([step.pixels for step in part]) for part in (seen[:3], seen[-3:]))
    assert first > 2
    assert last < 0.7 * first


@pytest.mark.slow
def test_a_trained_network_rebuilds_more_than_chance(trained, leaves):
    _, state = trained
    plain = leaves[0].samples.astype(np.int64)
    labels, _ = inference.wrap_counts(load(state), plain % 64, 2)
    assert (np.diff(labels, axis=-1) == np.diff(plain // 64, axis=-1)).mean() > 0.6


def test_training_says_what_it_needs(leaves):
    small = Raster(np.zeros((1, 20, 20), np.uint8), 8)
    with pytest.raises(ImleakError, match="128x128"):
        training.train([small], steps=1)
    for steps in (0, -3):
        with pytest.raises(ImleakError, match="give 1 or more"):
            training.train(leaves, steps=steps)
    with pytest.raises(ImleakError, match="some of 1 to 7"):
        training.train(leaves, levels=[8], steps=1)


def test_log_densities_are_linear_between_their_knots():
    import torch

    given = torch.arange(len(DIFFERENCE_KNOTS), dtype=torch.float32)
    everywhere = torch.arange(-255, 256)
    found = at(given, DIFFERENCE_KNOTS, everywhere)
    assert found.numpy() == pytest.approx(np.interp(everywhere, DIFFERENCE_KNOTS, given), abs=1e-5)
