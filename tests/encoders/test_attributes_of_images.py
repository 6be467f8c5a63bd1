"""Attributes of images of which they are known."""

import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imleak.encoders.attributes import NAMES, Attributes
from imleak.interfaces import ImleakError, NamesAttributes

SIDE = 224


def told(samples, bits=8):
    """Every attribute of one image (H, W) or (C, H, W), by name."""
    samples = np.asarray(samples)
    samples = samples.astype(np.uint8 if bits <= 8 else np.uint16)
    encoder = Attributes("image")
    (vector,) = encoder.encode(samples.reshape(1, -1, *samples.shape[-2:]), bits)
    values = np.split(vector, np.cumsum([one.columns for one in NAMES])[:-1])
    return {
        one.name: value if one.columns > 1 else float(value[0])
        for one, value in zip(NAMES, values, strict=True)
    }


def noisy(sigma, bits=16, seed=0, shape=(SIDE, SIDE)):
    full = (1 << bits) - 1
    values = np.random.default_rng(seed).normal(0.5, sigma, shape)
    return np.round(values.clip(0, 1) * full)


def wave(x, y, amplitude=0.4, bits=16):
    """A cosine of (x, y) radians a sample to the right and down."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.round((0.5 + amplitude * np.cos(x * columns + y * rows)) * ((1 << bits) - 1))


def test_it_names_its_columns():
    encoder = Attributes()
    assert isinstance(encoder, NamesAttributes)
    assert encoder.dimension == sum(one.columns for one in encoder.attributes) == 9
    vectors = np.ones((2, 9), np.float32)
    assert encoder.named(vectors) is vectors


@pytest.mark.parametrize(("value", "saturated"), [(0, 1.0), (100, 0.0), (255, 1.0)])
def test_of_a_constant_there_is_a_mean_and_nothing_else(value, saturated):
    found = told(np.full((40, 50), value))
    assert found.pop("mean") == pytest.approx(value / 255)
    assert found.pop("saturated share") == saturated
    assert not np.any(np.hstack(list(found.values())))


def test_of_a_step_from_black_to_white():
    step = np.zeros((SIDE, SIDE))
    step[:, SIDE // 2 :] = 255
    found = told(step)
    assert found["mean"] == found["contrast"] == pytest.approx(0.5)
    assert found["saturated share"] == 1
    # The Laplacian is 1 in the columns on either side of the step, of those inside.
    assert found["sharpness"] == pytest.approx(2 / (SIDE - 2) / 0.25)
    assert found["noise"] == 0
    assert found["orientation"] == pytest.approx([1, 0])
    assert told(step.T)["orientation"] == pytest.approx([-1, 0])


@pytest.mark.parametrize("sigma", [0.01, 0.05, 0.1])
def test_of_noise_its_deviation_is_found_and_nothing_of_a_grid_or_direction(sigma):
    found = told(noisy(sigma), bits=16)
    assert found["noise"] == pytest.approx(sigma, rel=0.02)
    assert found["contrast"] == pytest.approx(sigma, rel=0.01)
    assert found["sharpness"] == pytest.approx(20, rel=0.03)
    assert found["blockiness"] < 0.02
    assert np.abs(found["orientation"]).max() < 0.02


def test_noise_is_found_beneath_a_ramp_and_edges():
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    scene = 0.4 * rows + 0.3 * columns + 0.2 * (columns > 0.5)
    plain = np.round((scene + np.random.default_rng(0).normal(0, 0.02, scene.shape)) * 65535)
    assert told(plain.clip(0, 65535), bits=16)["noise"] == pytest.approx(0.02, rel=0.03)


@pytest.mark.parametrize("offset", [0, 3, 7])
def test_flat_blocks_of_eight_are_blocks_wherever_the_grid_begins(offset):
    blocks = np.random.default_rng(1).integers(0, 256, (29, 29))
    image = np.kron(blocks, np.ones((8, 8)))[offset : offset + SIDE, offset : offset + SIDE]
    assert told(image)["blockiness"] == pytest.approx(1)
    assert told(np.kron(blocks, np.ones((7, 7))))["blockiness"] < 0.4


def test_blocks_show_more_the_more_jpeg_compresses():
    rng = np.random.default_rng(2)
    smooth = np.cumsum(np.cumsum(rng.normal(0, 1, (SIDE, SIDE)), 0), 1)
    image = np.interp(smooth, (smooth.min(), smooth.max()), (0, 255)) + rng.normal(
        0, 3, (SIDE,) * 2
    )
    found = []
    for quality in (95, 70, 40, 10):
        content = io.BytesIO()
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=quality)
        found.append(told(np.asarray(Image.open(content)))["blockiness"])
    assert found == sorted(found)
    assert found[-1] > found[0] + 0.2


@pytest.mark.parametrize("degrees", [0, 20, 45, 90, 135, 160])
def test_of_a_grating_the_angle_is_found_doubled(degrees):
    angle = math.radians(degrees)
    found = told(wave(0.3 * math.cos(angle), 0.3 * math.sin(angle)), bits=16)
    doubled = [math.cos(2 * angle), math.sin(2 * angle)]
    assert found["orientation"] == pytest.approx(doubled, abs=0.02)


@pytest.mark.parametrize("frequency", [0.2, 0.7, 1.5, 3.0])
def test_of_a_cosine_sharpness_is_the_square_of_its_laplacian(frequency):
    found = told(wave(frequency, 0), bits=16)
    assert found["sharpness"] == pytest.approx((2 - 2 * math.cos(frequency)) ** 2, rel=0.03)


def test_blur_takes_sharpness_away_and_noise():
    from scipy.ndimage import gaussian_filter

    sharp = noisy(0.1)
    found = [told(gaussian_filter(sharp, width), bits=16) for width in (0.0, 0.7, 1.5)]
    for name in ("sharpness", "noise", "contrast"):
        values = [one[name] for one in found]
        assert values == sorted(values, reverse=True)


def test_colourfulness_is_that_of_its_equation():
    image = np.zeros((3, 10, 20))
    image[0, :, :10], image[2, :, 10:] = 255, 255  # half red, half blue
    rg, yb = np.array([1.0, 0.0]), np.array([0.5, -1.0])
    expected = math.hypot(rg.std(), yb.std()) + 0.3 * math.hypot(rg.mean(), yb.mean())
    assert told(image)["colourfulness"] == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1, 3]), st.sampled_from([8, 10, 12, 16]))
def test_depth_and_repeated_channels_change_nothing(seed, channels, bits):
    plain = np.random.default_rng(seed).integers(0, 256, (channels, 24, 32))
    deep = np.round(plain * (((1 << bits) - 1) / 255))
    first, second = (np.hstack(list(told(*one).values())) for one in ((plain,), (deep, bits)))
    assert second == pytest.approx(first, rel=0.05, abs=2e-3)
    if channels == 1:
        three = np.hstack(list(told(np.repeat(plain, 3, 0)).values()))
        assert three == pytest.approx(first, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_a_transposed_image_differs_in_orientation_alone(seed):
    plain = np.random.default_rng(seed).integers(0, 256, (24, 24))
    first, second = told(plain), told(plain.T)
    assert second.pop("orientation") == pytest.approx(first.pop("orientation") * [-1, 1], abs=1e-5)
    assert second == pytest.approx(first, abs=1e-5)


def test_patches_are_of_the_size_that_was_asked_for():
    assert (Attributes().input_size, Attributes().title) == (224, "attributes")
    assert (Attributes(64).input_size, Attributes(64).title) == (64, "attributes=64")
    assert Attributes(64).digest != Attributes().digest
    with pytest.raises(ImleakError, match="patch of 1 to"):
        Attributes(0)
    with pytest.raises(ImleakError, match="64, 64"):
        Attributes(64).encode(np.zeros((1, 1, 65, 65), np.uint8), 8)


def test_classes_are_the_principal_directions_of_the_scores_of_white_features():
    from imleak.encoders.networks.efficientnet import principal_directions

    rng = np.random.default_rng(0)
    weight = rng.normal(size=(30, 12)).astype(np.float32) * np.arange(1, 13)
    maps = principal_directions(weight, 4)
    # The same of the scores of many white features, as a library of statistics has it.
    from sklearn.decomposition import PCA

    features = np.linalg.qr(rng.normal(size=(400, 12)))[0] * math.sqrt(400)
    scores = features @ weight.T
    scores -= scores.mean(1, keepdims=True)
    expected = PCA(4).fit_transform(scores)
    found = features @ maps
    found -= found.mean(0)
    similarity = np.abs(np.corrcoef(found.T, expected.T)[:4, 4:])
    assert similarity == pytest.approx(np.eye(4), abs=0.05)
    assert found.std(0) == pytest.approx(expected.std(0), rel=0.02)
