"""Files that are there whole or not at all, and what a kill leaves of them."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from imleak.atomic import (
    ABANDONED,
    NOT_OFFERED,
    TEMPORARY,
    OutputError,
    sweep,
    whole,
    write_whole,
)
from imleak.keystream import KeyFileError, new_key, read_key_file, write_key_file
from imleak.sealed import seal, unseal

HOLD = """
import sys
from pathlib import Path
from imleak.atomic import whole
with whole(Path(sys.argv[1]), private=True) as temporary:
    temporary.write_bytes(b"secret")
    print("writing", flush=True)
    sys.stdin.read()
"""


def writer(path: Path) -> subprocess.Popen[str]:
    """Another process that has begun to write a file, until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def left(folder: Path) -> list[Path]:
    return list(folder.glob(TEMPORARY))


def test_nobody_else_can_read_what_is_not_whole(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with whole(tmp_path / "file", private=True) as temporary:
            temporary.write_bytes(b"half")
            assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
            assert not (tmp_path / "file").exists()
    finally:
        os.umask(before)
    assert (tmp_path / "file").read_bytes() == b"half"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666
    assert left(tmp_path) == []


def test_the_mode_of_a_replaced_file_stays(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o640)
    (tmp_path / "file").chmod(0o604)
    write_whole(tmp_path / "file", b"new", sync=False, private=True)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o604


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", b"old")
    with suppress(KeyboardInterrupt), whole(tmp_path / "file") as temporary:
        temporary.write_bytes(b"new")
        raise KeyboardInterrupt
    assert (tmp_path / "file").read_bytes() == b"old"
    assert left(tmp_path) == []
    write_whole(tmp_path / "new" / "folder" / "file", b"made")
    assert (tmp_path / "new" / "folder" / "file").read_bytes() == b"made"
    with pytest.raises(OutputError, match=r"cannot write .*below: .*file is no folder$"):
        write_whole(tmp_path / "file" / "below", b"")


@pytest.mark.parametrize("below", [False, True])
def test_what_a_kill_leaves_is_removed_and_no_other(tmp_path: Path, below: bool) -> None:
    folder = tmp_path / "deep" if below else tmp_path
    folder.mkdir(exist_ok=True)
    with writer(folder / "dead") as dead:
        dead.send_signal(signal.SIGKILL)
    (tmp_path / ".imleak-folder.tmp").mkdir()
    (tmp_path / ".imleak-link.tmp").symlink_to(folder / "target")
    (folder / "target").touch()
    (secret,) = set(left(folder)) - {tmp_path / ".imleak-folder.tmp", tmp_path / ".imleak-link.tmp"}
    assert secret.read_bytes() == b"secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    with writer(folder / "alive") as alive:
        sweep(tmp_path, below=below)
        assert not secret.exists()
        alive.communicate("")
    assert (folder / "alive").read_bytes() == b"secret"
    assert (folder / "target").exists()
    assert not (folder / "dead").exists()


def test_without_locks_only_what_is_old_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    write_whole(tmp_path / "file", b"content")
    old, new = tmp_path / ".imleak-old.tmp", tmp_path / ".imleak-new.tmp"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, old.stat().st_mtime - ABANDONED - 1))
    sweep(tmp_path)
    assert left(tmp_path) == [new]


@pytest.mark.parametrize("code", sorted(NOT_OFFERED), ids=errno.errorcode.get)
def test_where_nothing_can_be_synced_every_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    write_whole(tmp_path / "file", b"content")
    key = new_key()
    write_key_file(tmp_path / "key", key)
    assert read_key_file(tmp_path / "key") == key
    samples = np.arange(256, dtype=np.uint8).reshape(16, 16)
    PIL.Image.fromarray(samples).save(tmp_path / "plain.png")
    seal(tmp_path / "plain.png", tmp_path / "sealed.png", 3, key)
    unseal(tmp_path / "sealed.png", tmp_path / "back.png", key)
    with PIL.Image.open(tmp_path / "back.png") as back:
        np.testing.assert_array_equal(back, samples)
    assert left(tmp_path) == []


def test_other_errors_of_a_file_system_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OutputError, match=r"cannot write .*: Input/output error"):
        write_whole(tmp_path / "file", b"content")
    with pytest.raises(KeyFileError, match=r"cannot write .*: Input/output error"):
        write_key_file(tmp_path / "key", new_key())
    assert not (tmp_path / "file").exists()
