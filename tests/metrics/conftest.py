"""What the tests of metrics share."""

import numpy as np
import pytest
from observations import bitplanes, tables


@pytest.fixture(scope="session")
def observe_bitplanes():
    return bitplanes


@pytest.fixture(scope="session")
def observe_tables():
    return tables


@pytest.fixture(scope="session")
def observe_features():
    """Observation of one clear part given by its features, at level 1."""

    def make(plain, clear):
        pixels = np.zeros((1, 8, 8), np.uint8)
        return bitplanes(
            pixels,
            levels=(1,),
            plain_features=np.asarray(plain, np.float32),
            clear_features=lambda s: np.asarray(clear, np.float32),
        )

    return make


@pytest.fixture(scope="session")
def textured():
    """An image (C, H, W) whose neighbours depend on each other: a walk in both directions."""

    def make(channels=1, height=48, width=64, bits=8, seed=0):
        steps = np.random.default_rng(seed).normal(size=(channels, height, width))
        walk = steps.cumsum(1).cumsum(2)
        low, high = walk.min(), walk.max()
        kind = np.uint8 if bits <= 8 else np.uint16
        return ((walk - low) / (high - low) * (2**bits - 1)).astype(kind)

    return make
