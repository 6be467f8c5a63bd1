"""Rows for critics out of counted ones."""

from dataclasses import replace

import numpy as np

from ...interfaces import PairedSamples

MOST_DRAWN = 5_000
"""Pairs of scalar samples drawn in all, the same number of every image."""


def drawn(samples: PairedSamples, seed: int) -> PairedSamples:
    """Samples without weights: of counted rows, as many draws of every image.

    An image of scalar samples comes as the table of its values and their counts; drawing
    from it with replacement is drawing pixels of the image.
    """
    if samples.public is not None:
        samples = replace(samples, public=drawn(samples.public, seed))
    if samples.weights is None:
        return samples
    rng = np.random.default_rng([seed, 0x70697865])
    groups = np.unique(samples.groups)
    each = max(1, MOST_DRAWN // len(groups))
    rows = []
    for group in groups:
        at = np.flatnonzero(samples.groups == group)
        share = samples.weights[at] / samples.weights[at].sum()
        rows.append(rng.choice(at, each, p=share))
    kept = np.concatenate(rows)
    return replace(
        samples, x=samples.x[kept], y=samples.y[:, kept], groups=samples.groups[kept], weights=None
    )
