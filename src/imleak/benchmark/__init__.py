"""Problems whose answer is known, and estimators judged by them.

``task`` says what a problem is, ``problems/`` has one kind of problem a file, ``catalogue``
names them all, ``evaluation`` runs estimators on them, ``consistency`` asks what must hold
without knowing the answer, and ``calibration`` does both and keeps what was found.

>>> from imleak.benchmark import evaluate, select, summarise
>>> frame = evaluate({"mine": Mine()}, select("independent-*"))  # doctest: +SKIP
>>> summarise(frame)  # doctest: +SKIP
"""

from .catalogue import select, tasks
from .consistency import self_consistency
from .evaluation import evaluate, judge, summarise
from .task import Problem, Rows, Task

__all__ = [
    "Problem",
    "Rows",
    "Task",
    "evaluate",
    "judge",
    "select",
    "self_consistency",
    "summarise",
    "tasks",
]
