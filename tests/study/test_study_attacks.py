"""Attacks in a study: whole images in every space at once, copies and a gallery."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from study_fakes import Corners, Keenest, Looks, Rows

from imleak.images import Source, copy_of, from_samples
from imleak.study import SpecError, StudySpec, run
from imleak.study.ciphers import simulated
from imleak.study.components import component
from imleak.study.features import Embedding, FeatureRequest, encode, show, unpack
from imleak.study.plan import Gallery, ImageInfo, others, plan
from imleak.study.status import status


def spec(folder: Path | str = "photos", **fields: object) -> StudySpec:
    chosen = {"encoders": ["sides", "corners"], "measures": "looks", "levels": "0,4,8"}
    return StudySpec.of(sources=folder, **(chosen | fields))


@pytest.fixture
def folder(photographs: Callable[..., Path]) -> Path:
    return photographs("a.png", "b.png", "c.png")


@pytest.fixture
def gallery(folder: Path, tmp_path: Path) -> Path:
    """Two other images, and one that is measured."""
    made = tmp_path / "gallery"
    made.mkdir()
    for seed, size in enumerate([(5, 6), (7, 8)]):
        samples = np.random.default_rng(seed).integers(0, 255, size, dtype=np.uint8)
        PIL.Image.fromarray(samples).save(made / f"{seed}.png")
    (made / "twin.png").write_bytes((folder / "a.png").read_bytes())
    return made


def infos(*names: str) -> list[ImageInfo]:
    return [ImageInfo(n, Source(n, Path(n)), n * 64, 1, 12, 16, 8) for n in names]


def test_an_attack_sees_whole_images_in_every_space(folder: Path, tmp_path: Path) -> None:
    run(spec(folder), tmp_path / "out")
    (seen,) = Looks.seen
    assert list(seen) == ["sides", "corners"]
    whole = seen["sides"]
    assert whole.levels == (0, 4, 8)
    assert whole.gallery is None
    paths = [folder / f"{name}.png" for name in "abc"]
    images = [from_samples("", np.asarray(PIL.Image.open(p))[None], 8) for p in paths]
    images.sort(key=lambda image: image.digest)
    first = [int(image.samples[0, 0, 0]) for image in images]
    assert whole.plain.tolist() == [[12, 16, sample] for sample in first]
    for at, level in enumerate((0, 4, 8)):
        expected = [[12, 16, sample * 2**level % 256] for sample in first]
        assert whole.clear[at].tolist() == expected
    cropped = [int(copy_of(image, "crop").samples[0, 0, 0]) for image in images]
    assert whole.copies["crop"].tolist() == [[10, 13, sample] for sample in cropped]
    half = [int(copy_of(image, "half").samples[0, 0, 0]) for image in images]
    assert whole.clear_copies["half"][1, :, 2].tolist() == [16 * one % 256 for one in half]


def test_rows_have_a_quantity_and_their_null(folder: Path, tmp_path: Path) -> None:
    found = run(spec(folder, measures=["looks", "brightness"]), tmp_path / "out")
    rows = found.frame[found.frame["measure"] == "looks"]
    assert rows["quantity"].tolist() == ["images", "others"] * 3
    assert rows["value"].tolist() == [3, 0] * 3
    assert set(rows["protocol"]) == {"zero-shot"}
    assert set(rows["encoder"]) == {"sides, corners"}
    assert set(rows["chosen"]) == {"sides"}
    assert rows["null_p95"].tolist() == [0.5] * 6
    assert json.loads(rows["details"].iloc[0]) == {"seed": 0}
    summary = found.summary[found.summary["measure"] == "looks"]
    assert summary["quantity"].tolist() == ["images", "others"] * 3
    assert summary["mean"].tolist() == [3, 0] * 3
    assert summary["n"].tolist() == [3] * 6
    assert found.summary[found.summary["measure"] == "brightness"]["quantity"].isna().all()


def test_a_gallery_is_looked_among_and_not_measured(
    folder: Path, gallery: Path, tmp_path: Path
) -> None:
    chosen = spec(folder, gallery=gallery, measures=["looks", "brings"])
    found = run(chosen, tmp_path / "out")
    seen, brought = Looks.seen
    assert seen["sides"].gallery is not None
    assert sorted(seen["sides"].gallery[:, :2].tolist()) == [[5, 6], [7, 8]]
    assert brought["sides"].gallery is None
    assert [image["name"] for image in found.manifest["images"]] == ["a.png", "b.png", "c.png"]
    assert found.manifest["gallery"]["images"] == 2
    assert found.linkage["among"].tolist() == [5] * 6 + [3] * 6
    # What is finished is finished, for whoever looks and for whoever runs it again.
    assert sum(count.left for count in status(tmp_path / "out").counts) == 0
    run(chosen, tmp_path / "out")
    assert len(Looks.seen) == 2


def test_what_of_a_gallery_cannot_be_read_is_said(
    folder: Path, gallery: Path, tmp_path: Path
) -> None:
    (gallery / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = run(spec(folder, gallery=gallery), tmp_path / "out")
    (warning,) = [one for one in found.manifest["warnings"] if "gallery" in one]
    assert warning.startswith("Left out, images of the gallery: 1; the first, torn.png")


def test_an_attack_may_bring_its_encoder(folder: Path, tmp_path: Path) -> None:
    run(spec(folder, measures="brings", encoders="corners"), tmp_path / "out")
    assert list(Looks.seen[0]) == ["sides"]


def test_an_image_whose_vectors_fail_is_left_out(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corners, "fails_on_white", True)
    PIL.Image.fromarray(np.full((12, 16), 255, np.uint8)).save(folder / "white.png")
    found = run(spec(folder), tmp_path / "out")
    assert len(Looks.seen[0]["sides"].plain) == 3
    (failed,) = found.failures.to_dict("records")
    assert (failed["image"], failed["error"]) == ("white.png", "does not like white")
    assert failed["protocol"] == "zero-shot"


def test_an_encoder_of_whole_images_is_target_and_view_of_an_estimator(
    folder: Path, tmp_path: Path
) -> None:
    measures = ["rows", "likeness"]
    run(spec(folder, encoders="sides", measures=measures), tmp_path / "out")
    (samples,) = Rows.seen
    assert samples.x.shape == (3, 3)
    assert samples.y.shape == (3, 3, 3)
    assert samples.groups.tolist() == [0, 1, 2]


def test_beside_whole_images_others_see_them_whole_too(folder: Path, tmp_path: Path) -> None:
    fields = {"encoders": (), "target": "corners", "views": ["middles", "sides"]}
    run(spec(folder, **fields, measures=["keenest"], patches=5), tmp_path / "out")
    cut, whole = Keenest.seen
    assert list(cut) == ["middles"]
    assert list(whole) == ["sides"]
    assert len(cut["middles"].x) == 15
    assert len(whole["sides"].x) == 3


def test_a_gallery_changes_the_key_of_what_looks_among_it() -> None:
    chosen, images = spec(measures=["looks", "brings"]), infos("a", "b")
    alone = plan(chosen, images).attacks
    among = plan(chosen, images, others(infos("b", "c"), images)).attacks
    again = plan(chosen, images, Gallery.of(infos("c"))).attacks
    assert alone[0].key != among[0].key == again[0].key
    assert alone[1].key == among[1].key


def test_a_copy_has_vectors_of_its_own() -> None:
    samples = np.random.default_rng(0).integers(0, 255, (1, 20, 30))
    image = from_samples("a", samples, 8)
    info = ImageInfo("a", Source("a", Path("a")), image.digest, 1, 20, 30, 8)
    scheme, encoder = component("scheme", "bitplanes", {}), component("encoder", "sides", {})
    plain = FeatureRequest(info, encoder)
    asked = [
        plain,
        replace(plain, copy="crop"),
        replace(plain, copy="jpeg-50"),
        plain.at(scheme, 4),
        replace(plain, copy="crop").at(scheme, 4),
    ]
    assert len({request.key for request in asked}) == 5
    made = encode(
        show(Embedding(info, encoder, tuple(asked)), image, lambda *asked: simulated(image, *asked))
    )
    shown = [image.samples, *(copy_of(image, name).samples for name in ("crop", "jpeg-50"))]
    shown += [shown[0] << 4, shown[1] << 4]
    for request, expected in zip(asked, shown, strict=True):
        (vector,) = unpack(made[request.key])
        assert vector.tolist() == [*expected.shape[1:], expected[0, 0, 0]]


def test_a_gallery_nobody_looks_among_is_refused() -> None:
    with pytest.raises(SpecError, match="gallery: none of the chosen measures \\(brings\\)"):
        spec(gallery="others", measures="brings")


def test_an_attack_needs_an_encoder_on_both_sides() -> None:
    with pytest.raises(SpecError, match=r"measures: looks .* for instance layout"):
        spec(encoders="pixels")
    with pytest.raises(SpecError, match=r"measures: looks .* for instance layout"):
        spec(encoders=(), target="corners", views="sides")


def test_single_samples_have_no_whole_image_beside_them() -> None:
    with pytest.raises(SpecError, match="sides looks at whole images and the target pixels"):
        spec(encoders=(), target="pixels", views="sides", measures="rows")
