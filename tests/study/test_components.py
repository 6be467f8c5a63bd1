from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak import plugins
from imleak.interfaces import ImleakError, NotInstalledError
from imleak.study.components import (
    OptionError,
    accepted,
    canonical,
    component,
    has_features,
    measure_kind,
    space,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_one_spelling_whatever_the_order(value: dict[str, object]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_a_component_says_what_it_is() -> None:
    rows = component("estimator", "rows", {"epochs": 3})
    assert (rows.version, rows.options, rows.digest) == ("1", '{"epochs":3}', "")
    assert rows.build().epochs == 3
    assert rows.build() is rows.build()
    assert component("encoder", "corners", {}).digest == "0" * 64


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"epoch": 3},
            "twofold has no option 'epoch'; did you mean 'epochs'? Its options: "
            "protocol, epochs, folds",
        ),
        ({"protocol": "guess"}, "no protocol 'guess'"),
    ],
)
def test_options_are_tried(options: dict[str, object], told: str) -> None:
    with pytest.raises(ImleakError) as error:
        component("estimator", "twofold", options)
    assert str(error.value) == told


def test_a_value_of_the_wrong_type_is_our_error() -> None:
    with pytest.raises(OptionError, match="histogram refuses"):
        component("metric", "histogram", {"permutations": "many"})


def test_a_component_without_options() -> None:
    assert accepted("metric", "likeness") == ()
    with pytest.raises(OptionError, match="its options: none"):
        component("metric", "likeness", {"a": 1})


def test_what_a_measure_is_and_where_it_runs() -> None:
    assert (measure_kind("likeness"), measure_kind("rows")) == ("metric", "estimator")
    assert space(component("metric", "likeness", {})) == "features"
    assert space(component("estimator", "rows", {})) is None
    assert has_features(component("encoder", "corners", {}))
    assert not has_features(component("encoder", "pixels", {}))


def test_what_is_recorded_of_a_component() -> None:
    trained = component("estimator", "nwj", {"precision": "fp32"})
    assert trained.facts == {"device": "cpu", "precision": "fp32"}
    assert component("metric", "likeness", {}).facts == {}


def test_a_plugin_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plugins.BUILT_IN["metric"], "gone", "no_such_module:Gone")
    plugins.known.cache_clear()
    with pytest.raises(NotInstalledError, match="gone cannot be loaded: No module named"):
        component("metric", "gone", {})


def test_two_packages_cannot_mean_two_things_by_one_measure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(group: str) -> list[EntryPoint]:
        if group in ("imleak.metrics", "imleak.estimators"):
            return [EntryPoint("new", f"{group}:Thing", group)]
        return []

    monkeypatch.setattr(plugins, "entry_points", find)
    plugins.known.cache_clear()
    with pytest.raises(plugins.NameCollisionError, match="measure 'new' is a metric of"):
        measure_kind("new")


def test_the_precision_of_an_estimator_is_part_of_its_key() -> None:
    exact = component("estimator", "infonce", {"precision": "fp32"})
    assert exact.digest == "fp32"
    chosen = component("estimator", "infonce", {})
    assert chosen.digest in ("fp32", "bf16")
    assert component("metric", "psnr", {}).digest == ""
