"""Planning a study and keying its units, a store of many parts, writing parts: time, memory.

    python benchmarks/planning.py [--units 1000000] [--parts 500000] [--written 20000]

The pictures are made up: planning never reads one. Memory is what a process that does
nothing else has grown by, besides the pictures it is given; a part is a metric's, of nine
levels. The parts of the store are in packs, as a run leaves them; what is written is packed
and synced as a run does.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from imleak.images import Source
from imleak.study import StudySpec
from imleak.study.parts import PACK, Part, Parts, to_line
from imleak.study.plan import ImageInfo, plan

MEASURES = ("histogram", "psnr", "ssim", "entropy", "correlation")
READINGS = [{"level": level, "value": 0.5, "part": "clear", "unit": "bit"} for level in range(9)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--parts", type=int, default=500_000)
    parser.add_argument("--written", type=int, default=20_000)
    asked = parser.parse_args()
    for work, count in ((planned, asked.units), (stored, asked.parts), (written, asked.written)):
        process = get_context("spawn").Process(target=work, args=(count,))
        process.start()
        process.join()


def planned(count: int) -> None:
    spec = StudySpec.of(sources="nowhere", encoders="pixels", measures=MEASURES)
    before = megabytes()
    images = [picture(at) for at in range(count // len(MEASURES))]
    memory, start = megabytes(), time.process_time()
    units = plan(spec, images)
    planned = time.process_time()
    starts = np.fromiter((int(unit.key[:16], 16) for unit in units), np.uint64, len(units))
    end = time.process_time()
    print(
        f"{len(units):,} units: planned in {planned - start:.2f} CPU s, keyed in "
        f"{end - planned:.1f}; {megabytes() - memory:.0f} MB more than the {memory - before:.0f} "
        f"MB of {len(images):,} pictures"
    )
    if len(np.unique(starts)) != count:
        raise SystemExit("two units have one key")


def stored(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = [sha256(b"%d" % at).hexdigest() for at in range(count)]
        for number, first in enumerate(range(0, count, PACK), start=1):
            lines = (to_line(Part(key, {}, READINGS)) for key in sorted(keys[first : first + PACK]))
            (folder / f"{number:06}.jsonl").write_bytes(b"".join(lines))
        memory, start = megabytes(), time.process_time()
        parts = Parts(folder)
        opened = time.process_time()
        done = sum(parts.state(key) == "done" for key in keys)
        asked = time.process_time()
        whole = sum(part is not None for part in map(parts.read, keys[:10_000]))
        end = time.process_time()
        print(
            f"{len(parts):,} parts opened in {opened - start:.1f} CPU s, the state of {done:,} "
            f"known in {asked - opened:.1f}, {whole:,} read in {end - asked:.1f}; "
            f"{megabytes() - memory:.0f} MB more"
        )


def written(count: int) -> None:
    spec = StudySpec.of(sources="nowhere", encoders="pixels", measures="histogram")
    with tempfile.TemporaryDirectory() as name:
        parts, start = Parts(Path(name)), time.process_time()
        for unit in plan(spec, [picture(at) for at in range(count)]):
            if parts.state(unit.key) is None:
                parts.write(Part(unit.key, unit.identity, READINGS, None, 1e-3))
        parts.flush()
        spent = time.process_time() - start
        print(f"{len(parts):,} units planned, keyed, looked for and written: {spent:.1f} CPU s")


def picture(at: int) -> ImageInfo:
    name = f"{at:08}.png"
    return ImageInfo(name, Source(name, Path(name)), sha256(name.encode()).hexdigest(), 1, 9, 9, 8)


def megabytes() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
