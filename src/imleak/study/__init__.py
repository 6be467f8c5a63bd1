"""A study: schemes x levels x encoders x measures over a set of images.

`spec` says what is wanted and `survey` what there is; `plan`, a pure function of both,
makes units of work of them; `run` has these done by a `cluster`, or by this process, and
keeps what came out in a `store`.
"""

from .cluster import Where
from .run import run
from .spec import SpecError, StudySpec
from .store import OutputError, Run

__all__ = ["OutputError", "Run", "SpecError", "StudySpec", "Where", "run"]
