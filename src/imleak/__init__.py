"""How much does a selectively encrypted image still give away?

>>> import imleak
>>> run = imleak.audit("photos", measures=["histogram", "mine"])  # doctest: +SKIP
>>> run.summary  # doctest: +SKIP

One image at a time:

>>> image = imleak.read_images("dead-leaves:1x64x64")[0]
>>> encrypted = imleak.encrypt(image, level=3, key=imleak.new_key())
>>> imleak.clear_part(encrypted).samples.shape
(1, 64, 64)

And on plain arrays, a row a sample:

>>> imleak.estimate(x, y, estimator="mine", groups=images).value  # doctest: +SKIP

Everything is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import audit, load, read_images
    from .encryption import Encrypted, clear_part, decrypt, encrypt
    from .estimation import estimate
    from .interfaces import Image, ImleakError, Measurement
    from .keystream import new_key
    from .plugins import register, unregister
    from .results import Run
    from .training import train_adversary, train_code, train_super_resolution

    __version__: str

__all__ = [
    "Encrypted",
    "Image",
    "ImleakError",
    "Measurement",
    "Run",
    "__version__",
    "audit",
    "clear_part",
    "decrypt",
    "encrypt",
    "estimate",
    "load",
    "new_key",
    "read_images",
    "register",
    "train_adversary",
    "train_code",
    "train_super_resolution",
    "unregister",
]

_HOMES = {
    "Encrypted": "encryption",
    "clear_part": "encryption",
    "decrypt": "encryption",
    "encrypt": "encryption",
    "estimate": "estimation",
    "Measurement": "interfaces",
    "Image": "interfaces",
    "ImleakError": "interfaces",
    "Run": "results",
    "new_key": "keystream",
    "register": "plugins",
    "unregister": "plugins",
    "train_adversary": "training",
    "train_code": "training",
    "train_super_resolution": "training",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    return getattr(import_module(f".{_HOMES.get(name, 'api')}", __name__), name)


def __dir__() -> list[str]:
    return __all__
