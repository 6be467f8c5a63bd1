"""Whether the memory of `match` grows with its gallery.

    python benchmarks/gallery.py [--images 96] [--sizes 100000 1000000]

Random vectors of 64 numbers in half precision, on disk. Prints, for every size of the gallery,
the most memory that was allocated at once (files that are mapped do not count) and the CPU
time, and both as ratios to the first size.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from imleak.attacks.match import Match
from imleak.interfaces import WholeImages
from imleak.machine import one_thread_each

DIMENSION, AT_ONCE = 64, 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    asked = parser.parse_args()
    first: tuple[float, float] | None = None
    for size in asked.sizes:
        with TemporaryDirectory() as folder, one_thread_each():
            found = measure(asked.images, gallery(Path(folder), size))
        first = first or found
        memory, seconds = found
        print(
            f"{size:,} images: {memory / 1e6:.0f} MB ({memory / first[0]:.2f}), "
            f"{seconds:.1f} s ({seconds / first[1]:.2f})",
            flush=True,
        )


def gallery(folder: Path, size: int) -> NDArray[np.float16]:
    """(size, DIMENSION) random vectors in a file."""
    rng = np.random.default_rng(1)
    held = np.memmap(folder / "gallery", np.float16, "w+", shape=(size, DIMENSION))
    for start in range(0, size, AT_ONCE):
        part = held[start : start + AT_ONCE]
        part[:] = rng.standard_normal(part.shape, np.float32)
    return held


def measure(images: int, others: NDArray[np.float16]) -> tuple[float, float]:
    """Bytes and seconds of one level."""
    rng = np.random.default_rng(0)
    plain, noise = rng.standard_normal((2, images, DIMENSION), np.float32)
    space = WholeImages((6,), plain, (plain + noise)[None], np.arange(images), gallery=others)
    tracemalloc.start()
    start = time.process_time()
    found = Match().judge({"random": space})
    seconds = time.process_time() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    curve = ", ".join(f"{point.value:.2f} of {point.among:,}" for point in found[0].linkage)
    print(f"rank 1: {curve}")
    return peak, seconds


if __name__ == "__main__":
    main()
