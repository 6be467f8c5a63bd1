"""Small networks of transformers, in the format it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf
from transformers.utils import logging

logging.disable_progress_bar()

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
VISION = SIZES | {"image_size": 32, "patch_size": 8}
TEXT = SIZES | {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "vocab_size": 20,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
BOTTLENECK = {"embedding_size": 8, "hidden_sizes": [16, 32], "depths": [2, 1]}
BASIC = {**BOTTLENECK, "layer_type": "basic"}
EARLY = {**BOTTLENECK, "downsample_in_first_stage": True, "downsample_in_bottleneck": True}
SQUARE = {"height": 32, "width": 32}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def clip(kind: str = "whole", **settings: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    config = hf.CLIPVisionConfig(**VISION | {"projection_dim": 12} | settings)
    if kind == "tower":
        return hf.CLIPVisionModel(config).eval()
    if kind == "projected":
        return hf.CLIPVisionModelWithProjection(config).eval()
    whole = hf.CLIPConfig(text_config=TEXT, vision_config=config.to_dict(), projection_dim=12)
    return hf.CLIPModel(whole).eval()


def resnet(kind: str = "classifier", **settings: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    network = {"bare": hf.ResNetModel, "classifier": hf.ResNetForImageClassification}[kind]
    made = network(hf.ResNetConfig(**BOTTLENECK | settings)).eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as if it had seen images
            torch.nn.init.normal_(module.running_mean, 0, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.normal_(module.weight, 1, 0.2)
    return made


def siglip() -> torch.nn.Module:
    return hf.SiglipModel(hf.SiglipConfig(text_config=TEXT, vision_config=VISION)).eval()


def siglip2() -> torch.nn.Module:
    vision = SIZES | {"patch_size": 8, "num_patches": 16}
    return hf.Siglip2Model(hf.Siglip2Config(text_config=TEXT, vision_config=vision)).eval()


def dinov2() -> torch.nn.Module:
    """Of larger images than its processor makes, as the published ones are."""
    config = hf.Dinov2Config(**SIZES, patch_size=8, image_size=56)
    return hf.Dinov2ForImageClassification(config).eval()


def vit() -> torch.nn.Module:
    return hf.ViTForImageClassification(hf.ViTConfig(**VISION)).eval()


def convnext() -> torch.nn.Module:
    config = hf.ConvNextConfig(
        hidden_sizes=[8, 16], depths=[1, 2], num_stages=2, layer_scale_init_value=0.5
    )
    return hf.ConvNextForImageClassification(config).eval()


PROCESSORS: dict[str, Any] = {
    "clip": lambda: hf.CLIPImageProcessorPil(crop_size=SQUARE, size={"shortest_edge": 32}),
    "siglip": lambda: hf.SiglipImageProcessorPil(size=SQUARE),
    "siglip2": lambda: hf.Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16),
    "dinov2": lambda: hf.BitImageProcessorPil(
        crop_size=SQUARE, size={"shortest_edge": 36}, **IMAGENET
    ),
    "vit": lambda: hf.ViTImageProcessorPil(size=SQUARE),
    "convnext": lambda: hf.ConvNextImageProcessorPil(size={"shortest_edge": 32}, **IMAGENET),
    "resnet": lambda: hf.ConvNextImageProcessorPil(size={"shortest_edge": 32}, **IMAGENET),
}
"""The image processors that come with these networks, for images of 32x32."""


def shown(name: str, images: np.ndarray) -> Any:
    """Images of the right size, as transformers prepares them."""
    left_out = {"do_resize": False} if name != "siglip2" else {}
    if name in ("clip", "dinov2"):
        left_out["do_center_crop"] = False
    given = [np.moveaxis(image, 0, -1) for image in images]
    return PROCESSORS[name]()(given, return_tensors="pt", **left_out)


def features(name: str, network: Any, images: np.ndarray) -> np.ndarray:
    """What transformers itself makes of them."""
    given = shown(name, images)
    with torch.no_grad():
        if name in ("clip", "siglip", "siglip2"):
            found = network.get_image_features(**given)
            return getattr(found, "pooler_output", found).numpy()
        if name == "vit":
            return network.vit(**given).last_hidden_state[:, 0].numpy()
        return getattr(network, name)(**given).pooler_output.flatten(1).numpy()


def saved(network: Any, folder: Path, name: str = "", **how: Any) -> Path:
    """Written to a folder, with the image processor of that name."""
    network.save_pretrained(folder, **how)
    if name:
        PROCESSORS[name]().save_pretrained(folder)
    return folder


def normalised(images: Any, usual: Any) -> torch.Tensor:
    scaled = torch.from_numpy(images).double() / 255
    mean, std = (
        torch.tensor(usual[key], dtype=torch.float64)[:, None, None]
        for key in ("image_mean", "image_std")
    )
    return ((scaled - mean) / std).float()
