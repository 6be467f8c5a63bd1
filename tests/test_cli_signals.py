"""What is killed leaves nothing that can be read, or nothing that the next run does not remove."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from imleak.atomic import TEMPORARY
from imleak.keystream import new_key, read_key_file, write_key_file
from imleak.sealed import seal, unseal

DECRYPT = """
import os, signal, sys, time
from imleak.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # which jobs in the background ignore
real = os.fsync
def slow(descriptor):
    print("writing", flush=True)
    time.sleep(20)
    real(descriptor)
os.fsync = slow
main()
"""

AUDIT = """
import sys, time
from pathlib import Path
from imleak.cli import main
place, real = sys.argv.pop(), Path.replace
def slow(self, target):
    if target.parent.name == place:
        print("writing", flush=True)
        time.sleep(20)
    return real(self, target)
Path.replace = slow
main()
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    samples = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    PIL.Image.fromarray(samples).save(tmp_path / "plain.png")
    write_key_file(tmp_path / "key", new_key())
    (tmp_path / "out").mkdir()
    seal(tmp_path / "plain.png", tmp_path / "sealed.png", 8, read_key_file(tmp_path / "key"))
    return tmp_path / "sealed.png"


def killed(sealed: Path, number: signal.Signals, *before: str) -> int:
    """End a decryption that has written its output under its temporary name."""
    output, key = sealed.parent / "out" / "back.png", sealed.parent / "key"
    words = ["decrypt", str(sealed), "-o", str(output), "--key-file", str(key)]
    with subprocess.Popen(
        [*before, sys.executable, "-c", DECRYPT, *words], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        (temporary,) = output.parent.glob(TEMPORARY)
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        process.send_signal(number)
        if number == signal.SIGHUP and before:  # nohup
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
            process.kill()
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_is_not_whole_is_removed(sealed: Path, number: signal.Signals) -> None:
    code = killed(sealed, number)
    assert code == -number or (number == signal.SIGINT and code in (1, 130))
    assert list((sealed.parent / "out").iterdir()) == []


def test_under_nohup_a_hangup_is_ignored(sealed: Path) -> None:
    assert killed(sealed, signal.SIGHUP, "nohup") == -signal.SIGKILL


def test_what_cannot_be_removed_is_private_and_removed_by_the_next(sealed: Path) -> None:
    assert killed(sealed, signal.SIGKILL) == -signal.SIGKILL
    (left,) = (sealed.parent / "out").iterdir()
    assert stat.S_IMODE(left.stat().st_mode) & 0o077 == 0
    output = sealed.parent / "out" / "back.png"
    unseal(sealed, output, read_key_file(sealed.parent / "key"))
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["figures", "previews"])
def test_what_a_killed_audit_leaves_is_removed_by_the_next(tmp_path: Path, place: str) -> None:
    out = tmp_path / "run"
    words = ["audit", "dead-leaves:1x24x24", "-o", str(out), "--measure", "psnr", "--levels", "0"]
    environment = os.environ | {"IMLEAK_CACHE": str(tmp_path / "cache")}
    with subprocess.Popen(
        [sys.executable, "-c", AUDIT, *words, place], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert b"writing\n" in iter(process.stdout.readline, b"")
        process.terminate()
    assert process.returncode == -signal.SIGTERM
    (left,) = out.rglob(TEMPORARY)
    assert left.parent == out / place
    again = subprocess.run(
        [sys.executable, "-m", "imleak", *words], env=environment, capture_output=True
    )
    assert again.returncode == 0, again.stderr
    assert list(out.rglob(TEMPORARY)) == []
    assert any((out / place).iterdir())
