"""Gaussian textures of photographic spectrum."""

import numpy as np

from ..task import Array, Problem, Rows, bits


def texture(side: int, sigma: float) -> Problem:
    r"""A texture, and itself under white noise.

    Its power falls as the square of the frequency, mean pixel variance 1. On a torus the
    frequencies are independent, so the value is exact for whole images:

    .. math:: I(X;Y) = \tfrac12 \sum_f \log_2 (1 + S_f / \sigma^2)
    """
    power = spectrum(side)

    def draw(n: int, rng: np.random.Generator) -> Rows:
        white = np.fft.fft2(rng.standard_normal((n, side, side)))
        x = np.fft.ifft2(white * np.sqrt(power)).real.reshape(n, -1)
        return Rows(x, x + sigma * rng.standard_normal(x.shape))

    mi = bits(0.5 * float(np.log1p(power / sigma**2).sum()))
    return Problem(mi, (side**2, side**2), draw)


def spectrum(side: int) -> Array:
    """Variance of each frequency, (side, side), mean 1."""
    frequency = np.fft.fftfreq(side)
    square = np.square(frequency)[:, None] + np.square(frequency)
    power = 1 / (square + 1 / side**2)
    return np.asarray(power / power.mean())
