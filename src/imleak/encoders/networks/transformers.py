"""Networks of transformers: built, filled with weights, and made fast."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isqrt
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from transformers.utils import logging

from .._checkpoint import CONFIG, SAVE_AGAIN, Checkpoint, WeightsError
from .._families import Family
from .._network import short

MOST_WEIGHTS = 1 << 33
"""Weights of a network without a checkpoint to compare with."""


class Features(nn.Module):
    """(n, 3, H, W) normalised images to (n, d) features."""

    def __init__(self, network: nn.Module, output: str) -> None:
        super().__init__()
        self.inner = network
        self.output = output

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = getattr(self.inner(pixel_values=x), self.output)
        return found[:, 0] if self.output == "last_hidden_state" else found.flatten(1)


class PatchFeatures(Features):
    """For a network that takes an image as a list of its patches (SigLIP 2, NaFlex)."""

    def forward(self, x: Tensor) -> Tensor:
        side: int = self.inner.config.patch_size  # type: ignore[union-attr,assignment]
        n, rows, columns = len(x), x.shape[2] // side, x.shape[3] // side
        cells = x.view(n, 3, rows, side, columns, side).permute(0, 2, 4, 3, 5, 1)
        shapes = torch.tensor([[rows, columns]], device=x.device).expand(n, 2)
        found: Tensor = self.inner(
            pixel_values=cells.reshape(n, rows * columns, -1),
            pixel_attention_mask=torch.ones(n, rows * columns, device=x.device, dtype=torch.int64),
            spatial_shapes=shapes,
        ).pooler_output
        return found


def configured(family: Family, settings: Mapping[str, Any], where: str) -> Any:
    """The configuration of a network.

    Parameters
    ----------
    settings : of config.json.
    where : to find it, for errors.
    """
    try:
        config = getattr(transformers, family.config)(**settings)
        sides = config.image_size if hasattr(config, "image_size") else None
        square = not isinstance(sides, list | tuple) or len(set(sides)) == 1
        if config.num_channels != 3 or not square:
            raise ValueError("it does not take square images of three channels")  # noqa: TRY301
        dimension(config, family), input_side(config)
    except Exception as error:  # of validators: any
        raise _no_network(family, where, error) from error
    return config


def input_side(config: Any) -> int | None:
    """Side of the images a network was made for, in pixels; None if it does not say."""
    if hasattr(config, "num_patches"):
        return int(config.patch_size) * isqrt(config.num_patches)
    side = getattr(config, "image_size", None)
    return side[0] if isinstance(side, list | tuple) else side


def dimension(config: Any, family: Family) -> int:
    """Dimension of the features."""
    if family.output == "image_embeds":
        return int(config.projection_dim)
    return int(config.hidden_size if hasattr(config, "hidden_size") else config.hidden_sizes[-1])


def weights(family: Family, config: Any, where: str) -> int:
    """How many a network has, found without memory for them."""
    with torch.device("meta"):
        return sum(each.numel() for each in _empty(family, config, where).parameters())


def loaded(family: Family, config: Any, checkpoint: Checkpoint) -> nn.Module:
    """A network with the weights of a checkpoint: every one of its own, and no other."""
    count = weights(family, config, str(checkpoint.folder / CONFIG))
    if count > checkpoint.size:  # of a byte each at the least
        raise WeightsError(
            f"{checkpoint.folder}: {CONFIG} asks for {count:.2g} weights, and its files of "
            f"weights have {checkpoint.size:.2g} bytes; {SAVE_AGAIN}"
        )
    state = checkpoint.weights(family.needs)
    with _quiet():
        network, found = getattr(transformers, family.network).from_pretrained(
            None,
            config=config,
            state_dict=state,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,  # raised below, with their names
            output_loading_info=True,
            **_arguments(family),
        )
    _check_keys(checkpoint, found)
    for name, weight in network.named_parameters():
        if not weight.isfinite().all():
            raise WeightsError(f"{checkpoint.folder}: key {name!r} is not finite; {SAVE_AGAIN}")
    return _made_fast(network, family)


def initialised(family: Family, config: Any, seed: int) -> nn.Module:
    """An untrained network, as training begins; leaves the global random numbers alone."""
    if (count := weights(family, config, family.name)) > MOST_WEIGHTS:
        raise WeightsError(f"{family.name} of {count:.2g} weights: there is no such network")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return _made_fast(_empty(family, config, family.name), family)


def _arguments(family: Family) -> dict[str, Any]:
    """What the class of a network takes beside its configuration."""
    return {"add_pooling_layer": False} if family.name == "vit" else {}


def _empty(family: Family, config: Any, where: str) -> Any:
    try:
        return getattr(transformers, family.network)(config, **_arguments(family))
    except Exception as error:  # of modules that cannot be: any
        raise _no_network(family, where, error) from error


def _no_network(family: Family, where: str, error: Exception) -> WeightsError:
    return WeightsError(f"{where} is of no {family.name} network: {short(error)}")


def _check_keys(checkpoint: Checkpoint, found: Mapping[str, Any]) -> None:
    where = f"{checkpoint.folder}: "
    other = f"the weights are of another network than {CONFIG} says"
    missing = sorted(k for k in found["missing_keys"] if not k.endswith("num_batches_tracked"))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise WeightsError(f"{where}key {missing[0]!r}{more} missing; {other}")
    if found["unexpected_keys"]:
        raise WeightsError(f"{where}unexpected key {min(found['unexpected_keys'])!r}; {other}")
    for key, given, wanted in sorted(found["mismatched_keys"]):
        raise WeightsError(f"{where}key {key!r} has shape {tuple(given)}, not {tuple(wanted)}")
    if found["error_msgs"]:
        raise WeightsError(f"{where}{' '.join(map(str, found['error_msgs'])):.200}")


def _made_fast(network: nn.Module, family: Family) -> nn.Module:
    """Batch normalisation in the weights of convolutions, and these with channels last."""
    network.eval().requires_grad_(False)
    for module in network.modules():
        norm = getattr(module, "normalization", None)
        if isinstance(norm, nn.BatchNorm2d):
            convolution: Any = module.convolution
            module.convolution = fuse_conv_bn_eval(convolution, norm)
            module.normalization = nn.Identity()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    kind = PatchFeatures if family.name == "siglip2" else Features
    return kind(network, family.output)


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and reports: what is wrong is raised."""
    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
