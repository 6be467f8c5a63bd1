"""What a row says of a failure."""

from __future__ import annotations

import pytest

from imleak.interfaces import ImageError
from imleak.study.execute import reason


@pytest.mark.parametrize(
    ("error", "image", "words"),
    [
        (ImageError("p05.png: is damaged"), "p05.png", "is damaged"),
        (ImageError("p\\n5.png: is damaged"), "p\n5.png", "is damaged"),
        (ImageError("p06.png: is damaged"), "p05.png", "p06.png: is damaged"),
        (ImageError("p05.png: is damaged"), None, "p05.png: is damaged"),
        (ValueError("two\nlines"), "p05.png", "ValueError: two lines"),
    ],
)
def test_the_image_of_a_row_is_named_once(error: Exception, image: str | None, words: str) -> None:
    assert reason(error, image) == words
