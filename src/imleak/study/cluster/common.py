"""What those who do the work have in common: what they are asked, and what they answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, get_args

from ...interfaces import ImleakError
from ...machine import one_thread_each, reuse_memory

Resource = Literal["embedding", "training", "gpu"]
"""What every worker has one of: a GPU is never shared by two blocks."""


def named(resource: Resource) -> str:
    """Name of ours, on a cluster that others may use too."""
    return f"imleak-{resource}"


RESOURCES: Mapping[str, int] = {named(resource): 1 for resource in get_args(Resource)}
"""Resources of a worker. It must have them when it comes: what waits for a resource is not looked
at again when a worker is given it later."""

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


class Executor(Protocol):
    """Whoever does the work."""

    @property
    def width(self) -> int:
        """Blocks that can be at work at once."""

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


@contextmanager
def steady(needs: Sequence[Resource]) -> Iterator[None]:
    """Numbers that do not depend on how many threads there are: sums are taken in another
    order by two threads than by one, and a training magnifies that."""
    reuse_memory()
    if not needs:  # neither encoder nor training: torch need not be loaded
        yield
        return
    with one_thread_each():
        yield
