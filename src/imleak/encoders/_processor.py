"""What an image processor of transformers does to an image, beside resizing it."""

from collections.abc import Mapping
from math import isfinite, isqrt
from typing import Any

from ._checkpoint import WeightsError
from ._network import LARGEST_SIDE, Triple


def normalisation(settings: Mapping[str, Any], where: str) -> tuple[Triple, Triple]:
    """Mean and deviation of the channels, on 0..255.

    Parameters
    ----------
    settings : of the processor.
    where : to find them, for errors.
    """
    factor = settings.get("rescale_factor", 1 / 255) if settings.get("do_rescale", True) else 1.0
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if settings.get("do_normalize", True):
        mean = _triple(settings, "image_mean", where)
        std = _triple(settings, "image_std", where)
    if not _is_number(factor) or factor <= 0 or min(std) <= 0:
        raise WeightsError(
            f"{where}: rescale_factor {factor!r} and image_std {list(std)} are not above 0"
        )
    (m0, m1, m2), (s0, s1, s2) = (tuple(value / factor for value in of) for of in (mean, std))
    return (m0, m1, m2), (s0, s1, s2)


def side(settings: Mapping[str, Any], where: str) -> int | None:
    """Side of the square it cuts or resizes to, in pixels; None if it does not say."""
    if "max_num_patches" in settings:  # any shape of so many patches
        count, patch = (settings.get(name) for name in ("max_num_patches", "patch_size"))
        whole = isinstance(count, int) and isinstance(patch, int) and count > 0
        found: object = patch * isqrt(count) if whole else settings  # type: ignore[operator,arg-type]
    else:
        crops = settings.get("do_center_crop", True) and settings.get("crop_size") is not None
        found = settings.get("crop_size" if crops else "size")
        if isinstance(found, dict):
            sides = [found[name] for name in ("height", "width", "shortest_edge") if name in found]
            found = sides[0] if sides and sides.count(sides[0]) == len(sides) else found
    if found is None:
        return None
    if not isinstance(found, int) or not 1 <= found <= LARGEST_SIDE:
        raise WeightsError(f"{where}: {found!r:.60} is no square of 1 to {LARGEST_SIDE} pixels")
    return found


def _triple(settings: Mapping[str, Any], name: str, where: str) -> Triple:
    value = settings.get(name)
    if not isinstance(value, list) or len(value) != 3 or not all(map(_is_number, value)):
        raise WeightsError(f"{where}: {name} is {value!r:.60}, not three numbers")
    return (float(value[0]), float(value[1]), float(value[2]))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
