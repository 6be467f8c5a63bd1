"""Many studies, a job of SLURM each, by submitit (``pip install submitit``).

One audit is spread over jobs by ``imleak audit --slurm``; this is for a table of schemes, seeds or
data sets, whose cells need nothing of each other:

    python examples/many_studies.py photos /scratch/runs --partition cpu
    python examples/many_studies.py photos /scratch/runs --local     # here, one after the other

Every run goes on where it stopped when the same line is started again.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

import imleak

SCHEMES = ("bitplanes", "region", "etc")
SEEDS = (0, 1, 2)


def study(photos: str, out: Path, scheme: str, seed: int) -> str:
    """One cell of the table; its folder."""
    run = imleak.audit(photos, out=out / f"{scheme}-{seed}", scheme=scheme, seed=seed)
    return str(run.path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos")
    parser.add_argument("out", type=Path)
    parser.add_argument("--partition", default="cpu")
    parser.add_argument("--local", action="store_true", help="without SLURM")
    options = parser.parse_args()
    cells = list(product(SCHEMES, SEEDS))
    if options.local:
        paths = [study(options.photos, options.out, *cell) for cell in cells]
    else:
        import submitit

        executor = submitit.AutoExecutor(folder=options.out / "logs")
        executor.update_parameters(
            slurm_partition=options.partition, timeout_min=240, cpus_per_task=4, mem_gb=8
        )
        with executor.batch():
            jobs = [executor.submit(study, options.photos, options.out, *cell) for cell in cells]
        paths = [job.result() for job in jobs]
    first, *others = map(imleak.load, paths)
    print(first.compare(*others).save(options.out / "compare.html"))


if __name__ == "__main__":
    main()
