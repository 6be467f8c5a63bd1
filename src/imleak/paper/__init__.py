"""The paper, reproduced: its experiments as studies, its figures, and what became of its claims.

References
----------
Messadi, Cervia & Itier, "Image selective encryption analysis using mutual information in CNN
based embedding space", EUVIP 2025.
"""

from .reproduce import Reproduction, reproduce
from .settings import Settings

__all__ = ["Reproduction", "Settings", "reproduce"]
