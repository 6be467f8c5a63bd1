import numpy as np
import pytest

from imleak.benchmark.problems.texture import spectrum, texture


def test_texture_agrees_with_determinants():
    """The covariance is circulant: build it row by row and take determinants."""
    side, sigma = 6, 1.5
    problem = texture(side, sigma)
    autocovariance = np.fft.ifft2(spectrum(side)).real
    index = np.arange(side)
    shift = (index[:, None] - index) % side
    covariance = autocovariance[shift[:, None, :, None], shift[None, :, None, :]]
    covariance = covariance.reshape(side**2, side**2)
    _, signal = np.linalg.slogdet(np.eye(side**2) + covariance / sigma**2)
    assert problem.bits == pytest.approx(0.5 * signal / np.log(2), abs=1e-9)
    x, y, _ = problem.draw(40_000, np.random.default_rng(0))
    np.testing.assert_allclose(np.cov(x.T), covariance, atol=0.04)
    assert (y - x).std() == pytest.approx(sigma, rel=0.01)
