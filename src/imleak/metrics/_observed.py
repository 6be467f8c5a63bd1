"""How metrics walk over an observation."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Bound, Change, ImleakError, Measurement, Observation, Samples, Space

Part = Literal["clear", "cipher"]


class PerImage:
    """What metrics have in common: each number is in the unit of its metric. Most look at
    samples, and are no bound."""

    version = "1"
    unit: str
    bound: Bound = "none"
    space: Space = "pixels"

    def at(self, level: int, value: float, part: Part = "clear", **more: Any) -> Measurement:
        """What is measured at a level."""
        given = {"bound": self.bound, "unit": self.unit} | more
        return Measurement(value, level=level, part=part, **given)


def parts(observation: Observation) -> Iterator[tuple[int, Part, Samples]]:
    """Level, name and samples of everything that is compared with the plain image."""
    for level in observation.levels:
        yield level, "clear", observation.clear(level)
        yield level, "cipher", observation.cipher(level)


def nested(observation: Observation) -> list[bool]:
    """Of every level, whether its clear part can be computed from that of the one before."""
    tables = [observation.table(level) for level in observation.levels]
    return [False, *(determines(finer, coarser) for finer, coarser in pairwise(tables))]


def determines(finer: Samples | None, coarser: Samples | None) -> bool:
    """Whether the clear sample of one table tells that of the other; False if unknown."""
    if finer is None or coarser is None:
        return False
    pairs = finer.astype(np.uint32) << np.uint32(16) | coarser
    return len(np.unique(pairs)) == len(np.unique(finer))


def features(
    observation: Observation, metric: str
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Level, plain features (d,) and clear features (d,). Raises ImleakError if the observation has
    none, because it is of scalar pixels."""
    if observation.plain_features is None or observation.clear_features is None:
        raise ImleakError(
            f"{metric} compares features and pixels have none; "
            "choose another encoder, such as efficientnet-lite0"
        )
    plain = observation.plain_features.astype(np.float64)
    for level in observation.levels:
        yield level, plain, observation.clear_features(level).astype(np.float64)


Again = Callable[[int, Change], Samples]


def again_of(observation: Observation, metric: str) -> Again:
    """What encrypts the image once more, after one bit is changed. Raises ImleakError if it cannot
    be encrypted again."""
    if observation.again is None:
        raise ImleakError(
            f"{metric} needs the image encrypted twice, and this one comes already encrypted; "
            "leave it out"
        )
    return observation.again


def ciphers(
    observation: Observation, change: Change, metric: str
) -> Iterator[tuple[int, Samples, Samples]]:
    """Level, cipher, and cipher after one bit is changed; raises as :func:`again_of`."""
    again = again_of(observation, metric)
    for level in observation.levels:
        yield level, observation.cipher(level), again(level, change)


def changed(one: Samples, other: Samples) -> float:
    """Share of the samples in which two arrays differ, in percent."""
    return 100.0 * float(np.mean(one != other))
