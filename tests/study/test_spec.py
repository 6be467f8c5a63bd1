from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from study_fakes import Rows

from imleak import plugins
from imleak.study import SpecError, StudySpec


def spec(**fields: object) -> StudySpec:
    return StudySpec.of(**({"sources": "photos", "measures": "histogram"} | fields))


@pytest.mark.parametrize(
    ("written", "levels"),
    [
        ("0-8", (0, 1, 2, 3, 4, 5, 6, 7, 8)),
        ("0,2,4", (0, 2, 4)),
        ("6 - 8, 0", (0, 6, 7, 8)),
        (3, (3,)),
        ([4, 0, 4], (0, 4)),
        (None, None),
    ],
)
def test_levels_as_people_write_them(written: object, levels: tuple[int, ...] | None) -> None:
    assert spec(levels=written).levels == levels


@given(st.sets(st.integers(0, 16), min_size=1))
def test_levels_are_sorted_and_unique_however_written(levels: set[int]) -> None:
    assert spec(levels=",".join(map(str, levels))).levels == tuple(sorted(levels))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("8-0", "levels: '8-0' counts down; write 0-8"),
        ("all", "levels: 'all' is not a level; write 0-8 or 0,2,4"),
        ("", "levels: '' is not a level"),
        ([-1], "levels: -1 is below 0, the least there can be"),
        ([], "levels: is empty; give at least one"),
    ],
)
def test_levels_that_are_none(written: object, told: str) -> None:
    with pytest.raises(SpecError) as error:
        spec(levels=written)
    assert told in str(error.value)


def test_every_mistake_is_reported_with_its_path() -> None:
    with pytest.raises(SpecError) as error:
        spec(measures=["histogram", {"name": "histgram"}], patches=0, encoder="pixels", seed="x")
    message = str(error.value)
    assert (
        "measures: unknown measure 'histgram'; did you mean 'histogram' or 'rank-histogram'? "
        "imleak list shows all" in message
    )
    assert "patches: 0 is below 1, the least there can be" in message
    assert "encoder: no such field; did you mean 'encoders'?" in message
    assert "seed: 'x' is no whole number" in message
    assert all(message.count(f"{field}: ") == 1 for field in ("patches", "encoder", "seed"))
    assert "\n" not in message


def test_two_mistakes_of_a_file_are_reported_with_the_file(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text('sources = ["photos"]\nlevels = "8-0"\n[[measures]]\nname = "nothing"\n')
    with pytest.raises(SpecError) as error:
        StudySpec.load(config)
    message = str(error.value)
    assert message.startswith(f"{config}: ")
    assert "levels: '8-0' counts down" in message
    assert "measures: unknown measure 'nothing'; imleak list shows all" in message


@pytest.mark.parametrize(
    ("content", "told"), [("a = ", "is not TOML"), (None, "cannot be read: No such file")]
)
def test_a_file_that_is_no_toml(tmp_path: Path, content: str | None, told: str) -> None:
    config = tmp_path / "study.toml"
    if content is not None:
        config.write_text(content)
    with pytest.raises(SpecError, match=told):
        StudySpec.load(config)


def test_a_file_and_what_overrides_it(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text(
        'sources = "photos"\nseed = 1\npatches = 3\nencoders = ["corners"]\n'
        'measures = ["histogram", { name = "rows", epochs = 7 }]\n'
    )
    loaded = StudySpec.load(config, seed=2)
    assert (loaded.seed, loaded.patches, loaded.sources) == (2, 3, ("photos",))
    assert loaded.measures[1].options == {"epochs": 7}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ({"encoders": "corner"}, "encoders: unknown encoder 'corner'; did you mean 'corners'?"),
        ({"scheme": "xor"}, "scheme: unknown scheme 'xor'; imleak list shows all"),
        (
            {"scheme": {"name": "bitplanes", "clear": "up"}},
            "scheme: bitplanes refuses clear='up': input should be",
        ),
        (
            {"measures": {"name": "rows", "epoch": 1}},
            "measures: rows has no option 'epoch'; did you mean 'epochs'? Its",
        ),
        ({"measures": {"name": "twofold", "protocol": "guess"}}, "measures: no protocol"),
        ({"measures": {"epochs": 1}}, "measures: {'epochs': 1} has no name; add name ="),
        ({"measures": []}, "measures: is empty; give at least one"),
        ({"sources": []}, "sources: is empty; give at least one"),
        ({"protocol": "guess"}, "protocol: 'guess' is none of in-sample, held-out"),
    ],
)
def test_names_and_options_that_do_not_exist(kind: dict[str, object], told: str) -> None:
    with pytest.raises(SpecError) as error:
        spec(**kind)
    assert told in str(error.value)


def test_shared_options_go_to_those_that_take_them() -> None:
    chosen = spec(measures=["histogram", "rows"], epochs=5, encoders="corners")
    histogram, rows = chosen.measure_components()
    assert (histogram.options, rows.options) == ("{}", '{"epochs":5}')


def test_own_options_win_over_shared_ones() -> None:
    (rows,) = spec(measures={"name": "rows", "epochs": 9}, epochs=5).measure_components()
    assert rows.build().epochs == 9


def twofold(**fields: object) -> list[dict[str, object]]:
    """The options `twofold` is run with."""
    chosen = spec(**({"measures": "twofold", "encoders": "corners"} | fields))
    return [json.loads(measure.options) for measure in chosen.measure_components()]


def test_without_a_choice_an_estimator_runs_under_each_protocol() -> None:
    held_out, in_sample = twofold(folds=3, epochs=5)
    assert held_out == {"protocol": "held-out", "folds": 3, "epochs": 5}
    assert in_sample == {"protocol": "in-sample", "epochs": 5}


@pytest.mark.parametrize(
    "fields",
    [
        {"protocol": "in-sample"},
        {"measures": {"name": "twofold", "protocol": "in-sample"}},
        {"measures": {"name": "twofold", "protocol": "in-sample"}, "protocol": "held-out"},
    ],
)
def test_a_protocol_that_is_chosen_is_the_only_one(fields: dict[str, object]) -> None:
    assert twofold(**fields) == [{"protocol": "in-sample"}]


def test_a_name_may_stand_twice_under_different_protocols() -> None:
    held_out = {"name": "twofold", "protocol": "held-out", "folds": 3}
    in_sample = {"name": "twofold", "protocol": "in-sample", "epochs": 9}
    assert [options["protocol"] for options in twofold(measures=[in_sample, held_out])] == [
        "in-sample",
        "held-out",
    ]
    with pytest.raises(SpecError, match="measures: 'twofold' under protocol in-sample stands ther"):
        spec(measures=["twofold", in_sample], encoders="corners")


@pytest.mark.parametrize(
    "fields",
    [
        {"protocol": "in-sample", "folds": 3},
        {"measures": {"name": "twofold", "protocol": "in-sample", "folds": 3}},
    ],
)
def test_an_in_sample_estimate_has_no_folds(fields: dict[str, object]) -> None:
    with pytest.raises(SpecError, match=r"folds.*leave it out"):
        twofold(**fields)


def test_an_option_nobody_has_is_a_mistake() -> None:
    with pytest.raises(SpecError, match=r"epochs: none of the chosen measures \(histogram\)"):
        spec(epochs=5)


def test_a_measure_of_features_needs_an_encoder_with_features() -> None:
    with pytest.raises(SpecError, match=r"measures: likeness works on the features"):
        spec(measures=["histogram", "likeness"], encoders="pixels")


def test_an_estimator_of_single_pixels_needs_their_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rows, "space", "pixels", raising=False)
    with pytest.raises(SpecError, match=r"measures: rows works on single pixels; .*--encoder pix"):
        spec(measures=["rows", "brightness"], encoders="corners")
    spec(measures=["rows", "brightness"], encoders=["corners", "pixels"])


def test_the_same_name_twice_is_a_mistake() -> None:
    with pytest.raises(SpecError, match="measures: 'histogram' stands there twice"):
        spec(measures=["histogram", "histogram"])


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        spec().seed = 1


def test_a_spec_survives_being_written_and_read() -> None:
    first = spec(
        levels="0-3",
        measures=["brightness", {"name": "rows", "epochs": 3}],
        scheme={"name": "bitplanes", "clear": "shifted"},
        sources=[Path("a"), "b"],
    )
    assert StudySpec.of(**first.model_dump(mode="json")) == first


def test_defaults_are_those_of_the_documentation() -> None:
    default = StudySpec.of(sources="photos")
    assert [choice.name for choice in default.encoders] == ["efficientnet-lite0"]
    metrics, adversaries = (
        ("histogram", "codelength", "psnr", "ssim", "vif", "rebuild"),
        ("recognise", "match", "confirm", "best", "attributes"),
    )
    assert [choice.name for choice in default.measures] == [*metrics, *adversaries]
    optional = [choice.name for choice in default.measures if choice.optional]
    assert optional == ["rebuild", *adversaries]


def test_a_group_stands_for_its_measures() -> None:
    spec = StudySpec.of(sources="x.png", measures=["histogram", "reviewers"])
    names = [choice.name for choice in spec.measures]
    assert names == ["histogram", *plugins.GROUPS["reviewers"]]
    alone = StudySpec.of(sources="x.png", measures="reviewers")
    assert [choice.name for choice in alone.measures] == names[1:]
    with pytest.raises(SpecError, match="'psnr' stands there twice"):
        StudySpec.of(sources="x.png", measures=["psnr", "reviewers"])


def test_a_target_stands_in_the_stead_of_encoders() -> None:
    spec = StudySpec.of(sources="x.png", target="corners", views="middles")
    assert [question.title for question in spec.questions()] == ["corners through middles"]
    assert {choice.name for choice in spec.measures}.isdisjoint({"cosine", "rounded"})
    beside = StudySpec.of(sources="x.png", encoders="middles", target="corners", views="middles")
    titles = [question.title for question in beside.questions()]
    assert titles == ["middles", "corners through middles"]
    metrics = StudySpec.of(**beside.model_dump(mode="json") | {"measures": "cosine"})
    assert [one.name for one in metrics.encoder_components()] == ["middles", "corners"]
    assert StudySpec.of(**spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": "corners"}, "views: is empty; give at least one way to look"),
        ({"views": "corners"}, "target: is missing; say what is to be told"),
        ({"encoders": ()}, "encoders: is empty; give at least one, or a target"),
        (
            {"target": "corners", "views": "large"},
            "large looks at 12x12 patches and the target corners at 8x8 patches",
        ),
        (
            {"target": "pixels", "views": "corners"},
            "corners looks at 8x8 patches and the target pixels at single samples",
        ),
        ({"target": "corners", "views": ["large", "large"]}, "'large' stands there twice"),
        ({"target": "pupil", "views": "corners"}, "pupil is trained to tell a target and cannot"),
        ({"encoders": "pupil"}, "give it as a view"),
        (
            {"target": "corners", "views": "pupil", "measures": "rows"},
            "rows tests on what pupil was trained on; use an estimator that holds images out",
        ),
        (
            {"target": "corners", "views": "middles", "measures": "likeness"},
            "likeness works on the features of an encoder; add one to encoders",
        ),
    ],
)
def test_sides_that_do_not_fit_are_told(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        StudySpec.of(sources="x.png", **fields)


def test_of_several_measures_of_one_name_the_one_that_is_wrong_is_told() -> None:
    with pytest.raises(SpecError) as raised:
        StudySpec.of(sources="x", measures=["mine:hidden=[8]", {"name": "mine", "hidden": [9]}])
    assert raised.value.told() == (
        "measures: 'mine' under protocol held-out stands there twice (mine:hidden=[8] and "
        "mine:hidden=[9]), and its rows would look alike; measures: 'mine' under protocol "
        "in-sample stands there twice (mine:hidden=[8] and mine:hidden=[9]), and its rows would "
        "look alike"
    )
    inside = {"name": "mine", "protocol": "in-sample", "optional": "perhaps"}
    with pytest.raises(SpecError, match="measures: mine:protocol=in-sample: optional: input"):
        StudySpec.of(sources="x", measures=["mine:protocol=held-out", inside])


def test_repetitions_reach_the_default_measures() -> None:
    def seeds(**fields: object) -> set[object]:
        found = StudySpec.of(sources=["x"], **fields).measure_components()
        taking = [json.loads(one.options) for one in found if one.name in ("best", "attributes")]
        return {options.get("seeds") for options in taking}

    assert seeds() == {1}
    assert seeds(seeds=3) == {3}
    assert seeds(measures=["best"], seeds=4) == {4}
    assert seeds(measures=["best"]) == {None}


def test_options_win_over_those_of_parts_in_a_file(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text(
        'sources = "x"\nmeasures = ["mine:epochs=7,rate=0.1", {name = "best", seeds = 2}, "psnr"]\n'
    )
    mine, best, psnr = StudySpec.load(config, epochs=9, seeds=3, seed=1).measures
    assert (mine.options, best.options, psnr.options) == ({"rate": 0.1}, {}, {})
    mine, best, _ = StudySpec.load(config, measures=["mine:epochs=7", "psnr", "best"]).measures
    assert mine.options == {"epochs": 7}

    both = '["mine:protocol=in-sample", "mine:protocol=held-out"]'
    config.write_text(f'sources = "x"\nmeasures = {both}\nviews = ["rebuilt", "layout"]\n')
    seen = StudySpec.load(config, protocol="held-out", growth=True, target="layout")
    assert [one.label for one in seen.measures] == ["mine"]
    assert (seen.view_rebuilt, seen.growth) == (True, True)

    side = "efficientnet-lite0:precision=fp32"
    config.write_text(f'sources = "x"\nmeasures = "best"\ntarget = "{side}"\nviews = "{side}"\n')
    sides = StudySpec.load(config, precision="bf16").questions()[0].sides
    assert len(set(sides)) == 1


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        ({"3": "y"}, "bitplanes"),
        ({"cipher": "y"}, "recorded"),
        ({"3": "y", "xor": "z"}, "recorded"),
    ],
)
def test_the_scheme_of_a_file_stays_where_ciphers_are_of_its_levels(
    labels: dict[str, str], scheme: str, tmp_path: Path
) -> None:
    config = tmp_path / "study.toml"
    config.write_text('sources = "x"\nmeasures = "psnr"\nscheme = "bitplanes"\ncolour = false\n')
    assert StudySpec.load(config, ciphers=labels).scheme.name == scheme
    config.write_text(
        'sources = "x"\nmeasures = "psnr"\nscheme = {name = "recorded", labels = ["old"]}\n'
        '[ciphers]\nold = "w"\n'
    )
    assert StudySpec.load(config, ciphers=labels).scheme.options == {"labels": list(labels)}


def test_options_of_encoders_that_attacks_bring_are_used() -> None:
    def made(*measures: str) -> StudySpec:
        return StudySpec.of(sources=["x"], encoders="layout", measures=measures, window="full")

    assert made("recognise", "match").window == "full"
    assert made("attributes").window == "full"
    with pytest.raises(SpecError, match="none of the chosen measures"):
        made("psnr")


def test_ciphers_are_not_compressed() -> None:
    asked = {"sources": ["x"], "ciphers": {"cipher": "y"}, "measures": ["psnr"]}
    with pytest.raises(SpecError, match="jpeg_quality: ciphers are measured as they are"):
        StudySpec.of(**asked, jpeg_quality=50)
