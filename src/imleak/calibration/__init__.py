"""Problems whose answer is known, and estimators judged by them.

>>> from imleak.calibration import calibrate, select, summarise
>>> frame = calibrate({"mine": Mine()}, select("independent-*"))  # doctest: +SKIP
>>> summarise(frame)  # doctest: +SKIP
"""

from .consistency import self_consistency
from .discrete import discrete_pair
from .leaves import dead_leaves
from .registry import UnknownTaskError, select, tasks
from .runner import calibrate, judge, summarise
from .task import Rows, Task

__all__ = [
    "Rows",
    "Task",
    "UnknownTaskError",
    "calibrate",
    "dead_leaves",
    "discrete_pair",
    "judge",
    "select",
    "self_consistency",
    "summarise",
    "tasks",
]
