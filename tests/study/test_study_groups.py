"""Groups and near-duplicates: never on both sides of a split, and resampled as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from study_fakes import Looks, Rows

from imleak.images import Source
from imleak.images.generated import DeadLeaves
from imleak.interfaces import ImleakError
from imleak.study import StudySpec, frame, run
from imleak.study.groups import grouped
from imleak.study.plan import ImageInfo, plan, subsample
from imleak.study.status import status
from imleak.study.summary import bootstrap_means, summarise


def info(name: str, group: str = "") -> ImageInfo:
    return ImageInfo(
        name, Source(name, Path(name), name), f"digest of {name}", 1, 12, 12, 8, group=group
    )


def hashes(*of: int) -> list[str]:
    """Of looks: equal numbers look the same, and others nothing like it."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 16, (100, 32))
    return ["".join(f"{digit:x}" for digit in bits[one]) for one in of]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two patients of two images each, and an image of one alone."""
    for at, name in enumerate(("p1/a", "p1/b", "p2/a", "p2/b", "p3/a")):
        path = tmp_path / "images" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(DeadLeaves(64, 64, at).render()[0]).save(path)
    return tmp_path / "images"


def copy(folder: Path, of: str, to: str) -> None:
    """The same once more, a little brighter."""
    samples = np.asarray(PIL.Image.open(folder / of)).astype(int)
    PIL.Image.fromarray(np.clip(samples + 3, 0, 255).astype(np.uint8)).save(folder / to)


def spec(folder: Path, **fields: object) -> StudySpec:
    chosen = {
        "encoders": "corners",
        "measures": ["brightness", "rows", "looks"],
        "patches": 3,
        "levels": "0,4",
    }
    return StudySpec.of(sources=folder, **(chosen | fields))


def groups_of(manifest: dict[str, Any]) -> dict[str, str]:
    return {image["name"]: image["group"] for image in manifest["images"]}


def test_images_of_one_group_and_near_duplicates_are_together() -> None:
    names = ["p1/a", "p1/b", "p2/a", "c"]
    images = [info(name) for name in names]
    alone, _ = grouped(images, hashes(0, 1, 2, 3), None)
    assert [one.group for one in alone] == ["", "", "", ""]
    by_folder, said = grouped(images, hashes(0, 1, 2, 3), "folder")
    assert [one.group for one in by_folder] == ["p1", "p1", "", ""]
    assert "4 images are in 3 groups (folder)." in said
    alike, (warning,) = grouped(images, hashes(0, 1, 2, 2), None)
    assert alike[2].group == alike[3].group != ""
    assert [one.group for one in alike[:2]] == ["", ""]
    assert "p2/a" in warning
    joined, _ = grouped(images, hashes(0, 1, 1, 3), "folder")
    assert joined[0].group == joined[1].group == joined[2].group != ""


letters = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4)), min_size=1, max_size=8)


@settings(max_examples=30, deadline=None)
@given(letters)
def test_groups_are_the_smallest_that_hold_everything_together(of: list[tuple[str, int]]) -> None:
    """Union of the relations "same folder" and "looks the same", as by its definition."""
    assume(len({folder for folder, _ in of}) > 1)
    images = [info(f"{folder}/{at}") for at, (folder, _) in enumerate(of)]
    found, _ = grouped(images, hashes(*(look for _, look in of)), "folder")
    together = np.array([[a[0] == b[0] or a[1] == b[1] for b in of] for a in of])
    for _ in of:
        together = together @ together
    units = [one.unit for one in found]
    assert [[a == b for b in units] for a in units] == together.tolist()
    assert all(
        (one.group == "") == (row.sum() == 1) for one, row in zip(found, together, strict=True)
    )


def test_what_is_estimated_knows_the_groups(folder: Path, tmp_path: Path) -> None:
    done = run(spec(folder, group_by="folder"), tmp_path / "out")
    assert groups_of(done.manifest) == {
        "p1/a.png": "p1", "p1/b.png": "p1", "p2/a.png": "p2", "p2/b.png": "p2", "p3/a.png": "",
    }  # fmt: skip
    (samples,) = Rows.seen
    assert len(np.unique(samples.groups)) == 3
    assert sorted(np.bincount(samples.groups)) == [3, 6, 6]
    (spaces,) = Looks.seen
    (space,) = spaces.values()
    assert sorted(np.bincount(space.groups)) == [1, 2, 2]
    rows = done.frame[done.frame["measure"] == "brightness"]
    assert rows["group"].fillna("").tolist() == [*["p1"] * 4, *["p2"] * 4, "", ""]
    summary = done.summary[done.summary["measure"] == "brightness"]
    assert summary["n"].tolist() == [5, 5]
    assert summary["groups"].tolist() == [3, 3]
    assert "5 images are in 3 groups (folder)." in done.manifest["warnings"]
    assert status(done.path).left == 0


def test_without_groups_none_is_told(folder: Path, tmp_path: Path) -> None:
    done = run(spec(folder, measures="brightness"), tmp_path / "out")
    assert set(groups_of(done.manifest).values()) == {""}
    assert done.frame["group"].isna().all()
    assert done.summary["groups"].isna().all()
    assert done.manifest["warnings"] == []


def test_a_rule_that_fits_no_image_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ImleakError) as error:
        run(spec(folder, group_by=f"csv:{tmp_path / 'none.csv'}"), tmp_path / "out")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_another_grouping_is_another_study_of_estimators_alone() -> None:
    chosen = spec(Path("photos"), measures=["brightness", "rows"])
    names = ("a", "b", "c", "d")
    alone = plan(chosen, [info(name) for name in names])
    pairs = plan(chosen, [info(name, group) for name, group in zip(names, "xxyy", strict=True)])
    assert alone.estimators[0].key != pairs.estimators[0].key
    assert pairs.estimators[0].groups.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("measure", ["cca-infonce", "best"])
def test_a_planted_near_duplicate_never_stands_on_both_sides(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measure: str
) -> None:
    """Nor is either the other's partner in a pair that is broken, for the null."""
    from imleak.estimators.heldout import crossfit

    for at in range(5, 14):
        PIL.Image.fromarray(DeadLeaves(64, 64, at).render()[0]).save(folder / f"{at}.png")
    copy(folder, "p1/a.png", "copy.png")
    splits: list[Any] = []
    cross_fit = crossfit.cross_fit

    def watched(*asked: Any) -> Any:
        found = cross_fit(*asked)
        splits.extend(found)
        return found

    monkeypatch.setattr(crossfit, "cross_fit", watched)
    chosen = spec(folder, measures={"name": measure, "seeds": 1}, patches=2)
    done = run(chosen, tmp_path / "out")
    assert done.frame["error"].isna().all()
    images = sorted(done.manifest["images"], key=lambda image: image["digest"])
    names = np.repeat([image["name"] for image in images], 2)
    rows = np.flatnonzero(np.isin(names, ["p1/a.png", "copy.png"]))
    assert len(rows) == 4
    assert splits
    for split in splits:
        parts = [np.isin(rows, part).sum() for part in (split.train, split.validation, split.test)]
        assert sorted(parts) == [0, 0, 4]
        assert not np.isin(split.broken[rows], rows).any()
    said = [line for line in done.manifest["warnings"] if "copy.png" in line]
    assert len(said) == 1


members = st.lists(st.sampled_from(["", "x", "y", "z"]), min_size=1, max_size=12)


@given(members, st.integers(1, 40), st.integers(1, 3), st.integers(0, 3))
def test_whole_groups_are_drawn(of: list[str], most: int, rows: int, seed: int) -> None:
    images = [info(f"{at}", group) for at, group in enumerate(of)]
    drawn = subsample(images, rows, most, seed)
    units = {image.unit for image in drawn}
    assert drawn == tuple(image for image in images if image.unit in units)
    assert len(drawn) * rows <= most or len(units) == 1
    more = subsample(images, rows, most + 5, seed)
    assert set(drawn) <= set(more)


def table(values: Sequence[float], groups: Sequence[str | None]) -> pd.DataFrame:
    rows = [
        {
            "image": f"{at}", "group": group, "scheme": "bitplanes", "level": 3,
            "encoder": "pixels", "measure": "brightness", "part": "clear",
            "protocol": "per-image", "unit": "bit", "bound": "none", "value": value,
        }
        for at, (value, group) in enumerate(zip(values, groups, strict=True))
    ]  # fmt: skip
    return frame.tidy(rows)


def test_the_interval_of_a_mean_is_over_groups() -> None:
    """Ten copies of every image say no more than one: the interval is that of the originals."""
    values = np.random.default_rng(0).normal(0, 1, 30)
    copies, names = np.repeat(values, 10), [f"g{at // 10}" for at in range(300)]
    found = summarise([table(copies.tolist(), names)], seed=0).iloc[0]
    low, high = bootstrap_means([values], seed=0)[0]
    assert (found["n"], found["groups"]) == (300, 30)
    assert (found["low"], found["high"]) == pytest.approx((low, high))
    alone = summarise([table(copies.tolist(), [None] * 300)], seed=0).iloc[0]
    assert pd.isna(alone["groups"])
    assert alone["high"] - alone["low"] < 0.5 * (high - low)


def test_groups_of_several_sizes_weigh_as_many_images_as_they_have() -> None:
    """Coverage of the mean over images, where values depend on the group."""
    rng = np.random.default_rng(1)
    covered = []
    for seed in range(80):
        sizes = rng.integers(1, 6, 60)
        groups = np.repeat(np.arange(60), sizes)
        values = np.repeat(rng.normal(0, 1, 60), sizes) + rng.normal(0, 0.1, len(groups))
        ((low, high),) = bootstrap_means([values], seed, [groups])
        covered.append(low <= 0 <= high)
    assert 0.86 <= np.mean(covered) <= 0.99


def test_a_metric_of_one_group_has_no_interval() -> None:
    found = summarise([table([1.0, 2.0, 3.0], ["g", "g", "g"])], seed=0).iloc[0]
    assert (found["mean"], found["groups"]) == (2.0, 1)
    assert pd.isna(found["low"])
    assert pd.isna(found["high"])
