"""The trained adversary, without training it for long: tests/conformance does."""

import numpy as np
import pytest
import torch

from imleak import plugins
from imleak.encoders.conv import Conv
from imleak.encoders.networks import trained_view
from imleak.interfaces import ImleakError, TrainableEncoder


def test_it_is_trainable_and_named_by_its_start():
    assert isinstance(Conv(), TrainableEncoder)
    assert Conv().title == "conv"
    assert not isinstance(plugins.load("encoder", "pixels")(16), TrainableEncoder)


def test_start_training_and_precision_are_in_the_digest():
    others = [
        Conv(precision="fp32"),
        Conv(precision="bf16"),
        Conv(precision="fp32", init="efficientnet-lite0"),
        Conv(precision="fp32", passes=1),
        Conv(precision="fp32", rate=1),
        Conv(precision="fp32", decay=1),
        Conv(precision="fp32", batch=2),
    ]
    assert len({one.digest for one in others}) == len(others)
    assert Conv(init="efficientnet-lite0").title == "conv:init=efficientnet-lite0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"init": "clip"}, "init of conv is 'random' or 'efficientnet-lite0', not 'clip'"),
        ({"passes": 0}, "passes and decay of 0 or more"),
        ({"rate": -1.0}, "a rate above 0"),
        ({"batch": 1}, "a batch of 2 to 65536, not"),
        ({"device": "nowhere"}, "device 'nowhere' is not there"),
    ],
)
def test_options_it_cannot_have(options, message):
    with pytest.raises(ImleakError, match=message):
        Conv(**options)


def test_it_begins_as_the_encoder_it_starts_from():
    """The first stages, kept on disk, and the last ones make the features of the encoder."""
    encoder = plugins.load("encoder", "efficientnet-lite0")(precision="fp32")
    plain = np.random.default_rng(0).integers(0, 256, (3, 1, 224, 224), dtype=np.uint8)
    clear = plain << 6 & 0xC0
    made = Conv(init="efficientnet-lite0", precision="fp32")
    training = made.training()
    view = trained_view.adapted(made.weights, clear[None], np.arange(3), training)
    late = view.student(0).network
    with torch.no_grad():
        late.merge.weight[:, : trained_view.MAPS] *= 2
        late.merge.weight[:, trained_view.MAPS :] = 0
        found = late(view.inputs.show(0, np.arange(3))).numpy()
    # 0..192 in steps of 64 are stretched to 0..255.
    expected = encoder.encode((clear // 64 * 85).astype(np.uint8), 8)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999
    np.testing.assert_allclose(view.frozen[0, :, :1280], expected, atol=2e-3)


def test_without_training_it_is_the_untrained_features_of_two_images():
    made = Conv(init="efficientnet-lite0", passes=0)
    assert made.title == "conv:init=efficientnet-lite0,passes=0"
    clear = np.random.default_rng(0).integers(0, 4, (1, 2, 1, 224, 224), dtype=np.uint8)
    view = made.watch(clear, 8, np.arange(2))
    rows = np.arange(2)
    found = view(np.zeros((2, 3), np.float32), rows, rows, 0)
    assert found.shape == (1, 2, made.dimension) == (1, 2, 2560)
    np.testing.assert_array_equal(found, view(np.ones((2, 3), np.float32), rows, rows, 1))


def test_colour_has_planes_of_every_channel():
    clear = np.random.default_rng(0).integers(0, 4, (1, 2, 3, 224, 224), dtype=np.uint8)
    view = trained_view.from_nothing(clear, np.arange(2), Conv().training(), 16)
    planes = view.inputs.show(0, np.arange(2))
    assert planes.shape == (2, 3 * trained_view.PLANES, 224, 224)
    assert view.student(0).eval().network(planes).shape == (2, 16)


def test_the_seed_is_of_the_first_weights_too():
    clear = np.zeros((1, 2, 1, 224, 224), np.uint8)
    view = trained_view.from_nothing(clear, np.arange(2), Conv().training(), 16)
    one, same, other = ([p.clone() for p in view.student(seed).parameters()] for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
