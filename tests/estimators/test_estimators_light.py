"""Estimators and their options are read without anything heavy."""

import inspect
import subprocess
import sys
from typing import get_type_hints

import numpy as np
import pytest

from imleak import plugins

NAMES = sorted(plugins.BUILT_IN["estimator"])
HEAVY = {"torch", "scipy", "sklearn", "pandas", "matplotlib", "transformers"}

MAKE_ALL = """
import inspect, sys
from imleak import plugins
for name in plugins.BUILT_IN["estimator"]:
    kind = plugins.load("estimator", name)
    inspect.signature(kind)
    kind()
    try:
        kind(**{next(iter(inspect.signature(kind).parameters)): object()})
    except ValueError:
        continue
    raise SystemExit(f"{name} takes anything")
print(*{module.partition(".")[0] for module in sys.modules})
"""


def test_no_estimator_needs_torch_to_be_made_or_refused():
    done = subprocess.run(
        [sys.executable, "-c", MAKE_ALL], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_a_type_that_says_what_it_takes(name):
    """Inherited ones too: their names are not known where they are inherited."""
    kind = plugins.load("estimator", name)
    hints = get_type_hints(kind.__init__, include_extras=True)
    assert set(inspect.signature(kind).parameters) <= set(hints)


REFUSED = {
    "folds": (1, 0, 2.5, "many"),
    "seeds": (0, -1),
    "growth": (1, "yes"),
    "precision": ("half", 16),
    "device": (5,),
    "hidden": ((), [0], "wide", 0),
    "components": (0, 1.5),
    "steps": (0, True),
    "epochs": (0,),
    "batch": (0, -3),
    "rate": (0.0, 1.5, float("nan")),
    "decay": (-0.1, 2.0),
    "tau": (0.0,),
    "width": (0,),
    "protocol": ("both",),
    "k": (0,),
    "nulls": (0,),
}


@pytest.mark.parametrize("name", NAMES)
def test_values_that_nothing_can_be_done_with_are_refused_by_name(name):
    kind = plugins.load("estimator", name)
    for option in inspect.signature(kind).parameters:
        for value in REFUSED.get(option, ()):
            with pytest.raises(ValueError, match=f"^{option}=") as caught:
                kind(**{option: value})
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_an_estimator_cannot_be_changed_once_it_is_made(name):
    estimator = plugins.load("estimator", name)()
    for option in inspect.signature(type(estimator)).parameters:
        with pytest.raises(AttributeError):
            setattr(estimator, option, None)


def test_numbers_of_numpy_are_numbers():
    mine = plugins.load("estimator", "mine")(epochs=np.int64(3), rate=np.float32(0.01))
    assert (mine.epochs, mine.rate) == (3, np.float32(0.01))
