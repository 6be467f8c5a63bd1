"""Adversaries that learned elsewhere, as files: directions of encoders, and a network that
rebuilds images. One comes with the package.

>>> adversary = packaged()  # doctest: +SKIP
>>> adversary.card.title  # doctest: +SKIP
'800 public photographs'
"""

from .card import Card, Collection, Learned
from .file import (
    Adversary,
    AdversaryError,
    open_adversary,
    packaged,
    write,
)

__all__ = [
    "Adversary",
    "AdversaryError",
    "Card",
    "Collection",
    "Learned",
    "open_adversary",
    "packaged",
    "write",
]
