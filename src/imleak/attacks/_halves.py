"""Images to choose on, and images to test."""

import numpy as np
from numpy.typing import NDArray

from ..interfaces import ImleakError

FEWEST = 4
"""Images: two to choose on, two to test."""


def check_groups(groups: NDArray[np.int64], attack: str) -> None:
    """Refuse images of which too few show different things.

    Parameters
    ----------
    groups : (n,).
    attack : its name, for the message.

    Raises
    ------
    ImleakError
        If there are fewer than four groups, or one holds more than half of the images.
    """
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < FEWEST:
        raise ImleakError(
            f"{attack} needs {FEWEST} images at least that show different things, not {len(names)}"
        )
    if sizes.max() > len(groups) / 2:
        raise ImleakError(f"more than half of the images are of one group: {attack} needs others")


def halves(groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """(n,) which half of the groups an image is in, 0 or 1."""
    names, group = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng([seed, 0x6861_6C66])
    return np.asarray((rng.permutation(len(names)) % 2)[group])
