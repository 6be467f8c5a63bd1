from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from imleak.atomic import OutputError, sweep
from imleak.study import parts
from imleak.study.parts import Part, Parts, from_line, to_line


def key(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


def part(
    number: int, value: float = 0.5, error: str | None = None, seconds: float = parts.HELD_SECONDS
) -> Part:
    readings = [] if error else [{"level": 0, "value": value}]
    return Part(key(number), {"number": number}, readings, error, seconds)


@pytest.fixture
def of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PACK", 10)
    monkeypatch.setattr(parts, "ROOM", 1)


def loose(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*.json"))


def packs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def test_a_part_is_a_line_of_json_that_says_its_digest() -> None:
    line = to_line(part(1))
    found = json.loads(line)
    rest = line[line.index(b'"key"') : -1]
    assert found["sha256"] == sha256(rest).hexdigest()
    assert (found["key"], found["readings"][0]["value"]) == (key(1), 0.5)
    assert line.count(b"\n") == 1
    assert from_line(line) == part(1)


def test_every_altered_or_missing_byte_is_seen() -> None:
    line = to_line(part(1))
    assert all(from_line(line[:end]) is None for end in range(len(line)))
    for at in range(len(line)):
        changed = bytearray(line)
        changed[at] ^= 1
        assert from_line(bytes(changed)) is None


def test_folders_are_named_by_the_key(tmp_path: Path) -> None:
    found = Parts(tmp_path)
    found.write(part(1))
    assert loose(tmp_path) == [tmp_path / key(1)[:2] / f"{key(1)}.json"]


@pytest.mark.usefixtures("of_ten")
def test_many_parts_become_a_file(tmp_path: Path) -> None:
    found = Parts(tmp_path)
    for number in range(34):
        found.write(part(number, error="no" if number % 5 == 0 else None))
    assert len(packs(tmp_path)) == 3
    assert len(loose(tmp_path)) == 4
    for seen in (found, Parts(tmp_path)):
        assert len(seen) == 34
        for number in range(34):
            assert seen.state(key(number)) == ("failed" if number % 5 == 0 else "done")
            assert seen.read(key(number)).unit == {"number": number}
        assert sorted(one.unit["number"] for one in seen) == list(range(34))
        assert seen.state(key(34)) is None
        assert seen.read(key(34)) is None


def test_a_small_pack_takes_more_lines_and_a_large_one_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "ROOM", 30 * len(to_line(part(1, seconds=0))))
    found, early = Parts(tmp_path), []
    for number in range(8 * parts.ENOUGH):
        found.write(part(number, seconds=0.99 / parts.ENOUGH))
        if number % parts.ENOUGH == 0:
            found.flush()
            early.append(Parts(tmp_path))
    found.flush()
    assert 2 < len(packs(tmp_path)) < 6
    assert numbers(found) == numbers(Parts(tmp_path)) == list(range(8 * parts.ENOUGH))
    for written, reader in enumerate(early):
        for number in range(written * parts.ENOUGH):
            assert reader.read(key(number)).unit == {"number": number}


def test_a_pack_that_is_torn_at_its_end_takes_no_more_lines(tmp_path: Path) -> None:
    for torn in (False, True):
        found = Parts(tmp_path)
        for number in range(parts.ENOUGH + 1):  # the first is written at once
            found.write(part(number + 100 * torn, seconds=0))
        found.flush()
        if not torn:
            (pack,) = packs(tmp_path)
            pack.write_bytes(pack.read_bytes()[:-1])
    assert len(packs(tmp_path)) == 2
    assert len(Parts(tmp_path)) == 2 * parts.ENOUGH + 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which stands still."""
    time = [0.0]
    monkeypatch.setattr(parts, "monotonic", lambda: time[0])
    return time


def numbers(found: Parts) -> list[int]:
    return sorted(one.unit["number"] for one in found)


def test_parts_that_come_fast_are_held_for_a_second(tmp_path: Path, clock: list[float]) -> None:
    found = Parts(tmp_path)
    found.write(part(0, seconds=0))
    assert numbers(Parts(tmp_path)) == [0]
    for number in range(1, 25):
        found.write(part(number, seconds=0.01))
        assert found.read(key(number)) == part(number, seconds=0.01)
        assert found.state(key(number)) == "done"
    assert numbers(Parts(tmp_path)) == [0]
    clock[0] += parts.HELD_SECONDS
    found.write(part(25, seconds=0))
    assert (len(packs(tmp_path)), len(loose(tmp_path))) == (1, 1)
    found.write(part(26, seconds=0))
    found.flush()
    found.flush()
    assert (len(packs(tmp_path)), len(loose(tmp_path))) == (1, 2)
    assert numbers(found) == numbers(Parts(tmp_path)) == list(range(27))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("last", [part(1), part(1, error="no", seconds=0)])
def test_what_took_long_or_failed_is_written_at_once(tmp_path: Path, last: Part) -> None:
    found = Parts(tmp_path)
    found.write(part(0))
    found.write(last)
    assert numbers(Parts(tmp_path)) == [0, 1]


@pytest.mark.usefixtures("clock")
def test_no_more_parts_are_held_than_a_kill_may_cost(tmp_path: Path) -> None:
    found = Parts(tmp_path)
    for number in range(parts.HELD_PARTS + 1):
        found.write(part(number, seconds=0))
    assert len(Parts(tmp_path)) == parts.HELD_PARTS + 1


@pytest.mark.usefixtures("clock")
def test_a_held_part_counts_before_one_that_is_written(tmp_path: Path) -> None:
    found = Parts(tmp_path)
    found.write(part(0, error="no"))
    for number in range(parts.ENOUGH):
        found.write(part(number, seconds=0))
    assert found.state(key(0)) == "done"
    found.flush()
    assert loose(tmp_path) == []
    for seen in (found, Parts(tmp_path)):
        assert seen.state(key(0)) == "done"
        assert len(list(seen)) == parts.ENOUGH


@pytest.mark.usefixtures("of_ten")
def test_the_newest_part_of_a_unit_counts(tmp_path: Path) -> None:
    found = Parts(tmp_path)
    for number in range(10):
        found.write(part(number, error="no"))
    found.write(part(3, value=1.5))
    for seen in (found, Parts(tmp_path)):
        assert (seen.state(key(3)), seen.state(key(4))) == ("done", "failed")
        assert seen.read(key(3)) == part(3, value=1.5)
        assert len([one for one in seen if one.key == key(3)]) == 1
    found.pack()
    for seen in (found, Parts(tmp_path)):
        assert seen.read(key(3)) == part(3, value=1.5)
        assert len(list(seen)) == len(seen) == 10


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.unlink"])
def test_packing_that_is_interrupted_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    found = Parts(tmp_path)
    for number in range(10):
        found.write(part(number))

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            found.pack()
    again = Parts(tmp_path)
    sweep(tmp_path, below=True)
    assert not list(tmp_path.rglob("*.tmp"))
    assert sorted(one.unit["number"] for one in again) == list(range(10))
    again.pack()
    assert loose(tmp_path) == []
    assert sorted(one.unit["number"] for one in Parts(tmp_path)) == list(range(10))


@pytest.mark.usefixtures("of_ten")
def test_a_torn_line_of_a_pack_is_no_part_and_its_neighbours_are(tmp_path: Path) -> None:
    found = Parts(tmp_path)
    for number in range(10):
        found.write(part(number))
    (pack,) = packs(tmp_path)
    lines = pack.read_bytes().splitlines(keepends=True)
    torn = from_line(lines[4]).key
    lines[4] = lines[4].replace(b"0.5", b"0.6")
    pack.write_bytes(b"".join(lines)[:-1])
    again = Parts(tmp_path)
    assert again.state(torn) is None
    assert again.read(torn) is None
    assert len(again) == 8
    assert len(list(again)) == 8


def test_a_torn_part_is_left_out_of_a_pack(tmp_path: Path) -> None:
    found = Parts(tmp_path)
    for number in range(3):
        found.write(part(number))
    torn = tmp_path / key(1)[:2] / f"{key(1)}.json"
    torn.write_bytes(torn.read_bytes()[:-5])
    found.pack()
    assert not torn.exists()
    assert [found.state(key(number)) for number in range(3)] == ["done", None, "done"]


def test_a_disk_that_refuses_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Parts(tmp_path)
    found.write(part(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        found.write(part(2))
    with pytest.raises(OutputError, match="No space left on device"):
        found.pack()
    assert Parts(tmp_path).read(key(1)) == part(1)
    assert len(list(tmp_path.rglob("*.*"))) == 1
