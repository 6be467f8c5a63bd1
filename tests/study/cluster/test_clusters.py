from __future__ import annotations

import os
from pathlib import Path

import cluster_fakes
import pytest

from imleak.interfaces import NotInstalledError
from imleak.study.cluster import ClusterError, Where, clusters, executor_of


def test_a_cluster_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "PATIENCE", 0.5)
    with (
        pytest.raises(ClusterError, match="no workers: "),
        executor_of(Where(scheduler="tcp://127.0.0.1:9")),
    ):
        pass


def test_a_running_cluster_is_used_and_left_running() -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as running:
        for _ in range(2):
            with executor_of(Where(scheduler=running.scheduler_address)) as executor:
                done = list(executor.carry(cluster_fakes.triple, [2], needs=("embedding", "gpu")))
                assert done == [(2, 6)]
        assert running.status.name == "running"


def test_slurm_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dask_jobqueue.slurm", None)
    with (
        pytest.raises(NotInstalledError, match=r"pip install 'imleak\[slurm\]'"),
        executor_of(Where(slurm={})),
    ):
        pass


def test_what_a_job_of_slurm_asks_for(tmp_path: Path) -> None:
    options = {"partition": "gpu", "account": "me", "memory": "8GB", "walltime": "02:00:00"}
    with clusters._slurm(options | {"gpus": "2", "processes": "2", "logs": str(tmp_path)}) as jobs:
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
    clusters._one_gpu(name)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == seen
