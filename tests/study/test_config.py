"""A study.toml of a stranger: how large and deep it may be, and what it may not decide."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import imleak
from imleak.cli import app
from imleak.interfaces import ImleakError
from imleak.study import SpecError, StudySpec
from imleak.study.config import DEEPEST, LONGEST, ConfigError, read_study
from imleak.study.status import status

pytestmark = pytest.mark.usefixtures("without_figures")

DEEP = {
    "dotted key": "a" + ".a" * 50_000 + " = 1",
    "spaced": "a" + " . a" * 50_000 + " = 1",
    "quoted": '"a"' + ".'a'" * 50_000 + " = 1",
    "numbers": "0" + ".0" * 50_000 + " = 1",
    "header": "[a" + ".a" * 50_000 + "]",
    "behind a text": 'a = {b = """c"""", ' + "d." * 50_000 + "d = 1}",
    "arrays": "a = " + "[" * 100_000 + "]" * 100_000,
    "tables": "a = " + "{b = " * 100_000 + "1" + "}" * 100_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_what_is_deep_is_refused_and_not_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(tomllib, "loads", None)
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(SpecError, match=f"nested more than {DEEPEST} deep"):
        StudySpec.load(tmp_path / "study.toml")


def test_what_is_long_is_refused_and_not_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "study.toml"
    path.write_text("a = 1".ljust(LONGEST))
    assert read_study(path) == {"a": 1}
    path.write_text("a = 1".ljust(LONGEST + 1))
    monkeypatch.setattr(tomllib, "loads", None)
    with pytest.raises(ConfigError, match="longer than 1 MiB"):
        read_study(path)


def test_dots_and_brackets_of_texts_and_comments_are_not_depth(tmp_path: Path) -> None:
    many = "[{a.b." * 100
    (tmp_path / "study.toml").write_text(
        f"""# {many}
one = '{many}'
two = "{many}\\"{many}" # "
three = '''
{many}'{many}''''
four = \"\"\"{many}""{many}\\\"\"\"{many}\"\"\"\"\"
mean = [{", ".join(["0.5"] * 100)}]
"""
    )
    found = read_study(tmp_path / "study.toml")
    assert found["one"] == many
    assert found["two"] == f'{many}"{many}'
    assert found["three"] == f"{many}'{many}'"
    assert found["four"] == f'{many}""{many}"""{many}""'
    assert found["mean"] == [0.5] * 100


@given(st.text(st.sampled_from("ab.=[]{}'\"#\\\n ,1"), max_size=60))
def test_what_is_refused_as_deep_is_never_toml_that_is_not(text: str) -> None:
    from imleak.study import config

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "DEEPEST", 3)
        refused = config._is_deep(text)
    try:
        found = tomllib.loads(text)
    except ValueError:
        return
    assert not (refused and _depth(found) <= 3)


def _depth(value: object) -> int:
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0)


def config(folder: Path, line: str) -> Path:
    path = folder / "study.toml"
    path.write_text(
        f'sources = "dead-leaves:2x32x32"\nlevels = 0\nmeasures = "psnr"\n{line}\n',
        encoding="utf-8",
    )
    return path


def spellings(model: Path) -> dict[str, str]:
    return {
        "text": f'encoders = ["pixels", "torch={model},trust=true"]',
        "option": f'encoders = "torch:trust=true,model={model}"',
        "table": f'encoders = {{name = "torch", model = "{model}", trust = true}}',
        "options": f'encoders = {{name = "torch", options = {{model = "{model}", trust = true}}}}',
        "escaped": f'encoders = {{name = "torch", model = "{model}", "t\\u0072ust" = true}}',
        "target": f'target = "torch={model},trust=true"\nviews = "layout"',
        "view": f'target = "layout"\nviews = "torch={model},trust=true"',
    }


@pytest.mark.parametrize("way", spellings(Path("m")))
def test_a_file_cannot_say_trust_for_its_reader(tmp_path: Path, exchanged: Path, way: str) -> None:
    model = tmp_path / "model.pt2"
    model.write_bytes(b"a program, which would be opened")
    path = config(tmp_path, spellings(model)[way])
    for load in (
        lambda: StudySpec.load(path),
        lambda: imleak.audit(config=path, out=tmp_path / "out"),
    ):
        with pytest.raises(ImleakError, match="add --trust") as caught:
            load()
        assert "\n" not in str(caught.value)
    with pytest.raises(SpecError, match="was not written by torch"):  # it was opened
        StudySpec.load(path, trust=True)
    assert StudySpec.load(config(tmp_path, spellings(model)["text"]), encoders="layout").encoders


def test_the_classifier_of_an_attack_neither(tmp_path: Path) -> None:
    line = 'encoders = "layout"\nmeasures = {name = "recognise", classifier = "torch=m,trust=true"}'
    path = tmp_path / "study.toml"
    path.write_text(f'sources = "dead-leaves:2x32x32"\n{line}\n')
    with pytest.raises(SpecError, match="measures: says trust"):
        StudySpec.load(path)


def test_the_word_of_the_user_suffices(tmp_path: Path, exchanged: Path) -> None:
    out, word = tmp_path / "out", f"torch={exchanged / 'model.pt2'},trust=true"
    path = config(tmp_path, f'encoders = "{word}"')
    audit = ["audit", "-o", str(out), "--measure", "cosine", "--config", str(path)]
    refused = CliRunner().invoke(app, audit)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "add --trust" in refused.stderr
    assert not out.exists()
    for words in (["--encoder", word], ["--trust"]):
        done = CliRunner().invoke(app, [*audit, *words])
        assert done.exit_code == 0, done.output
    assert imleak.audit(config=path, out=out, measures="cosine", encoders=word).summary is not None


def test_the_study_of_a_run_neither(tmp_path: Path, exchanged: Path) -> None:
    out = tmp_path / "out"
    word = f"torch={exchanged / 'model.pt2'},trust=true"
    imleak.audit("dead-leaves:2x32x32", out=out, levels=0, measures="cosine", encoders=word)
    with pytest.raises(SpecError, match="add --trust"):
        status(out)
    assert status(out, trust=True).left == 0
    shown = CliRunner().invoke(app, ["status", str(out), "--trust"])
    assert shown.exit_code == 0, shown.output
    assert json.loads((out / "manifest.json").read_text())["spec"]["encoders"][0]["trust"] is True
