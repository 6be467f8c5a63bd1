"""Clusters of Dask: one of this machine, one that is there already, jobs of SLURM."""

import logging
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from ...interfaces import NotInstalledError
from .blocks import DEATHS, DaskExecutor
from .common import RESOURCES, ClusterError, Executor
from .local import LocalExecutor
from .where import Where

PATIENCE = 60
"""Seconds to wait for the first worker of a cluster that is there already."""

SETTINGS: dict[str, Any] = {
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": DEATHS - 1,
    "distributed.scheduler.worker-ttl": None,  # a training may hold the interpreter for long
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.profile.enabled": False,
    # Pages of HTTP, which ask nobody for a key.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # Memory that is freed is kept for the next allocation (machine.reuse_memory): a worker
    # that is told to wait until it has less would wait for ever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.logging": {"distributed": "critical"},
}
"""Settings of Dask, for the clusters that are ours."""

SETTINGS_HERE = {
    # A worker that dies again while it is being started again would be given up.
    "distributed.deploy.lost-worker-timeout": "30 days",
    "distributed.scheduler.no-workers-timeout": "5 minutes",
}
"""And for workers of this machine, which are expected to be there."""


@contextmanager
def executor_of(where: Where) -> Iterator[Executor]:
    """The workers of a place, for as long as they are needed. Raises ClusterError if they cannot be
    had, and NotInstalledError if SLURM is asked for without dask-jobqueue."""
    if where == Where():
        yield LocalExecutor()
        return
    with ExitStack() as stack:
        yield _there(where, stack)


def _there(where: Where, stack: ExitStack) -> DaskExecutor:
    """A Dask cluster that is ready to work; the stack closes what was opened for it."""
    import dask
    from distributed import Client

    stack.enter_context(dask.config.set(SETTINGS | (SETTINGS_HERE if where.workers else {})))
    try:
        if where.scheduler is not None:
            client = stack.enter_context(Client(where.scheduler, timeout=PATIENCE))
            client.wait_for_workers(1, timeout=PATIENCE)
            workers = client.scheduler_info(n_workers=-1)["workers"].values()
            executor = DaskExecutor(
                client, resources={name for one in workers for name in one["resources"]}
            )
        elif where.slurm is not None:
            jobs, processes = (int(where.slurm.get(name, d)) for name, d in _COUNTS)
            cluster = stack.enter_context(_slurm(where.slurm))
            cluster.adapt(minimum_jobs=1, maximum_jobs=jobs, wait_count=60)
            client = stack.enter_context(Client(cluster))
            executor = DaskExecutor(client, most=jobs * processes)
        else:
            cluster = stack.enter_context(_local(where))
            client = stack.enter_context(Client(cluster))
            executor = DaskExecutor(client, here=True)
        client.register_plugin(_outfit())
        client.wait_for_workers(1, timeout=None if where.slurm is not None else PATIENCE)
    except (OSError, RuntimeError, TimeoutError, ValueError) as error:
        raise ClusterError(f"no workers: {error}") from error
    return executor


_COUNTS = (("jobs", 10), ("processes", 1))


def _local(where: Where) -> Any:
    """Processes of this machine, on its loopback interface, with keys of their own."""
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=where.workers,
        threads_per_worker=1,
        processes=True,
        memory_limit=where.memory or "auto",
        security=True,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        resources=dict(RESOURCES),
        silence_logs=logging.CRITICAL,
    )


def _slurm(options: Mapping[str, str]) -> Any:
    """Jobs of SLURM, each with a worker a process."""
    try:
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError as error:
        raise NotInstalledError("slurm needs dask-jobqueue: pip install 'imleak[slurm]'") from error
    processes = int(options.get("processes", 1))
    has = " ".join(f"{name}={count}" for name, count in RESOURCES.items())
    extra = [f"--gres=gpu:{options['gpus']}"] if "gpus" in options else []
    return SLURMCluster(
        queue=options.get("partition"),
        account=options.get("account"),
        processes=processes,
        cores=int(options.get("cores", processes)),
        memory=options.get("memory", "4GB"),
        walltime=options.get("walltime", "01:00:00"),
        interface=options.get("interface"),
        log_directory=options.get("logs"),
        job_extra_directives=extra,
        worker_extra_args=["--nthreads", "1", "--resources", f"'{has}'"],
        scheduler_options={"dashboard": False, "dashboard_address": ":0"},
        silence_logs=logging.CRITICAL,
    )


def _outfit() -> Any:
    """What every worker is given, whenever it comes: a plugin of Dask."""
    from distributed import WorkerPlugin

    class Outfit(WorkerPlugin):
        name = "imleak"

        def setup(self, worker: Any) -> None:
            with suppress(ValueError):  # a worker that is a thread of another process
                # Ctrl-C reaches every process of a terminal; the driver ends its workers.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            _one_gpu(worker.name)

    return Outfit()


def _one_gpu(name: object) -> None:
    """Give a worker of this machine a GPU of its own, as long as there are enough."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    devices = given.split(",") if given else _gpus()
    if isinstance(name, int) and devices:  # a job of SLURM has what it was given
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[name % len(devices)]


def _gpus() -> list[str]:
    found = (path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia*"))
    return sorted((name for name in found if name.isdecimal()), key=int)
