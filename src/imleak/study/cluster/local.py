"""This process does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import islice

from ...machine import cores
from .common import Item, Lost, Resource, Result, Work, steady


class LocalExecutor:
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
        with steady(needs):
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
        finished: list[tuple[Item, Result]] = []
        try:
            while True:
                for item in islice(items, width - len(going)):
                    going[pool.submit(work, item, None)] = item
                yield from finished  # while the next ones are at work
                if not going:
                    return
                done = wait(going, return_when=FIRST_COMPLETED).done
                finished = [(going.pop(future), future.result()) for future in done]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
