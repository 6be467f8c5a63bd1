"""One kind of error, whatever a file or its decoder comes up with."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ..files import printable
from ..interfaces import ImageError

_QUOTED = re.compile(r"""b?(['"]).*?(?:\1|$)""")


@contextmanager
def named(name: str) -> Iterator[None]:
    """Turn every exception raised inside into an :class:`ImageError` of one line that
    begins with the image's name, as :func:`~imleak.files.printable` shows it.

    Decoders of damaged files raise nearly anything, from ``struct.error`` to
    ``MemoryError``; a run must survive all of it. What they quote of a file is left out: it
    may be no image at all, and nobody's business.
    """
    try:
        yield
    except ImageError as error:
        raise ImageError(f"{printable(name)}: {error}") from error
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            reason = f"cannot be opened ({error.strerror})"
        else:
            reason = (
                f"damaged, or of a kind that is not read ({_reason(error)}); "
                "save it again as an 8- or 16-bit PNG"
            )
        raise ImageError(f"{printable(name)}: {reason}") from error


def _reason(error: Exception) -> str:
    unquoted = _QUOTED.sub("...", " ".join(str(error).split()))
    return printable(unquoted[:200]) or type(error).__name__
