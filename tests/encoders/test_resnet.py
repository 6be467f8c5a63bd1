import checkpoints
import numpy as np
import pytest
import torch
from transformers import ResNetConfig, ResNetModel

from imleak.encoders.resnet import ResNet
from imleak.interfaces import ImleakError


def pictures(count=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 3, 224, 224), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["bare", "classifier"])
@pytest.mark.parametrize(
    "settings", [checkpoints.BASIC, checkpoints.BOTTLENECK, checkpoints.EARLY], ids=str
)
def test_features_are_those_of_transformers(tmp_path, kind, settings):
    network = checkpoints.resnet(kind, **settings)
    folder = checkpoints.saved(network, tmp_path)
    encoder = ResNet(f"local-dir:{folder}", precision="fp32")
    shown = checkpoints.normalised(pictures(), encoder.mean, encoder.std)
    with torch.no_grad():
        expected = getattr(network, "resnet", network)(shown).pooler_output.flatten(1)
    assert (encoder.dimension, encoder.input_size) == (32, 224)
    np.testing.assert_allclose(encoder.encode(pictures(), 8), expected, atol=1e-5)


@pytest.mark.parametrize("model", ["18", "34", "50", "101", "152"])
def test_named_models_have_the_parameters_of_their_name(model):
    """Of torchvision's table, without its classifier (512 or 2048 inputs, 1000 classes)."""
    millions = {"18": 11.69, "34": 21.80, "50": 25.56, "101": 44.55, "152": 60.19}[model]
    encoder = ResNet("random:0", model=model)
    with torch.device("meta"):
        count = sum(parameter.numel() for parameter in encoder.build().parameters())
    assert (count + (encoder.dimension + 1) * 1000) / 1e6 == pytest.approx(millions, abs=0.01)


def test_random_weights_are_those_training_begins_with():
    torch.manual_seed(0)
    theirs = dict(ResNetModel(ResNetConfig(**checkpoints.BOTTLENECK)).state_dict())
    from imleak.encoders._resnet import Architecture
    from imleak.encoders._resnet import ResNet as Network

    ours = Network(Architecture.of(checkpoints.BOTTLENECK))
    ours.initialise(1)
    assert ours.state_dict().keys() == theirs.keys()
    for name, value in ours.state_dict().items():
        if name.endswith("convolution.weight"):
            assert 0.75 < float(value.std() / theirs[name].std()) < 1.33, name
        else:
            torch.testing.assert_close(value, theirs[name])


def test_a_random_network_says_so():
    encoder = ResNet("random:7", model=18)
    assert encoder.title == "resnet=random:7,model=18"
    assert not encoder.trained
    with pytest.raises(ImleakError, match="known: 50, 18, 34, 101, 152"):
        ResNet("random:0", model="20")
