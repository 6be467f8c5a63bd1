"""Absurd values of options: refused at once, in one line, before anything is allocated."""

from __future__ import annotations

import math
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imleak
from imleak import plugins
from imleak.interfaces import ImleakError, Measurement
from imleak.study import SpecError, StudySpec, Where
from imleak.study.cluster import ClusterError
from imleak.study.components import OptionError, accepted, component
from imleak.study.fields import parse_levels
from imleak.study.limits import LARGEST, LARGEST_SEED, MOST_LEVELS, shown

pytestmark = pytest.mark.usefixtures("without_figures")

FIELDS = ("largest", "limit", "max_pixels", "patches", "max_samples", "epochs", "seeds", "folds")

KINDS: tuple[plugins.Kind, ...] = ("scheme", "encoder", "metric", "estimator", "attack")
OURS = {
    kind: sorted(name for name, place in plugins.BUILT_IN[kind].items() if "imleak." in place)
    for kind in KINDS
}

numbers = st.integers(2**63, 10**30) | st.integers(-(10**30), -1)


def study(**fields: Any) -> StudySpec:
    return StudySpec.of(**({"sources": "x", "measures": "mine"} | fields))


@pytest.mark.parametrize("field", FIELDS)
def test_the_largest_number_is_taken_and_one_more_refused_with_it(field: str) -> None:
    assert getattr(study(**{field: LARGEST[field]}), field) == LARGEST[field]
    with pytest.raises(SpecError, match=f"^{field}: .* {LARGEST[field]},"):
        study(**{field: LARGEST[field] + 1})


def test_seeds_of_63_bits() -> None:
    assert study(seed=LARGEST_SEED).seed == 2**63 - 1
    for seed in (-1, 2**63, 10**20, "1" * 20):
        with pytest.raises(SpecError, match=r"^seed: "):
            study(seed=seed)


@pytest.mark.parametrize("levels", ["0-100000000", "1001", "5-9999999999999999999", [10**9], 10**9])
def test_levels_above_all_there_can_be(levels: Any) -> None:
    with pytest.raises(SpecError, match=f"^levels.* {MOST_LEVELS}"):
        study(levels=levels)


def test_levels_given_often_are_one() -> None:
    assert study(levels=",".join(["0-8"] * 10_000)).levels == tuple(range(9))
    assert study(levels="0000000002").levels == (2,)


@given(st.text(st.sampled_from("0123456789-, "), max_size=60))
def test_any_text_of_levels_is_few_levels_or_refused(text: str) -> None:
    try:
        found = parse_levels(text)
    except ValueError as error:
        assert len(str(error)) < 200  # noqa: PT017
    else:
        assert isinstance(found, tuple)
        assert set(found) <= set(range(MOST_LEVELS + 1))


def of_a_field(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from([*FIELDS, "seed", "bits", "levels"]))
    value = data.draw(numbers)
    with pytest.raises(SpecError, match=field) as caught:
        study(**{field: value})
    assert len(str(caught.value)) < 400


def of_a_component(data: st.DataObject) -> None:
    """Whatever number stands for an option of anything there is."""
    kind = data.draw(st.sampled_from(KINDS))
    name = data.draw(st.sampled_from(OURS[kind]))
    options = accepted(kind, name)
    if not options:
        return
    option = data.draw(st.sampled_from(options))
    number = data.draw(st.integers(10**13, 10**30) | st.floats(1e13) | st.just(math.nan))
    value = data.draw(st.sampled_from([number, [number], {"a": [number]}]))
    with pytest.raises(ImleakError) as caught:
        component(kind, name, {option: value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


small = (
    st.integers(-3, 3)
    | st.floats(-2, 2)
    | st.lists(st.integers(-2, 3), max_size=3)
    | st.sampled_from(["cpu", "cuda:99", "mps", "", None, True, {}])
    | st.sampled_from([types, object(), object, {1, 2}, b"x", 10**5000, ...])
)


def one_line(error: ImleakError) -> bool:
    return "\n" not in str(error) and len(str(error)) < 400


def of_any_type(data: st.DataObject) -> None:
    """Any value for any option of anything there is: taken, or refused in one line."""
    kind = data.draw(st.sampled_from(KINDS))
    name = data.draw(st.sampled_from([name for name in OURS[kind] if accepted(kind, name)]))
    option, value = data.draw(st.sampled_from(accepted(kind, name))), data.draw(json_values | small)
    try:
        component(kind, name, {option: value})
    except ImleakError as error:
        assert one_line(error)  # noqa: PT017
        if kind in plugins.MEASURES:
            with pytest.raises(SpecError, match=r"measures: "):
                study(measures={"name": name, option: value})


CHEAP: dict[str, dict[str, Any]] = {
    "mine": {"epochs": 1, "seeds": 1, "folds": 2},
    "ksg": {"nulls": 1},
    "tabular-mine": {"epochs": 1},
} | {name: {"steps": 1, "seeds": 1, "folds": 2} for name in ("nwj", "smile", "infonce")}


def of_an_estimate(data: st.DataObject) -> None:
    """What an estimator takes, it can work with: what it cannot is refused before."""
    name = data.draw(st.sampled_from(sorted(CHEAP)))
    options = sorted(set(accepted("estimator", name)) - {"growth", "sensitivity"})
    option, value = data.draw(st.sampled_from(options)), data.draw(small)
    x = np.arange(24) % 4
    try:
        found = imleak.estimate(x, x // 2, name, np.arange(24), **CHEAP[name] | {option: value})
    except ImleakError as error:
        assert one_line(error)  # noqa: PT017
    else:
        assert isinstance(found, Measurement)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_absurd_numbers(data: st.DataObject) -> None:
    of_a_field(data)
    of_a_component(data)
    of_any_type(data)
    of_an_estimate(data)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=2000, deadline=None)
def test_many_absurd_numbers(data: st.DataObject) -> None:
    of_a_field(data)
    of_a_component(data)
    of_any_type(data)
    of_an_estimate(data)


def test_absurd_numbers_allocate_nothing(tmp_path: Path) -> None:
    """With 64 MB above what the command needs to start."""
    code = """
import resource, sys
from typer.testing import CliRunner
from imleak.cli import app
command = ["audit", "dead-leaves:1x8x8", "-o", sys.argv[1], "--measure", "psnr"]
CliRunner().invoke(app, [*command, "--levels", "x"])
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + (64 << 20),) * 2)
for words in (["--levels", "0-100000000"], ["--patches", "1" * 20], ["--workers", "1000000"]):
    result = CliRunner().invoke(app, [*command, *words])
    print(result.exit_code, result.stderr.count("\\n"), result.stderr[:8])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "o")], capture_output=True, text=True
    )
    assert done.stdout == "2 1 imleak: \n" * 3, done.stderr
    assert not (tmp_path / "o").exists()


def test_workers_are_bounded_by_the_cores_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imleak.study.cluster.where.cores", lambda: 2)
    assert Where(32).workers == 32
    for count in (-1, 33, 10**6, 10**5000):
        with pytest.raises(ClusterError, match="up to 32, 16 for each core"):
            Where(count)


@pytest.mark.parametrize("jobs", ["0", "-1", "x", "1e3", "100000", "٣"])
def test_counts_of_slurm(jobs: str) -> None:
    assert Where(slurm={"jobs": "99999"}).slurm
    with pytest.raises(ClusterError, match="give a number of 1 to 99999"):
        Where(slurm={"jobs": jobs})


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        ("pixels=16:patch=96", "pixels refuses size='16:patch=96': input should be a valid int"),
        ("pixels=true", "pixels refuses size=True"),
        ("pixels=1.5", "pixels refuses size=1.5"),
        ("pixels=" + "[" * 100_000, "pixels refuses size='[[["),
        ("pixels=1e400", "pixels: an option is no text, number or list"),
    ],
)
def test_a_value_of_another_type(encoder: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        study(encoders=encoder, measures="cosine")
    assert f"encoders: {told}" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "value",
    [types, object(), object, {1, 2}, b"x", math.nan, 10**5000, "abc", [[[]]], {"a": 1}],
    ids=lambda value: type(value).__name__,
)
def test_values_that_python_can_give(value: Any) -> None:
    with pytest.raises(OptionError, match=r"^mine") as caught:
        imleak.estimate([1.0, 2.0], [1.0, 2.0], "mine", hidden=value)
    assert one_line(caught.value)
    with pytest.raises(SpecError, match=r"measures: "):
        study(measures={"name": "mine", "hidden": value})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("mine:hidden=[-1]", "hidden=[-1]: input should be greater than or equal to 1"),
        ("mine:hidden=[]", "hidden=[]: value should have at least 1 item"),
        ("mine:rate=-1", "rate=-1: input should be greater than 0"),
        ("mine:epochs=0", "epochs=0: input should be greater than or equal to 1"),
        ("nwj:decay=5", "decay=5: input should be less than or equal to 1"),
        ("infonce:width=0", "width=0: input should be greater than or equal to 1"),
        ("smile:tau=0", "tau=0: input should be greater than 0"),
        ("tabular-mine:batch=0", "batch=0: input should be greater than or equal to 1"),
        ("mine:device=cuda:99", "device 'cuda:99' is not there; device='cpu' always is"),
    ],
)
def test_a_number_that_nothing_can_be_done_with(words: str, told: str) -> None:
    with pytest.raises(SpecError, match=r"^measures: ") as caught:
        study(measures=words)
    assert told in str(caught.value)


def test_a_name_that_is_no_text() -> None:
    with pytest.raises(plugins.UnknownNameError, match="unknown estimator 5"):
        imleak.estimate([1.0, 2.0], [1.0, 2.0], 5)


def test_a_device_is_told_by_its_name() -> None:
    with pytest.raises(SpecError, match="write cpu, cuda or cuda:1"):
        study(measures="mine:device=gpu")
    with pytest.raises(SpecError, match="write cpu, cuda or cuda:1"):
        study(device="cuda:x")


def test_long_values_are_cut() -> None:
    assert shown("a" * 1000) == f"'{'a' * 76}..."
    assert shown(10**5000) == "a number of thousands of digits"


def test_a_config_of_another_editor(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b'\xef\xbb\xbfsources = "caf\xc3\xa9"\nmeasures = "psnr"\n')
    assert StudySpec.load(path).sources == ("café",)
    path.write_bytes('sources = "x"'.encode("utf-16"))
    with pytest.raises(SpecError, match="is not TOML"):
        StudySpec.load(path)


@pytest.mark.parametrize(
    "content",
    ["a = " + "[" * 200_000, "a = {b = " * 9999],
    ids=["arrays", "tables"],
)
def test_a_config_of_brackets(tmp_path: Path, content: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(content)
    with pytest.raises(SpecError) as caught:
        StudySpec.load(path)
    assert len(str(caught.value)) < 1000


def test_a_config_that_is_a_pipe(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "study.toml")
    with pytest.raises(SpecError, match="a named pipe, not a regular file"):
        StudySpec.load(tmp_path / "study.toml")
