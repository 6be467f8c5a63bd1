"""What every attack must do, whoever wrote it: run over all known names.

An attack sees vectors of whole images. Their levels are the plain image, something near it,
independence, and a constant.
"""

import inspect
import math
from dataclasses import fields, replace
from functools import cache
from itertools import chain
from typing import get_args

import numpy as np
import pytest

from imleak import plugins
from imleak.images import COPIES
from imleak.interfaces import Attack, Bound, ImleakError, Measurement, Verdict, WholeImages

NAMES = sorted(plugins.known("attack"))
PLAIN, NEAR, INDEPENDENT, CONSTANT = LEVELS = (0, 3, 6, 8)
each = pytest.mark.parametrize("name", NAMES)


def whole_images(attack, n, seed=0, d=24):
    """One space, with the copies and the gallery that an attack asks for."""
    rng = np.random.default_rng(seed)
    plain, near, other = rng.standard_normal((3, n, d)).astype("f4")
    constant = np.full_like(plain, 0.3)
    clear = np.stack([plain, plain + near / 2, other, constant])
    of_copy = np.stack([plain, plain + near / 4, rng.standard_normal((n, d)), constant])
    return WholeImages(
        levels=LEVELS,
        plain=plain,
        clear=clear,
        groups=np.arange(n),
        copies=dict.fromkeys(copies_of(attack, "copies"), plain + near / 4),
        clear_copies=dict.fromkeys(copies_of(attack, "clear_copies"), of_copy.astype("f4")),
        gallery=rng.standard_normal((300, d)).astype("f4")
        if getattr(attack, "takes_gallery", False)
        else None,
        scores=lambda vectors: vectors[:, :12] - vectors[:, 12:],
    )


def copies_of(attack, which):
    """Names of copies, through whatever encoder."""
    asked = getattr(attack, which, ())
    return set(chain.from_iterable(asked.values())) if isinstance(asked, dict) else set(asked)


@cache
def measured(name):
    attack = plugins.load("attack", name)()
    found = attack.judge({"space": whole_images(attack, 40)}, seed=1)
    return tuple(found)


@pytest.fixture
def found(name):
    return measured(name)


@each
def test_is_an_attack_under_its_name(name):
    attack = plugins.load("attack", name)()
    assert isinstance(attack, Attack)
    assert attack.name == name
    assert attack.version
    assert copies_of(attack, "copies") | copies_of(attack, "clear_copies") <= set(COPIES)


@each
def test_options_are_keywords_with_defaults(name):
    options = inspect.signature(plugins.load("attack", name)).parameters.values()
    assert all(option.kind is option.KEYWORD_ONLY for option in options)
    assert all(option.default is not option.empty for option in options)


@each
def test_every_quantity_is_there_once_a_level(found):
    said = [(one.level, one.quantity) for one in found]
    assert len(said) == len(set(said))
    quantities = {quantity for _, quantity in said}
    assert set(said) == {(level, quantity) for level in LEVELS for quantity in quantities}


@each
def test_a_measurement_is_whole(found):
    for one in found:
        assert isinstance(one, Measurement)
        assert one.unit in ("share", "bit/image")
        assert one.bound in get_args(Bound)
        assert one.verdict in get_args(Verdict)
        assert one.n == 40
        low, high = one.interval
        assert low <= one.value + 1e-9
        assert one.value <= high + 1e-9
        assert one.value <= one.ceiling
        assert math.isfinite(one.null.mean)
        assert math.isfinite(one.null.p95)
        if one.unit == "share":
            assert one.ceiling == 1
            assert 0 <= low <= high <= 1
        if one.verdict in ("leak", "saturated"):
            assert low > one.null.p95


@each
def test_figures_are_plain_numbers(found):
    """So that a row can be written whatever made it."""
    for one in found:
        for field in fields(one):
            value = getattr(one, field.name)
            values = value if isinstance(value, tuple) else [value]
            assert not any(isinstance(v, np.generic | np.ndarray) for v in values), field.name


@each
def test_the_plain_image_is_found_and_independence_is_not(found):
    assert any(one.verdict in ("leak", "saturated") for one in found if one.level == PLAIN)
    for one in found:
        # What is exact is of clear parts among themselves: those that differ can be told apart.
        independent = one.level == INDEPENDENT and one.bound != "exact"
        if independent or one.level == CONSTANT:
            assert one.verdict in ("no leak found", "unreliable")


@each
def test_the_same_seed_says_the_same_and_leaves_its_images_as_they_are(name, found):
    attack = plugins.load("attack", name)()
    given, before = whole_images(attack, 40), whole_images(attack, 40)
    assert tuple(attack.judge({"space": given}, seed=1)) == found
    np.testing.assert_array_equal(given.plain, before.plain)
    np.testing.assert_array_equal(given.clear, before.clear)


@each
@pytest.mark.parametrize("count", [1, 2, 4])
def test_too_few_images_are_refused_in_one_line(name, count):
    attack = plugins.load("attack", name)()
    try:
        found = attack.judge({"space": whole_images(attack, count)}, seed=0)
    except ImleakError as error:
        assert "\n" not in str(error)  # noqa: PT017
        assert "images" in str(error)  # noqa: PT017
        assert count < 4
    else:
        assert all(math.isfinite(one.value) for one in found)


@each
def test_a_column_that_is_shifted_changes_nothing(name, found):
    attack = plugins.load("attack", name)()
    given = whole_images(attack, 40)
    shift = np.float32(4)
    moved = replace(
        given,
        plain=given.plain + shift,
        clear=given.clear + shift,
        copies={copy: of + shift for copy, of in given.copies.items()},
        clear_copies={copy: of + shift for copy, of in given.clear_copies.items()},
        gallery=None if given.gallery is None else given.gallery + shift,
    )
    for one, again in zip(found, attack.judge({"space": moved}, seed=1), strict=True):
        assert again.value == pytest.approx(one.value, abs=1e-3)
