"""Types of options, with the numbers that something can be done with.

They stand in the signatures of estimators, where they are checked before one is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from annotated_types import Ge, Gt, Le, MaxLen, MinLen

Count = Annotated[int, Ge(1)]

Folds = Annotated[int, Ge(2)]

Batch = Annotated[int, Ge(2)]
"""Rows a step: one has no other to be told from."""

Widths = Annotated[Sequence[Count], MinLen(1), MaxLen(100)]
"""Of the hidden layers of a network."""

Rate = Annotated[float, Gt(0), Le(1)]
"""Learning rate: AdamW moves every weight by about so much a step."""

Decay = Annotated[float, Ge(0), Le(1)]
"""Weight decay, the share of the learning rate by which weights shrink a step."""

Nats = Annotated[float, Gt(0)]
