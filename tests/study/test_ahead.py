from __future__ import annotations

import threading

import pytest

from imleak.study.ahead import ahead


def test_items_come_in_order_with_what_was_made_of_them() -> None:
    assert [(i, ready.result()) for i, ready in ahead(str, range(50))] == [
        (i, str(i)) for i in range(50)
    ]
    assert list(ahead(str, [])) == []


def test_the_next_is_made_while_the_last_is_used() -> None:
    """Would hang if the second were begun only when it is asked for."""
    begun = threading.Event()

    def prepare(item: int) -> None:
        if item == 1:
            begun.set()

    for item, ready in ahead(prepare, [0, 1]):
        ready.result()
        if item == 0:
            assert begun.wait(10)


@pytest.mark.parametrize("depth", [1, 3])
def test_no_more_than_asked_are_ready(depth: int) -> None:
    made = []
    for used, (_, ready) in enumerate(ahead(made.append, range(20), depth), start=1):
        ready.result()
        assert len(made) <= used + depth


def test_an_error_belongs_to_its_item() -> None:
    ready = [future for _, future in ahead(lambda item: 1 // item, [1, 0, 2])]
    assert ready[0].result() == 1
    with pytest.raises(ZeroDivisionError):
        ready[1].result()
    assert ready[2].result() == 0


def test_who_leaves_early_leaves_nothing_running() -> None:
    for _ in ahead(str, range(100)):
        break
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
