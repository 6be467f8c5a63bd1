"""What every estimator must do.

An estimator sees vectors, or, where it refuses those in one line, scalars of few values. Their
levels are a strong dependence, twice independence, and a constant.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

import numpy as np

from ..interfaces import (
    Bound,
    Directions,
    Estimator,
    Evaluation,
    ImleakError,
    Measurement,
    PairedSamples,
    Verdict,
)
from ._checks import (
    NotConforming,
    comes_first,
    once,
    require,
    require_interval,
    require_keyword_options,
    require_members,
    require_plain_numbers,
)

QUICK = {"folds": 2, "seeds": 1, "steps": 150, "epochs": 60, "rate": 5e-3, "nulls": 5}
"""Options that make it fast; an estimator gets those of them that it knows."""
PROTOCOLS = ("held-out", "in-sample")

ROWS = 160
"""Rows, each of an image of its own."""
STRONG, INDEPENDENT, CONSTANT = 0, slice(1, 3), 3


class Measured(NamedTuple):
    """Samples that suit an estimator, what it says of them, and the progress it reported."""

    samples: PairedSamples
    estimates: tuple[Measurement, ...]
    progress: tuple[float, ...]


def variants(loaded: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """An estimator for every protocol it has, with options that make it fast."""
    takes = inspect.signature(loaded).parameters
    given = {name: value for name, value in QUICK.items() if name in takes} | dict(options)
    if "protocol" not in takes or "protocol" in options:
        return {"": loaded(**given)}
    return {protocol: loaded(**given, protocol=protocol) for protocol in PROTOCOLS}


@comes_first
def check_protocol(estimator: Any) -> None:
    """It has what an estimator has."""
    require_members(estimator, "estimator")
    bound = estimator.bound
    require(bound in get_args(Bound), f"bound {bound!r} is not one of {get_args(Bound)}")


def check_options(estimator: Any) -> None:
    """Options are keyword arguments with defaults."""
    require_keyword_options(estimator)


@comes_first
def check_estimates(estimator: Estimator) -> None:
    """There is one finite estimate a level, in bits."""
    samples, estimates, _ = _measured(estimator)
    levels = len(samples.y)
    require(len(estimates) == levels, f"{len(estimates)} estimates of {levels} levels")
    for level, one in enumerate(estimates):
        where = f"level {level}"
        require(isinstance(one, Measurement), f"{where}: {type(one).__name__} is no Measurement")
        require(one.unit == "bit", f"{where}: the unit is {one.unit!r}, not 'bit'")
        require(
            one.estimator == estimator.name,
            f"{where}: the estimator is {one.estimator!r}, not {estimator.name!r}",
        )
        require(math.isfinite(one.value), f"{where}: the value is {one.value}")
        for value, values in (
            (one.bound, get_args(Bound)),
            (one.protocol, get_args(Evaluation)),
            (one.verdict, (None, *get_args(Verdict))),
        ):
            require(value in values, f"{where}: {value!r} is not one of {values}")
        require(one.n == ROWS, f"{where}: n is {one.n}, but there are {ROWS} rows")
        trained = one.train_groups
        require(
            trained is None or trained <= ROWS, f"{where}: {trained} images learned from of {ROWS}"
        )


def check_plain_numbers(estimator: Estimator) -> None:
    """Figures are plain numbers."""
    require_plain_numbers(_measured(estimator).estimates)


def check_interval(estimator: Estimator) -> None:
    """An interval holds its value."""
    for level, one in enumerate(_measured(estimator).estimates):
        require_interval(one, f"level {level}")


def check_ceiling_and_null(estimator: Estimator) -> None:
    """An estimate stands beside a ceiling, and a null or the exact value."""
    samples, estimates, _ = _measured(estimator)
    sizes = samples.sizes or (None,) * len(estimates)
    for level, (one, size) in enumerate(zip(estimates, sizes, strict=True)):
        where, ceiling = f"level {level}", one.ceiling
        if ceiling is None or ceiling < 0:
            raise NotConforming(f"{where}: the ceiling is {ceiling}")
        if size is not None:
            most = math.log2(size)
            require(
                ceiling <= most + 1e-9, f"{where}: the ceiling {ceiling:.4g} is above log2({size})"
            )
        require(one.null or one.exact is not None, f"{where}: neither null nor exact value")
        if one.null is not None:
            is_finite = math.isfinite(one.null.mean) and math.isfinite(one.null.p95)
            require(is_finite, f"{where}: the null is not finite")
        if one.exact is not None and one.bound == "lower":
            below = one.value <= one.exact + 1e-4
            require(
                below, f"{where}: a lower bound {one.value:.4g} above the exact {one.exact:.4g}"
            )


def check_verdict(estimator: Estimator) -> None:
    """A verdict comes with its grounds, and in-sample estimates have none."""
    for level, one in enumerate(_measured(estimator).estimates):
        where = f"level {level}"
        if one.protocol == "in-sample":
            require(one.verdict is None, f"{where}: whoever saw the samples cannot judge")
            continue
        if one.verdict is None or one.interval is None or one.null is None:
            raise NotConforming(f"{where}: verdict, interval or null is None")
        if one.verdict in ("leak", "saturated"):
            clears = one.interval[0] > max(0.0, one.null.p95)
            require(clears, f"{where}: a {one.verdict} though the interval touches the null")


def check_strong(estimator: Estimator) -> None:
    """A strong dependence is found."""
    one = _measured(estimator).estimates[STRONG]
    require(one.value > 0.5, f"of several bits it finds {one.value:.3g}")
    require(one.verdict in (None, "leak", "saturated"), f"its verdict is {one.verdict!r}")


def check_independent(estimator: Estimator) -> None:
    """Independence is no leak."""
    for one in _measured(estimator).estimates[INDEPENDENT]:
        require(
            one.verdict in (None, "no leak found", "unreliable"), f"its verdict is {one.verdict!r}"
        )
        small = one.protocol == "in-sample" or one.value < 0.25
        require(small, f"of nothing it finds {one.value:.3g} bits")


def check_constant(estimator: Estimator) -> None:
    """A constant says nothing."""
    one = _measured(estimator).estimates[CONSTANT]
    require(abs(one.value) <= 0.05, f"of a constant it finds {one.value:.3g} bits")
    require(one.verdict in (None, "no leak found"), f"its verdict is {one.verdict!r}")


def check_null(estimator: Estimator) -> None:
    """The null of what is held out is near nothing."""
    for level, one in enumerate(_measured(estimator).estimates):
        if one.protocol == "held-out" and one.null is not None:
            mean = one.null.mean
            require(mean < 0.15, f"level {level}: of broken pairs it finds {mean:.3g} bits")


def check_negative(estimator: Estimator) -> None:
    """Negative estimates are shown.

    Of independent views, something held out falls below zero if nothing clips, unless the
    critic was switched off, on true pairs and on broken ones.
    """
    estimates = _measured(estimator).estimates
    if any(one.protocol != "held-out" for one in estimates):
        return
    independent = [v for one in estimates[INDEPENDENT] for v in _interval_and_nulls(one)]
    values = [v for one in estimates for v in (one.value, *_interval_and_nulls(one))]
    shown = min(values) < 0 or set(independent) == {0.0}
    require(shown, "no value, interval or null of independent views is negative: do not clip them")


def check_progress(estimator: Estimator) -> None:
    """Progress rises to one."""
    shares = _measured(estimator).progress
    require(shares and list(shares) == sorted(shares), f"progress was {shares}")
    require(abs(shares[-1] - 1) < 1e-6, f"progress ends at {shares[-1]:.3g}")


def check_same_seed(estimator: Estimator) -> None:
    """The same seed gives the same numbers, another others; the samples are left as they are."""
    samples, found, _ = _run(estimator, 40, levels=1)
    before = {name: getattr(samples, name).copy() for name in ("x", "y", "groups")}
    again = tuple(estimator.estimate(samples, seed=1))
    require(again == found, "the same samples and seed gave other numbers")
    for name, array in before.items():
        require(np.array_equal(getattr(samples, name), array), f"estimate writes into {name}")
    other = tuple(estimator.estimate(samples, seed=2))
    require(other != found, "another seed gave the same numbers: is it used for splits and nulls?")


def check_few_images(estimator: Estimator) -> None:
    """Too few images are refused in one line.

    A table or an in-sample estimate needs no second image; what is held out does.
    """
    for count in (1, 2, 5):
        values = np.arange(count, dtype="f4")[:, None]
        try:
            found = estimator.estimate(PairedSamples(values, values[None], np.arange(count)))
        except ImleakError as error:
            text = str(error)
            named = "images" in text or "rows" in text
            require("\n" not in text and named, f"{count} images: {text!r} is no line on images")
        else:
            for one in found:
                require(one.protocol == "in-sample", f"{count} images: a {one.protocol} estimate")
                require(math.isfinite(one.value), f"{count} images: the value is {one.value}")


def check_counted_rows(estimator: Estimator) -> None:
    """Counted rows are taken as often as they occur.

    Of every image one row is of one of four values, and one that occurs thirty times as often
    is of a fifth: 0.27 bit in all, and 2 bits if both counted once.
    """
    x = np.stack([np.arange(40) % 4, np.full(40, 9)], 1).reshape(-1, 1).astype("f4")
    weights = np.tile([1.0, 30.0], 40)
    groups = np.repeat(np.arange(40), 2)
    samples = PairedSamples(x, x[None], groups, weights=weights, directions=_known(1, 1))
    (found,) = estimator.estimate(samples, seed=1)
    require(math.isfinite(found.value), f"the value is {found.value}")
    if found.bound in ("exact", "lower"):
        require(
            found.value < 0.6, f"it finds {found.value:.3g} bits where there are 0.27: use weights"
        )


def vectors(n: int, levels: int = 4) -> PairedSamples:
    """Three dimensions; strong is 4.3 bits: of more, the variance of NWJ hides what it finds in so
    few rows."""
    rng = np.random.default_rng(0)
    x, *noise = rng.standard_normal((4, n, 3)).astype("f4")
    strong = np.float32(0.93) * x + np.float32(math.sqrt(1 - 0.93**2)) * noise[0]
    views = np.stack([strong, *noise[1:], np.full_like(x, 0.3)])
    directions = _known(len(views[:levels]), 3)
    return PairedSamples(x, views[:levels], np.arange(n), directions=directions)


def scalars(n: int, levels: int = 4) -> PairedSamples:
    """Eight values; strong is 3 bits."""
    rng = np.random.default_rng(0)
    x = rng.permutation(np.arange(n) % 8)[:, None].astype("f4")
    views = np.stack([x, *(rng.permutation(x) for _ in range(2)), np.full_like(x, 3)])
    sizes, directions = (8, 8, 8, 1)[:levels], _known(len(views[:levels]), 1)
    return PairedSamples(x, views[:levels], np.arange(n), sizes=sizes, directions=directions)


def _known(levels: int, dimension: int) -> Directions:
    """What an adversary that learned elsewhere may bring: every coordinate tells of its own."""
    axes = np.broadcast_to(np.eye(dimension, dtype="f4"), (levels, dimension, dimension))
    correlations = np.full((levels, dimension), 0.9, "f4")
    return Directions(axes, axes, correlations, images=100, title="other images")


@once
def _measured(estimator: Estimator) -> Measured:
    return _run(estimator, ROWS)


def _run(estimator: Estimator, n: int, levels: int = 4) -> Measured:
    """Its estimates of the samples that suit it."""
    progress: list[float] = []
    refusals = []
    for make in (vectors, scalars):
        samples = make(n, levels)
        try:
            found = estimator.estimate(samples, seed=1, progress=progress.append)
        except ImleakError as error:
            refusals.append(str(error))
        else:
            return Measured(samples, tuple(found), tuple(progress))
    raise NotConforming(f"it refuses vectors ({refusals[0]}) and scalars ({refusals[1]})")


def _interval_and_nulls(one: Measurement) -> tuple[float, ...]:
    nulls = () if one.null is None else one.null.values
    return (*(one.interval or ()), *nulls)
