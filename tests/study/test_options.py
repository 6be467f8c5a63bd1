"""How a user spells a component with its options, and what is recorded of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from imleak.study import SpecError, StudySpec, run
from imleak.study.options import EncoderChoice, MeasureChoice, SchemeChoice


def spec(**fields: object) -> StudySpec:
    return StudySpec.of(**({"sources": "photos", "measures": "histogram"} | fields))


@pytest.mark.parametrize(
    ("written", "name", "options"),
    [
        ("corners", "corners", {}),
        ("pixels=16", "pixels", {"size": 16}),
        ("pixels:16", "pixels", {"size": 16}),
        ("pixels:size=16,patch=32", "pixels", {"size": 16, "patch": 32}),
        ("pixels=16,patch=32", "pixels", {"size": 16, "patch": 32}),
        ("clip=random:0", "clip", {"weights": "random:0"}),
        (
            "clip:random:0,model=ViT-B/16,features=pooled",
            "clip",
            {"weights": "random:0", "model": "ViT-B/16", "features": "pooled"},
        ),
        ("resnet:weights=random:1,model=18", "resnet", {"weights": "random:1", "model": 18}),
    ],
)
def test_encoders_as_people_write_them(written: str, name: str, options: dict[str, object]) -> None:
    choice = EncoderChoice.model_validate(written)
    assert (choice.name, choice.options) == (name, options)
    assert EncoderChoice.model_validate(choice.model_dump()) == choice


def test_all_components_are_written_alike() -> None:
    measure = MeasureChoice.model_validate("twofold:protocol=held-out,folds=4")
    assert measure.options == {"protocol": "held-out", "folds": 4}
    assert SchemeChoice.model_validate("bitplanes:clear=shifted").options == {"clear": "shifted"}


@given(st.text(alphabet="abc/._-, 019:[]", min_size=1, max_size=12))
def test_a_path_may_hold_commas_and_colons(path: str) -> None:
    from imleak.study.options import spelled

    found = spelled(f"onnx=/{path}.onnx,output=features", EncoderChoice.kind_of)
    assert found["options"] == {"model": f"/{path}.onnx", "output": "features"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("corners=3", "corners takes no value, only options, as in corners:KEY=VALUE"),
        ("pixel=3", "unknown encoder 'pixel'; did you mean 'pixels'?"),
        ("pixels=3,size=4", "size stands there twice"),
        (
            "pixels=3,side=4",
            "pixels has no option 'side'; did you mean 'size'? Its options: size, patch",
        ),
        ("pixels=some", "pixels refuses size='some': input should be a valid integer"),
        ("", "unknown encoder ''"),
        ("clip", "clip comes without weights; give them: clip=local-dir:FOLDER"),
    ],
)
def test_what_is_written_wrongly(written: str, told: str) -> None:
    with pytest.raises(ValidationError) as error:
        EncoderChoice.model_validate(written)
    assert told in str(error.value)


def test_one_encoder_with_two_options_is_two_spaces() -> None:
    two = spec(encoders=["pixels=4", "pixels=8", "pixels"])
    assert [e.title for e in two.encoder_components()] == ["pixels=4", "pixels=8", "pixels"]
    with pytest.raises(SpecError, match="'pixels=4' stands there twice"):
        spec(encoders=["pixels=4", "pixels:size=4"])


def test_results_say_random_and_a_run_warns(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    asked = spec(
        sources=photographs("a.png"),
        encoders=["resnet=random:3,model=18", "corners"],
        measures=["likeness"],
        levels="0,8",
        precision="fp32",
    )
    found = run(asked, tmp_path / "out")
    assert set(found.summary["encoder"]) == {"resnet=random:3,model=18", "corners"}
    assert set(found.frame["encoder"]) == {"resnet=random:3,model=18", "corners"}
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    (warning,) = manifest["warnings"]
    assert warning.startswith("resnet=random:3,model=18 has random weights")
    (recorded,) = [c for c in manifest["components"] if c["name"] == "resnet"]
    assert (recorded["weights"], recorded["source"]) == ("random", "random:3")
    assert (recorded["precision"], recorded["device"]) == ("fp32", "cpu")
