"""Features of the image encoder of CLIP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..interfaces import ImleakError
from ..machine import Precision
from ._pretrained import Pretrained
from ._weights import WeightsError

if TYPE_CHECKING:
    from torch import nn

    from ._clip import Architecture

PREFIX = "vision_model."


class Clip(Pretrained):
    """The image encoder of CLIP, trained to match pictures with their captions.

    A vision transformer, by default as wide and deep as ViT-B. The paper's encoder. Its
    weights are brought by the user.

    Parameters
    ----------
    weights : ``local-dir:FOLDER`` or ``hf-hub:ORG/NAME[@REVISION]``, a checkpoint of
        transformers of CLIP or of its vision tower; or ``random:SEED``, an untrained
        network as a control: does the architecture see the leak, or the training?
    model : "ViT-B/32" (the default), "ViT-B/16" or "ViT-L/14"; for random weights only.
    features : "projected", in the space shared with captions (512 of ViT-B), or
        "pooled", before that (768).
    device, precision, batch_size : see :class:`Network`.

    Raises
    ------
    ImleakError
        If weights are not given or not there, or an option has no such value.

    References
    ----------
    Radford et al., "Learning transferable visual models from natural language
    supervision", ICML 2021. Normalisation and weights as in transformers.
    """

    name = "clip"
    repository = "openai/clip-vit-base-patch32"
    model_types = ("clip", "clip_vision_model")
    models: Mapping[str, Mapping[str, Any]] = {  # type: ignore[misc]
        "ViT-B/32": {},
        "ViT-B/16": {"patch_size": 16},
        "ViT-L/14": {
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "patch_size": 14,
            "projection_dim": 768,
        },
    }
    mean = (0.48145466, 0.4578275, 0.40821073)
    std = (0.26862954, 0.26130258, 0.27577711)

    def __init__(
        self,
        weights: str = "",
        *,
        model: str | None = None,
        features: Literal["projected", "pooled"] = "projected",
        device: str = "cpu",
        precision: Precision = "auto",
        batch_size: int = 32,
    ) -> None:
        if features not in ("projected", "pooled"):
            raise ImleakError(f"features is 'projected' or 'pooled', not {features!r}")
        self.features = features
        super().__init__(
            weights,
            model,
            {"features": features},
            device=device,
            precision=precision,
            batch_size=batch_size,
        )
        a: Architecture = self.architecture
        self.dimension = a.projection_dim if features == "projected" else a.hidden_size

    def read(self, config: Mapping[str, Any]) -> Architecture:
        from ._clip import Architecture

        return Architecture.of(config)

    def side(self) -> int:
        side: int = self.architecture.image_size
        return side

    def build(self) -> nn.Module:
        from ._clip import VisionTower

        return VisionTower(self.architecture, self.features == "projected")

    def load(self) -> nn.Module:
        try:
            return super().load()
        except WeightsError as error:
            if "key 'visual_projection.weight' missing" not in str(error):
                raise
            raise WeightsError(
                f"{error}; or take features=pooled, before the projection"
            ) from error

    def rename(self, key: str) -> str | None:
        """Checkpoints of a whole CLIP have texts too, those of a bare tower no prefix."""
        if key.startswith("text_") or key == "logit_scale" or key.endswith("position_ids"):
            return None
        if key == "visual_projection.weight":
            return key if self.features == "projected" else None
        return key.removeprefix(PREFIX)

    def _unusual(self) -> dict[str, Any]:
        return {"features": self.features} if self.features != "projected" else {}
