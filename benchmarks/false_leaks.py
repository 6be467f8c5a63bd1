"""How often a leak is claimed of photographs that have nothing to do with each other.

    python benchmarks/false_leaks.py [IMAGES] [--draws 40] [--images 100] [--level 4]

Features of ten patches of every photograph, and of their clear parts. A draw takes twice as
many photographs as asked for, the targets of one half and the views of the other: pairs of
different photographs, independent but for what the photographs of one folder share, with
rows of one photograph as alike as they are. Every estimator says what it finds, held out,
one seed. Prints verdicts, and the smallest and largest value.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from imleak import estimate, read_images
from imleak.encoders.efficientnet import EfficientNetLite0
from imleak.images.patches import cut, patch_places
from imleak.machine import one_thread_each
from imleak.schemes.bitplanes import BitPlanes

ESTIMATORS = ("best", "cca-infonce", "infonce", "nwj", "mine", "retrieval")
PATCHES, SIZE = 10, 224


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sources", nargs="?", metavar="IMAGES", default="dead-leaves:400x256x256")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--level", type=int, default=4)
    asked = parser.parse_args()
    plain, clear = features(asked.sources, asked.level)
    print(f"{len(plain)} photographs; {asked.draws} draws of {asked.images}, s = {asked.level}")
    if len(plain) < 2 * asked.images:
        raise SystemExit(f"give twice {asked.images} photographs of {SIZE} x {SIZE} or larger")
    rng = np.random.default_rng(0)
    draws = [rng.permutation(len(plain))[: 2 * asked.images] for _ in range(asked.draws)]
    groups = np.repeat(np.arange(asked.images), PATCHES)
    for name in ESTIMATORS:
        said, values = Counter[str](), []
        for seed, drawn in enumerate(draws):
            x, y = plain[drawn[: asked.images]], clear[drawn[asked.images :]]
            with one_thread_each():
                found = estimate(
                    np.concatenate(x), np.concatenate(y), name, groups, seed=seed, seeds=1
                )
            said[str(found.verdict)] += 1
            values.append(found.value)
        print(f"{name}: {dict(said)}, {min(values):.3f} to {max(values):.3f} bits", flush=True)


def features(sources: str, level: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(images, patches, d) of photographs and of their clear parts."""
    encoder, table = EfficientNetLite0(), BitPlanes("scaled").table(8, level)
    found = []
    for image in read_images(sources):
        height, width = image.samples.shape[-2:]
        if min(height, width) >= SIZE:
            places = patch_places(height, width, SIZE, PATCHES, seed=len(found))
            patches = cut(image.samples, places, SIZE)
            found.append(encoder.encode(np.concatenate([patches, table[patches]]), 8))
    plain, clear = np.split(np.stack(found), 2, axis=1)
    return plain, clear


if __name__ == "__main__":
    main()
