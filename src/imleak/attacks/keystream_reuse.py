"""Is one keystream used for several images?"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Pair, Samples
from ._pairs import (
    FALSE_ALARM,
    FEWEST,
    Finding,
    Operation,
    Signs,
    Values,
    agreement,
    keystreams,
    listed,
    p_value,
    percent,
    planes_of,
    require,
    signs,
    smallest_correlation,
)

MOST_IMAGES = 1000
"""Images that are compared each with each; of more, as many that lie evenly in the list."""
POSITIONS, WORDS = 1 << 14, 1 << 22
"""Samples at which keystreams are compared: of an image, and of all images."""
CONFIRMED = 4
"""Pairs of images, of one operation and one alignment, that are compared sample by sample."""
LAGS, EXCERPT = 64, 1 << 16
"""How far two keystreams are shifted against each other, and how many samples of them."""
PEAK = 8.0
"""Standard deviations over lags by which a keystream that was used twice stands out."""
SAME = 0.9999
"""Mean product of signs of two keystreams that are one, whatever they look like."""
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Alignment:
    """How samples of two images meet if one keystream is used for both.

    Parameters
    ----------
    title : as it is written.
    lines : of an image (C, H, W), in two dimensions; samples at the same two indices meet.
    longest : of each dimension.
    """

    title: str
    lines: Callable[[Samples], Samples]
    longest: tuple[int, int]


ALIGNMENTS = (
    Alignment("at the same row and column", lambda image: image[0], (1 << 14, 1 << 14)),
    Alignment(
        "in raster order", lambda image: np.moveaxis(image, 0, -1).reshape(1, -1), (1, 1 << 27)
    ),
    Alignment(
        "in raster order, channel after channel", lambda image: image.reshape(1, -1), (1, 1 << 27)
    ),
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Every two keystreams under one operation and one alignment, at some of their samples.

    Parameters
    ----------
    operation, alignment : of the keystreams.
    correlation : (n, n) of the bits of the plane that correlates best, in size; 0 where the
        two cannot be compared.
    p_value : (n, n), corrected for all comparisons.
    count : bits that were compared in a plane, in half of the comparisons; 0 without any.
    """

    operation: Operation
    alignment: Alignment
    correlation: Values
    p_value: Values
    count: float


@dataclass(frozen=True)
class Reuse:
    """One keystream for several images.

    Parameters
    ----------
    comparison : which showed it.
    images : their numbers.
    pairs : of images that show it.
    agreement : share of equal bits, in the plane of two of the images that agrees best.
    explained : mean product of signs over all encrypted bits of the two, in size.
    """

    comparison: Comparison
    images: tuple[int, ...]
    pairs: int
    agreement: float
    explained: float


def check(pairs: Sequence[Pair]) -> Finding:
    r"""Agreement of the keystreams of every two images, in every plane.

    The keystream is :math:`p \oplus c`, or :math:`c - p` modulo a power of two. Those of two
    images meet at the same row and column or, in images of different sizes, at the same place
    in raster order, pixel after pixel or channel after channel. Bits that are not encrypted do
    not count, nor do pairs of equal plain images or of equal ciphers. Where both keystreams are
    uniform and fresh, half of the bits agree.

    Evidence is an agreement, or a disagreement, that has a chance of one in a million over all
    comparisons. It may still be the images' doing, where the scheme is no keystream: then the
    two agree as well if one is shifted. So it has to stand out by eight standard deviations
    from the agreement at 128 shifts, and from that one sample before and after; or be complete.

    The figure is the share of bits that agree, in the plane and the images that agree best.
    """
    require(pairs)
    some = np.linspace(0, len(pairs) - 1, min(len(pairs), MOST_IMAGES), dtype=int)
    chosen = [pairs[at] for at in some]
    tests = 2 * len(ALIGNMENTS) * max(pair.bits for pair in pairs) * len(chosen) ** 2
    comparisons = compare(chosen, tests)
    reuses = [reuse for comparison in comparisons if (reuse := confirm(chosen, comparison))]
    best = max(reuses, key=lambda reuse: (reuse.pairs, reuse.explained), default=None)
    count = max(comparison.count for comparison in comparisons)
    smallest = (1 + smallest_correlation(count, tests)) / 2
    largest = max(float(c.correlation.max()) for c in comparisons)
    names = tuple(chosen[number].name for number in best.images) if best else ()
    p = min(float(c.p_value.min()) for c in comparisons)
    if best:
        answer = _reused(best, names, len(chosen))
    elif not count:
        answer = "Whether images share a keystream cannot be seen: no two have encrypted bits."
    elif p < FALSE_ALARM:
        answer = (
            "No keystream is used twice: ciphers differ from their plain images alike, but no "
            "less so when one is shifted, so it is the images that are alike."
        )
    else:
        answer = (
            f"No keystream is used twice among {len(chosen)} images: "
            f"{percent(smallest)} of equal bits in one plane would be seen."
        )
    return Finding(
        check="keystream reuse",
        found=best is not None,
        answer=answer,
        figure=best.agreement if best else (1 + largest) / 2,
        unit="share of bits",
        chance=0.5,
        smallest=smallest if count else None,
        p_value=p,
        images=names,
        of=len(chosen),
    )


def compare(pairs: Sequence[Pair], tests: int) -> list[Comparison]:
    """Every two keystreams, under every operation and alignment."""
    excerpts, digests = excerpts_of(pairs)
    is_pair = np.triu((digests[:, None] != digests[None]).all(axis=-1))
    found = []
    for (operation, alignment), (words, encrypted) in excerpts.items():
        is_used = encrypted.any(axis=0)
        excess, count = _products(words[:, is_used], encrypted[:, is_used])
        count[:, ~is_pair] = 0
        is_enough = count >= FEWEST
        correlation = np.where(is_enough, np.abs(excess) / np.maximum(count, 1), 0)
        p = np.where(is_enough, p_value(excess, count, tests), 1)
        typical = float(np.median(count[is_enough])) if is_enough.any() else 0.0
        best = correlation.max(axis=0, initial=0), p.min(axis=0, initial=1)
        found.append(Comparison(operation, alignment, *best, typical))
    return found


def excerpts_of(
    pairs: Sequence[Pair],
) -> tuple[dict[tuple[Operation, Alignment], tuple[Samples, Samples]], NDArray[np.bytes_]]:
    """Words of every keystream and which of their bits count, (n, positions) each, by
    operation and alignment; and digests of every plain image and its cipher, (n, 2)."""
    most = min(POSITIONS, WORDS // len(pairs))
    places = {alignment: positions(alignment.longest, most) for alignment in ALIGNMENTS}
    kind = np.uint8 if all(pair.bits <= 8 for pair in pairs) else np.uint16

    def room(at: Integers) -> tuple[Samples, Samples]:
        return np.zeros((len(pairs), len(at[0])), kind), np.zeros((len(pairs), len(at[0])), kind)

    kinds = product(get_args(Operation), places.items())
    found = {(operation, alignment): room(at) for operation, (alignment, at) in kinds}
    digests = []
    for number, pair in enumerate(pairs):
        plain, cipher = pair.load()
        digests.append([hashlib.sha256(side.tobytes()).hexdigest() for side in (plain, cipher)])
        for stream in keystreams(plain, cipher):
            for alignment, at in places.items():
                lines = alignment.lines(stream.words), alignment.lines(stream.encrypted)
                inside = (at < np.array(lines[0].shape)[:, None]).all(axis=0)
                for out, line in zip(found[stream.operation, alignment], lines, strict=True):
                    out[number, inside] = line[tuple(at[:, inside])]
    return found, np.array(digests)


def positions(longest: tuple[int, int], count: int) -> Integers:
    """Rows and columns, (2, n <= count), as many between one power of two and the next: images
    of any two sizes have some in common."""
    rng = np.random.default_rng(0)
    octaves = max(longest).bit_length()
    found = []
    for size in (1 << k for k in range(octaves)):
        inside = rng.integers(0, np.minimum(size, longest)[:, None], (2, 4 * count // octaves))
        is_new = inside.max(axis=0) >= size // 2
        found.append(inside[:, is_new][:, : count // octaves])
    return np.unique(np.hstack(found), axis=1)


def confirm(pairs: Sequence[Pair], comparison: Comparison) -> Reuse | None:
    """The images of one keystream, after two of them were compared sample by sample."""
    is_evidence = comparison.p_value < FALSE_ALARM
    first, second = np.nonzero(is_evidence)
    order = np.argsort(-comparison.correlation[first, second], kind="stable")
    for at in order[:CONFIRMED]:
        one, other = int(first[at]), int(second[at])
        means, counts = _common(pairs[one], pairs[other], comparison)
        if means is None:
            continue
        is_alike = 2 * comparison.correlation > comparison.correlation[one, other]
        alike = np.nonzero(is_evidence & is_alike)
        images = tuple(np.unique(alike).tolist())
        best = int(np.argmax(np.abs(means)))
        explained = float(np.average(np.abs(means), weights=counts))
        agreement = float(1 + means[best]) / 2
        return Reuse(comparison, images, len(alike[0]), agreement, explained)
    return None


def _common(one: Pair, other: Pair, how: Comparison) -> tuple[Values | None, Values]:
    """Mean product of signs of every plane of two whole images, and how many there are; no
    mean if they agree as well when one is shifted."""
    (a, of_a), (b, of_b) = _aligned(one, how), _aligned(other, how)
    rows, columns = np.minimum(a.shape, b.shape)
    a, of_a, b, of_b = (side[:rows, :columns].reshape(-1) for side in (a, of_a, b, of_b))
    means, counts = _means(a, of_a, b, of_b, 0)
    is_complete = bool((np.abs(means)[counts > 0] >= SAME).all())
    if is_complete and planes_of(of_a) == planes_of(of_b):
        return means, counts
    start = int(np.argmax(of_a & of_b != 0))
    a, of_a, b, of_b = (side[start : start + EXCERPT] for side in (a, of_a, b, of_b))
    means, counts = _means(a, of_a, b, of_b, 0)
    shifts = [lag for size in range(1, LAGS + 1) for lag in (-size, size)]
    shifted = np.array([_means(a, of_a, b, of_b, lag)[0] for lag in shifts])
    centre = np.median(shifted, axis=0)
    chance = 1 / np.sqrt(np.maximum(counts, 1))
    spread = np.maximum(1.4826 * np.median(np.abs(shifted - centre), axis=0), chance)
    is_peak = np.abs(means - centre) > PEAK * spread
    is_peak &= np.abs(means) > np.abs(shifted[:2]).max(axis=0) + PEAK * chance
    return (np.where(is_peak, means, 0) if is_peak.any() else None), counts


def _means(a: Samples, of_a: Samples, b: Samples, of_b: Samples, lag: int) -> tuple[Values, Values]:
    """Mean product of signs of every plane, with `b` shifted, and how many there are."""
    if lag < 0:
        return _means(b, of_b, a, of_a, -lag)
    end = max(0, len(a) - lag)
    excess, count = agreement(a[:end], b[lag:], of_a[:end] & of_b[lag:])
    return excess / np.maximum(count, 1), count


def _aligned(pair: Pair, how: Comparison) -> tuple[Samples, Samples]:
    """Words of a keystream, and which of their bits count."""
    stream = next(s for s in keystreams(*pair.load()) if s.operation == how.operation)
    return how.alignment.lines(stream.words), how.alignment.lines(stream.encrypted)


def _products(words: Samples, encrypted: Samples) -> tuple[Signs, Signs]:
    """Sums of products of signs of every two images, and how many there are, (planes, n, n)."""
    planes = planes_of(encrypted)
    excess = np.zeros((len(planes), len(words), len(words)), np.float32)
    count = excess.copy()
    for at, plane in enumerate(planes):
        (bits,) = signs(words, encrypted, [plane])
        np.matmul(bits, bits.T, out=excess[at])
        np.abs(bits, out=bits)
        np.matmul(bits, bits.T, out=count[at])
    return excess, count


def _reused(reuse: Reuse, names: Sequence[str], of: int) -> str:
    how = "XORed with" if reuse.comparison.operation == "XOR" else "increased by"
    inverse = ", one of them inverted," if reuse.agreement < 0.5 else ""
    agree = percent(max(reuse.agreement, 1 - reuse.agreement))
    return (
        f"One keystream is used for several images: {listed(names, of)} are {how} the same "
        f"bits{inverse} {reuse.comparison.alignment.title}; {agree} agree, 50 % by chance."
    )
