from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from imleak.api import audit
from imleak.images import luma
from imleak.interfaces import ImleakError, Raster
from imleak.metrics.autoregressive.architecture import shapes
from imleak.metrics.autoregressive.code import LearnedCode
from imleak.metrics.autoregressive.context import OFFSETS, contexts, padded
from imleak.metrics.autoregressive.network import Network
from imleak.metrics.autoregressive.training import train
from imleak.metrics.codelength import CodeLength
from imleak.metrics.learned_codelength import LearnedCodeLength
from imleak.networks.learned import digest_of_samples

LAW = np.array([0.7, 0.2, 0.05, 0.05])
"""Of the step from the left neighbour."""


def field(side, seed):
    """(1, side, side) of 2-bit samples. Each is its left neighbour plus a step of law LAW, and one
    more if the neighbour above is odd steps away from that: so its entropy, given those before,
    is that of LAW, and of the lowest bits alone that of LAW modulo 2."""
    steps = np.random.default_rng(seed).choice(4, (side, side), p=LAW)
    rows = np.zeros((side + 1, side + 1), np.uint8)
    for row in range(1, side + 1):
        rows[row, 0] = rows[row - 1, 1]
        for column in range(1, side + 1):
            left, above = int(rows[row, column - 1]), int(rows[row - 1, column])
            rows[row, column] = (left + steps[row - 1, column - 1] + (above - left) % 2) % 4
    return rows[None, 1:, 1:]


@pytest.fixture(scope="module")
def learned():
    """A code of such fields."""
    sizes, state = train([Raster(field(48, seed), 2) for seed in range(8)], steps=300)
    return LearnedCode(sizes, state, frozenset())


def test_a_source_of_known_entropy_costs_that_and_little_more(learned):
    others = [field(80, seed)[0] for seed in (100, 101)]
    for modulus, law in ((4, LAW), (2, LAW.reshape(2, 2).sum(0))):
        found = np.mean([learned.bits(one % modulus, modulus) for one in others]) / 80**2
        least = entropy(law, base=2)
        spread = np.sqrt(law @ np.log2(law) ** 2 - least**2) / np.sqrt(2 * 80**2)
        assert least - 3 * spread < found < 1.05 * least + 3 * spread


def test_shapes_are_those_of_the_networks():
    for sizes in ((256, 128, 2), (4, 2)):
        state = Network(sizes).state_dict()
        assert shapes(sizes) == {name: tuple(value.shape) for name, value in state.items()}


@pytest.mark.parametrize("change", ["cut", "missing", "unknown"])
def test_a_code_of_other_shapes_is_refused_before_an_image_is_read(change, tmp_path, monkeypatch):
    state = {name: np.zeros(shape, np.float32) for name, shape in shapes((4, 2)).items()}
    path = tmp_path / "code.safetensors"
    path.write_bytes(LearnedCode((4, 2), state, frozenset()).file)
    assert LearnedCodeLength(weights=path).digest
    match change:
        case "cut":
            state["weights.1"] = state["weights.1"][:, :-1]
        case "missing":
            del state["phases"]
        case "unknown":
            state["more"] = np.zeros(2, np.float32)
    path.write_bytes(LearnedCode((4, 2), state, frozenset()).file)
    monkeypatch.setattr("imleak.study.engine.scan", pytest.fail)
    with pytest.raises(ImleakError, match="damaged learned code, or of another version"):
        audit("dead-leaves:2x20x20", measures=[f"learned-codelength={path}"], out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_the_network_says_of_all_values_is_at_most_one(learned):
    for network in (learned.network, LearnedCode.read().network, Network((256, 4, 2))):
        for at, size in enumerate(network.sizes):
            known = torch.randint(0, size, (1, 20, len(OFFSETS))).float()
            every = torch.arange(size).float()
            with torch.no_grad():
                bits = torch.stack(
                    [
                        network.bits(
                            known, value.expand(1, 20), torch.arange(20), slice(at, at + 1)
                        )
                        for value in every
                    ]
                )
            total = torch.exp2(-bits.double()).sum(0)
            assert total.max() <= 1 + 1e-4
            assert total.min() > 0.5


@settings(max_examples=20)
@given(st.integers(1, 9), st.integers(1, 20), st.data())
def test_nothing_is_known_that_comes_later(height, width, data):
    """Samples from one on are changed: those before and their neighbours are not."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (height, width)).astype(np.uint8)
    first = data.draw(st.integers(0, height * width - 1))
    other = rows.copy()
    other.ravel()[first:] ^= 255
    known, values, _ = contexts(padded(rows), 0, height)
    of_other, _, _ = contexts(padded(other), 0, height)
    np.testing.assert_array_equal(known[: first + 1], of_other[: first + 1])
    np.testing.assert_array_equal(values, rows.ravel())


def test_parts_of_an_image_have_the_neighbours_of_the_whole():
    rows = np.random.default_rng(0).integers(0, 256, (11, 7)).astype(np.uint8)
    whole = contexts(padded(rows), 0, 11)
    parts = [contexts(padded(rows), top, min(top + 4, 11)) for top in (0, 4, 8)]
    for of_whole, of_parts in zip(whole, zip(*parts, strict=True), strict=True):
        np.testing.assert_array_equal(of_whole, np.concatenate(of_parts))


def test_photographs_are_shorter_than_in_codecs(observe_bitplanes):
    photo = observe_bitplanes(skimage.data.camera()[None, 100:356, 100:356], levels=(0, 2, 4))
    found, codecs = (metric.measure(photo) for metric in (LearnedCodeLength(), CodeLength()))
    assert all(one.value < other.value for one, other in zip(found, codecs, strict=True))
    assert [one.ceiling for one in found] == [8, 6, 4]


def test_channels_that_are_equal_are_coded_once(observe_bitplanes):
    grey = skimage.data.camera()[None, 100:196, 100:196]
    (one,) = LearnedCodeLength().measure(observe_bitplanes(grey, levels=(0,)))
    (three,) = LearnedCodeLength().measure(
        observe_bitplanes(np.repeat(grey, 3, axis=0), levels=(0,))
    )
    assert three.value == pytest.approx(one.value / 3, abs=0.05)


def test_low_bits_beyond_the_networks_cost_one_bit_each(observe_bitplanes):
    grey = skimage.data.camera()[None, 100:164, 100:164]
    deep = grey.astype(np.uint16) << 4 | np.random.default_rng(0).integers(0, 16, grey.shape)
    measure = LearnedCodeLength().measure
    (shallow,) = measure(observe_bitplanes(grey, levels=(0,)))
    (found,) = measure(observe_bitplanes(deep.astype(np.uint16), 12, levels=(0,)))
    assert found.value == pytest.approx(shallow.value + 4, abs=1e-6)


def test_an_image_that_was_learned_from_is_refused(observe_bitplanes, learned, tmp_path):
    image = field(32, 0)
    path = tmp_path / "code.safetensors"
    path.write_bytes(replace(learned, images=frozenset({digest_of_samples(image)})).file)
    metric = LearnedCodeLength(weights=path)
    with pytest.raises(ImleakError, match="learned from this image"):
        metric.measure(observe_bitplanes(image, 2))
    assert metric.measure(observe_bitplanes(field(32, 1), 2))[0].value < 1.5


def test_an_image_whose_luma_was_learned_from_is_refused_in_colour(observe_bitplanes, tmp_path):
    colour = np.moveaxis(skimage.data.astronaut()[100:132, 100:140], 2, 0)
    path = tmp_path / "code.safetensors"
    learned = replace(LearnedCode.read(), images=frozenset({digest_of_samples(luma(colour))}))
    path.write_bytes(learned.file)
    with pytest.raises(ImleakError, match="learned from this image"):
        LearnedCodeLength(weights=path).measure(observe_bitplanes(colour, levels=(0,)))


def test_training_repeats_itself():
    images = [Raster(field(16, 0), 2)]
    one, other, another = (train(images, steps=3, seed=seed)[1] for seed in (0, 0, 1))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert not all(np.array_equal(one[name], another[name]) for name in one)


def test_images_of_several_depths_are_refused():
    with pytest.raises(ImleakError, match=r"of one depth, not \[2, 4\]"):
        train([Raster(field(8, 0), 2), Raster(field(8, 0), 4)], steps=1)


@pytest.mark.parametrize("content", [b"", b"no code", b"\x02\0\0\0\0\0\0\0{}"])
def test_what_is_no_code_is_refused(content, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(ImleakError, match="is no learned code; imleak adversary code FOLDER"):
        LearnedCodeLength(weights=path)
    with pytest.raises(ImleakError, match="cannot be read"):
        LearnedCodeLength(weights=tmp_path / "missing")
