"""What every encoder must do.

Encoders of patches, of whole images, of scalar pixels, and those that are trained on clear parts
are asked for what they are for.
"""

import re
from typing import Any

import numpy as np

from ..interfaces import Encoder, Features, Samples, TrainableEncoder
from ._checks import applies_where, comes_first, refused, require, require_members

SIDE = 48
"""Sides of images that are shown whole."""
TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2}
"""By which features may differ with the company of an image, of the largest of them."""


def is_scalar(encoder: Any) -> bool:
    return encoder.input_size is None


def is_trained(encoder: Any) -> bool:
    """Whether it is trained on the clear parts of a study, see :class:`TrainableEncoder`."""
    return hasattr(encoder, "watch")


def is_network(encoder: Any) -> bool:
    return not is_scalar(encoder) and not is_trained(encoder)


def is_whole(encoder: Any) -> bool:
    return is_network(encoder) and encoder.input_size == "image"


def is_of_patches(encoder: Any) -> bool:
    return is_network(encoder) and encoder.input_size != "image"


@comes_first
def check_protocol(encoder: Any) -> None:
    """It has what an encoder has."""
    require_members(encoder, "encoder")
    size, dimension = encoder.input_size, encoder.dimension
    is_size = size in (None, "image") or (isinstance(size, int) and size > 0)
    require(is_size, f"input_size is {size!r}: give a side in pixels, 'image' or None")
    is_dimension = isinstance(dimension, int) and dimension >= 1
    require(is_dimension, f"dimension is {dimension!r}: give the length of a vector")
    is_digest = re.fullmatch(r"[0-9a-f]{64}", str(encoder.digest))
    require(is_digest, f"digest is {encoder.digest!r}: give a SHA-256 in hexadecimal digits")


def check_title(encoder: Any) -> None:
    """What is recorded of it is text, and says where its weights are random."""
    title = getattr(encoder, "title", encoder.name)
    require(title.startswith(encoder.name), f"title {title!r} does not begin with its name")
    facts = getattr(encoder, "facts", {})
    texts = all(isinstance(word, str) for item in facts.items() for word in item)
    require(texts, f"facts are {facts!r}: give texts by name")
    if not getattr(encoder, "trained", True):
        require("random" in title, f"trained is False, but title {title!r} does not say random")


@applies_where(is_scalar)
def check_scalars(encoder: Encoder) -> None:
    """An encoder of scalar pixels has one dimension and cannot be called."""
    require(encoder.dimension == 1, f"dimension is {encoder.dimension}, not 1")
    with refused("encode"):
        encoder.encode(images(8), 8)


@applies_where(is_trained)
def check_trained_is_no_target(encoder: TrainableEncoder) -> None:
    """An encoder that is trained on clear parts cannot be called."""
    with refused("encode", naming=("as a view",)):
        encoder.encode(images(8), 8)


@applies_where(is_trained)
def check_trained_view(encoder: TrainableEncoder) -> None:
    """A trained view gives vectors of every row and level, and never sees targets of others."""
    require_members(encoder, "encoder")
    side = encoder.input_size if isinstance(encoder.input_size, int) else SIDE
    given = images(side, channels=1, count=14)
    view = encoder.watch(np.stack([given, given << 5 & 255]), 8, np.arange(14))
    x = np.random.default_rng(0).normal(size=(14, 5)).astype(np.float32)
    train, validation = np.arange(6), np.arange(6, 10)
    vectors = view(x, train, validation, 0)
    _require_vectors(vectors, (2, 14, encoder.dimension))
    x[10:] = np.nan
    same = np.array_equal(view(x, train, validation, 0), vectors)
    require(same, "vectors change with the targets of rows that are neither train nor validation")


@applies_where(is_network)
def check_vectors(encoder: Encoder) -> None:
    """Vectors are finite, tell images apart, and are the same again."""
    given = images(_side(encoder))
    before = given.copy()
    vectors = encoder.encode(given, 8)
    require(np.array_equal(given, before), "encode writes into its images")
    _require_vectors(vectors, (len(given), encoder.dimension))
    distance, length = np.linalg.norm(vectors[0] - vectors[1]), np.linalg.norm(vectors[0])
    require(distance > 1e-3 * length, "two images have the same vector")
    same = np.array_equal(encoder.encode(given, 8), vectors)
    require(same, "the same images have other vectors when encoded again")


@applies_where(is_network)
def check_batch(encoder: Encoder) -> None:
    """A vector does not depend on the other images of its batch."""
    given = images(_side(encoder), count=4)
    together = encoder.encode(given, 8)
    tolerance = TOLERANCE[getattr(encoder, "precision", "fp32")]
    _require_close(encoder.encode(given[2:3], 8), together[2:3], tolerance, "an image alone")
    _require_close(encoder.encode(given[::-1], 8), together[::-1], tolerance, "another order")


@applies_where(is_network)
def check_grey(encoder: Encoder) -> None:
    """Grey is repeated where colour is wanted."""
    grey = images(_side(encoder), channels=1, count=2)
    colour = encoder.encode(np.repeat(grey, 3, axis=1), 8)
    _require_close(encoder.encode(grey, 8), colour, 1e-4, "grey images, of one channel or three,")


@applies_where(is_of_patches)
def check_depth(encoder: Encoder) -> None:
    """Samples of every depth are scaled to the full range."""
    given = images(_side(encoder), count=1)
    expected = encoder.encode(given, 8)
    deep = encoder.encode(given.astype(np.uint16) * np.uint16(257), 16)
    _require_close(deep, expected, 1e-3, "the same image at 16 bits")
    black_and_white = (given > 127).astype(np.uint8)
    expected = encoder.encode(black_and_white * np.uint8(255), 8)
    _require_close(encoder.encode(black_and_white, 1), expected, 1e-3, "the same image at 1 bit")


@applies_where(is_network)
def check_no_images(encoder: Encoder) -> None:
    """No images are no vectors."""
    side = _side(encoder)
    shape = encoder.encode(np.zeros((0, 1, side, side), np.uint8), 8).shape
    require(shape == (0, encoder.dimension), f"the shape is {shape}, not (0, {encoder.dimension})")


@applies_where(is_of_patches)
def check_other_size(encoder: Encoder) -> None:
    """Patches of another size are refused in one line."""
    side = _side(encoder) + 1
    with refused(f"a patch of {side}x{side}"):
        encoder.encode(np.zeros((1, 1, side, side), np.uint8), 8)


@applies_where(is_whole)
def check_any_size(encoder: Encoder) -> None:
    """A whole image is of any size."""
    rng = np.random.default_rng(0)
    for height, width in ((1, 1), (1, 40), (7, 3), (33, 61), (200, 150)):
        for channels in (1, 3):
            given = rng.integers(0, 256, (2, channels, height, width), dtype=np.uint8)
            _require_vectors(encoder.encode(given, 8), (2, encoder.dimension))


@applies_where(is_whole)
def check_no_image(encoder: Encoder) -> None:
    """What is no image is refused in one line."""
    with refused("an array of three axes"):
        encoder.encode(np.zeros((2, 8, 8), np.uint8), 8)


def images(side: int, channels: int = 3, count: int = 3) -> Samples:
    """Ramps with noise, 8 bits, (count, channels, side, side)."""
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(side), np.arange(side)) * (255 / (2 * side))
    noise = rng.normal(0, 20, (count, channels, side, side))
    return (ramp + noise).clip(0, 255).astype(np.uint8)


def _side(encoder: Encoder) -> int:
    return encoder.input_size if isinstance(encoder.input_size, int) else SIDE


def _require_vectors(vectors: Features, shape: tuple[int, ...]) -> None:
    require(vectors.shape == shape, f"vectors have shape {vectors.shape}, not {shape}")
    require(vectors.dtype == np.float32, f"vectors are {vectors.dtype}, not float32")
    require(np.isfinite(vectors).all(), "vectors are not finite")


def _require_close(found: Features, expected: Features, tolerance: float, what: str) -> None:
    error = float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))
    require(error <= tolerance, f"{what} changes vectors by {error:.2g} of the largest feature")
