"""Every registered rebuilder conforms."""

from dataclasses import replace

import numpy as np
import pytest

from imleak import plugins
from imleak.conformance import check as outcomes_of
from imleak.interfaces import Rebuilt
from imleak.rebuilders.inpaint import Inpaint


@pytest.mark.parametrize("name", sorted(plugins.known("rebuilder")))
def test_a_rebuilder_conforms(name, untrained):
    options = {"weights": untrained} if name == "wraps" else {}
    outcomes = outcomes_of("rebuilder", name, **options)
    assert [outcome for outcome in outcomes if not outcome.passed] == []
    assert len(outcomes) > 3


class Changed(Inpaint):
    """Inpaint, with something wrong."""

    def __init__(self, change):
        self.change = change

    def rebuild(self, exposure, scheme, level):
        return self.change(super().rebuild(exposure, scheme, level), exposure)


def darker(rebuilt: Rebuilt, exposure):
    return replace(rebuilt, samples=rebuilt.samples // 2)


def surer(rebuilt: Rebuilt, exposure):
    return replace(rebuilt, confidence=rebuilt.confidence * 2)


def writes(rebuilt: Rebuilt, exposure):
    exposure.symbols["samples"][...] = 0
    return rebuilt


def random(rebuilt: Rebuilt, exposure):
    drawn = np.random.default_rng().random(rebuilt.samples.shape)
    return replace(rebuilt, confidence=drawn.astype(np.float32))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (darker, "keep what is in the clear"),
        (surer, "no probability"),
        (writes, "write nothing"),
        (random, "confidence is another"),
    ],
)
def test_a_broken_rebuilder_is_told_what_is_wrong(change, why):
    said = [outcome.why for outcome in outcomes_of("rebuilder", Changed(change))]
    assert any(why in words for words in said)


def test_one_that_rebuilds_nothing_is_told(monkeypatch):
    monkeypatch.setattr(Inpaint, "rebuilds", lambda *_: False)
    said = {outcome.what: outcome.why for outcome in outcomes_of("rebuilder", Inpaint())}
    assert "says no to every level" in said["It rebuilds something of what is known here"]
