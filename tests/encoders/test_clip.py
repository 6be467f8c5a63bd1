import json

import checkpoints
import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

from imleak.encoders.clip import Clip
from imleak.interfaces import ImleakError


def pictures(side=32, count=5):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 3, side, side), dtype=np.uint8)


def exact(folder, **options):
    return Clip(f"local-dir:{folder}", precision="fp32", **options)


@pytest.mark.parametrize("kind", ["projected", "whole"])
@pytest.mark.parametrize("act", ["quick_gelu", "gelu"])
def test_projected_features_are_those_of_transformers(tmp_path, kind, act):
    network = checkpoints.clip(kind, hidden_act=act)
    encoder = exact(checkpoints.saved(network, tmp_path))
    shown = checkpoints.normalised(pictures(), encoder.mean, encoder.std)
    with torch.no_grad():
        pooled = network.vision_model(shown).pooler_output
        expected = network.visual_projection(pooled)
    assert encoder.dimension == 12
    np.testing.assert_allclose(encoder.encode(pictures(), 8), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["tower", "projected", "whole"])
def test_pooled_features_are_those_of_transformers(tmp_path, kind):
    network = checkpoints.clip(kind)
    encoder = exact(checkpoints.saved(network, tmp_path), features="pooled")
    tower = getattr(network, "vision_model", network)
    shown = checkpoints.normalised(pictures(), encoder.mean, encoder.std)
    with torch.no_grad():
        expected = tower(shown).pooler_output
    assert encoder.dimension == 32
    np.testing.assert_allclose(encoder.encode(pictures(), 8), expected, atol=1e-5)


def test_pictures_are_normalised_as_by_transformers():
    """Resizing and cropping left out: patches have the size of the network."""
    processor = CLIPImageProcessorPil(do_resize=False, do_center_crop=False)
    given = pictures(224, 2)
    expected = processor(list(given), return_tensors="pt")["pixel_values"]
    found = Clip("random:0").input.prepare(given, 8, "cpu", torch.float32)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_checkpoint_says_how_it_wants_pictures(tmp_path):
    folder = checkpoints.saved(checkpoints.clip("projected"), tmp_path)
    plain = exact(folder)
    settings = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    encoder = exact(folder)
    assert encoder.input.mean == (127.5, 102.0, 76.5)
    assert encoder.digest != plain.digest
    (folder / "preprocessor_config.json").write_text('{"image_mean": 0.5}')
    with pytest.raises(ImleakError, match=r"image_mean 0.5 and .* are not three numbers each"):
        exact(folder)


def test_half_precision_is_near_and_has_another_digest(tmp_path):
    folder = checkpoints.saved(checkpoints.clip("projected"), tmp_path)
    fine, coarse = exact(folder), Clip(f"local-dir:{folder}", precision="bf16")
    a, b = fine.encode(pictures(), 8), coarse.encode(pictures(), 8)
    assert 0 < np.linalg.norm(a - b) < 0.05 * np.linalg.norm(a)
    assert fine.digest != coarse.digest
    assert coarse.facts["precision"] == "bf16"


def test_a_tower_without_projection_has_pooled_features_only(tmp_path):
    folder = checkpoints.saved(checkpoints.clip("tower"), tmp_path)
    with pytest.raises(ImleakError, match=r"projection\.weight' missing.*=pooled"):
        exact(folder).encode(pictures(), 8)


def test_random_weights_are_those_training_begins_with():
    torch.manual_seed(0)
    theirs = CLIPVisionModelWithProjection(CLIPVisionConfig(**checkpoints.VISION))
    spread = {name.removeprefix("vision_model."): p for name, p in theirs.named_parameters()}
    from imleak.encoders._clip import Architecture, VisionTower

    ours = VisionTower(Architecture.of(checkpoints.VISION), projected=True)
    ours.initialise(3)
    assert {name for name, _ in ours.named_parameters()} == set(spread)
    for name, parameter in ours.named_parameters():
        expected = spread[name]
        if expected.std() == 0:
            torch.testing.assert_close(parameter, expected)
        else:
            assert 0.6 < float(parameter.detach().std() / expected.detach().std()) < 1.6, name


def test_random_weights_follow_their_seed_and_leave_others_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    given = pictures(224, 1)
    zero = Clip("random:0", precision="fp32")
    vectors = zero.encode(given, 8)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(Clip("random:0", precision="fp32").encode(given, 8), vectors)
    one = Clip("random:1", precision="fp32")
    assert np.abs(one.encode(given, 8) - vectors).max() > 0.1
    assert one.digest != zero.digest
    assert (zero.title, zero.trained, zero.facts["weights"]) == ("clip=random:0", False, "random")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"weights": "random:0", "model": "ViT-B/8"}, "known: ViT-B/32, ViT-B/16, ViT-L/14"),
        ({"weights": "random:0", "features": "all"}, "'projected' or 'pooled'"),
        ({}, "clip=local-dir:FOLDER"),
        ({"weights": "random"}, "says not where weights are"),
        ({"weights": "random:-1"}, "whole number"),
        ({"weights": "openai/clip-vit-base-patch32"}, "clip=hf-hub:openai"),
    ],
)
def test_what_is_asked_for_wrongly(options, told):
    with pytest.raises(ImleakError, match=told) as caught:
        Clip(**options)
    assert "\n" not in str(caught.value)


def test_a_model_by_name_is_for_random_weights(tmp_path):
    folder = checkpoints.saved(checkpoints.clip("projected"), tmp_path)
    with pytest.raises(ImleakError, match=r"config\.json says it"):
        exact(folder, model="ViT-B/16")
    sixteen = Clip("random:0", model="ViT-B/16")
    assert sixteen.title == "clip=random:0,model=ViT-B/16"
    assert sixteen.architecture.patch_size == 16
