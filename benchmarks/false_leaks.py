"""How often a leak is claimed of photographs that have nothing to do with each other.

    python benchmarks/false_leaks.py [IMAGES] [--draws 40] [--images 100] [--level 4]

Features of ten patches of every photograph, and of their clear parts. A draw takes twice as
many photographs as asked for, the targets of one half and the views of the other: pairs of
different photographs, independent but for what the photographs of one folder share, with
rows of one photograph as alike as they are. Every estimator says what it finds, held out,
one seed. Prints verdicts, and the smallest and largest value; --csv writes every draw.

Then every attack, on whole images: the plain ones of one half, their copies with them, and
the clear parts of the other. Prints in how many draws a quantity is called a leak.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imleak import estimate, plugins, read_images
from imleak.encoders.efficientnet import EfficientNetLite0
from imleak.images.patches import cut, patch_places
from imleak.interfaces import Attack, WholeImages
from imleak.machine import one_thread_each
from imleak.schemes.bitplanes import BitPlanes
from imleak.study import StudySpec
from imleak.study.cluster import Where, executor_of
from imleak.study.execute import Workplace, spaces_of
from imleak.study.plan import plan
from imleak.study.progress import Silent
from imleak.study.scan import reader, scan

ESTIMATORS = ("best", "cca-infonce", "infonce", "nwj", "mine", "retrieval")
Indices = NDArray[np.int64]

SPACES = ("layout", "efficientnet-lite0")
PATCHES, SIZE = 10, 224


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sources", nargs="?", metavar="IMAGES", default="dead-leaves:400x256x256")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--level", type=int, default=4)
    parser.add_argument("--only", choices=["estimators", "attacks"])
    parser.add_argument("--csv", type=Path, help="of every draw of every estimator")
    asked = parser.parse_args()
    if asked.only != "attacks":
        of_estimators(asked)
    if asked.only != "estimators":
        of_attacks(asked)


def of_estimators(asked: argparse.Namespace) -> None:
    """Verdicts and values on patches."""
    plain, clear = features(asked.sources, asked.level)
    groups = np.repeat(np.arange(asked.images), PATCHES)
    drawn: list[tuple[object, ...]] = [("estimator", "draw", "value", "low", "high", "verdict")]
    for name in ESTIMATORS:
        said, values = Counter[str](), []
        for seed, (first, second) in enumerate(halves(len(plain), asked)):
            with one_thread_each():
                found = estimate(
                    np.concatenate(plain[first]),
                    np.concatenate(clear[second]),
                    name,
                    groups,
                    seed=seed,
                    seeds=1,
                )
            said[str(found.verdict)] += 1
            values.append(found.value)
            drawn.append((name, seed, found.value, *(found.interval or ("", "")), found.verdict))
        print(f"{name}: {dict(said)}, {min(values):.3f} to {max(values):.3f} bits", flush=True)
        if asked.csv:
            with asked.csv.open("w", newline="") as file:
                csv.writer(file).writerows(drawn)


def of_attacks(asked: argparse.Namespace) -> None:
    """Draws in which any quantity, and in which each, is called a leak."""
    for name in plugins.known("attack"):
        attack, spaces = seen_by(name, asked.sources, asked.level)
        count = len(next(iter(spaces.values())).plain)
        claims, by_quantity = 0, Counter[str]()
        for seed, (first, second) in enumerate(halves(count, asked)):
            apart = {title: broken(space, first, second) for title, space in spaces.items()}
            found = attack.judge(apart, seed=seed)
            # What is exact is of clear parts among themselves, whoever holds which image.
            shown = [one for one in found if one.bound != "exact"]
            leaks = [one.quantity for one in shown if one.verdict in ("leak", "saturated")]
            claims += bool(leaks)
            by_quantity.update(leaks)
        print(f"{name}: a leak in {claims} of {asked.draws} draws {dict(by_quantity)}", flush=True)


def halves(count: int, asked: argparse.Namespace) -> Iterator[tuple[Indices, Indices]]:
    """Two sets of different photographs, a pair a draw."""
    print(f"{count} photographs; {asked.draws} draws of {asked.images}, s = {asked.level}")
    if count < 2 * asked.images:
        raise SystemExit(f"give twice {asked.images} photographs of {SIZE} x {SIZE} or larger")
    rng = np.random.default_rng(0)
    for _ in range(asked.draws):
        drawn = rng.permutation(count)
        yield drawn[: asked.images], drawn[asked.images : 2 * asked.images]


def seen_by(name: str, sources: str, level: int) -> tuple[Attack, dict[str, WholeImages]]:
    """An attack, and what it sees of every photograph."""
    spec = StudySpec.of(sources=sources, levels=level, encoders=SPACES, measures=name)
    with executor_of(Where()) as executor:
        images = scan(spec, Silent(), executor).images
    (unit,) = plan(spec, images).attacks
    return unit.measure.build(), spaces_of(unit, Workplace(reader(spec)))


def broken(space: WholeImages, plain: Indices, clear: Indices) -> WholeImages:
    """The plain images of some photographs, with their copies, and clear parts of others."""
    return replace(
        space,
        plain=space.plain[plain],
        clear=space.clear[:, clear],
        groups=np.arange(len(plain)),
        copies={name: of[plain] for name, of in space.copies.items()},
        clear_copies={name: of[:, plain] for name, of in space.clear_copies.items()},
    )


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
