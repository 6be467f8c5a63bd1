"""What every check of ciphers must do.

A check sees pairs of a plain image and its cipher. Their ciphers are XORed with a uniform and fresh
keystream, in which nothing can be found, or are no ciphers at all.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..interfaces import CipherCheck, ImleakError, Measurement, Pair, Samples
from ._checks import (
    comes_first,
    once,
    refused,
    require,
    require_keyword_options,
    require_members,
    require_plain_numbers,
)

FOUND, NOTHING = "leak", "no leak found"
PAIRS, SIDE = 8, 96
"""Pairs that a check is shown, and rows and columns of their images."""


@comes_first
def check_protocol(made: object) -> None:
    """It has what a check of ciphers has."""
    require_members(made, "check")


def check_options(made: object) -> None:
    """Options are keyword arguments with defaults."""
    require_keyword_options(made)


@comes_first
def check_measurements(made: CipherCheck) -> None:
    """Every quantity is there once, with a finite value, a verdict and a sentence of one line."""
    found = _measured(made)
    quantities = [one.quantity for one in found]
    require(found, "inspect returns nothing")
    require(
        len(set(quantities)) == len(quantities) and all(quantities),
        f"quantities are {quantities}: give each once, with a name",
    )
    for one in found:
        require(math.isfinite(one.value), f"{one.quantity}: the value is {one.value}")
        require(
            one.verdict in (FOUND, NOTHING),
            f"{one.quantity}: verdict {one.verdict!r} is neither {FOUND!r} nor {NOTHING!r}",
        )
        answer = (one.answer or "").strip()
        require(
            answer.endswith(".") and answer.isprintable(),
            f"{one.quantity}: the answer is {one.answer!r}: give a sentence of one line",
        )


def check_plain_numbers(made: CipherCheck) -> None:
    """Figures are plain numbers."""
    require_plain_numbers(_measured(made))


def check_fresh_keystreams(made: CipherCheck) -> None:
    """Nothing is found under uniform and fresh keystreams, and something in what is no cipher."""
    for one in _measured(made):
        require(
            one.verdict == NOTHING,
            f"{one.quantity}: {one.verdict} of ciphers under uniform and fresh keystreams",
        )
    plain = made.inspect(_pairs(lambda image, _: image))
    require(any(map(_claims, plain)), "ciphers that are the plain images are no finding")


def check_same(made: CipherCheck) -> None:
    """The same pairs give the same numbers, loaded or not, and are left as they are."""
    pairs = _pairs(np.bitwise_xor)
    again = tuple(made.inspect(pairs)) == _measured(made)
    require(again, "the same pairs gave other numbers the second time")
    loaded = [Pair(one.name, *one.load(), one.bits) for one in pairs]
    alike = tuple(made.inspect(loaded)) == _measured(made)
    require(alike, "arrays gave other numbers than functions that load them")
    for one, kept in zip(pairs, loaded, strict=True):
        same = all(map(np.array_equal, one.load(), kept.load()))
        require(same, "inspect writes into the images")


def check_few(made: CipherCheck) -> None:
    """No pairs at all are refused in one line, and one is enough."""
    with refused("no pairs"):
        made.inspect([])
    try:
        made.inspect(_pairs(np.bitwise_xor)[:1])
    except ImleakError as error:
        require(False, f"one pair is refused: {error}")


def _claims(one: Measurement) -> bool:
    return one.verdict == FOUND


def _pairs(encrypt: Callable[[Samples, Samples], Samples]) -> list[Pair]:
    """Smooth images that are loaded when they are asked for, and what is made of them with a
    keystream each."""
    pairs = []
    for name in map(str, range(PAIRS)):
        rng = np.random.default_rng(int(name))
        walk = np.cumsum(np.cumsum(rng.standard_normal((1, SIDE, SIDE)), 1), 2)
        image = np.clip(128 + walk / walk.std() * 40, 0, 255).astype(np.uint8)
        cipher = encrypt(image, rng.integers(0, 256, image.shape, np.uint8))
        pairs.append(Pair(name, image.copy, cipher.copy, 8))
    return pairs


@once
def _measured(made: CipherCheck) -> tuple[Measurement, ...]:
    found: Sequence[Measurement] = made.inspect(_pairs(np.bitwise_xor))
    return tuple(found)
