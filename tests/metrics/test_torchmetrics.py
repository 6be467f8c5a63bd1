"""Metrics of torchmetrics give the numbers of a study."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
import torch
from observations import bitplanes
from torchmetrics import MetricCollection

from imleak.attacks.match import Match as MatchAttack
from imleak.interfaces import ImleakError, NotInstalledError, WholeImages
from imleak.metrics.histogram import Histogram as StudyHistogram
from imleak.torchmetrics import Histogram, Match


@pytest.mark.parametrize("shape", [(1, 30, 40), (3, 20, 9)])
def test_histogram_is_that_of_a_study_whatever_the_batches(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).binomial(255, 0.4, (5, *shape)).astype(np.uint8)
    plain, metric = torch.from_numpy(images), Histogram()
    for batch in plain.split(2):
        metric.update(batch << 3, batch)
    of_study = [
        StudyHistogram().measure(bitplanes(image, levels=[3], scaled=True))[0] for image in images
    ]
    assert {one.bound for one in of_study} == {"exact"}
    assert float(metric.compute()) == pytest.approx(np.mean([one.value for one in of_study]))


def test_histogram_of_what_has_nothing_in_common_is_its_bias() -> None:
    x, y = torch.randint(0, 4, (2, 1, 1, 300, 300), generator=torch.Generator().manual_seed(0))
    assert 0 < float(Histogram()(x, y)) < 4 * 9 / (2 * x.numel() * np.log(2))
    assert float(Histogram()(x, x)) == pytest.approx(2, abs=1e-4)


def test_match_is_that_of_a_study() -> None:
    rng = np.random.default_rng(0)
    plain = rng.standard_normal((40, 16)).astype(np.float32)
    clear = plain + 2 * rng.standard_normal((40, 16)).astype(np.float32)
    space = WholeImages((1,), plain, clear[None], np.arange(40))
    expected = {one.quantity: one.value for one in MatchAttack().judge({"vectors": space}, seed=3)}
    metric = MetricCollection({"match": Match(seed=3)})
    for x, y in zip(
        torch.from_numpy(plain).split(7), torch.from_numpy(clear).split(7), strict=True
    ):
        metric.update(y, x)
    found = metric.compute()
    assert {name: float(value) for name, value in found.items()} == pytest.approx(expected)
    assert 0.1 < float(found["rank-1"]) < 1


def test_without_torchmetrics_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    monkeypatch.delitem(sys.modules, "imleak.torchmetrics")
    with pytest.raises(NotInstalledError, match=r"pip install 'imleak\[torchmetrics\]'"):
        importlib.import_module("imleak.torchmetrics")


def test_what_is_no_pair_is_refused() -> None:
    samples, vectors = torch.zeros((1, 1, 4, 4), dtype=torch.uint8), torch.zeros(3, 2)
    with pytest.raises(ImleakError, match="two tensors of one shape"):
        Histogram().update(samples, samples[..., :3])
    with pytest.raises(ImleakError, match="samples are integers"):
        Histogram().update(samples, samples.float())
    with pytest.raises(ImleakError, match="two tensors of one shape"):
        Match().update(vectors, vectors[:2])
    metric = Match()
    metric.update(vectors, vectors)
    with pytest.raises(ImleakError, match="needs 4 images"):
        metric.compute()
