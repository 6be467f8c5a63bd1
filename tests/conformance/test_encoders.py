"""Every registered encoder conforms, with every kind of weights it takes."""

import pytest

from imleak import conformance, plugins

GIVEN = {
    "hf": [{"weights": "random:0", "model": "resnet"}],
    "clip": [{"weights": "random:0"}],
    "resnet": [{"weights": "random:0"}],
    "onnx": [{"model": "onnx", "output": "features"}],
    "torch": [{"model": "pt2", "trust": True}],
    "pixels": [{}, {"size": 16}],
    "conv": [{"init": "random"}, {"init": "efficientnet-lite0"}],
}
"""Options of an encoder, where it cannot do without, or can do with."""

SLOW = ("clip", "conv")
"""Encoders whose checks take ten seconds and more."""


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param(name, given, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in sorted(plugins.known("encoder"))
        for given in GIVEN.get(name, [{}])
    ],
)
def test_an_encoder_conforms(name, options, exchanged):
    if "model" in options and name in ("onnx", "torch"):
        options = options | {"model": str(exchanged / f"model.{options['model']}")}
    outcomes = conformance.check("encoder", name, **options)
    assert [outcome for outcome in outcomes if not outcome.passed] == []
    assert len(outcomes) > 3
