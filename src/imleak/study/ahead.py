"""Work that is got ready while the work before it is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Ready = TypeVar("Ready")

DEPTH = 2
"""Items got ready ahead of the one that is done: what bounds the memory."""


def ahead(
    prepare: Callable[[Item], Ready], items: Iterable[Item], depth: int = DEPTH
) -> Iterator[tuple[Item, Future[Ready]]]:
    """Every item with what `prepare` makes of it in a thread, in order.

    At most `depth` items are ready or being prepared beside the one yielded last. An error
    of `prepare` comes out of that item's ``result()``.

    Examples
    --------
    >>> [ready.result() for _, ready in ahead(abs, [-1, 2, -3])]
    [1, 2, 3]
    """
    rest = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        waiting = deque((item, pool.submit(prepare, item)) for item in islice(rest, depth))
        try:
            while waiting:
                item, ready = waiting.popleft()
                # The next is begun before this one is handed on.
                waiting.extend((more, pool.submit(prepare, more)) for more in islice(rest, 1))
                yield item, ready
                del ready
        finally:
            for _, future in waiting:
                future.cancel()
