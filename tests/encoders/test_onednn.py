"""Fused convolutions are the convolutions, and what follows them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from imleak.encoders._lite0 import weights
from imleak.encoders.efficientnet import EfficientNetLite0
from imleak.encoders.networks import onednn
from imleak.encoders.networks.efficientnet import SameConv2d, load

IMAGES = np.random.default_rng(0).integers(0, 256, (11, 1, 224, 224), dtype=np.uint8)


def channels_last(*shape):
    return torch.randn(shape).contiguous(memory_format=torch.channels_last)


@pytest.mark.skipif(
    not onednn.is_possible(torch.float32), reason="fused convolutions do not work here"
)
@pytest.mark.parametrize("side", [7, 14, 15])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (5, 1), (5, 2)])
@pytest.mark.parametrize("groups", [1, 16])
def test_a_convolution_with_relu6_or_a_sum(side, kernel, stride, groups):
    torch.manual_seed(0)
    layer = SameConv2d(16, 16, kernel, stride, groups)
    layer.bias = torch.nn.Parameter(torch.randn(16))
    x = channels_last(3, 16, side, side)
    with torch.inference_mode():
        expected = layer(x)
        clamped = onednn.FusedConv2d(layer, side, torch.float32)
        torch.testing.assert_close(clamped(x), functional.relu6(expected), atol=1e-5, rtol=1e-5)
        assert clamped.outputs == expected.shape[-1]
        other = channels_last(*expected.shape)
        total = expected + other
        plain = onednn.FusedConv2d(layer, side, torch.float32, clamps=False)
        torch.testing.assert_close(plain(x, other), total, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("precision", "apart", "count"), [("fp32", 1e-5, 11), ("bf16", 0.05, 3)])
def test_features_are_those_of_the_network_in_any_batch(precision, apart, count):
    images = IMAGES[:count]  # where bf16 is emulated, each takes a second
    encoder = EfficientNetLite0(precision=precision)
    fused = onednn.is_possible(encoder.dtype)
    assert encoder.facts["engine"] == ("PyTorch, fused by oneDNN" if fused else "PyTorch")
    found = encoder.encode(images, 8)
    shown = encoder.input.prepare(images, 8, "cpu", encoder.dtype)
    with torch.inference_mode():
        expected = load(weights()).to(encoder.dtype)(shown).numpy()
    error = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert error.max() < apart
    alone = np.concatenate([encoder.encode(image[None], 8) for image in images])
    np.testing.assert_allclose(alone, found, atol=apart * np.abs(found).max())


def test_without_such_convolutions_the_network_itself_is_run(monkeypatch):
    fused = EfficientNetLite0(precision="fp32")
    expected = fused.encode(IMAGES[:2], 8)
    monkeypatch.setattr(onednn, "is_possible", lambda dtype: False)
    plain = EfficientNetLite0(precision="fp32")
    assert plain.facts["engine"] == "PyTorch"
    np.testing.assert_allclose(plain.encode(IMAGES[:2], 8), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(plain.scores(expected), fused.scores(expected), rtol=1e-5)
    assert plain.digest == fused.digest


@pytest.mark.parametrize("flaw", ["missing", "refusing", "other"])
def test_convolutions_are_tried_before_they_are_used(monkeypatch, flaw):
    def refuse(*_):
        raise RuntimeError("no such processor")

    library = SimpleNamespace(_reorder_convolution_weight=lambda weight, *_: weight)
    if flaw != "missing":
        other = refuse if flaw == "refusing" else lambda x, *_: x[..., ::2, ::2]
        library._convolution_pointwise = other
    assert onednn.is_possible.__wrapped__(torch.float32)
    monkeypatch.setattr(torch.ops, "mkldnn", library)
    assert not onednn.is_possible.__wrapped__(torch.float32)
