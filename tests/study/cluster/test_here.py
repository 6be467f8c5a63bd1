from __future__ import annotations

import cluster_fakes
import pytest

from imleak.study.cluster import LocalExecutor


def test_here_an_error_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        list(LocalExecutor().carry(cluster_fakes.fail, range(5)))


def test_the_share_of_an_item_is_told_where_it_is_known() -> None:
    told = []
    list(LocalExecutor().carry(cluster_fakes.tell, "ab", beside=1, share=lambda *a: told.append(a)))
    assert told == [("a", 0.5), ("b", 0.5)]


def test_an_interruption_ends_what_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(item: int, share: object) -> int:
        if item == 5:
            raise KeyboardInterrupt
        return item

    items = iter(range(1000))
    with pytest.raises(KeyboardInterrupt):
        list(LocalExecutor().carry(interrupt, items))
    assert next(items) < 20
