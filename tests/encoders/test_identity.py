"""Vectors that are equal where images are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from imleak.encoders.identity import Identity

images = arrays(
    np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=4).map(lambda s: (1, *s[1:]))
)


def vector(image, bits=8):
    return Identity().encode(image[None], bits)[0]


@given(images, st.data())
def test_one_changed_sample_changes_the_vector(image, data):
    changed = image.copy()
    at = data.draw(st.integers(0, image.size - 1))
    changed.flat[at] ^= data.draw(st.integers(1, 255))
    assert not np.array_equal(vector(image), vector(changed))
    np.testing.assert_array_equal(vector(image), vector(image.copy()))


@given(images, images)
def test_vectors_are_equal_only_where_images_are(one, other):
    one_value = np.ptp(one) == np.ptp(other) == 0 and one.flat[0] == other.flat[0]
    same = np.array_equal(one, other) or one_value
    assert np.array_equal(vector(one), vector(other)) == same


def test_nothing_left_is_the_same_whatever_the_size_and_depth():
    shapes = [(1, 1, 1), (1, 5, 9), (3, 20, 30)]
    vectors = [vector(np.zeros(shape, kind)) for shape in shapes for kind in (np.uint8, np.uint16)]
    np.testing.assert_array_equal(vectors, [vectors[0]] * len(vectors))


def test_words_are_whole_and_fit_into_single_precision():
    words = vector(np.arange(12, dtype=np.uint8).reshape(1, 3, 4))
    assert ((words >= 0) & (words <= 65535) & (words == words.round())).all()
    assert len(np.unique(words)) > 8
