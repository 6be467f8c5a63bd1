"""What every metric must do, of images of several depths under several schemes."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from .. import plugins
from ..interfaces import (
    Bound,
    Change,
    EncryptsBits,
    KeyedScheme,
    Measurement,
    Metric,
    Observation,
    Raster,
    Rebuilt,
    Samples,
    SampleWise,
    Space,
)
from ._checks import (
    applies_where,
    comes_first,
    refused,
    require,
    require_interval,
    require_keyword_options,
    require_members,
    require_plain_numbers,
)
from ._images import keystream

SEVERAL = "several"
"""Unit of a metric whose quantities have units of their own."""
SCHEMES = ("bitplanes", "region", "etc")

IMAGES = {
    "grey": (8, (1, 40, 56)),
    "colour": (8, (3, 33, 20)),
    "4 bits": (4, (1, 24, 24)),
    "12 bits": (12, (1, 24, 30)),
    "16 bits": (16, (1, 24, 24)),
    "16 bit colour": (16, (3, 24, 24)),
    "noise": (8, (1, 64, 64)),
}
"""Bits and shape of the images that a metric is shown; of grey and colour under every scheme."""


@comes_first
def check_protocol(metric: Any) -> None:
    """It has what a metric has."""
    require_members(metric, "metric")
    for value, values in ((metric.bound, get_args(Bound)), (metric.space, get_args(Space))):
        require(value in values, f"{value!r} is not one of {values}")


def check_options(metric: Any) -> None:
    """Options are keyword arguments with defaults."""
    require_keyword_options(metric)


@comes_first
def check_measurements(metric: Metric) -> None:
    """There is a value a level, in its unit, never NaN and not above its ceiling."""
    for where, given in _observations(metric):
        before, levels = given.plain.copy(), _levels(metric, given)
        found = metric.measure(given)
        require(
            np.array_equal(given.plain, before), f"{where}: measure writes into the plain image"
        )
        require(found, f"{where}: measure returns nothing")
        require_plain_numbers(found)
        for part in sorted({(one.part, one.quantity or "") for one in found}):
            there = [one.level for one in found if (one.part, one.quantity or "") == part]
            # Of rebuilt images some quantities are of planes that only some levels hide.
            right = set(there) <= set(levels) if _sees_rebuilt(metric) else there == levels
            require(right, f"{where}, {part[0]}: levels are {there}, not {levels}")
        for one in found:
            _require_whole(metric, one, f"{where}, level {one.level}")


@applies_where(lambda metric: getattr(metric, "repeatable", True))
def check_same_again(metric: Metric) -> None:
    """The same image has the same values."""
    for scheme in _schemes(metric):
        first, second = (metric.measure(_observation(scheme, "grey")) for _ in range(2))
        require(
            first == second, f"under {scheme}, another call on the same image gave other values"
        )


@applies_where(lambda metric: metric.bound == "upper")
def check_upper_bound(metric: Metric) -> None:
    """An upper bound lies above the entropy of noise.

    Of uniform samples the clear part has a known entropy, and no code is shorter.
    """
    given = _observation("bitplanes", "noise")
    for one in metric.measure(given):
        table = given.table(one.level)
        if table is not None and one.bound == "upper":
            _, counts = np.unique(table, return_counts=True)
            shares = counts / counts.sum()
            least = float(-(shares * np.log2(shares)).sum())
            above = one.value >= least - 0.01
            require(above, f"level {one.level}: {one.value:.4g} is below the entropy {least:.4g}")


@applies_where(lambda metric: metric.space == "features")
def check_features(metric: Metric) -> None:
    """Without features it is refused in one line."""
    given = replace(_observation("bitplanes", "grey"), plain_features=None, clear_features=None)
    with refused("an observation without features"):
        metric.measure(given)


def _require_whole(metric: Metric, one: Measurement, where: str) -> None:
    require(isinstance(one, Measurement), f"{where}: {type(one).__name__} is no Measurement")
    require(
        one.unit == metric.unit or (metric.unit == SEVERAL and one.unit),
        f"{where}: the unit is {one.unit!r}, that of the metric {metric.unit!r}",
    )
    require(
        one.bound in get_args(Bound),
        f"{where}: bound {one.bound!r} is not one of {get_args(Bound)}",
    )
    require(one.part in ("clear", "cipher"), f"{where}: part {one.part!r} is not clear or cipher")
    number = isinstance(one.value, float) and not math.isnan(one.value) and one.value > -math.inf
    require(number, f"{where}: the value is {one.value!r}, not a finite number or infinity")
    require_interval(one, where)
    if one.ceiling is not None:
        require(
            one.value <= one.ceiling + 1e-9,
            f"{where}: {one.value} is above its ceiling {one.ceiling}",
        )
    if one.exact is not None and one.bound == "exact":
        same = math.isclose(one.value, one.exact, abs_tol=1e-9)
        require(same, f"{where}: exact, but the value {one.value} is not {one.exact}")


def _sees_rebuilt(metric: Metric) -> bool:
    return bool(getattr(metric, "needs_rebuilt", False))


def _schemes(metric: Metric) -> tuple[str, ...]:
    """Those whose clear parts somebody rebuilds, or whose encrypted bits can be counted, for a
    metric that needs it."""
    needs_more = _sees_rebuilt(metric) or getattr(metric, "needs_encrypted_share", False)
    return SCHEMES[:2] if needs_more else SCHEMES


def _levels(metric: Metric, given: Observation) -> list[int]:
    """Levels at which there is something to measure."""
    if not _sees_rebuilt(metric) or given.rebuilt is None:
        return list(given.levels)
    return [level for level in given.levels if given.rebuilt(level) is not None]


def _observations(metric: Metric) -> Iterator[tuple[str, Observation]]:
    """Every image under bit-planes, grey and colour under the others, by what they are."""
    for name in IMAGES:
        yield name, _observation("bitplanes", name)
    for name in ("grey", "colour"):
        for scheme in _schemes(metric)[1:]:
            yield f"{name} under {scheme}", _observation(scheme, name)


def _observation(name: str, image: str) -> Observation:
    """What a study gives a metric; the features are any function of the samples."""
    scheme = plugins.load("scheme", name)()
    plain = _plain(image)
    bits = plain.bits
    of = _Encrypted(scheme, plain)
    return Observation(
        plain=plain.samples,
        bits=bits,
        levels=tuple(level.rank for level in scheme.levels(bits)),
        exposure=lambda level: scheme.expose(Raster(of.cipher(level), bits), level),
        cipher=of.cipher,
        table=of.table,
        plain_features=_features(plain.samples, bits),
        clear_features=lambda level: _features(scheme.expose(plain, level).rendered, bits),
        again=of.again,
        rebuilt=of.rebuilt,
        hidden=of.hidden,
        other=lambda: plain.samples[:, ::-1].copy(),
        encrypted_share=of.share if isinstance(scheme, EncryptsBits) else None,
    )


class _Encrypted:
    """An image under a scheme."""

    def __init__(self, scheme: KeyedScheme, plain: Raster) -> None:
        self.scheme, self.plain = scheme, plain

    def cipher(self, level: int) -> Samples:
        return self.scheme.encrypt(self.plain, level, keystream()).samples

    def share(self, level: int) -> float:
        """Of a scheme whose encrypted bits can be counted."""
        found: float = self.scheme.encrypted_share(self.plain, level)  # type: ignore[attr-defined]
        return found

    def again(self, level: int, change: Change) -> Samples:
        source = keystream(key=int(change == "key"), nonce=int(change == "plain"))
        return self.scheme.encrypt(self.plain, level, source).samples

    def rebuilt(self, level: int) -> Rebuilt | None:
        """A grey image with the samples or planes that are in the clear; None of a level at
        which nothing is hidden, or nothing is left."""
        hidden = self.hidden(level)
        exposure = self.scheme.expose(self.plain, level)
        if exposure.is_empty or not hidden.any():
            return None
        grey = self.plain.samples.dtype.type(1 << (self.plain.bits - 1))
        samples = (self.plain.samples & ~hidden) | (grey & hidden)
        even = np.full(samples.shape, 0.5, np.float32)
        return Rebuilt(samples, even, {self.plain.bits - 1: even})

    def hidden(self, level: int) -> Samples:
        """Bits that change nothing of what is in the clear."""
        samples, hidden = self.plain.samples, np.zeros_like(self.plain.samples)
        clear = self.scheme.expose(self.plain, level).rendered
        for plane in range(self.plain.bits):
            bit = samples.dtype.type(1 << plane)
            flipped = self.scheme.expose(Raster(samples ^ bit, self.plain.bits), level)
            hidden |= (flipped.rendered == clear) * bit
        return hidden

    def table(self, level: int) -> Samples | None:
        scheme = self.scheme
        return scheme.table(self.plain.bits, level) if isinstance(scheme, SampleWise) else None


def _plain(image: str) -> Raster:
    """A ramp with noise, or noise alone."""
    bits, (channels, height, width) = IMAGES[image]
    rng = np.random.default_rng(0)
    kind = np.uint8 if bits <= 8 else np.uint16
    if image == "noise":
        return Raster(rng.integers(0, 2**bits, (channels, height, width)).astype(kind), bits)
    ramp = np.add.outer(np.arange(height), np.arange(width)) / (height + width)
    noisy = ramp + rng.normal(0, 0.05, (channels, height, width))
    return Raster((noisy.clip(0, 1) * (2**bits - 1)).astype(kind), bits)


def _features(samples: Samples, bits: int) -> NDArray[np.float32]:
    features: NDArray[np.float32] = (samples.reshape(-1)[:256] / 2**bits * 8).astype(np.float32)
    return features
