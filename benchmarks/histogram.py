"""All nine levels of histogram mutual information, against scikit-learn.

    python benchmarks/histogram.py [IMAGES] [--images 100]

Both sides are given the samples in memory. scikit-learn counts the pairs (plain, clear) of
every level, `imleak.metrics.histogram` counts the plain samples once and folds the count.
The values must agree to 1e-9 bit, and the ratio of CPU times must be 100 or more.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
from sklearn.metrics import mutual_info_score

from imleak.images import find, read
from imleak.interfaces import Exposure, Observation, Samples
from imleak.metrics.histogram import Histogram

BITS = 8
LEVELS = tuple(range(BITS + 1))
REQUIRED_RATIO = 100
TOLERANCE = 1e-9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="?", help="folder or glob of 8-bit images")
    parser.add_argument("--images", type=int, default=100, help="at most so many of them")
    options = parser.parse_args()

    sources = find(options.sources or f"dead-leaves:{options.images}x480x640")
    images = [read(source) for source in sources[: options.images]]
    if any(image.bits != BITS for image in images):
        raise SystemExit(f"the images must have {BITS} bits")
    channels = [image.samples[0] for image in images]
    clear_parts = [[clear(channel, level) for level in LEVELS] for channel in channels]
    pixels = sum(channel.size for channel in channels)
    print(f"{len(channels)} images, {pixels / 1e6:.1f} million pixels, {len(LEVELS)} levels")

    ours, our_times = timed(lambda: [by_histogram(channel) for channel in channels])
    theirs, their_times = timed(
        lambda: [by_sklearn(*pair) for pair in zip(channels, clear_parts, strict=True)]
    )
    difference = float(np.abs(np.subtract(ours, theirs)).max())
    ratios = [theirs / ours for theirs, ours in zip(their_times, our_times, strict=True)]
    print(f"{'':24}{'CPU s':>10}{'wall s':>10}")
    print(f"{'sklearn, pair by pair':24}{their_times[0]:10.3f}{their_times[1]:10.3f}")
    print(f"{'imleak, one pass':24}{our_times[0]:10.3f}{our_times[1]:10.3f}")
    print(f"{'ratio':24}{ratios[0]:10.0f}{ratios[1]:10.0f}")
    print(f"largest difference {difference:.1e} bit")
    if difference > TOLERANCE:
        raise SystemExit(f"the values differ by more than {TOLERANCE} bit")
    if ratios[0] < REQUIRED_RATIO:
        raise SystemExit(f"the ratio is below {REQUIRED_RATIO}")


def timed(work: Callable[[], list[list[float]]]) -> tuple[list[list[float]], tuple[float, float]]:
    """What `work` returns, and its CPU and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return result, (time.process_time() - cpu, time.perf_counter() - wall)


def by_histogram(channel: Samples) -> list[float]:
    observation = Observation(
        plain=channel[None],
        bits=BITS,
        levels=LEVELS,
        exposure=lambda level: Exposure(clear(channel, level)[None], BITS, {}),
        cipher=lambda level: clear(channel, level)[None],
        table=lambda level: clear(np.arange(2**BITS, dtype=np.uint8), level),
    )
    return [one.value for one in Histogram().measure(observation)]


def by_sklearn(channel: Samples, clear_parts: list[Samples]) -> list[float]:
    plain = channel.ravel()
    return [mutual_info_score(plain, part.ravel()) / math.log(2) for part in clear_parts]


def clear(samples: Samples, level: int) -> Samples:
    """Equation (3): the `level` most significant bits lost."""
    return samples & samples.dtype.type(2 ** (BITS - level) - 1)


if __name__ == "__main__":
    main()
