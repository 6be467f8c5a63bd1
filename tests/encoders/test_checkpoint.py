"""Every way of breaking a checkpoint has an error of its own."""

import json
import os
import shutil

import checkpoints
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from imleak.encoders._families import FAMILIES, SETTINGS, architecture
from imleak.encoders.clip import Clip
from imleak.encoders.hf import HuggingFace
from imleak.encoders.networks.transformers import configured, dimension, input_side
from imleak.encoders.resnet import ResNet
from imleak.interfaces import ImleakError

SAFE = "model.safetensors"
KEY = "vision_model.encoder.layers.1.mlp.fc1.bias"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    return checkpoints.saved(checkpoints.clip("projected"), folder, "clip")


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written, tmp_path / "clip-tiny")


def used(encoder):
    """As a study does: it asks for the digest, then for vectors."""
    return encoder.digest, encoder.network


def refused(folder, network=Clip):
    with pytest.raises(ImleakError) as caught:
        used(network(f"local-dir:{folder}"))
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def altered(folder, change):
    weights = load_file(folder / SAFE)
    change(weights)
    save_file(weights, folder / SAFE)


def test_a_missing_key_is_named(folder):
    altered(folder, lambda weights: weights.pop(KEY))
    assert f"key '{KEY}' missing; the weights are of another network" in refused(folder)


@pytest.mark.parametrize("name", sorted(checkpoints.PROCESSORS))
def test_no_weight_is_ever_made_up(tmp_path, name):
    """Whichever key is missing, of whichever family."""
    whole = checkpoints.saved(getattr(checkpoints, name)(), tmp_path / "whole", name)
    encoder = HuggingFace(f"local-dir:{whole}")
    needed = [key for key in load_file(whole / SAFE) if encoder.family.needs(key)]
    needed = [key for key in needed if "num_batches" not in key]
    for key in needed[:: max(1, len(needed) // 4)]:
        folder = shutil.copytree(whole, tmp_path / "broken", dirs_exist_ok=True)
        altered(folder, lambda weights, key=key: weights.pop(key))
        assert "missing; the weights are of another" in refused(folder, HuggingFace), key


def test_many_missing_keys_are_counted(folder):
    altered(folder, lambda weights: [weights.pop(k) for k in list(weights) if "layers.1" in k])
    assert "and 15 more missing" in refused(folder)


def test_an_unexpected_key_is_named(folder):
    altered(folder, lambda weights: weights.update({"vision_model.more": torch.zeros(1)}))
    assert "unexpected key 'vision_model.more'" in refused(folder)


def test_another_shape_is_named(folder):
    altered(folder, lambda weights: weights.update({KEY: torch.zeros(7)}))
    assert f"key '{KEY}' has shape (7,), not (48,)" in refused(folder)


def test_weights_that_are_not_finite_are_named(folder):
    altered(folder, lambda weights: weights[KEY].fill_(torch.nan))
    assert f"key '{KEY}' is not finite" in refused(folder)


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_truncated_file_is_named(folder, kept):
    whole = (folder / SAFE).read_bytes()
    (folder / SAFE).write_bytes(whole[:kept])
    message = refused(folder)
    assert f"{folder / SAFE} is not whole: " in message or "weights have" in message


def test_a_missing_file_of_weights(folder):
    (folder / SAFE).unlink()
    assert f"{folder} holds neither {SAFE} nor pytorch_model.bin" in refused(folder)


@pytest.mark.parametrize("name", [SAFE, "config.json", "preprocessor_config.json"])
def test_only_regular_files_are_opened(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert "a named pipe, not a regular file" in refused(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "config.json is not whole"),
        ("[]", "config.json is not a table"),
        ("[" * 200_000, "config.json is not whole"),
        (" " * (17 << 20), "config.json is not whole: it is longer than 16 MiB"),
    ],
    ids=["cut", "list", "deep", "long"],
)
def test_a_broken_config(folder, text, message):
    (folder / "config.json").write_text(text)
    assert message in refused(folder)


def test_a_config_with_a_byte_order_mark(folder):
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text, encoding="utf-8-sig")
    Clip(f"local-dir:{folder}").load()


def test_no_such_folder_or_config(folder):
    assert "nowhere does not exist; give the folder with config.json" in refused(folder / "nowhere")
    assert f"{SAFE} is a file; give the folder" in refused(folder / SAFE)
    (folder / "config.json").unlink()
    assert f"{folder} holds no config.json" in refused(folder)


def test_another_kind_of_model(folder):
    message = refused(folder, ResNet)
    assert "is of a model of type 'clip_vision_model'; resnet takes resnet" in message
    assert "hf-hub:microsoft/resnet-50" in message


def configure(folder, changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": [2]},
        {"num_hidden_layers": 1_001},
        {"num_hidden_layers": 1.5},
        {"num_hidden_layers": True},
        {"hidden_size": 2**40},
        {"hidden_size": -32},
        {"hidden_size": 0},
        {"hidden_size": 32.5},
        {"hidden_size": "32"},
        {"hidden_size": None},
        {"hidden_size": 1e400},
        {"intermediate_size": 65_536, "hidden_size": 65_536},
        {"patch_size": -8},
        {"patch_size": "8"},
        {"patch_size": [8] * 100},
        {"patch_size": {}},
        {"image_size": 65_536, "patch_size": 1},
        {"image_size": [32, 64]},
        {"image_size": False},
        {"num_channels": 4},
        {"num_attention_heads": 5},
        {"hidden_act": "swish2"},
        {"layer_norm_eps": float("nan")},
        {"projection_dim": 2**62},
    ],
    ids=str,
)
def test_a_config_of_no_network_is_refused_before_anything_is_allocated(folder, changes):
    configure(folder, changes)
    assert "config.json" in refused(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"depths": [10**9, 1]},
        {"depths": 2},
        {"depths": "ab"},
        {"hidden_sizes": None},
        {"depths": [600, 600]},
        {"depths": [1] * 17, "hidden_sizes": [16] * 17},
        {"depths": [1, -1]},
        {"depths": [1.5, 1]},
        {"hidden_sizes": [2**40, 32]},
        {"hidden_sizes": []},
        {"hidden_size": False},
        {"image_size": False},
        {"embedding_size": 65_536},
        {"layer_type": "wide"},
        {"hidden_act": "softsign2"},
    ],
    ids=str,
)
def test_a_config_of_no_convolutional_network(tmp_path, changes):
    folder = checkpoints.saved(checkpoints.resnet(), tmp_path, "resnet")
    configure(folder, changes)
    assert "config.json" in refused(folder, HuggingFace)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def check_any_config(family, settings):
    """No value of any setting gives another error than ours."""
    family = FAMILIES[family]
    try:
        config = configured(family, architecture(settings), "config.json")
    except ImleakError:
        return
    assert input_side(config) is None or input_side(config) > 0
    assert dimension(config, family) > 0


CONFIGS = (
    st.sampled_from(sorted(FAMILIES)),
    st.dictionaries(st.sampled_from(sorted(SETTINGS)), JSON | st.integers(1, 99), max_size=3),
)
test_any_config = settings(deadline=None, max_examples=50)(given(*CONFIGS)(check_any_config))
test_any_config_at_length = pytest.mark.slow(
    settings(deadline=None, max_examples=2_000)(given(*CONFIGS)(check_any_config))
)


def test_a_config_that_would_have_transformers_load_something_else(folder, tmp_path):
    """Code of the repository, kernels, adapters, quantised weights, pickled metadata."""
    expected = Clip(f"local-dir:{folder}").load().state_dict()
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    configure(
        folder,
        {
            "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"},
            "attn_implementation": "someone/kernel",
            "quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True},
            "transformers_weights": "../other.safetensors",
            "fusion_config": {"patch_embeddings": True},
        },
    )
    adapter = {"base_model_name_or_path": "someone/other", "peft_type": "LORA"}
    (folder / "adapter_config.json").write_text(json.dumps(adapter))
    (folder / ".metadata").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    found = Clip(f"local-dir:{folder}").load().state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert not (tmp_path / "ran").exists()


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

    padding = torch.zeros(100_000)
    torch.save({"key": Bomb(), "padding": padding}, folder / "pytorch_model.bin")
    assert "holds no weights" in refused(folder)
    assert not (tmp_path / "ran").exists()
    torch.save([padding], folder / "pytorch_model.bin")
    assert "holds no weights" in refused(folder)


def test_a_missing_part_is_named(tmp_path):
    network = checkpoints.clip("projected")
    folder = checkpoints.saved(network, tmp_path / "clip", "clip", max_shard_size="20KB")
    part = sorted(folder.glob("model-*"))[-1]
    part.unlink()
    assert f"{part.name} is missing" in refused(folder)


@pytest.mark.parametrize(
    "name",
    ["../secret.safetensors", "/tmp/x.safetensors", "a/../../b", "..", "..\\x", "model.bin"],
)
def test_an_index_cannot_lead_out_of_its_folder(folder, name):
    (folder.parent / "secret.safetensors").write_bytes((folder / SAFE).read_bytes())
    (folder / SAFE).unlink()
    index = folder / f"{SAFE}.index.json"
    index.write_text(json.dumps({"weight_map": {"key": name}}))
    assert "no such file beside it" in refused(folder)
    index.write_text('{"weight_map": ["key"]}')
    assert "names no files" in refused(folder)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub's own cache with a repository in parts, and no network."""
    from huggingface_hub import constants

    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "hub" / "models--someone--clip-tiny"
    snapshot = repository / "snapshots" / commit
    checkpoints.saved(checkpoints.clip(), snapshot, "clip", max_shard_size="20KB")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return snapshot


@pytest.mark.parametrize("network", [Clip, HuggingFace])
def test_a_repository_of_the_hub_is_recorded_with_its_revision(hub, network):
    encoder = network("hf-hub:someone/clip-tiny")
    assert encoder.facts["revision"] == hub.name
    assert encoder.digest == network(f"local-dir:{hub}").digest
    assert encoder.title == f"{encoder.name}=someone/clip-tiny"
    encoder.load()
    assert network(f"hf-hub:someone/clip-tiny@{hub.name}").digest == encoder.digest


def test_hf_takes_the_name_alone(hub):
    assert HuggingFace("someone/clip-tiny").digest == HuggingFace(f"local-dir:{hub}").digest
    with pytest.raises(ImleakError, match="write clip=local-dir:FOLDER"):
        Clip("someone/clip-tiny")


@pytest.mark.parametrize("where", ["someone/other", "someone/clip-tiny@v2", "a/b/c"])
def test_what_the_hub_has_not_is_one_line(hub, where):
    with pytest.raises(ImleakError, match=f"hf-hub:{where}") as caught:
        Clip(f"hf-hub:{where}").digest  # noqa: B018
    assert "\n" not in str(caught.value)
