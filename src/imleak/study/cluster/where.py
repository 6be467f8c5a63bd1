"""Where the work is done, as a user says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...machine import cores
from ..limits import shown
from .common import ClusterError

SLURM_OPTIONS: Mapping[str, str] = {
    "partition": "where jobs are queued",
    "account": "who pays for them",
    "jobs": "most that run at once (10)",
    "processes": "workers a job (1)",
    "cores": "of a job (as many as workers)",
    "memory": "of a job (4GB)",
    "walltime": "of a job (01:00:00); its units are finished by others",
    "gpus": "of a job; give processes as many",
    "interface": "of the network that workers reach this machine by",
    "logs": "folder of the output of jobs",
}

MOST_WORKERS_A_CORE = 16
"""More only take memory from each other."""
_COUNTS = ("jobs", "processes", "cores", "gpus")
"""Options of SLURM that are numbers."""


@dataclass(frozen=True)
class Where:
    """Where units are executed; without arguments, in this process.

    Parameters
    ----------
    workers : processes on this machine; 0 for none but this one.
    scheduler : address of a Dask scheduler, ``tcp://host:8786``.
    slurm : what jobs ask of SLURM: see :data:`SLURM_OPTIONS`.
    memory : limit of a local worker, ``4GB``; by default its share of this machine.

    Raises
    ------
    ClusterError
        If more than one place is given, or an option of SLURM is not known.
    """

    workers: int = 0
    scheduler: str | None = None
    slurm: Mapping[str, str] | None = None
    memory: str | None = None

    def __post_init__(self) -> None:
        most = MOST_WORKERS_A_CORE * cores()
        if not 0 <= self.workers <= most:
            raise ClusterError(
                f"{shown(self.workers)} workers; give 0 for this process, or up to {most}, "
                f"{MOST_WORKERS_A_CORE} for each core of this machine"
            )
        if (self.workers > 0) + (self.scheduler is not None) + (self.slurm is not None) > 1:
            raise ClusterError("give one of workers, scheduler and slurm, or none")
        if self.memory is not None and not self.workers:
            raise ClusterError("a memory limit is of local workers; give workers too")
        for name, value in (self.slurm or {}).items():
            if name not in SLURM_OPTIONS:
                known = ", ".join(SLURM_OPTIONS)
                raise ClusterError(f"slurm has no option {name!r} here; known: {known}")
            if name in _COUNTS and not re.fullmatch(r"[1-9]\d{0,4}", str(value), re.ASCII):
                raise ClusterError(f"slurm {name}={shown(value)}; give a number of 1 to 99999")
