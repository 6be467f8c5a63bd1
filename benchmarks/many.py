"""A run over many images by the real command: memory as it goes on, interrupted and resumed.

    python benchmarks/many.py [--images 10000] [--side 96]

The images are generated, as files; the measures are histogram and codelength. The process
is looked at every second. At two fifths of the units it is sent SIGINT, and the same command
is given again. While pictures are measured, memory must be flat: the most that the process
holds after it is resumed may exceed by 15 % what it holds in the first fifth of that.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memory import generate

MEASURES = ("histogram", "codelength")
REQUIRED_RATIO = 1.15


@dataclass(frozen=True)
class Look:
    """At a process: seconds since it began, units done, MB it holds."""

    seconds: float
    done: int
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=96)
    asked = parser.parse_args()
    total = asked.images * len(MEASURES)
    with tempfile.TemporaryDirectory(prefix="imleak-many-") as name:
        generate(Path(name) / "images", asked.images, asked.side)
        first = start(Path(name))
        before = list(looks(first, Path(name), until=total * 2 // 5))
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=120)
        print(f"interrupted after {before[-1].seconds:.0f} s: {said.strip().splitlines()[-1]}")
        begun = count(Path(name) / "out")
        second = start(Path(name))
        after = list(looks(second, Path(name)))
        said, _ = second.communicate()
        if second.returncode:
            raise SystemExit(said)
        cpu = os.times()
        print(f"{cpu.children_user + cpu.children_system:.0f} CPU s in both")
    print(f"| units done of {total:,} | MB before | MB after |\n|---|---|---|")
    for tenth in range(11):
        cells = (peak(seen, total * tenth // 10, total // 10) for seen in (before, after))
        label = f"{total * tenth // 10:,}" if tenth < 10 else "all: results, figures, page"
        print(f"| {label} | {' | '.join(cells)} |")
    if (again := min(look.done for look in after)) < begun:
        raise SystemExit(f"{begun - again} units that were done were lost")
    flat = [look.megabytes for look in after if begun < look.done < total]
    ratio = max(flat) / max(flat[: max(1, len(flat) // 5)])
    print(f"ratio {ratio:.3f}, {after[-1].seconds:.0f} s after the interruption")
    if ratio > REQUIRED_RATIO:
        raise SystemExit(f"the ratio is above {REQUIRED_RATIO}")


def start(folder: Path) -> subprocess.Popen[str]:
    measures = [word for name in MEASURES for word in ("--measure", name)]
    return subprocess.Popen(
        [sys.executable, "-m", "imleak", "audit", "images", *measures, "-o", "out"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"IMLEAK_CACHE": str(folder / "cache")},
    )


def looks(process: subprocess.Popen[str], folder: Path, until: int | None = None) -> Iterator[Look]:
    """Until it ends, or so many units are done."""
    began = time.monotonic()
    while process.poll() is None:
        done, held = count(folder / "out"), resident(process.pid)
        if held is not None:
            yield Look(time.monotonic() - began, done, held)
        if until is not None and done >= until:
            return
        time.sleep(1)


def count(out: Path) -> int:
    """Units that are done; more for an instant while they are packed."""
    packs = (out / "parts").glob("[0-9]*.jsonl")
    packed = sum(pack.read_bytes().count(b"\n") for pack in packs)
    return packed + len(list((out / "parts").glob("??/*.json")))


def resident(pid: int) -> float | None:
    """MB of a process that are in memory; None when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmRSS:\s*(\d+) kB", status)
    return int(found[1]) / 1000 if found else None


def peak(seen: list[Look], first: int, width: int) -> str:
    held = [look.megabytes for look in seen if first <= look.done < first + width]
    return f"{max(held):.0f}" if held else ""


if __name__ == "__main__":
    main()
