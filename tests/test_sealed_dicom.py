"""DICOM files, encrypted into PNG and given back to the samples that the file holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from dicom_files import dicom
from imleak.images import Source, read
from imleak.interfaces import ImageError
from imleak.keystream import new_key
from imleak.sealed import seal, unseal

KEY = new_key()
SIGNED = skimage.data.camera()[:64, :80].astype(np.int16) * 16 - 2048


def test_signed_samples_are_given_back(tmp_path: Path) -> None:
    (tmp_path / "in.dcm").write_bytes(dicom(SIGNED, 12, RescaleIntercept=-1024))
    notes = seal(tmp_path / "in.dcm", tmp_path / "out.png", 5, KEY)
    assert notes == (
        "signed samples, 2048 added",
        "rescale slope 1, intercept -1024 left alone",
        "not carried over: DICOM attributes",
    )
    assert b"Mustermann" not in (tmp_path / "out.png").read_bytes()
    assert unseal(tmp_path / "out.png", tmp_path / "back.png", KEY).bits == 12
    back = read(Source("back", tmp_path / "back.png"), bits=12)
    np.testing.assert_array_equal(back.samples[0].astype(int) - 2048, SIGNED)


def test_frames_are_refused(tmp_path: Path) -> None:
    frames = np.stack([SIGNED, SIGNED[::-1]])
    (tmp_path / "in.dcm").write_bytes(dicom(frames, 12, NumberOfFrames=2))
    with pytest.raises(ImageError, match=r"cannot be given back as it is \(first of 2 frames"):
        seal(tmp_path / "in.dcm", tmp_path / "out.png", 5, KEY)
