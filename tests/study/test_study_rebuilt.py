"""Rebuilt images in a study: which are made, who looks at them, and that each is made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from study_fakes import Keenest, Looks

from imleak import plugins, read_images
from imleak.images import Source, from_samples
from imleak.interfaces import Exposure, Image, ImleakError, Rebuilt, Scheme
from imleak.report.answer import answer
from imleak.study import SpecError, StudySpec, run
from imleak.study.ciphers import simulated
from imleak.study.components import RebuiltView, component
from imleak.study.features import FeatureRequest
from imleak.study.plan import ImageInfo, plan, spread
from imleak.study.status import status


class White:
    """Rebuilds every hidden plane as ones, at levels 1 and 2."""

    name = "white"
    version = "1"
    digest = ""
    made: list[int] = []  # noqa: RUF012
    fails_at: int | None = None

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:
        return scheme.name == "bitplanes" and level in (1, 2)

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        if level == White.fails_at:
            raise ValueError("out of paint")
        White.made.append(level)
        planes = exposure.symbols["planes"]
        samples = planes | planes.dtype.type(256 - (1 << (8 - level)))
        return Rebuilt(samples, np.full(samples.shape, 0.5, np.float32))


@pytest.fixture(autouse=True)
def white(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    White.made, White.fails_at = [], None
    monkeypatch.setattr(Looks, "sees_rebuilt", True, raising=False)
    plugins.register(White)
    yield
    plugins.unregister("white")


@pytest.fixture
def folder(photographs: Callable[..., Path]) -> Path:
    return photographs("a.png", "b.png", "c.png", "d.png")


def spec(folder: Path | str = "photos", **fields: Any) -> StudySpec:
    chosen = {"encoders": ["corners"], "measures": ["rebuild"], "rebuilder": "white"}
    return StudySpec.of(sources=folder, **(chosen | fields))


def test_levels_and_images_that_are_rebuilt(folder: Path, tmp_path: Path) -> None:
    found = run(spec(folder, rebuild_images=2), tmp_path / "out")
    rows = found.frame[found.frame["measure"] == "rebuild"]
    assert sorted(rows["level"].unique()) == [1, 2]
    assert sorted(rows["image"].unique()) == ["a.png", "c.png"]
    assert set(rows["chosen"]) == {"white"}
    summary = found.summary.set_index(["quantity", "level"])
    assert summary.loc[("exact samples", 1), "n"] == 2
    assert 0 < summary.loc[("exact samples", 1), "null_mean"] < 1
    assert found.manifest["components"][-2]["name"] == "white"
    assert status(tmp_path / "out").left == 0
    assert found.manifest["unrebuilt"] == []


def test_an_attack_looks_at_the_rebuilt_images_too(folder: Path, tmp_path: Path) -> None:
    measures = ["looks", "rebuild"]
    run(spec(folder, measures=measures, rebuild_images="all"), tmp_path / "out")
    clear, rebuilt = sorted(Looks.seen, key=lambda spaces: len(next(iter(spaces))))
    assert list(rebuilt) == ["corners of the rebuilt image"]
    (of_clear,), (of_rebuilt,) = clear.values(), rebuilt.values()
    assert of_rebuilt.levels == (1, 2)
    np.testing.assert_array_equal(of_rebuilt.plain, of_clear.plain)
    assert (of_rebuilt.clear != of_clear.clear[1:3]).any()


def test_numbers_of_the_clear_part_are_those_of_a_study_without(
    folder: Path, tmp_path: Path
) -> None:
    one = run(spec(folder, measures=["looks"], rebuilder=None), tmp_path / "one")
    two = run(spec(folder, measures=["looks", "rebuild"]), tmp_path / "two")
    kept = two.summary[two.summary["encoder"] == "corners"].reset_index(drop=True)
    assert kept.equals(one.summary)


def test_a_rebuilt_image_is_made_once_whoever_looks(folder: Path, tmp_path: Path) -> None:
    measures = ["rebuild", "keenest"]
    fields = {"measures": measures, "views": ["rebuilt"], "rebuild_images": "all"}
    run(spec(folder, **fields), tmp_path / "one")
    assert sorted(White.made) == [1] * 4 + [2] * 4
    run(spec(folder, **fields), tmp_path / "two")
    assert len(White.made) == 8


def test_an_estimator_may_choose_the_view_of_the_rebuilt_image(
    folder: Path, tmp_path: Path
) -> None:
    Keenest.seen.clear()
    run(spec(folder, measures=["keenest"], views=["rebuilt"]), tmp_path / "out")
    (views,) = Keenest.seen
    assert list(views) == ["corners", "corners of the rebuilt image"]
    clear, rebuilt = (samples.y for samples in views.values())
    np.testing.assert_array_equal(clear[[0, *range(3, 9)]], rebuilt[[0, *range(3, 9)]])
    assert (clear[1:3] != rebuilt[1:3]).any()


def test_a_rebuilder_that_fails_costs_the_rebuilt_image_alone(folder: Path, tmp_path: Path) -> None:
    White.fails_at = 2
    found = run(spec(folder, measures=["looks", "rebuild"]), tmp_path / "out")
    errors = found.frame.loc[found.frame["measure"] == "rebuild", "error"]
    assert set(errors) == {"white rebuilds nothing of it at level 2: ValueError: out of paint"}
    (seen,) = Looks.seen[:1]
    assert list(seen) == ["corners"]
    assert len(seen["corners"].plain) == 4


def test_an_image_that_a_rebuilder_learned_from_is_not_rebuilt(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = spec(folder, measures=["looks", "rebuild"], rebuild_images="all")
    known = run(every, tmp_path / "before").frame
    learned = read_images(folder / "b.png")[0].digest

    def refuse_learned(self: White, plain: Image) -> None:
        if plain.digest == learned:
            raise ImleakError("white learned from this image")

    monkeypatch.setattr(White, "refuse_learned", refuse_learned, raising=False)
    found = run(every, tmp_path / "out")
    rows, before = (one[one["measure"] == "rebuild"] for one in (found.frame, known))
    refused = rows["error"].notna()
    assert rows.loc[refused, "image"].unique() == ["b.png"]
    assert rows.loc[refused, "error"].unique() == ["white learned from this image"]
    assert found.manifest["unrebuilt"][0].startswith("1 of 4 images are missing")
    others = before[before["image"] != "b.png"]
    np.testing.assert_array_equal(rows.loc[~refused, "value"], others["value"])


def refuse_every_image(self: White, plain: Image) -> None:
    raise ImleakError("white learned from this image")


def test_where_a_rebuilder_learned_from_every_image_none_is_left(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(White, "refuse_learned", refuse_every_image, raising=False)
    found = run(spec(folder, measures=["looks", "rebuild"]), tmp_path / "out")
    rows = found.frame[found.frame["image"].isna() & found.frame["error"].notna()]
    assert list(rows["encoder"]) == ["corners of the rebuilt image"]
    assert list(rows["error"]) == ["no image is left: white learned from this image"]
    assert found.manifest["unrebuilt"] == [
        "4 of 4 images are missing from what is measured of rebuilt images. Another rebuilder "
        "takes them (--rebuilder smooth). Why the first one is: white learned from this image."
    ]
    assert found.manifest["unrebuilt"][0] in answer(found.summary, found.manifest).notes
    assert status(tmp_path / "out").left == 0


def test_whether_a_rebuilder_learned_from_an_image_is_asked_once_and_where_something_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(White, "rebuilds", lambda *_: True)
    monkeypatch.setattr(
        White, "refuse_learned", lambda _, plain: asked.append(plain.digest), raising=False
    )
    image = from_samples("a", np.zeros((1, 8, 8), np.uint8), 8)
    ciphers = simulated(image, component("scheme", "bitplanes", {}), 0)
    white = component("rebuilder", "white", {})
    assert ciphers.rebuilt(8, white) is None
    assert asked == []
    assert all(ciphers.rebuilt(level, white) is not None for level in (1, 2, 3))
    assert asked == [image.digest]


def test_vectors_of_the_rebuilt_image_have_keys_of_their_own() -> None:
    info = ImageInfo("a", Source("a", Path("a")), "0" * 64, 1, 12, 16, 8)
    scheme, white = component("scheme", "bitplanes", {}), component("rebuilder", "white", {})
    corners = component("encoder", "corners", {})
    plain = FeatureRequest(info, corners)
    seen = FeatureRequest(info, RebuiltView.of(corners, [white]))
    assert seen.at(scheme, 1).key != plain.at(scheme, 1).key
    assert seen.at(scheme, 1).rebuilder == white
    # What nobody rebuilds is seen as it is.
    assert seen.at(scheme, 3) == plain.at(scheme, 3)


def test_images_are_evenly_spread() -> None:
    assert spread(list(range(100)), 4) == [0, 25, 50, 75]
    assert spread([1, 2], 12) == [1, 2]


def test_a_plan_counts_its_units() -> None:
    infos = [ImageInfo(n, Source(n, Path(n)), n * 64, 1, 12, 16, 8) for n in "abcdef"]
    planned = plan(spec(measures=["rebuild", "psnr"], rebuild_images=4), infos)
    units = list(planned)
    assert len(planned) == len(units) == 6 + 4
    others = {unit.other.digest for unit in units if unit.other}
    assert others == {unit.images[0].digest for unit in units if unit.other}
    assert all(unit.other != unit.images[0] for unit in units)
    assert len({unit.key for unit in units}) == len(units)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scheme": "blur", "rebuilder": None}, "no rebuilder rebuilds clear parts of blur"),
        ({"scheme": "blur"}, "white does not rebuild clear parts of blur"),
        ({"measures": ["psnr"]}, "nothing here looks at rebuilt images; add the measure rebuild"),
        ({"rebuild_images": 0}, "rebuild_images"),
        ({"rebuilder": "whte"}, "did you mean 'white'"),
        ({"scheme": "blur", "rebuilder": None, "measures": ["rows"], "views": ["rebuilt"]},
         "views: rebuilt: no rebuilder rebuilds"),
    ],
)  # fmt: skip
def test_what_cannot_be_rebuilt_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as error:
        spec(**fields)
    assert words in str(error.value)


def test_the_first_that_can_is_asked_where_none_is_named() -> None:
    named = [one.name for one in spec(rebuilder=None).rebuilder_components()]
    assert named.index("smooth") < named.index("white")
    assert "wraps" not in named  # which needs weights
    assert [one.name for one in spec(rebuilder=None, scheme="region").rebuilder_components()] == [
        "inpaint"
    ]


def test_an_optional_measure_is_left_out_and_said(folder: Path, tmp_path: Path) -> None:
    rebuild = {"name": "rebuild", "optional": True}
    found = run(
        spec(folder, scheme="blur", rebuilder=None, measures=[rebuild, "psnr"]), tmp_path / "out"
    )
    said = "rebuild on pixels is left out: no rebuilder completes what blur leaves at these levels."
    assert said in found.manifest["warnings"]


def test_a_rebuilt_image_of_another_form_is_refused(folder: Path, tmp_path: Path) -> None:
    class Small(White):
        name = "small"

        def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
            made = super().rebuild(exposure, scheme, level)
            return Rebuilt(made.samples[:, ::2], made.confidence[:, ::2])

    plugins.register(Small)
    try:
        found = run(spec(folder, rebuilder="small"), tmp_path / "out")
    finally:
        plugins.unregister("small")
    assert found.frame["error"].str.contains("small makes 1x").all()
