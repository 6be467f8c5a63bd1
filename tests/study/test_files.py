from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from imleak.atomic import OutputError, write_whole
from imleak.study.files import LOCK, holder, locked

HOLD = """
import sys
from pathlib import Path
from imleak.study.files import locked
with locked(Path(sys.argv[1]), {"workers": 3}):
    Path(sys.argv[1], "kept").touch()
    print("held", flush=True)
    sys.stdin.read()
"""


def held(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_one_writer_at_a_time_and_who_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with held(folder) as other:
        assert holder(folder) == {"pid": other.pid, "host": os.uname().nodename, "workers": 3}
        refused = pytest.raises(OutputError, match=f"written to by process {other.pid} on ")
        with refused, locked(folder, {}):
            pass
        other.communicate("")
    assert holder(folder) is None
    with locked(folder, {}):
        assert holder(folder)["pid"] == os.getpid()


def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    with held(tmp_path) as other:
        other.kill()
        other.wait()
        assert (tmp_path / LOCK).exists()
        assert holder(tmp_path) is None
        with locked(tmp_path, {}):
            pass


def test_a_folder_that_stays_empty_is_removed(tmp_path: Path) -> None:
    with locked(tmp_path / "a" / "b", {}):
        assert (tmp_path / "a" / "b").is_dir()
    assert not (tmp_path / "a" / "b").exists()
    with locked(tmp_path / "a" / "b", {}):
        (tmp_path / "a" / "b" / "result").touch()
    assert (tmp_path / "a" / "b" / "result").exists()


def test_nobody_holds_what_is_not_there(tmp_path: Path) -> None:
    assert holder(tmp_path / "nothing") is None
    (tmp_path / LOCK).write_text("no json")
    assert holder(tmp_path) is None


def test_a_place_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = pytest.raises(OutputError, match="cannot write to")
    with refused, locked(tmp_path / "file" / "run", {}):
        pass


NOT_OFFERED = [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL]


@pytest.mark.parametrize("code", NOT_OFFERED, ids=errno.errorcode.get)
def test_a_file_system_without_locks_is_written_to_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path / "run", {}) as lacking:
        (tmp_path / "run" / "result").touch()
        assert holder(tmp_path / "run") is None
    (line,) = lacking
    assert f"{tmp_path / 'run'} is on a file system without locks" in line


@pytest.mark.parametrize("code", NOT_OFFERED, ids=errno.errorcode.get)
def test_a_folder_that_cannot_be_synced_is_written_to_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    sync = os.fsync

    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    with locked(tmp_path / "run", {}) as lacking:
        write_whole(tmp_path / "run" / "result", b"1")
    (line,) = lacking
    assert "cannot sync a folder" in line
    assert (tmp_path / "run" / "result").read_bytes() == b"1"


@pytest.mark.parametrize("call", ["flock", "fsync"])
def test_other_errors_of_a_file_system_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl if call == "flock" else os, call, refuse)
    for folder in (tmp_path, tmp_path / "run"):
        refused = pytest.raises(OutputError, match=r"cannot write to .*: Input/output error")
        with refused, locked(folder, {}):
            pass


def test_where_nothing_is_lacking_nothing_is_said(tmp_path: Path) -> None:
    with locked(tmp_path / "run", {}) as lacking:
        assert lacking == []
