"""How near the image that an adversary rebuilds comes to the plain one."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Bound, ImageError, Measurement, Null, Observation, Rebuilt, Samples
from ._fidelity import Scale, fidelity, scales
from ._observed import PerImage
from ._windows import Windows

Judge: TypeAlias = Callable[[Samples, Samples], Mapping[str, float]]
"""Rebuilt and plain image -> shares, by quantity."""
ROUNDING = 1 / 12
"""Mean squared error of rounding to integers: an image that is exactly right has no less."""


class Rebuild(PerImage):
    r"""The image that a rebuilder makes of the clear part, against the plain image.

    - ``exact samples``: the share of the samples of which something is hidden whose rebuilt
      value is that of the plain image;
    - ``bit errors, plane k``: the share of the hidden bits of plane k, 0 for the least
      significant one, that are wrong;
    - ``information, plane k``: with q the probability that the rebuilder gives to such a bit b
      of being 1, and H the entropy of its frequency in the image,
      :math:`I(b; \text{clear part}) \ge H(b) + E[b \log_2 q + (1 - b) \log_2 (1 - q)]`
      bits a sample. Nothing of the image was learned, so the bound holds for every image; the
      planes of one sample tell much the same, and their bits do not add up;
    - ``psnr``, ``ssim``, ``vif`` of the rebuilt image;
    - ``gradient correlation``: the correlation of its differences between neighbours, in rows
      and columns, with those of the plain image, where one of the two is hidden. It does not
      see a shift of all tones, as eyes do not, and falls with every false edge;
    - what the rebuilder itself counts, such as the share of blocks that it puts at their place.

    Beside each stands the same of another plain image: what a rebuilt image has in common with
    one it was not made of. PSNR counts the error of rounding, 1/12, so that the mean over
    images is finite where one is exactly right.

    References
    ----------
    Cover, Thomas, "Elements of information theory", 2nd ed., theorem 2.6.5 and section 2.10.
    """

    name = "rebuild"
    version = "2"
    references = ("cover2006",)
    unit = "several"
    needs_rebuilt = True

    def measure(self, observation: Observation) -> list[Measurement]:
        """Every quantity at every level at which there is a rebuilt image. Raises ImageError if
        there is none at any."""
        own = _Compared(observation.plain, observation.bits)
        other = None if observation.other is None else observation.other()
        found: list[Measurement] = []
        for level in observation.levels:
            rebuilt = observation.rebuilt(level) if observation.rebuilt else None
            if rebuilt is None or observation.hidden is None:
                continue
            hidden = observation.hidden(level)
            judge = partial(observation.judge, level) if observation.judge else None
            nulls = {}
            if other is not None:
                nulls = _of_other(other, observation.bits, rebuilt, hidden, judge)
            for quantity, figure in _figures(own, rebuilt, hidden, judge).items():
                null = nulls.get(quantity)
                found.append(
                    self.at(
                        level,
                        figure.value,
                        quantity=quantity,
                        bound=figure.bound,
                        unit=figure.unit,
                        ceiling=figure.ceiling,
                        null=None if null is None else Null(null.value, null.value),
                    )
                )
        if not found:
            raise ImageError("there is no rebuilt image of it at any level")
        return found


class _Figure(NamedTuple):
    """A number with what it is."""

    value: float
    unit: str
    ceiling: float | None = None
    bound: Bound = "none"


class _Compared:
    """A plain image, with what it takes to compare others with it, made when it is needed."""

    def __init__(self, plain: Samples, bits: int) -> None:
        self.plain, self.bits = plain, bits

    @cached_property
    def windows(self) -> Windows:
        return Windows.of(self.plain, self.bits)

    @cached_property
    def scales(self) -> list[Scale]:
        return scales(self.plain, self.bits)


def _figures(
    own: _Compared, rebuilt: Rebuilt, hidden: Samples, judge: Judge | None
) -> dict[str, _Figure]:
    """Every figure by its quantity.

    Parameters
    ----------
    hidden : (C, H, W) words whose bits are set where those of the sample are hidden.
    judge : further shares of the rebuilder.
    """
    found = dict(_of_samples(own.plain, rebuilt, hidden))
    samples, bits = rebuilt.samples, own.bits
    error = float(np.mean((own.plain.astype(np.float64) - samples) ** 2)) + ROUNDING
    found["psnr"] = _Figure(10 * math.log10((2**bits - 1) ** 2 / error), "dB")
    with suppress(ImageError):  # of images too small for it
        found["ssim"] = _Figure(own.windows.similarity(samples), "1", 1.0)
    with suppress(ImageError):
        found["vif"] = _Figure(fidelity(own.scales, samples, bits), "1")
    likeness = gradient_correlation(own.plain, samples, hidden != 0)
    found["gradient correlation"] = _Figure(likeness, "1", 1.0)
    if judge is not None:
        shares = judge(samples, own.plain).items()
        found |= {quantity: _Figure(share, "share", 1.0) for quantity, share in shares}
    return found


def _of_samples(plain: Samples, rebuilt: Rebuilt, hidden: Samples) -> Iterator[tuple[str, _Figure]]:
    """What is right of samples and of bits."""
    wrong = (rebuilt.samples ^ plain) & hidden
    concerned = hidden != 0
    if concerned.any():
        yield "exact samples", _Figure(float(np.mean(wrong[concerned] == 0)), "share", 1.0)
    for plane in reversed(range(int(np.bitwise_or.reduce(hidden, axis=None)).bit_length())):
        of_plane = hidden.dtype.type(1 << plane)
        concerned = hidden & of_plane != 0
        if not concerned.any():
            continue
        errors = float(np.mean(wrong[concerned] & of_plane != 0))
        yield f"bit errors, plane {plane}", _Figure(errors, "share", 1.0)
        if plane in rebuilt.hidden:
            bits = plain[concerned] & of_plane != 0
            told, entropy = information(bits, rebuilt.hidden[plane][concerned])
            figure = _Figure(told, "bit/sample", entropy, "lower")
            yield f"information, plane {plane}", figure


def information(bits: NDArray[np.bool_], probabilities: NDArray[np.float32]) -> tuple[float, float]:
    """Bits that probabilities of being 1 tell of bits (n,) at least, and the entropy of these."""
    told = np.where(bits, probabilities, 1 - probabilities.astype(np.float64))
    cross_entropy = -float(np.mean(np.log2(np.maximum(told, np.finfo(np.float64).tiny))))
    share = float(bits.mean())
    entropy = -sum(one * math.log2(one) for one in (share, 1 - share) if one)
    return entropy - cross_entropy, entropy


def gradient_correlation(
    plain: Samples, other: Samples, concerned: NDArray[np.bool_] | None = None
) -> float:
    """Correlation of the differences between neighbours of two images (C, H, W), in rows and
    columns; 0 where one of them is constant.

    Parameters
    ----------
    concerned : (C, H, W) samples of which one at least is in every difference; None of all.
    """
    counted = np.ones(plain.shape, bool) if concerned is None else concerned
    one, two = (
        np.concatenate(
            [
                np.diff(samples.astype(np.float64), axis=1)[counted[:, 1:] | counted[:, :-1]],
                np.diff(samples.astype(np.float64), axis=2)[counted[..., 1:] | counted[..., :-1]],
            ]
        )
        for samples in (plain, other)
    )
    norm = math.sqrt(float(one @ one) * float(two @ two))
    return float(one @ two) / norm if norm else 0.0


def _of_other(
    other: Samples, bits: int, rebuilt: Rebuilt, hidden: Samples, judge: Judge | None
) -> dict[str, _Figure]:
    """The same figures against an image that was not rebuilt, in the part both have."""
    shape = [min(sides) for sides in zip(other.shape, rebuilt.samples.shape, strict=True)]
    both = tuple(slice(side) for side in shape)
    part = Rebuilt(
        rebuilt.samples[both],
        rebuilt.confidence[both],
        {plane: of[both] for plane, of in rebuilt.hidden.items()},
    )
    return _figures(_Compared(other[both], bits), part, hidden[both], judge)
