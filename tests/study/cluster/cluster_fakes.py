"""Work that workers can import: what they do, and what they die of."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence

Share = Callable[[float], None] | None


def triple(item: int, share: Share = None) -> int:
    return 3 * item


def where_from(item: int, share: Share = None) -> int:
    return os.getpid()


def threads(item: int, share: Share = None) -> tuple[int, int]:
    """What numbers may depend on: threads of torch, and cores for threads of our own."""
    import torch

    return torch.get_num_threads(), len(os.sched_getaffinity(0))


def die_of_seven(item: int | list[int], share: Share = None) -> int:
    """Killed by 7, alone or among others."""
    if 7 in (item if isinstance(item, list) else [item]):
        os.kill(os.getpid(), signal.SIGKILL)
    return triple(item if isinstance(item, int) else sum(item))


def apart(item: int | list[int]) -> Sequence[int]:
    return item if isinstance(item, list) else [item]


def fail(item: int, share: Share = None) -> int:
    raise ModuleNotFoundError("no module here")


def tell(item: int, share: Share = None) -> int:
    if share is not None:
        share(0.5)
    return item
