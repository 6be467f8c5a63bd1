"""Directions that are learned from other images."""

from dataclasses import replace

import numpy as np

from imleak.adversary.train import learn
from imleak.interfaces import PairedSamples


def test_of_features_the_strong_columns_lead() -> None:
    """Features have one unit: what is weak in them is not made as strong as the rest."""
    rng = np.random.default_rng(0)
    known = rng.standard_normal((80, 3))
    x, y = (
        np.hstack(
            [known + 0.3 * rng.standard_normal((80, 3)), 0.02 * rng.standard_normal((80, 200))]
        ).astype(np.float32)
        for _ in "xy"
    )
    images, columns_alone = np.arange(80), PairedSamples(x, y[None], np.arange(80))
    together, each = (
        learn(given, np.zeros_like(images), title="noise")[1][0].bits
        for given in (replace(columns_alone, one_unit=True), columns_alone)
    )
    assert together > 1.5
    assert each < together - 0.5
