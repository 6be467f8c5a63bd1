"""Every way of breaking a checkpoint has an error of its own."""

import json
import shutil
import sys

import checkpoints
import pytest
import torch
from safetensors.torch import load_file, save_file

from imleak.encoders import _weights
from imleak.encoders.clip import Clip
from imleak.encoders.resnet import ResNet
from imleak.interfaces import ImleakError, NotInstalledError

SAFE = "model.safetensors"
KEY = "vision_model.encoder.layers.1.mlp.fc1.bias"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return checkpoints.saved(checkpoints.clip("projected"), tmp_path_factory.mktemp("clip"))


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written, tmp_path / "clip-tiny")


def refused(folder, network=Clip):
    with pytest.raises(ImleakError) as caught:
        network(f"local-dir:{folder}").load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def altered(folder, change):
    weights = load_file(folder / SAFE)
    change(weights)
    save_file(weights, folder / SAFE)


def test_a_missing_key_is_named(folder):
    altered(folder, lambda weights: weights.pop(KEY))
    told = refused(folder)
    assert f"{folder / SAFE}: key '{KEY.removeprefix('vision_model.')}' missing" in told


def test_many_missing_keys_are_counted(folder):
    altered(folder, lambda weights: [weights.pop(k) for k in list(weights) if "layers.1" in k])
    assert "and 15 more missing" in refused(folder)


def test_an_unexpected_key_is_named(folder):
    altered(folder, lambda weights: weights.update({"vision_model.more": torch.zeros(1)}))
    assert f"{folder / SAFE}: unexpected key 'vision_model.more'" in refused(folder)


def test_another_shape_is_named(folder):
    altered(folder, lambda weights: weights.update({KEY: torch.zeros(7)}))
    told = refused(folder)
    assert f"key '{KEY}' has shape (7,), and config.json asks for (48,)" in told


def test_weights_that_are_not_finite_are_named(folder):
    altered(folder, lambda weights: weights[KEY].fill_(torch.nan))
    assert f"key '{KEY}' is not finite" in refused(folder)


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_truncated_file_is_named(folder, kept):
    whole = (folder / SAFE).read_bytes()
    (folder / SAFE).write_bytes(whole[:kept])
    assert f"{folder / SAFE} is not whole: " in refused(folder)


def test_a_missing_file_of_weights(folder):
    (folder / SAFE).unlink()
    assert f"{folder} holds neither {SAFE} nor pytorch_model.bin" in refused(folder)


def test_a_missing_or_broken_config(folder):
    (folder / "config.json").write_text("{")
    assert "config.json is not whole" in refused(folder)
    (folder / "config.json").write_text("[]")
    assert "config.json is not a table" in refused(folder)
    (folder / "config.json").unlink()
    assert f"{folder} holds no config.json" in refused(folder)


def test_no_such_folder(folder):
    assert "nowhere does not exist; give the folder with config.json" in refused(folder / "nowhere")
    assert f"{SAFE} is a file; give the folder" in refused(folder / SAFE)


def test_another_kind_of_model(folder):
    told = refused(folder, ResNet)
    assert "is of a model of type 'clip_vision_model'; resnet takes resnet" in told
    assert "hf-hub:microsoft/resnet-50" in told


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"hidden_act": "swish"}, "'swish' is not one of quick_gelu, gelu"),
        ({"num_attention_heads": 5}, "5 heads do not divide 32 features"),
        ({"patch_size": "8"}, "patch_size is '8', not a whole number"),
    ],
)
def test_a_config_of_no_network(folder, setting, told):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | setting))
    assert told in refused(folder)


def test_pickled_weights_are_read_without_running_them(folder, tmp_path):
    weights = load_file(folder / SAFE)
    expected = Clip(f"local-dir:{folder}").load().state_dict()
    (folder / SAFE).unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    found = Clip(f"local-dir:{folder}").load().state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())

    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").write_text, ("ran",))

    torch.save({"key": Bomb()}, folder / "pytorch_model.bin")
    assert "holds no weights" in refused(folder)
    assert not (tmp_path / "ran").exists()
    torch.save([1], folder / "pytorch_model.bin")
    assert "holds no weights" in refused(folder)


def test_weights_in_several_files(folder):
    weights = load_file(folder / SAFE)
    expected = Clip(f"local-dir:{folder}").load().state_dict()
    names = sorted(weights)
    places = {}
    for part, keys in enumerate((names[:9], names[9:])):
        file = f"model-0000{part}.safetensors"
        save_file({key: weights[key] for key in keys}, folder / file)
        places |= dict.fromkeys(keys, file)
    (folder / SAFE).unlink()
    (folder / f"{SAFE}.index.json").write_text(json.dumps({"weight_map": places}))
    found = Clip(f"local-dir:{folder}").load().state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    (folder / "model-00001.safetensors").unlink()
    assert "model-00001.safetensors is missing" in refused(folder)


@pytest.mark.parametrize("name", ["../secret.safetensors", "/tmp/x", "a/../../b", "..", "..\\x"])
def test_an_index_cannot_lead_out_of_its_folder(folder, name):
    (folder.parent / "secret.safetensors").write_bytes((folder / SAFE).read_bytes())
    (folder / SAFE).unlink()
    index = folder / f"{SAFE}.index.json"
    index.write_text(json.dumps({"weight_map": {"key": name}}))
    assert "which is no file beside it" in refused(folder)
    index.write_text('{"weight_map": ["key"]}')
    assert "holds neither" in refused(folder)


@pytest.fixture
def hub(written, tmp_path, monkeypatch):
    """A repository in the hub's own cache, and no network."""
    from huggingface_hub import constants

    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "hub" / "models--someone--clip-tiny"
    shutil.copytree(written, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return commit


def test_a_repository_of_the_hub_is_recorded_with_its_revision(hub, written):
    encoder = Clip("hf-hub:someone/clip-tiny")
    assert encoder.facts["revision"] == hub
    assert encoder.digest == Clip(f"local-dir:{written}").digest
    assert encoder.title == "clip=someone/clip-tiny"
    encoder.load()
    assert Clip(f"hf-hub:someone/clip-tiny@{hub}").digest == encoder.digest


@pytest.mark.parametrize("where", ["someone/other", "someone/clip-tiny@v2", "a/b/c"])
def test_what_the_hub_has_not_is_one_line(hub, where):
    with pytest.raises(_weights.WeightsError, match=f"hf-hub:{where}") as caught:
        Clip(f"hf-hub:{where}")
    assert "\n" not in str(caught.value)


def test_the_package_of_the_hub_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(NotInstalledError, match=r"pip install 'imleak\[hub\]'"):
        Clip("hf-hub:openai/clip-vit-base-patch32")
