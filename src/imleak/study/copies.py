"""Which copies of images a scheme takes."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from ..images import COPIES, SMALLER
from ..interfaces import Raster, Samples, Scheme
from .components import Component, offers

Form = tuple[int, int, int, int]
"""Channels, height, width and bits."""


def lost_copies(
    scheme: Component, levels: Sequence[int], forms: Collection[Form]
) -> frozenset[str]:
    """Copies that the scheme cannot take at some level, of images of some of these forms: a
    rectangle of samples reaches beyond them, or they are smaller than a block."""
    if offers(scheme, "needs_jpeg"):  # of which the coefficients of a copy are made anew
        return frozenset()
    own: Scheme = replace(scheme, keys="image").build()
    smallest = _smallest(forms)
    return frozenset(
        copy for copy in SMALLER if not all(_takes(own, levels, copy, one) for one in smallest)
    )


def _smallest(forms: Collection[Form]) -> list[Form]:
    """Those than which none is smaller in both sides: what is too small for a scheme is so the
    more, the smaller it is."""

    kept: dict[tuple[int, int], list[Form]] = {}
    for channels, height, width, bits in sorted(forms):
        before = kept.setdefault((channels, bits), [])
        if not before or width < before[-1][2]:
            before.append((channels, height, width, bits))
    return list(chain.from_iterable(kept.values()))


def _takes(scheme: Scheme, levels: Sequence[int], copy: str, form: Form) -> bool:
    *shape, bits = form
    blank: Samples = np.zeros(shape, np.uint8 if bits <= 8 else np.uint16)
    copied = Raster(COPIES[copy](blank, bits), bits)
    try:
        for level in levels:
            scheme.expose(copied, level)
    except Exception:  # of a plugin: any
        return False
    return True
