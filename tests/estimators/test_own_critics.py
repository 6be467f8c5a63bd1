"""Statistics networks that the user brings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import imleak
from imleak import plugins
from imleak.estimators.critics.own import OwnCritic, OwnSeparableCritic
from imleak.estimators.infonce import InfoNce
from imleak.estimators.mine import Mine
from imleak.estimators.nwj import Nwj


class Quadratic(torch.nn.Module):
    """A bilinear score: that of a Gaussian pair is among its values."""

    def __init__(self, dx: int, dy: int) -> None:
        super().__init__()
        self.cross = torch.nn.Linear(dx, dy)
        self.squares = torch.nn.Linear(dx + dy, 1)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        squares = self.squares(torch.cat([x, y], -1).square())
        return (self.cross(x) * y).sum(-1) + squares.squeeze(-1)


class TwoSides(torch.nn.Module):
    def __init__(self, dx: int, dy: int) -> None:
        super().__init__()
        self.f, self.g = torch.nn.Linear(dx, 8), torch.nn.Linear(dy, 8)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.f(x), self.g(y)


def sides(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """x (R, P, b, dx) and y (R, L, b, dy) of R = 2, L = 3, P = 2."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 2, 5, 4, generator=generator), torch.randn(
        2, 3, 5, 6, generator=generator
    )


def test_every_member_is_a_network_of_its_own() -> None:
    x, y = sides()
    critic = OwnCritic((2, 3, 2), 4, 6, Quadratic, torch.Generator().manual_seed(1))
    scores = critic.score(*critic.halves(x, y))
    assert scores.shape == (2, 3, 2, 5)
    network = Quadratic(4, 6)
    for r, level, pairing in ((0, 0, 0), (1, 2, 1), (1, 0, 0)):
        weights = {
            name: weight[r, level, pairing].reshape(shape)
            for name, weight, shape in zip(
                critic.network.names, critic.weights, critic.network.shapes, strict=True
            )
        }
        network.load_state_dict(weights)
        torch.testing.assert_close(scores[r, level, pairing], network(x[r, pairing], y[r, level]))
        alone = critic.only(r)
        of_split = alone.score(*alone.halves(x[r : r + 1], y[r : r + 1]))
        torch.testing.assert_close(of_split[0, level, pairing], scores[r, level, pairing])
    first = critic.weights[0]
    assert not torch.equal(first[0, 0, 0], first[0, 1, 0])


def test_projections_of_every_member_have_unit_length() -> None:
    x, y = sides()
    critic = OwnSeparableCritic((2, 3, 2), 4, 6, TwoSides, torch.Generator().manual_seed(1), 0.1)
    px, py = critic.project(x, y)
    assert px.shape == py.shape == (2, 3, 2, 5, 8)
    torch.testing.assert_close(px.norm(dim=-1), torch.ones(2, 3, 2, 5))
    assert critic.score(px, py).shape == (2, 3, 2, 5, 5)


@pytest.fixture(scope="module")
def gaussian() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 2))
    return x, 0.8 * x + 0.6 * rng.standard_normal((400, 2))


TRUTH = -math.log2(1 - 0.8**2)


@pytest.mark.parametrize(
    ("name", "critic", "options"),
    [
        ("nwj", Quadratic, {"steps": 100, "rate": 5e-2}),
        pytest.param("mine", Quadratic, {"epochs": 250, "rate": 3e-2}, marks=pytest.mark.slow),
        pytest.param(
            "infonce",
            TwoSides,
            {"steps": 150, "components": None, "rate": 1e-2},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_estimates_are_below_the_truth_and_repeat(
    gaussian: tuple[np.ndarray, np.ndarray], name: str, critic: Any, options: dict[str, Any]
) -> None:
    given = {"critic": critic, "seeds": 1, "folds": 2, **options}
    found = imleak.estimate(*gaussian, name, **given)
    assert found.estimator == f"{name}-{critic.__name__}"
    assert found.verdict == "leak"
    assert 0.5 * TRUTH < found.value < TRUTH + 0.2
    assert imleak.estimate(*gaussian, name, **given).value == found.value


@pytest.mark.parametrize(
    ("critic", "told"),
    [
        (TwoSides, "network of TwoSides gives a tuple for two rows; .* one score a row"),
        (torch.nn.Linear, r"Linear cannot take x \(n, 2\) and y \(n, 2\)"),
        (lambda dx, dy: 3, "gives a int; give a torch.nn.Module with weights"),
        (lambda dx, dy: torch.nn.ReLU(), "gives a ReLU; give a torch.nn.Module with weights"),
        (lambda dx, dy: torch.nn.BatchNorm1d(dx), "has buffers, such as those of BatchNorm"),
        (object, r"object\(2, 2\) raises TypeError: .*; critic is a function \(dx, dy\)"),
        (lambda dx: Quadratic(dx, 2), "raises TypeError"),
        ("Quadratic", "input should be callable"),
    ],
)
def test_what_is_no_critic_is_refused(
    gaussian: tuple[np.ndarray, np.ndarray], critic: Any, told: str
) -> None:
    with pytest.raises(imleak.ImleakError, match=told):
        imleak.estimate(*gaussian, "mine", critic=critic, seeds=1, folds=2)
    with pytest.raises(imleak.ImleakError, match="two projections"):
        imleak.estimate(*gaussian, "infonce", critic=Quadratic, seeds=1, folds=2)


def test_an_estimator_is_called_after_its_network() -> None:
    one, other = Nwj(critic=Quadratic), InfoNce(critic=TwoSides)
    assert (one.name, other.name) == ("nwj-Quadratic", "infonce-TwoSides")
    assert one.version.startswith(f"{Nwj.version}+")
    assert one.version != Nwj(critic=TwoSides).version
    assert Mine(critic=lambda dx, dy: None).name == "mine-lambda"
    assert (Mine().name, Mine().version) == ("mine", Mine.version)
    with pytest.raises(ValueError, match="canonical brings its own network"):
        Mine(critic=Quadratic, canonical=True)


@pytest.mark.slow
def test_a_study_takes_an_estimator_with_a_network(tmp_path: Path) -> None:
    measure = Nwj(critic=Quadratic, seeds=1, folds=2, steps=5)
    try:
        run = imleak.audit(
            "dead-leaves:9x48x48",
            out=tmp_path / "run",
            encoders="pixels=4,patch=16",
            measures=[measure],
            levels=[0, 4],
            patches=1,
        )
    finally:
        plugins.unregister("nwj-Quadratic")
    assert run.failures["error"].tolist() == []
    assert run.summary["measure"].tolist() == ["nwj-Quadratic"] * 2
