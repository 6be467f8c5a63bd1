"""Patients of DICOM files and frames of films stay together; nothing of a person is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from study_fakes import Corners, Looks, Rows

from dicom_files import dicom
from imleak.images.generated import DeadLeaves
from imleak.study import SpecError, StudySpec, run

SECRETS = (b"Mustermann", b"4711-secret")


def spec(folder: Path, **fields: object) -> StudySpec:
    chosen = {"encoders": "corners", "measures": ["rows", "looks"], "patches": 2, "levels": "0,4"}
    return StudySpec.of(sources=folder, **(chosen | fields))


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """Three slices of each of two patients, of 12 bits and signed, and a file that is none."""
    folder = tmp_path / "series"
    folder.mkdir()
    for at in range(6):
        samples = DeadLeaves(32, 32, at).render()[0].astype(np.int16) * 16 - 2048
        content = dicom(
            samples, 12, patient=f"4711-secret-{at // 3}", study=f"1.{at}", RescaleIntercept=-1024
        )
        (folder / f"IM{at}").write_bytes(content)
    (folder / "IM6.dcm").write_bytes(content[: len(content) // 2])
    return folder


def test_a_series_of_two_patients_is_split_by_patient(series: Path, tmp_path: Path) -> None:
    done = run(spec(series, group_by="patient"), tmp_path / "out")
    assert [image["group"] for image in done.manifest["images"]] == [
        *["patient 1"] * 3, *["patient 2"] * 3,
    ]  # fmt: skip
    (samples,) = Rows.seen
    assert sorted(np.bincount(samples.groups)) == [6, 6]
    (space,) = Looks.seen[0].values()
    assert sorted(np.bincount(space.groups)) == [3, 3]
    assert {image["bits"] for image in done.manifest["images"]} == {12}
    assert done.manifest["left_out"][0]["name"] == "IM6.dcm"
    said = " ".join(done.manifest["warnings"])
    assert "6 of 6 images: signed samples, moved up to begin at 0." in said
    assert "6 of 6 images: rescale slope and intercept left alone" in said
    assert "6 images are in 2 groups (patient)." in said


def test_nothing_of_a_person_is_written(series: Path, tmp_path: Path) -> None:
    done = run(spec(series, group_by="patient"), tmp_path / "out")
    for path in done.path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(secret in content for secret in SECRETS), path


def test_frames_of_a_film_are_one_group(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    for film in range(3):
        frames = [
            PIL.Image.fromarray(DeadLeaves(32, 32, 9 * film + at).render()[0]) for at in range(7)
        ]
        frames[0].save(folder / f"{film}.gif", save_all=True, append_images=frames[1:])
    (folder / "broken.gif").write_bytes(b"GIF89a")
    done = run(spec(folder, frames=2), tmp_path / "out")
    images = done.manifest["images"]
    assert [image["name"] for image in images] == [
        f"{film}.gif#{frame}" for film in range(3) for frame in (2, 6)
    ]
    assert [image["group"] for image in images] == [f"{film}.gif" for film in (0, 0, 1, 1, 2, 2)]
    assert sorted(np.bincount(Rows.seen[0].groups)) == [4, 4, 4]
    assert [one["name"] for one in done.manifest["left_out"]] == ["broken.gif"]
    assert any("6 images are of 3 files" in line for line in done.manifest["warnings"])
    alone = run(spec(folder, measures=["rows"]), tmp_path / "first")
    assert {image["group"] for image in alone.manifest["images"]} == {""}
    assert any("--frames 3 takes three of each" in line for line in alone.manifest["warnings"])


def test_other_frames_are_another_study(tmp_path: Path, series: Path) -> None:
    run(spec(series, measures=["rows"]), tmp_path / "out")
    with pytest.raises(Exception, match="frames was None and is 2"):
        run(spec(series, measures=["rows"], frames=2), tmp_path / "out")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"group_by": "patients"}, "write folder, patient, study, csv:FILE or regex:PATTERN"),
        ({"frames": 0}, "frames: 0 is below 1, the least there can be"),
        ({"frames": 2, "ciphers": {"a": "ciphers"}}, "frames: ciphers are those of whole files"),
        ({"window": "bone", "encoders": "efficientnet-lite0"}, "write full, percentile,"),
        ({"window": "percentile"}, "window: none of the chosen measures"),
    ],
)
def test_mistakes_are_told_before_any_work(fields: dict[str, object], why: str) -> None:
    with pytest.raises(SpecError, match=why):
        StudySpec.of(sources="none", **({"encoders": "corners", "measures": ["rows"]} | fields))


def test_a_window_is_of_whole_images(
    tmp_path: Path, series: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what an encoder is shown is what the window makes of them."""
    whole, shown = set(), []

    def windowed(self: Corners, samples: np.ndarray, bits: int) -> np.ndarray:
        whole.add((samples.shape, bits))
        return np.full_like(samples, 7)

    def encode(self: Corners, images: np.ndarray, bits: int) -> np.ndarray:
        shown.append(images)
        return images.reshape(len(images), -1)[:, : self.dimension].astype(np.float32)

    monkeypatch.setattr(Corners, "windowed", windowed, raising=False)
    monkeypatch.setattr(Corners, "encode", encode)
    run(spec(series, measures=["rows"]), tmp_path / "out")
    assert whole == {((1, 32, 32), 12)}
    assert {images.shape[1:] for images in shown} == {(1, 8, 8)}
    assert all((images == 7).all() for images in shown)
