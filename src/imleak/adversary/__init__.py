"""Adversaries that learned elsewhere, as files: directions of encoders, and a network that
rebuilds images. One comes with the package.

>>> adversary = packaged()  # doctest: +SKIP
>>> adversary.card.title  # doctest: +SKIP
'800 public photographs'

Another network goes into one, beside its directions:

>>> network = read_network(Path("network.safetensors"))  # doctest: +SKIP
>>> with_network(adversary, network, Path("both.safetensors"))  # doctest: +SKIP
"""

from .card import Card, Collection, Learned
from .file import (
    Adversary,
    AdversaryError,
    open_adversary,
    packaged,
    read_network,
    rebuilt_weights,
    with_network,
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
    "read_network",
    "rebuilt_weights",
    "with_network",
    "write",
]
