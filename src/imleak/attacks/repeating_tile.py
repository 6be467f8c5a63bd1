"""Does the keystream of an image repeat within the image?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from ..interfaces import Pair, Samples
from ._pairs import (
    FALSE_ALARM,
    FEWEST,
    Finding,
    Keystream,
    Operation,
    Signs,
    Values,
    keystreams,
    listed,
    majority,
    p_value,
    planes_of,
    require,
    self_agreement,
    signs,
    smallest_correlation,
)

LONGEST_SIDE = 64
"""Samples of the longest period along a row or a column."""
LONGEST_RUN = 4096
"""Samples of the longest period in raster order."""
LINES, LENGTH, RUN = 64, 256, 4 * LONGEST_RUN
"""Rows (or columns) and samples of each in which a period is sought, and samples in raster
order."""

EXACT = 0.9999
"""Agreement, -1..1, of what repeats. Without loss it is 1."""
CANDIDATES = 8
"""Lags of a direction for which whole images are compared."""
APART = 0.1
"""By how much what repeats agrees better with itself a period further than one sample more or
less: smooth content, taken for a keystream, agrees with its neighbours as well."""


@dataclass(frozen=True)
class Period:
    """How the keystream of an image repeats.

    Parameters
    ----------
    operation : of the keystream.
    p_value : of the evidence.
    share : of the encrypted bits that lie in planes that repeat.
    width, height : of a tile, in samples; 0 where it does not repeat in that direction.
    run : samples after which it repeats in raster order; 0 where it does not.
    is_shared : whether all channels, of several, have the same keystream.
    value : of a keystream that is the same everywhere, else None.
    samples : of the keystream that give all of it; 0 where that is a row or column of them.
    """

    operation: Operation
    p_value: float
    share: float
    width: int = 0
    height: int = 0
    run: int = 0
    is_shared: bool = False
    value: int | None = None
    samples: int = 0

    def __str__(self) -> str:
        done = "XORed with" if self.operation == "XOR" else "increased by"
        if self.value is not None:
            return f"{done} the same value everywhere"
        if self.run:
            return f"{done} a keystream that repeats every {self.run} samples in raster order"
        if self.width and self.height:
            return f"{done} a tile of {self.width}x{self.height} samples that repeats everywhere"
        if self.is_shared and not (self.width or self.height):
            return f"{done} one keystream in all channels"
        side = f"{self.width} columns" if self.width else f"{self.height} rows"
        return f"{done} a keystream that repeats every {side}"


def check(pairs: Sequence[Pair]) -> Finding:
    r"""Periods of keystreams: along rows and columns, in raster order, and across channels.

    The keystream is :math:`p \oplus c`, or :math:`c - p` modulo a power of two. Candidates are
    the lags at which the autocorrelation of a plane is 1 in an excerpt, and exceeds what a
    uniform keystream reaches with a chance of one in a million, over all lags, planes and
    images. Each is checked on the whole image: in some plane, every encrypted bit agrees with
    the one a period further.

    The figure is the share of images whose keystream repeats. The detail "seen in the ciphers
    alone" counts those where the cipher agrees with itself after the period, too, because
    flat areas of the plain image repeat the keystream.
    """
    require(pairs)
    found: dict[str, Period] = {}
    alone = 0
    for pair in pairs:
        plain, cipher = pair.load()
        tests = len(pairs) * 4 * pair.bits * (2 * LONGEST_SIDE + LONGEST_RUN)
        periods = [p for s in keystreams(plain, cipher) if (p := period_of(s, tests))]
        if periods:
            found[pair.name] = best = max(periods, key=_rank)
            alone += is_seen_alone(plain, cipher, best, tests)
    return Finding(
        check="repeating tile",
        found=bool(found),
        answer=_answer(found, alone, len(pairs)),
        figure=len(found) / len(pairs),
        unit="share of images",
        chance=0.0,
        smallest=1 / len(pairs),
        p_value=min((period.p_value for period in found.values()), default=1.0),
        images=tuple(found),
        of=len(pairs),
        details={
            "seen in the ciphers alone": alone,
            "samples in the shortest": min((p.samples for p in found.values()), default=0),
        },
    )


def period_of(stream: Keystream, tests: int) -> Period | None:
    """The shortest period of a keystream, if it has one.

    Parameters
    ----------
    tests : in how many places something is sought, in all images.
    """
    found: dict[str, int] = {}
    shares: dict[str, float] = {}
    p = 1.0
    row = stream.words.shape[0] * stream.words.shape[2]
    for direction, words, encrypted in directions(stream.words, stream.encrypted):
        for lag in candidates(words, encrypted, direction, tests):
            excess, count = self_agreement(words, encrypted, lag)
            is_exact = _is_exact(excess, count)
            if direction == "raster":  # in the next row as well
                is_exact &= _is_exact(*self_agreement(words, encrypted, -(-row // lag) * lag))
            is_proof = is_exact if lag == 1 else is_exact & ~_is_smooth(words, encrypted, lag)
            if is_proof.any():
                found[direction] = lag
                p = min(p, float(p_value(excess, count, tests)[is_proof].min()))
                shares[direction] = float(count[is_exact].sum() / count.sum())
                break
    if not found:
        return None
    width, height, run = (found.get(direction, 0) for direction in ("row", "column", "raster"))
    is_shared = "channel" in found
    tile = width * height * (1 if is_shared else len(stream.words))
    share = min(share for direction, share in shares.items() if direction != "raster" or not tile)
    period = Period(stream.operation, p, share, width, height, is_shared=is_shared, samples=tile)
    if run and (not tile or (run < tile and shares["raster"] >= share)):
        share = shares["raster"]
        return replace(period, share=share, width=0, height=0, run=run, samples=run)
    return replace(period, value=_only_value(stream)) if width == height == 1 else period


def _only_value(stream: Keystream) -> int | None:
    """The value of a keystream that has one; None where every channel has its own."""
    value = majority(stream.words, stream.encrypted)
    is_other = (stream.words != value) & (stream.encrypted != 0)
    return None if np.mean(is_other) > 1 - EXACT else value


def _is_exact(excess: Values, count: Values) -> NDArray[np.bool_]:
    """Planes that agree with themselves."""
    return excess >= EXACT * np.maximum(count, FEWEST)


def _is_smooth(words: Samples, encrypted: Samples, lag: int) -> NDArray[np.bool_]:
    """Planes that agree with themselves one sample before or after the lag as well."""
    beside = (self_agreement(words, encrypted, lag + step) for step in (-1, 1))
    means = [excess / np.maximum(count, 1) for excess, count in beside]
    return np.maximum(*means) > 1 - APART


def directions(words: Samples, encrypted: Samples) -> Iterator[tuple[str, Samples, Samples]]:
    """Two images (C, H, W) as lines (n, length): rows, columns, the channels of every pixel, and
    one line in raster order."""
    for direction, axis in (("row", 2), ("column", 1), ("channel", 0)):
        length = words.shape[axis]
        lines = (np.moveaxis(side, axis, -1).reshape(-1, length) for side in (words, encrypted))
        yield direction, next(lines), next(lines)
    in_order = (np.moveaxis(side, 0, -1).reshape(1, -1) for side in (words, encrypted))
    yield "raster", next(in_order), next(in_order)


def candidates(words: Samples, encrypted: Samples, direction: str, tests: int) -> list[int]:
    """Lags at which an excerpt of lines (n, length) agrees with itself: in most planes first, and
    the shortest of these."""
    is_raster = direction == "raster"
    at = _excerpt(encrypted, 1 if is_raster else LINES, RUN if is_raster else LENGTH)
    lines, counted = words[at], encrypted[at]
    planes = planes_of(counted)
    if not planes:
        return []
    longest = min(LONGEST_RUN if is_raster else LONGEST_SIDE, lines.shape[1] - 1)
    excess, count = autocorrelation(signs(lines, counted, planes), longest)
    is_alike = _is_exact(excess, count) & (p_value(excess, count, tests) < FALSE_ALARM)
    planes_alike = is_alike[:, 1:].sum(axis=0)
    lags: list[int] = (np.argsort(-planes_alike, kind="stable") + 1).tolist()
    return lags[: min(CANDIDATES, int(np.count_nonzero(planes_alike)))]


def autocorrelation(bits: Signs, longest: int) -> tuple[Values, Values]:
    """Sums of products of signs that are so many samples apart, and how many there are.

    Parameters
    ----------
    bits : (planes, n, length) signs.
    longest : lag.

    Returns
    -------
    excess, count : (planes, longest + 1).
    """
    size = next_fast_len(bits.shape[-1] + longest, real=True)

    def of(values: Signs) -> Values:
        power = (np.abs(rfft(values, size)) ** 2).sum(axis=1)
        return np.rint(irfft(power, size)[:, : longest + 1]).astype(np.float64)

    return of(bits), of(np.abs(bits))


def is_seen_alone(plain: Samples, cipher: Samples, period: Period, tests: int) -> bool:
    """Whether the cipher by itself agrees more after a period than one sample before or after."""
    stream = next(keystreams(plain, cipher))
    lags = {"row": period.width, "column": period.height, "raster": period.run, "channel": 0}
    for direction, words, encrypted in directions(cipher, stream.encrypted):
        if (lag := lags[direction]) > 1:
            means = []
            for step in (-1, 0, 1):
                excess, count = self_agreement(words, encrypted, lag + step)
                means.append(excess / np.maximum(count, 1))
            peaks = means[1] - np.maximum(means[0], means[2])
            if any(
                peak > 2 * smallest_correlation(n, tests)
                for peak, n in zip(peaks, count, strict=True)
            ):
                return True
    return False


def _excerpt(encrypted: Samples, lines: int, length: int) -> tuple[NDArray[np.int64], slice]:
    """Lines and part of each where most is encrypted."""
    columns = np.flatnonzero(encrypted.any(axis=0))
    if not columns.size:
        return np.zeros(1, np.int64)[:, None], slice(0, 1)
    middle = int(columns[len(columns) // 2])
    first = max(0, min(middle - length // 2, encrypted.shape[1] - length))
    part = slice(first, first + length)
    rows = np.flatnonzero(encrypted[:, part].any(axis=1))
    return rows[:: max(1, len(rows) // lines)][:lines], part


def _rank(period: Period) -> tuple[float, bool, int]:
    return period.share, period.samples > 0, -period.samples


def _answer(found: dict[str, Period], alone: int, of: int) -> str:
    if not found:
        return (
            f"No keystream repeats within its image: no tile of up to {LONGEST_SIDE}x"
            f"{LONGEST_SIDE} samples and no period of up to {LONGEST_RUN} samples in raster order."
        )
    kind, most = Counter(map(str, found.values())).most_common(1)[0]
    alike = [name for name, period in found.items() if str(period) == kind]
    others = f" (and {len(found) - most} with another period)" if len(found) > most else ""
    values = sorted({period.value for name in alike if (period := found[name]).value is not None})
    value = (
        f", {values[0]}" if len(values) == 1 else f", {len(values)} values in all" if values else ""
    )
    samples = found[alike[0]].samples
    known = f"{samples} samples" if samples > 1 else "one sample"
    reads = f"; who knows {known} of an image has all of it" if samples else ""
    are = "is" if most == 1 else "are"
    shows = f"; {alone} of the ciphers show it without the plain image" if alone else ""
    return f"The keystream repeats: {listed(alike, of)} {are} {kind}{value}{others}{reads}{shows}."
