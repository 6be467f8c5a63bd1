from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from study_fakes import Corners, Middles, Rows

from imleak.images import Source
from imleak.study import StudySpec
from imleak.study.plan import (
    ImageInfo,
    LevelsError,
    Unit,
    omissions,
    plan,
    scope,
)


def info(name: str = "a", digest: str = "", bits: int = 8, side: int = 12) -> ImageInfo:
    source = Source(name, Path(name))
    return ImageInfo(name, source, digest or f"digest of {name}", 1, side, side, bits)


def spec(**fields: object) -> StudySpec:
    chosen = {"sources": "photos", "encoders": "corners", "measures": ["brightness", "rows"]}
    return StudySpec.of(**(chosen | fields))


def estimator_unit(chosen: StudySpec) -> Unit:
    return plan(chosen, [info()]).estimators[-1]


def keys(chosen: StudySpec, *images: ImageInfo) -> set[str]:
    return {unit.key for unit in plan(chosen, images)}


def test_every_measure_runs_where_it_can() -> None:
    chosen = spec(
        measures=["brightness", "likeness", "rows"], encoders=["pixels", "corners"], patches=3
    )
    units = plan(chosen, [info("a"), info("b")])
    where = [(u.measure.name, u.question.title, len(u.images), u.patches) for u in units]
    assert where == [
        ("brightness", "pixels", 1, 0),
        ("likeness", "corners", 1, 0),
        ("brightness", "pixels", 1, 0),
        ("likeness", "corners", 1, 0),
        ("rows", "pixels", 2, 0),
        ("rows", "corners", 2, 3),
    ]


def asked(chosen: StudySpec) -> list[tuple[str, str]]:
    return [(unit.measure.name, unit.question.title) for unit in plan(chosen, [info()])]


def test_a_target_is_asked_through_each_view() -> None:
    sides = {"target": "corners", "views": ["middles", "corners"]}
    assert asked(StudySpec.of(sources="photos", measures="rows", **sides)) == [
        ("rows", "corners through middles"),
        ("rows", "corners"),
    ]
    beside = spec(measures="rows", encoders="middles", **sides)
    assert asked(beside) == [
        ("rows", "middles"),
        ("rows", "corners through middles"),
        ("rows", "corners"),
    ]


def test_who_chooses_a_view_is_asked_once_a_target() -> None:
    beside = spec(
        measures=["keenest", "rows"],
        encoders=["corners", "middles", "pixels"],
        target="corners",
        views=["middles"],
    )
    assert asked(beside) == [
        ("keenest", "corners through corners, middles"),
        ("keenest", "middles"),
        ("keenest", "pixels"),
        ("rows", "corners"),
        ("rows", "middles"),
        ("rows", "pixels"),
        ("rows", "corners through middles"),
    ]


def test_a_metric_compares_vectors_of_one_encoder() -> None:
    sides = {"target": "corners", "views": ["middles", "corners"]}
    assert asked(spec(measures="likeness", encoders="middles", **sides)) == [
        ("likeness", "middles"),
        ("likeness", "corners"),
    ]


def test_both_protocols_are_units_of_their_own() -> None:
    units = plan(spec(measures=["rows", "twofold"]), [info()])
    titles = ["rows", "held-out twofold", "in-sample twofold"]
    assert [unit.measure.title for unit in units] == titles
    assert len({unit.key for unit in units}) == 3


def test_an_estimator_of_single_pixels_runs_on_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Rows, "space", "pixels", raising=False)
    units = plan(spec(measures=["rows"], encoders=["corners", "pixels"]), [info()])
    assert [unit.question.title for unit in units] == ["pixels"]


def test_a_plan_is_a_function_of_its_arguments() -> None:
    images = [info("a"), info("b")]
    assert plan(spec(), images) == plan(spec(), images)


def test_a_plan_holds_no_unit_of_a_metric() -> None:
    units = plan(spec(measures="brightness"), [info(f"{at}") for at in range(1000)])
    assert len(units) == len(list(units)) == 1000
    assert next(iter(units)).key  # loads what is loaded when it is first used
    tracemalloc.start()
    try:
        assert len({hash(unit.key) for unit in units}) == 1000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000  # two thirds of which are the hashes


def test_names_and_order_of_images_do_not_matter() -> None:
    first = keys(spec(), info("a", "1"), info("b", "2"))
    assert keys(spec(), info("y", "2"), info("x", "1")) == first


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"patches": 7},
        {"levels": "0-7"},
        {"scheme": {"name": "bitplanes", "clear": "shifted"}},
        {"epochs": 3},
        {"measures": ["brightness", {"name": "rows", "offset": 1.0}]},
    ],
)
def test_whatever_changes_a_result_changes_the_key_of_its_unit(other: dict[str, object]) -> None:
    assert estimator_unit(spec()).key != estimator_unit(spec(**other)).key


def test_images_encoder_and_version_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = {"target": "corners", "views": "middles"}
    unit = estimator_unit(spec(**sides))
    first = unit.key
    monkeypatch.setattr(Corners, "digest", "5" * 64)
    target = estimator_unit(spec(**sides)).question.target
    monkeypatch.setattr(Middles, "digest", "6" * 64)
    (view,) = estimator_unit(spec(**sides)).question.views
    others = [
        replace(unit, images=(info("a", "another"),)),
        replace(unit, question=replace(unit.question, target=target)),
        replace(unit, question=replace(unit.question, views=(view,))),
        replace(unit, measure=replace(unit.measure, version="2")),
        replace(unit, scheme=replace(unit.scheme, version="2")),
    ]
    assert len({first, *(other.key for other in others)}) == 6


def test_patches_do_not_concern_what_is_not_cut() -> None:
    only_metrics = {"measures": "brightness"}
    assert keys(spec(**only_metrics), info()) == keys(spec(**only_metrics, patches=7), info())


def test_an_image_smaller_than_a_patch_is_left_out_of_estimators_only() -> None:
    images = [info("large"), info("small", side=7)]
    units = plan(spec(), images)
    assert [[image.name for image in unit.images] for unit in units] == [
        ["large"],
        ["small"],
        ["large"],
    ]
    (left,) = omissions(spec(), images)
    assert (left.image, left.measure.name) == ("small", "rows")
    assert left.why == "is 7x7, smaller than a patch of 8x8"


def test_no_unit_is_made_for_no_image() -> None:
    of_patches = spec(measures="rows", encoders="pixels=4,patch=8")
    assert not list(plan(of_patches, [info(side=7)]))


def test_small_images_are_taken_whole_where_none_is_as_large_as_a_patch() -> None:
    (small,) = plan(spec(measures="rows"), [info(side=7)])
    assert (small.patches, small.question.whole, small.question.input_size) == (0, True, "image")
    several = plan(spec(measures="rows"), [info("large"), info("small", side=7)])
    assert [unit.question.whole for unit in several] == [False]
    assert several.whole == frozenset()


@pytest.mark.parametrize(
    ("depths", "levels"),
    [([8], range(9)), ([8, 16, 16], range(17)), ([12, 8], range(9)), ([10], range(11))],
)
def test_levels_are_those_of_the_usual_depth(depths: list[int], levels: range) -> None:
    images = [info(str(n), bits=bits) for n, bits in enumerate(depths)]
    assert scope(spec(), images).levels == tuple(levels)


@pytest.mark.parametrize(
    ("levels", "measured", "why"),
    [
        ("0-8", "flat", "has 16 bits a sample and the study 8; audit it alone"),
        ("0-12", "deep", "has 8 bits a sample and the study 16; audit it alone"),
    ],
)
def test_images_of_another_depth_are_left_out_of_everything(
    levels: str, measured: str, why: str
) -> None:
    images = [info("deep", bits=16), info("flat", bits=8)]
    chosen = spec(levels=levels)
    assert {image.name for unit in plan(chosen, images) for image in unit.images} == {measured}
    (left,) = omissions(chosen, images)
    assert left.image not in measured
    assert (left.measure, left.why) == (None, why)


def test_levels_nothing_has_are_an_error() -> None:
    with pytest.raises(LevelsError, match="level 9: bitplanes of 8-bit samples has levels 0 to 8"):
        plan(spec(levels="0-9"), [info()])


def test_of_no_image_there_is_nothing_to_do() -> None:
    nothing = plan(spec(), [])
    assert (len(nothing), list(nothing)) == (0, [])


def drawn(most: int | None, count: int = 40, **fields: object) -> list[str]:
    """Names of the images an estimator is given, in the order of their digests."""
    chosen = spec(measures="rows", max_samples=most, **fields)
    (unit,) = plan(chosen, [info(f"{at:02}") for at in range(count)])
    assert unit.drawn_from == (count if len(unit.images) < count else 0)
    return [image.name for image in unit.images]


def test_whole_images_are_drawn_and_more_are_the_same_and_more() -> None:
    assert len(drawn(None)) == len(drawn(400)) == 40
    assert len(drawn(399)) == 39
    assert len(drawn(1)) == 1
    some, more = drawn(100), drawn(250)
    assert (len(some), len(more)) == (10, 25)
    assert set(some) < set(more)
    assert some == sorted(some, key=lambda name: f"digest of {name}")
    assert drawn(100, seed=1) != some
    # An image that is added displaces few.
    assert len(set(drawn(100, count=41)) & set(some)) >= 9


def test_rows_of_scalar_pixels_are_counted_as_they_are_pooled() -> None:
    assert len(drawn(2560, encoders="pixels")) == 10  # values of 8 bits
    deep = [info(f"{at}", bits=16) for at in range(4)]
    (unit,) = plan(spec(measures="rows", encoders="pixels", max_samples=20_000), deep)
    assert len(unit.images) == 2


def test_a_subsample_changes_the_keys_of_what_it_changes() -> None:
    images = [info(f"{at}") for at in range(4)]
    whole, part, roomy = (keys(spec(max_samples=most), *images) for most in (None, 20, 40))
    assert whole == roomy
    assert len(whole & part) == 4  # of the metric


def test_a_key_is_the_digest_of_the_canonical_identity() -> None:
    chosen = spec(levels="0,3", seed=5, target="corners", views=["middles"])
    for unit in plan(chosen, [info("a"), info("b", digest='quo"ted')]):
        text = json.dumps(unit.identity, sort_keys=True, separators=(",", ":"))
        assert unit.key == sha256(text.encode()).hexdigest()
