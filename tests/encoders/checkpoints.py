"""Small networks of transformers, in the format it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    CLIPVisionModelWithProjection,
    ResNetConfig,
    ResNetForImageClassification,
    ResNetModel,
)

VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
    "projection_dim": 12,
}
TEXT = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 20,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
BOTTLENECK = {"embedding_size": 8, "hidden_sizes": [16, 32], "depths": [2, 1]}
BASIC = {**BOTTLENECK, "layer_type": "basic"}
EARLY = {**BOTTLENECK, "downsample_in_first_stage": True, "downsample_in_bottleneck": True}


def clip(kind: str, **settings: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    config = CLIPVisionConfig(**VISION | settings)
    if kind == "tower":
        return CLIPVisionModel(config).eval()
    if kind == "projected":
        return CLIPVisionModelWithProjection(config).eval()
    whole = CLIPConfig(text_config=TEXT, vision_config=config.to_dict(), projection_dim=12)
    return CLIPModel(whole).eval()


def resnet(kind: str, **settings: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    network = {"bare": ResNetModel, "classifier": ResNetForImageClassification}[kind]
    made = network(ResNetConfig(**settings)).eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as if it had seen pictures
            torch.nn.init.normal_(module.running_mean, 0, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.normal_(module.weight, 1, 0.2)
    return made


def saved(network: Any, folder: Path) -> Path:
    network.save_pretrained(folder)
    return folder


def normalised(pictures: Any, mean: Any, std: Any) -> torch.Tensor:
    shown = torch.from_numpy(pictures).double() / 255
    channels = (torch.tensor(of, dtype=torch.float64)[:, None, None] for of in (mean, std))
    mean, std = channels
    return ((shown - mean) / std).float()
