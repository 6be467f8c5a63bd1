"""Who does the work: this process, processes beside it, or machines elsewhere.

Nothing else of a study knows the difference. Work is a function and items to call it on;
results come as they are finished. An item whose worker dies every time is given up, and
takes no other item with it.
"""

from .clusters import executor_of
from .common import ClusterError, Executor, Lost, Resource
from .local import LocalExecutor
from .where import Where

__all__ = ["ClusterError", "Executor", "LocalExecutor", "Lost", "Resource", "Where", "executor_of"]
