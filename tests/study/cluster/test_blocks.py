from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import cluster_fakes
import pytest

from imleak.machine import cores
from imleak.study.cluster import (
    ClusterError,
    Executor,
    LocalExecutor,
    Lost,
    Resource,
    Where,
    executor_of,
)
from imleak.study.cluster.blocks import MOST_ITEMS, DaskExecutor

# A worker that dies leaves its connections to the garbage collector of this process.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


@pytest.fixture(scope="module")
def two() -> Iterator[Executor]:
    with executor_of(Where(workers=2)) as executor:
        yield executor


@pytest.fixture(params=["here", "two workers"])
def any_executor(request: pytest.FixtureRequest) -> Executor:
    return LocalExecutor() if request.param == "here" else request.getfixturevalue("two")


@pytest.mark.parametrize("count", [0, 1, 300])
def test_every_item_with_its_result(any_executor: Executor, count: int) -> None:
    done = list(any_executor.carry(cluster_fakes.triple, iter(range(count))))
    assert sorted(done) == [(item, 3 * item) for item in range(count)]


@pytest.fixture
def sent(two: Executor, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Blocks, as they are sent to workers."""
    blocks: list[list[int]] = []
    submit = type(two.client).submit
    monkeypatch.setattr(
        type(two.client), "submit", lambda *a, **k: blocks.append(a[3]) or submit(*a, **k)
    )
    return blocks


def test_many_items_go_in_few_blocks(two: Executor, sent: list[list[int]]) -> None:
    list(two.carry(cluster_fakes.triple, range(5000)))
    assert sum(map(len, sent)) == 5000
    assert len(sent) < 20
    assert max(map(len, sent)) <= MOST_ITEMS


@pytest.mark.parametrize(("needs", "at_hand"), [((), 2), (("training",), 1)])
def test_only_what_needs_nothing_waits_behind_another(
    two: Executor, sent: list[list[int]], needs: tuple[Resource, ...], at_hand: int
) -> None:
    done = two.carry(cluster_fakes.triple, iter(range(50)), needs=needs)
    next(done)
    assert len(sent) == 2 * at_hand + 1, "and one in place of that which was finished"
    assert len(list(done)) == 49


def test_workers_are_other_processes_and_both_work(two: Executor) -> None:
    assert two.width == 2
    pids = {pid for _, pid in two.carry(cluster_fakes.where_from, range(2000))}
    assert os.getpid() not in pids
    assert len(pids) == 2


def test_threads_do_not_depend_on_who_works(two: Executor) -> None:
    ((_, there),) = two.carry(cluster_fakes.threads, [0], needs=("embedding",))
    ((_, here),) = LocalExecutor().carry(cluster_fakes.threads, [0], needs=("embedding",))
    assert there[0] == here[0] == 1
    trained = two.carry(cluster_fakes.threads, [0, 1], needs=("training",))
    assert {own for _, (_, own) in trained} == {max(1, cores() // 2)}
    ((_, (_, alone)),) = two.carry(cluster_fakes.threads, [0], needs=("training",))
    assert alone == cores()


def test_only_what_kills_is_lost(two: Executor) -> None:
    done = dict(two.carry(cluster_fakes.die_of_seven, range(12)))
    assert isinstance(done[7], Lost)
    assert "worker died" in done[7].why
    assert {item: done[item] for item in done if item != 7} == {
        item: 3 * item for item in range(12) if item != 7
    }


def test_an_item_that_kills_is_tried_again_in_pieces(two: Executor) -> None:
    items = [[1, 2], [6, 7, 8], [9]]
    done = [
        (item, None if isinstance(result, Lost) else result)
        for item, result in two.carry(cluster_fakes.die_of_seven, items, split=cluster_fakes.apart)
    ]
    assert ([1, 2], 9) in done
    assert (6, 18) in done
    assert (7, None) in done
    assert (8, 24) in done


def test_what_a_worker_cannot_import_is_told(two: Executor) -> None:
    with pytest.raises(ClusterError, match="same versions must be installed there"):
        list(two.carry(cluster_fakes.fail, [1]))


@pytest.mark.slow
def test_blocks_that_wait_for_a_resource_survive_the_death_of_every_worker(two: Executor) -> None:
    items = list(range(5, 10))
    done = dict(two.carry(cluster_fakes.die_of_seven, items, needs=("embedding",)))
    assert [item for item in items if isinstance(done[item], Lost)] == [7]


def test_no_page_is_served(two: DaskExecutor) -> None:
    """Neither dashboard nor logs, and nothing beyond the loopback interface."""
    client = two.client
    scheduler = client.cluster.scheduler
    ports = client.run(lambda dask_worker: dask_worker.http_server.port)
    pages = ("", "health", "metrics", "status", "info/main/workers.html", "json/counts.json")
    for port in (scheduler.http_server.port, *ports.values()):
        for page in pages:
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10)
    addresses = [scheduler.address, *scheduler.workers]
    assert all(address.startswith("tls://127.0.0.1:") for address in addresses)
