"""What every rebuilder must do, of every scheme whose clear parts it says it rebuilds."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from .. import plugins
from ..interfaces import Exposure, ImleakError, KeyedScheme, Raster, Rebuilder, Rebuilt, Samples
from ._checks import comes_first, once, require, require_keyword_options
from ._images import image_for, keystream
from ._same import require_equal, require_same, require_samples

SIZE = (24, 32)
SHAPES = {8: (1, 3), 4: (1,), 16: (1,)}
"""Channels of the images that it is shown, by depth."""


@comes_first
def check_protocol(rebuilder: Any) -> None:
    """It has what a rebuilder has."""
    missing = [
        name for name in chain(*plugins.members("rebuilder")) if not hasattr(rebuilder, name)
    ]
    require(not missing, f"it lacks {', '.join(missing)}, which every rebuilder has")
    for name in ("name", "version"):
        value = getattr(rebuilder, name)
        require(isinstance(value, str) and value, f"{name} is {value!r}: give a text of one line")
    is_digest = re.fullmatch(r"|[0-9a-f]{64}", str(rebuilder.digest))
    require(
        is_digest,
        f"digest is {rebuilder.digest!r}: give a SHA-256 in hexadecimal digits of what it learned, "
        '"" of nothing',
    )


def check_options(rebuilder: Any) -> None:
    """Options are keyword arguments with defaults."""
    require_keyword_options(rebuilder)


@comes_first
def check_rebuilds(rebuilder: Rebuilder) -> None:
    """It rebuilds something of what is known here."""
    require(
        list(_cases(rebuilder)),
        "rebuilds says no to every level of every scheme: say yes to what it can rebuild",
    )


@comes_first
def check_images(rebuilder: Rebuilder) -> None:
    """What it makes is an image of the form of the plain one, with probabilities."""
    for where, plain, _, rebuilt in _made(rebuilder):
        require(isinstance(rebuilt, Rebuilt), f"{where}: it is no Rebuilt")
        require_samples(rebuilt.samples, plain.bits, f"{where}: what it rebuilds")
        form = rebuilt.samples.shape, rebuilt.samples.dtype
        wanted = plain.samples.shape, plain.samples.dtype
        require(form == wanted, f"{where}: it is of {form}, the plain image of {wanted}")
        given = {"confidence": rebuilt.confidence} | {
            f"hidden[{plane}]": of for plane, of in rebuilt.hidden.items()
        }
        for name, values in given.items():
            require(
                values.shape == plain.samples.shape and values.dtype == np.float32,
                f"{where}: {name} is of shape {values.shape} and type {values.dtype}: give float32 "
                "of the shape of the samples",
            )
            in_range = bool(np.all((values >= 0) & (values <= 1)))
            require(in_range, f"{where}: {name} is no probability everywhere: give 0 to 1")
        planes = set(rebuilt.hidden) - set(range(plain.bits))
        require(not planes, f"{where}: hidden has planes {sorted(planes)} of {plain.bits} bits")


def check_clear_part(rebuilder: Rebuilder) -> None:
    """What it rebuilds has the clear part that it was given; decoded samples do not say which
    coefficients they are of."""
    for where, plain, (scheme, level), rebuilt in _made(rebuilder):
        if getattr(scheme, "needs_jpeg", False):
            continue
        exposure = scheme.expose(plain, level)
        again = scheme.expose(Raster(rebuilt.samples, plain.bits), level)
        rule = "keep what is in the clear"
        require_same(again, exposure, f"{where}: the clear part and that of what it rebuilds", rule)


def check_keys(rebuilder: Rebuilder) -> None:
    """It makes the same of a clear part again, whatever the key, and leaves it as it is."""
    for where, plain, (scheme, level), rebuilt in _made(rebuilder):
        cipher = scheme.encrypt(plain, level, keystream(nonce=1))
        exposure = scheme.expose(cipher, level)
        before = _copied(exposure)
        again = rebuilder.rebuild(exposure, scheme, level)
        require_same(exposure, before, f"{where}: the clear part before and after", "write nothing")
        require_equal(again.samples, rebuilt.samples, f"{where}: another time samples are others")
        same = np.array_equal(again.confidence, rebuilt.confidence)
        require(same, f"{where}: another time its confidence is another")


def check_nothing_hidden(rebuilder: Rebuilder) -> None:
    """Where nothing is encrypted there is nothing to rebuild."""
    for name, scheme in _schemes():
        for bits in _depths(scheme):
            said = rebuilder.rebuilds(scheme, 0, bits)
            require(not said, f"it says that it rebuilds {name} at level 0")


def _cases(rebuilder: Rebuilder) -> Iterator[tuple[str, Raster, tuple[KeyedScheme, int]]]:
    """Every image with every scheme and level that it rebuilds."""
    for name, scheme in _schemes():
        for bits in _depths(scheme):
            for channels in SHAPES[bits]:
                image = image_for(scheme, _samples(channels, bits), bits)
                for level in scheme.levels(bits):
                    if rebuilder.rebuilds(scheme, level.rank, bits):
                        where = f"{name} at level {level.rank}, {channels} channels of {bits} bits"
                        yield where, image, (scheme, level.rank)


@once
def _made(
    rebuilder: Rebuilder,
) -> tuple[tuple[str, Raster, tuple[KeyedScheme, int], Rebuilt], ...]:
    found = []
    for where, image, (scheme, level) in _cases(rebuilder):
        exposure = scheme.expose(scheme.encrypt(image, level, keystream()), level)
        if not exposure.is_empty:
            found.append(
                (where, image, (scheme, level), rebuilder.rebuild(exposure, scheme, level))
            )
    return tuple(found)


@cache
def _schemes() -> tuple[tuple[str, KeyedScheme], ...]:
    """Every scheme that encrypts here without being given anything."""
    found = []
    for name in plugins.known("scheme"):
        with suppress(ImleakError, ImportError):
            scheme = plugins.load("scheme", name)()
            if isinstance(scheme, KeyedScheme):
                found.append((name, scheme))
    return tuple(found)


def _depths(scheme: KeyedScheme) -> Iterator[int]:
    for bits in SHAPES:
        with suppress(ImleakError):
            scheme.levels(bits)
            yield bits


def _samples(channels: int, bits: int) -> Samples:
    """A ramp with an edge and a little noise."""
    rng = np.random.default_rng(bits)
    ramp = np.add.outer(np.arange(SIZE[0]), np.arange(SIZE[1])) / sum(SIZE)
    ramp = np.where(np.arange(SIZE[1]) > SIZE[1] // 2, 1 - ramp, ramp)
    noisy = ramp + rng.normal(0, 0.01, (channels, *SIZE))
    kind = np.uint8 if bits <= 8 else np.uint16
    made: Samples = (noisy.clip(0, 1) * (2**bits - 1)).astype(kind)
    return made


def _copied(exposure: Exposure) -> Exposure:
    symbols = {name: of.copy() for name, of in exposure.symbols.items()}
    return replace(exposure, rendered=exposure.rendered.copy(), symbols=symbols)
