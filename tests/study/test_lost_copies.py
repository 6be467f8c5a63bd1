"""Copies that are too small for a scheme."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.study.components import component
from imleak.study.copies import _smallest, lost_copies

SIDES = st.integers(1, 12)


@given(st.sets(st.tuples(st.sampled_from([1, 3]), SIDES, SIDES, st.sampled_from([8, 12]))))
def test_the_smallest_forms_are_those_that_no_other_fits_into(forms):
    def fits(one, other):
        alike = (one[0], one[3]) == (other[0], other[3])
        return alike and one[1] <= other[1] and one[2] <= other[2]

    expected = [one for one in forms if not any(fits(o, one) for o in forms - {one})]
    assert sorted(_smallest(forms)) == sorted(expected)


@pytest.mark.parametrize(
    ("scheme", "options", "side", "lost"),
    [
        ("bitplanes", {}, 20, set()),
        ("etc", {"block": 64}, 72, {"crop"}),
        ("etc", {"block": 64}, 80, set()),
        ("region", {"rectangle": [30, 30, 60, 60]}, 100, {"crop"}),
        ("region", {"rectangle": [10, 10, 60, 60]}, 100, set()),
    ],
)
@pytest.mark.parametrize("bits", [8, 16])
def test_a_crop_is_lost_where_it_is_too_small(scheme, options, side, lost, bits):
    forms = [(1, side, side, bits), (1, 400, 500, bits)]
    assert lost_copies(component("scheme", scheme, options), (0, 1), forms) == lost
