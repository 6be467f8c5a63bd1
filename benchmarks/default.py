"""What the default audit costs: wall and CPU seconds of each of its parts, and of the whole.

``python benchmarks/default.py [IMAGES] [--limit N]``. Each part is an audit of one measure
with the vectors of those before it at hand; the whole starts from nothing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import imleak
from imleak.cli.photographs import write_photographs
from imleak.study import StudySpec

PARTS: tuple[tuple[str, Sequence[Any]], ...] = (
    ("reading, histogram", ["histogram"]),
    ("codelength", ["codelength"]),
    ("psnr, ssim", ["psnr", "ssim"]),
    ("vif", ["vif"]),
    ("recognise", ["recognise"]),
    ("match", ["match"]),
    ("confirm", ["confirm"]),
    ("best, one seed", [{"name": "best", "seeds": 1}]),
    ("rebuild", ["rebuild"]),
    ("attributes, one seed", [{"name": "attributes", "seeds": 1, "given": False}]),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sources", nargs="?", metavar="IMAGES", help="else those of the demo")
    parser.add_argument("--limit", type=int)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="imleak-default-") as name:
        folder = Path(name)
        sources = asked.sources or str(write_photographs(folder / "photographs"))

        def audit(title: str, cache: str, **fields: Any) -> None:
            os.environ["IMLEAK_CACHE"] = str(folder / cache)
            out = folder / title
            timed(title, lambda: imleak.audit(sources, out=out, limit=asked.limit, **fields))

        timed("import", lambda: StudySpec.of(sources=sources))
        for title, measures in PARTS:
            audit(title, "parts", measures=measures)
        audit("the default audit", "whole")


def timed(title: str, work: Callable[[], object]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{title:20} {wall:7.1f} s wall {cpu:7.1f} s CPU", flush=True)


if __name__ == "__main__":
    main()
