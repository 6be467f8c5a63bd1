"""Images of tiles, each a handwritten zero or one, that share what their digits are.

References
----------
Lee and Rhee, "A benchmark suite for evaluating neural mutual information estimators on
unstructured datasets", NeurIPS 2024.
Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI repository, 1998.
"""

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ..task import Array, Problem, Rows
from .dead_leaves import dead_leaves
from .discrete import symmetric_channel, table_bits

SIDE = 8
"""Of a digit, in pixels."""
SMALLEST = 32
"""Side that images of few tiles are upscaled to."""
Bits: TypeAlias = NDArray[np.int64]


def digits(sources: int, total: float, nuisance: float = 0.0) -> Problem:
    r"""Every tile is a source: a fair bit, 1 - h(e) of which the tile in the other image tells.

    A tile of x shows one of 178 zeros or 182 ones that were written by hand, whichever
    its bit says; the bit of y is wrong with probability e, and its tile shows a digit that is
    drawn anew. Behind the digits is an image of dead leaves of its own. It nowhere reaches
    above `nuisance`, and no zero looks like a one where they are brighter than that, so that the
    bits are a function of the image. As x - bits of x - bits of y - y is a Markov chain, whole
    images have exactly the information of the bits:

    .. math:: I(X;Y) = d_s (1 - h(e))

    Parameters
    ----------
    sources : d_s, the tiles of an image, in a grid as nearly square as their number allows.
    total : bits that all of them share, above 0 and at most `sources`.
    nuisance : eta, how bright the background is to the digits, 0 to 0.7.
    """
    grid = _grid(sources)
    scale = max(1, SMALLEST // (SIDE * max(grid)))
    error = error_of(total / sources)
    shape = scale * SIDE * grid[0], scale * SIDE * grid[1]

    def draw(n: int, rng: np.random.Generator) -> Rows:
        sent = rng.integers(2, size=(n, sources))
        received = sent ^ (rng.random(sent.shape) < error)
        return Rows(show(sent, rng), show(received, rng))

    def show(shown: Bits, rng: np.random.Generator) -> Array:
        image = tiled(_written(shown, rng), grid, scale)
        if nuisance:
            square = dead_leaves(len(image), max(shape), rng)
            image = before(image, square[:, : shape[0], : shape[1]], nuisance)
        return image.reshape(len(image), -1)

    size = shape[0] * shape[1]
    return Problem(sources * table_bits(symmetric_channel(2, error)), (size, size), draw)


def error_of(bits: float) -> float:
    """How often a fair bit is wrong in a channel that tells so many bits of it, 0 to 1."""
    if bits >= 1:
        return 0.0
    found = brentq(lambda e: table_bits(symmetric_channel(2, e)) - bits, 0.0, 0.5, xtol=1e-15)
    return float(found)


def tiled(tiles: Array, grid: tuple[int, int], scale: int = 1) -> Array:
    """Tiles (n, rows * columns, h, w) beside each other, every pixel repeated, as
    (n, scale * rows * h, scale * columns * w)."""
    n, _, height, width = tiles.shape
    rows, columns = grid
    apart = tiles.reshape(n, rows, columns, height, width).transpose(0, 1, 3, 2, 4)
    image = apart.reshape(n, rows * height, columns * width)
    return image.repeat(scale, axis=1).repeat(scale, axis=2)


def before(image: Array, background: Array, nuisance: float) -> Array:
    """Digits in front of a background in [0, 1), dimmed."""
    return np.maximum(image, nuisance * background)


@cache
def written() -> tuple[Array, Array]:
    """The zeros and the ones, (count, 8, 8) each, in 0..1."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    shown = images.reshape(-1, SIDE, SIDE) / 16
    return shown[labels == 0], shown[labels == 1]


def _written(shown: Bits, rng: np.random.Generator) -> Array:
    """A digit (n, sources, 8, 8) for every bit (n, sources)."""
    kinds = [kind[rng.integers(len(kind), size=shown.shape)] for kind in written()]
    return np.where(shown[..., None, None], kinds[1], kinds[0])


def _grid(count: int) -> tuple[int, int]:
    """Rows and columns, as nearly equal as the divisors allow."""
    rows = max(d for d in range(1, int(count**0.5) + 1) if count % d == 0)
    return rows, count // rows
