"""What clear part a scheme leaves."""

from ..interfaces import Scheme


def leaves_clear_part(scheme: Scheme, *names: str) -> bool:
    """Whether a scheme is one of these, and leaves its clear part: under one key it leaves the
    cipher."""
    return scheme.name in names and not getattr(scheme, "leaves_cipher", False)


def hides_highest_planes(scheme: Scheme, level: int, bits: int) -> bool:
    """Whether the `level` highest planes are hidden, and no others, nor all."""
    if not leaves_clear_part(scheme, "bitplanes") or not 0 < level < bits:
        return False
    planes = getattr(scheme, "planes", "high")
    if isinstance(planes, str):
        return planes == "high"
    return sorted(planes[:level]) == list(range(bits - level, bits))
