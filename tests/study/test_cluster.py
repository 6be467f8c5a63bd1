from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import cluster_fakes
import pytest

from imleak.interfaces import NotInstalledError
from imleak.machine import cores
from imleak.study import cluster
from imleak.study.cluster import ClusterError, Crew, Here, Lost, Where, crew


@pytest.fixture(scope="module")
def two() -> Iterator[Crew]:
    with crew(Where(workers=2)) as hands:
        yield hands


@pytest.fixture(params=["here", "two workers"])
def any_crew(request: pytest.FixtureRequest) -> Crew:
    return Here() if request.param == "here" else request.getfixturevalue("two")


@pytest.mark.parametrize("count", [0, 1, 300])
def test_every_item_with_its_result(any_crew: Crew, count: int) -> None:
    done = list(any_crew.carry(cluster_fakes.triple, iter(range(count))))
    assert sorted(done) == [(item, 3 * item) for item in range(count)]


def test_many_items_go_in_few_blocks(two: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    submit = type(two.client).submit
    monkeypatch.setattr(
        type(two.client), "submit", lambda *a, **k: sent.append(a[3]) or submit(*a, **k)
    )
    list(two.carry(cluster_fakes.triple, range(5000)))
    assert sum(map(len, sent)) == 5000
    assert len(sent) < 20
    assert max(map(len, sent)) <= cluster.MOST_ITEMS


def test_workers_are_other_processes_and_both_work(two: Crew) -> None:
    assert two.width == 2
    pids = {pid for _, pid in two.carry(cluster_fakes.where_from, range(2000))}
    assert os.getpid() not in pids
    assert len(pids) == 2


def test_threads_do_not_depend_on_who_works(two: Crew) -> None:
    ((_, there),) = two.carry(cluster_fakes.threads, [0], needs=("embedding",))
    ((_, here),) = Here().carry(cluster_fakes.threads, [0], needs=("embedding",))
    assert there[0] == here[0] == 1
    trained = two.carry(cluster_fakes.threads, [0, 1], needs=("training",))
    assert {own for _, (_, own) in trained} == {max(1, cores() // 2)}
    ((_, (_, alone)),) = two.carry(cluster_fakes.threads, [0], needs=("training",))
    assert alone == cores()


def test_only_what_kills_is_lost(two: Crew) -> None:
    done = dict(two.carry(cluster_fakes.die_of_seven, range(12)))
    assert isinstance(done[7], Lost)
    assert "worker died" in done[7].why
    assert {item: done[item] for item in done if item != 7} == {
        item: 3 * item for item in range(12) if item != 7
    }


def test_an_item_that_kills_is_tried_again_in_pieces(two: Crew) -> None:
    items = [[1, 2], [6, 7, 8], [9]]
    done = [
        (item, None if isinstance(result, Lost) else result)
        for item, result in two.carry(cluster_fakes.die_of_seven, items, split=cluster_fakes.apart)
    ]
    assert ([1, 2], 9) in done
    assert (6, 18) in done
    assert (7, None) in done
    assert (8, 24) in done


def test_what_a_worker_cannot_import_is_told(two: Crew) -> None:
    with pytest.raises(ClusterError, match="same versions must be installed there"):
        list(two.carry(cluster_fakes.fail, [1]))


def test_here_an_error_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        list(Here().carry(cluster_fakes.fail, range(5)))


def test_the_share_of_an_item_is_told_where_it_is_known() -> None:
    told = []
    list(Here().carry(cluster_fakes.tell, "ab", beside=1, share=lambda *a: told.append(a)))
    assert told == [("a", 0.5), ("b", 0.5)]


def test_an_interruption_ends_what_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(item: int, share: object) -> int:
        if item == 5:
            raise KeyboardInterrupt
        return item

    items = iter(range(1000))
    with pytest.raises(KeyboardInterrupt):
        list(Here().carry(interrupt, items))
    assert next(items) < 20


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"workers": -1}, "give 0 for this process"),
        ({"workers": 1, "scheduler": "tcp://x:1"}, "one of workers, scheduler and slurm"),
        ({"slurm": {"queue": "x"}}, r"no option 'queue' here; known: partition, account"),
        ({"memory": "1GB"}, "is of local workers"),
    ],
)
def test_places_that_are_none(given: dict[str, object], reason: str) -> None:
    with pytest.raises(ClusterError, match=reason):
        Where(**given)


def test_a_cluster_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with (
        pytest.raises(ClusterError, match="no workers: "),
        crew(Where(scheduler="tcp://127.0.0.1:9")),
    ):
        pass


def test_a_running_cluster_is_used_and_left_running() -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as running:
        for _ in range(2):
            with crew(Where(scheduler=running.scheduler_address)) as hands:
                done = list(hands.carry(cluster_fakes.triple, [2], needs=("embedding", "gpu")))
                assert done == [(2, 6)]
        assert running.status.name == "running"


def test_slurm_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dask_jobqueue.slurm", None)
    with (
        pytest.raises(NotInstalledError, match=r"pip install 'imleak\[slurm\]'"),
        crew(Where(slurm={})),
    ):
        pass


def test_what_a_job_of_slurm_asks_for(tmp_path: Path) -> None:
    options = {"partition": "gpu", "account": "me", "memory": "8GB", "walltime": "02:00:00"}
    with cluster._slurm(options | {"gpus": "2", "processes": "2", "logs": str(tmp_path)}) as jobs:
        script = jobs.job_script()
    for line in (
        "#SBATCH -p gpu",
        "#SBATCH -A me",
        "#SBATCH --cpus-per-task=2",
        "#SBATCH --mem=8G",
        "#SBATCH -t 02:00:00",
        "#SBATCH --gres=gpu:2",
    ):
        assert line in script.splitlines()
    assert "--nworkers 2" in script
    assert script.index("--nthreads 1") > 0


@pytest.mark.parametrize(
    ("name", "seen"), [(0, "3"), (1, "5"), (2, "3"), ("job-1", "3,5")], ids=repr
)
def test_a_gpu_each(monkeypatch: pytest.MonkeyPatch, name: object, seen: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    cluster._one_gpu(name)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == seen


def test_blocks_that_wait_for_a_resource_survive_the_death_of_every_worker(two: Crew) -> None:
    items = list(range(5, 10))
    done = dict(two.carry(cluster_fakes.die_of_seven, items, needs=("embedding",)))
    assert [item for item in items if isinstance(done[item], Lost)] == [7]
