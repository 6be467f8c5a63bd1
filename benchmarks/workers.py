"""Two workers against one: wall time of the same work, and what handing it over costs.

    python benchmarks/workers.py [--images 400] [--rounds 3] [--short 4000]

On two idle cores. Embedding: generated images with an encoder, an empty cache each time.
Short units: the histogram of small images, a few milliseconds each. Rounds of one and two
workers alternate; the workers of a round have started and loaded their libraries before the
clock does. Overhead is the share of the workers' time in which none of them computes: one
worker's is what handing blocks over costs, two workers' also the wait for the last block.
With medians of all rounds, two workers must be 1.7 times as fast at embedding, and the
overhead of one must stay below 5 %.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from imleak.cache import Cache
from imleak.study import StudySpec, Where
from imleak.study.cluster import Lost, executor_of
from imleak.study.cluster.blocks import DaskExecutor
from imleak.study.execute import Workplace
from imleak.study.plan import plan
from imleak.study.progress import Silent
from imleak.study.scan import reader, scan
from imleak.study.store import Store
from imleak.study.task_status import TaskStatus
from imleak.study.work import Work
from memory import generate

REQUIRED_RATIO = 1.7
MOST_OVERHEAD = 0.05
WARMING = 4
"""Images of a study before the clock starts."""


class Watched:
    """An executor, and the seconds its workers compute."""

    def __init__(self, executor: DaskExecutor) -> None:
        self.executor, self.busy = executor, 0.0

    @property
    def width(self) -> int:
        return self.executor.width

    def carry(self, work: Any, items: Any, **options: Any) -> Iterator[tuple[Any, Any]]:
        for item, found in self.executor.carry(partial(timed, work), items, **options):
            if isinstance(found, Lost):
                raise SystemExit(found.why)
            result, seconds = found
            self.busy += seconds
            yield item, result


def timed(work: Any, item: Any, share: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    return work(item, share), time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--short", type=int, default=4000, help="images of short units")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoder", default="efficientnet-lite0")
    asked = parser.parse_args()
    levels = (0, 2, 4, 6, 8)
    print("| work | workers | seconds | overhead |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="imleak-workers-") as name:
        generate(Path(name) / "large", asked.images, 256)
        generate(Path(name) / "small", asked.short, 64)
        generate(Path(name) / "warming", WARMING, 96)
        embedding = {"encoders": asked.encoder, "measures": "cosine", "levels": levels}
        speed, spent = rounds(Path(name), "large", embedding, asked.rounds)
        rounds(Path(name), "small", {"measures": "histogram", "levels": levels}, asked.rounds)
    if speed < REQUIRED_RATIO or spent > MOST_OVERHEAD:
        raise SystemExit(f"not {REQUIRED_RATIO} times as fast with {MOST_OVERHEAD:.0%} overhead")


def rounds(folder: Path, images: str, fields: dict[str, Any], count: int) -> tuple[float, float]:
    """How much faster two workers are, and the overhead of one: medians of all rounds."""
    found: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(count):
        for workers, times in found.items():
            times.append(measured(folder, images, fields, workers))
            seconds, overhead = times[-1]
            print(f"| {images} | {workers} | {seconds:.1f} | {overhead:.1%} |", flush=True)
    one, two = (median(seconds for seconds, _ in found[workers]) for workers in (1, 2))
    spent = median(overhead for _, overhead in found[1])
    print(f"{fields['measures']}: {one / two:.2f} times as fast, overhead of one {spent:.1%}")
    return one / two, spent


def measured(
    folder: Path, images: str, fields: dict[str, Any], workers: int
) -> tuple[float, float]:
    """Seconds of a study, and the share of them in which workers do not compute."""
    with executor_of(Where(workers=workers)) as executor:
        assert isinstance(executor, DaskExecutor)
        executor.client.wait_for_workers(workers)
        study(folder / "warming", fields, executor)
        seconds, busy = study(folder / images, fields, executor)
    return seconds, 1 - busy / workers / seconds


def study(images: Path, fields: dict[str, Any], executor: DaskExecutor) -> tuple[float, float]:
    """Seconds from the plan of a study to its last part, and those that workers compute in
    them; nothing is kept."""
    spec = StudySpec.of(sources=images, **fields)
    found = scan(spec, Silent(), executor)
    units = plan(spec, found.images)
    with tempfile.TemporaryDirectory(prefix="imleak-workers-") as name:
        store = Store(Path(name) / "out", spec.model_dump(mode="json"))
        place = Workplace(reader(spec), Cache(Path(name) / "cache"))
        watched = Watched(executor)
        start = time.perf_counter()
        with store.locked():
            Work(TaskStatus(store), place, watched, Silent()).finish(units)
        seconds = time.perf_counter() - start
        if {store.state(unit.key) for unit in units} != {"done"}:
            raise SystemExit("not every unit was done")
    return seconds, watched.busy


if __name__ == "__main__":
    main()
