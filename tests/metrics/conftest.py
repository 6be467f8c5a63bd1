"""Observations built by hand, so that metrics are tested without the schemes."""

import numpy as np
import pytest

from imleak.interfaces import Observation


def bitplanes(plain, bits=8, *, levels=None, scaled=False, tabled=True, seed=0, **more):
    """The s most significant bits lost, at every level; `tabled=False` hides the tables."""
    rng = np.random.default_rng(99)
    noise = rng.integers(0, 2**bits, plain.shape).astype(plain.dtype)

    def keep(samples, s):
        kept = (samples.astype(np.uint32) << s) & (2**bits - 1)
        return (kept if scaled else kept >> s).astype(plain.dtype)

    def cipher(s):
        return plain ^ (noise >> (bits - s) << (bits - s)) if s else plain.copy()

    values = np.arange(2**bits).astype(plain.dtype)
    return Observation(
        plain=plain,
        bits=bits,
        levels=tuple(range(bits + 1)) if levels is None else levels,
        clear=lambda s: keep(plain, s),
        cipher=cipher,
        table=lambda s: keep(values, s) if tabled else None,
        size=lambda s: 2 ** (bits - s),
        seed=seed,
        **more,
    )


def tables(plain, bits, by_level):
    """Any scheme that works sample by sample, given by its tables."""
    return Observation(
        plain=plain,
        bits=bits,
        levels=tuple(by_level),
        clear=lambda s: by_level[s][plain],
        cipher=lambda s: by_level[s][plain],
        table=by_level.__getitem__,
        size=lambda s: len(np.unique(by_level[s])),
    )


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
    """A picture (C, H, W) whose neighbours depend on each other: a walk in both directions."""

    def make(channels=1, height=48, width=64, bits=8, seed=0):
        steps = np.random.default_rng(seed).normal(size=(channels, height, width))
        walk = steps.cumsum(1).cumsum(2)
        low, high = walk.min(), walk.max()
        kind = np.uint8 if bits <= 8 else np.uint16
        return ((walk - low) / (high - low) * (2**bits - 1)).astype(kind)

    return make
