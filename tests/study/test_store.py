from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import imleak
from imleak.study.recorded import FORMAT
from imleak.study.store import OutputError, Part, Run, Store, read_manifest, write_whole

pytestmark = pytest.mark.usefixtures("without_figures")

SPEC = {"seed": 0, "levels": None, "measures": ["histogram"]}


def test_a_part_comes_back_as_it_was(tmp_path: Path) -> None:
    part = Part(
        key="k",
        unit={"seed": 1},
        readings=[
            {"value": math.inf, "low": -math.inf, "exact": None, "history": [0.1, 1e-300]},
            {"value": np.float64(0.1), "n": np.int64(3), "rising": np.bool_(True)},
        ],
        seconds=0.25,
    )
    store = Store(tmp_path, SPEC)
    store.write(part)
    assert store.read("k") == part
    assert store.state("k") == "done"


def test_parts_are_strict_json(tmp_path: Path) -> None:
    store = Store(tmp_path, SPEC)
    with store.locked():
        store.write(Part("k", {}, readings=[{"value": math.nan}]))

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads((tmp_path / "parts" / "k" / "k.json").read_text(), parse_constant=refuse)
    assert math.isnan(store.read("k").readings[0]["value"])


def test_a_failed_part_is_there_and_not_done(tmp_path: Path) -> None:
    store = Store(tmp_path, SPEC)
    store.write(Part("k", {}, error="no"))
    assert store.read("k").error == "no"
    assert store.state("k") == "failed"


@pytest.mark.parametrize(
    "content", ["", '{"key": "k"', "[]", '{"key": "other", "unit": {}}', '{"a": 1}', "\xff"]
)
def test_a_torn_part_is_no_part(tmp_path: Path, content: str) -> None:
    store = Store(tmp_path, SPEC)
    with store.locked():
        store.write(Part("k", {}))
    (tmp_path / "parts" / "k" / "k.json").write_text(content, encoding="latin-1")
    assert store.read("k") is None
    assert store.state("k") is None


def test_an_interrupted_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "parts").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        write_whole(tmp_path / "parts" / "k.json", b"")


def test_the_same_study_is_continued(tmp_path: Path) -> None:
    Store(tmp_path / "new", SPEC).write_manifest({"format": FORMAT, "spec": SPEC})
    Store(tmp_path / "new", SPEC)


def test_another_study_is_refused_with_the_difference(tmp_path: Path) -> None:
    Store(tmp_path, SPEC).write_manifest({"format": FORMAT, "spec": SPEC})
    with pytest.raises(OutputError) as error:
        Store(tmp_path, SPEC | {"seed": 1, "levels": [0]})
    assert "holds another run: levels was None and is [0]; seed was 0 and is 1;" in str(error.value)


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("precious")
    with pytest.raises(OutputError, match="holds other things; give a new or an empty folder"):
        Store(tmp_path, SPEC)
    with pytest.raises(OutputError, match="is a file; give a folder"):
        Store(tmp_path / "holiday.jpg", SPEC)


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_a_manifest_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(OutputError, match="holds no run"):
        Store(tmp_path, SPEC)
    with pytest.raises(OutputError, match="holds no run"):
        read_manifest(tmp_path)


def test_a_folder_without_a_finished_run_cannot_be_opened(tmp_path: Path) -> None:
    Store(tmp_path, SPEC).write_manifest({"format": FORMAT, "spec": SPEC})
    with pytest.raises(OutputError, match=r"no finished run: results\.parquet is missing"):
        Run.open(tmp_path)


def test_a_process_that_has_read_results_ends_as_it_should(tmp_path: Path) -> None:
    """Arrow's threads must not need an interpreter that is gone."""
    run = imleak.audit("dead-leaves:3x40x40", out=tmp_path, measures="histogram", encoders="pixels")
    read = f"from imleak.study import Run; run = Run({str(run.path)!r}); run.frame; run.failures"
    for _ in range(5):
        subprocess.run([sys.executable, "-c", read], check=True)
