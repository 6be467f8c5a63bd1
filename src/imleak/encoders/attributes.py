"""What can be said of an image in a few numbers, each with a name."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Attribute, Features, Samples
from ._network import LARGEST_SIDE, check_square, check_whole
from ._whole import WholeImageEncoder

Grey = NDArray[np.float32]
"""Luma (H, W), 0..1."""

PATCH = 224
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601."""
BLOCK = 8
"""Side of a block of JPEG, in samples."""
MASK_NORM, GAUSSIAN_MEDIAN = 6.0, 0.6744897501960817
"""Euclidean norm of the mask of :func:`noise`; median of the absolute value of a standard
Gaussian."""

FULL = "of full scale"
NAMES = (
    Attribute("mean", "tone", unit=FULL),
    Attribute("contrast", "tone", unit=FULL),
    Attribute("saturated share", "tone"),
    Attribute("sharpness", "capture"),
    Attribute("noise", "capture", unit=FULL),
    Attribute("blockiness", "capture"),
    Attribute("colourfulness", "capture", unit=FULL),
    Attribute("orientation", "content", columns=2),
)


class Attributes(WholeImageEncoder):
    """Mean, contrast, saturation, sharpness, noise, blockiness, colourfulness, orientation.

    Each is a function of this module, which says what it is. What has no value, such as the
    orientation of what is the same everywhere or the colourfulness of grey, is 0. All but
    colourfulness and saturation are of the luma. No network: the ten principal directions of
    the scores of classes, which belong to them, are columns that `efficientnet-lite0` names.

    Parameters
    ----------
    patch : side of the patch, in pixels; "image" for whole images, of any size.

    Raises
    ------
    ImleakError
        If there is no such patch.
    """

    name = "attributes"
    argument = "patch"
    attributes = NAMES

    def __init__(self, patch: int | Literal["image"] = PATCH) -> None:
        if patch != "image":
            check_whole(self.name, "patch", patch, 1, LARGEST_SIDE)
        self.input_size = patch
        super().__init__(sum(one.columns for one in NAMES), str(patch))

    @property
    def title(self) -> str:
        return self.name if self.input_size == PATCH else f"{self.name}={self.input_size}"

    def encode(self, images: Samples, bits: int) -> Features:
        """Vectors (n, dimension) of images (n, 1 or 3, patch, patch), or (n, 1 or 3, H, W)."""
        if self.input_size != "image":
            check_square(images, self.input_size, self.title)
        return super().encode(images, bits)

    def named(self, vectors: Features) -> Features:
        """The same: every column is of an attribute."""
        return vectors

    def vector(self, samples: Samples, bits: int) -> Features:
        """(9,) of one image (C, H, W), in the order of `attributes`."""
        shares = samples.astype(np.float32) / np.float32((1 << bits) - 1)
        grey: Grey = shares[0] if len(shares) == 1 else np.tensordot(LUMA, shares, 1)
        tone = (grey.mean(dtype=np.float64), contrast(grey), saturated(samples, bits))
        capture = (sharpness(grey), noise(grey), blockiness(grey), colourfulness(shares))
        return np.array([*tone, *capture, *orientation(grey)], np.float32)


def contrast(grey: Grey) -> float:
    """Standard deviation of the luma, of full scale: 1/2 of two halves, black and white.

    References
    ----------
    Peli, "Contrast in complex images", J. Opt. Soc. Am. A 7(10), 1990: RMS contrast.
    """
    return float(np.std(grey, dtype=np.float64))


def saturated(samples: Samples, bits: int) -> float:
    """Share of the samples (C, H, W) that have the lowest or the highest value."""
    return float(np.mean((samples == 0) | (samples == (1 << bits) - 1)))


def sharpness(grey: Grey) -> float:
    r"""Energy of the Laplacian over the variance of the luma, of no unit.

    .. math:: \frac{\overline{(\Delta g)^2}}{\operatorname{var} g},

    with the Laplacian of four neighbours. A cosine of w radians a sample along a row has
    :math:`(2 - 2\cos w)^2`, white noise 20; whatever is blurred has less.

    References
    ----------
    Pertuz, Puig, Garcia, "Analysis of focus measure operators for shape-from-focus", Pattern
    Recognition 46(5), 2013: energy of Laplacian, here without its dependence on contrast.
    """
    variance = float(np.var(grey, dtype=np.float64))
    inner = 4 * grey[1:-1, 1:-1]
    laplacian = inner - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    if variance < np.finfo(np.float32).eps ** 2 or not laplacian.size:
        return 0.0
    return float(np.mean(np.square(laplacian), dtype=np.float64)) / variance


def noise(grey: Grey) -> float:
    r"""Standard deviation of the noise, of full scale.

    .. math:: \hat\sigma = \frac{\operatorname{median} |N * g|}{6 \cdot 0.6745}, \quad
              N = \begin{pmatrix} 1 & -2 & 1 \\ -2 & 4 & -2 \\ 1 & -2 & 1 \end{pmatrix}

    The mask is blind to planes and straight edges along the axes, and the median to what is
    rare. Texture counts as noise.

    References
    ----------
    Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding
    64(2), 1996 (the mask). Donoho, Johnstone, "Ideal spatial adaptation by wavelet
    shrinkage", Biometrika 81(3), 1994 (the median).
    """
    across = grey[:, :-2] - 2 * grey[:, 1:-1] + grey[:, 2:]
    both = across[:-2] - 2 * across[1:-1] + across[2:]
    if not both.size:
        return 0.0
    middle = both.size // 2
    median = np.partition(np.abs(both), middle, axis=None)[middle]  # np.median takes longer
    return float(median) / (MASK_NORM * GAUSSIAN_MEDIAN)


def blockiness(grey: Grey) -> float:
    r"""How much larger differences are at the borders of blocks of 8x8, 0..1.

    .. math:: \frac{d_o - \bar d}{d_o + \bar d}

    where :math:`d_o` is the mean absolute difference of neighbours at every eighth border,
    from the one on at which it is largest, as nobody knows where the grid of a patch begins,
    and :math:`\bar d` that at all others; the mean of rows and columns. 1 of an image of flat
    blocks, near 0 of one that was never compressed.

    References
    ----------
    Wang, Sheikh, Bovik, "No-reference perceptual quality assessment of JPEG compressed
    images", ICIP 2002. Fan, de Queiroz, "Identification of bitmap compression history: JPEG
    detection and quantizer estimation", IEEE Trans. Image Process. 12(2), 2003.
    """
    return (_grid(grey) + _grid(grey.T)) / 2


def _grid(grey: Grey) -> float:
    """The same of the borders of columns alone."""
    difference = np.abs(grey[:, 1:] - grey[:, :-1]).mean(0, dtype=np.float64)
    periods = len(difference) // BLOCK
    if not (len(grey) and periods):
        return 0.0
    by_place = difference[: periods * BLOCK].reshape(periods, BLOCK).mean(0)
    top = by_place.max()
    others = (by_place.sum() - top) / (BLOCK - 1)
    return float((top - others) / (top + others)) if top > 0 else 0.0


def colourfulness(shares: NDArray[np.float32]) -> float:
    r"""Spread and strength of the opponent colours, of full scale.

    .. math:: \sqrt{\sigma_{rg}^2 + \sigma_{yb}^2} + 0.3 \sqrt{\mu_{rg}^2 + \mu_{yb}^2},
              \quad rg = R - G, \quad yb = \tfrac12 (R + G) - B

    Undefined of grey, and then 0.

    Parameters
    ----------
    shares : (C, H, W) samples, 0..1.

    References
    ----------
    Hasler, Süsstrunk, "Measuring colourfulness in natural images", Human Vision and
    Electronic Imaging VIII, 2003.
    """
    if len(shares) == 1:
        return 0.0
    red, green, blue = shares
    opponents = np.stack([red - green, (red + green) / 2 - blue]).astype(np.float64)
    spread = np.linalg.norm(opponents.std((1, 2)))
    strength = np.linalg.norm(opponents.mean((1, 2)))
    return float(spread + 0.3 * strength)


def orientation(grey: Grey) -> tuple[float, float]:
    r"""The dominant direction of the gradient, at twice its angle, as long as it is coherent.

    .. math:: \frac{\big(\sum g_x^2 - g_y^2,\; \sum 2 g_x g_y\big)}{\sum g_x^2 + g_y^2}

    (1, 0) of upright edges, (-1, 0) of level ones, (0, 1) and (0, -1) of diagonal ones, and
    (0, 0) where no direction dominates. Opposite directions are one orientation, so that
    angles are doubled.

    References
    ----------
    Kass, Witkin, "Analyzing oriented patterns", Computer Vision, Graphics, and Image
    Processing 37(3), 1987. Bigün, Granlund, "Optimal orientation detection of linear
    symmetry", ICCV 1987.
    """
    across = (grey[1:-1, 2:] - grey[1:-1, :-2]).astype(np.float64)
    down = (grey[2:, 1:-1] - grey[:-2, 1:-1]).astype(np.float64)
    xx, yy, xy = ((a * b).sum() for a, b in ((across, across), (down, down), (across, down)))
    total = xx + yy
    return (float((xx - yy) / total), float(2 * xy / total)) if total > 0 else (0.0, 0.0)
