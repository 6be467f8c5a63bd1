"""Studies to begin with, and those that are taken from a run."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from imleak.study import SpecError, StudySpec, run
from imleak.study.presets import COMMENTS, PRESETS, PresetError, study_toml


def test_every_field_has_a_comment_in_the_order_of_the_study() -> None:
    assert COMMENTS.keys() == StudySpec.model_fields.keys()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_study_that_shows_every_field(name: str, tmp_path: Path) -> None:
    path, text = tmp_path / "study.toml", study_toml(name)
    path.write_text(text)
    spec = StudySpec.load(path)
    assert tomllib.loads(text).keys() == PRESETS[name][1].keys()
    lines = text.splitlines()
    for field, (comment, _) in COMMENTS.items():
        at = lines.index(f"# {comment}")
        assert lines[at + 1].removeprefix("# ").startswith(f"{field} = ")
    # What is shown as a comment can be read too, each by itself.
    for field, (_, example) in COMMENTS.items():
        shown = next(line for line in lines if line.removeprefix("# ").startswith(f"{field} = "))
        if shown.startswith("# "):
            assert tomllib.loads(shown[2:]) == {field: example}
    assert spec.seed == 0


def test_that_of_photographs_is_what_is_measured_without_one() -> None:
    asked = StudySpec.of(**tomllib.loads(study_toml("photos")))
    assert asked == StudySpec.of(sources=["photos"])


def test_a_preset_that_there_is_not() -> None:
    with pytest.raises(PresetError, match="no preset 'video'; give one of photos, thumbnails"):
        study_toml("video")


def test_the_study_of_a_run_is_taken_from_its_folder_or_its_manifest(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    asked = {"measures": ["brightness", {"name": "rows", "optional": True}], "levels": [0, 3]}
    spec = StudySpec.of(sources=photographs("a.png"), encoders="corners", seed=5, **asked)
    out = tmp_path / "out"
    run(spec, out)
    assert StudySpec.load(out) == StudySpec.load(out / "manifest.json") == spec
    assert StudySpec.load(out, seed=6, levels="1").model_dump() == spec.model_dump() | {
        "seed": 6,
        "levels": (1,),
    }


@pytest.mark.parametrize("content", ["{", "{}", '{"spec": 3}', '{"spec": [1]}', "{" * 100_000])
def test_what_is_no_manifest_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(SpecError, match="is neither TOML nor the manifest of a run"):
        StudySpec.load(path)


def test_a_manifest_may_not_say_what_is_trusted(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    encoder = {"name": "torch", "model": "a.pt2", "trust": True}
    path.write_text(json.dumps({"spec": {"sources": ["a"], "encoders": [encoder]}}))
    with pytest.raises(SpecError, match="says trust of a file that runs code"):
        StudySpec.load(path)
