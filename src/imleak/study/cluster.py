"""Who does the work: this process, processes beside it, or machines elsewhere.

Nothing else of a study knows the difference. Work is a function and items to call it on;
results come as they are finished. An item whose worker dies every time is given up, and
takes no other item with it.
"""

from __future__ import annotations

import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, get_args

from ..interfaces import ImleakError, NotInstalledError
from ..machine import cores, one_thread_each, reuse_memory

if TYPE_CHECKING:
    import distributed

BLOCK_SECONDS = 1.0
"""Of work in a block. Handing one over costs a few milliseconds, far below 5 % of this."""

MOST_ITEMS = 1000
"""Of a block."""

DEATHS = 2
"""Workers that may die of a block or an item before it is given up."""

PATIENCE = 60
"""Seconds to wait for the first worker of a cluster that is there already."""

Resource = Literal["embedding", "training", "gpu"]
"""Of which every worker has one: a GPU is never shared by two blocks."""


def _named(resource: Resource) -> str:
    """Of ours, on a cluster that others may use too."""
    return f"imleak-{resource}"


RESOURCES: Mapping[str, int] = {_named(resource): 1 for resource in get_args(Resource)}
"""Of a worker. It must have them when it comes: what waits for a resource is not looked at
again when a worker is given it later."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Share = Callable[[float], None]
Work = Callable[[Item, Share | None], Result]


class ClusterError(ImleakError):
    """Workers that cannot be had, or that were lost all at once."""


@dataclass(frozen=True)
class Lost:
    """In place of a result: the worker died of the item, every time.

    Parameters
    ----------
    why : in one line.
    """

    why: str


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


class Crew(Protocol):
    """Whoever does the work."""

    @property
    def width(self) -> int:
        """Blocks that can be at work at once."""
        ...

    def carry(
        self,
        work: Work[Item, Result],
        items: Iterable[Item],
        *,
        needs: Sequence[Resource] = (),
        beside: int | None = None,
        split: Callable[[Item], Sequence[Item]] | None = None,
        share: Callable[[Item, float], None] | None = None,
    ) -> Iterator[tuple[Item, Result | Lost]]:
        """Every item with its result, in the order they are finished.

        Parameters
        ----------
        work : called with an item, and with whom to tell the share done if that is known.
        items : taken as they are needed.
        needs : what a block occupies while it is at work.
        beside : most items at work at once in one process, for the sake of its memory.
        split : an item into smaller ones, when its worker dies of it.
        share : told an item and the share of it that is done, where that is known.
        """
        ...


@contextmanager
def crew(where: Where) -> Iterator[Crew]:
    """The workers of a place, for as long as they are needed.

    Raises
    ------
    ClusterError
        If they cannot be had.
    NotInstalledError
        If SLURM is asked for without dask-jobqueue.
    """
    if where == Where():
        yield Here()
        return
    with ExitStack() as stack:
        yield _there(where, stack)


class Here:
    """This process: a thread a core, each with numerical libraries of one thread."""

    def __init__(self) -> None:
        self.width = cores()

    def carry(
        self,
        work: Work[Item, Result],
        items: Iterable[Item],
        *,
        needs: Sequence[Resource] = (),
        beside: int | None = None,
        split: Callable[[Item], Sequence[Item]] | None = None,  # noqa: ARG002
        share: Callable[[Item, float], None] | None = None,
    ) -> Iterator[tuple[Item, Result | Lost]]:
        width = min(self.width, beside or self.width)
        with _steady(needs):
            if width == 1:
                for item in items:
                    yield item, work(item, partial(share, item) if share else None)
                return
            yield from _side_by_side(work, iter(items), width)


def _side_by_side(
    work: Work[Item, Result], items: Iterator[Item], width: int
) -> Iterator[tuple[Item, Result]]:
    """Results as they are finished, `width` items at work."""
    with ThreadPoolExecutor(width) as pool:
        going: dict[Future[Result], Item] = {}
        try:
            while True:
                for item in islice(items, width - len(going)):
                    going[pool.submit(work, item, None)] = item
                if not going:
                    return
                for done in wait(going, return_when=FIRST_COMPLETED).done:
                    yield going.pop(done), done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _steady(needs: Sequence[Resource]) -> Iterator[None]:
    """Numbers that do not depend on how many threads there are: sums are taken in another
    order by two threads than by one, and a training magnifies that."""
    reuse_memory()
    if not needs:  # neither encoder nor training: torch need not be loaded
        yield
        return
    with one_thread_each():
        yield


@dataclass
class Hands:
    """Workers of a Dask cluster.

    Parameters
    ----------
    client : of it.
    most : workers it may grow to; 0 for those it has.
    here : whether they share this machine.
    resources : that they have; on a cluster that has none of ours nothing is asked for.
    """

    client: distributed.Client
    most: int = 0
    here: bool = False
    resources: Collection[str] = frozenset(RESOURCES)

    @property
    def width(self) -> int:
        threads: int = sum(self.client.nthreads().values())
        return max(1, self.most, threads)

    def carry(
        self,
        work: Work[Item, Result],
        items: Iterable[Item],
        *,
        needs: Sequence[Resource] = (),
        beside: int | None = None,  # noqa: ARG002
        split: Callable[[Item], Sequence[Item]] | None = None,
        share: Callable[[Item, float], None] | None = None,  # noqa: ARG002
    ) -> Iterator[tuple[Item, Result | Lost]]:
        send = _Sender(self, work, needs, self._share(items))
        suspects: deque[Item] = deque()
        for block, outcome in send.all(iter(items)):
            if isinstance(outcome, Lost):
                suspects.extend(item for one in block for item in (split or _whole)(one))
            else:
                yield from zip(block, outcome, strict=True)
        # Who was at work when a worker died may be a bystander. Alone, nobody is.
        for item in suspects:
            outcome = send.alone(item)
            yield item, outcome if isinstance(outcome, Lost) else outcome[0]

    def _share(self, items: Iterable[Item]) -> int | None:
        """Cores of this machine for each worker; None where they have machines of their own."""
        if not self.here:
            return None
        at_work = min(self.width, len(items)) if isinstance(items, Sized) else self.width
        return max(1, cores() // max(1, at_work))


def _whole(item: Item) -> Sequence[Item]:
    return (item,)


class _Sender(Generic[Item, Result]):
    """Blocks to workers and back, as many at once as there are workers: none waits behind
    another on a worker that may die."""

    def __init__(
        self, hands: Hands, work: Work[Item, Result], needs: Sequence[Resource], share: int | None
    ) -> None:
        self.hands = hands
        self.work = work
        self.needs = needs
        self.share = share
        self.seconds, self.items = 0.0, 0

    def all(self, items: Iterator[Item]) -> Iterator[tuple[list[Item], list[Result] | Lost]]:
        """Every block with its results, in the order they are finished."""
        from distributed import as_completed

        going: dict[Any, list[Item]] = {}
        coming = as_completed()
        while True:
            while len(going) < self.hands.width and (block := list(islice(items, self._size()))):
                future = self._submit(block)
                going[future] = block
                coming.add(future)
            if not going:
                return
            future = next(coming)
            yield going.pop(future), self._received(future)

    def alone(self, item: Item) -> list[Result] | Lost:
        return self._received(self._submit([item]))

    def _submit(self, block: list[Item]) -> Any:
        resources = {name: 1 for name in map(_named, self.needs) if name in self.hands.resources}
        call = (_work_on, self.work, block, self.needs, self.share)
        return self.hands.client.submit(*call, resources=resources, pure=False)

    def _received(self, future: Any) -> list[Result] | Lost:
        from distributed.client import FutureCancelledError
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker, NoValidWorkerError

        try:
            results, seconds = future.result()
        except KilledWorker:
            return Lost(f"its worker died, {DEATHS} times: killed, out of memory, or a crash")
        except (FutureCancelledError, CommClosedError, NoValidWorkerError) as error:
            raise ClusterError(
                "the workers were lost; what is done is kept, and the same command goes on "
                f"from here ({type(error).__name__})"
            ) from error
        except Exception as error:
            raise ClusterError(
                f"a worker cannot do the work, {type(error).__name__}: {error}; "
                "the same versions must be installed there"
            ) from error
        finally:
            future.release()
        self.seconds += seconds
        self.items += len(results)
        found: list[Result] = results
        return found

    def _size(self) -> int:
        """Items of the next block, from how long those before took."""
        if not self.items:
            return 1
        each = max(self.seconds / self.items, 1e-6)
        return min(MOST_ITEMS, max(1, round(BLOCK_SECONDS / each)))


def _work_on(
    work: Work[Item, Result], block: list[Item], needs: Sequence[Resource], share: int | None
) -> tuple[list[Result], float]:
    """A block on a worker: results, and seconds it took."""
    if share is not None:
        _keep_to(share)
    start = perf_counter()
    with _steady(needs):
        results = [work(item, None) for item in block]
    return results, perf_counter() - start


def _keep_to(share: int) -> None:
    """Let this thread, and those it starts, use so many cores: another worker, others."""
    if not hasattr(os, "sched_setaffinity"):
        return
    from distributed import get_worker

    every = sorted(os.sched_getaffinity(os.getpid()))  # of the process, not of the thread
    name = get_worker().name
    first = share * name if isinstance(name, int) else 0
    os.sched_setaffinity(0, {every[(first + at) % len(every)] for at in range(share)})


def _one_gpu(name: object) -> None:
    """Give a worker of this machine a GPU of its own, as long as there are enough."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    devices = given.split(",") if given else _gpus()
    if isinstance(name, int) and devices:  # a job of SLURM has what it was given
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[name % len(devices)]


def _gpus() -> list[str]:
    found = (path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia*"))
    return sorted((name for name in found if name.isdecimal()), key=int)


SETTINGS = {
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": DEATHS - 1,
    "distributed.scheduler.worker-ttl": None,  # a training may hold the interpreter for long
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.profile.enabled": False,
    # Memory that is freed is kept for the next allocation (machine.reuse_memory): a worker
    # that is told to wait until it has less would wait for ever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.logging": {"distributed": "critical"},
}
"""Of Dask, for the clusters that are ours."""

SETTINGS_HERE = {
    # A worker that dies again while it is being started again would be given up.
    "distributed.deploy.lost-worker-timeout": "30 days",
    "distributed.scheduler.no-workers-timeout": "5 minutes",
}
"""And for workers of this machine, which are expected to be there."""


def _there(where: Where, stack: ExitStack) -> Hands:
    """A Dask cluster that is ready to work; the stack closes what was opened for it."""
    import dask
    from distributed import Client

    stack.enter_context(dask.config.set(SETTINGS | (SETTINGS_HERE if where.workers else {})))
    try:
        if where.scheduler is not None:
            client = stack.enter_context(Client(where.scheduler, timeout=PATIENCE))
            client.wait_for_workers(1, timeout=PATIENCE)
            workers = client.scheduler_info(n_workers=-1)["workers"].values()
            hands = Hands(client, resources={name for one in workers for name in one["resources"]})
        elif where.slurm is not None:
            jobs, processes = (int(where.slurm.get(name, d)) for name, d in _COUNTS)
            cluster = stack.enter_context(_slurm(where.slurm))
            cluster.adapt(minimum_jobs=1, maximum_jobs=jobs, wait_count=60)
            client = stack.enter_context(Client(cluster))
            hands = Hands(client, most=jobs * processes)
        else:
            cluster = stack.enter_context(_local(where))
            client = stack.enter_context(Client(cluster))
            hands = Hands(client, here=True)
        client.register_plugin(_outfit())
        client.wait_for_workers(1, timeout=None if where.slurm is not None else PATIENCE)
    except (OSError, RuntimeError, TimeoutError, ValueError) as error:
        raise ClusterError(f"no workers: {error}") from error
    return hands


_COUNTS = (("jobs", 10), ("processes", 1))


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
        scheduler_options={"dashboard_address": ":0"},
        silence_logs=logging.CRITICAL,
    )
