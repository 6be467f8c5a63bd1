"""One kind of error, whatever a file or its decoder comes up with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..interfaces import ImageError


@contextmanager
def named(name: str) -> Iterator[None]:
    """Turn every exception raised inside into an :class:`ImageError` of one line that
    begins with the picture's name.

    Decoders of damaged files raise nearly anything, from ``struct.error`` to
    ``MemoryError``; a run must survive all of it.
    """
    try:
        yield
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from error
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise ImageError(f"{name}: cannot be opened ({error.strerror})") from error
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ImageError(
            f"{name}: damaged, or of a kind that is not read ({reason}); "
            "save it again as an 8- or 16-bit PNG"
        ) from error
