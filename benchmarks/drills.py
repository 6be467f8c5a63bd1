"""Disasters, and what is left of a run after each.

    python benchmarks/drills.py [DRILL ...] [--kills 10]

Every drill disturbs a small study, lets the same command finish it, and compares. No file
of the run may be torn, nothing that was finished may be lost or done again, and summary.csv
must be the same to the last byte as that of an undisturbed run. The study has an encoder
and an estimator of its own, which are slow and compute next to nothing, so that a disaster
finds them at work. Disks are filled on a small tmpfs, which needs root; the rest does not.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from imleak.study.parts import from_line

PLUGINS = '''
import os, signal, time
import numpy as np
from imleak.interfaces import Measurement

class Slow:
    """An encoder: means of 2x2 corners, at fifty images a second."""
    name, version, input_size, dimension, digest = "slow", "1", 16, 16, "5" * 64
    def encode(self, pictures, bits):
        time.sleep(0.02 * len(pictures))
        return pictures[:, 0, :4, :4].reshape(len(pictures), 16).astype(np.float32)

class Patient:
    """An estimator that takes three seconds for what depends on every sample and the seed."""
    name, version, bound = "patient", "1", "none"
    def estimate(self, samples, *, seed=0, progress=None):
        for step in range(30):
            time.sleep(0.1)
            if progress: progress((step + 1) / 30)
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal(samples.x.shape[1])
        values = [float((samples.x * y).sum(0) @ noise) for y in samples.y]
        rows = len(samples.x)
        return [Measurement(value, "none", "patient", "in-sample", n=rows) for value in values]

class Killer:
    """A metric that kills its process, on one image of seven."""
    name, version, unit, bound, space = "killer", "1", "1", "none", "pixels"
    def measure(self, observation):
        if observation.seed % 7 == 0: os.kill(os.getpid(), signal.SIGKILL)
        levels = observation.levels
        return [Measurement(1.0, self.bound, level=level, unit=self.unit) for level in levels]

class Hungry:
    """A metric that takes all the memory it can have, on one image of seven."""
    name, version, unit, bound, space = "hungry", "1", "1", "none", "pixels"
    def measure(self, observation):
        kept = []
        while observation.seed % 7 == 0 and len(kept) < 200:
            kept.append(np.ones(2 << 20))
            time.sleep(0.01)
        levels = observation.levels
        return [Measurement(1.0, self.bound, level=level, unit=self.unit) for level in levels]
'''

ENTRY_POINTS = """[imleak.encoders]
slow = imleak_drill:Slow
[imleak.estimators]
patient = imleak_drill:Patient
[imleak.metrics]
killer = imleak_drill:Killer
hungry = imleak_drill:Hungry
"""

CLOCK = """
import os, time
if os.environ.get("DRILL_CLOCK"):
    now, back = time.time, float(os.environ["DRILL_CLOCK"])
    time.time = lambda: now() - back
"""

IMAGES = 21
STUDY = (
    f"dead-leaves:{IMAGES}x32x32", "--encoder", "slow", "--levels", "0,4,8", "--patches", "2",
    "--measure", "histogram", "--measure", "cosine", "--measure", "patient",
)  # fmt: skip


class Failed(Exception):
    """A drill that lost something."""


class Field:
    """A place to practise in: plugins, a folder a drill, and what an undisturbed run says."""

    def __init__(self, root: Path, kills: int) -> None:
        self.root, self.kills = root, kills
        package = root / "plugins"
        (package / "imleak_drill-1.dist-info").mkdir(parents=True)
        (package / "imleak_drill.py").write_text(PLUGINS)
        (package / "sitecustomize.py").write_text(CLOCK)
        about = package / "imleak_drill-1.dist-info"
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: imleak-drill\nVersion: 1\n")
        (about / "entry_points.txt").write_text(ENTRY_POINTS)
        self.random = random.Random(0)
        self.expected = b""

    def start(
        self, out: Path, *more: str, cache: Path | None = None, study: tuple[str, ...] = STUDY,
        **env: str,
    ) -> subprocess.Popen[str]:  # fmt: skip
        code = "from imleak.cli import main; main()"
        path = os.pathsep.join([str(self.root / "plugins"), os.environ.get("PYTHONPATH", "")])
        own = {"PYTHONPATH": path, "IMLEAK_CACHE": str(cache or f"{out}-cache")}
        return subprocess.Popen(
            [sys.executable, "-c", code, "audit", *study, "-o", str(out), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | own | env,
        )

    def finish(self, out: Path, *more: str, **options: object) -> str:
        """Run to the end; what was said."""
        process = self.start(out, *more, **options)  # type: ignore[arg-type]
        said = ended(process)
        if process.returncode:
            raise Failed(f"did not finish: {said[-300:]}")
        return said

    def reference(self) -> None:
        self.finish(self.root / "undisturbed")
        self.expected = (self.root / "undisturbed" / "summary.csv").read_bytes()

    def check(self, out: Path, before: dict[str, bytes]) -> None:
        """That a finished run has lost nothing."""
        if (out / "summary.csv").read_bytes() != self.expected:
            raise Failed("summary.csv is another")
        after = parts(out)
        if any(after.get(name) != content for name, content in before.items()):
            raise Failed("a finished part was lost or done again")
        if left := [path.name for path in out.rglob(".*.tmp")]:
            raise Failed(f"torn files: {left}")


def parts(out: Path) -> dict[str, bytes]:
    """Lines of parts by key, the newest of each: of many in a file, and of one."""
    found = {}
    for path in (*sorted((out / "parts").glob("*.jsonl")), *(out / "parts").glob("??/*.json")):
        for line in path.read_bytes().splitlines(keepends=True):
            if (part := from_line(line)) is not None:
                found[part.key] = line
    return found


def workers_of(driver: subprocess.Popen[str]) -> list[int]:
    """Processes of the workers of a driver."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == driver.pid and b"spawn_main" in command:
            found.append(int(folder.name))
    return found


def wait_for(
    driver: subprocess.Popen[str], there: Callable[[], bool], seconds: float = 300
) -> None:
    end = time.monotonic() + seconds
    while not there():
        if driver.poll() is not None:
            raise Failed(f"ended too early: {driver.communicate()[0][-300:]}")
        if time.monotonic() > end:
            kill(driver)
            raise Failed("nothing happened")
        time.sleep(0.05)


def ended(driver: subprocess.Popen[str], seconds: float = 600) -> str:
    """What was said to the end, which comes in time."""
    try:
        return driver.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        kill(driver)
        raise Failed(f"goes on after {seconds:.0f} s") from None


def kill(driver: subprocess.Popen[str]) -> None:
    """kill -9; what its workers still write is not waited for."""
    driver.kill()
    driver.wait()
    driver.stdout.close()  # type: ignore[union-attr]


def vectors(out: Path) -> int:
    return len(list(Path(f"{out}-cache").glob("*/*.safetensors")))


def kill_workers(field: Field, out: Path, ready: Callable[[], bool], times: int = 1) -> None:
    driver = field.start(out, "--workers", "2")
    wait_for(driver, ready)
    before = parts(out)
    for _ in range(times):
        wait_for(driver, lambda: bool(workers_of(driver)))
        os.kill(field.random.choice(workers_of(driver)), signal.SIGKILL)
        time.sleep(field.random.uniform(0.1, 1.0))
    said = ended(driver)
    if driver.returncode:
        raise Failed(said[-300:])
    field.check(out, before)


def worker_in_embedding(field: Field, out: Path) -> None:
    """kill -9 of a worker during embedding"""
    kill_workers(field, out, lambda: vectors(out) > 10)


def worker_in_training(field: Field, out: Path) -> None:
    """kill -9 of a worker during training"""
    kill_workers(field, out, lambda: len(parts(out)) >= 2 * IMAGES)


def worker_in_writing(field: Field, out: Path) -> None:
    """kill -9 of a worker, four times, while it writes vectors"""
    kill_workers(field, out, lambda: vectors(out) > 2, times=4)


def driver_again_and_again(field: Field, out: Path) -> None:
    """kill -9 of the driver at random moments, again and again"""
    before: dict[str, bytes] = {}
    for _ in range(field.kills):
        driver = field.start(out)
        time.sleep(field.random.uniform(2, 12))
        kill(driver)
        now = parts(out)
        if any(now.get(name) != content for name, content in before.items()):
            raise Failed("a finished part was lost or done again")
        before = now
    field.finish(out)
    field.check(out, before)


def driver_of_workers(field: Field, out: Path) -> None:
    """kill -9 of a driver with two workers, which must not outlive it"""
    driver = field.start(out, "--workers", "2")
    wait_for(driver, lambda: len(parts(out)) > 5)
    orphans = workers_of(driver)
    kill(driver)
    before = parts(out)
    time.sleep(5)
    if any(Path(f"/proc/{pid}").exists() for pid in orphans):
        raise Failed("a worker has outlived its driver")
    field.finish(out)
    field.check(out, before)


def interrupted(field: Field, out: Path) -> None:
    """SIGINT"""
    for more in ((), ("--workers", "2")):
        driver = field.start(out, *more)
        seen = len(parts(out))
        wait_for(driver, lambda seen=seen: len(parts(out)) > seen)  # type: ignore[misc]
        driver.send_signal(signal.SIGINT)
        said = ended(driver, 60)
        if "the same command goes on from here" not in said or "Traceback" in said:
            raise Failed(said[-300:])
    before = parts(out)
    field.finish(out)
    field.check(out, before)


def unit_that_kills(field: Field, out: Path) -> None:
    """a unit that always kills its worker: only it fails"""
    only_one_measure_fails(field, out, "killer")


def unit_over_memory(field: Field, out: Path) -> None:
    """a unit over the memory limit: only it fails"""
    only_one_measure_fails(field, out, "hungry", "--worker-memory", "1GB")


def only_one_measure_fails(field: Field, out: Path, measure: str, *more: str) -> None:
    import pandas as pd

    field.finish(out, "--workers", "2", *more, study=(*STUDY, "--measure", measure))
    found = pd.read_parquet(out / "results.parquet")
    failed = found[found["error"].notna()]
    if set(failed["measure"]) != {measure} or not 0 < failed["image"].nunique() < IMAGES / 2:
        raise Failed(f"{failed[['image', 'measure']].to_numpy().tolist()} failed")
    if not failed["error"].str.contains("its worker died").all():
        raise Failed("failed of something else")
    field.finish(out)  # without the measure, it is the undisturbed run
    field.check(out, {})


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Callable[[int], None]]:
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)

    def resize(to: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={to}k", str(folder)], check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def refused(field: Field, out: Path, *words: str, **options: object) -> None:
    driver = field.start(out, **options)  # type: ignore[arg-type]
    said = ended(driver, 300)
    if driver.returncode != 2 or "Traceback" in said or not all(word in said for word in words):
        raise Failed(f"{driver.returncode}: {said[-300:]}")


def full_of_parts(field: Field, out: Path) -> None:
    """disk full while parts are written"""
    with small_disk(out, 400) as resize:
        refused(field, out / "run", "cannot write", "No space left", cache=field.root / "roomy")
        before = parts(out / "run")
        if not before:
            raise Failed("not one part was written before the disk was full")
        resize(20_000)
        field.finish(out / "run", cache=field.root / "roomy")
        field.check(out / "run", before)


def full_of_vectors(field: Field, out: Path) -> None:
    """disk full while vectors are written: slower, and nothing else"""
    cache = out.with_name("small-cache")
    with small_disk(cache, 100):
        field.finish(out, cache=cache)
        field.check(out, {})


def full_of_results(field: Field, out: Path) -> None:
    """disk full when the results are written"""
    with small_disk(out, 20_000) as resize:
        field.finish(out / "run", cache=field.root / "roomy")
        before = parts(out / "run")
        for name in ("results.parquet", "summary.csv", "report.html"):
            (out / "run" / name).unlink()
        shutil.rmtree(out / "run" / "figures")
        used = shutil.disk_usage(out).used // 1024
        resize(used + 8)
        refused(field, out / "run", "cannot write", cache=field.root / "roomy")
        resize(20_000)
        field.finish(out / "run", cache=field.root / "roomy")
        field.check(out / "run", before)


def read_only(field: Field, out: Path) -> None:
    """read-only output"""
    with small_disk(out, 1000):
        subprocess.run(["mount", "-o", "remount,ro", str(out)], check=True)
        refused(field, out / "run", "cannot write", "Read-only")


def torn_part(field: Field, out: Path) -> None:
    """torn parts, and altered ones"""
    field.finish(out)
    everything = parts(out)
    for path in (*(out / "parts").glob("*.jsonl"), *(out / "parts").glob("??/*.json")):
        lines = path.read_bytes().splitlines(keepends=True)
        lines[0] = lines[0].replace(b'"value":', b'"value":1', 1)
        path.write_bytes(b"".join(lines)[: -20 if len(lines) > 1 else None])
    before = parts(out)
    if len(everything) - len(before) < 2:
        raise Failed("nothing was torn")
    field.finish(out)
    field.check(out, before)


def altered_vectors(field: Field, out: Path) -> None:
    """altered and torn files of the cache"""
    field.finish(out)
    shutil.rmtree(out / "parts")
    for number, path in enumerate(sorted(Path(f"{out}-cache").glob("*/*.safetensors"))):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content if number % 2 else content[: len(content) // 2])
    field.finish(out)
    field.check(out, {})


def two_drivers(field: Field, out: Path) -> None:
    """two drivers on one folder: one is refused; no stale lock after kill -9"""
    first = field.start(out)
    wait_for(first, lambda: len(parts(out)) > 2)
    refused(field, out, f"written to by process {first.pid}")
    kill(first)
    before = parts(out)
    field.finish(out)
    field.check(out, before)


def clock_set_back(field: Field, out: Path) -> None:
    """the clock set back by a day in the middle of a run"""
    driver = field.start(out)
    wait_for(driver, lambda: len(parts(out)) > 5)
    kill(driver)
    before = parts(out)
    field.finish(out, DRILL_CLOCK="86400")
    field.check(out, before)


DRILLS = (
    worker_in_embedding, worker_in_training, worker_in_writing, driver_again_and_again,
    driver_of_workers, interrupted, full_of_parts, full_of_vectors, full_of_results, read_only,
    unit_that_kills, unit_over_memory, torn_part, altered_vectors, two_drivers, clock_set_back,
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [drill.__name__ for drill in DRILLS]
    parser.add_argument("drills", nargs="*", metavar="DRILL", help=", ".join(names))
    parser.add_argument("--kills", type=int, default=10, help="of the driver")
    asked = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="imleak-drills-"))
    failed = 0
    try:
        field = Field(root, asked.kills)
        field.reference()
        print("| drill | lost | seconds |\n|---|---|---|", flush=True)
        for drill in DRILLS:
            if asked.drills and drill.__name__ not in asked.drills:
                continue
            start = time.monotonic()
            try:
                drill(field, root / drill.__name__)
                outcome = "nothing"
            except (Failed, OSError, subprocess.SubprocessError) as error:
                failed += 1
                outcome = f"FAILED: {' '.join(str(error).split())}"
            seconds = time.monotonic() - start
            print(f"| {drill.__doc__} | {outcome} | {seconds:.0f} |", flush=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
