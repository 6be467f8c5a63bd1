"""What users call an array, as an array of real numbers: of numpy, pandas, torch, or lists."""

import operator
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...interfaces import ImleakError, PairedSamples
from .columns import centred, centred_integers, on_one_scale
from .copies import joined

EXACT = 2.0**53
"""Integers above are not all floating-point numbers."""


class SampleError(ImleakError):
    """Arrays that cannot be taken as paired samples."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """Rows of real numbers.

    Parameters
    ----------
    values : (n, d) or (L, n, d), integers or floating-point numbers, all finite. Columns that
        no type of numpy holds exactly are centred already.
    masked : (n,) rows in which a value is masked.
    """

    values: NDArray[Any]
    masked: NDArray[np.bool_]


def pair(
    x: object, y: object, groups: object = None, *, one_unit: bool = False
) -> tuple[PairedSamples, dict[str, float]]:
    """Paired samples of what a user gave, and what was done to their rows.

    Parameters
    ----------
    x, y, groups, one_unit : see :func:`imleak.estimate`.

    Returns
    -------
    Samples whose columns have one origin, and a unit each or one; and how many rows were
    ``masked``, and left out, or are ``copies`` of rows of another group, which is then their own.

    Raises
    ------
    SampleError
        If they are no paired samples.
    """
    target, view = numbers(x, "x", (1, 2)), numbers(y, "y", (1, 2, 3))
    rows = len(target.values)
    if view.values.shape[-2] != rows:
        raise SampleError(
            f"x has {rows} rows and y has {view.values.shape[-2]}; they must be paired row by row"
        )
    named = labels(groups, rows)
    kept = ~(target.masked | view.masked)
    if not kept.any():
        raise SampleError(f"all {rows} rows are masked")
    plain = target.values[kept]
    clear = view.values.reshape(-1, rows, view.values.shape[-1])[:, kept]
    own, copies = joined(named[kept], plain, clear)
    counts = {"masked": float(rows - kept.sum()), "copies": float(copies)}
    plain, clear = (on_one_scale(side, one_unit=one_unit) for side in (plain, clear))
    samples = PairedSamples(plain, clear, own, one_unit=one_unit)
    return samples, {name: n for name, n in counts.items() if n}


def numbers(values: object, name: str, dimensions: tuple[int, ...]) -> Numbers:
    """Rows of what a user gave as an array.

    Integers, dates and durations stay exact. Booleans count as 0 and 1. Masked values are
    noted, and not looked at.

    Parameters
    ----------
    values : array, masked array, DataFrame, Series, tensor or nested lists; (n,), (n, d) or
        (L, n, d).
    name : what the user calls it.
    dimensions : how many axes it may have.

    Raises
    ------
    SampleError
        If it has no real numbers, another shape, or a value that is missing or not finite.
    """
    given = array(values, name)
    _check_shape(given, name, dimensions)
    mask = np.ma.getmaskarray(given) if np.ma.isMaskedArray(given) else np.False_
    given = np.ma.getdata(given)
    whole = np.broadcast_to(mask, given.shape)
    given = _real(given, whole, name, _columns(values))
    if not np.all(fine := np.isfinite(given) | whole):
        at = tuple(int(i) for i in np.argwhere(~fine)[0])
        raise SampleError(f"{name}{list(at)} is {given[at]}; every value must be finite")
    if given.ndim == 1:
        given, whole = given[:, np.newaxis], whole[:, np.newaxis]
    rows = np.moveaxis(whole, -2, 0).reshape(given.shape[-2], -1)
    return Numbers(given, np.asarray(rows.any(1)))


def labels(values: object, rows: int) -> NDArray[np.int64]:
    """Numbers (n,) of the groups a user named; without names every row is its own. Raises
    SampleError if there is not one label a row, or one is missing."""
    if values is None:
        return np.arange(rows)
    given = array(values, "groups")
    if given.shape != (rows,):
        raise SampleError(f"groups has shape {given.shape}; give one label a row, ({rows},)")
    missing = np.ma.getmaskarray(given) | _missing(np.ma.getdata(given))
    if missing.any():
        at = int(missing.argmax())
        raise SampleError(f"groups[{at}] is {given[at]}; every row needs a label")
    given = np.ma.getdata(given)
    if given.dtype.kind != "O":
        return np.unique(given, return_inverse=True)[1].astype(np.int64)
    number: dict[Any, int] = {}
    try:
        return np.array([number.setdefault(label, len(number)) for label in given], np.int64)
    except TypeError as error:
        raise SampleError(f"groups holds what is no label: {error}") from error


def whole_number(seed: object) -> int:
    """A seed as a Python integer of 0 or more, however large. Raises SampleError if it is none."""
    try:
        number = -1 if isinstance(seed, bool) else operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if number < 0:
        raise SampleError(f"seed is {seed!r}; give an integer of 0 or more")
    return number


def array(values: object, name: str) -> NDArray[Any]:
    """The array of numpy that something stands for, whatever goes wrong in making it."""
    try:
        return _array(values)
    except Exception as error:  # of a conversion that is not ours
        why = " ".join(str(error).split())
        raise SampleError(f"{name} cannot be taken as an array: {why}") from error


def _array(values: Any) -> NDArray[Any]:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(values, torch.Tensor):
        dense = values.detach().to_dense()
        if dense.is_floating_point() and dense.dtype not in (torch.float32, torch.float64):
            dense = dense.float()
        return np.asarray(dense.cpu().resolve_conj().resolve_neg().numpy())
    if np.ma.isMaskedArray(values):
        masked: NDArray[Any] = values
        return masked
    found = np.asarray(values)
    # Of lists, numpy makes floating-point numbers where integers do not fit its own.
    if found.dtype == float and isinstance(values, list | tuple) and np.any(abs(found) >= EXACT):
        return np.asarray(values, dtype=object)
    return found


def _columns(values: Any) -> list[Any] | None:
    """The columns of a DataFrame, each with a type of its own."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(values, pandas.DataFrame):
        return None
    return [values.iloc[:, at] for at in range(values.shape[1])]


def _check_shape(given: NDArray[Any], name: str, dimensions: tuple[int, ...]) -> None:
    if given.ndim not in dimensions or 0 in given.shape:
        shapes = {1: "(n,)", 2: f"(n, d{name})", 3: f"(L, n, d{name})"}
        wanted = " or ".join(shapes[d] for d in dimensions)
        raise SampleError(f"{name} has shape {given.shape}; give {wanted} with no empty axis")


def _real(
    given: NDArray[Any], masked: NDArray[np.bool_], name: str, columns: list[Any] | None
) -> NDArray[Any]:
    """Integers or floating-point numbers; masked ones are anything."""
    if columns is not None and len({column.dtype for column in columns}) > 1:
        parts = [_real(array(one, name), masked[:, 0], name, None) for one in columns]
        return np.column_stack([centred(part) for part in parts])
    if given.dtype.kind in "mM":
        if np.any(np.isnat(given) & ~masked):
            at = [int(i) for i in np.argwhere(np.isnat(given) & ~masked)[0]]
            raise SampleError(f"{name}{at} is NaT; every value must be known")
        return given.astype(np.int64)
    if given.dtype.kind == "b":
        return given.astype(np.uint8)
    if given.dtype.kind in "iuf":
        return given
    if given.dtype.kind != "O":
        raise SampleError(f"{name} is of type {given.dtype}; give real numbers")
    return _each_column(given, lambda part, mask: _of_objects(part, mask, name), masked)


def _each_column(
    given: NDArray[Any],
    convert: Callable[[NDArray[Any], NDArray[np.bool_]], NDArray[np.float64]],
    masked: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Columns (n,) of (n,), (n, d) or (L, n, d), each converted for itself."""
    out = np.zeros(given.shape)
    rows = 0 if given.ndim < 3 else 1
    for at in np.ndindex(*(n for axis, n in enumerate(given.shape) if axis != rows)):
        where = (*at[:rows], slice(None), *at[rows:])
        out[where] = convert(given[where], masked[where])
    return out


def _of_objects(column: NDArray[Any], masked: NDArray[np.bool_], name: str) -> NDArray[np.float64]:
    """Numbers of Python (n,), integers centred as such."""
    known = [value for value, hidden in zip(column, masked, strict=True) if not hidden]
    _refuse_what_is_no_number(known, name)
    out = np.zeros(len(column))
    if all(isinstance(value, int | np.integer | np.bool_) for value in known):
        out[~masked] = centred_integers([int(value) for value in known])
    else:
        try:
            out[~masked] = [float(value) for value in known]
        except OverflowError as error:
            raise SampleError(f"{name} mixes fractions and integers above 1e308") from error
    return out


def _refuse_what_is_no_number(values: Iterable[Any], name: str) -> None:
    for value in values:
        if isinstance(value, Real | Decimal | np.bool_):
            continue
        if _missing(np.array([value], dtype=object))[0]:
            raise SampleError(f"{name} holds {value}; every value must be known")
        raise SampleError(f"{name} holds a {type(value).__name__}; give real numbers")


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a value is None, NaN, NaT or NA: what is missing is not equal to itself."""
    if values.dtype.kind == "O":
        return np.array([value is None or _differs_from_itself(value) for value in values], bool)
    return np.asarray(values != values, bool)


def _differs_from_itself(value: Any) -> bool:
    try:
        return bool(value != value)
    except Exception:  # NA of pandas: neither
        return True
