"""Options that estimators share, with the values that something can be done with.

Whoever inherits options reads their types too, so that these are no strings here: this
module has no ``from __future__ import annotations``.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import numpy as np
from annotated_types import Ge, Gt, Le, MaxLen, MinLen

from ..machine import Precision, check_device, precision_of, product_type

if TYPE_CHECKING:
    import torch

Count = Annotated[int, Ge(1)]
Folds = Annotated[int, Ge(2)]

Batch = Annotated[int, Ge(2)]
"""Rows a step: a single one has no other to be paired with."""
Widths = Annotated[Sequence[Count], MinLen(1), MaxLen(100)]
"""Widths of the hidden layers of a network."""
Rate = Annotated[float, Gt(0), Le(1)]
"""Learning rate: AdamW moves every weight by about so much a step."""
Decay = Annotated[float, Ge(0), Le(1)]
"""Weight decay, the share of the learning rate by which weights shrink a step."""
Nats = Annotated[float, Gt(0)]
Critic = Callable[[int, int], Any]
"""``critic(dx, dy)`` makes a network, a ``torch.nn.Module``, of rows of dx and dy dimensions."""


class Options:
    """A dataclass that refuses values its fields cannot have.

    Raises
    ------
    ValueError
        With the field, its value and what it takes.
    """

    def __post_init__(self) -> None:
        from pydantic import ValidationError

        for name, adapter in _types(type(self)).items():  # type: ignore[arg-type]
            value = getattr(self, name)
            plain = value.item() if isinstance(value, np.generic) else value
            try:
                adapter.validate_python(plain, strict=True)
            except ValidationError as error:
                reason = error.errors()[0]["msg"].lower()
                raise ValueError(f"{name}={value!r}: {reason}") from error


@cache
def _types(kind: type[Any]) -> dict[str, Any]:
    """What checks each field of a dataclass."""
    from pydantic import TypeAdapter

    hints = get_type_hints(kind, include_extras=True)
    return {field.name: TypeAdapter(hints[field.name]) for field in fields(kind)}


@dataclass(frozen=True, kw_only=True)
class OnDevice(Options):
    """Where it is computed.

    Parameters
    ----------
    device : "cpu" or "cuda".

    Raises
    ------
    ImleakError
        If the device is not there.
    """

    device: str = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_device(self.device)


@dataclass(frozen=True, kw_only=True)
class HeldOut(OnDevice):
    """How an estimate is held out.

    Parameters
    ----------
    folds : K of the K-fold cross-fitting; every image is tested once a seed.
    seeds : repetitions, each with its own folds, first weights and broken pairs.
    growth : also with 1/8, 1/4 and 1/2 of the training images.
    sensitivity : also the smallest planted leak that is found.
    precision : of the matrix products of training: "fp32", "bf16", "fp16", or "auto" for
        bf16 where the processor has it.
    """

    folds: Folds = 5
    seeds: Count = 5
    growth: bool = False
    sensitivity: bool = False
    precision: Precision = "auto"

    @property
    def product_type(self) -> "torch.dtype":
        """The type of matrix products."""
        return product_type(self.precision, self.device)

    @property
    def facts(self) -> dict[str, str]:
        """What is recorded of it beside its options."""
        return {"device": self.device, "precision": precision_of(self.product_type)}


def name_with_own(estimator: Any, critic: Critic | None) -> None:
    """An estimator with a network of the user's is called after it, and its version tells what
    the network is made of: results of another one are not taken for its own."""
    if critic is None:
        return
    called = str(getattr(critic, "__name__", type(critic).__name__))
    word = "-".join(re.findall(r"\w+", called)) or "own"
    try:
        made_of = inspect.getsource(critic)
    except (OSError, TypeError):  # typed into an interpreter
        made_of = called
    digest = sha256(made_of.encode()).hexdigest()[:12]
    object.__setattr__(estimator, "name", f"{estimator.name}-{word}")
    object.__setattr__(estimator, "version", f"{estimator.version}+{digest}")
