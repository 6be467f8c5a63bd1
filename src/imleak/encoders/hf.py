"""Features of the image encoders of the Hugging Face hub."""

from collections.abc import Mapping
from typing import Any

from ._families import FAMILIES
from ._pretrained import Pretrained


class HuggingFace(Pretrained):
    """CLIP, SigLIP, DINOv2, ViT, ConvNeXt or ResNet of the Hugging Face hub or of a folder.

    config.json says which network it is; the configuration of its image processor, how an
    image is shown. Patches are cut at the size of its input, and not resized.

    The features are those that stand for the whole image: of CLIP its embedding, of SigLIP,
    DINOv2, ConvNeXt and ResNet the pooled output, of ViT the first token after the last
    normalisation, which is what its classifier sees.

    Parameters
    ----------
    weights : ``ORG/NAME[@REVISION]`` of the hub, ``local-dir:FOLDER``, or ``random:SEED``: an
        untrained network as a control: does the architecture see the leak, or the training?
    model : for random weights only: "clip", "siglip", "siglip2", "dinov2", "vit",
        "convnext", "resnet" and others, each as transformers builds it by default.
    features : of CLIP "projected", to the space shared with captions (the default), or
        "pooled", before that.
    device, precision, batch_size : see :class:`Network`.

    Raises
    ------
    ImleakError
        If weights are not given or not there, or an option has no such value.

    References
    ----------
    Wolf et al., "Transformers: state-of-the-art natural language processing", EMNLP 2020.
    """

    references = ("wolf2020",)
    name = "hf"
    example = "facebook/dinov2-base"
    takes = tuple(FAMILIES)
    models: Mapping[str, tuple[str, Mapping[str, Any]]] = {  # type: ignore[misc]
        family.name: (key, {}) for key, family in FAMILIES.items()
    }
