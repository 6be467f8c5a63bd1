"""What every scheme must do.

If a fresh uniform key moves an image uniformly over an orbit, then an exposure is what all
ciphers of that orbit have in common. A scheme that encrypts here is checked for that on small
images of several sizes and depths.
"""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Exposure, ImageError, KeyedScheme, Level, Raster, SampleWise, Scheme
from ._checks import NotConforming, applies_where, comes_first, refused, require, require_members
from ._images import (
    accepted,
    cases,
    ciphers,
    contents,
    depths,
    images,
    keystream,
    ranks,
    small_images,
)
from ._same import differences, require_equal, require_same, require_samples

KEYS = 256
"""Keys under which the ciphers of a small image are counted."""
FEW_KEYS = 48
"""Keys under which two small images are compared."""
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
            try:
                scheme.expose(images(scheme)[name], level.rank)
            except ImageError as error:
                raise NotConforming(f"{name}, level {level.rank}: refused ({error})") from error


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
        require_samples(cipher.samples, cipher.bits, f"{where}: the cipher")


@applies_where(keyed)
def check_round_trip(scheme: KeyedScheme) -> None:
    """Decrypting gives the same samples again."""
    for name, image, level in cases(scheme):
        cipher = scheme.encrypt(image, level, keystream())
        again = scheme.decrypt(cipher, level, keystream())
        require_equal(
            again.samples,
            image.samples,
            f"{name}, level {level}: decrypt(encrypt(image)) under one keystream is another image",
        )
        require(again.bits == image.bits, f"{name}, level {level}: decrypt changes the depth")
        require(
            contents(again) == contents(image),
            f"{name}, level {level}: decrypt(encrypt(image)) has other coefficients",
        )


@applies_where(keyed)
def check_level_0(scheme: KeyedScheme) -> None:
    """Level 0 encrypts nothing, and higher levels something."""
    for name, image, level in cases(scheme):
        cipher = scheme.encrypt(image, level, keystream())
        if level == 0:
            require_equal(cipher.samples, image.samples, f"{name}: level 0 changes the image")
        elif name in ("grey", "colour"):
            same = contents(cipher) == contents(image)
            require(not same, f"{name}, level {level}: the cipher is the plain image")


def check_inputs(scheme: Scheme) -> None:
    """What it is given is left as it is."""
    for name, image, level in cases(scheme):
        before = contents(image)
        scheme.expose(image, level)
        what = f"{name}, level {level}: expose writes into its image"
        require(contents(image) == before, what)
        if isinstance(scheme, KeyedScheme):
            cipher = scheme.encrypt(image, level, keystream())
            for given, call in ((image, scheme.encrypt), (cipher, scheme.decrypt)):
                before = contents(given)
                call(given, level, keystream())
                what = f"{name}, level {level}: {call.__name__} writes into its image"
                require(contents(given) == before, f"{what}; take a copy first")


@applies_where(keyed)
def check_keystream(scheme: KeyedScheme) -> None:
    """The keystream decides the cipher, and nothing else does."""
    image, other = images(scheme)["colour"], images(scheme)["odd"]
    for level in ranks(scheme, 8)[1:]:
        cipher = contents(scheme.encrypt(image, level, keystream()))
        accepted(scheme, other, level)
        again = contents(scheme.encrypt(image, level, keystream()))
        what = "the same image under the same keystream has another cipher"
        require(again == cipher, f"level {level}: {what}; draw all that is random from it")
        for word, source in (("key", keystream(key=1)), ("nonce", keystream(nonce=1))):
            same = contents(scheme.encrypt(image, level, source)) == cipher
            require(not same, f"level {level}: another {word} gives the same cipher")


@applies_where(keyed)
def check_key_bytes(scheme: KeyedScheme) -> None:
    """Key bytes are drawn under its own name and the level."""
    for level in ranks(scheme, 8):
        drawn = _Watched()
        scheme.encrypt(images(scheme)["colour"], level, drawn)
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
    image = images(scheme)["colour"]
    for level in ranks(scheme, 8)[1:]:
        cipher = scheme.encrypt(image, level, keystream())
        try:
            found = scheme.decrypt(cipher, level, keystream(key=1))
        except ImageError:  # it may be told, too
            continue
        same = contents(found) == contents(image)
        require(not same, f"level {level}: another key decrypts")


def check_exposure(scheme: Scheme) -> None:
    """An exposure is an image and symbols numbered from 0, below their size."""
    for name, image, level in cases(scheme):
        exposure, where = scheme.expose(image, level), f"{name}, level {level}"
        require(
            isinstance(exposure, Exposure),
            f"{where}: expose returns {type(exposure).__name__}, not an Exposure",
        )
        require_samples(exposure.rendered, exposure.bits, f"{where}: rendered")
        form, wanted = (exposure.rendered.shape, exposure.bits), (image.samples.shape, image.bits)
        require(form == wanted, f"{where}: rendered in shape and bits {form}, the image {wanted}")
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
        require_same(one, other, f"{where}: two keys", rule)
        require_same(one, plain, f"{where}: cipher and plain image", rule)


@applies_where(keyed)
def check_uniform(scheme: KeyedScheme) -> None:
    """Over many keys, every cipher of a small image is equally frequent."""
    from scipy.stats import chisquare

    for where, level, image, _ in small_images(scheme):
        counts = ciphers(scheme, image, level, KEYS, most=MOST_CIPHERS)
        if not 1 < len(counts) <= MOST_CIPHERS:
            continue
        p_value = chisquare(list(counts.values())).pvalue
        require(
            p_value > SMALLEST,
            f"{where}: under {KEYS} keys the ciphers occur {sorted(counts.values())} times; choose "
            "uniformly, else a cipher says more than its exposure",
        )
        one = scheme.encrypt(image, level, keystream())
        require(
            ciphers(scheme, one, level, KEYS).keys() == counts.keys(),
            f"{where}: a cipher that is encrypted again becomes what the image never becomes",
        )


@applies_where(keyed)
def check_complete(scheme: KeyedScheme) -> None:
    """Images that no key makes alike have different exposures."""
    for where, level, image, others in small_images(scheme):
        reached = ciphers(scheme, image, level, FEW_KEYS, most=MOST_CIPHERS).keys()
        for other in others if len(reached) <= MOST_CIPHERS else ():
            apart = reached.isdisjoint(ciphers(scheme, other, level, FEW_KEYS))
            same = differences(scheme.expose(image, level), scheme.expose(other, level)) == []
            require(
                not (apart and same),
                f"{where}: two images have the same exposure, but no cipher in common: "
                "return all that no key changes",
            )


@applies_where(lambda scheme: isinstance(scheme, SampleWise))
def check_table(scheme: SampleWise) -> None:
    """The table gives the rendered exposure of every sample."""
    for name, image, level in cases(scheme):
        table, where = scheme.table(image.bits, level), f"{name}, level {level}"
        if table is None:
            continue
        count = 1 << image.bits
        require(table.shape == (count,), f"{where}: table has shape {table.shape}, not ({count},)")
        exposure = scheme.expose(image, level)
        require_equal(
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
                for name, image in images(scheme).items()
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
                require_same(
                    exposures["grey"],
                    exposures["flat"],
                    f"level {level.rank}, which leaves nothing: two images",
                    "return the same for every image",
                )


def check_refused_levels(scheme: Scheme) -> None:
    """A level that is none is refused in one line that names the highest."""
    image, last = images(scheme)["grey"], ranks(scheme, 8)[-1]
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
