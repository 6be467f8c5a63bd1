"""Public images in a study: an adversary learns from them, and none of them is measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from study_fakes import Corners, Pupil, Rows

from imleak.images import Source, find, read
from imleak.interfaces import ImleakError
from imleak.study import SpecError, StudySpec, run
from imleak.study.plan import Gallery, ImageInfo, plan
from imleak.study.status import status


def spec(folder: Path | str = "photos", **fields: object) -> StudySpec:
    chosen = {"encoders": "corners", "measures": "scholar", "levels": "0,4,8", "patches": 2}
    return StudySpec.of(sources=folder, **(chosen | fields))


@pytest.fixture
def folder(photographs: Callable[..., Path]) -> Path:
    return photographs("a.png", "b.png", "c.png", "d.png")


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """Three images of noise."""
    made = tmp_path / "public"
    made.mkdir()
    for seed in range(3):
        samples = np.random.default_rng(seed).integers(0, 255, (10, 14), dtype=np.uint8)
        PIL.Image.fromarray(samples).save(made / f"{seed}.png")
    return made


def infos(*names: str, bits: int = 8, side: int = 12) -> list[ImageInfo]:
    return [ImageInfo(n, Source(n, Path(n)), n * 64, 1, side, 16, bits) for n in names]


def test_an_estimator_gets_the_rows_of_public_images_beside_its_own(
    folder: Path, public: Path, tmp_path: Path
) -> None:
    found = run(spec(folder, adversary_images=public), tmp_path / "out")
    (samples,) = Rows.seen
    assert samples.x.shape == (8, 4)
    assert samples.public is not None
    assert samples.public.x.shape == (6, 4)
    assert samples.public.y.shape == (3, 6, 4)
    assert samples.public.groups.tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_array_equal(samples.public.y[0], samples.public.x)
    np.testing.assert_array_equal(samples.public.y[1], samples.public.x * 16 % 256)
    first = {tuple(row) for row in samples.public.x}
    assert not first & {tuple(row) for row in samples.x}
    assert [image["name"] for image in found.manifest["images"]] == [f"{n}.png" for n in "abcd"]
    assert found.manifest["public"]["found"] == 3
    assert found.manifest["public"]["copies"] == 0
    assert {image["name"] for image in found.manifest["public"]["images"]} == {
        "0.png",
        "1.png",
        "2.png",
    }


def test_what_holds_nothing_out_does_not_get_them(
    folder: Path, public: Path, tmp_path: Path
) -> None:
    run(spec(folder, adversary_images=public, measures=["scholar", "rows"]), tmp_path / "out")
    assert [one.public is not None for one in Rows.seen] == [True, False]
    plain = plan(spec(measures=["rows"]), infos("a", "b")).estimators
    others = Gallery.of(infos("c", "d"))
    chosen = spec(measures=["rows", "scholar"], adversary_images="public")
    (rows, scholar) = plan(chosen, infos("a", "b"), None, others).estimators
    assert rows.key == plain[0].key
    assert scholar.public == others


def test_public_images_change_the_key_of_what_learns_from_them() -> None:
    chosen, images = spec(adversary_images="public"), infos("a", "b")
    keys = [
        plan(chosen, images, None, of).estimators[0].key
        for of in (None, Gallery.of(infos("c", "d")), Gallery.of(infos("c", "e")))
    ]
    assert len(set(keys)) == 3
    assert plan(chosen, images, None, Gallery.of(infos("d", "c"))).estimators[0].key == keys[1]


def test_a_run_is_continued_and_changed_public_images_are_told(
    folder: Path, public: Path, tmp_path: Path
) -> None:
    out, chosen = tmp_path / "out", spec(folder, adversary_images=public)
    run(chosen, out)
    assert sum(count.left for count in status(out).counts) == 0
    run(chosen, out)
    assert len(Rows.seen) == 1
    (public / "0.png").unlink()
    found = run(chosen, out)
    assert len(Rows.seen) == 2
    (told,) = [one for one in found.manifest["warnings"] if "last run" in one]
    assert told.startswith("The public images are not those of the last run into this folder: 1 ")
    # Without them it is another adversary, and what it found stays.
    run(spec(folder), out)
    assert Rows.seen[-1].public is None
    run(chosen, out)
    assert len(Rows.seen) == 3


def test_copies_of_the_images_are_left_out_and_counted(tmp_path: Path) -> None:
    """The same file, and one that was saved as JPEG and is darker."""
    own, others = tmp_path / "own", tmp_path / "others"
    own.mkdir()
    others.mkdir()
    leaves = [read(source).samples[0] for source in find("dead-leaves:6x96x96")]
    for at, samples in enumerate(leaves):
        where = own if at < 3 else others
        PIL.Image.fromarray(samples).save(where / f"{at}.png")
    (others / "same.png").write_bytes((own / "0.png").read_bytes())
    darker = (leaves[1] * 0.95).astype(np.uint8)
    PIL.Image.fromarray(darker).save(others / "darker.jpg", quality=75)
    found = run(spec(own, adversary_images=others), tmp_path / "out")
    assert found.manifest["public"]["found"] == 5
    assert found.manifest["public"]["copies"] == 2
    assert len(found.manifest["public"]["images"]) == 3
    words = "2 of 5 public images were left out because they are copies of yours."
    assert words in found.manifest["warnings"]


def test_public_images_that_are_all_copies_are_refused_before_any_work(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        ImleakError, match=r"of 4 public images of .* 4 are copies of yours; give 2"
    ):
        run(spec(folder, adversary_images=folder), tmp_path / "out")
    assert not Corners.shown


def test_an_empty_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImleakError, match=r"no image in .*empty"):
        run(spec(folder, adversary_images=tmp_path / "empty"), tmp_path / "out")


def test_what_of_them_cannot_be_read_is_told(folder: Path, public: Path, tmp_path: Path) -> None:
    (public / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = run(spec(folder, adversary_images=public), tmp_path / "out")
    (told,) = [one for one in found.manifest["warnings"] if "public" in one]
    assert told.startswith("Left out, public images: 1; the first, torn.png, ")


def test_those_that_cannot_be_learned_from_are_told_or_refused(
    folder: Path, public: Path, tmp_path: Path
) -> None:
    small = np.random.default_rng(9).integers(0, 255, (7, 9), dtype=np.uint8)
    PIL.Image.fromarray(small).save(public / "small.png")
    chosen = spec(folder, adversary_images=public)
    found = run(chosen, tmp_path / "out")
    assert (
        "scholar on corners learns from 3 of 4 public images: 1 are smaller than a patch."
        in found.manifest["warnings"]
    )
    for name in "12":
        (public / f"{name}.png").unlink()
    with pytest.raises(ImleakError, match="can learn from 1 of 2 public images"):
        run(chosen, tmp_path / "other")


def test_of_public_images_as_many_are_drawn_as_of_the_others() -> None:
    chosen = spec(adversary_images="public", max_samples=4)
    (unit,) = plan(chosen, infos(*"abc"), None, Gallery.of(infos(*"defgh"))).estimators
    assert (len(unit.images), len(unit.public.images)) == (2, 2)


def test_those_of_another_depth_are_not_learned_from() -> None:
    others = Gallery.of([*infos("d", "e"), *infos("f", bits=12)])
    (unit,) = plan(spec(adversary_images="public"), infos(*"abc"), None, others).estimators
    assert [image.name for image in unit.public.images] == ["d", "e"]


def test_a_trained_view_is_taught_by_them(folder: Path, public: Path, tmp_path: Path) -> None:
    fields = {"encoders": (), "target": "corners", "views": ["pupil"], "levels": "0,4"}
    run(spec(folder, adversary_images=public, **fields), tmp_path / "out")
    assert [images.shape[:2] for images in Pupil.watched] == [(2, 14), (2, 8)]
    assert [count for count, _ in Pupil.taught] == [12, 6]


def test_an_image_whose_vectors_fail_is_not_learned_from(
    folder: Path, public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corners, "fails_on_white", True)
    PIL.Image.fromarray(np.full((12, 16), 255, np.uint8)).save(public / "white.png")
    run(spec(folder, adversary_images=public), tmp_path / "out")
    (samples,) = Rows.seen
    assert samples.public is not None
    assert len(samples.public.x) == 6
    assert sum(count.left for count in status(tmp_path / "out").counts) == 0


def test_scalar_pixels_of_public_images_are_pooled_too(
    folder: Path, public: Path, tmp_path: Path
) -> None:
    run(spec(folder, adversary_images=public, encoders="pixels"), tmp_path / "out")
    (samples,) = Rows.seen
    assert samples.public is not None
    assert samples.public.weights is not None
    assert samples.public.weights.sum() == 3 * 10 * 14


def test_nobody_to_learn_from_them_is_refused() -> None:
    with pytest.raises(
        SpecError, match=r"adversary_images: none of .* \(rows\) learns .* add best"
    ):
        spec(adversary_images="public", measures="rows")


def test_ciphers_of_a_scheme_that_is_not_known_cannot_be_made_of_them() -> None:
    with pytest.raises(SpecError, match="adversary_images: nobody can encrypt them"):
        StudySpec.of(sources="a", ciphers={"x": "b"}, adversary_images="c", measures="scholar")


def test_the_adversary_is_named_in_the_results(folder: Path, public: Path, tmp_path: Path) -> None:
    """From real estimates to the answer: 4 + 3 images are learned from in a fold."""
    names = [f"{n}.png" for n in "efgh"]
    for seed, name in enumerate(names, start=10):
        samples = np.random.default_rng(seed).integers(0, 255, (12, 16), dtype=np.uint8)
        PIL.Image.fromarray(samples).save(folder / name)
    from imleak.report.answer import answer

    fields = {"measures": "cca-infonce", "folds": 4, "seeds": 1}
    found = run(spec(folder, adversary_images=public, **fields), tmp_path / "out")
    assert found.summary["train_groups"].tolist() == [7] * 3
    assert found.summary["public_groups"].tolist() == [3] * 3
    (looked,) = answer(found.summary, found.manifest).looked
    assert "learned from 4 of your images and 3 public ones, tested on 8 images" in looked
    (tmp_path / "out" / "manifest.json").write_text(
        json.dumps(found.manifest | {"public": {"found": -1, "copies": 0, "images": []}})
    )
    with pytest.raises(ImleakError, match=r"damaged.*public\.found"):
        status(tmp_path / "out")
