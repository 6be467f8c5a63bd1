"""Run folders that were damaged by hand: one line that says so, never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imleak.interfaces import ImleakError
from imleak.report import write_comparison, write_report
from imleak.study import Run, StudySpec, run
from imleak.study.recorded import read_manifest
from imleak.study.status import status

MANIFEST, SUMMARY, RESULTS = "manifest.json", "summary.csv", "results.parquet"
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run is that the tests have copies of."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def done(photographs: Callable[..., Path], kept: Path, tmp_path: Path) -> Run:
    """A run with an image that could not be read."""
    if not (kept / "out").exists():
        folder = photographs("a.png", "b.png", "c.png")
        (folder / "d.png").write_text("I am text")
        shutil.copytree(folder, kept / "images")
        measures = ["brightness", "rows"]
        spec = StudySpec.of(sources=kept / "images", measures=measures, encoders="corners")
        run(spec, kept / "out")
    shutil.copytree(kept / "out", tmp_path / "out")
    return Run(tmp_path / "out")


def in_one_line(call: Callable[[], object]) -> str:
    """What an error says, which is one of ours and a line."""
    with pytest.raises(ImleakError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


def refusal(call: Callable[[], object]) -> str:
    """What an error of ours says; empty if there is none."""
    try:
        call()
    except ImleakError as error:
        return str(error)
    return ""


def everywhere(path: Path) -> Iterator[Callable[[], object]]:
    """Whatever reads the manifest of a run."""
    yield lambda: status(path)
    yield lambda: Run(path)
    yield lambda: Run.open(str(path))


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a nested value."""
    if at:
        yield at
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], by: Callable[[Any, Any], None]) -> Any:
    """A copy in which something has been done at a place."""
    copy = json.loads(json.dumps(value))
    parent = copy
    for step in at[:-1]:
        parent = parent[step]
    by(parent, at[-1])
    return copy


OTHERS = (None, True, -1, 0, 10**30, 1.5, "", "x", [], [[]], {}, {"a": 1}, ["a"], [None])


@pytest.mark.slow
def test_a_manifest_with_anything_missing_or_of_another_type(done: Run) -> None:
    """It is refused in one line, or it is still one that everything can be made of."""
    whole = done.manifest
    path, refused = done.path / MANIFEST, 0
    for place in places(whole):
        if place[0] in ("spec", "versions") and len(place) > 1:
            continue  # a spec is anyone's, and refused where it is planned
        for other in OTHERS:

            def put(parent: Any, key: Any, other: Any = other) -> None:
                parent[key] = other

            path.write_text(json.dumps(replaced(whole, place, put)))
            refused += readable_or_refused(done.path)
        path.write_text(json.dumps(replaced(whole, place, lambda parent, key: parent.pop(key))))
        refused += readable_or_refused(done.path)
    assert refused > 500


def readable_or_refused(path: Path) -> bool:
    said = refusal(lambda: read_manifest(path))
    assert "\n" not in said
    if said:
        return True
    manifest = read_manifest(path)
    if manifest["finished"] is not None:
        repr(Run(path))
    return False


@pytest.mark.slow
@QUICK
@given(data=st.data())
def test_a_mutated_manifest_is_refused_or_reported(done: Run, data: st.DataObject) -> None:
    whole = json.loads(json.dumps(done.manifest))
    path = done.path / MANIFEST
    place = data.draw(st.sampled_from(list(places(whole))))
    other = data.draw(st.sampled_from(OTHERS))

    def put(parent: Any, key: Any) -> None:
        parent[key] = other

    path.write_text(json.dumps(replaced(whole, place, put)))
    try:
        for call in (
            lambda: status(done.path),
            lambda: write_report(Run(done.path), "html"),
            lambda: write_report(Run(done.path), "md"),
        ):
            assert "\n" not in refusal(call)
    finally:
        path.write_text(json.dumps(whole))


@QUICK
@given(st.binary(max_size=200), st.floats(0, 1))
def test_a_cut_manifest_is_refused(done: Run, tail: bytes, share: float) -> None:
    path = done.path / MANIFEST
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: int(share * (len(whole) - 3))] + tail)
        for call in everywhere(done.path):
            assert MANIFEST in in_one_line(call)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", "[" * 100_000, '{"spec": []}', "\xff"])
def test_a_manifest_of_something_else(done: Run, content: str) -> None:
    (done.path / MANIFEST).write_text(content, encoding="latin-1")
    for call in everywhere(done.path):
        assert "holds no run" in in_one_line(call)
    spec = StudySpec.of(sources=done.manifest["spec"]["sources"], measures="brightness")
    assert "holds no run" in in_one_line(lambda: run(spec, done.path))


@pytest.mark.parametrize("written", [0, 1, 3, "2", 2.0, True, None])
def test_a_run_of_another_format_is_refused(done: Run, written: object) -> None:
    path = done.path / MANIFEST
    path.write_text(json.dumps(done.manifest | {"format": written}))
    for call in everywhere(done.path):
        assert "imleak reads format 2" in in_one_line(call)


@pytest.mark.parametrize("level", ["", "one", "-1", "1.0"])
def test_ciphers_of_what_is_no_level(done: Run, level: str) -> None:
    images = [image | {"ciphers": {level: "0" * 64}} for image in done.manifest["images"]]
    (done.path / MANIFEST).write_text(json.dumps(done.manifest | {"images": images}))
    for call in everywhere(done.path):
        assert "holds no run that can be read" in in_one_line(call)


def test_a_manifest_that_is_a_folder(done: Run) -> None:
    (done.path / MANIFEST).unlink()
    (done.path / MANIFEST).mkdir()
    for call in everywhere(done.path):
        assert "manifest.json" in in_one_line(call)


FOREIGN = {
    "empty": b"",
    "of another program": b"name,price\nbread,2\n",
    "a header alone": b"name\n",
    "no table": b"\x00\xff\xfe",
    "another value": b"scheme,encoder,measure,level,mean\nbitplanes,pixels,psnr,high,low\n",
    "no level": b"scheme,encoder,measure,level,mean\nbitplanes,pixels,psnr,1.5,0\n",
    "unequal lines": b"scheme,encoder,measure,level\n1,2\n1,2,3,4,5,6,7\n",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("format", ["html", "md", "tex", "csv", "pdf"])
def test_a_foreign_summary_is_refused(done: Run, content: bytes, format: str) -> None:
    (done.path / SUMMARY).write_bytes(content)
    said = in_one_line(lambda: write_report(Run(done.path), format))
    assert str(done.path / SUMMARY) in said
    assert "is written anew by the command that made the run" in said


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "flipped"])
def test_damaged_results_are_refused(done: Run, damage: str) -> None:
    path = done.path / RESULTS
    whole = path.read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"image,value\n",
        "flipped": bytes(byte ^ 255 for byte in whole[:-8]) + whole[-8:],
    }
    path.write_bytes(damaged[damage])
    for call in (
        lambda: Run(done.path).frame,
        lambda: Run(done.path).failures,
        lambda: Run(done.path).has_numbers,
        lambda: Run(done.path).of_images(["a.png"]),
        lambda: write_report(Run(done.path), "html"),
    ):
        assert str(path) in in_one_line(call)


def test_a_comparison_with_a_damaged_run(done: Run, tmp_path: Path) -> None:
    shutil.copytree(done.path, tmp_path / "other")
    (tmp_path / "other" / SUMMARY).write_bytes(b"name\n")
    runs = [Run(done.path), Run(tmp_path / "other")]
    said = in_one_line(lambda: write_comparison(runs, tmp_path / "compare.html"))
    assert str(tmp_path / "other" / SUMMARY) in said


def test_the_command_that_made_the_run_mends_what_it_writes(done: Run) -> None:
    spec = StudySpec.of(**done.manifest["spec"])
    before = {name: (done.path / name).read_bytes() for name in (SUMMARY, RESULTS)}
    for name in before:
        (done.path / name).write_bytes(b"damaged")
    run(spec, done.path)
    assert {name: (done.path / name).read_bytes() for name in before} == before


def test_a_run_is_opened_by_the_name_of_its_folder(done: Run, tmp_path: Path) -> None:
    assert Run(str(done.path)).path == done.path
    assert "no such folder" in in_one_line(lambda: Run(str(tmp_path / "nowhere")))
