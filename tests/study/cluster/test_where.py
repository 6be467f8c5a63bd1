from __future__ import annotations

import pytest

from imleak.study.cluster import ClusterError, Where


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
