"""Named attributes in a study: whose they are, and that every scheme has them measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tifffile

from imleak.images.generated import DeadLeaves
from imleak.study import StudySpec, run
from imleak.study.components import Component

SMALL = {"encoders": "pixels:size=4,patch=32", "patches": 2, "sources": "dead-leaves:12x64x64"}
QUICK = {"name": "attributes", "seeds": 1, "folds": 3, "given": False}


def named(**fields: Any) -> list[str]:
    """Which encoders name attributes of the question of a study."""
    found = asked(**fields)
    return [f"{one.title} {one.build().input_size}" for one in found]


def asked(**fields: Any) -> tuple[Component, ...]:
    spec = StudySpec.of(**({"sources": "x.png", "measures": "attributes"} | fields))
    (measure,) = (one for one in spec.measure_components() if one.name == "attributes")
    (question,) = spec.questions()
    found = spec.asked_by(measure, question).attributes
    assert set(found) <= set(spec.encoder_components())
    return found


def test_classes_are_named_by_vectors_that_are_there_anyway() -> None:
    attributes, network = asked(encoders="efficientnet-lite0:precision=fp32")
    assert (attributes.name, network.options) == ("attributes", '{"precision":"fp32"}')


def test_attributes_are_of_the_same_patches_or_of_whole_images() -> None:
    assert named(encoders="efficientnet-lite0") == ["attributes 224", "efficientnet-lite0 224"]
    assert named(encoders="pixels:size=4,patch=32") == ["attributes=32 32"]
    assert named(encoders="layout") == ["attributes=image image", "efficientnet-lite0 224"]
    assert named(target="attributes", views="efficientnet-lite0") == [
        "attributes 224",
        "efficientnet-lite0 224",
    ]
    assert asked(target="attributes", views="efficientnet-lite0")[0].options == "{}"


def test_who_asks_for_attributes_as_a_target_is_told_which() -> None:
    spec = StudySpec.of(sources="x.png", target="attributes=64", views="pixels:size=4,patch=64")
    assert "attributes" in [choice.name for choice in spec.measures]


def test_the_default_measures_do_not_need_features() -> None:
    spec = StudySpec.of(sources="x.png", encoders="pixels")
    assert "attributes" in [choice.name for choice in spec.measures]


@pytest.mark.parametrize(
    ("scheme", "levels"), [("bitplanes", "0,4,8"), ("region", "0,1"), ("etc:block=8", "0,1")]
)
def test_of_every_scheme_all_attributes_are_measured(
    tmp_path: Path, scheme: str, levels: str
) -> None:
    found = run(
        StudySpec.of(**SMALL, scheme=scheme, levels=levels, measures=[QUICK]), tmp_path / "run"
    )
    rows = found.summary
    assert found.failures.empty
    names = {"mean", "contrast", "saturated share", "sharpness", "noise", "blockiness"}
    grey = names | {"orientation"}
    bits = rows[rows["unit"] == "bit"]
    assert set(bits["quantity"]) == grey
    assert set(rows["quantity"]) == grey | {f"{one}, R²" for one in grey}
    asked_for = {int(level) for level in levels.split(",")}
    assert set(rows["level"]) == asked_for
    assert rows.groupby("quantity").size().eq(len(asked_for)).all()
    assert bits["verdict"].notna().all()
    assert bits["label"].notna().all()
    last = bits[bits["level"] == max(asked_for)]
    if scheme == "bitplanes":
        assert (last["mean"] == 0).all()


@pytest.mark.parametrize("bits", [8, 12])
def test_of_colour_and_of_every_depth_there_is_colourfulness(tmp_path: Path, bits: int) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for at in range(12):
        grey = DeadLeaves(40, 40, at).render()[0].astype(float) * (((1 << bits) - 1) / 255)
        colours = np.stack([grey, np.roll(grey, at, 0), grey * (at / 12)], -1)
        tifffile.imwrite(folder / f"{at}.tif", colours.astype(np.uint16), photometric="rgb")
    spec = StudySpec.of(
        **SMALL | {"sources": folder, "patches": 1},
        colour=True,
        bits=bits,
        levels="0",
        measures=[QUICK],
    )
    found = run(spec, tmp_path / "run").summary
    assert "colourfulness" in set(found["quantity"])


def test_ciphers_that_somebody_else_made_are_measured_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for at in range(8):
        plain = DeadLeaves(40, 40, at).render()[0]
        for name, samples in (("plain", plain), ("cipher", plain ^ rng.integers(0, 4, (40, 40)))):
            path = tmp_path / name / f"{at}.png"
            path.parent.mkdir(exist_ok=True)
            PIL.Image.fromarray(samples.astype(np.uint8)).save(path)
    spec = StudySpec.of(
        sources=tmp_path / "plain",
        ciphers={"xor": tmp_path / "cipher"},
        encoders="pixels:size=4,patch=32",
        patches=1,
        measures=[QUICK],
    )
    found = run(spec, tmp_path / "run").summary
    assert set(found["level"]) == {0, 1}
    assert "noise" in set(found["quantity"])
