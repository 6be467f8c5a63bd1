"""Every family: the features of transformers, of weights in every format it writes."""

import json

import checkpoints
import numpy as np
import pytest
import torch
import transformers

from imleak.encoders.hf import HuggingFace
from imleak.interfaces import ImleakError

NAMES = sorted(checkpoints.PROCESSORS)


def images(side=32, count=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 3, side, side), dtype=np.uint8)


def exact(folder, **options):
    return HuggingFace(f"local-dir:{folder}", precision="fp32", **options)


@pytest.mark.parametrize("name", NAMES)
def test_features_and_preparation_are_those_of_transformers(tmp_path, name):
    network = getattr(checkpoints, name)()
    encoder = exact(checkpoints.saved(network, tmp_path, name))
    expected = checkpoints.features(name, network, images())
    assert (encoder.input_size, encoder.dimension) == (32, expected.shape[1])
    np.testing.assert_allclose(encoder.encode(images(), 8), expected, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format_", ["sharded", "bin", "sharded bin"])
def test_every_format_of_weights_gives_the_same_features(tmp_path, name, format_):
    network = getattr(checkpoints, name)()
    whole = exact(checkpoints.saved(network, tmp_path / "whole", name))
    shards = {"max_shard_size": "5KB"} if "sharded" in format_ else {}
    folder = checkpoints.saved(network, tmp_path / "other", name, **shards)
    if "bin" in format_:
        as_pickles(folder)
    files = {path.name for path in folder.iterdir()}
    assert ("model.safetensors" in files) == (format_ == "none")
    assert any(name.endswith(".index.json") for name in files) == ("sharded" in format_)
    other = exact(folder)
    np.testing.assert_array_equal(other.encode(images(), 8), whole.encode(images(), 8))
    assert other.digest != whole.digest  # of other files


def as_pickles(folder):
    """The older format: pytorch_model.bin, or its parts and their index."""
    from safetensors.torch import load_file

    def renamed(name):
        return name.replace("model", "pytorch_model").replace(".safetensors", ".bin")

    for path in folder.glob("model*"):
        if path.suffix == ".safetensors":
            torch.save(load_file(path), folder / renamed(path.name))
        else:
            index = json.loads(path.read_text())
            places = {key: renamed(place) for key, place in index["weight_map"].items()}
            text = json.dumps(index | {"weight_map": places})
            (folder / renamed(path.name)).write_text(text)
        path.unlink()


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_is_near_and_has_another_digest(tmp_path, name):
    folder = checkpoints.saved(getattr(checkpoints, name)(), tmp_path, name)
    fine, coarse = exact(folder), HuggingFace(f"local-dir:{folder}", precision="bf16")
    a, b = fine.encode(images(), 8), coarse.encode(images(), 8)
    assert 0 < np.linalg.norm(a - b) < 0.05 * np.linalg.norm(a)
    assert fine.digest != coarse.digest
    assert coarse.facts["precision"] == "bf16"


@pytest.mark.parametrize("name", sorted(HuggingFace.models))
def test_untrained_networks_are_those_that_transformers_builds(name, monkeypatch):
    """Small ones, of its initial weights under the seed."""
    encoder = HuggingFace("random:3", model=name, precision="fp32")
    small = {"num_hidden_layers": 1, "depths": [1, 1, 1, 1]}
    encoder.settings = {k: v for k, v in small.items() if hasattr(encoder.config, k)}
    del encoder.config
    torch.manual_seed(3)
    expected = getattr(transformers, encoder.family.network)(
        encoder.config, **({"add_pooling_layer": False} if name == "vit" else {})
    )
    torch.manual_seed(5)
    before = torch.get_rng_state()
    found = encoder.load().state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert not encoder.trained
    assert encoder.title == f"hf=random:3,model={name}"
    for key, value in expected.state_dict().items():
        if "normalization" not in key and "convolution" not in key:  # folded
            assert torch.equal(found[f"inner.{key}"], value), key


@pytest.mark.parametrize(
    ("settings", "mean", "std"),
    [
        ({}, (127.5, 102.0, 76.5), (51.0, 76.5, 102.0)),
        ({"do_normalize": False}, (0, 0, 0), (255, 255, 255)),
        ({"do_rescale": False}, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)),
        ({"do_rescale": False, "do_normalize": False}, (0, 0, 0), (1, 1, 1)),
        ({"rescale_factor": 1 / 127.5}, (63.75, 51, 38.25), (25.5, 38.25, 51)),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_checkpoint_says_how_it_is_shown_an_image(tmp_path, settings, mean, std, nested):
    folder = checkpoints.saved(checkpoints.vit(), tmp_path)
    given = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4], "size": 32} | settings
    name = "processor_config.json" if nested else "preprocessor_config.json"
    (folder / name).write_text(json.dumps({"image_processor": given} if nested else given))
    encoder = exact(folder)
    assert encoder.input.mean == pytest.approx(mean)
    assert encoder.input.std == pytest.approx(std)
    assert encoder.facts["shown"] == f"by {name}"
    processor = transformers.ViTImageProcessorPil(**given, do_resize=False)
    expected = processor([np.moveaxis(images()[0], 0, -1)], return_tensors="pt")["pixel_values"]
    found = encoder.input.prepare(images()[:1], 8, "cpu", torch.float32)
    torch.testing.assert_close(found, expected.float(), atol=1e-5, rtol=1e-6)


def test_the_nested_processor_wins_as_in_transformers(tmp_path):
    folder = checkpoints.saved(checkpoints.vit(), tmp_path, "vit")
    beside = {"image_mean": [0.1] * 3, "image_std": [0.1] * 3}
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": beside}))
    assert exact(folder).input.mean == pytest.approx((25.5,) * 3)
    (folder / "processor_config.json").write_text('{"processor_class": "CLIPProcessor"}')
    assert exact(folder).input.mean == pytest.approx((127.5,) * 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_std": [0, 1, 1]}, r"image_std \[0.0, 1.0, 1.0\] are not above 0"),
        ({"image_std": [float("nan"), 1, 1]}, "image_std is .* not three numbers"),
        ({"image_mean": 0.5}, "image_mean is 0.5, not three numbers"),
        ({"image_mean": None}, "image_mean is None, not three numbers"),
        ({"rescale_factor": 0}, "rescale_factor 0 .* not above 0"),
        ({"rescale_factor": "1/255"}, "rescale_factor '1/255'"),
        ({"size": {"height": 32, "width": 48}}, "is no square of 1 to 4096 pixels"),
        ({"size": 2**40}, "is no square"),
        ({"size": [32]}, "is no square"),
    ],
)
def test_a_processor_that_cannot_be_followed_is_refused(tmp_path, settings, message):
    folder = checkpoints.saved(checkpoints.dinov2(), tmp_path, "dinov2")
    path = folder / "preprocessor_config.json"
    given = json.loads(path.read_text()) | {"do_center_crop": False}
    path.write_text(json.dumps(given | settings))
    with pytest.raises(ImleakError, match=message) as caught:
        exact(folder).input  # noqa: B018
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_processor_is_refused(tmp_path):
    folder = checkpoints.saved(checkpoints.vit(), tmp_path)
    with pytest.raises(ImleakError, match=r"holds neither processor_config\.json nor pre.*save"):
        exact(folder).digest  # noqa: B018


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": ""}, "hf=hf-hub:facebook/dinov2-base"),
        ({"weights": "random:0"}, "does not say of which network; write .* hf=random:0,model=vit"),
        ({"weights": "random:0", "model": "vgg"}, "no model 'vgg'; known: clip, siglip, siglip2"),
        ({"weights": "random:" + "9" * 20, "model": "vit"}, "below 10"),
        ({"weights": "random:0", "model": "vit", "features": "projected"}, "pooled features only"),
        ({"weights": "random:0", "model": "vit", "features": "all"}, "'projected' or 'pooled'"),
        ({"weights": "random:0", "model": "vit", "batch_size": "8:a=1"}, "by commas"),
        ({"weights": "random:0", "model": "vit", "device": "meta"}, "'meta' is not there"),
        ({"weights": "dinov2"}, "does not say where weights are"),
    ],
)
def test_what_is_asked_for_wrongly(options, message):
    with pytest.raises(ImleakError, match=message) as caught:
        HuggingFace(**options)
    assert "\n" not in str(caught.value)


def test_a_folder_that_looks_like_a_repository_is_pointed_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "vit").mkdir(parents=True)
    with pytest.raises(ImleakError, match="is a folder here; write hf=local-dir:models/vit"):
        HuggingFace("models/vit")
