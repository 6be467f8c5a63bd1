from __future__ import annotations

import os
import socket
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.files import NotRegularError, check_regular, open_regular, printable


def test_a_regular_file_and_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for name in ("a", "link"):
        check_regular(tmp_path / name)
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"content"
    with open_regular(str(tmp_path / "a")) as file:
        assert file.seek(3) == 3


@pytest.fixture(params=["pipe", "socket", "device"])
def irregular(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / request.param
    with socket.socket(socket.AF_UNIX) as server:
        if request.param == "pipe":
            os.mkfifo(path)
        elif request.param == "socket":
            server.bind(str(path))
        else:
            path.symlink_to("/dev/zero")
        yield path


def test_pipes_sockets_and_devices_are_refused(irregular: Path) -> None:
    link = irregular.with_name("link")
    link.symlink_to(irregular)
    for path in (irregular, link):
        for opened in (open_regular, check_regular):
            with pytest.raises(NotRegularError) as caught:
                opened(path)
            assert caught.value.strerror.endswith(", not a regular file")
            assert irregular.name in caught.value.strerror


def test_a_pipe_that_takes_the_place_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It neither blocks nor is read."""
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr("imleak.files.check_regular", lambda path: None)
    with pytest.raises(NotRegularError, match="a named pipe, not a regular file"):
        open_regular(tmp_path / "pipe")


def test_other_errors_are_those_of_open(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name.png", "plain name.png"),
        ("Größe 見本\u3000ภาพ.png", "Größe 見本\u3000ภาพ.png"),
        ("Screenshot at 1.00\u202fPM.png", "Screenshot at 1.00\u202fPM.png"),
        ("a\x1b[2J\x9b0m.png", r"a\x1b[2J\x9b0m.png"),
        ("a\r\nLeft out: b.png", r"a\r\nLeft out: b.png"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("a\u202egnp.exe\u2066\u200f", r"a\u202egnp.exe\u2066\u200f"),
        ("a\0b\x7fc\ufeffd\U000e0041", r"a\x00b\x7fc\ufeffd\U000e0041"),
        (os.fsdecode(b"caf\xe9.png"), r"caf\udce9.png"),
    ],
)
def test_what_a_name_looks_like(name: str, shown: str) -> None:
    assert printable(name) == shown


@given(st.text(st.characters(), max_size=40))
def test_what_is_shown_does_nothing_and_can_be_encoded(name: str) -> None:
    shown = printable(name)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown
