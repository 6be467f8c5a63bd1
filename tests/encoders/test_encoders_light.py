"""Options are checked without what is heavy, without weights and without a device."""

import errno
import os
import subprocess
import sys

import pytest

from imleak import plugins
from imleak.interfaces import ImleakError

MADE = {
    "hf": ("random:0", {"model": "vit"}),
    "clip": ("local-dir:/nowhere", {"device": "cuda:7"}),
    "resnet": ("hf-hub:nobody/nothing", {}),
    "onnx": ("/nowhere/model.onnx", {"mean": 0, "std": 1}),
    "torch": ("/nowhere/model.pt2", {"trust": True}),
    "efficientnet-lite0": (None, {"device": "xpu"}),
    "conv": (None, {"init": "efficientnet-lite0", "device": "cuda"}),
}
"""How an encoder is made; with weights and devices that are not there."""

HEAVY = ("torch", "transformers", "onnx", "onnxruntime", "scipy", "skimage", "sklearn", "pandas")


def run(code):
    """The last line a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_an_encoder_is_made_without_weights_devices_or_anything_heavy():
    code = f"""
import sys
from imleak import plugins
for name in {sorted(plugins.BUILT_IN["encoder"])!r}:
    weights, options = {MADE!r}.get(name, (None, {{}}))
    made = plugins.load("encoder", name)(*[weights] if weights else [], **options)
    assert made.name == name and made.version and made.title.startswith(name)
print(*{{each.partition(".")[0] for each in sys.modules}})
"""
    assert not set(HEAVY) & set(run(code).split())


def test_wrong_options_are_refused_without_anything_heavy():
    wrong = [
        ("efficientnet-lite0", {"device": "abacus"}),
        ("efficientnet-lite0", {"device": "cpu:first"}),
        ("efficientnet-lite0", {"precision": "half"}),
        ("efficientnet-lite0", {"precision": "fp16"}),
        ("resnet50-thin", {"batch_size": 0}),
        ("conv", {"init": "clip"}),
        ("hf", {"weights": "random:0", "model": "vgg"}),
        ("hf", {"weights": "random:0", "model": "vit", "features": "projected"}),
        ("clip", {"weights": "local-dir:/nowhere", "model": "ViT-B/32"}),
        ("clip", {"weights": "somewhere"}),
        ("resnet", {}),
        ("onnx", {}),
        ("onnx", {"model": "/nowhere/m.onnx", "size": 0}),
        ("onnx", {"model": "/nowhere/m.onnx", "std": 0}),
        ("onnx", {"model": "/nowhere/m.onnx", "order": "rbg"}),
        ("torch", {"model": "/nowhere/m.pt2"}),
        ("layout", {"size": 0}),
        ("phasors", {"size": 0}),
        ("pixels", {"size": 300}),
    ]
    code = f"""
import sys
from imleak import plugins
from imleak.interfaces import ImleakError
for name, options in {wrong!r}:
    try:
        plugins.load("encoder", name)(**options)
    except ImleakError as error:
        assert "\\n" not in str(error)
    else:
        raise AssertionError((name, options))
print(*{{each.partition(".")[0] for each in sys.modules}})
"""
    assert not set(HEAVY) & set(run(code).split())


@pytest.mark.parametrize(
    ("name", "asked"), [("clip", "digest"), ("onnx", "dimension"), ("torch", "input_size")]
)
def test_what_is_not_there_is_found_out_when_it_is_asked_for(name, asked):
    weights, options = MADE[name]
    encoder = plugins.load("encoder", name)(weights, **options)
    with pytest.raises(ImleakError, match=r"/nowhere.* does not exist"):
        getattr(encoder, asked)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("onnx", {"model": "~nobody-of-this-name/m.onnx"}),
        ("torch", {"model": "~nobody-of-this-name/m.pt2", "trust": True}),
        ("clip", {"weights": "local-dir:~nobody-of-this-name/clip"}),
        ("onnx", {"model": "a\0b"}),
        ("clip", {"weights": "local-dir:a\0b"}),
        ("efficientnet-lite0", {"device": "cuda:63"}),
        ("conv", {"device": "xpu"}),
    ],
)
def test_whatever_is_not_there_is_one_line(name, given):
    encoder = plugins.load("encoder", name)(**given)
    with pytest.raises(ImleakError) as caught:
        encoder.digest  # noqa: B018
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(exchanged, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_bytes((exchanged / "model.onnx").read_bytes())

    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr("imleak.encoders._network.check_regular", refuse)
    with pytest.raises(ImleakError, match=r"model\.onnx cannot be read: Permission denied"):
        plugins.load("encoder", "onnx")(str(path), mean=0, std=1).digest  # noqa: B018
