import json

import checkpoints
import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessorPil

from imleak.encoders.clip import Clip
from imleak.interfaces import ImleakError


def images(side=32, count=5):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 3, side, side), dtype=np.uint8)


def exact(folder, **options):
    return Clip(f"local-dir:{folder}", precision="fp32", **options)


@pytest.mark.parametrize("kind", ["projected", "whole"])
@pytest.mark.parametrize("act", ["quick_gelu", "gelu"])
def test_projected_features_are_those_of_transformers(tmp_path, kind, act):
    network = checkpoints.clip(kind, hidden_act=act)
    encoder = exact(checkpoints.saved(network, tmp_path))
    with torch.no_grad():
        pooled = network.vision_model(checkpoints.normalised(images(), Clip.usual)).pooler_output
        expected = network.visual_projection(pooled)
    assert encoder.dimension == 12
    np.testing.assert_allclose(encoder.encode(images(), 8), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["tower", "projected", "whole"])
def test_pooled_features_are_those_of_transformers(tmp_path, kind):
    network = checkpoints.clip(kind)
    encoder = exact(checkpoints.saved(network, tmp_path), features="pooled")
    tower = getattr(network, "vision_model", network)
    with torch.no_grad():
        expected = tower(checkpoints.normalised(images(), Clip.usual)).pooler_output
    assert encoder.dimension == 32
    assert encoder.title == f"clip={tmp_path.name},features=pooled"
    np.testing.assert_allclose(encoder.encode(images(), 8), expected, atol=1e-5)


def test_images_are_normalised_as_by_transformers():
    """Resizing and cropping left out: patches have the size of the network."""
    processor = CLIPImageProcessorPil(do_resize=False, do_center_crop=False)
    given = images(224, 2)
    expected = processor(list(given), return_tensors="pt")["pixel_values"]
    found = Clip("random:0").input.prepare(given, 8, "cpu", torch.float32)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_checkpoint_says_how_it_is_shown_an_image(tmp_path):
    folder = checkpoints.saved(checkpoints.clip("projected"), tmp_path)
    plain = exact(folder)
    assert plain.facts["shown"] == "by default of clip"
    settings = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    encoder = exact(folder)
    assert encoder.input.mean == pytest.approx((127.5, 102.0, 76.5))
    assert encoder.digest != plain.digest


def test_a_tower_without_projection_has_pooled_features_only(tmp_path):
    folder = checkpoints.saved(checkpoints.clip("tower"), tmp_path)
    with pytest.raises(ImleakError, match=r"projection\.weight' missing.*=pooled"):
        exact(folder).encode(images(), 8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "random:0", "model": "ViT-B/8"}, "known: ViT-B/32, ViT-B/16, ViT-L/14"),
        ({"weights": "random:0", "features": "all"}, "'projected' or 'pooled'"),
        ({}, "clip=local-dir:FOLDER"),
        ({"weights": "random"}, "does not say where weights are"),
        ({"weights": "random:-1"}, "whole number"),
        ({"weights": "openai/clip-vit-base-patch32"}, "clip=hf-hub:openai"),
    ],
)
def test_what_is_asked_for_wrongly(options, message):
    with pytest.raises(ImleakError, match=message) as caught:
        Clip(**options)
    assert "\n" not in str(caught.value)


def test_a_model_by_name_is_for_random_weights(tmp_path):
    folder = checkpoints.saved(checkpoints.clip("projected"), tmp_path)
    with pytest.raises(ImleakError, match=r"config\.json says it"):
        exact(folder, model="ViT-B/16")
    sixteen = Clip("random:0", model="ViT-B/16")
    assert sixteen.title == "clip=random:0,model=ViT-B/16"
    assert sixteen.config.patch_size == 16
