from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from study_fakes import Breaks, Brightness, Corners, Keenest, Middles, Pupil, Rows

from imleak.atomic import TEMPORARY
from imleak.cache import Arrays, Cache
from imleak.interfaces import GrowthPoint, ImleakError, Measurement, PairedSamples
from imleak.study import OutputError, Run, StudySpec, execute, frame, run
from imleak.study.parts import Parts
from imleak.study.store import Store

MEASURES = ["brightness", "likeness", "rows"]


def spec(folder: Path | str, **fields: object) -> StudySpec:
    chosen = {"encoders": "corners", "measures": MEASURES, "patches": 3, "levels": "0,4,8"}
    return StudySpec.of(sources=folder, **(chosen | fields))


class Listener:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.shares: list[tuple[float, float, str]] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def update(self, done: float, total: float, doing: str) -> None:
        self.shares.append((done, total, doing))


@pytest.fixture
def folder(photographs: Callable[..., Path]) -> Path:
    return photographs("a.png", "b.png", "c.png")


def test_numbers_are_those_of_the_measures(folder: Path, tmp_path: Path) -> None:
    found = run(spec(folder), tmp_path / "out").frame
    assert found.columns.tolist() == list(frame.COLUMNS)
    for name in "abc":
        samples = np.asarray(PIL.Image.open(folder / f"{name}.png")).astype(int)
        rows = found[(found["image"] == f"{name}.png") & (found["measure"] == "brightness")]
        assert rows["level"].tolist() == [0, 4, 8]
        assert rows["value"].tolist() == pytest.approx(
            [(samples * 2**s % 256).mean() for s in (0, 4, 8)]
        )
        assert set(rows["encoder"]) == {"pixels"}
    likeness = found[found["measure"] == "likeness"]
    assert set(likeness["encoder"]) == {"corners"}
    assert likeness[likeness["level"] == 0]["value"].tolist() == [1, 1, 1]


def test_an_estimator_sees_all_images(folder: Path, tmp_path: Path) -> None:
    found = run(spec(folder), tmp_path / "out").frame
    (samples,) = Rows.seen
    assert samples.x.shape == (9, 4)
    assert samples.y.shape == (3, 9, 4)
    assert samples.groups.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    rows = found[(found["measure"] == "rows") & found["epoch"].isna()]
    assert rows["value"].tolist() == [9, 10, 11]
    assert rows["high"].tolist() == [0, 1, 2]
    assert rows["protocol"].tolist() == ["in-sample"] * 3
    assert rows["image"].isna().all()
    assert rows["train_groups"].tolist() == [3, 3, 3]


def test_what_is_done_is_on_disk_before_results_are_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = Store.write_results

    def look(self: Store, rows: object) -> None:
        written.append(len(Parts(self.path / "parts")))
        write(self, rows)

    monkeypatch.setattr(Store, "write_results", look)
    run(spec(folder, measures="brightness"), tmp_path / "out")
    assert written == [3]


def test_growth_and_details_are_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = (GrowthPoint(1, 0.25, (0.0, 0.5)), GrowthPoint(2, 0.5, (0.25, 0.75)))

    def grown(self: Rows, samples: PairedSamples, **_: object) -> list[Measurement]:
        estimate = Measurement(
            0.5, "lower", estimator="rows", protocol="held-out", growth=points, rising=True
        )
        return [replace(estimate, details={"R@1": 0.125})] * len(samples.y)

    without = run(spec(folder), tmp_path / "without")
    assert without.growth.empty
    assert not (without.path / "growth.csv").exists()
    assert without.frame["details"].isna().all()
    monkeypatch.setattr(Rows, "estimate", grown)
    done = run(spec(folder), tmp_path / "out")
    assert done.growth.columns.tolist() == list(frame.GROWTH_COLUMNS)
    names = ["level", "train_groups", "value", "low", "high"]
    assert done.growth[names].to_numpy().tolist() == [
        [level, *point]
        for level in (0, 4, 8)
        for point in ([1, 0.25, 0.0, 0.5], [2, 0.5, 0.25, 0.75])
    ]
    assert done.growth["rising"].all()
    assert set(done.growth["protocol"]) == {"held-out"}
    assert done.frame["details"].dropna().map(json.loads).tolist() == [{"R@1": 0.125}] * 3


def test_every_epoch_is_a_row(folder: Path, tmp_path: Path) -> None:
    found = run(spec(folder, epochs=4), tmp_path / "out").frame
    history = found[found["epoch"].notna() & (found["level"] == 4)]
    assert history[["epoch", "value"]].to_numpy().tolist() == [[1, 0], [2, 1], [3, 2], [4, 3]]
    assert set(history["unit"]) == {"bit"}


def test_two_runs_of_one_study_agree_to_the_last_bit(folder: Path, tmp_path: Path) -> None:
    first = run(spec(folder), tmp_path / "one")
    second = run(spec(folder), tmp_path / "two")
    pd.testing.assert_frame_equal(first.frame, second.frame, check_exact=True)
    assert (first.path / "summary.csv").read_bytes() == (second.path / "summary.csv").read_bytes()


def test_a_bad_image_is_a_row_and_the_run_goes_on(folder: Path, tmp_path: Path) -> None:
    (folder / "b.png").write_text("I am text")
    done = run(spec(folder), tmp_path / "out")
    errors = done.frame[done.frame["error"].notna()]
    assert errors["image"].tolist() == ["b.png"]
    assert "is not a JPEG" in errors["error"].iloc[0]
    assert done.summary["mean"].notna().all()
    assert set(done.summary[done.summary["measure"] == "brightness"]["n"]) == {2}
    assert [left["name"] for left in done.manifest["left_out"]] == ["b.png"]


def test_a_run_of_bad_images_only_has_rows_too(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        path.write_text("I am text")
    done = run(spec(folder), tmp_path / "out")
    assert len(done.frame) == 3
    assert done.frame["value"].isna().all()
    assert done.summary.empty
    assert not done.has_numbers


def test_a_small_image_is_measured_where_it_can_be(
    folder: Path, photographs: Callable[..., Path], tmp_path: Path
) -> None:
    photographs("small.png", size=(5, 5))
    done = run(spec(folder), tmp_path / "out")
    of_small = done.frame[done.frame["image"] == "small.png"]
    assert set(of_small[of_small["error"].isna()]["measure"]) == {"brightness", "likeness"}
    (error,) = of_small["error"].dropna()
    assert error == "is 5x5, smaller than a patch of 8x8"
    assert len(Rows.seen[0].x) == 9
    assert set(done.summary[done.summary["measure"] == "rows"]["errors"]) == {1}


def test_a_measure_that_fails_is_a_row_with_its_error(folder: Path, tmp_path: Path) -> None:
    white = np.full((12, 16), 255, np.uint8)
    PIL.Image.fromarray(white).save(folder / "white.png")
    done = run(spec(folder, measures=[*MEASURES, "breaks"]), tmp_path / "out")
    failed = done.frame[done.frame["error"].notna()]
    assert failed[["image", "measure", "error"]].fillna("").to_numpy().tolist() == [
        ["white.png", "brightness", "too bright"],
        ["", "breaks", "ZeroDivisionError: of course"],
    ]
    summary = done.summary.set_index("measure")
    assert set(summary.loc["brightness", "errors"]) == {1}
    assert summary.loc["breaks", "errors"] == 1
    assert np.isnan(summary.loc["breaks", "mean"])


def test_an_image_an_encoder_fails_on_is_left_out_of_its_estimators(
    folder: Path, tmp_path: Path
) -> None:
    PIL.Image.fromarray(np.full((12, 16), 255, np.uint8)).save(folder / "white.png")
    Corners.fails_on_white = True
    done = run(spec(folder, measures=["likeness", "rows"]), tmp_path / "out")
    failed = done.frame[done.frame["error"].notna()]
    assert failed[["image", "measure", "error"]].to_numpy().tolist() == [
        ["white.png", "likeness", "does not like white"],
        ["white.png", "rows", "does not like white"],
    ]
    assert len(Rows.seen[0].x) == 9


def test_both_protocols_stand_side_by_side(folder: Path, tmp_path: Path) -> None:
    done = run(spec(folder, measures="twofold", folds=3), tmp_path / "out")
    summary = done.summary[["protocol", "level", "mean", "errors"]].to_numpy().tolist()
    assert summary == [
        [protocol, level, 9 + place, 0]
        for protocol in ("held-out", "in-sample")
        for place, level in enumerate((0, 4, 8))
    ]
    assert done.frame["error"].isna().all()


def test_a_protocol_that_fails_does_not_take_the_other_with_it(
    folder: Path, photographs: Callable[..., Path], tmp_path: Path
) -> None:
    photographs("small.png", size=(5, 5))
    done = run(spec(folder, measures="twofold", folds=4, levels=4), tmp_path / "out")
    summary = done.summary.set_index("protocol")
    assert np.isnan(summary.loc["held-out", "mean"])
    assert summary.loc["held-out", "errors"] == 2
    assert (summary.loc["in-sample", "mean"], summary.loc["in-sample", "errors"]) == (9, 1)
    failed = done.frame[done.frame["error"].notna()]
    assert failed[["image", "protocol"]].fillna("").to_numpy().tolist() == [
        ["", "held-out"],
        ["small.png", "held-out"],
        ["small.png", "in-sample"],
    ]
    (left,) = done.manifest["left_out"]
    assert (left["name"], left["measure"], left["encoder"]) == ("small.png", "twofold", "corners")


def test_what_is_done_is_not_done_again(folder: Path, tmp_path: Path) -> None:
    first = run(spec(folder), tmp_path / "out").frame
    calls, shown, seen = Brightness.calls, len(Corners.shown), len(Rows.seen)
    second = run(spec(folder), tmp_path / "out").frame
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert (Brightness.calls, len(Corners.shown), len(Rows.seen)) == (calls, shown, seen)


def test_an_interrupted_run_is_continued(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = run(spec(folder), tmp_path / "whole").frame
    Brightness.calls = 0

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Rows, "estimate", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(spec(folder), tmp_path / "out")
    with pytest.raises(OutputError, match="no finished run"):
        Run.open(tmp_path / "out")
    assert Brightness.calls == 3
    continued = run(spec(folder), tmp_path / "out").frame
    assert Brightness.calls == 3
    pd.testing.assert_frame_equal(complete, continued, check_exact=True)


def test_what_failed_is_tried_again_when_asked_for(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = spec(folder, measures=["brightness", "breaks"])
    assert run(chosen, tmp_path / "out").frame["error"].notna().any()
    monkeypatch.setattr(Breaks, "estimate", Rows().estimate)
    assert run(chosen, tmp_path / "out").frame["error"].notna().any()
    assert run(chosen, tmp_path / "out", retry_failed=True).frame["error"].isna().all()


def test_vectors_that_failed_are_tried_again_when_asked_for(folder: Path, tmp_path: Path) -> None:
    PIL.Image.fromarray(np.full((12, 16), 255, np.uint8)).save(folder / "white.png")
    chosen = spec(folder, measures=["likeness", "rows"])
    Corners.fails_on_white = True
    run(chosen, tmp_path / "out")
    Corners.fails_on_white = False
    shown = len(Corners.shown)
    assert len(run(chosen, tmp_path / "out").frame["error"].dropna()) == 2
    assert len(Corners.shown) == shown
    done = run(chosen, tmp_path / "out", retry_failed=True)
    assert done.frame["error"].isna().all()
    assert [len(samples.x) for samples in Rows.seen] == [9, 12]
    again = run(chosen, tmp_path / "out")
    pd.testing.assert_frame_equal(done.frame, again.frame, check_exact=True)
    assert len(Rows.seen) == 2


def test_another_measure_of_the_same_images_is_the_same_study(folder: Path, tmp_path: Path) -> None:
    run(spec(folder), tmp_path / "out")
    calls, seen = Brightness.calls, len(Rows.seen)
    measures = ["brightness", "likeness", {"name": "rows", "offset": 1.0}, "twofold"]
    changed = run(spec(folder, measures=measures), tmp_path / "out")
    assert Brightness.calls == calls
    assert len(Rows.seen) == seen + 3  # rows anew, twofold under both protocols
    fresh = run(spec(folder, measures=measures), tmp_path / "fresh")
    assert changed.frame.equals(fresh.frame)
    back = run(spec(folder), tmp_path / "out")
    assert set(back.frame["measure"]) == set(MEASURES)
    assert len(Rows.seen) == seen + 6


def test_what_a_kill_has_left_anywhere_in_the_folder_is_removed(
    folder: Path, tmp_path: Path
) -> None:
    done = run(spec(folder), tmp_path / "out")
    left = [
        done.path / name / TEMPORARY.replace("*", "0f")
        for name in ("", "figures", "parts", "parts/0f")
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"torn")
    run(spec(folder), tmp_path / "out")
    assert not any(path.exists() for path in left)


def test_another_measure_needs_no_forward_pass(folder: Path, tmp_path: Path) -> None:
    run(spec(folder), tmp_path / "one")
    shown = len(Corners.shown)
    run(spec(folder, measures=["likeness", {"name": "rows", "offset": 1.0}]), tmp_path / "two")
    assert len(Corners.shown) == shown


def test_a_torn_part_and_a_lost_cache_are_made_again(
    folder: Path, tmp_path: Path, own_cache: Path
) -> None:
    first = run(spec(folder), tmp_path / "out").frame
    for path in (tmp_path / "out" / "parts").rglob("*.json"):
        path.write_bytes(path.read_bytes()[:-1])
    shutil.rmtree(own_cache)
    second = run(spec(folder), tmp_path / "out").frame
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_vectors_that_cannot_be_kept_are_made_when_needed(
    folder: Path, tmp_path: Path, own_cache: Path
) -> None:
    own_cache.write_text("in the way")
    found = run(spec(folder), tmp_path / "out").frame
    assert found["error"].isna().all()
    assert len(found[found["measure"] == "likeness"]) == 9


def test_another_study_is_refused_before_anything_is_done(folder: Path, tmp_path: Path) -> None:
    run(spec(folder), tmp_path / "out")
    before = (tmp_path / "out" / "results.parquet").read_bytes()
    with pytest.raises(OutputError, match="seed was 0 and is 1"):
        run(spec(folder, seed=1), tmp_path / "out")
    assert (tmp_path / "out" / "results.parquet").read_bytes() == before


@pytest.mark.parametrize("fields", [{"levels": "0-9"}, {"sources": "nowhere"}])
def test_a_study_that_cannot_begin_leaves_no_folder(
    folder: Path, tmp_path: Path, fields: dict[str, object]
) -> None:
    with pytest.raises(ImleakError):
        run(
            StudySpec.of(**({"sources": folder, "measures": "brightness"} | fields)), tmp_path / "x"
        )
    assert not (tmp_path / "x").exists()


def test_the_manifest_says_what_was_run_and_no_key(folder: Path, tmp_path: Path) -> None:
    from imleak.keystream import derived_key

    command = ["imleak", "audit", "photos"]
    done = run(spec(folder), tmp_path / "out", command=command)
    text = (done.path / "manifest.json").read_text()
    manifest = json.loads(text)
    assert manifest["command"] == command
    assert StudySpec.of(**manifest["spec"]) == spec(folder)
    assert [image["name"] for image in manifest["images"]] == ["a.png", "b.png", "c.png"]
    assert [(level["rank"], level["short"]) for level in manifest["levels"]] == [
        (0, "s = 0"),
        (4, "s = 4"),
        (8, "s = 8"),
    ]
    assert (manifest["scheme"]["name"], manifest["scheme"]["recorded"]) == ("bitplanes", False)
    assert manifest["started"] <= manifest["finished"]
    assert manifest["units"] == {"all": 7, "failed": 0}
    assert {"python", "imleak", "numpy", "torch"} <= set(manifest["versions"])
    assert {c["digest"] for c in manifest["components"] if c["kind"] == "encoder"} == {"0" * 64}
    everything = b"".join(path.read_bytes() for path in done.path.rglob("*") if path.is_file())
    for secret in (derived_key(0), derived_key(0).hex().encode()):
        assert secret not in everything


def test_an_encoder_says_of_itself_what_it_likes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corners, "facts", {"source": "the corner"}, raising=False)
    done = run(spec(folder), tmp_path / "out", progress=Listener())
    (recorded,) = [c for c in done.manifest["components"] if c["kind"] == "encoder"]
    assert recorded["source"] == "the corner"


def test_a_run_tells_how_much_there_is_to_do_and_how_far_it_is(
    folder: Path, tmp_path: Path
) -> None:
    listener = Listener()
    run(spec(folder), tmp_path / "out", progress=listener)
    # Three patches and the whole, plain and at two levels: level 0 is the plain image.
    assert listener.said == ["36 forward passes of corners."]
    assert len(Rows.seen) == 1  # nothing is tried out on noise
    images, rows = (
        [(done, total) for done, total, doing in listener.shares if doing in what]
        for what in ({"a.png", "b.png", "c.png"}, {"rows on corners"})
    )
    assert images == [(1, 3), (2, 3), (3, 3)]
    assert rows == [(0.5, 1), (1, 1)]


def test_a_run_reads_back_as_what_it_was(folder: Path, tmp_path: Path) -> None:
    done = run(spec(folder), tmp_path / "out")
    again = Run.open(tmp_path / "out")
    pd.testing.assert_frame_equal(again.frame, done.frame)
    assert repr(again) == (f"<Run of brightness, likeness, rows on 3 images at {tmp_path / 'out'}>")


def test_a_run_says_once_what_its_file_system_does_not_guarantee(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    listener = Listener()
    done = run(spec(folder), tmp_path / "out", progress=listener)
    assert done.has_numbers
    assert len([line for line in listener.said if "without locks" in line]) == 1


def test_rows_can_be_read_without_the_others(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.png").write_text("I am text")
    done = run(spec(folder), tmp_path / "out")
    for found, expected in (
        (done.histories, done.frame["epoch"].notna()),
        (done.failures, done.frame["error"].notna()),
        (done.of_images(["b.png", "none"]), done.frame["image"] == "b.png"),
    ):
        assert len(found)
        pd.testing.assert_frame_equal(found, done.frame[expected].reset_index(drop=True))
    assert done.of_images([]).empty
    assert done.has_numbers


def test_scalar_pixels_are_a_space_too(folder: Path, tmp_path: Path) -> None:
    run(spec(folder, measures="rows", encoders="pixels"), tmp_path / "out")
    (samples,) = Rows.seen
    assert samples.weights.sum() == 3 * 12 * 16
    assert samples.sizes == (256, 16, 1)


def test_units_do_not_need_the_run_around_them(folder: Path, tmp_path: Path) -> None:
    """What an executor elsewhere will do: a unit alone, with nothing prepared."""
    from imleak.cache import Cache
    from imleak.study.cluster import LocalExecutor
    from imleak.study.execute import Workplace
    from imleak.study.plan import plan
    from imleak.study.progress import Silent
    from imleak.study.scan import reader, scan

    chosen = spec(folder)
    units = list(plan(chosen, scan(chosen, Silent(), LocalExecutor()).images))
    place = Workplace(reader(chosen), Cache(tmp_path / "elsewhere"))
    alone = [execute.execute(unit, place) for unit in reversed(units)]
    done = run(chosen, tmp_path / "out")
    labels = {s: f"{s} of 8 planes encrypted" for s in (0, 4, 8)}
    rows = [
        row
        for unit, part in zip(units, reversed(alone), strict=True)
        for row in frame.rows_of(unit, part, labels)
    ]
    pd.testing.assert_frame_equal(frame.tidy(rows), done.frame, check_exact=True)


SIDES = {"encoders": (), "target": "corners", "views": ["middles", "corners"], "measures": "rows"}


def test_the_target_is_embedded_once_for_all_levels_and_views(folder: Path, tmp_path: Path) -> None:
    done = run(spec(folder, **SIDES), tmp_path / "out")
    # Plain patches and level 0 are the same; of level 8 nothing is left.
    assert Corners.shown == [3 + 3 + 1] * 3
    assert Middles.shown == [3 + 3 + 1] * 3
    through_middles, on_both = Rows.seen
    np.testing.assert_array_equal(through_middles.x, on_both.x)
    np.testing.assert_array_equal(on_both.y[0], on_both.x)
    assert through_middles.y.shape == (3, 9, 3)
    said = done.summary[["encoder", "target", "view"]].drop_duplicates()
    assert said.to_numpy().tolist() == [
        ["corners through middles", "corners", "middles"],
        ["corners", "corners", "corners"],
    ]


def test_who_chooses_a_view_is_given_all_of_one_target(folder: Path, tmp_path: Path) -> None:
    done = run(spec(folder, **SIDES | {"measures": "keenest"}), tmp_path / "out")
    (views,) = Keenest.seen
    assert list(views) == ["middles", "corners"]
    assert views["middles"].x is views["corners"].x
    assert set(done.summary["chosen"]) == {"middles"}
    assert set(done.summary["encoder"]) == {"corners through middles, corners"}


def test_another_estimator_or_level_costs_no_forward_pass_that_was_made(
    folder: Path, tmp_path: Path
) -> None:
    run(spec(folder, **SIDES), tmp_path / "one")
    Corners.shown.clear()
    Middles.shown.clear()
    run(spec(folder, **SIDES | {"measures": "keenest"}, levels="4,8"), tmp_path / "two")
    run(spec(folder, measures=["rows", "keenest"], levels="0"), tmp_path / "three")
    assert Corners.shown == Middles.shown == []
    run(spec(folder, **SIDES | {"measures": "rows"}, levels="3,4"), tmp_path / "four")
    assert Corners.shown == Middles.shown == [3] * 3


def test_vectors_that_were_altered_on_disk_are_made_again(
    folder: Path, tmp_path: Path, own_cache: Path
) -> None:
    first = run(spec(folder), tmp_path / "one")
    kept = sorted(own_cache.rglob("*.safetensors"))
    whole = kept[0].read_bytes()
    kept[0].write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    kept[1].write_bytes(b"torn")
    Corners.shown.clear()
    second = run(spec(folder), tmp_path / "two")
    assert len(Corners.shown) in (1, 2)  # of one image or of two
    pd.testing.assert_frame_equal(first.frame, second.frame)
    Corners.shown.clear()
    run(spec(folder, measures=["rows"], epochs=7), tmp_path / "three")
    assert Corners.shown == []


def test_vectors_of_another_image_under_the_name_of_one_are_not_used(
    folder: Path, tmp_path: Path, own_cache: Path
) -> None:
    first = run(spec(folder), tmp_path / "one")
    kept = sorted(own_cache.rglob("*.safetensors"))
    contents = [path.read_bytes() for path in kept]
    for path, content in zip(kept, contents[1:] + contents[:1], strict=True):
        path.write_bytes(content)
    second = run(spec(folder), tmp_path / "two")
    pd.testing.assert_frame_equal(first.frame, second.frame)
    Corners.shown.clear()
    run(spec(folder, measures=["rows"], epochs=7), tmp_path / "three")
    assert Corners.shown == []


def test_an_image_without_vectors_is_left_out_of_all_that_need_them(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(self: Middles, pictures: np.ndarray, bits: int) -> np.ndarray:
        Middles.shown.append(len(pictures))
        if len(Middles.shown) == 1:
            raise ImleakError("not this one")
        return pictures[:, 0, 4, 2:5].astype(np.float32)

    monkeypatch.setattr(Middles, "encode", picky)
    done = run(spec(folder, **SIDES), tmp_path / "out")
    assert [len(np.unique(samples.groups)) for samples in Rows.seen] == [2, 3]
    errors = done.frame[done.frame["error"].notna()]
    assert errors[["encoder", "error"]].to_numpy().tolist() == [
        ["corners through middles", "not this one"]
    ]


def test_above_a_most_whole_images_are_drawn(folder: Path, tmp_path: Path) -> None:
    measures = ["brightness", "likeness", "rows", "keenest"]
    done = run(spec(folder, measures=measures, max_samples=7), tmp_path / "out")
    (samples,) = (s for s in Rows.seen[:1])
    assert len(samples.x) == 6  # two images of three patches: the third has no room
    rows = done.frame[(done.frame["measure"] == "rows") & done.frame["epoch"].isna()]
    assert rows["details"].map(json.loads).tolist() == [{"images": 2, "of images": 3}] * 3
    assert done.manifest["spec"]["max_samples"] == 7
    assert done.manifest["subsamples"] == [
        {"measure": name, "encoder": "corners", "images": 2, "of": 3}
        for name in ("rows", "keenest")
    ]
    (said,) = done.manifest["warnings"]
    assert said.startswith("Estimators were given at most 7 samples: 2 of 3 images, whole ones")
    assert set(done.summary[done.summary["measure"] == "likeness"]["n"]) == {3}
    everything = run(spec(folder, measures=measures, max_samples=9), tmp_path / "out")
    assert everything.manifest["subsamples"] == everything.manifest["warnings"] == []
    assert "3 images" in repr(everything)


class Batched(Corners):
    """An encoder whose vectors tell how many pictures were beside them: a network's do so
    in their last bits."""

    def encode(self, pictures: np.ndarray, bits: int) -> np.ndarray:
        return super().encode(pictures, bits) + np.float32(len(pictures) / 1024)


@pytest.mark.parametrize("kept", [0, 1, 5, 14])
def test_an_interruption_between_files_of_an_image_changes_no_bit(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("study_fakes.Corners", Batched)
    chosen = spec(folder, measures=["likeness", "rows"])
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "undisturbed"))
    expected = run(chosen, tmp_path / "one")
    seen = Rows.seen.pop()
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "disturbed"))

    def interrupt(cache: Cache, key: str, arrays: Arrays, *, maker: str) -> None:
        if cache.info().files >= kept:
            raise KeyboardInterrupt
        put(cache, key, arrays, maker=maker)

    put = Cache.put
    with monkeypatch.context() as patch:
        patch.setattr(Cache, "put", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(chosen, tmp_path / "two")
    assert kept <= Cache().info().files < 24
    resumed = run(chosen, tmp_path / "two")
    np.testing.assert_array_equal(Rows.seen.pop().y, seen.y)
    assert (resumed.path / "summary.csv").read_bytes() == (
        expected.path / "summary.csv"
    ).read_bytes()
    assert not list((tmp_path / "disturbed").rglob("*.begun"))


def test_an_altered_file_of_the_cache_changes_no_bit(
    folder: Path, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("study_fakes.Corners", Batched)
    chosen = spec(folder, measures=["likeness", "rows"])
    run(chosen, tmp_path / "one")
    seen = Rows.seen.pop()
    for path in sorted(own_cache.rglob("*.safetensors"))[::3]:
        path.write_bytes(path.read_bytes()[:-1])
    run(chosen, tmp_path / "two")
    np.testing.assert_array_equal(Rows.seen.pop().y, seen.y)


TAUGHT = {"encoders": (), "target": "corners", "views": "pupil", "measures": "teacher"}


def test_a_view_is_trained_on_clear_parts_at_the_places_of_the_target(
    folder: Path, tmp_path: Path
) -> None:
    done = run(spec(folder, **TAUGHT), tmp_path / "out")
    (pictures,) = Pupil.watched
    assert pictures.shape == (3, 9, 1, 8, 8)
    (samples,) = Rows.seen
    assert samples.y.shape == (3, 9, 0)
    # Level 0 is the plain image, of level 8 nothing is left.
    np.testing.assert_array_equal(pictures[0, :, 0, 0, :4], samples.x)
    np.testing.assert_array_equal(pictures[1, :, 0, 0, :4], samples.x.astype(int) * 16 % 256)
    assert not pictures[2].any()
    assert Pupil.taught == [(7, 7)]
    mean = samples.x[:7].mean(dtype=np.float32)
    said = done.summary["mean"].to_numpy()
    assert said == pytest.approx([samples.x[0, 0] + mean, pictures[1, 0, 0, 0, 0] + mean, mean])
    assert set(done.summary["encoder"]) == {"corners through pupil"}


def test_what_a_training_made_is_kept(folder: Path, tmp_path: Path) -> None:
    first = run(spec(folder, **TAUGHT), tmp_path / "one")
    again = run(spec(folder, **TAUGHT), tmp_path / "two")
    assert len(Pupil.taught) == len(Pupil.watched) == 1
    pd.testing.assert_frame_equal(first.frame, again.frame)
    run(spec(folder, **TAUGHT, seed=1), tmp_path / "three")
    assert len(Pupil.taught) == 2
