"""Regions whose samples are known relative to each other, and how they are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from .field import Potentials

Integers = NDArray[np.int64]

MARGINS = (8.0, 8.0, 4.0, 4.0, 2.0, 2.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.1, 0.05, 0.0, 0.0)
"""By how much, in nats, one difference between two regions must be more probable than every
other for them to be joined; falling, from round to round."""
OWN = 0.1
"""Weight of the unary potentials where a region is placed, to that of samples that lie outside
0..L-1 there."""
TRIMMED = 0.003
"""Share of a region's samples that may lie outside 0..L-1."""


@dataclass(frozen=True)
class Edges:
    """Edges between samples, or their ends: (e,) and (e, 2R+1) log-potentials of the label at
    `last` less that at `first`."""

    first: Integers
    last: Integers
    pairs: Potentials


def labels(
    unary: Potentials,
    right: Potentials,
    down: Potentials,
    between: Potentials | None = None,
    *,
    darker: float = 0.0,
    margins: Sequence[float] = MARGINS,
) -> Integers:
    """One label for every sample, by joining regions.

    At first every sample is a region. In every round, of all that two neighbouring regions say
    of each other over the whole of their border, the likeliest difference of their labels is
    taken where it is clearer than `margins`, the clearest first, and the two are one; what they
    hold must fit into 0..L-1. Long borders of many doubtful edges are decided together, which
    messages between samples do not do. At last the offset of every region that is left is the
    likeliest by its samples.

    Parameters
    ----------
    unary, right, down, between : potentials of :func:`imleak.rebuilders.unwrap.field.marginals`.
    darker : share of samples outside 0..L-1 that is accepted for an image that is darker by one
        label.
    margins : of one round after the other, in nats.

    Returns
    -------
    (C, H, W) labels.

    References
    ----------
    Keuper et al., "Efficient decomposition of image and mesh graphs by lifted multicuts", ICCV
    2015: greedy additive edge contraction.
    """
    shape, count = unary.shape[:-1], unary.shape[-1]
    region, offset = np.arange(unary[..., 0].size), np.zeros(unary[..., 0].size, np.int64)
    edges = _edges(shape, right, down, between)
    for margin in margins:
        if not len(edges.first):
            break
        a, b, table = _between_regions(edges, region, offset, count)
        _forbid(table, a, b, region, offset, count)
        step, clear = _clearest(table)
        taken = clear > margin
        if not taken.any():
            continue
        region, offset = _joined_within(
            region, offset, count, a[taken], b[taken], step[taken], clear[taken]
        )
        outer = region[edges.first] != region[edges.last]
        edges = Edges(edges.first[outer], edges.last[outer], edges.pairs[outer])
    return _placed(unary.reshape(-1, count), region, offset, darker).reshape(shape)


def _edges(
    shape: tuple[int, ...], right: Potentials, down: Potentials, between: Potentials | None
) -> Edges:
    where = np.arange(np.prod(shape)).reshape(shape)
    parts = [(where[:, :, :-1], where[:, :, 1:], right), (where[:, :-1], where[:, 1:], down)]
    if between is not None:
        parts.append((where[:-1], where[1:], between))
    first, last = (np.concatenate([part[at].ravel() for part in parts]) for at in (0, 1))
    pairs = np.concatenate([part[2].reshape(-1, right.shape[-1]) for part in parts])
    return Edges(first, last, pairs - pairs.min(1, keepdims=True))


def _between_regions(
    edges: Edges, region: Integers, offset: Integers, count: int
) -> tuple[Integers, Integers, NDArray[np.float64]]:
    """Pairs of regions (p,), and (p, 4L+1) what all edges between them say of the offset of the
    second less that of the first, from -2L to 2L."""
    a, b = region[edges.first], region[edges.last]
    turned = a > b
    regions = int(region.max()) + 1
    keys, pair = np.unique(np.where(turned, b * regions + a, a * regions + b), return_inverse=True)
    reach, width = edges.pairs.shape[1] // 2, 4 * count + 1
    steps = np.arange(-reach, reach + 1) - (offset[edges.last] - offset[edges.first])[:, None]
    steps[turned] *= -1
    places = pair[:, None] * width + np.clip(steps + 2 * count, 0, width - 1)
    table: NDArray[np.float64] = np.bincount(
        places.ravel(), edges.pairs.ravel(), len(keys) * width
    ).astype(np.float64)
    return keys // regions, keys % regions, table.reshape(-1, width)


def _forbid(
    table: NDArray[np.float64],
    a: Integers,
    b: Integers,
    region: Integers,
    offset: Integers,
    count: int,
) -> None:
    """Take out differences with which two regions together would not fit into 0..L-1."""
    low, high = _range(region, offset)
    steps = np.arange(-2 * count, 2 * count + 1)
    top = np.maximum(high[a, None], high[b, None] + steps)
    bottom = np.minimum(low[a, None], low[b, None] + steps)
    table[top - bottom >= count] = -np.inf


def _clearest(table: NDArray[np.float64]) -> tuple[Integers, NDArray[np.float64]]:
    """The likeliest difference of every pair, and by how much it is likelier than the next."""
    best = table.argmax(1)
    highest = np.take_along_axis(table, best[:, None], 1)[:, 0]
    others = table.copy()
    np.put_along_axis(others, best[:, None], -np.inf, 1)
    possible = np.isfinite(highest)
    clear = np.where(possible, np.minimum(np.where(possible, highest, 0) - others.max(1), 1e3), -1)
    return best - table.shape[1] // 2, clear


def _joined_within(
    region: Integers,
    offset: Integers,
    count: int,
    a: Integers,
    b: Integers,
    step: Integers,
    clear: NDArray[np.float64],
) -> tuple[Integers, Integers]:
    """Region and offset (n,) of every sample after joins, of which the less clear half is left
    out, again and again, wherever they do not fit into 0..L-1 together."""
    regions = int(region.max()) + 1
    while True:
        joined, shift = _join(regions, a, b, step, clear)
        new_region, new_offset = joined[region], offset + shift[region]
        low, high = _range(new_region, new_offset)
        wide = (high - low >= count)[joined[a]]
        if not wide.any():
            return new_region, new_offset
        of_part = joined[a]
        kept = ~wide
        for part in np.unique(of_part[wide]):
            here = np.flatnonzero(of_part == part)
            kept[here[np.argsort(-clear[here], kind="stable")[: len(here) // 2]]] = True
        a, b, step, clear = a[kept], b[kept], step[kept], clear[kept]
        if not len(a):
            return region, offset


def _range(region: Integers, offset: Integers) -> tuple[Integers, Integers]:
    """Least and greatest offset of every region, but for the few samples beyond, which are
    wrong in any case and say nothing of the others."""
    least, width = int(offset.min()), int(offset.max()) - int(offset.min()) + 1
    counts = np.bincount(region * width + offset - least, minlength=(int(region.max()) + 1) * width)
    reached = counts.reshape(-1, width).cumsum(1)
    few = (TRIMMED * reached[:, -1:]).astype(np.int64)
    low = (reached > few).argmax(1)
    high = (reached >= reached[:, -1:] - few).argmax(1)
    return low + least, high + least


def _join(
    regions: int, a: Integers, b: Integers, step: Integers, clear: NDArray[np.float64]
) -> tuple[Integers, Integers]:
    """New region (n,) of every region and its offset therein, by the forest of the clearest
    edges (a, b), of which b has the label of a and `step`."""
    cost = 1 + clear.max() - clear
    forest = minimum_spanning_tree(coo_array((cost, (a, b)), (regions, regions)).tocsr()).tocoo()
    parts, joined = connected_components(forest, directed=False)
    _, roots = np.unique(joined, return_index=True)
    # A node that is joined to one region of every tree makes the forest a tree.
    rows = np.concatenate([forest.row, np.full(parts, regions)])
    columns = np.concatenate([forest.col, roots])
    tree = coo_array((np.ones(len(rows)), (rows, columns)), (regions + 1, regions + 1)).tocsr()
    parent = breadth_first_order(tree, regions, directed=False)[1].astype(np.int64)
    parent[regions] = regions
    offset = np.zeros(regions + 1, np.int64)
    forward, backward = parent[b] == a, parent[a] == b
    offset[b[forward]] = step[forward]
    offset[a[backward]] = -step[backward]
    while (parent != regions).any():
        offset += offset[parent]
        parent = parent[parent]
    return joined.astype(np.int64), offset[:-1]


def _placed(unary: Potentials, region: Integers, offset: Integers, darker: float) -> Integers:
    """Labels (n,) of samples whose regions are put where they fit, as dark as that allows."""
    count, regions = unary.shape[1], int(region.max()) + 1
    offset = offset - _range(region, offset)[0][region] - count
    score = np.empty((2 * count + 1, regions))
    everywhere = np.arange(len(unary))
    for shift in range(2 * count + 1):
        label = offset + shift
        inside = (label >= 0) & (label < count)
        of_label = OWN * unary[everywhere, np.clip(label, 0, count - 1)] - ~inside
        score[shift] = np.bincount(region, of_label - darker * shift, regions)
    placed: Integers = np.clip(offset + score.argmax(0)[region], 0, count - 1)
    return placed
