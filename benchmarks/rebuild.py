"""How much of held-out photographs the rebuilders of bit-planes get right, by level.

    python benchmarks/rebuild.py WEIGHTS FOLDER [FOLDER ...] [--levels 1-5] [--images 96]
                                 [--names FILE] [--crop 192] [--grey] [--pictures FOLDER]

For every folder and level, over its images: samples that are exactly right (mean and
quartiles), the bit error rate of every hidden plane, its cross-entropy CE, and what is thereby
known of it, I >= H - CE with H the entropy of the plane over all images, the peak
signal-to-noise ratio, and the correlation of the differences between neighbours. With --crop,
images are cut to a square of so many pixels in their middle that begins at multiples of 16, so
that blocks of JPEG stay where they are.

The weights must not have seen the images: --names gives a file of names, one a line, of those
to be taken.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imleak.images import find, read
from imleak.interfaces import Raster, Rebuilder, Samples
from imleak.metrics.rebuild import gradient_correlation
from imleak.rebuilders.smooth import Smooth
from imleak.rebuilders.wraps import Wraps
from imleak.schemes.bitplanes import BitPlanes


@dataclass(frozen=True)
class Score:
    """Of one image at one level; by plane from the highest."""

    exact: float
    psnr: float
    gradient: float
    errors: NDArray[np.float64]
    cross_entropy: NDArray[np.float64]
    ones: NDArray[np.float64]
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "weights",
        nargs="?",
        default="-",
        help="of wraps, a safetensors file; - for smooth, which has none",
    )
    parser.add_argument("folders", nargs="*", default=["dead-leaves:4x192x192"])
    parser.add_argument("--levels", default="1-5")
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--names", type=Path, help="file of names of the images to take")
    parser.add_argument("--crop", type=int, help="side of the square that is taken")
    parser.add_argument("--grey", action="store_true", help="reduce colour to luma first")
    parser.add_argument("--pictures", type=Path, help="where to write rebuilt images")
    options = parser.parse_args()

    first, _, last = options.levels.partition("-")
    levels = range(int(first), int(last or first) + 1)
    rebuilder: Rebuilder = Smooth(most_planes=max(levels))
    if options.weights != "-":
        rebuilder = Wraps(weights=options.weights)
    names = set(options.names.read_text().split()) if options.names else None
    print(HEADER)
    for folder in options.folders:
        images = [
            read(source, colour=not options.grey)
            for source in find(folder)
            if names is None or source.name in names
        ]
        for level in levels:
            scores = []
            for image in images[: options.images]:
                plain = Raster(middle(image.samples, options.crop), image.bits)
                rebuilt, score = judged(rebuilder, plain, level)
                scores.append(score)
                if options.pictures:
                    save(options.pictures / f"{Path(image.name).stem}-{level}.png", plain, rebuilt)
            print(row(Path(folder).name, level, scores), flush=True)


def middle(samples: Samples, side: int | None) -> Samples:
    """The square in the middle of an image."""
    if side is None:
        return samples
    top, left = (max(0, length - side) // 32 * 16 for length in samples.shape[1:])
    return np.ascontiguousarray(samples[:, top : top + side, left : left + side])


def judged(rebuilder: Rebuilder, plain: Raster, level: int) -> tuple[Samples, Score]:
    """The image that is rebuilt, and how much of it is right."""
    scheme = BitPlanes()
    exposure = scheme.expose(plain, level)
    began = time.perf_counter()
    rebuilt = rebuilder.rebuild(exposure, scheme, level)
    seconds = time.perf_counter() - began
    truth, found = plain.samples, rebuilt.samples
    errors, cross_entropy, ones = [], [], []
    for plane in sorted(rebuilt.hidden, reverse=True):
        bit = truth >> plane & 1
        share = np.clip(rebuilt.hidden[plane].astype(np.float64), 1e-6, 1 - 1e-6)
        errors.append(((found >> plane & 1) != bit).mean())
        cross_entropy.append(-np.log2(np.where(bit, share, 1 - share)).mean())
        ones.append(bit.mean())
    top = (1 << plain.bits) - 1
    squared = max(np.mean((truth.astype(float) - found) ** 2), 1e-9)
    return found, Score(
        float((truth == found).mean()),
        float(10 * np.log10(top**2 / squared)),
        gradient_correlation(truth, found),
        *map(np.array, (errors, cross_entropy, ones)),
        seconds,
    )


HEADER = """\
| images | s | exact: mean | quartiles | chance | bit errors, by plane from the highest \
| cross-entropy (bit) | I >= (bit) | PSNR, median (dB) | gradient | s/image |
|---|---|---|---|---|---|---|---|---|---|---|"""


def row(title: str, level: int, scores: list[Score]) -> str:
    """A row of the table."""
    exact = [score.exact for score in scores]
    psnr = [score.psnr for score in scores]

    def by_plane(values: NDArray[np.float64]) -> str:
        return " ".join(f"{value:.2f}" for value in values)

    errors, cross_entropy, ones = (
        np.mean([getattr(score, name) for score in scores], 0)
        for name in ("errors", "cross_entropy", "ones")
    )
    entropy = -ones * np.log2(ones) - (1 - ones) * np.log2(1 - ones)
    quartiles = " ".join(f"{value:.2f}" for value in np.quantile(exact, (0.25, 0.5, 0.75)))
    return (
        f"| {title}, {len(scores)} | {level} | {np.mean(exact):.3f} | {quartiles} "
        f"| {0.5**level:.3f} | {by_plane(errors)} | {by_plane(cross_entropy)} "
        f"| {by_plane(entropy - cross_entropy)} | {np.median(psnr):.1f} "
        f"| {np.nanmean([score.gradient for score in scores]):.2f} "
        f"| {np.mean([score.seconds for score in scores]):.1f} |"
    )


def save(path: Path, plain: Raster, rebuilt: Samples) -> None:
    """Plain, clear and rebuilt image side by side."""
    from PIL import Image

    level = int(path.stem.rpartition("-")[2])
    clear = BitPlanes().expose(plain, level).rendered
    panels = np.concatenate([plain.samples, clear, rebuilt], 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.squeeze(panels.transpose(1, 2, 0))).save(path)


if __name__ == "__main__":
    main()
