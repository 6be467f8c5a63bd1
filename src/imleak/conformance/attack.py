"""What every attack must do.

An attack sees vectors of whole images. Their levels are the plain image, something near it,
independence, and a constant.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, get_args

import numpy as np

from ..interfaces import Attack, Bound, ImleakError, Measurement, Verdict, WholeImages
from ._checks import (
    NotConforming,
    comes_first,
    once,
    require,
    require_interval,
    require_keyword_options,
    require_members,
    require_plain_numbers,
)

PLAIN, NEAR, INDEPENDENT, CONSTANT = LEVELS = (0, 3, 6, 8)

IMAGES = 40
"""Images that an attack is shown."""
FEWEST = 4
"""Images with which it must get on."""


@comes_first
def check_protocol(attack: Any) -> None:
    """It has what an attack has."""
    from ..images import COPIES

    require_members(attack, "attack")
    unknown = (_copies(attack, "copies") | _copies(attack, "clear_copies")) - set(COPIES)
    require(not unknown, f"copies {sorted(unknown)} are not known; there are {', '.join(COPIES)}")


def check_options(attack: Any) -> None:
    """Options are keyword arguments with defaults."""
    require_keyword_options(attack)


@comes_first
def check_levels(attack: Attack) -> None:
    """Every quantity is there once a level."""
    found = [(one.level, one.quantity) for one in _measured(attack)]
    expected = {(level, quantity) for level in LEVELS for _, quantity in found}
    require(found, "judge returns nothing")
    require(
        len(found) == len(expected) and set(found) == expected,
        f"levels and quantities are {found}: give each quantity once at each of {LEVELS}",
    )


def check_measurements(attack: Attack) -> None:
    """A measurement has its unit, bound, interval, null, ceiling and verdict."""
    for one in _measured(attack):
        where = f"{one.quantity} at level {one.level}"
        require(
            one.unit in ("share", "bit/image"),
            f"{where}: unit {one.unit!r} is not share or bit/image",
        )
        require(
            one.bound in get_args(Bound),
            f"{where}: bound {one.bound!r} is not one of {get_args(Bound)}",
        )
        require(
            one.verdict in get_args(Verdict),
            f"{where}: verdict {one.verdict!r} is not one of {get_args(Verdict)}",
        )
        require(one.n == IMAGES, f"{where}: n is {one.n}, but there are {IMAGES} images")
        if one.interval is None or one.null is None or one.ceiling is None:
            raise NotConforming(f"{where}: interval, null or ceiling is None")
        require_interval(one, where)
        low, high = one.interval
        require(
            one.value <= one.ceiling, f"{where}: {one.value} is above its ceiling {one.ceiling}"
        )
        is_finite = math.isfinite(one.null.mean) and math.isfinite(one.null.p95)
        require(is_finite, f"{where}: the null is not finite")
        if one.unit == "share":
            in_range = one.ceiling == 1 and 0 <= low <= high <= 1
            require(in_range, f"{where}: a share lies in 0 to 1, and so do interval and ceiling")
        if one.verdict in ("leak", "saturated"):
            require(
                low > one.null.p95, f"{where}: a {one.verdict} though the interval touches the null"
            )


def check_plain_numbers(attack: Attack) -> None:
    """Figures are plain numbers."""
    require_plain_numbers(_measured(attack))


def check_leak(attack: Attack) -> None:
    """The plain image is found; independent and constant vectors are not."""
    found = _measured(attack)
    leaks = [one.verdict in ("leak", "saturated") for one in found if one.level == PLAIN]
    require(any(leaks), "the plain images themselves are no leak in any quantity")
    for one in found:
        # What is exact is of clear parts among themselves: those that differ can be told apart.
        independent = one.level == INDEPENDENT and one.bound != "exact"
        if independent or one.level == CONSTANT:
            what = "independent of the image" if independent else "constant"
            where = f"{one.quantity} of vectors that are {what}"
            require(one.verdict in ("no leak found", "unreliable"), f"{where}: {one.verdict}")


def check_same_seed(attack: Attack) -> None:
    """The same seed gives the same numbers, and the images are left as they are."""
    given, before = whole_images(attack, IMAGES), whole_images(attack, IMAGES)
    again = tuple(attack.judge({"space": given}, seed=1))
    require(again == _measured(attack), "the same images and seed gave other numbers")
    for name in ("plain", "clear"):
        same = np.array_equal(getattr(given, name), getattr(before, name))
        require(same, f"judge writes into the {name} vectors")


def check_few_images(attack: Attack) -> None:
    """Too few images are refused in one line, and four are enough."""
    for count in (1, 2, FEWEST):
        try:
            found = attack.judge({"space": whole_images(attack, count)}, seed=0)
        except ImleakError as error:
            text = str(error)
            require(
                "\n" not in text and "images" in text,
                f"{count} images: {text!r} is no line on images",
            )
            require(count < FEWEST, f"{count} images are refused: {text}")
        else:
            require(
                all(math.isfinite(one.value) for one in found), f"{count} images: no finite value"
            )


def check_shift(attack: Attack) -> None:
    """Vectors that are shifted change nothing."""
    given, shift = whole_images(attack, IMAGES), np.float32(4)
    moved = replace(
        given,
        plain=given.plain + shift,
        clear=given.clear + shift,
        copies={name: of + shift for name, of in given.copies.items()},
        clear_copies={name: of + shift for name, of in given.clear_copies.items()},
        gallery=None if given.gallery is None else given.gallery + shift,
    )
    for one, again in zip(_measured(attack), attack.judge({"space": moved}, seed=1), strict=True):
        where = f"{one.quantity} at level {one.level}"
        same = math.isclose(again.value, one.value, abs_tol=1e-3)
        require(
            same, f"{where}: {one.value:.4g} becomes {again.value:.4g}; centre the vectors first"
        )


def whole_images(attack: Any, n: int) -> WholeImages:
    """One space of random vectors, with the copies and the gallery that an attack asks for."""
    rng = np.random.default_rng(0)
    plain, near, other = rng.standard_normal((3, n, 24)).astype("f4")
    constant = np.full_like(plain, 0.3)
    clear = np.stack([plain, plain + near / 2, other, constant])
    of_copy = np.stack([plain, plain + near / 4, rng.standard_normal((n, 24)), constant])
    return WholeImages(
        levels=LEVELS,
        plain=plain,
        clear=clear,
        groups=np.arange(n),
        copies=dict.fromkeys(_copies(attack, "copies"), plain + near / 4),
        clear_copies=dict.fromkeys(_copies(attack, "clear_copies"), of_copy.astype("f4")),
        gallery=rng.standard_normal((300, 24)).astype("f4")
        if getattr(attack, "takes_gallery", False)
        else None,
        scores=lambda vectors: vectors[:, :12] - vectors[:, 12:],
    )


@once
def _measured(attack: Attack) -> tuple[Measurement, ...]:
    return tuple(attack.judge({"space": whole_images(attack, IMAGES)}, seed=1))


def _copies(attack: Any, which: str) -> set[str]:
    """Names of copies, through whatever encoder."""
    asked = getattr(attack, which, ())
    return set(chain.from_iterable(asked.values()) if isinstance(asked, Mapping) else asked)
