"""How large the networks of a learned code are, without a library that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .context import GRID, OFFSETS

WIDTH, LAYERS, LOGISTICS = 64, 3, 6
NEAR = 16
"""Neighbours whose differences say how rough an image is here."""
INPUTS = len(OFFSETS) + 2 * NEAR + 6
WIDTHS = (INPUTS, *[WIDTH] * LAYERS, 3 * LOGISTICS)
"""Of what goes in, of every layer, and of what comes out."""


def shapes(sizes: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights by name, of a network for each of the sizes."""
    found: dict[str, tuple[int, ...]] = {"phases": (GRID**2, WIDTH)}
    for at, (inputs, outputs) in enumerate(pairwise(WIDTHS)):
        found[f"weights.{at}"], found[f"biases.{at}"] = (inputs, outputs), (1, outputs)
    return {name: (len(sizes), *shape) for name, shape in found.items()}
