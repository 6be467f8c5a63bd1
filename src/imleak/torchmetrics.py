"""Measures of imleak as metrics of torchmetrics, for loops that train or evaluate networks.

They need ``pip install 'imleak[torchmetrics]'``. As everywhere in torchmetrics, what is looked at
comes first and the truth second: here the clear part, then the plain image.

>>> from imleak.torchmetrics import Histogram
>>> import torch
>>> plain = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
>>> float(Histogram()(plain & 31, plain))  # five of eight planes are left
5.0
"""

from typing import Any

import torch
from torch import Tensor

from .attacks.match import Match as MatchAttack
from .interfaces import ImleakError, NotInstalledError, WholeImages

try:
    from torchmetrics import Metric
    from torchmetrics.utilities.data import dim_zero_cat
except ModuleNotFoundError as error:
    raise NotInstalledError(
        "torchmetrics is not installed: pip install 'imleak[torchmetrics]'"
    ) from error


class Histogram(Metric):
    r"""Mutual information of a plain sample and the sample of the clear part in its place, in bits.

    .. math:: I(X; Y) = H(X) + H(Y) - H(X, Y)

    of the counts of one image and channel; the mean over channels, then over images. Where the
    clear part is a function of the plain sample, as of bit-planes, it is exact and what the
    measure ``histogram`` of a study gives. Of other schemes it is the plug-in, which finds
    information in noise too: no bound, and larger than that measure, which takes a null off.
    Counted on the device of the samples.

    Parameters
    ----------
    options : of ``torchmetrics.Metric``.

    References
    ----------
    Messadi, Cervia and Itier, equation (7).
    """

    is_differentiable = False
    full_state_update = False

    bits: Tensor
    images: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_state("bits", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("images", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, clear: Tensor, plain: Tensor) -> None:
        """Count a batch.

        Parameters
        ----------
        clear, plain : (n, C, H, W) samples, integers from 0.

        Raises
        ------
        ImleakError
            If shapes differ, or samples are no integers.
        """
        if clear.shape != plain.shape or plain.ndim != 4 or not plain.numel():
            raise ImleakError(
                f"clear parts {tuple(clear.shape)} and plain images {tuple(plain.shape)} "
                "are two tensors of one shape (n, channels, height, width)"
            )
        if clear.is_floating_point() or plain.is_floating_point():
            raise ImleakError("samples are integers from 0; scale and round them before")
        channels = zip(clear.flatten(0, 1), plain.flatten(0, 1), strict=True)
        found = torch.stack([_information(x.flatten(), y.flatten()) for y, x in channels])
        self.bits += found.reshape(plain.shape[:2]).mean(1).sum()
        self.images += len(plain)

    def compute(self) -> Tensor:
        """Bits a sample, the mean over all images."""
        mean: Tensor = self.bits / self.images
        return mean


def _information(x: Tensor, y: Tensor) -> Tensor:
    pairs = (x.long() << 32) | y.long()
    return _entropy(x) + _entropy(y) - _entropy(pairs)


def _entropy(values: Tensor) -> Tensor:
    """Plug-in entropy in bits."""
    counts = torch.unique(values, return_counts=True)[1].double()
    shares = counts / counts.sum()
    bits: Tensor = -(shares * shares.log2()).sum()
    return bits


class Match(Metric):
    """How often the plain image of a clear part is found among all of them, by vectors of both.

    The measure ``match`` of a study in one space: shares found, and lower bounds in bits; see
    :class:`imleak.attacks.match.Match`. It is of all images that were seen, so ``forward``, which
    also gives the value of every batch, needs batches of four images or more.

    Parameters
    ----------
    seed : of ties, halves and broken pairs.
    options : of ``torchmetrics.Metric``.
    """

    is_differentiable = False
    full_state_update = False

    clear: list[Tensor]
    plain: list[Tensor]

    def __init__(self, *, seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed
        self.add_state("clear", [], dist_reduce_fx="cat")
        self.add_state("plain", [], dist_reduce_fx="cat")

    def update(self, clear: Tensor, plain: Tensor) -> None:
        """Keep the vectors of a batch.

        Parameters
        ----------
        clear, plain : (n, d) vectors, such as features, of clear parts and of their images.

        Raises
        ------
        ImleakError
            If they are not of one such shape.
        """
        if clear.shape != plain.shape or plain.ndim != 2:
            raise ImleakError(
                f"clear parts {tuple(clear.shape)} and plain images {tuple(plain.shape)} "
                "are two tensors of one shape (n, dimensions)"
            )
        self.clear.append(clear.detach().float())
        self.plain.append(plain.detach().float())

    def compute(self) -> dict[str, Tensor]:
        """By quantity: ``rank-1``, ``rank-5``, ``reciprocal rank``, ``bits (Fano)`` and
        ``bits (InfoNCE)``. Raises ImleakError if there are fewer than four images."""
        clear, plain = dim_zero_cat(self.clear), dim_zero_cat(self.plain)
        groups = torch.arange(len(plain)).numpy()
        space = WholeImages((1,), plain.cpu().numpy(), clear.cpu().numpy()[None], groups)
        found = MatchAttack().judge({"vectors": space}, seed=self.seed)
        return {str(one.quantity): torch.tensor(one.value, device=plain.device) for one in found}
