"""Features of the image encoder of CLIP."""

from collections.abc import Mapping
from typing import Any

from ._pretrained import Pretrained


class Clip(Pretrained):
    """The image encoder of CLIP, trained to match images with their captions.

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
    supervision", ICML 2021.
    """

    references = ("radford2021",)
    name = "clip"
    version = "2"
    example = "openai/clip-vit-base-patch32"
    default = "ViT-B/32"
    takes = ("clip", "clip_vision_model")
    models: Mapping[str, tuple[str, Mapping[str, Any]]] = {  # type: ignore[misc]
        "ViT-B/32": ("clip", {}),
        "ViT-B/16": ("clip", {"patch_size": 16}),
        "ViT-L/14": (
            "clip",
            {
                "hidden_size": 1024,
                "intermediate_size": 4096,
                "num_hidden_layers": 24,
                "num_attention_heads": 16,
                "patch_size": 14,
                "projection_dim": 768,
            },
        ),
    }
    usual: Mapping[str, Any] = {  # type: ignore[misc]
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }
