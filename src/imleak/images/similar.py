"""Near-duplicates: images that are copies of each other but for their encoding, size,
brightness or margin, found by a perceptual hash.

The hash of an image is the signs of the :data:`BITS` lowest frequencies, but for the mean, of
its cosine transform at 32 x 32. Two images whose hashes differ in at most :data:`DISTANCE`
bits are near-duplicates. Measured on 160 photographs of COCO and 640 of ADE20K:

====================================  ======================  =====
copy                                  most bits that differ   found
====================================  ======================  =====
PNG                                   0                       1.000
JPEG of quality 90, 75, 50            3, 3, 4                 1.000
half the size, and enlarged again     6, 4                    1.000
brightness +5 %, -5 %                 7, 4                    1.000
1 % of the sides cut off all around   15                      1.000
2 % cut off at the left alone         36                      0.981
====================================  ======================  =====

Of 319,600 pairs of different photographs the nearest differ in 33 bits, of 5,080,078 pairs of
their quarters in 25: no false alarm. Copies that are mirrored, turned or cropped by more are
not found; discs or checkerboards of nearly one size are near-duplicates of each other.

References
----------
Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010 (pHash).
Norouzi, Punjani and Fleet, "Fast exact search in Hamming space with multi-index hashing",
TPAMI 2014.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImageError, Samples
from .luma import luma
from .resize import resize

BITS = 128
"""Bits of a hash, which is written as 32 hexadecimal digits."""
DISTANCE = 15
"""The most bits in which the hashes of near-duplicates differ."""
SIDE = 32
FEWEST = 96
"""Frequencies of an amplitude of at least one grey level that a hash needs; a flat image, a
ramp or stripes have fewer, and a hash of them would say nothing. Every photograph measured has
107 or more."""

Words = NDArray[np.uint16]
Places = NDArray[np.int64]
_WORDS = BITS // 16
_ONES = np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8)).reshape(-1, 16).sum(1)
"""How many bits of a word are 1."""
_AT_ONCE = 1 << 20


def perceptual_hash(samples: Samples, bits: int) -> str:
    """The hash of an image, or "" for one that has too little in it to tell it from others:
    it is nobody's near-duplicate.

    Parameters
    ----------
    samples : (C, H, W), C = 1 or 3.
    bits : B.
    """
    from scipy.fft import dctn

    grey = luma(samples) if len(samples) == 3 else samples
    lowest = dctn(resize(grey, bits, SIDE)[0].astype(float), norm="ortho")[_FREQUENCIES]
    if np.count_nonzero(np.abs(lowest) >= 1) < FEWEST:
        return ""
    return np.packbits(lowest > 0).tobytes().hex()


def _lowest_frequencies() -> tuple[Places, Places]:
    """Rows and columns of the lowest :data:`BITS` frequencies, in the order of their sum."""
    row, column = np.divmod(np.arange(1, SIDE * SIDE), SIDE)
    order = np.lexsort((row, row + column))[:BITS]
    return row[order], column[order]


_FREQUENCIES = _lowest_frequencies()


def near_duplicates(hashes: Sequence[str], distance: int = DISTANCE) -> list[list[int]]:
    """Groups of images whose hashes differ in at most `distance` bits, by way of others too.

    Hashes that differ in at most 15 of 128 bits differ in at most one bit in one of their eight
    words of 16 bits. Only such pairs are compared, found by the 17 neighbours of every word.

    Parameters
    ----------
    hashes : from :func:`perceptual_hash`; those that are empty are left out.
    distance : 0 to 15.

    Returns
    -------
    Places of two or more images each, rising, in the order of their first.

    Raises
    ------
    ImageError
        If the distance is another.
    """
    if not 0 <= distance < 2 * _WORDS:
        raise ImageError(f"a distance of {distance} bits; give 0 to {2 * _WORDS - 1}")
    known = [at for at, one in enumerate(hashes) if one]
    numbers: dict[str, int] = {}
    number = [numbers.setdefault(hashes[at], len(numbers)) for at in known]
    words = np.frombuffer(bytes.fromhex("".join(numbers)), np.uint16).reshape(-1, _WORDS)
    labels = np.arange(len(words))
    for at in range(_WORDS):  # joins at once what is alike, so that less is left to compare
        order = np.argsort(words[:, at])
        labels = _joined(labels, _near(words, order[:-1], order[1:], distance))
    for at in range(_WORDS):
        for flipped in (0, *(1 << bit for bit in range(16))):
            for first, second in _equal(words[:, at], flipped, labels):
                labels = _joined(labels, _near(words, first, second, distance))
    groups: dict[int, list[int]] = {}
    for place, label in zip(known, labels[number].tolist(), strict=True):
        groups.setdefault(label, []).append(place)
    return [group for group in groups.values() if len(group) > 1]


def join_groups(groups: Sequence[str], duplicates: Iterable[Sequence[int]]) -> list[str]:
    """The group of every image, after the groups that share near-duplicates have been joined.

    Parameters
    ----------
    groups : of every image, from :func:`imleak.images.group_names`.
    duplicates : places of images that are near-duplicates, from :func:`near_duplicates`.

    Returns
    -------
    Names of groups; joined ones are called like the first of them.
    """
    numbers: dict[str, int] = {}
    number = [numbers.setdefault(group, len(numbers)) for group in groups]
    pairs = [(number[first], number[at]) for first, *others in duplicates for at in others]
    labels = _joined(np.arange(len(numbers)), np.array(pairs, np.int64).reshape(-1, 2)).tolist()
    first_of: dict[int, str] = {}
    for group, label in zip(numbers, labels, strict=True):
        first_of.setdefault(label, group)
    return [first_of[labels[at]] for at in number]


def duplicates_in_words(names: Sequence[str], duplicates: Sequence[Sequence[int]]) -> str:
    """What a user must know of near-duplicates, in one line, or nothing."""
    if not duplicates:
        return ""
    first, second = (names[at] for at in duplicates[0][:2])
    return (
        f"{sum(map(len, duplicates)):,} images are near-duplicates of one another "
        f"({first} and {second}{' among them' if sum(map(len, duplicates)) > 2 else ''}) and are "
        "kept on one side of every split."
    )


def _near(words: Words, first: Places, second: Places, distance: int) -> Places:
    """(n, 2) those pairs that differ in at most `distance` bits."""
    near = _ONES[words[first] ^ words[second]].sum(1) <= distance
    return np.stack([first[near], second[near]], axis=1)


def _joined(labels: Places, pairs: Places) -> Places:
    """Labels of groups, after the groups of every pair have been made one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(pairs):
        return labels
    first, second = labels[pairs].T
    links = coo_array((np.ones(len(pairs)), (first, second)), shape=(len(labels),) * 2)
    return np.asarray(connected_components(links, directed=False)[1][labels])


def _equal(word: Words, flipped: int, groups: Places) -> Iterator[tuple[Places, Places]]:
    """Places i < j where word[i] is word[j] with a bit flipped, some at a time; without those
    of one group where all that is equal is of that group."""
    sought = word ^ np.uint16(flipped)
    order = np.argsort(word, kind="stable")
    count = np.bincount(word, minlength=1 << 16)
    lowest, highest = np.full_like(count, len(word)), np.full_like(count, -1)
    np.minimum.at(lowest, word, groups)
    np.maximum.at(highest, word, groups)
    end = np.cumsum(count)
    left = np.flatnonzero((lowest[sought] < groups) | (highest[sought] > groups))
    done = np.cumsum(count[sought[left]])
    for start in range(0, int(done[-1]) if len(done) else 0, _AT_ONCE):
        place = np.arange(start, min(start + _AT_ONCE, int(done[-1])))
        at = np.searchsorted(done, place, side="right")
        first, second = left[at], order[end[sought[left[at]]] - (done[at] - place)]
        rising = first < second
        yield first[rising], second[rising]
