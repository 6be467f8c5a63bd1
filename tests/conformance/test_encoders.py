"""What every encoder must do, whoever wrote it: run over all known names."""

import re

import numpy as np
import pytest

from imleak import plugins
from imleak.interfaces import Encoder, ImleakError, TrainableEncoder

NEEDS = {
    "hf": ["random:0"],
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


def takes_whole(name):
    return getattr(plugins.load("encoder", name), "input_size", None) == "image"


SCALARS = [("pixels", None)]
TRAINED = [case for case in CASES if hasattr(plugins.load("encoder", case[0]), "watch")]
NETWORKS = [case for case in CASES if case not in (*SCALARS, *TRAINED)]

WHOLE = [case for case in NETWORKS if takes_whole(case[0])]
PATCHES = [case for case in NETWORKS if case not in WHOLE]

SIDE = 48
"""Of images that are shown whole."""

TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2}
"""By which features may differ with the company of a picture, of the largest of them."""


def each(cases):
    return pytest.mark.parametrize(
        "encoder", cases, indirect=True, scope="module", ids=lambda case: f"{case[0]}-{case[1]}"
    )


@pytest.fixture(scope="module")
def encoder(request, exchanged):
    name, value = request.param
    if value in ("onnx", "pt2"):
        value = str(exchanged / f"model.{value}")
    given = {"output": "features"} if name == "onnx" else {}
    given |= {"init": value} if name == "conv" else {}
    given |= {"trust": True} if name == "torch" else {}
    given |= {"model": "resnet"} if name == "hf" else {}
    unnamed = [] if value is None or name == "conv" else [value]
    return plugins.load("encoder", name)(*unnamed, **given)


@pytest.fixture
def given_name(request):
    return request.node.callspec.params["encoder"][0]


@pytest.fixture
def tolerance(encoder):
    return TOLERANCE[getattr(encoder, "precision", "fp32")]


def side_of(encoder):
    return SIDE if encoder.input_size == "image" else encoder.input_size


def pictures(side, channels=3, count=3):
    """Ramps with noise, 8 bits, (count, channels, side, side)."""
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(side), np.arange(side)) * (255 / (2 * side))
    noise = rng.normal(0, 20, (count, channels, side, side))
    return (ramp + noise).clip(0, 255).astype(np.uint8)


@each(CASES)
def test_is_an_encoder_under_its_name(encoder, given_name):
    assert isinstance(encoder, Encoder)
    assert encoder.name == given_name
    assert encoder.version
    assert encoder.dimension >= 1
    assert encoder.input_size in (None, "image") or encoder.input_size > 0
    assert re.fullmatch(r"[0-9a-f]{64}", encoder.digest)


@each(CASES)
def test_says_what_is_recorded_of_it(encoder):
    title = getattr(encoder, "title", encoder.name)
    assert title.startswith(encoder.name)
    facts = getattr(encoder, "facts", {})
    assert all(isinstance(word, str) for item in facts.items() for word in item)
    assert ("random" in title) == (not getattr(encoder, "trained", True))


@each(SCALARS)
def test_scalar_pixels_cannot_be_called(encoder):
    assert encoder.input_size is None
    assert encoder.dimension == 1
    with pytest.raises(ImleakError):
        encoder.encode(pictures(8), 8)


@each(TRAINED)
def test_what_is_trained_cannot_be_called(encoder):
    assert isinstance(encoder, TrainableEncoder)
    with pytest.raises(ImleakError, match="as a view"):
        encoder.encode(pictures(8), 8)


@each(TRAINED)
def test_what_is_trained_gives_vectors_of_every_row_and_level(encoder):
    assert isinstance(encoder, TrainableEncoder)
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


@each(NETWORKS)
def test_vectors_are_finite_and_tell_pictures_apart(encoder):
    given = pictures(side_of(encoder))
    before = given.copy()
    vectors = encoder.encode(given, 8)
    np.testing.assert_array_equal(given, before)
    assert vectors.shape == (len(given), encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors[0] - vectors[1]) > 1e-3 * np.linalg.norm(vectors[0])
    np.testing.assert_array_equal(encoder.encode(given, 8), vectors)


@each(NETWORKS)
def test_a_vector_does_not_depend_on_the_batch(encoder, tolerance):
    given = pictures(side_of(encoder), count=4)
    together = encoder.encode(given, 8)
    scale = np.abs(together).max()
    np.testing.assert_allclose(encoder.encode(given[2:3], 8), together[2:3], atol=tolerance * scale)
    np.testing.assert_allclose(
        encoder.encode(given[::-1], 8), together[::-1], atol=tolerance * scale
    )


@each(NETWORKS)
def test_grey_is_repeated(encoder):
    grey = pictures(side_of(encoder), channels=1, count=2)
    repeated = np.repeat(grey, 3, axis=1)
    scale = np.abs(encoder.encode(repeated, 8)).max()
    np.testing.assert_allclose(
        encoder.encode(grey, 8), encoder.encode(repeated, 8), atol=1e-4 * scale
    )


@each(PATCHES)
@pytest.mark.parametrize(("bits", "factor"), [(16, 257), (1, None)])
def test_depth_is_scaled_to_full_range(encoder, bits, factor):
    given = pictures(side_of(encoder), count=1)
    if factor is None:  # black and white: 0 and 1 are 0 and 255
        shallow = (given > 127).astype(np.uint8)
        given, other = shallow * np.uint8(255), shallow
    else:
        other = given.astype(np.uint16) * np.uint16(factor)
    expected = encoder.encode(given, 8)
    found = encoder.encode(other, bits)
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


@each(NETWORKS)
def test_no_pictures_are_no_vectors(encoder):
    side = side_of(encoder)
    assert encoder.encode(np.zeros((0, 1, side, side), np.uint8), 8).shape == (0, encoder.dimension)


@each(PATCHES)
def test_another_size_is_refused_in_one_line(encoder):
    side = side_of(encoder) + 1
    with pytest.raises(ImleakError) as caught:
        encoder.encode(np.zeros((1, 1, side, side), np.uint8), 8)
    assert "\n" not in str(caught.value)


@each(WHOLE)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 3), (33, 61), (200, 150)])
def test_a_whole_image_is_of_any_size(encoder, shape):
    rng = np.random.default_rng(0)
    for channels in (1, 3):
        vectors = encoder.encode(rng.integers(0, 256, (2, channels, *shape), dtype=np.uint8), 8)
        assert vectors.shape == (2, encoder.dimension)
        assert np.isfinite(vectors).all()


@each(WHOLE)
def test_what_is_no_image_is_refused_in_one_line(encoder):
    with pytest.raises(ImleakError) as caught:
        encoder.encode(np.zeros((2, 8, 8), np.uint8), 8)
    assert "\n" not in str(caught.value)
