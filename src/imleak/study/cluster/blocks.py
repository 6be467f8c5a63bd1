"""Workers of a Dask cluster do the work, in blocks of about a second."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic

from ...machine import cores
from .common import RESOURCES, ClusterError, Item, Lost, Resource, Result, Work, named, steady

if TYPE_CHECKING:
    import distributed

BLOCK_SECONDS = 1.0
"""Seconds of work in a block. Handing one over costs a few milliseconds, and the more the more
items it has: far below 5 % of this unless items take less than a millisecond."""

MOST_ITEMS = 1000
"""Items of a block."""
AT_HAND = 2
"""Blocks of a worker: one at work, and one to go on with while the other's results travel. Of
what needs a resource, and so takes long, it has one: none waits behind another."""

DEATHS = 2
"""Workers that may die of a block or an item before it is given up."""


@dataclass
class DaskExecutor:
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
    """Blocks to workers and back. The next one is made ready while they are at work."""

    def __init__(
        self,
        executor: DaskExecutor,
        work: Work[Item, Result],
        needs: Sequence[Resource],
        share: int | None,
    ) -> None:
        self.executor = executor
        self.work = work
        self.needs = needs
        self.share = share
        self.seconds, self.items = 0.0, 0

    def all(self, items: Iterator[Item]) -> Iterator[tuple[list[Item], list[Result] | Lost]]:
        """Every block with its results, in the order they are finished."""
        from distributed import as_completed

        going: dict[Any, list[Item]] = {}
        coming = as_completed()
        ended: tuple[list[Item], Any] | None = None
        ahead = self._next(items)
        at_hand = 1 if self.needs else AT_HAND
        while True:
            while ahead and len(going) < at_hand * self.executor.width:
                future = self._submit(ahead)
                going[future] = ahead
                coming.add(future)
                ahead = self._next(items)
            if ended is not None:  # while the next ones are at work
                block, future = ended
                yield block, self._received(future)
            if not going:
                return
            future = next(coming)
            ended = going.pop(future), future

    def alone(self, item: Item) -> list[Result] | Lost:
        return self._received(self._submit([item]))

    def _submit(self, block: list[Item]) -> Any:
        resources = {name: 1 for name in map(named, self.needs) if name in self.executor.resources}
        call = (_work_on, self.work, block, self.needs, self.share)
        return self.executor.client.submit(*call, resources=resources, pure=False)

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

    def _next(self, items: Iterator[Item]) -> list[Item]:
        return list(islice(items, self._size()))

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
    with steady(needs):
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
