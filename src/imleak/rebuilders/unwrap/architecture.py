"""How large the network is, without a library that runs it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from .features import DIFFERENCES, PLANES

LEVELS = 7
"""Levels of 8-bit samples that leave something in the clear."""
WIDTHS = (64, 96, 128, 128, 128)
"""Channels at 1/2, 1/4, ... of the resolution."""
DIFFERENCE_KNOTS = (-255, -160, -96, -56, -32, -16, -8, -3, 0, 3, 8, 16, 32, 56, 96, 160, 255)
VALUE_KNOTS = (
    0,
    3,
    10,
    24,
    40,
    56,
    72,
    88,
    104,
    120,
    136,
    152,
    168,
    184,
    200,
    216,
    232,
    246,
    252,
    255,
)
"""Where log-densities are given; they are linear in between."""


def shapes() -> dict[str, list[int]]:
    """Shapes of the weights by name."""
    return dict(_shapes())


def _shapes() -> Iterator[tuple[str, list[int]]]:
    outputs = DIFFERENCES * len(DIFFERENCE_KNOTS) + 3 * len(VALUE_KNOTS)
    yield from _layer("stem", WIDTHS[0], 4 * PLANES, 1, 1)
    for part, widths in (("encode", WIDTHS), ("decode", WIDTHS[:-1])):
        for at, width in enumerate(widths):
            yield f"{part}.{at}.level.weight", [LEVELS, 2 * width]
            yield from _layer(f"{part}.{at}.first", width, width, 3, 3)
            yield from _layer(f"{part}.{at}.second", width, width, 3, 3)
    for at, (fine, coarse) in enumerate(pairwise(WIDTHS)):
        yield from _layer(f"down.{at}", coarse, fine, 2, 2)
        yield from _layer(f"up.{at}", fine, coarse, 1, 1)
    yield from _layer("whole", WIDTHS[-1], WIDTHS[-1])
    yield from _layer("head", 4 * outputs, WIDTHS[0], 1, 1)


def _layer(name: str, outputs: int, *rest: int) -> Iterator[tuple[str, list[int]]]:
    yield f"{name}.weight", [outputs, *rest]
    yield f"{name}.bias", [outputs]
