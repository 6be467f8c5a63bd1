"""What is done to a block: turned, negated, its channels permuted."""

from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Samples

Integers: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Form:
    """One thing that is done to a block.

    Parameters
    ----------
    turn : 0..3 rotates by multiples of 90 degrees, 4..7 reverses rows and then rotates.
    negated : whether samples are negated.
    order : which channel comes where.
    """

    turn: int
    negated: bool
    order: tuple[int, ...]

    def of(self, samples: Samples, bits: int) -> Samples:
        """Blocks or images (..., C, h, w) in this form; of a depth."""
        made = turned(samples[..., self.order, :, :], self.turn)
        found: Samples = made ^ made.dtype.type((1 << bits) - 1) if self.negated else made
        return found


def turned(samples: Any, turn: int) -> Any:
    """Arrays (..., h, w) rotated, and flipped before that."""
    return np.rot90(samples[..., ::-1] if turn >= 4 else samples, turn % 4, axes=(-2, -1))


@dataclass(frozen=True, eq=False)
class Group:
    """All forms of a block at a level, numbered; 0 is the block itself.

    Parameters
    ----------
    forms : the forms.
    after : (F, F), ``after[g, f]`` is the form f, and then g.
    inverse : (F,), what undoes a form.
    moves : (F, 2, 2), what becomes of a step in rows and columns.
    """

    forms: tuple[Form, ...]
    after: Integers
    inverse: Integers
    moves: Integers


@cache
def group(channels: int, *, turns: bool, negates: bool, permutes: bool) -> Group:
    """The forms that some steps make of blocks."""
    orders = list(permutations(range(channels))) if permutes else [tuple(range(channels))]
    forms = tuple(
        Form(turn, negated, order)
        for turn in range(8 if turns else 1)
        for negated in ((False, True) if negates else (False,))
        for order in orders
    )
    number = {form: at for at, form in enumerate(forms)}
    turn_after = _turns()
    after = np.array(
        [
            [
                number[
                    Form(
                        int(turn_after[g.turn, f.turn]),
                        f.negated != g.negated,
                        tuple(f.order[at] for at in g.order),
                    )
                ]
                for f in forms
            ]
            for g in forms
        ]
    )
    return Group(forms, after, after.argmin(1), np.array([_move(form.turn) for form in forms]))


def _turns() -> Integers:
    """(8, 8): the turn that one turn after another makes."""
    marks = np.arange(4).reshape(2, 2)
    number = {turned(marks, turn).tobytes(): turn for turn in range(8)}
    return np.array(
        [[number[turned(turned(marks, f), g).tobytes()] for f in range(8)] for g in range(8)]
    )


def _move(turn: int) -> Integers:
    """What a turn makes of a step in rows and columns, as a matrix."""
    move = np.diag([1, -1]) if turn >= 4 else np.eye(2, dtype=int)
    for _ in range(turn % 4):
        move = np.array([[0, -1], [1, 0]]) @ move
    return move
