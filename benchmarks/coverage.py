"""What a 95 % interval covers: how often it holds the values it could be asked to hold.

    python benchmarks/coverage.py [TASK ...] [--estimator best] [--rows 1000] [--sets 8]
                                  [--tests 10] [--samples 20]

Critics are trained on `--sets` samples of a task and each of them is tested on `--tests` others,
a quarter as large, and nothing but the images tested ever differs for one critic. Prints a line a
task, with three shares of intervals:

same critic   those of one split that hold the mean of the same critic over all other tests;
training      those of one split that hold the mean over all other training sets;
five folds    those of the whole protocol, one seed, on `--samples` samples, that hold the mean over
              the others.

And after each, how many standard deviations of what is drawn anew the half of an interval is:
1.96 where it is as long as it should be.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imleak import plugins
from imleak.benchmark import Task, select
from imleak.estimators.heldout.crossfit import CrossFitted
from imleak.estimators.heldout.evidence import SplitSamples, blocks_of_images, bootstrap
from imleak.estimators.heldout.split import VALIDATION, Split, cross_fit
from imleak.interfaces import PairedSamples
from imleak.machine import one_thread_each

TASKS = (
    "1v1-normal-0.75",
    "multinormal-sparse-5-5-2-2.0",
    "student-identity-5-5-2",
    "leaves-pixel-gaussian-16-2.0",
    "digits-4-1-0",
)
ROWS_OF_AN_IMAGE = {"leaves-pixel-gaussian-16-2.0": 50}
SMALLER = 10
"""Images are a tenth as many where they have several rows."""
TESTED = 0.25
"""Images tested, to those learned from: as in five folds."""
Array = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", default=TASKS)
    parser.add_argument("--estimator", default="best")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--sets", type=int, default=8)
    parser.add_argument("--tests", type=int, default=10)
    parser.add_argument("--samples", type=int, default=20)
    asked = parser.parse_args()
    if min(asked.sets, asked.tests, asked.samples) < 2:
        raise SystemExit("give at least 2 training sets, 2 tests of each and 2 samples")
    for task in select(asked.tasks):
        with one_thread_each():
            show(task, plugins.load("estimator", asked.estimator)(seeds=1), asked)


def show(task: Task, estimator: CrossFitted, asked: argparse.Namespace) -> None:
    """One line."""
    an_image = ROWS_OF_AN_IMAGE.get(task.name, 1)
    rows = asked.rows * an_image // (SMALLER if an_image > 1 else 1)
    tested, shown = round(TESTED * rows), f"{rows // an_image} images"
    own = [task.sample(rows, seed) for seed in range(asked.sets)]
    others = [[task.sample(tested, number(at, test)) for test in range(asked.tests)]
              for at in range(asked.sets)]  # fmt: skip
    single = stacked([
        [held_out(estimator, first, one) for one in fresh]
        for first, fresh in zip(own, others, strict=True)
    ])  # fmt: skip
    whole = stacked([
        [five_folds(estimator, task.sample(rows + tested, number(at)))]
        for at in range(asked.samples)
    ])  # fmt: skip
    print(f"{task.name}, {shown}, I = {task.problem.bits:.2f} bits, {estimator.name} "
          f"{single.value.mean():.3f}", flush=True)  # fmt: skip
    for name, found, off, spread in (
        ("same critic", single, from_mean(single.value, 1), single.value.std(1, ddof=1).mean()),
        ("training", single, of_all(single.value), total(single.value)),
        ("five folds", whole, from_mean(whole.value, 0), whole.value.std(ddof=1)),
    ):
        mean = found.value - off
        holds = (found.low <= mean) & (mean <= found.high)
        half = (found.high - found.low).mean() / 2
        print(
            f"    {name:12} {holds.mean():6.1%} of {holds.size}   {half / spread:.2f} sd",
            flush=True,
        )


def number(at: int, test: int = -1) -> int:
    """A seed of its own for a test of a training set, and for a sample of the whole protocol."""
    return 10_000 + 1000 * at + test


@dataclass(frozen=True)
class Found:
    """In bits, (training sets, tests)."""

    value: Array
    low: Array
    high: Array


def stacked(found: Sequence[Sequence[tuple[float, float, float]]]) -> Found:
    return Found(*np.moveaxis(np.array(found), -1, 0))


def from_mean(values: Array, axis: int) -> Array:
    """Deviations from a mean over an axis, of the variance they would have from the true mean."""
    count = values.shape[axis]
    return np.sqrt(count / (count - 1)) * (values - values.mean(axis, keepdims=True))


def of_all(values: Array) -> Array:
    """The same from the mean over training sets; the tests of one are part of its mean."""
    means = values.mean(1, keepdims=True)
    return values - means + from_mean(means, 0)


def total(values: Array) -> float:
    """Standard deviation where training and test images are drawn anew."""
    return float(np.sqrt(values.var(1, ddof=1).mean() + between(values)))


def between(values: Array) -> float:
    """Variance between training sets, less what their tests alone make."""
    return max(0.0, values.mean(1).var(ddof=1) - values.var(1, ddof=1).mean() / values.shape[1])


def held_out(
    estimator: CrossFitted, own: PairedSamples, others: PairedSamples
) -> tuple[float, float, float]:
    """Trained on one sample and tested on another: value and interval in bits."""
    groups = np.concatenate([own.groups, others.groups + own.groups.max() + 1])
    both = replace(
        own, x=np.vstack([own.x, others.x]), y=np.hstack([own.y, others.y]), groups=groups
    )
    names = np.random.default_rng(0).permutation(np.unique(own.groups))
    chooses = np.isin(own.groups, names[: round(VALIDATION * len(names))])
    rows = np.arange(len(groups))
    first = rows[: len(own.groups)]
    split = Split(0, 0, first[~chooses], first[chooses], rows[len(first) :], rows)
    return judged(estimator, both, [split], groups)


def five_folds(estimator: CrossFitted, samples: PairedSamples) -> tuple[float, float, float]:
    """As an estimate in use, without its null."""
    splits = cross_fit(samples.groups, 5, 1, 0)
    return judged(estimator, samples, splits, blocks_of_images(samples.groups, 0))


def judged(
    estimator: CrossFitted,
    samples: PairedSamples,
    splits: Sequence[Split],
    blocks: NDArray[np.int64],
) -> tuple[float, float, float]:
    learned = estimator.learner().learn(SplitSamples(samples, splits, blocks, 1, 0))
    scores, _ = estimator.scores({"": learned})
    found = bootstrap(scores, 0)
    low, high = estimator.intervals(scores, found)[:, 0] / np.log(2)
    return float(found.value[0] / np.log(2)), float(low), float(high)


if __name__ == "__main__":
    main()
