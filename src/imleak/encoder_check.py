"""Whether an encoder sees: what its features say of photographs, and of noise."""

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from .images import cut, patch_places, resize
from .interfaces import Encoder, Features, Image, ImleakError, Samples

CROP = 224
"""Side of the patches an encoder of whole images is shown as if they were whole."""
CROPPED = 0.8
"""Side of what is left of a patch by the crop, of the patch's."""
QUALITY = 50
"""Quality of JPEG, 1..95."""
NOISE = 32
"""Images of noise."""
ALIKE, SEEN, LIVELY = 0.95, 0.5, 0.5
"""Warned of: noise more alike than this, fewer patches found again, fewer features alive."""


@dataclass(frozen=True)
class Check:
    """What was found.

    Parameters
    ----------
    patches, photographs : how many, of how many.
    norm, spread : mean length of the vectors, and its standard deviation.
    alive : share of the features that differ between patches.
    effective : number of directions the vectors vary in (participation ratio of the
        eigenvalues of their covariance).
    found : R@1: share of patches whose cropped and recompressed copy is nearer to them than
        to any other patch, by cosine of the centred vectors.
    photographs_cosine, noise_cosine : mean over pairs, of patches of different photographs
        and of images of noise.
    rate : patches a second.
    warnings : a sentence each.
    """

    patches: int
    photographs: int
    norm: float
    spread: float
    alive: float
    effective: float
    found: float
    photographs_cosine: float
    noise_cosine: float
    rate: float
    warnings: tuple[str, ...]

    @property
    def chance(self) -> float:
        """R@1 of guessing."""
        return 1 / self.patches


def check(encoder: Encoder, images: Sequence[Image], patches: int = 4, seed: int = 0) -> Check:
    """Show an encoder photographs, altered copies of them, and noise.

    Parameters
    ----------
    images : 8 bits or more; those smaller than a patch are passed over.
    patches : of a photograph.
    seed : of their places, and of the noise.

    Raises
    ------
    ImleakError
        If the encoder makes no vectors, or fewer than two photographs are large enough.
    """
    size = CROP if encoder.input_size == "image" else encoder.input_size
    if size is None:
        raise ImleakError(f"{encoder.name} makes no vectors; write {encoder.name}=32 for some")
    large = [image for image in images if min(image.height, image.width) >= size]
    if len(large) < 2:
        raise ImleakError(f"a check needs two photographs of at least {size}x{size}")
    cuts = [_patches(image, size, patches, seed) for image in large]
    shown, groups = np.concatenate(cuts), np.repeat(np.arange(len(cuts)), patches)
    copies = np.stack([altered(patch) for patch in shown])
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (NOISE, 1, size, size), dtype=np.uint8)

    encoder.encode(shown[:1], 8)  # what is loaded when first used
    start = time.perf_counter()
    vectors = encoder.encode(shown, 8)
    rate = len(shown) / (time.perf_counter() - start)
    norms = np.linalg.norm(vectors, axis=1)
    different = groups[:, None] != groups
    of_noise = encoder.encode(noise, 8)
    pairs = ~np.eye(NOISE, dtype=bool)
    numbers = {
        "norm": float(norms.mean()),
        "spread": float(norms.std()),
        "alive": float((np.ptp(vectors, axis=0) > 0).mean()),
        "effective": effective_dimension(vectors),
        "found": recall(vectors, encoder.encode(copies, 8)),
        "photographs_cosine": float(cosines(vectors, vectors)[different].mean()),
        "noise_cosine": float(cosines(of_noise, of_noise)[pairs].mean()),
        "rate": rate,
    }
    warnings = tuple(_warnings(numbers, bool(getattr(encoder, "trained", True))))
    return Check(len(shown), len(large), warnings=warnings, **numbers)


def altered(patch: Samples) -> Samples:
    """The same image cropped, enlarged again, and compressed: (C, S, S) of 8 bits."""
    size = patch.shape[-1]
    side = round(CROPPED * size)
    edge = (size - side) // 2
    enlarged = resize(patch[:, edge : edge + side, edge : edge + side], 8, size)
    mode = "RGB" if len(patch) == 3 else "L"
    stored = io.BytesIO()
    pixels = np.moveaxis(enlarged, 0, -1).squeeze()
    PIL.Image.fromarray(pixels).convert(mode).save(stored, "JPEG", quality=QUALITY)
    again = np.asarray(PIL.Image.open(stored))
    return again[None] if again.ndim == 2 else np.moveaxis(again, -1, 0)


def recall(vectors: Features, copies: Features) -> float:
    """Share of the copies (n, d) whose nearest vector (n, d) is that of their original."""
    centre = vectors.mean(0)
    nearest = cosines(copies - centre, vectors - centre).argmax(1)
    return float((nearest == np.arange(len(vectors))).mean())


def cosines(a: Features, b: Features) -> NDArray[np.float64]:
    """(n, m) cosines of vectors (n, d) and (m, d); 0 of vectors without length."""
    units = []
    for vectors in (a, b):
        exact = vectors.astype(np.float64)
        length = np.linalg.norm(exact, axis=1, keepdims=True)
        units.append(np.divide(exact, length, out=np.zeros_like(exact), where=length > 0))
    found: NDArray[np.float64] = units[0] @ units[1].T
    return found


def effective_dimension(vectors: Features) -> float:
    r"""Participation ratio of the eigenvalues of the covariance of (n, d) vectors.

    .. math:: \Big(\sum_i \lambda_i\Big)^2 / \sum_i \lambda_i^2
    """
    centred = vectors.astype(np.float64) - vectors.mean(0, dtype=np.float64)
    gram = centred @ centred.T if len(vectors) < vectors.shape[1] else centred.T @ centred
    squares = float((gram**2).sum())
    return float(np.trace(gram)) ** 2 / squares if squares else 0.0


def _patches(image: Image, size: int, count: int, seed: int) -> Samples:
    """(count, C, size, size) of 8 bits; grey is repeated, so that all have one shape."""
    places = patch_places(image.height, image.width, size, count, seed)
    found = cut(image.samples, places, size)
    if image.bits != 8:
        found = np.rint(found * (255 / (2**image.bits - 1))).astype(np.uint8)
    return np.repeat(found, 3, axis=1) if found.shape[1] == 1 else found


def _warnings(numbers: dict[str, float], trained: bool) -> Iterator[str]:
    if not trained:
        yield "Its weights are random: a control, that says what the architecture sees untrained."
    if numbers["noise_cosine"] > ALIKE:
        yield (
            f"Noise looks alike to it (cosine {numbers['noise_cosine']:.2f} between images of "
            f"noise, {numbers['photographs_cosine']:.2f} between photographs): clear parts near "
            "noise fall together whatever they hide, and their cosine says little of a leak."
        )
    if numbers["found"] < SEEN:
        yield (
            f"It knows only {numbers['found']:.0%} of the photographs again when they are cropped "
            "and compressed: what it finds of a leak is of pixels more than of content."
        )
    if numbers["alive"] < LIVELY:
        yield f"{1 - numbers['alive']:.0%} of its features are the same for every photograph."
