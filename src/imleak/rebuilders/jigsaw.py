"""Blocks put together again like a jigsaw puzzle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Exposure, ImageError, ImleakError, Raster, Rebuilt, Samples, Scheme
from ._assembly import cut, direct, largest_component, neighbour
from ._forms import Group, group

PERMUTED, TURNED, NEGATED, CHANNELS = 1, 2, 3, 4
"""Levels of the scheme: each takes one step more."""
MOST_BLOCKS = 4096
"""Of which every pair is compared, in every form."""
KEPT = 4
"""Best neighbours of every side of a block that are tried."""
SURE = 1.0
"""Cost, in relation to the second best, below which two blocks are joined."""
TINY = np.float32(1e-6)
SIDES = {(0, 1): 0, (-1, 0): 1, (0, -1): 2, (1, 0): 3}
"""Sides of a block, by the step that leads across."""
Integers: TypeAlias = NDArray[np.integer[Any]]
Costs: TypeAlias = NDArray[np.float32]
Place: TypeAlias = tuple[int, int]


class Jigsaw:
    r"""Assembles permuted blocks by how well their borders fit.

    Two blocks side by side, in any forms that the scheme gives them, fit as well as each
    border continues in the other,

    .. math:: D = \| 2 a_0 - a_1 - b_0 \|_2^2 + \| 2 b_0 - b_1 - a_0 \|_2^2,

    with :math:`a_0, a_1` the last and last but one column of the left block and :math:`b_0, b_1`
    the first two of the right one. Pairs are joined from the one that fits best, in relation to
    the second best for the same side, on, wherever they keep the blocks of both parts apart and
    within the size of the image: a minimum spanning tree with constraints. The largest part is
    then filled up block by block, the place with the most neighbours first.

    The image may come out turned, negated or with other channels as a whole: nothing in the
    ciphers says which it was. The confidence is the share of the blocks that the largest part
    has, for these, and that of a guess for all others.

    How well it does is said by three shares: of the blocks that are at their place, of the pairs of
    neighbouring blocks that are neighbours again, in the same way, and of the blocks in the largest
    part whose neighbours are; of n blocks in any order 1 / n of the first and of the second is
    expected, and more where blocks are equal.

    References
    ----------
    Gallagher, "Jigsaw puzzles with pieces of unknown orientation", CVPR 2012. Pomeranz, Shemesh
    & Ben-Shahar, "A fully automated greedy square jigsaw puzzle solver", CVPR 2011: the
    prediction of a border. Chuman & Kiya, "Security evaluation for block scrambling-based image
    encryption including JPEG distortion against jigsaw puzzle solver attacks", IEICE
    Transactions on Fundamentals, 2018.
    """

    name = "jigsaw"
    version = "1"
    references = ("gallagher2012", "pomeranz2011", "chuman2018")
    digest = ""

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:
        """Whether blocks of 2x2 or more are permuted."""
        if scheme.name != "etc" or getattr(scheme, "block", 1) < 2:
            return False
        if getattr(scheme, "form", "colour") != "colour":
            return False
        return level > 0 and level in {one.rank for one in scheme.levels(bits)}

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The blocks as they fit best. Raises ImleakError if it does not rebuild such clear
        parts, and ImageError if there are more blocks than it compares."""
        if not self.rebuilds(scheme, level, exposure.bits):
            raise ImleakError(f"jigsaw does not rebuild {scheme.name} at level {level}")
        side: int = scheme.block  # type: ignore[attr-defined]
        blocks = cut(exposure.rendered, side)
        rows, columns = blocks.shape[:2]
        if rows * columns > MOST_BLOCKS:
            raise ImageError(
                f"{rows * columns} blocks of {side}x{side}: jigsaw compares at most {MOST_BLOCKS}; "
                "give a smaller image, or larger blocks"
            )
        flat = blocks.reshape(rows * columns, *blocks.shape[2:])
        of = steps(flat.shape[1], level)
        placed = assembled(flat, (rows, columns), exposure.bits, of)
        samples, confidence = exposure.rendered.copy(), np.ones(exposure.rendered.shape, np.float32)
        for (row, column), (piece, form, share) in placed.items():
            at = (
                slice(None),
                slice(row * side, (row + 1) * side),
                slice(column * side, (column + 1) * side),
            )
            samples[at] = of.forms[form].of(flat[piece], exposure.bits)
            confidence[at] = share
        return Rebuilt(samples, confidence)

    def judge(
        self, rebuilt: Raster, plain: Raster, scheme: Scheme, level: int
    ) -> Mapping[str, float]:
        """Direct and neighbour accuracy, and the largest component; nothing of an image without
        two blocks."""
        side: int = scheme.block  # type: ignore[attr-defined]
        _, height, width = plain.samples.shape
        if (height // side) * (width // side) < 2:
            return {}
        of = steps(len(plain.samples), level)
        both = rebuilt.samples, plain.samples, side, plain.bits, of
        return {
            "direct accuracy": direct(*both),
            "neighbour accuracy": neighbour(*both),
            "largest component": largest_component(*both),
        }


def steps(channels: int, level: int) -> Group:
    """The forms of a block at a level."""
    return group(
        channels,
        turns=level >= TURNED,
        negates=level >= NEGATED,
        permutes=level >= CHANNELS and channels > 1,
    )


class Placed(NamedTuple):
    """A block, its form, and the share of all blocks whose places are told together with its."""

    piece: int
    form: int
    share: float


def assembled(
    blocks: Samples, size: tuple[int, int], bits: int, of: Group
) -> dict[tuple[int, int], Placed]:
    """Which of n blocks (n, C, b, b) comes where, by row and column.

    Parameters
    ----------
    size : rows and columns of blocks.
    of : the forms that blocks may have.
    """
    borders = Borders.of(blocks, bits, of)
    parts = Parts(len(blocks), size, of)
    for pair in sorted(_best_pairs(borders, of)):
        parts.join(pair)
    largest = parts.upright(max(parts.members.values(), key=len))
    share = len(largest) / len(blocks)
    placed = {place: Placed(piece, form, share) for piece, (place, form) in largest.items()}
    for place, piece, form in _filled(dict(placed), borders, size, of):
        placed[place] = Placed(piece, form, 1 / len(blocks))
    top, left = (min(place[axis] for place in placed) for axis in (0, 1))
    return {(row - top, column - left): one for (row, column), one in placed.items()}


@dataclass(frozen=True, eq=False)
class Borders:
    """The borders of all blocks in all forms, ready to be compared: right ones with left ones,
    and lower ones with upper ones.

    Parameters
    ----------
    right, left, below, above : (F, n, d) float32; two borders that fit are near to each other.
    white : the sum of a sample and its negative, in their scale.
    """

    right: Costs
    left: Costs
    below: Costs
    above: Costs
    white: float

    @classmethod
    def of(cls, blocks: Samples, bits: int, forms: Group) -> Borders:
        sides: dict[str, list[Costs]] = {"right": [], "left": [], "below": [], "above": []}
        for form in forms.forms:
            made = form.of(blocks, bits).astype(np.float32) / (1 << bits)
            for name, turned, is_first in (
                ("right", made, True),
                ("left", made[..., ::-1], False),
                ("below", made.swapaxes(2, 3), True),
                ("above", made.swapaxes(2, 3)[..., ::-1], False),
            ):
                last, before = turned[..., -1], turned[..., -2]
                own, continued = last.reshape(len(made), -1), (2 * last - before)
                both = [continued.reshape(len(made), -1), own]
                sides[name].append(np.concatenate(both if is_first else both[::-1], axis=1))
        white = 1 - 1 / (1 << bits)
        return cls(**{name: np.stack(found) for name, found in sides.items()}, white=white)


class Pair(NamedTuple):
    """Two blocks in their forms, the first on the left; or above the second.

    Parameters
    ----------
    cost : how badly they fit, in relation to the second best.
    """

    cost: float
    first: int
    first_form: int
    second: int
    second_form: int
    is_below: bool


def _best_pairs(borders: Borders, of: Group) -> Iterator[Pair]:
    """The best neighbours of every side of every block, better than any other block on both sides
    that meet; the cost is in relation to the second best form of any block there."""
    n = borders.right.shape[1]
    if n < 2:
        return
    # To turn, flip, negate or mix both blocks says nothing: the block itself and, where blocks
    # are turned, its rotations have every side on the right once.
    quarters = [
        at
        for at, form in enumerate(of.forms)
        if form.turn < 4 and not form.negated and list(form.order) == sorted(form.order)
    ]
    searches = [(form, (0, 1), borders.right[form], borders.left) for form in quarters]
    if len(quarters) == 1:
        searches += [
            (0, (1, 0), borders.below[0], borders.above),
            (0, (0, -1), borders.left[0], borders.right),
            (0, (-1, 0), borders.above[0], borders.below),
        ]
    seconds = np.empty((2, n, len(SIDES)), np.float32)
    found = []
    for form, step, own, others in searches:
        near = _nearest(own, others)
        seconds[:, :, _side(of, form, step)] = near.second_block, near.second_form
        if step in ((0, 1), (1, 0)):
            found.append((form, step, near))
    for form, step, near in found:
        side = _side(of, form, step)
        meeting = np.array([_side(of, at, (-step[0], -step[1])) for at in range(len(of.forms))])
        theirs = seconds[:, near.blocks, meeting[near.forms]]
        to_block, to_form = (near.costs + TINY) / (np.minimum(seconds[:, :, [side]], theirs) + TINY)
        for first, rank in zip(*np.nonzero(to_block < SURE), strict=True):
            yield Pair(
                float(to_form[first, rank]),
                int(first),
                form,
                int(near.blocks[first, rank]),
                int(near.forms[first, rank]),
                step == (1, 0),
            )


def _side(of: Group, form: int, step: Place) -> int:
    """The side of a block itself that lies in the direction of a step once it has a form."""
    down, across = (of.moves[of.inverse[form]] @ np.array(step)).tolist()
    return SIDES[down, across]


class Nearest(NamedTuple):
    """The best neighbours of one side of every block, the best first, each in its best form.

    Parameters
    ----------
    costs, blocks, forms : (n, k).
    second_block, second_form : (n,) cost of the second best block, and of the second best of
        all blocks in all forms; infinite where there is none.
    """

    costs: Costs
    blocks: Integers
    forms: Integers
    second_block: Costs
    second_form: Costs


def _nearest(own: Costs, others: Costs) -> Nearest:
    """Of n borders (n, d) among those of the same blocks in F forms (F, n, d)."""
    n = len(own)
    # |b|^2 - 2 a b, one matrix product a form: |a|^2 is the same for all that are compared.
    squares = np.einsum("fnd,fnd->fn", others, others)
    doubled = np.concatenate([-2 * own, np.ones((n, 1), np.float32)], axis=1)
    lowest = np.full((n, n), np.inf, np.float32)
    forms = np.zeros((n, n), np.int16)
    costs, is_better = np.empty_like(lowest), np.empty((n, n), np.bool_)
    for form, border in enumerate(others):
        ahead = np.concatenate([border, squares[form][:, None]], axis=1)
        np.matmul(doubled, ahead.T, out=costs)
        np.less(costs, lowest, out=is_better)
        np.copyto(lowest, costs, where=is_better)
        np.copyto(forms, form, where=is_better)
    np.fill_diagonal(lowest, np.inf)  # no block is its own neighbour
    order = np.argsort(lowest, axis=1, kind="stable")[:, : min(KEPT, n - 1)]
    best, of_best = np.take_along_axis(lowest, order, 1), np.take_along_axis(forms, order, 1)
    second = np.partition(lowest, 1, axis=1)[:, 1]
    either = np.minimum(second, _second_form(own, others[:, order[:, 0]], squares[:, order[:, 0]]))
    own_squares = np.einsum("nd,nd->n", own, own)
    best, second, either = (
        (found + own_squares.reshape(-1, *[1] * (found.ndim - 1))).clip(0)
        for found in (best, second, either)
    )
    return Nearest(best, order, of_best, second, either)


def _second_form(own: Costs, best: Costs, squares: Costs) -> Costs:
    """(n,) what the second best form of the best block costs, of one form infinity."""
    if len(best) < 2:
        return np.full(len(own), np.inf, np.float32)
    every = squares - 2 * np.einsum("nd,fnd->fn", own, best)
    found: Costs = np.partition(every, 1, axis=0)[1]
    return found


class Parts:
    """Blocks that are joined, each part with places of its own.

    Parameters
    ----------
    count : of blocks.
    size : rows and columns that no part may exceed, or columns and rows where blocks are turned.
    of : the forms of blocks.
    """

    def __init__(self, count: int, size: tuple[int, int], of: Group) -> None:
        self.size, self.group = size, of
        self.part_of = list(range(count))
        self.members = {at: {at: ((0, 0), 0)} for at in range(count)}
        self.turns = any(form.turn for form in of.forms)

    def join(self, pair: Pair) -> bool:
        """Put two parts together, unless blocks would lie on each other or beyond the image."""
        ours, theirs = self.part_of[pair.first], self.part_of[pair.second]
        if ours == theirs:
            return False
        step = (1, 0) if pair.is_below else (0, 1)
        own, other = (pair.first, pair.first_form), (pair.second, pair.second_form)
        if len(self.members[ours]) < len(self.members[theirs]):
            ours, theirs, own, other = theirs, ours, other, own
            step = (-step[0], -step[1])
        moved = self._moved(ours, theirs, own, other, step)
        taken = {place for place, _ in self.members[ours].values()}
        if not taken.isdisjoint(place for place, _ in moved.values()):
            return False
        if not self._fits([*taken, *(place for place, _ in moved.values())]):
            return False
        self.members[ours] |= moved
        del self.members[theirs]
        for piece in moved:
            self.part_of[piece] = ours
        return True

    def _moved(
        self,
        ours: int,
        theirs: int,
        own: tuple[int, int],
        other: tuple[int, int],
        step: tuple[int, int],
    ) -> dict[int, tuple[tuple[int, int], int]]:
        """The blocks of another part, with places and forms of ours."""
        after, inverse, moves = self.group.after, self.group.inverse, self.group.moves
        (row, column), form = self.members[ours][own[0]]
        frame = after[form, inverse[own[1]]]
        down, across = moves[frame] @ np.array(step)
        (their_row, their_column), their_form = self.members[theirs][other[0]]
        change = after[after[frame, other[1]], inverse[their_form]]
        (a, b), (c, d) = moves[change].tolist()
        found = {}
        for piece, ((r, s), f) in self.members[theirs].items():
            dr, ds = r - their_row, s - their_column
            place = (row + int(down) + a * dr + b * ds, column + int(across) + c * dr + d * ds)
            found[piece] = (place, int(after[change, f]))
        return found

    def _fits(self, places: list[tuple[int, int]]) -> bool:
        rows, columns = zip(*places, strict=True)
        height, width = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
        sizes = [self.size, self.size[::-1]] if self.turns else [self.size]
        return any(height <= tall and width <= wide for tall, wide in sizes)

    def upright(
        self, part: dict[int, tuple[tuple[int, int], int]]
    ) -> dict[int, tuple[tuple[int, int], int]]:
        """A part within the rows and columns of the image, from the top left."""
        rows, columns = zip(*(place for place, _ in part.values()), strict=True)
        height, width = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
        turn = 0
        if height > self.size[0] or width > self.size[1]:
            turn = next(at for at, form in enumerate(self.group.forms) if form.turn == 1)
        (a, b), (c, d) = self.group.moves[turn].tolist()
        found = {
            piece: ((a * r + b * s, c * r + d * s), int(self.group.after[turn, form]))
            for piece, ((r, s), form) in part.items()
        }
        top = min(place[0] for place, _ in found.values())
        left = min(place[1] for place, _ in found.values())
        return {
            piece: ((place[0] - top, place[1] - left), form)
            for piece, (place, form) in found.items()
        }


def _filled(
    placed: dict[tuple[int, int], Placed], borders: Borders, size: tuple[int, int], of: Group
) -> Iterator[tuple[tuple[int, int], int, int]]:
    """Place, block and form of what is missing, the place with the most neighbours first."""
    there = {place: (one.piece, one.form) for place, one in placed.items()}
    left = np.setdiff1d(np.arange(borders.right.shape[1]), [one.piece for one in placed.values()])
    beside = {
        (0, -1): (borders.right, _Fitted.of(borders.left, borders.white, of)),
        (0, 1): (borders.left, _Fitted.of(borders.right, borders.white, of)),
        (-1, 0): (borders.below, _Fitted.of(borders.above, borders.white, of)),
        (1, 0): (borders.above, _Fitted.of(borders.below, borders.white, of)),
    }
    while len(left):
        place = _next(there, size, list(beside))
        cost = np.zeros((len(borders.right), len(left)), np.float32)
        for (row, column), (theirs, ours) in beside.items():
            neighbour = there.get((place[0] + row, place[1] + column))
            if neighbour is not None:
                piece, form = neighbour
                cost += ours.costs(theirs[form, piece], left)
        best, at = np.unravel_index(int(cost.argmin()), cost.shape)
        chosen = int(left[at])
        left = np.delete(left, at)
        there[place] = (chosen, int(best))
        yield place, chosen, int(best)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Borders of blocks, ready to be compared with one border in all forms. What permutes the
    channels of a block, or negates it, is done to the other border instead.

    Parameters
    ----------
    turned : (T, n, d) borders of the forms that only turn.
    squares : (F, n) of all forms.
    at : (F,) which of the T a form turns as.
    orders : (F, C) what its order of channels does to the other border.
    negated : (F,).
    white : the sum of a sample and its negative.
    """

    turned: Costs
    squares: Costs
    at: Integers
    orders: Integers
    negated: NDArray[np.bool_]
    white: float

    @classmethod
    def of(cls, borders: Costs, white: float, group: Group) -> _Fitted:
        channels = list(range(len(group.forms[0].order)))
        plain = [
            number
            for number, form in enumerate(group.forms)
            if not form.negated and list(form.order) == channels
        ]
        turns = {group.forms[number].turn: at for at, number in enumerate(plain)}
        return cls(
            borders[plain],
            np.einsum("fnd,fnd->fn", borders, borders),
            np.array([turns[form.turn] for form in group.forms]),
            np.array([np.argsort(form.order) for form in group.forms]),
            np.array([form.negated for form in group.forms]),
            white,
        )

    def costs(self, border: Costs, left: Integers) -> Costs:
        """(F, k) squared distances of a border (d,) to those of some blocks, less what is the same
        for all."""
        channels = self.orders.shape[1]
        orders, which = np.unique(self.orders, axis=0, return_inverse=True)
        others = border.reshape(2, channels, -1)[:, orders].swapaxes(0, 1).reshape(len(orders), -1)
        products = (self.turned[:, left] @ others.T)[self.at, :, which.ravel()]
        products[self.negated] = self.white * border.sum() - products[self.negated]
        found: Costs = self.squares[:, left] - 2 * products
        return found


def _next(
    there: Mapping[Place, object], size: tuple[int, int], steps_beside: Sequence[Place]
) -> Place:
    """The place with the most neighbours, beside which the image is not larger than its size."""
    rows, columns = zip(*there, strict=True)
    top, bottom = max(rows) - size[0] + 1, min(rows) + size[0] - 1
    first, last = max(columns) - size[1] + 1, min(columns) + size[1] - 1
    beside = Counter(
        (row + down, column + across) for row, column in there for down, across in steps_beside
    )
    open_places = (
        (count, place)
        for place, count in beside.items()
        if place not in there and top <= place[0] <= bottom and first <= place[1] <= last
    )
    return max(open_places)[1]
