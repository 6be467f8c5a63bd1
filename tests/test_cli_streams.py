"""What reaches the terminal: names as data, whatever they are and whatever it can show."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from imleak.cli import app
from imleak.cli.streams import SafeConsole, never_fail
from imleak.images import find
from imleak.machine import home_or_temporary
from imleak.progress_bar import LineBar

pytestmark = pytest.mark.usefixtures("without_figures")

HOSTILE = [
    b"caf\xe9.png",
    b"a\x1b[2J\x9b0m.png",
    b"a\r\nLeft out: b.png",
    "x\u202egnp.png".encode(),
    "\u200b\ufeff.png".encode(),
    "é€.png".encode(),
    b"a\\x1b.png",
    b"a\x1b.png",
]
CONTROLS = {"Cc", "Cf", "Cs", "Zl", "Zp"}

names = st.text(st.characters(), max_size=30)


def is_clean(text: str) -> bool:
    return not {unicodedata.category(one) for one in text.replace("\n", "")} & CONTROLS


def written(*shown: object, width: int = 80, **how: bool) -> str:
    stream = io.StringIO()
    console = SafeConsole(file=stream, width=width, **how)
    for one in shown:
        console.print(one, markup=False, highlight=False, soft_wrap=isinstance(one, str))
    return stream.getvalue()


def table_of(cells: list[str]) -> Table:
    table = Table("name", "value")
    for cell in cells:
        table.add_row(Text(cell), Text("1"))
    return table


def a_line_is_a_line(name: str) -> None:
    from imleak.cli import terminal

    stream = io.StringIO()
    terminal._print(SafeConsole(file=stream, width=20), f"Left out: {name}: why")
    assert is_clean(stream.getvalue())
    assert stream.getvalue().count("\n") == 1
    stream = io.StringIO()
    LineBar(stream).say(name)
    assert is_clean(stream.getvalue())
    assert stream.getvalue().count("\n") == 1


def a_table_has_its_lines(given: list[str]) -> None:
    from imleak.cli import terminal

    table = Table("name", "value")
    for name in given:
        table.add_row(terminal._cell(name), Text("1"))
    shown = written(table, width=400)
    assert is_clean(shown)
    assert shown.count("\n") == len(given) + 4
    assert is_clean(written(table_of(given)))  # and of cells that nobody escaped


@given(names, st.lists(names, min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_no_name_does_anything(name: str, several: list[str]) -> None:
    a_line_is_a_line(name)
    a_table_has_its_lines(several)


@pytest.mark.slow
@given(names, st.lists(names, min_size=1, max_size=3))
@settings(max_examples=2000, deadline=None)
def test_no_name_of_many_does_anything(name: str, several: list[str]) -> None:
    a_line_is_a_line(name)
    a_table_has_its_lines(several)


def test_styles_of_our_own_are_shown() -> None:
    shown = written(Text("red", style="red"), force_terminal=True, color_system="standard")
    assert "\x1b[31mred" in shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images of hostile names, and one file that is none."""
    folder = tmp_path / os.fsdecode(b"f\xff\x1bolder")
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in HOSTILE:
        samples = rng.integers(0, 256, (24, 24), dtype=np.uint8)
        with (folder / os.fsdecode(name)).open("wb") as file:
            PIL.Image.fromarray(samples).save(file, "PNG")
    (folder / "torn\x1b]0;x\x07\nFinished.png").write_bytes(b"no image \x1b[31m")
    return folder


def test_names_are_different_and_harmless(folder: Path) -> None:
    found = [source.name for source in find(folder)]
    assert len(set(found)) == len(found) == len(HOSTILE) + 1
    assert all(map(is_clean, found))
    assert {"caf\\udce9.png", "a\\x1b.png [1]", "a\\x1b.png [2]", "é€.png"} <= set(found)


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_results_in_a_folder_whose_name_is_not_utf8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    out, page = (os.fsdecode(name) for name in (b"r\xffn", b"c\xff.html"))
    audit = ["audit", "dead-leaves:2x24x24", "-o", out, "--measure", "psnr", "--levels", "0,4"]
    formats = [["report", out, "--format", name] for name in ("html", "md", "tex", "pdf", "csv")]
    other = [*audit[:3], "other", *audit[4:]]
    compare = ["compare", out, "other", "-o", page]
    for words in (audit, *formats, ["status", out], other, compare):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, (words, result.output, result.exception)
        assert is_clean(result.output)
    for name in ("html", "md", "tex", "pdf", "csv"):
        assert (tmp_path / out / f"report.{name}").stat().st_size > 0
    assert (tmp_path / page).stat().st_size > 0
    assert any((tmp_path / out / "figures").iterdir())


def test_an_audit_of_hostile_names(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    words = ["audit", str(folder), "-o", str(out), "--measure", "psnr", "--levels", "0,4"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert is_clean(result.output)
    lines = result.stdout.splitlines()
    assert [line for line in lines if line.startswith("Left out: ")] == [
        next(line for line in lines if line.startswith(r"Left out: torn\x1b]0;x\x07\nFinished.png"))
    ]
    images = pd.read_parquet(out / "results.parquet")["image"].dropna()
    assert images.nunique() == len(HOSTILE) + 1
    assert all(map(is_clean, images))
    for name in ("manifest.json", "summary.csv", "report.html"):
        content = (out / name).read_text(encoding="utf-8")
        assert "\x1b" not in content
        assert "\u202e" not in content
    for format in ("csv", "md", "tex", "pdf"):
        result = CliRunner().invoke(app, ["report", str(out), "--format", format])
        assert result.exit_code == 0, result.output


def test_a_refusal_shows_no_control_character(tmp_path: Path) -> None:
    for words in (
        ["audit", "no\x1b[2J\rfile\x9b", "-o", str(tmp_path / "o"), "--measure", "psnr"],
        ["audit", "x", "-o", str(tmp_path / "o"), "--measure", "ps\x1b[2Jnr"],
        ["report", str(tmp_path / "run\x1b\u202e")],
        ["status", str(tmp_path / os.fsdecode(b"\xff"))],
        ["decrypt", "a\x1b.png", "-o", "b\n.png", "--key-file", "k\x1b\x07"],
    ):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2, result.output
        assert is_clean(result.output)
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("cp1252", "~ inf >= 3 \u2026 caf\xe9 \\u65e5"),
        ("latin-1", "~ inf >= 3 ... caf\xe9 \\u65e5"),
        ("ascii", "~ inf >= 3 ... caf\\xe9 \\u65e5"),
        ("utf-8", "~ ∞ ≥ 3 … café 日"),
    ],
)
def test_what_an_encoding_lacks_is_spelled(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    monkeypatch.setattr("sys.stdout", stream)
    never_fail()
    stream.write("~ ∞ ≥ 3 … café 日")
    stream.flush()
    assert stream.buffer.getvalue().decode(encoding) == shown  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("error", "one"), [(subprocess.STDOUT, b"True"), (subprocess.PIPE, b"False")]
)
def test_whether_both_streams_are_read_in_one_place(error: int, one: bytes) -> None:
    code = "from imleak.cli.streams import are_one; print(are_one())"
    shown = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=error)
    assert shown.stdout.strip() == one


@pytest.mark.slow
def test_an_audit_on_a_stream_that_is_not_utf_8(tmp_path: Path) -> None:
    words = ["audit", "dead-leaves:3x48x48", "-o", str(tmp_path / "o"), "--measure", "psnr"]
    done = imleak(*words, "--levels", "0,4", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert b"~ inf" in done.stdout
    assert f"Open {tmp_path / 'o' / 'report.html'}".encode() in done.stdout


@pytest.mark.parametrize(
    "how",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "", "LC_CTYPE": "", "LANG": "POSIX"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=["C", "POSIX", "ASCII"],
)
def test_names_under_a_locale_without_them(tmp_path: Path, how: dict[str, str]) -> None:
    missing = imleak("status", os.fsencode(tmp_path) + b"/caf\xc3\xa9\x1b\xff", **how)
    assert missing.returncode == 2
    assert missing.stderr.startswith(b"imleak: ")
    assert b"caf" in missing.stderr
    assert b"\x1b" not in missing.stderr
    assert missing.stderr.count(b"\n") == 1


def imleak(*words: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "imleak", *words],
        capture_output=True,
        env={**os.environ, **environment},
    )


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    with home_or_temporary():
        before = os.environ.get("HOME")
    assert os.environ.get("HOME") == before
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(Path, "home", no_home)
    with home_or_temporary():
        home = Path(os.environ["HOME"])
        assert home.is_dir()
        assert home.stat().st_mode & 0o777 == 0o700
    assert not home.exists()
    assert "HOME" not in os.environ
