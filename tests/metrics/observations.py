"""Observations built by hand, so that metrics are tested without the schemes."""

import numpy as np

from imleak.interfaces import Exposure, Observation


def observed(
    plain,
    bits,
    levels,
    clear,
    *,
    symbols=None,
    cipher=None,
    table=lambda s: None,
    size=lambda s: None,
    **more,
):
    """Any clear part: `clear`, `symbols`, `cipher`, `table` and `size` are functions of the
    level; symbols and cipher are the clear part where there are none."""
    symbols = symbols or clear
    return Observation(
        plain=plain,
        bits=bits,
        levels=tuple(levels),
        exposure=lambda s: Exposure(clear(s), bits, {"samples": symbols(s)}, size(s)),
        cipher=cipher or clear,
        table=table,
        **more,
    )


def bitplanes(plain, bits=8, *, levels=None, scaled=False, tabled=True, **more):
    """The s most significant bits lost, at every level; `tabled=False` hides the tables."""
    rng = np.random.default_rng(99)
    noise = rng.integers(0, 2**bits, plain.shape).astype(plain.dtype)

    def keep(samples, s):
        kept = (samples.astype(np.uint32) << s) & (2**bits - 1)
        return (kept if scaled else kept >> s).astype(plain.dtype)

    def cipher(s):
        return plain ^ (noise >> (bits - s) << (bits - s)) if s else plain.copy()

    values = np.arange(2**bits).astype(plain.dtype)
    return observed(
        plain,
        bits,
        range(bits + 1) if levels is None else levels,
        lambda s: keep(plain, s),
        symbols=lambda s: keep(plain, s) >> (s if scaled else 0),
        cipher=cipher,
        table=lambda s: keep(values, s) if tabled else None,
        size=lambda s: 2 ** (bits - s),
        **more,
    )


def tables(plain, bits, by_level):
    """Any scheme that works sample by sample, given by its tables."""
    return observed(
        plain,
        bits,
        by_level,
        lambda s: by_level[s][plain],
        symbols=lambda s: np.unique(by_level[s], return_inverse=True)[1][plain],
        table=by_level.__getitem__,
        size=lambda s: len(np.unique(by_level[s])),
    )
