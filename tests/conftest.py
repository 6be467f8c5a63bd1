from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest
import torch
from safetensors.numpy import save_file
from torch import nn

import small_onnx
from imleak.rebuilders.unwrap import network, training, weights

# Machines are slow, and busy.
hypothesis.settings.register_profile("the same examples", deadline=None, derandomize=True)
hypothesis.settings.register_profile("new examples", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS", "the same examples"))


@pytest.fixture
def drawn() -> None:
    """Asked for by tests that look at the figures of a run, where others do without."""


@pytest.fixture
def without_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws none, which is most of the time of a tiny run."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr("imleak.report.figures.write_figures", lambda *_: [])


@pytest.fixture(scope="session")
def small_network() -> nn.Sequential:
    """(n, 3, 32, 32) pictures to 8 features."""
    torch.manual_seed(0)
    parts = (nn.Conv2d(3, 8, 5, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(*parts).eval().requires_grad_(False)


@pytest.fixture(scope="session")
def exchanged(tmp_path_factory: pytest.TempPathFactory, small_network: nn.Sequential) -> Path:
    """A folder with the small network as model.onnx and model.pt2, and model.json."""
    folder = tmp_path_factory.mktemp("exchanged")
    free = ({0: torch.export.Dim("n")},)
    program = torch.export.export(small_network, (torch.zeros(2, 3, 32, 32),), dynamic_shapes=free)
    torch.export.save(program, folder / "model.pt2")
    weight, bias = (parameter.numpy() for parameter in small_network.parameters())
    small_onnx.write(folder / "model.onnx", weight, bias)
    (folder / "model.json").write_text('{"mean": 127, "std": [64, 60, 50]}')
    return folder


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights of the network that rebuilds images, which say nothing yet."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "network.safetensors"
    state = training.state_of(network.new())
    named = {weights.PREFIX + name: value for name, value in state.items()}
    save_file(named, path, weights.Trained(state, frozenset()).cards)
    return path
