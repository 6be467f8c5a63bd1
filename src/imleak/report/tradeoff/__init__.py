"""What schemes leak at equal cost.

Levels of two schemes are not alike. What they cost is: how many bits are encrypted, how far the
cipher is from the image, how much longer its file is.
"""

from .asked import ADVERSARIES, Adversary
from .costs import COSTS, Cost, measured
from .rows import Row, Tradeoff

__all__ = ["ADVERSARIES", "COSTS", "Adversary", "Cost", "Row", "Tradeoff", "measured"]
