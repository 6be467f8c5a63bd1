"""Pictures and vectors with nothing in them: defined results, through a whole study."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from study_fakes import Corners

from imleak import plugins
from imleak.estimators.tabular import TabularMine
from imleak.study import StudySpec, run
from imleak.training import train_adversary

QUICK = {"folds": 2, "seeds": 1, "epochs": 5, "nulls": 5, "rate": 5e-3}
ESTIMATORS = sorted(plugins.known("estimator"))
OF_VECTORS_OR_TIME = {"likeness", "cosine", "rounded", "encryptiontime"}
TWO_VALUED = "two-valued.png"
PICTURES = {
    "black.png": np.zeros((24, 24), np.uint8),
    "white.png": np.full((24, 24), 255, np.uint8),
    "grey.png": np.full((24, 24), 100, np.uint8),
    TWO_VALUED: np.repeat(np.array([0, 255], np.uint8), 288).reshape(24, 24),
}


def quickly(name: str) -> dict[str, object]:
    """A measure with those of the quick options that it has."""
    takes = inspect.signature(plugins.load("estimator", name)).parameters
    return {"name": name} | {option: QUICK[option] for option in QUICK if option in takes}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, samples in PICTURES.items():
        PIL.Image.fromarray(samples).save(tmp_path / name)
    return tmp_path


def test_images_of_one_value_and_of_two(folder: Path, tmp_path: Path) -> None:
    metrics = sorted(set(plugins.known("metric")) - OF_VECTORS_OR_TIME)
    spec = StudySpec.of(sources=folder, measures=metrics, levels="0-8")
    done = run(spec, tmp_path / "out")
    clear = done.frame[(done.frame["part"] == "clear") & done.frame["error"].isna()]
    histogram = clear[clear["measure"] == "histogram"].set_index(["image", "level"])["value"]
    for name in PICTURES:
        bits = [histogram[name, level] for level in range(9)]
        # White keeps a value of its own as long as one bit is left.
        assert bits == pytest.approx([float(name == TWO_VALUED)] * 8 + [0.0], abs=1e-12)
    refused = done.frame[done.frame["error"].notna()]
    assert not refused["error"].str.contains("Error:|Warning").any(), refused["error"].tolist()
    assert refused["image"].notna().all()


class Constant(Corners):
    """An encoder that sees nothing."""

    def encode(self, pictures: np.ndarray, bits: int) -> np.ndarray:
        return np.full((len(pictures), 4), 0.3, np.float32)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_vectors_that_are_all_the_same_tell_nothing(
    name: str,
    photographs: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("study_fakes.Corners", Constant)
    asked = {"encoders": "corners", "measures": [quickly(name)], "patches": 2, "levels": "0,8"}
    folder = photographs(*(f"{at}.png" for at in range(16)))
    if plugins.load("estimator", name) is TabularMine:  # the samples themselves
        asked["encoders"] = "pixels"
        for path in folder.iterdir():
            PIL.Image.new("L", (16 + int(path.stem), 12), 7).save(path)
    if getattr(plugins.load("estimator", name), "needs_directions", False):
        elsewhere = photographs(*(f"{'p' * at}.png" for at in range(1, 25)), into="elsewhere")
        asked["adversary"] = str(tmp_path / "adversary.safetensors")
        train_adversary(elsewhere, asked["adversary"], encoders=["corners"], levels="0")
    found = run(StudySpec.of(sources=folder, **asked), tmp_path / "out").summary
    assert found["errors"].tolist() == [0] * len(found)
    assert found["mean"].tolist() == pytest.approx([0.0] * len(found), abs=1e-6)
    claims = found[(found["protocol"] == "held-out") & (found["unit"] == "bit")]
    assert set(claims["verdict"]) <= {"no leak found"}


class Blind(Corners):
    """An encoder that gives NaN for one image."""

    def encode(self, pictures: np.ndarray, bits: int) -> np.ndarray:
        found = super().encode(pictures, bits)
        return np.where(pictures[:, 0, :1, 0] == 77, np.float32(np.nan), found)


def test_vectors_that_are_no_numbers_are_a_row_with_the_name_of_the_image(
    photographs: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("study_fakes.Corners", Blind)
    folder = photographs("a.png", "b.png", "c.png")
    PIL.Image.new("L", (16, 12), 77).save(folder / "blind.png")
    asked = {"encoders": "corners", "measures": ["likeness", "rows"], "levels": "0,4"}
    done = run(StudySpec.of(sources=folder, patches=3, **asked), tmp_path / "out")
    failed = done.frame[done.frame["error"].notna()]
    assert failed[["image", "measure"]].to_numpy().tolist() == [
        ["blind.png", "likeness"],
        ["blind.png", "rows"],
    ]
    assert set(failed["error"]) == {"corners gives vectors that are not finite (NaN or infinity)"}
    assert set(done.summary[done.summary["measure"] == "rows"]["n"]) == {9}
