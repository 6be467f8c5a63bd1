"""Where the work is done, as a user says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
        if self.workers < 0:
            raise ClusterError(f"{self.workers} workers; give 0 for this process, or more")
        if (self.workers > 0) + (self.scheduler is not None) + (self.slurm is not None) > 1:
            raise ClusterError("give one of workers, scheduler and slurm, or none")
        if self.memory is not None and not self.workers:
            raise ClusterError("a memory limit is of local workers; give workers too")
        for name in self.slurm or {}:
            if name not in SLURM_OPTIONS:
                known = ", ".join(SLURM_OPTIONS)
                raise ClusterError(f"slurm has no option {name!r} here; known: {known}")

    @property
    def is_here(self) -> bool:
        """On this machine."""
        return self.scheduler is None and self.slurm is None
