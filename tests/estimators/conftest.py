"""Paired samples small enough for a test, and networks on one thread."""

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from imleak.interfaces import PairedSamples


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Products as small as these are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


def paired(x, y, groups=None, weights=None, sizes=None):
    """Samples of x (n, dx) and of y (n, dy) or (L, n, dy); every row its own image
    unless `groups` says otherwise."""
    x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    groups = np.arange(len(x)) if groups is None else np.asarray(groups, np.int64)
    return PairedSamples(x, y if y.ndim == 3 else y[None], groups, weights, sizes)


def gaussian_pairs(n, d, correlations, seed=0):
    """x (n, d) and y (L, n, d), coordinate by coordinate of the given correlations."""
    rng = np.random.default_rng(seed)
    x, noise = rng.standard_normal((2, n, d))
    rho = np.asarray(correlations, float)[:, None, None]
    return x, rho * x + np.sqrt(1 - rho**2) * noise


@pytest.fixture(scope="session")
def pair_up():
    return paired


@pytest.fixture(scope="session")
def gaussian():
    """Samples of `gaussian_pairs`; their information is -d/2 log2(1-rho^2) bits a level."""

    def make(n, d, correlations, *, seed=0, groups=None):
        return paired(*gaussian_pairs(n, d, correlations, seed), groups)

    return make
