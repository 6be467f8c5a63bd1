"""Public images in the training part of every split, and never in another."""

from dataclasses import replace

import numpy as np

from ...interfaces import PairedSamples
from .split import Split, derange, subset


def joined(samples: PairedSamples) -> PairedSamples:
    """The rows of samples, then those of their public images, whose groups are others."""
    public = samples.public
    if public is None:
        return samples
    return replace(
        samples,
        x=np.concatenate([samples.x, public.x]),
        y=np.concatenate([samples.y, public.y], axis=1),
        groups=np.concatenate([samples.groups, samples.groups.max() + 1 + public.groups]),
        public=None,
    )


def with_public(split: Split, samples: PairedSamples, share: float, seed: int) -> Split:
    """The split of :func:`joined` samples that also trains on a share of the public images.

    Their pairs are broken among themselves. A larger share contains a smaller one.
    """
    public = samples.public
    if public is None:
        return split
    own, rows = len(samples.groups), np.arange(len(public.groups))
    rng = np.random.default_rng([seed, split.seed, split.fold, 0x7075626C])
    rows = subset(public.groups, rows, share, rng)
    broken = np.arange(own, own + len(public.groups))
    broken[rows] = own + rows[derange(public.groups[rows], rng)]
    return replace(
        split,
        train=np.concatenate([split.train, own + rows]),
        broken=np.concatenate([split.broken, broken]),
        public=own + rows,
    )
