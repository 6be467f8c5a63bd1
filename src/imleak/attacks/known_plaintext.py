"""Does one plain image with its cipher give other images?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from ..interfaces import Pair, Samples
from ._pairs import (
    FALSE_ALARM,
    FEWEST,
    Finding,
    Keystream,
    agreement,
    encrypted_bits,
    keystreams,
    listed,
    percent,
    require,
)

TRIED = 16
"""Images, evenly spread over the list, that are attacked."""
SOURCES = 4
"""Images before each from which something is learned: a permutation from as many as there are
of its size, the rest from the last one."""

RELIABLE = 0.95
"""Share of the predicted samples, beyond those right by chance, that has to be right."""
MOST_BYTES = 1 << 28
"""Bytes of all images from which something is learned, if there is more than one."""
SAMPLES = 1 << 17
"""Samples of which a table is learned, and on which it is tested."""
OF_A_VALUE = 16
"""Samples of a value at which a table is tested."""
SIDES = (32, 16, 8, 4, 1)
"""Sides of blocks that may be permuted; 1 is single pixels."""
METHODS = 4 + 2 + len(SIDES)
OWN_TABLE = "its own table of sample values"
Integers = NDArray[np.int64]

Align: TypeAlias = Callable[[Samples, tuple[int, ...]], Samples]
"""Brings words of an image to the shape (C, H, W) of another; 0 where it has none."""


def at_one_place(words: Samples, shape: tuple[int, ...]) -> Samples:
    moved = np.zeros(shape, words.dtype)
    common = tuple(slice(min(sizes)) for sizes in zip(shape, words.shape, strict=True))
    moved[common] = words[common]
    return moved


def in_raster_order(words: Samples, shape: tuple[int, ...]) -> Samples:
    line = np.zeros(np.prod(shape), words.dtype)
    common = np.moveaxis(words, 0, -1).ravel()[: line.size]
    line[: common.size] = common
    return np.moveaxis(line.reshape(*shape[1:], shape[0]), -1, 0)


ALIGNMENTS: Mapping[str, Align] = {
    "at the same row and column": at_one_place,
    "in raster order": in_raster_order,
}


@dataclass(frozen=True, eq=False)
class Known:
    """A plain image with its cipher.

    Parameters
    ----------
    plain, cipher : (C, H, W) samples.
    encrypted : (C, H, W) words of the bits that are, see :func:`encrypted_bits`.
    """

    plain: Samples
    cipher: Samples
    encrypted: Samples

    @classmethod
    def of(cls, plain: Samples, cipher: Samples) -> Self:
        return cls(plain, cipher, encrypted_bits(plain ^ cipher))


@dataclass(frozen=True)
class Score:
    """How well the cipher of an image was predicted from its plain image.

    Parameters
    ----------
    right, predicted : samples, or blocks.
    share : of all that is encrypted that was predicted, and can therefore be read.
    chance : share of the predicted that would be right.
    reliability : share of it that is right beyond chance, 1 for all.
    planes : share of the encrypted bits of a plane that is right, by its number.
    """

    right: int
    predicted: int
    share: float
    chance: float
    reliability: float
    planes: Mapping[int, float] = field(default_factory=dict)

    def p_value(self, tests: int) -> float:
        return min(1.0, tests * float(binom.sf(self.right - 1, self.predicted, self.chance)))


NOTHING = Score(0, 0, 0.0, 0.0, 0.0)


def check(pairs: Sequence[Pair]) -> Finding:
    r"""What a plain image and its cipher give of the cipher of another image.

    - The keystream, XORed or added, at the same row and column or in raster order.
    - A table of sample values, every one with the one it most often becomes; learned from
      another image, or from every second sample of the image itself.
    - A permutation of pixels, or of blocks of 4 to 32 pixels, where the values in up to four
      images of one size determine it.

    Each predicts encrypted samples of an image from its plain samples. All but a table that
    merges values are one to one, so they read the plain samples from the cipher as well. An
    image is read if 95 % of what is predicted is right, beyond what is right by chance, and
    chance would not do that once in a million tries. Chance is :math:`2^{-s}` under uniform
    keystreams on s planes, but at least the share of samples that are unchanged, or equal after
    any permutation, or of the most frequent cipher value. A table has to be right for 95 % of
    the values, each counted once.

    The figure is the share of encrypted samples that are read, a mean over the images tried, by
    the best method.
    """
    require(pairs)
    some = np.linspace(0, len(pairs) - 1, min(len(pairs), TRIED), dtype=int)
    chosen = sorted((pairs[at] for at in some), key=_shape)
    tests = max(1, len(chosen)) * METHODS
    read: dict[str, dict[str, Score]] = {}
    tried: list[Score] = []
    sizes: list[int] = []
    sources: list[Known] = []
    attacked = 0
    for pair in chosen:
        target = Known.of(*pair.load())
        if any(np.array_equal(target.plain, source.plain) for source in sources):
            continue
        attacked += bool(sources)
        sizes.append(int(np.count_nonzero(target.encrypted)))
        for method, score in attack(sources, target):
            if score is None:
                continue
            tried.append(score)
            if score.reliability >= RELIABLE and score.p_value(tests) < FALSE_ALARM:
                read.setdefault(method, {})[pair.name] = score
        at_once = max(1, min(SOURCES, MOST_BYTES // (3 * target.plain.nbytes)))
        sources = [*sources, target][-at_once:]
    method = max(read, key=lambda name: (name != OWN_TABLE, _total(read[name])), default="")
    scores = read.get(method, {})
    best = max([*scores.values()] or tried, key=lambda score: score.share, default=NOTHING)
    smallest = min(1.0, best.chance + FEWEST / max(FEWEST, float(np.median(sizes))))
    of = len(chosen) if method == OWN_TABLE else attacked
    return Finding(
        check="known plaintext",
        found=bool(read),
        answer=_answer(method, scores, of),
        figure=_total(scores) / len(scores) if scores else best.share,
        unit="share of samples",
        chance=best.chance,
        smallest=smallest if attacked else None,
        p_value=min((score.p_value(tests) for score in tried), default=1.0),
        images=tuple(scores),
        of=of,
        details={f"plane {k}": share for k, share in best.planes.items()} if read else {},
    )


def _shape(pair: Pair) -> tuple[int, ...]:
    return pair.load()[0].shape


def _total(scores: Mapping[str, Score]) -> float:
    return round(sum(score.share for score in scores.values()), 6)


def attack(sources: Sequence[Known], target: Known) -> Iterator[tuple[str, Score | None]]:
    """Every method with its score; None where it predicts next to nothing."""
    if sources:
        last = sources[-1]
        for stream in keystreams(last.plain, last.cipher):
            how = "XORed" if stream.operation == "XOR" else "added"
            for title, align in ALIGNMENTS.items():
                yield f"the {how} keystream {title}", score_keystream(stream, align, target)
        yield "the table of sample values", score_table(_values(last), _values(target), target)
    halves = _values(target, slice(0, None, 2)), _values(target, slice(1, None, 2))
    yield OWN_TABLE, score_table(*halves, target)
    same_size = [source for source in sources if source.plain.shape == target.plain.shape]
    if same_size and all(map(_is_permuted, (*same_size, target))):
        for side in SIDES:
            blocks = f"blocks of {side}x{side} pixels" if side > 1 else "pixels"
            yield f"the permutation of {blocks}", score_permutation(same_size, target, side)


def score_keystream(stream: Keystream, align: Align, target: Known) -> Score | None:
    """Score of a keystream that is used again."""
    shape = target.plain.shape
    if len(stream.words) != shape[0]:
        return None
    kind = target.plain.dtype
    words, counted = (align(side.astype(kind), shape) for side in (stream.words, stream.encrypted))
    planes = np.bitwise_or.reduce(counted, axis=None)
    inside = target.plain & planes
    changed = inside ^ words if stream.operation == "XOR" else inside + words
    predicted = target.plain & ~planes | changed & planes
    bits = counted & target.encrypted
    is_known = bits != 0
    if np.count_nonzero(is_known) < FEWEST:
        return None
    is_right = (predicted == target.cipher)[is_known]
    unchanged = float(np.mean((target.plain == target.cipher)[is_known]))
    chance = max(_chance(target.encrypted[is_known]), unchanged)
    excess, count = agreement(predicted, target.cipher, bits)
    return Score(
        right=int(is_right.sum()),
        predicted=is_right.size,
        share=float(is_right.sum() / np.count_nonzero(target.encrypted)),
        chance=chance,
        reliability=_beyond(float(is_right.mean()), chance),
        planes={int(k): float(1 + excess[k] / count[k]) / 2 for k in np.flatnonzero(count)},
    )


def score_table(
    known: tuple[Integers, Integers], tested: tuple[Integers, Integers], target: Known
) -> Score | None:
    """Score of a table of values and what each most often becomes; (n,) and (n,) of both."""
    joint, count = np.unique(known[0] << 16 | known[1], return_counts=True)
    order = np.lexsort((count, joint >> 16))
    joint = joint[order]
    table = joint[np.append(np.diff(joint >> 16) > 0, True)[: len(joint)]]
    if not len(table):
        return None
    values, ciphers = tested
    at = np.searchsorted(table >> 16, values).clip(max=len(table) - 1)
    is_known = table[at] >> 16 == values
    is_right = (table[at] & 0xFFFF == ciphers)[is_known]
    _, of_value, size = np.unique(values[is_known], return_inverse=True, return_counts=True)
    is_frequent = size >= OF_A_VALUE
    if np.count_nonzero(is_frequent) < 2:
        return None
    most_frequent = np.unique(ciphers, return_counts=True)[1].max() / len(ciphers)
    chance = max(_chance(target.encrypted[target.encrypted != 0]), float(most_frequent))
    shares = (np.bincount(of_value, is_right) / size)[is_frequent]
    return Score(
        right=int(is_right.sum()),
        predicted=is_right.size,
        share=float(is_right.sum() / len(values)),
        chance=chance,
        reliability=_beyond(float(shares.mean()), chance),
    )


def score_permutation(sources: Sequence[Known], target: Known, side: int) -> Score | None:
    """Score of the permutation of blocks that is the only one to explain all sources."""
    numbered = list(enumerate(sources))
    before = [_hashes(source.plain, side, number) for number, source in numbered]
    after = [_hashes(source.cipher, side, number) for number, source in numbered]
    origin, moved = _matched(np.sum(before, axis=0), np.sum(after, axis=0))
    origin, moved = origin[origin != moved], moved[origin != moved]
    if len(origin) * side**2 < FEWEST:
        return None
    plain, cipher = _hashes(target.plain, side), _hashes(target.cipher, side)
    is_right = plain[origin] == cipher[moved]
    _, count = np.unique(plain, return_counts=True)
    chance = float(np.square(count / plain.size).sum())
    return Score(
        right=int(is_right.sum()),
        predicted=is_right.size,
        share=float(is_right.sum() / plain.size),
        chance=chance,
        reliability=_beyond(float(is_right.mean()), chance),
    )


def _is_permuted(image: Known) -> bool:
    """Whether the samples of the cipher are those of the plain image in another order."""
    before, after = (np.bincount(side.ravel()) for side in (image.plain, image.cipher))
    return not np.array_equal(image.plain, image.cipher) and np.array_equal(before, after)


def _values(image: Known, part: slice = slice(None)) -> tuple[Integers, Integers]:
    """Some encrypted samples, with their channel, and what each became; (n,) both."""
    at = np.flatnonzero(image.encrypted)[part]
    at = at[:: max(1, len(at) // SAMPLES)]
    channel = at // image.plain[0].size << 16
    return image.plain.ravel()[at] + channel, image.cipher.ravel()[at].astype(np.int64)


def _hashes(image: Samples, side: int, number: int = 0) -> NDArray[np.uint64]:
    """One random linear hash of every block, by rows; equal blocks have equal ones, and others
    a chance of about 2^-64."""
    rng = np.random.default_rng(number)
    rows, columns = image.shape[1] // side, image.shape[2] // side
    blocks = image[:, : rows * side, : columns * side].reshape(
        len(image), rows, side, columns, side
    )
    found = np.zeros((rows, columns), np.uint64)
    for channel, row, column in np.ndindex(len(image), side, side):
        weight = rng.integers(1, 1 << 63, dtype=np.uint64)
        found += blocks[channel, :, row, :, column] * weight
    return found.ravel()


def _matched(before: NDArray[np.uint64], after: NDArray[np.uint64]) -> tuple[Integers, Integers]:
    """Places in both of the values that each has once."""
    sides = []
    for values in (before, after):
        found, first, count = np.unique(values, return_index=True, return_counts=True)
        sides.append((found[count == 1], first[count == 1]))
    (one, of_one), (other, of_other) = sides
    _, at_one, at_other = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    return of_one[at_one], of_other[at_other]


def _chance(encrypted: Samples) -> float:
    """Share of samples that are right under uniform keystreams on these bits."""
    if not encrypted.size:
        return 1.0
    of_value = 0.5 ** np.array([value.bit_count() for value in range(int(encrypted.max()) + 1)])
    return float(np.bincount(encrypted) @ of_value / encrypted.size)


def _beyond(share: float, chance: float) -> float:
    return (share - chance) / (1 - chance) if chance < 1 else 0.0


def _answer(method: str, scores: Mapping[str, Score], of: int) -> str:
    if not method:
        if not of:
            return "Whether one image and its cipher give another cannot be seen: there is but one."
        return (
            f"No image is read with what another one and its cipher give: neither a keystream nor "
            f"a table of values nor a permutation predicts {FEWEST} samples or more of any of {of}."
        )
    share = percent(float(np.mean([score.share for score in scores.values()])))
    if method == OWN_TABLE:
        return (
            f"Every value always becomes the same one in {listed(list(scores), of)}: a table "
            f"learned from one half of the image reads {share} of the other."
        )
    return (
        f"One image and its cipher give others: {method} reads {share} of the encrypted samples of "
        f"{listed(list(scores), of)}."
    )
