"""The command in small: generated images, and a small network in the place of each encoder."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from typer.testing import CliRunner, Result

from imleak.cli import app
from imleak.images.generated import DeadLeaves
from imleak.paper import settings
from imleak.paper.claims import STATEMENTS
from imleak.paper.reproduce import _together
from imleak.study import Run

SMALL = ("--quick", "--largest", 9, "--patches", 2, "--epochs", 4, "--folds", 2)
DRAWN = ("1", "2", "3a", "3b", "4", "5", "6a", "6b", "7", "8")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for index in range(9):
        picture = DeadLeaves(40, 44, index).render()[0]
        PIL.Image.fromarray(picture).save(folder / f"{index}.png")
    return folder


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _small(own_cache: Path, exchanged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMLEAK_CACHE", str(own_cache))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(settings, "STAND_IN_RESNET", f"onnx={exchanged / 'model.onnx'}")


@pytest.fixture(scope="module")
def reproduction(
    images: Path,
    exchanged: Path,
    own_cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("out") / "paper"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMLEAK_CACHE", str(own_cache))
        patch.setattr(settings, "STAND_IN_RESNET", f"onnx={exchanged / 'model.onnx'}")
        return out, reproduce(images, exchanged, out)


def reproduce(images: Path, exchanged: Path, out: Path, *words: object) -> Result:
    encoder = f"torch={exchanged / 'model.pt2'},trust=true"
    given = ("reproduce", images, "-o", out, *SMALL, "--encoder", encoder, *words)
    return CliRunner().invoke(app, [str(word) for word in given])


def test_every_figure_is_there_and_not_empty(reproduction: tuple[Path, Result]) -> None:
    out, result = reproduction
    assert result.exit_code == 0, result.output
    for number in DRAWN:
        for suffix in ("png", "pdf") if number == "1" else ("png", "pdf", "csv"):
            path = out / "figures" / f"figure-{number}.{suffix}"
            assert path.stat().st_size > 500, path
        if number != "1":
            assert len(pd.read_csv(out / "figures" / f"figure-{number}.csv")) >= 9


def test_every_claim_has_a_verdict_under_both_evaluations(
    reproduction: tuple[Path, Result],
) -> None:
    claims = pd.read_csv(reproduction[0] / "claims.csv")
    assert [*claims.columns[:3], *claims.columns[-3:]] == [
        "claim",
        "says",
        "criterion",
        "verdict",
        "figures",
        "note",
    ]
    assert set(claims["verdict"]) <= {"holds", "does not hold", "not decided"}
    for statement in STATEMENTS:
        rows = claims[claims["claim"] == statement.number]
        wanted = {"held-out"} if "there" in statement.number else {"paper", "held-out"}
        assert set(rows["evaluation"]) == wanted
    linear = claims[(claims["claim"] == "1") & (claims["evaluation"] == "paper")].iloc[0]
    fit, low, high = json.loads(linear["figures"])["R2"]
    assert 0.9 < low <= fit <= high <= 1
    assert set(claims["encoder"].dropna()) == {"pixels", "torch=model.pt2", "onnx=model.onnx"}


def test_the_numbers_of_figure_2_are_entropies(
    reproduction: tuple[Path, Result], images: Path
) -> None:
    rows = pd.read_csv(reproduction[0] / "figures" / "figure-2.csv").set_index("level")
    entropies = []
    for path in images.iterdir():
        counts = np.bincount(np.asarray(PIL.Image.open(path)).ravel() & 7)
        shares = counts / counts.sum()
        entropies.append(-sum(p * math.log2(p) for p in shares if p))
    assert rows.loc[5, "mean"] == pytest.approx(np.mean(entropies))


def test_encoders_are_called_what_they_are(reproduction: tuple[Path, Result]) -> None:
    out, result = reproduction
    page = (out / "paper.md").read_text(encoding="utf-8")
    for text in (page, result.output.replace("\n", " ")):
        assert "stands in for it" in text
    assert "Figure 5" in page
    assert "for CLIP ViT-B" in page
    for number in DRAWN:
        assert f"figures/figure-{number}.png" in page
        assert (f"figures/figure-{number}.csv" in page) == (number != "1")
    assert "Read " in result.output


@pytest.mark.slow
def test_a_second_run_does_nothing_and_says_the_same(
    reproduction: tuple[Path, Result], images: Path, exchanged: Path
) -> None:
    out, _ = reproduction
    kept = [path for path in out.rglob("*") if path.suffix in (".csv", ".png", ".md", ".json")]
    parts = {path: path.stat().st_mtime_ns for path in kept if "parts" in path.parts}
    before = {path: path.read_bytes() for path in kept if path.name != "manifest.json"}
    assert parts
    assert reproduce(images, exchanged, out).exit_code == 0
    assert {path: path.read_bytes() for path in before} == before
    assert {path: path.stat().st_mtime_ns for path in parts} == parts


@pytest.mark.slow
def test_a_run_on_other_images_is_judged_too(
    reproduction: tuple[Path, Result], images: Path, exchanged: Path
) -> None:
    out, _ = reproduction
    other = out / "runs" / "torch-model-pt2"
    assert reproduce(images, exchanged, out, "--also", other).exit_code == 0
    claims = pd.read_csv(out / "claims.csv")
    twice = claims[(claims["claim"] == "4") & (claims["encoder"] == "torch=model.pt2")]
    assert len(twice) == 4
    first, second = sorted(set(twice["images"]))  # the same rows of the same images are told apart
    assert second == f"{first}, {other.name}"
    assert not claims.duplicated(["claim", "images", "encoder", "measure", "evaluation"]).any()


def test_other_settings_need_another_folder(
    reproduction: tuple[Path, Result], images: Path, exchanged: Path
) -> None:
    result = reproduce(images, exchanged, reproduction[0], "--seed", 3)
    assert result.exit_code == 2
    assert "seed was 0 and is 3" in result.stderr


def test_runs_whose_rows_look_alike_are_judged_apart(reproduction: tuple[Path, Result]) -> None:
    runs = reproduction[0] / "runs"
    pixels, features = (Run.open(runs / name) for name in ("pixels", "torch-model-pt2"))
    of_folder = {"images0 (9 images), torch-model-pt2": [features]}
    together = _together([pixels, features, features], [])
    assert together == {"images0 (9 images)": [pixels, features], **of_folder}
    assert _together([features], [pixels]) == {"images0 (9 images)": [features]}
    assert _together([features], [pixels, features]) == of_folder


@pytest.mark.slow
def test_the_ablation(images: Path, exchanged: Path, tmp_path: Path) -> None:
    result = reproduce(images, exchanged, tmp_path / "out", "--ablation", 4)
    assert result.exit_code == 0, result.output
    rows = pd.read_csv(tmp_path / "out" / "ablation.csv")
    for protocol, choices in (("in-sample", 10), ("held-out", 9), ("per-image", 3)):
        of = rows[rows["protocol"] == protocol]
        assert of["choice"].iloc[0] == "base"
        assert of["choice"].nunique() == choices
    assert set(rows["claim_5"].dropna()) <= {"holds", "does not hold", "not decided"}
    assert rows.loc[rows["protocol"] == "per-image", "claim_4"].notna().all()
    assert "## Ablation" in (tmp_path / "out" / "paper.md").read_text(encoding="utf-8")
