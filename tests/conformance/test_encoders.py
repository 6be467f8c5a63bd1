"""What every encoder must do, whoever wrote it: run over all known names."""

import re

import numpy as np
import pytest

from imleak import plugins
from imleak.interfaces import Encoder, ImleakError, NotInstalledError, TrainableEncoder

NEEDS = {
    "clip": ["random:0"],
    "resnet": ["random:0"],
    "onnx": ["onnx"],
    "torch": ["pt2"],
    "pixels": [None, 16],
    "conv": ["random", "efficientnet-lite0"],
}
"""What an encoder is made with, where it cannot do without, or can do with."""

CASES = [
    (name, value) for name in sorted(plugins.known("encoder")) for value in NEEDS.get(name, [None])
]

TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2}
"""By which features may differ with the company of a picture, of the largest of them."""


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def encoder(request, exchanged):
    name, value = request.param
    if value in ("onnx", "pt2"):
        value = str(exchanged / f"model.{value}")
    given = {"output": "features"} if name == "onnx" else {}
    given |= {"init": value} if name == "conv" else {}
    unnamed = [] if value is None or name == "conv" else [value]
    try:
        return plugins.load("encoder", name)(*unnamed, **given)
    except NotInstalledError as error:
        pytest.skip(str(error))


@pytest.fixture
def given_name(request):
    return request.node.callspec.params["encoder"][0]


@pytest.fixture
def tolerance(encoder):
    return TOLERANCE[getattr(encoder, "precision", "fp32")]


@pytest.fixture
def network(encoder):
    if encoder.input_size is None:
        pytest.skip("scalar pixels have no vectors")
    if isinstance(encoder, TrainableEncoder):
        pytest.skip("has no vectors before it is trained")
    return encoder


def pictures(side, channels=3, count=3):
    """Ramps with noise, 8 bits, (count, channels, side, side)."""
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(side), np.arange(side)) * (255 / (2 * side))
    noise = rng.normal(0, 20, (count, channels, side, side))
    return (ramp + noise).clip(0, 255).astype(np.uint8)


def test_is_an_encoder_under_its_name(encoder, given_name):
    assert isinstance(encoder, Encoder)
    assert encoder.name == given_name
    assert encoder.version
    assert encoder.dimension >= 1
    assert encoder.input_size is None or encoder.input_size > 0
    assert re.fullmatch(r"[0-9a-f]{64}", encoder.digest)


def test_says_what_is_recorded_of_it(encoder):
    title = getattr(encoder, "title", encoder.name)
    assert title.startswith(encoder.name)
    facts = getattr(encoder, "facts", {})
    assert all(isinstance(word, str) for item in facts.items() for word in item)
    assert ("random" in title) == (not getattr(encoder, "trained", True))


def test_scalar_pixels_cannot_be_called(encoder):
    if encoder.input_size is not None:
        pytest.skip("has vectors")
    assert encoder.dimension == 1
    with pytest.raises(ImleakError):
        encoder.encode(pictures(8), 8)


def test_what_is_trained_cannot_be_called(encoder):
    if not isinstance(encoder, TrainableEncoder):
        pytest.skip("is not trained")
    with pytest.raises(ImleakError, match="as a view"):
        encoder.encode(pictures(8), 8)


def test_what_is_trained_gives_vectors_of_every_row_and_level(encoder):
    if not isinstance(encoder, TrainableEncoder):
        pytest.skip("is not trained")
    given = pictures(encoder.input_size, channels=1, count=14)
    clear = np.stack([given, given << 5 & 255])
    view = encoder.watch(clear, 8, np.arange(14))
    x = np.random.default_rng(0).normal(size=(14, 5)).astype(np.float32)
    train, validation = np.arange(6), np.arange(6, 10)
    told = view(x, train, validation, 0)
    assert told.shape == (2, 14, encoder.dimension)
    assert told.dtype == np.float32
    assert np.isfinite(told).all()
    # It never looks at targets of other rows.
    x[10:] = np.nan
    np.testing.assert_array_equal(view(x, train, validation, 0), told)


def test_vectors_are_finite_and_tell_pictures_apart(network):
    given = pictures(network.input_size)
    before = given.copy()
    vectors = network.encode(given, 8)
    np.testing.assert_array_equal(given, before)
    assert vectors.shape == (len(given), network.dimension)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors[0] - vectors[1]) > 1e-3 * np.linalg.norm(vectors[0])
    np.testing.assert_array_equal(network.encode(given, 8), vectors)


def test_a_vector_does_not_depend_on_the_batch(network, tolerance):
    given = pictures(network.input_size, count=4)
    together = network.encode(given, 8)
    scale = np.abs(together).max()
    np.testing.assert_allclose(network.encode(given[2:3], 8), together[2:3], atol=tolerance * scale)
    np.testing.assert_allclose(
        network.encode(given[::-1], 8), together[::-1], atol=tolerance * scale
    )


def test_grey_is_repeated(network):
    grey = pictures(network.input_size, channels=1, count=2)
    repeated = np.repeat(grey, 3, axis=1)
    scale = np.abs(network.encode(repeated, 8)).max()
    np.testing.assert_allclose(
        network.encode(grey, 8), network.encode(repeated, 8), atol=1e-4 * scale
    )


@pytest.mark.parametrize(("bits", "factor"), [(16, 257), (1, None)])
def test_depth_is_scaled_to_full_range(network, bits, factor):
    given = pictures(network.input_size, count=1)
    if factor is None:  # black and white: 0 and 1 are 0 and 255
        shallow = (given > 127).astype(np.uint8)
        given, other = shallow * np.uint8(255), shallow
    else:
        other = given.astype(np.uint16) * np.uint16(factor)
    expected = network.encode(given, 8)
    found = network.encode(other, bits)
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_no_pictures_are_no_vectors(network):
    side = network.input_size
    assert network.encode(np.zeros((0, 1, side, side), np.uint8), 8).shape == (0, network.dimension)


def test_another_size_is_refused_in_one_line(network):
    side = network.input_size + 1
    with pytest.raises(ImleakError) as caught:
        network.encode(np.zeros((1, 1, side, side), np.uint8), 8)
    assert "\n" not in str(caught.value)
