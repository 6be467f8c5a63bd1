"""Every name of the registry, and what other packages may add to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from typing import get_args

import pytest

from imleak import plugins
from imleak.interfaces import ImleakError

EVERY = [(kind, name) for kind, names in plugins.BUILT_IN.items() for name in names]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Pretend that other packages are installed, with these entry points."""

    def install(*points: EntryPoint) -> None:
        def find(group: str) -> list[EntryPoint]:
            return [point for point in points if point.group == group]

        monkeypatch.setattr(plugins, "entry_points", find)
        plugins.known.cache_clear()

    yield install
    plugins.known.cache_clear()


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_name_leads_to_what_it_says(kind: plugins.Kind, name: str) -> None:
    loaded = plugins.load(kind, name)
    assert loaded.name == name
    assert loaded.version
    assert (loaded.__doc__ or "").strip()
    try:
        built = loaded()
    except ImleakError as error:  # of what comes without weights: how to give them
        told = str(error)
    else:
        told = ""
        assert isinstance(built, plugins.PROTOCOLS[kind])
    assert not told or f"{name}=" in told


def test_there_is_a_protocol_for_every_kind() -> None:
    assert set(get_args(plugins.Kind)) == set(plugins.BUILT_IN) == set(plugins.PROTOCOLS)


def test_measures_share_one_name_space() -> None:
    names = [name for kind in plugins.MEASURES for name in plugins.BUILT_IN[kind]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", get_args(plugins.Kind))
def test_an_unknown_name_says_where_the_known_ones_are(kind: plugins.Kind) -> None:
    with pytest.raises(plugins.UnknownNameError) as error:
        plugins.load(kind, "no such thing")
    assert str(error.value) == f"unknown {kind} 'no such thing'; imleak list shows all"


def test_a_near_miss_is_named() -> None:
    with pytest.raises(plugins.UnknownNameError, match="did you mean 'histogram'"):
        plugins.load("metric", "histgram")


@pytest.mark.parametrize("kind", get_args(plugins.Kind))
def test_another_package_can_add_a_plugin(
    kind: plugins.Kind, installed: Callable[..., None]
) -> None:
    installed(EntryPoint("added", "collections:OrderedDict", f"imleak.{kind}s"))
    assert plugins.load(kind, "added").__name__ == "OrderedDict"
    assert set(plugins.BUILT_IN[kind]) < set(plugins.known(kind))


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("scheme", "bitplanes"),
        ("encoder", "pixels"),
        ("metric", "histogram"),
        ("metric", "mine"),
        ("estimator", "histogram"),
    ],
)
def test_a_taken_name_is_refused(
    group: plugins.Kind, name: str, installed: Callable[..., None]
) -> None:
    installed(EntryPoint(name, "other:Thing", f"imleak.{group}s"))
    with pytest.raises(plugins.NameCollisionError, match="of other:Thing collides with imleak"):
        plugins.known(group)


def test_two_packages_cannot_add_one_name(installed: Callable[..., None]) -> None:
    points = [EntryPoint("new", f"{package}:Thing", "imleak.metrics") for package in "ab"]
    installed(*points)
    with pytest.raises(plugins.NameCollisionError, match="of b:Thing collides with a:Thing"):
        plugins.known("metric")
