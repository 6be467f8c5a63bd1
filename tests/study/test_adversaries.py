"""Adversaries that learned elsewhere, in a study: trained, used, refused, and left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from study_fakes import Corners

from imleak.adversary import Adversary, AdversaryError, open_adversary
from imleak.adversary.train import TooFewError
from imleak.images import find, read
from imleak.interfaces import ImleakError, Measurement, PairedSamples
from imleak.rebuilders.unwrap import training as unwrap_training
from imleak.rebuilders.wraps import Wraps
from imleak.study import StudySpec, run
from imleak.study.adversaries import opened
from imleak.study.status import status
from imleak.training import train_adversary

LEVELS = "0,2,5"


class Keeps:
    """An estimator that takes directions, and keeps what it was given."""

    name = "keeps"
    version = "1"
    bound = "none"
    takes_directions = True
    seen: list[PairedSamples] = []  # noqa: RUF012

    def estimate(self, samples: PairedSamples, **_: object) -> list[Measurement]:
        Keeps.seen.append(samples)
        return [Measurement(value=0.0, bound="none", estimator="keeps") for _ in samples.y]


@pytest.fixture(autouse=True)
def keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    from imleak import plugins

    monkeypatch.setattr(Keeps, "seen", [])
    monkeypatch.setitem(plugins.BUILT_IN["estimator"], "keeps", f"{__name__}:Keeps")
    plugins.known.cache_clear()


@pytest.fixture
def public(photographs: Callable[..., Path]) -> Path:
    folder = photographs(*(f"{'p' * (1 + at)}.png" for at in range(24)))
    return folder.rename(folder.with_name("public"))


@pytest.fixture
def trained(public: Path, tmp_path: Path) -> Adversary:
    return train_adversary(
        public, tmp_path / "a.safetensors", encoders=["corners"], levels="0,2,5,8", patches=3
    )


def spec(folder: Path, adversary: object, **fields: object) -> StudySpec:
    chosen = {"encoders": "corners", "measures": "keeps", "patches": 2, "levels": LEVELS}
    return StudySpec.of(sources=folder, adversary=str(adversary), **(chosen | fields))


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def test_an_adversary_learns_and_says_from_what(trained: Adversary) -> None:
    card = trained.card
    assert (card.images, card.levels, card.patches) == (24, [0, 2, 5], 3)
    assert card.title == "24 images of public"
    assert [(one.name, one.terms, one.images) for one in card.collections] == [
        ("public", "not stated", 24)
    ]
    (learned,) = card.learned
    assert (learned.title, learned.dimension) == ("corners", 4)
    assert {one.level for one in learned.figures} == {0, 2, 5}
    found = trained.directions(0, (0, 2, 5))
    assert found.x_axes.shape == found.y_axes.shape == (3, 4, learned.directions)
    assert found.correlations[0, 0] > 0.99, "where nothing is encrypted both sides are equal"


def test_a_study_hands_its_directions_to_who_takes_them(
    trained: Adversary, photographs: Callable[..., Path], tmp_path: Path
) -> None:
    folder, out = photographs("a.png", "b.png", "c.png", "d.png"), tmp_path / "out"
    run(spec(folder, trained.path, measures=["keeps", "rows"]), out)
    (samples,) = Keeps.seen
    expected = trained.directions(0, (0, 2, 5))
    np.testing.assert_array_equal(samples.directions.x_axes, expected.x_axes)
    assert samples.directions.images == 24
    told = manifest(out)["adversary"]
    assert (told["images"], told["seen"], told["measures"]) == (24, [], ["keeps"])
    assert all(not count.left for count in status(out).counts), "status knows the units again"
    run(spec(folder, "none", measures=["keeps", "rows"]), out)
    assert Keeps.seen[-1].directions is None
    assert manifest(out)["adversary"]["measures"] == []


def test_images_it_learned_from_are_told_and_it_is_not_used(
    trained: Adversary, public: Path, photographs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photographs("a.png", "b.png", "c.png")
    (folder / "mine.png").write_bytes((public / "ppp.png").read_bytes())
    run(spec(folder, trained.path), tmp_path / "out")
    assert Keeps.seen[0].directions is None
    told = manifest(tmp_path / "out")
    assert told["adversary"]["seen"] == ["mine.png"]
    assert any("24 images of public was not used: 1 of" in line for line in told["warnings"])
    run(spec(folder, trained.path, measures="rows"), tmp_path / "unasked")
    assert manifest(tmp_path / "unasked")["warnings"] == [], "nobody here would have asked it"
    with pytest.raises(AdversaryError, match=r"calibrated needs .* among those \(mine.png\)"):
        run(spec(folder, trained.path, measures="calibrated"), tmp_path / "other")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"scheme": "region", "levels": "0,1"}, "the scheme is Region"),
        ({"scheme": {"name": "bitplanes", "clear": "shifted"}}, "the scheme is BitPlanes"),
        ({"encoders": "middles"}, "it learned of corners, and no encoder of patches here"),
        ({"levels": "0,3"}, "it learned nothing of level 3"),
    ],
)
def test_what_it_does_not_know_is_refused_where_it_was_named(
    trained: Adversary,
    photographs: Callable[..., Path],
    tmp_path: Path,
    fields: dict[str, object],
    why: str,
) -> None:
    folder = photographs("a.png", "b.png")
    with pytest.raises(AdversaryError, match=why):
        run(spec(folder, trained.path, **fields), tmp_path / "out")


def test_the_one_of_the_package_is_absent_where_it_does_not_fit(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    run(spec(photographs("a.png", "b.png"), "shipped"), tmp_path / "out")
    assert Keeps.seen[0].directions is None
    told = manifest(tmp_path / "out")
    assert "it learned of efficientnet-lite0" in told["adversary"]["why"]
    assert not any("adversary" in line for line in told["warnings"])


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("options", ["", ":precision=fp32", ":precision=bf16", ":batch_size=4"])
def test_the_one_of_the_package_is_used_in_any_precision(
    native: bool, options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imleak.machine.native_bf16", lambda device="cpu": native)
    chosen = StudySpec.of(sources=tmp_path, encoders="efficientnet-lite0" + options)
    found = opened(chosen)
    assert (chosen.adversary, found.why) == ("shipped", "")
    assert any(found.of(question) for question in chosen.questions())


@pytest.mark.parametrize("encoder", ["efficientnet-lite0:window=percentile", "resnet=random:0"])
def test_the_one_of_the_package_is_of_its_own_encoder_alone(encoder: str, tmp_path: Path) -> None:
    found = opened(StudySpec.of(sources=tmp_path, encoders=encoder))
    assert "no encoder of patches here is that, of the same weights" in found.why


class Rounded(Corners):
    """An encoder of several precisions."""

    name = "rounded-corners"
    digests = frozenset({"1" * 64, "2" * 64})

    def __init__(self, *, precision: str = "bf16", device: str = "cpu", seed: int = 0) -> None:
        self.precision, self.device, self.seed = precision, device, seed

    @property
    def digest(self) -> str:  # type: ignore[override]
        return {"bf16": "1", "fp32": "2"}[self.precision] * 64


def test_one_that_learned_in_another_precision_is_used(
    public: Path,
    photographs: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from imleak import plugins

    monkeypatch.setitem(plugins.BUILT_IN["encoder"], Rounded.name, f"{__name__}:Rounded")
    plugins.known.cache_clear()
    trained = train_adversary(
        public, tmp_path / "a.safetensors", encoders=[Rounded.name], levels=LEVELS, patches=3
    )
    folder = photographs("a.png", "b.png")
    same = f"{Rounded.name}:precision=fp32,device=cuda"
    run(spec(folder, trained.path, encoders=same), tmp_path / "out")
    assert Keeps.seen[0].directions is not None
    with pytest.raises(AdversaryError, match="no encoder of patches here is that"):
        run(spec(folder, trained.path, encoders=f"{Rounded.name}:seed=1"), tmp_path / "other")


def test_the_network_of_wraps_is_trained_and_knows_its_images(
    photographs: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unwrap_training, "CROP", 64)
    monkeypatch.setattr(unwrap_training, "BATCH", 1)
    names = [f"{number}.png" for number in range(20)]
    large = photographs(*names, size=(64, 70), into="large")
    made = train_adversary(
        large,
        tmp_path / "a.safetensors",
        encoders=["corners"],
        levels="0,2",
        network=True,
        network_steps=2,
    )
    assert made.card.rebuilds
    seen = [read(source) for source in find(large)]
    rebuilder = Wraps(weights=made.path)
    for image in seen:
        with pytest.raises(ImleakError, match="the network of wraps learned from this image"):
            rebuilder.refuse_learned(image)
    others = photographs(*names)
    for source in find(others):
        rebuilder.refuse_learned(read(source))

    taken = train_adversary(
        others,
        tmp_path / "b.safetensors",
        encoders=["corners"],
        levels="0,2",
        weights=made.path,
    )
    with pytest.raises(ImleakError, match="the network of wraps learned from this image"):
        Wraps(weights=taken.path).refuse_learned(seen[0])


def test_what_is_no_adversary_is_refused_before_the_images(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("none")
    with pytest.raises(AdversaryError, match="is no adversary"):
        run(spec(tmp_path / "no-images", tmp_path / "other"), tmp_path / "out")


def test_too_few_images_and_other_encoders_are_refused(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    folder, out = photographs("a.png", "b.png"), tmp_path / "a.safetensors"
    with pytest.raises(TooFewError, match="2 images are too few to learn directions from"):
        train_adversary(folder, out, encoders=["corners"], levels="0,2")
    with pytest.raises(AdversaryError, match="pixels gives no vectors of patches"):
        train_adversary(folder, out, encoders=["pixels"])
    with pytest.raises(AdversaryError, match="terms of elsewhere, which is none of the folders"):
        train_adversary(folder, out, encoders=["corners"], terms={"elsewhere": "free"})
    with pytest.raises(ImleakError, match="no image to train on: give some of 128x128"):
        train_adversary(folder, out, encoders=["corners"], levels="0,2", network=True)
    with pytest.raises(ImleakError, match="not a safetensors file that can be read"):
        train_adversary(folder, out, weights=folder / "a.png")
    assert not out.exists()


def test_it_is_written_whole(trained: Adversary) -> None:
    assert open_adversary(trained.path).card == trained.card


def test_images_that_one_encoder_alone_learned_from_are_on_the_card(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    names = [f"{'p' * (1 + at)}.png" for at in range(24)]
    photographs(*names)
    folder = photographs(*(f"small-{name}" for name in names), size=(9, 9))
    made = train_adversary(
        folder, tmp_path / "a.safetensors", encoders=["large", "corners"], levels="0,2"
    )
    assert made.card.images == len(made.card.hashes) == 48
    assert made.card.title == "48 images of photographs"
    assert made.card.collections[0].images == 48


def test_a_level_that_leaves_nothing_is_no_level_to_learn(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photographs("a.png")
    with pytest.raises(AdversaryError, match="level 8 leaves nothing in the clear"):
        train_adversary(folder, tmp_path / "a.safetensors", encoders=["corners"], levels="8")


def test_collections_are_told_of_patterns_and_of_series(
    photographs: Callable[..., Path], tmp_path: Path
) -> None:
    names = [f"{'p' * (1 + at)}.png" for at in range(14)]
    first, other = photographs(*names), photographs(*names, into="other", size=(16, 12))
    sources = [f"{first}/*.png", f"{other}/*.png", "dead-leaves:3x20x20", "dead-leaves:4x20x24"]
    made = train_adversary(sources, tmp_path / "a", encoders=["corners"], levels="0,2")
    assert [one.images for one in made.card.collections] == [14, 14, 3, 4]
