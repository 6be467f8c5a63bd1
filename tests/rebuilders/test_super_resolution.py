"""The network that rebuilds blocks: what it keeps, what it sees, and how it is trained."""

from itertools import starmap

import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch
from skimage.metrics import peak_signal_noise_ratio

from imleak.images import luma
from imleak.interfaces import ImleakError, Raster, Rebuilder, RefusesLearned
from imleak.metrics.autoregressive.code import LearnedCode
from imleak.metrics.rebuild import gradient_correlation
from imleak.networks.learned import digests_of
from imleak.networks.weights import digest_of, state_of
from imleak.rebuilders._known_blocks import Blocks
from imleak.rebuilders._laplacian import exactly
from imleak.rebuilders.subpixel import calibration, features, network, squares, training
from imleak.rebuilders.super_resolution import SuperResolution, file_of
from imleak.rebuilders.upsample import Upsample
from imleak.schemes.bitplanes import BitPlanes
from imleak.schemes.pixelate import Pixelate
from imleak.schemes.tpe import Tpe

BLOCKS = [4, 8]
SCHEMES = [Pixelate(blocks=BLOCKS), Tpe(blocks=BLOCKS), Tpe(kind="sum", blocks=BLOCKS)]
PHOTOGRAPH = Raster(np.ascontiguousarray(np.moveaxis(skimage.data.cat(), 2, 0)), 8)
GREEN = Raster(PHOTOGRAPH.samples[1:2], 8)


@pytest.fixture(scope="module")
def rebuilder():
    return SuperResolution()


@pytest.fixture
def small_squares(monkeypatch):
    """Squares that small images hold."""
    monkeypatch.setattr(squares, "ACROSS", {4: 6, 8: 4, 16: 2, 32: 1})


def waves(count, size=48):
    """Grey images of slopes and edges."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:size, :size] / size

    def one(angle, at):
        along = np.cos(angle) * rows + np.sin(angle) * columns
        return Raster((200 * (along > at) + 30 * along + 20).clip(0, 255).astype(np.uint8)[None], 8)

    return list(starmap(one, rng.random((count, 2))))


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
@settings(max_examples=20, deadline=None)
@given(
    st.tuples(st.sampled_from([1, 3]), st.integers(1, 21), st.integers(1, 21)),
    st.sampled_from([1, 2]),
    st.integers(0, 99),
)
def test_what_is_rebuilt_has_the_clear_part(rebuilder, scheme, shape, level, seed):
    samples = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    exposure = scheme.expose(Raster(samples, 8), level)
    found = rebuilder.rebuild(exposure, scheme, level)
    again = scheme.expose(Raster(found.samples, 8), level)
    np.testing.assert_array_equal(again.rendered, exposure.rendered)
    assert found.samples.shape == found.confidence.shape == shape
    assert found.confidence.dtype == np.float32
    assert 0 <= found.confidence.min() <= found.confidence.max() <= 1


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
@pytest.mark.parametrize("level", [1, 2])
def test_it_is_nearer_to_a_photograph_than_interpolation(rebuilder, scheme, level):
    exposure = scheme.expose(GREEN, level)
    found, interpolated = (
        one.rebuild(exposure, scheme, level).samples for one in (rebuilder, Upsample())
    )
    plain = GREEN.samples
    assert gradient_correlation(plain, found) > gradient_correlation(plain, interpolated) + 0.01
    assert peak_signal_noise_ratio(plain, found) > peak_signal_noise_ratio(plain, interpolated)


def test_it_gives_the_same_again_channel_by_channel(rebuilder):
    scheme, colour = Tpe(blocks=[8]), Raster(PHOTOGRAPH.samples[:, :100, :90], 8)
    exposure = scheme.expose(colour, 1)
    first, second = (one.rebuild(exposure, scheme, 1) for one in (rebuilder, SuperResolution()))
    np.testing.assert_array_equal(first.samples, second.samples)
    np.testing.assert_array_equal(first.confidence, second.confidence)
    green = scheme.expose(Raster(colour.samples[1:2], 8), 1)
    np.testing.assert_array_equal(rebuilder.rebuild(green, scheme, 1).samples, first.samples[1:2])


def test_an_image_of_another_depth_is_that_of_eight_bits(rebuilder):
    scheme = Pixelate(blocks=[4])
    eight = np.repeat(np.arange(16, dtype=np.uint8) * 17, 4)[None, None].repeat(8, 1)
    sixteen = eight.astype(np.uint16) * 257
    shallow, deep = (
        rebuilder.rebuild(scheme.expose(Raster(samples, bits), 1), scheme, 1)
        for samples, bits in ((eight, 8), (sixteen, 16))
    )
    np.testing.assert_allclose(deep.samples / 257, shallow.samples, atol=1)
    assert (deep.confidence < shallow.confidence).all()


def test_where_nothing_is_hidden_it_is_sure(rebuilder):
    scheme = Tpe(blocks=[8])
    flat = Raster(np.full((1, 31, 29), 90, np.uint8), 8)
    found = rebuilder.rebuild(scheme.expose(flat, 1), scheme, 1)
    assert (found.samples == 90).all()
    assert (found.confidence == 1).all()


@pytest.mark.parametrize("name", ["astronaut", "camera", "cat", "coffee"])
def test_it_is_right_as_often_as_it_says_or_more(rebuilder, name):
    photograph = np.atleast_3d(getattr(skimage.data, name)())
    green = Raster(np.ascontiguousarray(photograph[..., photograph.shape[2] // 2])[None], 8)
    for scheme in SCHEMES[:2]:
        found = rebuilder.rebuild(scheme.expose(green, 1), scheme, 1)
        right = np.mean(found.samples == green.samples)
        assert right - 0.12 < found.confidence.mean() < right + 0.015


def test_what_it_rebuilds(rebuilder):
    assert isinstance(rebuilder, Rebuilder)
    assert isinstance(rebuilder, RefusesLearned)
    assert len(rebuilder.digest) == 64
    said = [rebuilder.rebuilds(Tpe(), level, 8) for level in range(6)]
    assert said == [False, True, True, True, True, False]
    other = Tpe(blocks=[2, 8, 64])
    assert [rebuilder.rebuilds(other, level, 8) for level in range(4)] == [
        False,
        False,
        True,
        False,
    ]
    assert not rebuilder.rebuilds(BitPlanes(), 1, 8)
    exposure = other.expose(Raster(np.zeros((1, 4, 4), np.uint8), 8), 1)
    with pytest.raises(ImleakError, match="tpe at level 1: it rebuilds pixelate and tpe of blocks"):
        rebuilder.rebuild(exposure, other, 1)


def test_weights_that_are_none_are_refused(tmp_path):
    with pytest.raises(ImleakError, match="no such file; give a safetensors file"):
        SuperResolution(weights=tmp_path / "none")
    (tmp_path / "text").write_text("text")
    with pytest.raises(ImleakError, match="not a safetensors file"):
        SuperResolution(weights=tmp_path / "text")
    save_file({"other": np.zeros(1)}, tmp_path / "other")
    with pytest.raises(ImleakError, match="of another network; write them by imleak adversary"):
        SuperResolution(weights=tmp_path / "other")
    save_torch({"half": torch.zeros(2, dtype=torch.bfloat16)}, tmp_path / "half")
    with pytest.raises(ImleakError, match="of BF16; save them as F16 or F32"):
        SuperResolution(weights=tmp_path / "half")
    save_file(state_of(network.new()), tmp_path / "unsaid")
    with pytest.raises(ImleakError, match="do not say which images they learned from; write them"):
        SuperResolution(weights=tmp_path / "unsaid")


@pytest.mark.parametrize("learned", [PHOTOGRAPH, Raster(luma(PHOTOGRAPH.samples), 8)])
def test_an_image_that_was_learned_from_is_refused(learned, tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(file_of(state_of(network.new()), digests_of([learned])))
    rebuilder = SuperResolution(weights=path)
    with pytest.raises(ImleakError, match="the network of super-resolution learned from this"):
        rebuilder.refuse_learned(PHOTOGRAPH)
    rebuilder.refuse_learned(GREEN)
    SuperResolution().refuse_learned(PHOTOGRAPH)


DEEP_GREEN = Raster(GREEN.samples.astype(np.uint16) * 257, 16)


@pytest.mark.parametrize(("learned", "asked"), [(GREEN, DEEP_GREEN), (DEEP_GREEN, GREEN)])
def test_a_copy_in_another_depth_of_an_image_that_was_learned_from_is_refused(
    learned, asked, tmp_path
):
    path = tmp_path / "weights"
    path.write_bytes(file_of(state_of(network.new()), digests_of([learned])))
    with pytest.raises(ImleakError, match="the network of super-resolution learned from this"):
        SuperResolution(weights=path).refuse_learned(asked)


def test_the_shipped_one_knows_the_photographs_that_the_shipped_code_learned_from(rebuilder):
    assert rebuilder._learned == LearnedCode.read().images
    assert len(rebuilder._learned) == 304


def test_its_digest_is_of_what_it_learned_from_too(tmp_path):
    state = state_of(network.new())
    for name, images in (("one", [GREEN]), ("two", [GREEN, PHOTOGRAPH])):
        (tmp_path / name).write_bytes(file_of(state, digests_of(images)))
    assert len({SuperResolution(weights=tmp_path / name).digest for name in ("one", "two")}) == 2


def test_a_network_sees_the_samples_of_a_block_in_sixteenths():
    clear = np.arange(20.0).reshape(1, 4, 5)
    clear[0, :, :4] = np.arange(16).reshape(4, 4)
    clear[0, :, 4] = [3, 3, 7, 11]
    groups = features._groups(clear, Blocks(clear.shape, 4))
    np.testing.assert_allclose(groups[0, :, 0, 0], np.arange(16))
    np.testing.assert_allclose(groups[0, :, 0, 1], np.repeat([3, 3, 7, 11], 4))


def test_what_it_sees_keeps_to_contrast_but_for_its_scale_and_the_tone():
    means = np.random.default_rng(0).random((1, 5, 6))
    one, twice = (features.of_means(factor * means) for factor in (4000, 8000))
    np.testing.assert_allclose(twice.scale, 2 * one.scale)
    np.testing.assert_allclose(twice.planes[:, :8], one.planes[:, :8], atol=0.01)


def test_an_image_in_strips_is_that_of_one_piece(rebuilder, monkeypatch):
    planes = torch.rand(features.FEATURES, 40, 5).numpy()
    which = torch.tensor([1])
    with torch.inference_mode():
        whole = network._by_strips(rebuilder._network, planes, which)
        monkeypatch.setattr(network, "AT_ONCE", 60)
        strips = network._by_strips(rebuilder._network, planes, which)
    torch.testing.assert_close(strips, whole)


def test_errors_that_were_drawn_are_found_again():
    rng = np.random.default_rng(0)
    scale, counts = rng.gamma(1, 8, 20_000), np.full(20_000, 64.0)
    right = rng.binomial(64, -np.expm1(-0.5 / (0.3 * scale + 0.6)))
    factor, least = calibration.fitted([[calibration.Right.of(scale, right.astype(float), counts)]])
    assert factor == pytest.approx(0.3, rel=0.1)
    assert least == pytest.approx(0.6, rel=0.1)


def drawn(factor, seed, count=4000):
    """What is right of an image whose errors are of this factor, and least 0.6."""
    rng = np.random.default_rng(seed)
    scale, counts = rng.gamma(1, 8, count), np.full(count, 64.0)
    hits = rng.binomial(64, -np.expm1(-0.5 / (factor * scale + 0.6)))
    return calibration.Right.of(scale, hits.astype(float), counts)


def said_above(right, pair):
    """By how much more is said to be right than is, of an image."""
    share = exactly(pair[0] * right.scale + pair[1])
    return (share @ right.counts - right.hits.sum()) / right.counts.sum()


def test_of_no_collection_more_is_said_to_be_right_than_is():
    sharp = [drawn(0.5, seed) for seed in range(2)]
    smooth = [drawn(0.2, seed) for seed in range(2, 10)]
    together = calibration.fitted([sharp + smooth])
    assert np.mean([said_above(one, together) for one in sharp]) > 0.04
    pair = calibration.fitted([sharp, smooth])
    assert -0.01 < np.mean([said_above(one, pair) for one in sharp]) <= 0
    assert np.mean([said_above(one, pair) for one in smooth]) < -0.04


NOTHING = calibration.Right.of(np.empty(0), np.empty(0), np.empty(0))


def test_where_nothing_is_right_the_largest_error_is_said():
    never = calibration.Right.of(np.ones(3), np.zeros(3), np.full(3, 16.0))
    assert calibration.fitted([[never, NOTHING], []]) == pytest.approx((4, 8))


@pytest.mark.parametrize("collections", [[], [[]], [[NOTHING]]])
def test_where_nothing_is_told_the_largest_error_is_said(collections):
    assert calibration.fitted(collections) == pytest.approx((4, 8))


@pytest.mark.parametrize(
    ("sizes", "left_out"),
    [([2], [1]), ([3, 1], [1, 1]), ([4], [2]), ([100, 5], [10, 2]), ([64, 240], [6, 24])],
)
def test_of_every_collection_some_images_are_left_out(sizes, left_out):
    collections = np.repeat(np.arange(len(sizes)), sizes).tolist()
    images = [Raster(np.full((1, 2, 2), at % 256, np.uint8), 8) for at in range(sum(sizes))]
    for seed in range(20):
        learned, tried = training._parted(images, collections, np.random.default_rng(seed))
        assert [len(one) for one in tried] == left_out
        assert len(learned) == sum(sizes) - sum(left_out)


def test_training_is_the_same_again(small_squares):
    first, second, other = (
        digest_of(training.train(waves(2), steps=2, seed=seed)) for seed in (3, 3, 4)
    )
    assert first == second != other


def test_training_lowers_the_loss(small_squares, monkeypatch):
    monkeypatch.setattr(training, "KEPT", 0.5)
    monkeypatch.setattr(training, "RATE", 5e-3)
    monkeypatch.setattr(training, "SHARES", (0, 1, 0, 0))
    images = waves(6)
    state = training.train(images, steps=40)
    drawn = squares.Squares([image.samples[0] for image in images])
    batch = squares.batch_of(drawn.draw(8, np.random.default_rng(0)), 8)
    with torch.inference_mode():
        trained, fresh = (
            training.loss_of(one, batch, 8).item() for one in (network.load(state), network.new())
        )
    assert trained < 0.9 * fresh


def test_weights_are_below_four_hundred_kilobytes():
    state = state_of(network.new())
    assert sum(value.nbytes for value in state.values()) < 400_000


def test_what_cannot_be_learned_from_is_refused(small_squares):
    with pytest.raises(ImleakError, match="give a folder of 2 images or more"):
        training.train(waves(1), steps=1)
    with pytest.raises(ImleakError, match="give a folder of 2 images or more"):
        training.train(waves(2), steps=1, collections=[0, 1])
    with pytest.raises(ImleakError, match="32x32 from: give some of 32x32 pixels or more"):
        training.train(waves(2, size=30), steps=1)
