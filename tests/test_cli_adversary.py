from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from imleak.api import audit
from imleak.cli import app

pytestmark = pytest.mark.usefixtures("without_figures")


def imleak(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(*words: object) -> str:
    """The one line an error is told in."""
    result = imleak(*words)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("imleak: ").strip()


def test_the_card_of_the_shipped_one_is_shown() -> None:
    result = imleak("adversary", "show")
    assert result.exit_code == 0, result.output
    assert "800 public photographs" in result.stdout
    assert "ade20k: 640 images; terms: " in result.stdout
    assert "efficientnet-lite0: 64 directions a level" in result.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--terms", "free"), "--terms 'free' is not like --terms FOLDER=TEXT"),
        (("--encoder", "layout"), "layout gives no vectors of patches"),
        (("--rebuild-weights", "missing"), "missing: no such file"),
    ],
)
def test_what_cannot_be_learned_is_refused(
    words: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    out = tmp_path / "a.safetensors"
    assert why in refused("adversary", "train", "dead-leaves:2x40x40", "-o", out, *words)
    assert not out.exists()


def test_a_file_that_is_no_adversary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no")
    words = ("audit", "dead-leaves:2x40x40", "--adversary", tmp_path / "notes.txt")
    assert "is no adversary" in refused(*words, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_code_is_learned_and_codes_other_images(tmp_path: Path) -> None:
    out = tmp_path / "code.safetensors"
    result = imleak("adversary", "code", "dead-leaves:3x40x40", "-o", out, "--steps", 2)
    assert result.exit_code == 0, result.output
    assert "a code of symbols of 2 to 256 values, learned from 3 images" in result.stdout
    code = {"name": "learned-codelength", "weights": str(out)}
    images, levels = "dead-leaves:4x40x40", "0,7-8"
    found = audit(images, measures=[code], levels=levels, out=tmp_path / "run").frame
    refused = found["error"].str.contains("learned from this image", na=False)
    assert found.loc[refused, "image"].nunique() == 3
    assert found.loc[~refused, "value"].notna().all()
    assert found.loc[~refused, "level"].tolist() == [0, 7, 8]


def test_a_code_that_cannot_be_written_is_refused_before_it_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imleak.metrics.autoregressive.training.train", pytest.fail)
    said = refused("adversary", "code", "dead-leaves:2x40x40", "-o", tmp_path)
    assert f"cannot write {tmp_path}: it is a folder" in said.replace("\n", " ")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_network_is_trained_and_rebuilds_other_images(tmp_path: Path) -> None:
    out = tmp_path / "network.safetensors"
    words = ("adversary", "super-resolution", "dead-leaves:2x330x330", "-o", out, "--steps", 2)
    result = imleak(*words)
    assert result.exit_code == 0, result.output
    assert "a network that learned from 2 images" in result.stdout
    found = audit(
        "dead-leaves:4x64x64",
        scheme="tpe",
        rebuilder={"name": "super-resolution", "weights": str(out)},
        measures=["rebuild"],
        levels="1,2",
        out=tmp_path / "run",
    ).frame
    likeness = found[found["quantity"] == "gradient correlation"]
    assert likeness["level"].tolist() == [1, 2] * 4
    assert likeness["value"].notna().all()


def test_images_too_small_for_the_network_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "network.safetensors"
    said = refused("adversary", "super-resolution", "dead-leaves:2x40x40", "-o", out)
    assert "no image to learn blocks of 32x32 from: give some of 320x320 pixels or more" in said
    assert not out.exists()


@pytest.mark.parametrize("what", ["train", "code", "super-resolution"])
@pytest.mark.parametrize("place", ["", "file.txt/a.safetensors", "locked/new/a.safetensors"])
def test_a_file_that_cannot_be_written_is_refused_before_an_image_is_read(
    what: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file.txt").write_text("no folder")
    (tmp_path / "locked").mkdir()
    monkeypatch.setattr("imleak.atomic.os.access", lambda path, _: path.name != "locked")
    monkeypatch.setattr("imleak.study.scan.scan", pytest.fail)
    monkeypatch.setattr("imleak.study.learning.scan", pytest.fail)
    before = sorted(tmp_path.rglob("*"))
    out = tmp_path / place if place else tmp_path
    assert refused("adversary", what, "dead-leaves:2x40x40", "-o", out).startswith(
        f"cannot write {out}: "
    )
    assert sorted(tmp_path.rglob("*")) == before
