import checkpoints
import numpy as np
import pytest
import torch

from imleak.encoders.resnet import ResNet
from imleak.interfaces import ImleakError


def images(count=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 3, 224, 224), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["bare", "classifier"])
@pytest.mark.parametrize(
    "settings", [checkpoints.BASIC, checkpoints.BOTTLENECK, checkpoints.EARLY], ids=str
)
def test_features_are_those_of_transformers(tmp_path, kind, settings):
    network = checkpoints.resnet(kind, **settings)
    encoder = ResNet(f"local-dir:{checkpoints.saved(network, tmp_path)}", precision="fp32")
    shown = checkpoints.normalised(images(), ResNet.usual)
    with torch.no_grad():
        expected = getattr(network, "resnet", network)(shown).pooler_output.flatten(1)
    assert (encoder.dimension, encoder.input_size) == (32, 224)
    np.testing.assert_allclose(encoder.encode(images(), 8), expected, atol=1e-5)


@pytest.mark.parametrize("model", ["18", "34", "50", "101", "152"])
def test_named_models_have_the_parameters_of_their_name(model):
    """Of torchvision's table, without its classifier (512 or 2048 inputs, 1000 classes)."""
    from imleak.encoders.networks.transformers import weights

    millions = {"18": 11.69, "34": 21.80, "50": 25.56, "101": 44.55, "152": 60.19}[model]
    encoder = ResNet("random:0", model=model)
    count = weights(encoder.family, encoder.config, model) + (encoder.dimension + 1) * 1000
    assert count / 1e6 == pytest.approx(millions, abs=0.01)


def test_random_weights_follow_their_seed_and_leave_others_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = (
        ResNet(f"random:{seed}", model=18, precision="fp32") for seed in (0, 0, 1)
    )
    vectors = first.encode(images(1), 8)
    np.testing.assert_array_equal(again.encode(images(1), 8), vectors)
    assert np.abs(other.encode(images(1), 8) - vectors).max() > 0.1
    assert torch.equal(torch.get_rng_state(), before)
    assert other.digest != first.digest == again.digest
    assert first.facts["weights"] == "random"


def test_a_random_network_says_so():
    encoder = ResNet("random:7", model=18)
    assert encoder.title == "resnet=random:7,model=18"
    assert not encoder.trained
    with pytest.raises(ImleakError, match="known: 50, 18, 34, 101, 152"):
        ResNet("random:0", model="20")
