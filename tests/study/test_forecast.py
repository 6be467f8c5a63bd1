from __future__ import annotations

import pytest

from imleak.study.forecast import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "a few seconds"),
        (44, "about 40 seconds"),
        (100, "about 2 minutes"),
        (3000, "about 50 minutes"),
        (9000, "about 2.5 hours"),
    ],
)
def test_time_as_people_say_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
