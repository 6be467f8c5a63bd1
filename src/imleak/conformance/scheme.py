"""What every scheme must do.

If a fresh uniform key moves an image uniformly over an orbit, then an exposure is what all
ciphers of that orbit have in common. A scheme that encrypts here is checked for that on small
images of several sizes and depths.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..interfaces import (
    Exposure,
    ImageError,
    KeyedScheme,
    Level,
    Raster,
    SampleWise,
    Scheme,
)
from ._checks import NotConforming, applies_where, comes_first, refused, require, require_members
from ._images import accepted, cases, depths, images, keystream, ranks, small

KEYS = 256
"""Keys under which the ciphers of a small image are counted."""

MOST_CIPHERS = 16
"""Ciphers of an image that are counted: few enough for every one to occur."""

SMALLEST = 1e-6
"""p-value below which frequencies are not those of a uniform choice."""


def keyed(scheme: object) -> bool:
    return isinstance(scheme, KeyedScheme)


@comes_first
def check_protocol(scheme: Any) -> None:
    """It has what a scheme has."""
    require_members(scheme, "scheme")
    encrypts = [name for name in ("encrypt", "decrypt") if hasattr(scheme, name)]
    require(
        len(encrypts) != 1, f"it has {encrypts[:1]} alone: add the other of encrypt and decrypt"
    )


@comes_first
def check_levels(scheme: Scheme) -> None:
    """Levels are ranked from 0, and each has a label of its own."""
    for bits in depths(scheme):
        levels = scheme.levels(bits)
        require(
            isinstance(levels, tuple) and all(isinstance(level, Level) for level in levels),
            f"levels({bits}) is {levels!r}: return a tuple of Level(rank, label)",
        )
        ranks = [level.rank for level in levels]
        require(
            ranks == list(range(len(levels))), f"levels({bits}) have ranks {ranks}, not 0, 1, 2"
        )
        require(len(levels) > 1, f"levels({bits}) has level 0 alone, which encrypts nothing")
        require(
            levels == scheme.levels(bits), f"levels({bits}) gives other levels when asked again"
        )
        for words in ("label", "short", "phrase"):
            texts = [getattr(level, words) for level in levels]
            require(
                all(text.isprintable() and text.strip() for text in texts), f"a {words} is empty"
            )
            twice = [text for text, count in Counter(texts).items() if count > 1]
            require(not twice, f"levels({bits}): two levels have the {words} {twice[:1]}")
        require(not levels[0].leaves_nothing, "level 0 encrypts nothing, but leaves_nothing is set")


@comes_first
def check_takes_photographs(scheme: Scheme) -> None:
    """It takes grey and colour images of 8 bits."""
    for name in ("grey", "colour"):
        for level in scheme.levels(8):
            _expose(scheme, images()[name], level.rank, name)


@applies_where(keyed)
def check_cipher(scheme: KeyedScheme) -> None:
    """A cipher is an image whose samples fit its depth."""
    for name, image, level in cases(scheme):
        cipher = scheme.encrypt(image, level, keystream())
        where = f"{name}, level {level}"
        require(
            isinstance(cipher, Raster),
            f"{where}: encrypt returns {type(cipher).__name__}, not a Raster",
        )
        _require_samples(cipher.samples, cipher.bits, f"{where}: the cipher")


@applies_where(keyed)
def check_round_trip(scheme: KeyedScheme) -> None:
    """Decrypting gives the same samples again."""
    for name, image, level in cases(scheme):
        cipher = scheme.encrypt(image, level, keystream())
        again = scheme.decrypt(cipher, level, keystream())
        _require_equal(
            again.samples,
            image.samples,
            f"{name}, level {level}: decrypt(encrypt(image)) under one keystream is another image",
        )
        require(again.bits == image.bits, f"{name}, level {level}: decrypt changes the depth")


@applies_where(keyed)
def check_level_0(scheme: KeyedScheme) -> None:
    """Level 0 encrypts nothing, and higher levels something."""
    for name, image, level in cases(scheme):
        cipher = scheme.encrypt(image, level, keystream()).samples
        if level == 0:
            _require_equal(cipher, image.samples, f"{name}: level 0 changes the image")
        elif name in ("grey", "colour"):
            same = np.array_equal(cipher, image.samples)
            require(not same, f"{name}, level {level}: the cipher is the plain image")


def check_inputs(scheme: Scheme) -> None:
    """What it is given is left as it is."""
    for name, image, level in cases(scheme):
        before = image.samples.copy()
        scheme.expose(image, level)
        _require_equal(
            image.samples, before, f"{name}, level {level}: expose writes into its image"
        )
        if isinstance(scheme, KeyedScheme):
            for call in (scheme.encrypt, scheme.decrypt):
                call(image, level, keystream())
                what = f"{name}, level {level}: {call.__name__} writes into its image"
                _require_equal(image.samples, before, f"{what}; take a copy first")


@applies_where(keyed)
def check_keystream(scheme: KeyedScheme) -> None:
    """The keystream decides the cipher, and nothing else does."""
    image, other = images()["colour"], images()["odd"]
    for level in ranks(scheme, 8)[1:]:
        cipher = scheme.encrypt(image, level, keystream()).samples
        accepted(scheme, other, level)
        again = scheme.encrypt(image, level, keystream()).samples
        what = "the same image under the same keystream has another cipher"
        _require_equal(again, cipher, f"level {level}: {what}; draw all that is random from it")
        for word, source in (("key", keystream(key=1)), ("nonce", keystream(nonce=1))):
            same = np.array_equal(scheme.encrypt(image, level, source).samples, cipher)
            require(not same, f"level {level}: another {word} gives the same cipher")


@applies_where(keyed)
def check_key_bytes(scheme: KeyedScheme) -> None:
    """Key bytes are drawn under its own name and the level."""
    for level in ranks(scheme, 8):
        drawn = _Watched()
        scheme.encrypt(images()["colour"], level, drawn)
        for taken in drawn.taken:
            right = taken == (scheme.name, level)
            require(
                right,
                f"level {level}: take() has scheme and level {taken}, not {(scheme.name, level)}",
            )
        require(
            level == 0 or drawn.taken, f"level {level}: encrypt takes no bytes of the keystream"
        )


@applies_where(keyed)
def check_wrong_key(scheme: KeyedScheme) -> None:
    """A wrong key does not decrypt."""
    image = images()["colour"]
    for level in ranks(scheme, 8)[1:]:
        cipher = scheme.encrypt(image, level, keystream())
        found = scheme.decrypt(cipher, level, keystream(key=1)).samples
        require(not np.array_equal(found, image.samples), f"level {level}: another key decrypts")


def check_exposure(scheme: Scheme) -> None:
    """An exposure is an image and symbols numbered from 0, below their size."""
    for name, image, level in cases(scheme):
        exposure, where = scheme.expose(image, level), f"{name}, level {level}"
        require(
            isinstance(exposure, Exposure),
            f"{where}: expose returns {type(exposure).__name__}, not an Exposure",
        )
        _require_samples(exposure.rendered, exposure.bits, f"{where}: rendered")
        require(
            exposure.symbols,
            f"{where}: symbols are empty; give arrays that hold all of the clear part",
        )
        for key, symbols in exposure.symbols.items():
            what = f"{where}: symbols[{key!r}]"
            require(
                np.issubdtype(symbols.dtype, np.integer),
                f"{what} are {symbols.dtype}, not integers",
            )
            low, high = (int(symbols.min()), int(symbols.max())) if symbols.size else (0, 0)
            require(low >= 0, f"{what} are numbered from {low}, not from 0")
            size = exposure.size
            require(
                size is None or high < size, f"{what} reach {high}, but size says {size} values"
            )


@applies_where(keyed)
def check_orbit(scheme: KeyedScheme) -> None:
    """The exposure is the same for every key, and that of the plain image."""
    for name, image, level in cases(scheme):
        plain = scheme.expose(image, level)
        one, other = (
            scheme.expose(scheme.encrypt(image, level, keystream(key)), level) for key in (0, 1)
        )
        where = f"{name}, level {level}"
        rule = "return what no key changes, and only that"
        _require_same(
            one, other, f"{where}: ciphers under two keys differ in what expose returns", rule
        )
        _require_same(
            one, plain, f"{where}: cipher and plain image differ in what expose returns", rule
        )


@applies_where(keyed)
def check_uniform(scheme: KeyedScheme) -> None:
    """Over many keys, every cipher of a small image is equally frequent."""
    from scipy.stats import chisquare

    for level in ranks(scheme, 1)[1:] if 1 in depths(scheme) else ():
        image = next((image for image in small() if accepted(scheme, image, level)), None)
        if image is None:
            continue
        ciphers = _counted(scheme, image, level)
        if len(ciphers) > MOST_CIPHERS:
            continue
        where = f"level {level}, {image.width}x{image.height} image of 1 bit"
        counts = list(ciphers.values())
        p_value = chisquare(counts).pvalue if len(counts) > 1 else 1.0
        require(
            p_value > SMALLEST,
            f"{where}: of {KEYS} keys the ciphers occur {sorted(counts)} times; choose uniformly, "
            "else a cipher says more than its exposure",
        )
        last = np.frombuffer(next(iter(ciphers)), image.samples.dtype).reshape(image.samples.shape)
        require(
            _counted(scheme, Raster(last, 1), level).keys() == ciphers.keys(),
            f"{where}: a cipher that is encrypted again becomes what the image never becomes",
        )


@applies_where(lambda scheme: isinstance(scheme, SampleWise))
def check_table(scheme: SampleWise) -> None:
    """The table gives the rendered exposure of every sample."""
    for name, image, level in cases(scheme):
        table, where = scheme.table(image.bits, level), f"{name}, level {level}"
        count = 1 << image.bits
        require(table.shape == (count,), f"{where}: table has shape {table.shape}, not ({count},)")
        exposure = scheme.expose(image, level)
        _require_equal(
            exposure.rendered, table[image.samples], f"{where}: table is not what expose renders"
        )
        found = len(np.unique(table))
        size = exposure.size
        require(
            size is None or found <= size, f"{where}: table has {found} values, size says {size}"
        )


def check_empty(scheme: Scheme) -> None:
    """An exposure is empty where its level leaves nothing, and there alone."""
    for bits in depths(scheme):
        for level in scheme.levels(bits):
            exposures = {
                name: scheme.expose(image, level.rank)
                for name, image in images().items()
                if image.bits == bits and accepted(scheme, image, level.rank)
            }
            for name, exposure in exposures.items():
                where = f"{name}, level {level.rank}"
                if level.leaves_nothing:
                    require(
                        exposure.is_empty, f"{where} leaves nothing, but its exposure is not empty"
                    )
                elif name in ("grey", "colour"):
                    require(
                        not exposure.is_empty,
                        f"{where}: its exposure is empty, so set leaves_nothing",
                    )
            if level.leaves_nothing and {"grey", "flat"} <= exposures.keys():
                _require_same(
                    exposures["grey"],
                    exposures["flat"],
                    f"level {level.rank} leaves nothing, but expose differs of two images",
                    "return the same for every image",
                )


def check_refused_levels(scheme: Scheme) -> None:
    """A level that is none is refused in one line that names the highest."""
    image, last = images()["grey"], ranks(scheme, 8)[-1]
    for level in (-1, last + 1):
        with refused(f"expose at level {level}", naming=(str(last),)):
            scheme.expose(image, level)
        if isinstance(scheme, KeyedScheme):
            for call in (scheme.encrypt, scheme.decrypt):
                with refused(f"{call.__name__} at level {level}", naming=(str(last),)):
                    call(image, level, keystream())
        if isinstance(scheme, SampleWise):
            with refused(f"table at level {level}", naming=(str(last),)):
                scheme.table(8, level)


class _Watched:
    """A keystream that keeps under which scheme and level it was asked."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, int]] = []

    def take(self, count: int, *, scheme: str, level: int, channel: int) -> NDArray[np.uint8]:
        self.taken.append((scheme, level))
        return keystream().take(count, scheme=scheme, level=level, channel=channel)


def _counted(scheme: KeyedScheme, image: Raster, level: int) -> Counter[bytes]:
    """How often every cipher occurs over keys."""
    return Counter(
        scheme.encrypt(image, level, keystream(nonce=nonce)).samples.tobytes()
        for nonce in range(KEYS)
    )


def _expose(scheme: Scheme, image: Raster, level: int, name: str) -> None:
    try:
        scheme.expose(image, level)
    except ImageError as error:
        raise NotConforming(f"{name}, level {level}: refused ({error})") from error


def _require_samples(samples: Any, bits: int, what: str) -> None:
    require(
        isinstance(samples, np.ndarray)
        and samples.ndim == 3
        and samples.dtype in (np.uint8, np.uint16),
        f"{what} is no array (C, H, W) of uint8 or uint16",
    )
    require(1 <= bits <= 16, f"{what} has {bits} bits, not 1 to 16")
    highest = int(samples.max(initial=0))
    require(highest < 1 << bits, f"{what} has a sample {highest}, which {bits} bits do not hold")


def _require_equal(found: NDArray[Any], expected: NDArray[Any], why: str) -> None:
    if found.shape != expected.shape or found.dtype != expected.dtype:
        raise NotConforming(
            f"{why}: shape {found.shape} and type {found.dtype}, "
            f"not {expected.shape} and {expected.dtype}"
        )
    different = int((found != expected).sum())
    require(not different, f"{why}: {different} of {found.size} samples differ")


def _require_same(one: Exposure, other: Exposure, why: str, rule: str) -> None:
    parts = []
    if not np.array_equal(one.rendered, other.rendered):
        parts.append("rendered")
    if one.symbols.keys() != other.symbols.keys():
        parts.append("the names of symbols")
    parts += [
        f"symbols[{name!r}]"
        for name in one.symbols.keys() & other.symbols.keys()
        if not np.array_equal(one.symbols[name], other.symbols[name])
    ]
    parts += [
        name for name in ("bits", "size", "is_empty") if getattr(one, name) != getattr(other, name)
    ]
    require(not parts, f"{why} ({', '.join(parts)}): {rule}")
