"""Small images for schemes, and what a scheme takes of them."""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from ..images.jpeg import compressed, raster_of
from ..interfaces import ImageError, ImleakError, KeyedScheme, Raster, Samples, Scheme
from ..keystream import AesKeystream, derived_key
from ._checks import require

QUALITY = 75
"""Of the JPEG files that a scheme on coefficients is given."""


def images(scheme: Scheme) -> dict[str, Raster]:
    """Small images by what they are."""
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(48), np.arange(64)) * 2
    noisy = (ramp + rng.integers(-8, 9, (3, 48, 64))).clip(0, 255)
    deep = noisy * 256 + noisy[::-1]
    return {
        name: image_for(scheme, samples.astype(np.uint8 if bits <= 8 else np.uint16), bits)
        for name, bits, samples in (
            ("grey", 8, noisy[:1]),
            ("colour", 8, noisy),
            ("odd", 8, noisy[:, :37, :53]),
            ("flat", 8, np.zeros((1, 48, 64))),
            ("white", 8, np.full((3, 16, 16), 255)),
            ("one pixel", 8, noisy[:1, :1, :1]),
            ("1 bit", 1, noisy[:1] >> 7),
            ("4 bits", 4, noisy[:, :32, :32] >> 4),
            ("12 bits", 12, deep[:1, :32, :32] >> 4),
            ("16 bits", 16, deep[:, :17, :32]),
        )
    }


def image_for(scheme: Scheme, samples: Samples, bits: int) -> Raster:
    """An image of these samples, or the JPEG file of it where the scheme takes no other."""
    if bits == 8 and getattr(scheme, "needs_jpeg", False):
        return raster_of(compressed(samples, quality=QUALITY))
    return Raster(samples, bits)


def keystream(key: int = 0, nonce: int = 0) -> AesKeystream:
    return AesKeystream(derived_key(key), nonce.to_bytes(16, "big"))


def small_images(scheme: KeyedScheme) -> Iterator[tuple[str, int, Raster, list[Raster]]]:
    """At every level, images as small as the scheme takes, of 1, 2 and 8 bits: what they are, the
    level, one of them, and the others."""
    rng = np.random.default_rng(0)
    for bits in (1, 2, 8):
        for level in ranks(scheme, bits)[1:] if _has_levels(scheme, bits) else ():
            for side in (1, 2, 4, 8, 16, 32):
                drawn = rng.integers(0, 1 << bits, (4, 1, side, 2 * side)).astype(np.uint8)
                drawn[1], drawn[1, 0, 0, 0] = drawn[0], drawn[0, 0, 0, 0] ^ 1
                drawn[2], drawn[2, 0, -1, -1] = drawn[0], drawn[0, 0, -1, -1] ^ 1
                image, *others = (image_for(scheme, samples, bits) for samples in drawn)
                if accepted(scheme, image, level):
                    where = f"level {level}, {2 * side}x{side} image of {bits}-bit samples"
                    yield where, level, image, others
                    break


def ciphers(
    scheme: KeyedScheme, image: Raster, level: int, keys: int, most: int | None = None
) -> Counter[bytes]:
    """How often every cipher of an image occurs over keys; no further than to more than `most`."""
    counts: Counter[bytes] = Counter()
    for nonce in range(keys):
        counts[contents(scheme.encrypt(image, level, keystream(nonce=nonce)))] += 1
        if most is not None and len(counts) > most:
            break
    return counts


def contents(raster: Raster) -> bytes:
    """All that a cipher holds: its samples, or the coefficients they are decoded from."""
    if raster.coded is None:
        return raster.samples.tobytes()
    found = raster.jpeg
    return b"".join([*(blocks.tobytes() for blocks in found.components), found.secret])


def depths(scheme: Scheme) -> list[int]:
    """Depths of the images that the scheme takes, 8 at least."""
    require(_has_levels(scheme, 8), "levels(8) is refused: it must take samples of 8 bits")
    found = sorted({image.bits for image in images(scheme).values()})
    return [bits for bits in found if _has_levels(scheme, bits)]


def ranks(scheme: Scheme, bits: int) -> list[int]:
    return [level.rank for level in scheme.levels(bits)]


def cases(scheme: Scheme) -> Iterator[tuple[str, Raster, int]]:
    """Every image at every level, without those that the scheme says it does not take."""
    for bits in depths(scheme):
        for name, image in images(scheme).items():
            for level in ranks(scheme, bits) if image.bits == bits else ():
                if accepted(scheme, image, level):
                    yield name, image, level


def accepted(scheme: Scheme, image: Raster, level: int) -> bool:
    """Whether an image is taken; it is refused by an ImageError, by all methods or by none."""
    calls: list[Callable[[], object]] = [lambda: scheme.expose(image, level)]
    if isinstance(scheme, KeyedScheme):
        calls.append(lambda: scheme.encrypt(image, level, keystream()))
    refusals = set()
    for call in calls:
        try:
            call()
        except ImageError:
            refusals.add(True)
        else:
            refusals.add(False)
    size = f"an image of {image.width}x{image.height}, level {level}"
    require(len(refusals) == 1, f"{size}: one of encrypt and expose takes it, the other refuses it")
    return False in refusals


def _has_levels(scheme: Scheme, bits: int) -> bool:
    try:
        scheme.levels(bits)
    except ImleakError:
        return False
    return True
