"""The mutual information of arrays of samples."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import plugins
from .estimators.samples.arrays import pair, whole_number
from .interfaces import Estimator, ImleakError, Measurement
from .machine import reuse_memory


def estimate(
    x: ArrayLike,
    y: ArrayLike,
    estimator: str | Estimator = "best",
    groups: ArrayLike | None = None,
    seed: int = 0,
    one_unit: bool = False,
    **options: Any,
) -> Measurement | list[Measurement]:
    """Estimate the mutual information of paired samples, in bits.

    Origin, unit (but see `one_unit`) and order of columns, and constant columns, make no
    difference. Rows that
    are masked in x or y are left out (``details["masked"]`` says how many). Rows that are
    exact copies of each other share a group (``details["copies"]``, and a warning); values
    that are few, as those of pixels or labels, may repeat.

    Parameters
    ----------
    x : (n, dx) or (n,) target: an array, masked array, DataFrame, tensor or nested lists.
    y : (n, dy) or (n,) view; or (L, n, dy) views at many levels, estimated as one batch.
    estimator : its name, see ``imleak list``; or an estimator, such as
        ``Mine(critic=network)``.
    groups : (n,) labels of what the rows come from, images for instance: rows of one
        group are never on both sides of a split. Without, every row is its own.
    seed : of everything random; an integer of 0 or more.
    one_unit : True of features of a network, as in an audit: columns of x have one unit, and so
        have those of y, and their relative strength says which matter. Otherwise every column
        has a unit of its own, on which nothing depends.
    options : of the estimator. ``critic`` of `mine`, `nwj`, `smile` and `infonce` is a network
        of your own: ``critic(dx, dy)`` makes a ``torch.nn.Module``, see
        :mod:`imleak.estimators.critics.own`.

    Returns
    -------
    An estimate; a list with one a level for a view of three dimensions.

    Raises
    ------
    ImleakError
        If shapes do not fit, a value is missing or not finite, or name or options are
        unknown.
    """
    from .study.components import component

    reuse_memory()
    number = whole_number(seed)
    plain = {name: o.item() if isinstance(o, np.generic) else o for name, o in options.items()}
    try:
        if isinstance(estimator, Estimator):
            built = _without_options(estimator, plain)
        elif plain.get("critic") is not None:  # no text, and no study knows it by its name
            built = plugins.load("estimator", estimator)(**plain)
        else:
            built = component("estimator", estimator, plain).build()
    except (TypeError, ValueError) as error:
        given = f" with {', '.join(plain)}" if plain else ""
        raise ImleakError(f"{estimator} cannot be made{given}: {error}") from error
    samples, details = pair(x, y, groups, one_unit=one_unit)
    if copies := details.get("copies"):
        warnings.warn(
            f"{copies:.0f} rows are exact copies of others; copies share a group, so that "
            "none is tested by what was trained on it",
            stacklevel=2,
        )
    found = [
        replace(one, details={**one.details, **details})
        for one in built.estimate(samples, seed=number)
    ]
    return found if np.ndim(y) == 3 else found[0]


def _without_options(estimator: Estimator, options: Mapping[str, Any]) -> Estimator:
    """An estimator that is made already."""
    if options:
        raise TypeError(f"it has its options already; leave out {', '.join(options)}")
    return estimator
