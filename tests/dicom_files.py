"""DICOM files for tests."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"


def dicom(
    samples: np.ndarray,
    bits: int,
    *,
    syntax: str = ExplicitVRLittleEndian,
    coded: list[bytes] | None = None,
    pixels: bytes | None = None,
    patient: str = "4711",
    study: str = "1.2.3",
    **elements: Any,
) -> bytes:
    """A file of samples (H, W), (H, W, 3) or (N, H, W) with N given as NumberOfFrames, as they are
    stored: integers of which `bits` are used."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CT
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[samples.tobytes().hex()])
    meta.TransferSyntaxUID = syntax
    made = FileDataset(None, Dataset(), file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = CT, meta.MediaStorageSOPInstanceUID
    made.PatientName, made.PatientID, made.StudyInstanceUID = "Mustermann^Erika", patient, study
    is_colour = "NumberOfFrames" not in elements and samples.ndim == 3
    height, width = samples.shape[:2] if is_colour else samples.shape[-2:]
    made.Rows, made.Columns = height, width
    made.SamplesPerPixel = 3 if is_colour else 1
    made.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        made.PlanarConfiguration = 0
    made.BitsAllocated = 8 * samples.dtype.itemsize
    made.BitsStored, made.HighBit = bits, bits - 1
    made.PixelRepresentation = int(samples.dtype.kind == "i")
    for name, value in elements.items():
        setattr(made, name, value)
    made.PixelData = (pixels or samples.tobytes()) if coded is None else encapsulate(coded)
    made["PixelData"].VR = "OB" if samples.dtype.itemsize == 1 or coded else "OW"
    content = BytesIO()
    made.save_as(content, enforce_file_format=True)
    return content.getvalue()
