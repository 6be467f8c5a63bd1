"""Peak memory of a study of features against the number of images.

    python benchmarks/memory.py [--few 100] [--many 2000]

Each study runs in a process of its own, with an empty cache: every picture is read,
encrypted, resized, embedded, kept, and compared with its clear parts. The peak of the larger
may exceed that of the smaller by 15 %. (An estimator then works on rows of all images; what
it holds grows with them, and is mapped from disk where it is large.)
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import PIL.Image
from scipy.ndimage import gaussian_filter

REQUIRED_RATIO = 1.15
SIDE = 256
LEVELS = (4, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--few", type=int, default=100, help="images of the smaller study")
    parser.add_argument("--many", type=int, default=2000, help="images of the larger")
    parser.add_argument("--encoder", default="efficientnet-lite0")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        study(options.child, options.encoder)
        return
    print(f"{'images':>8}{'peak MB':>10}{'CPU s':>8}{'wall s':>8}")
    peaks = [measured(count, options.encoder) for count in (options.few, options.many)]
    ratio = peaks[1] / peaks[0]
    print(f"ratio {ratio:.3f}")
    if ratio > REQUIRED_RATIO:
        raise SystemExit(f"the ratio is above {REQUIRED_RATIO}")


def measured(count: int, encoder: str) -> float:
    """Peak resident memory, in MB, of a study of so many images; prints it."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "images", count, SIDE)
        command = [sys.executable, __file__, "--child", folder, "--encoder", encoder]
        start = time.perf_counter()
        child = subprocess.Popen(command, env=os.environ | {"IMLEAK_CACHE": f"{folder}/cache"})
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"the study of {count} images failed")
    peak = usage.ru_maxrss / 1e3
    print(f"{count:8}{peak:10.0f}{usage.ru_utime + usage.ru_stime:8.0f}{seconds:8.0f}", flush=True)
    return peak


def study(folder: Path, encoder: str) -> None:
    from imleak.study import StudySpec, run

    spec = StudySpec.of(
        sources=folder / "images",
        encoders=encoder,
        measures="cosine",
        levels=LEVELS,
    )
    done = run(spec, folder / "out")
    if done.frame["error"].notna().any():
        raise SystemExit(done.frame["error"].dropna().iloc[0])


def generate(folder: Path, count: int, side: int) -> None:
    """Blurred noise: cheap to make, and no two alike."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    noise = gaussian_filter(rng.normal(size=(2 * side, 2 * side)), 3)
    noise = 128 + 40 * noise / noise.std()
    for at in range(count):
        row, column = rng.integers(side, size=2)
        picture = noise[row : row + side, column : column + side] + rng.normal(size=(side, side))
        samples = picture.clip(0, 255).astype(np.uint8)
        PIL.Image.fromarray(samples).save(folder / f"{at:05}.png")


if __name__ == "__main__":
    main()
