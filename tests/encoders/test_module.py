import numpy as np
import pytest
import torch
from torch import nn

from imleak.encoders.module import MEAN, STD, Module
from imleak.interfaces import ImleakError


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 5, 4, stride=4), nn.ReLU(), nn.AvgPool2d(8))


def images(count=3, side=32):
    return np.random.default_rng(0).integers(0, 256, (count, 3, side, side), np.uint8)


def test_features_are_those_of_the_module():
    module = network()
    shown = torch.from_numpy(images()).float()
    mean, std = (torch.tensor(of).reshape(3, 1, 1) for of in (MEAN, STD))
    expected = module((shown - mean) / std).flatten(1).detach().numpy()
    found = Module(module, size=32).encode(images(), 8)
    assert found.shape == (3, 5)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_its_digest_is_of_its_weights():
    one, same, other = (Module(network(seed), size=32) for seed in (0, 0, 1))
    assert one.digest == same.digest != other.digest
    assert one.digest != Module(network(), size=40).digest


def test_the_module_itself_is_left_alone():
    module = network().train()
    Module(module, size=32).encode(images(), 8)
    assert module.training
    assert all(weights.requires_grad for weights in module.parameters())


def test_what_gives_no_vectors_is_refused():
    class Scalar(nn.Module):
        def forward(self, x):
            return x.mean()

    with pytest.raises(ImleakError, match=r"tensor \(n, d\)"):
        Module(Scalar(), size=32).encode(images(), 8)
    with pytest.raises(ImleakError, match="size"):
        Module(Scalar(), size=0)
