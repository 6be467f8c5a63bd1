"""A study: ciphers x levels x encoders x measures over a set of images.

`spec` says what is wanted and `scan` what there is; `plan`, a pure function of both, makes
units of work of them; `run` has these done by a `cluster`, or by this process, and keeps
what came out in a `store`. Everything is imported when it is first used: a study that is
refused loads no library for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cluster import Where
    from .engine import run
    from .mistakes import SpecError
    from .spec import StudySpec
    from .store import OutputError, Run

__all__ = ["OutputError", "Run", "SpecError", "StudySpec", "Where", "run"]

_HOMES = {
    "run": "engine",
    "OutputError": "store",
    "Run": "store",
    "SpecError": "mistakes",
    "StudySpec": "spec",
    "Where": "cluster",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
