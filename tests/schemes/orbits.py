"""How often every cipher of a small image occurs, against its orbit as counted by hand."""

from collections import Counter

from rasters import keystream
from scipy import stats


def assert_uniform(scheme, image, level, orbit, each=20):
    """Over keys, every image of the orbit (bytes of samples) is equally frequent, and no other."""
    count = each * len(orbit)
    found = Counter(
        scheme.encrypt(image, level, keystream(seed)).samples.tobytes() for seed in range(count)
    )
    assert set(found) <= set(orbit)
    if len(orbit) > 1:
        assert stats.chisquare([found[one] for one in sorted(orbit)]).pvalue > 0.005


def assert_complete(scheme, images, level, orbit_of):
    """Exposures are equal where orbits are, and nowhere else."""
    seen = {}
    for image in images:
        orbit = frozenset(orbit_of(image))
        exposed = scheme.expose(image, level)
        symbols = tuple(
            (name, array.tobytes(), array.shape) for name, array in exposed.symbols.items()
        )
        assert seen.setdefault(orbit, symbols) == symbols
    assert len(set(seen.values())) == len(seen)
