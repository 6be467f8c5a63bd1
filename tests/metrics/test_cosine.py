import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity as sklearn_cosine

from imleak.interfaces import ImleakError
from imleak.metrics.cosine import Cosine, cosine_similarity

numbers = st.floats(-1e3, 1e3).map(lambda number: round(number, 3))
vectors = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20)


@given(vectors)
def test_is_that_of_sklearn(pairs):
    u, v = np.array(pairs).T
    assert cosine_similarity(u, v) == pytest.approx(sklearn_cosine([u], [v])[0, 0], abs=1e-9)
    assert -1 <= cosine_similarity(u, v) <= 1


@pytest.mark.parametrize(
    ("plain", "clear", "expected"),
    [
        ([1, 2, 3], [2, 4, 6], 1),
        ([1, 2, 3], [-1, -2, -3], -1),
        ([1, 0], [0, 5], 0),
        ([1, 0], [1, 1], np.sqrt(0.5)),
        ([0, 0], [1, 1], 0),
        ([0, 0], [0, 0], 0),
    ],
)
def test_known_angles(observe_features, plain, clear, expected):
    (one,) = Cosine().measure(observe_features(plain, clear))
    assert one.value == pytest.approx(expected, abs=1e-12)
    assert (one.level, one.part, one.ceiling) == (1, "clear", 1.0)


def test_pixels_have_no_features(observe_bitplanes, textured):
    with pytest.raises(ImleakError, match="efficientnet-lite0"):
        Cosine().measure(observe_bitplanes(textured()))
