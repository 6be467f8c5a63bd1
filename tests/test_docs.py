"""Every command that the README and the pages of docs show is one of the real command line."""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from imleak import plugins
from imleak.cli import app
from imleak.plugins import BUILT_IN, GROUPS, MEASURES, Kind

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = typer.main.get_command(app)
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def fenced(text: str) -> Iterator[list[str]]:
    """The words of every command in a block of code, up to a pipe or a comment."""
    blocks = [block for _, language, block in _FENCE.findall(text) if language != "text"]
    for block in blocks:
        joined = re.sub(r"\\\n\s*", " ", block)
        for line in joined.splitlines():
            if found := re.match(r"(?:\$ )?imleak (.+)", line.strip()):
                yield words(found[1])


def words(command: str) -> list[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|>&;")
    lexer.whitespace_split = True
    return list(itertools.takewhile(lambda word: word[0] not in "|>&;", lexer))


def inline(text: str) -> list[list[str]]:
    """The words of every command within a sentence."""
    prose = _FENCE.sub("", text)
    return [shlex.split(found) for found in re.findall(r"`imleak ([a-z][^`]*)`", prose)]


def parse(args: list[str]) -> dict[str, Any]:
    """The arguments and options of a command by name. Raises a TyperException of one that is
    refused; does not run it."""
    command, rest, parent = COMMANDS, list(args), None
    while isinstance(command, TyperGroup):
        parent = command.make_context("imleak", rest, parent=parent)
        _, command, rest = command.resolve_command(parent, [*parent._protected_args, *parent.args])
    return command.make_context("imleak", rest, parent=parent).params


on_every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@on_every_page
def test_commands_are_those_of_the_command_line(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for args in fenced(text):
        try:
            parse(args)
        except TyperException as error:
            pytest.fail(f"imleak {' '.join(args)}: {error}")
    for args in inline(text):
        command = COMMANDS
        while isinstance(command, TyperGroup) and args and args[0].islower():
            assert args[0] in command.commands, f"imleak {' '.join(args)}"
            command = command.commands[args.pop(0)]
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        known |= {"--help", "--install-completion", "--show-completion"}
        assert {word for word in args if re.match(r"--\w", word)} <= known


@on_every_page
def test_options_name_parts_that_there_are(page: Path) -> None:
    kinds: dict[str, tuple[Kind, ...]] = {
        "scheme": ("scheme",),
        "encoders": ("encoder",),
        "target": ("encoder",),
        "views": ("encoder",),
        "rebuilder": ("rebuilder",),
        "measures": MEASURES,
    }
    text = page.read_text(encoding="utf-8")
    own = set(re.findall(r'^    name = "([\w-]+)"', text, re.MULTILINE))
    for args in fenced(text):
        for option, value in parse(args).items():
            if option in kinds and value is not None:
                known = {name for kind in kinds[option] for name in plugins.known(kind)}
                written = [value] if isinstance(value, str) else value
                names = {re.split("[=:]", one)[0] for one in written if not one.isupper()}
                assert names <= known | own | {*GROUPS, "rebuilt"}, f"imleak {' '.join(args)}"


@on_every_page
def test_python_is_python_and_toml_is_toml(page: Path) -> None:
    for _, language, block in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            compile(block, str(page), "exec")
        elif language == "toml":
            tomllib.loads(block)


def test_a_command_that_is_none_is_seen() -> None:
    (found,) = fenced("```\n$ imleak audit photos \\\n    --scheem region -o run  # no\n```\n")
    assert found == ["audit", "photos", "--scheem", "region", "-o", "run"]
    with pytest.raises(TyperException, match="--scheem"):
        parse(found)
    assert inline("Run `imleak audit photos -o run`.\n") == [["audit", "photos", "-o", "run"]]


def test_the_tables_of_the_readme_name_every_part() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`([^`=:,]+)[^`]*`", text))
    assert {name for names in BUILT_IN.values() for name in names} <= listed


@pytest.mark.slow
def test_the_tutorial_yields_what_it_shows(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    said = ""
    for args in fenced(text):
        if "photos" in args:  # the reader's own
            continue
        command = [sys.executable, "-m", "imleak", *args]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        said += done.stdout
    tables = "".join(block for _, _, block in _FENCE.findall(text))
    rows = re.findall(r"^ .*\d %.*$", tables, re.MULTILINE)
    assert len(rows) == 14
    for row in rows:
        assert row.split()[:4] in [line.split()[:4] for line in said.splitlines()]
    for name in ("demo-out/run/report.html", "demo-out/run/report.pdf", "compare.html"):
        assert (tmp_path / name).is_file()


@pytest.mark.slow
def test_the_site_is_built_without_a_broken_link(tmp_path: Path) -> None:
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    for name in ("docs", "src"):
        shutil.copytree(ROOT / name, tmp_path / name)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    environment = {"PYTHONPATH": f"{ROOT / 'docs'}:{ROOT / 'src'}", "PATH": ""}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "site" / "api" / "parts.html").read_text(encoding="utf-8")
    assert all(path.rpartition(":")[2] in page for path in BUILT_IN["metric"].values())
    assert "<math " in (tmp_path / "site" / "method.html").read_text(encoding="utf-8")
