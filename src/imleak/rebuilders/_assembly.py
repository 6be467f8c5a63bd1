"""How well a jigsaw of blocks is assembled."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Samples
from ._forms import Form, Group, turned


def cut(samples: NDArray[Any], side: int) -> NDArray[Any]:
    """(rows, columns, C, side, side) whole blocks of an image (C, H, W), from the top left."""
    channels, height, width = samples.shape
    rows, columns = height // side, width // side
    whole = samples[:, : rows * side, : columns * side]
    return whole.reshape(channels, rows, side, columns, side).transpose(1, 3, 0, 2, 4)


def laid_out(blocks: NDArray[Any]) -> NDArray[Any]:
    """(C, H, W) the image of blocks (rows, columns, C, side, side)."""
    rows, columns, channels, side, _ = blocks.shape
    return blocks.transpose(2, 0, 3, 1, 4).reshape(channels, rows * side, columns * side)


def direct(rebuilt: Samples, plain: Samples, side: int, bits: int, of: Group) -> float:
    """Share of the blocks that are at their place, as they were; the image as a whole may be
    turned, negated and its channels permuted as one block may.

    References
    ----------
    Cho, Avidan & Freeman, "A probabilistic image jigsaw puzzle solver", CVPR 2010.
    """
    wanted = cut(plain, side)
    best = 0.0
    for form in of.forms:
        # A block's form and its place turn together.
        found = np.asarray(turned(np.moveaxis(cut(rebuilt, side), (0, 1), (-2, -1)), form.turn))
        if found.shape[-2:] != wanted.shape[:2]:
            continue
        blocks = form.of(np.moveaxis(found, (-2, -1), (0, 1)), bits)
        best = max(best, float((blocks == wanted).all((2, 3, 4)).mean()))
    return best


def neighbour(rebuilt: Samples, plain: Samples, side: int, bits: int, of: Group) -> float:
    """Share of the pairs of neighbouring blocks of the plain image that are neighbours in the
    rebuilt one, in the same way.

    References
    ----------
    As :func:`direct`.
    """
    wanted, found = (
        Counter(key for keys in _pairs(image, side, bits, of) for key in keys.ravel().tolist())
        for image in (plain, rebuilt)
    )
    return (wanted & found).total() / max(wanted.total(), 1)


def largest_component(rebuilt: Samples, plain: Samples, side: int, bits: int, of: Group) -> float:
    """Share of the blocks in the largest part of the plain image whose neighbours are neighbours
    in the rebuilt one too.

    References
    ----------
    Gallagher, "Jigsaw puzzles with pieces of unknown orientation", CVPR 2012.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    there = {key for keys in _pairs(rebuilt, side, bits, of) for key in keys.ravel().tolist()}
    numbers = np.arange(cut(plain, side)[..., 0, 0, 0].size).reshape(cut(plain, side).shape[:2])
    across, down = (
        np.array([key in there for key in keys.ravel().tolist()], bool)
        for keys in _pairs(plain, side, bits, of)
    )
    first = np.concatenate([numbers[:, :-1].ravel()[across], numbers[:-1].ravel()[down]])
    second = np.concatenate([numbers[:, 1:].ravel()[across], numbers[1:].ravel()[down]])
    links = coo_array((np.ones(len(first)), (first, second)), (numbers.size, numbers.size))
    _, labels = connected_components(links, directed=False)
    return float(np.bincount(labels).max() / numbers.size)


def _pairs(
    samples: Samples, side: int, bits: int, of: Group
) -> Iterator[NDArray[np.bytes_ | np.object_]]:
    """What tells two neighbouring blocks, whatever is done to both: of those side by side, and
    of those one above the other."""
    blocks = cut(samples, side)
    has_turns = any(form.turn for form in of.forms)
    for axis, first, second in (
        ("across", blocks[:, :-1], blocks[:, 1:]),
        ("down", blocks[:-1], blocks[1:]),
    ):
        strips = np.concatenate([first, second], axis=-1 if axis == "across" else -2)
        if axis == "down":
            strips = turned(strips, 1)
        keys = _smallest(strips, bits, of.forms)
        yield (
            keys
            if has_turns
            else np.array(
                [axis[:1].encode() + key for key in keys.ravel().tolist()], object
            ).reshape(keys.shape)
        )


def _smallest(strips: Samples, bits: int, forms: tuple[Form, ...]) -> NDArray[np.object_]:
    """The first, in order of bytes, of all forms of strips (..., C, h, w) that are as wide."""
    shape = strips.shape[:-3]
    flat = strips.reshape(-1, *strips.shape[-3:])
    least: list[bytes] | None = None
    for form in forms:
        made = np.ascontiguousarray(form.of(flat, bits))
        if made.shape[-2:] != flat.shape[-2:]:
            continue
        keys = [one.tobytes() for one in made]
        least = keys if least is None else [min(pair) for pair in zip(least, keys, strict=True)]
    found = np.empty(len(flat), object)
    found[:] = least or []
    return found.reshape(shape)
