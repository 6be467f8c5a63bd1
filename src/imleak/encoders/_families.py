"""Which networks of transformers there are, and what config.json may say of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._checkpoint import CONFIG, WeightsError

MOST_LAYERS, MOST, MOST_STAGES = 1_000, 65_536, 16
"""Layers in all; any other whole number; stages with widths or depths of their own."""

SETTINGS = frozenset(
    (
        *("depths", "embedding_size", "hidden_act", "hidden_size", "hidden_sizes", "image_size"),
        *("intermediate_size", "layer_norm_eps", "layer_scale_init_value", "layer_type"),
        *("layerscale_value", "mlp_ratio", "num_attention_heads", "num_channels"),
        *("num_hidden_layers", "num_patches", "num_register_tokens", "num_stages", "patch_size"),
        *("projection_dim", "qkv_bias", "use_mask_token", "use_swiglu_ffn", "vision_use_head"),
        *("downsample_in_bottleneck", "downsample_in_first_stage"),
    )
)
"""What is read of config.json: the architecture. All else is left to its default, also where
it would have transformers load code, adapters or another model."""

FLAGS = frozenset(
    (
        *("qkv_bias", "use_mask_token", "use_swiglu_ffn", "vision_use_head"),
        *("downsample_in_bottleneck", "downsample_in_first_stage"),
    )
)
FRACTIONS = frozenset(("layer_norm_eps", "layer_scale_init_value", "layerscale_value", "mlp_ratio"))

OTHER_PARTS = frozenset(
    ("classifier", "text_model", "text_projection", "logit_scale", "logit_bias", "position_ids")
)
"""Parts of a checkpoint that no features need."""


@dataclass(frozen=True)
class Family:
    """Networks of one architecture.

    Parameters
    ----------
    name : as users write it.
    config, network : classes of transformers.
    others : parts of a checkpoint that features do not need, beside `OTHER_PARTS`.
    any_size : whether it takes images of any size, or of one only.
    output : "pooler_output"; or another output, of which the first token is taken.
    """

    name: str
    config: str
    network: str
    others: frozenset[str] = frozenset()
    any_size: bool = False
    output: str = "pooler_output"

    def needs(self, key: str) -> bool:
        """Whether the weight of a key takes part in the features."""
        return not (OTHER_PARTS | self.others).intersection(key.split("."))


_CLIP = Family("clip", "CLIPVisionConfig", "CLIPVisionModel", frozenset(("visual_projection",)))
PROJECTED = Family(
    "clip", "CLIPVisionConfig", "CLIPVisionModelWithProjection", output="image_embeds"
)
"""CLIP after the projection to the space it shares with texts."""
_SIGLIP = Family("siglip", "SiglipVisionConfig", "SiglipVisionModel")
_SIGLIP2 = Family("siglip2", "Siglip2VisionConfig", "Siglip2VisionModel", any_size=True)
_VIT = Family("vit", "ViTConfig", "ViTModel", frozenset(("pooler",)), output="last_hidden_state")


def _pooled(name: str, classes: str) -> Family:
    return Family(name, f"{classes}Config", f"{classes}Model", any_size=True)


FAMILIES: Mapping[str, Family] = {
    "clip": _CLIP,
    "clip_vision_model": _CLIP,
    "siglip": _SIGLIP,
    "siglip_vision_model": _SIGLIP,
    "siglip2": _SIGLIP2,
    "siglip2_vision_model": _SIGLIP2,
    "vit": _VIT,
    "dinov2": _pooled("dinov2", "Dinov2"),
    "dinov2_with_registers": _pooled("dinov2_with_registers", "Dinov2WithRegisters"),
    "convnext": _pooled("convnext", "ConvNext"),
    "convnextv2": _pooled("convnextv2", "ConvNextV2"),
    "resnet": _pooled("resnet", "ResNet"),
}
"""By `model_type` of config.json."""


def architecture(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the image encoder, of config.json of it or of a model with one."""
    vision = config.get("vision_config", config)
    if not isinstance(vision, dict):
        raise WeightsError(f"{CONFIG} has a vision_config that is no table")
    found = {name: vision[name] for name in SETTINGS & vision.keys()}
    if vision is not config and "projection_dim" in config:
        found["projection_dim"] = config["projection_dim"]
    for name, value in found.items():
        if not _is_bounded(name, value):
            raise WeightsError(f"{CONFIG} has {name} {value!r:.60}: there is no such network")
    for name in ("num_hidden_layers", "depths"):
        given = found.get(name)
        layers = given if isinstance(given, list) else [given]
        if sum(each for each in layers if isinstance(each, int)) > MOST_LAYERS:
            raise WeightsError(f"{CONFIG} has more than {MOST_LAYERS} layers")
    return found


def _is_bounded(name: str, value: object) -> bool:
    """Whether a setting is of a size that networks have; transformers knows the rest."""
    if isinstance(value, list):
        return len(value) <= MOST_STAGES and all(_is_bounded(name, each) for each in value)
    if isinstance(value, bool | str):
        return isinstance(value, bool) == (name in FLAGS)
    lowest = 0 if name in FRACTIONS or name == "num_register_tokens" else 1
    kinds = int | float if name in FRACTIONS else int
    return value is None or (isinstance(value, kinds) and lowest <= value <= MOST)
