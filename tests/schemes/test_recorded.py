"""What levels of ciphers that somebody else made are called in sentences."""

import pytest

from imleak.schemes.recorded import Recorded


@pytest.mark.parametrize(
    ("labels", "phrases"),
    [
        (("cipher",), ["in the ciphers"]),
        (("tile",), ['in the ciphers "tile"']),
        (("cipher", "b"), ['in the ciphers "cipher"', 'in the ciphers "b"']),
    ],
)
def test_ciphers_are_named_unless_they_are_the_only_ones(labels, phrases):
    assert [level.phrase for level in Recorded(labels).levels(8)[1:]] == phrases
