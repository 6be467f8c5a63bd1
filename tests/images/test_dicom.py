"""DICOM files made by pydicom, compressed by imagecodecs, and read."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from dicom_files import dicom
from imleak.images import (
    GroupError,
    Source,
    check_group_by,
    find,
    group_names,
    parse_group_by,
    read,
    with_frames,
)
from imleak.images.dicom import group_of
from imleak.interfaces import ImageError, NotInstalledError

Stored = Callable[[str, bytes], Source]
COMPRESSED = "1.2.840.10008.1.2.4."


@pytest.fixture(scope="session")
def slices(rgba16: np.ndarray) -> np.ndarray:
    """(3, 48, 64) of 12 bits."""
    return np.ascontiguousarray(np.moveaxis(rgba16[..., :3] >> 4, 2, 0))


def grey(content: bytes, stored: Stored) -> np.ndarray:
    return read(stored("x.dcm", content)).samples[0]


@given(data=st.data(), bits=st.integers(8, 16), signed=st.booleans(), inverted=st.booleans())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_done_to_samples_can_be_undone(
    data: st.DataObject, bits: int, signed: bool, inverted: bool, stored: Stored
) -> None:
    low = -(1 << (bits - 1)) if signed else 0
    values = st.lists(st.integers(low, low + (1 << bits) - 1), min_size=6, max_size=6)
    wide = bits > 8
    dtype = np.dtype(("i" if signed else "u") + ("2" if wide else "1"))
    samples = np.array(data.draw(values), dtype).reshape(2, 3)
    photometric = "MONOCHROME1" if inverted else "MONOCHROME2"
    image = read(stored("x.dcm", dicom(samples, bits, PhotometricInterpretation=photometric)))
    assert image.bits == bits
    undone = image.samples[0].astype(int)
    if inverted:
        undone = (1 << bits) - 1 - undone
    np.testing.assert_array_equal(undone + low, samples)
    offset = (f"signed samples, {1 << (bits - 1)} added",) if signed else ()
    assert image.notes == (*offset, *(("MONOCHROME1 inverted",) if inverted else ()))


def test_bits_that_are_not_stored_are_left_out(stored: Stored, slices: np.ndarray) -> None:
    """Old files keep overlays there."""
    np.testing.assert_array_equal(grey(dicom(slices[0] | 0x5000, 12), stored), slices[0])


def test_an_empty_rescale_is_none(stored: Stored, slices: np.ndarray) -> None:
    assert read(stored("x.dcm", dicom(slices[0], 12, RescaleSlope=None))).notes == ()


def test_rescale_is_left_alone_and_said(stored: Stored, slices: np.ndarray) -> None:
    content = dicom(slices[0], 12, RescaleSlope=2, RescaleIntercept=-1024)
    image = read(stored("x.dcm", content))
    np.testing.assert_array_equal(image.samples[0], slices[0])
    assert image.notes == ("rescale slope 2, intercept -1024 left alone",)
    assert (
        read(stored("x.dcm", dicom(slices[0], 12, RescaleSlope=1, RescaleIntercept=0))).notes == ()
    )


def test_colour(stored: Stored, rgba8: np.ndarray) -> None:
    rgb = np.ascontiguousarray(rgba8[..., :3])
    image = read(stored("x.dcm", dicom(rgb, 8)), colour=True)
    np.testing.assert_array_equal(image.samples, np.moveaxis(rgb, 2, 0))
    planes = np.ascontiguousarray(image.samples)
    apart = dicom(rgb, 8, PlanarConfiguration=1, pixels=planes.tobytes())
    np.testing.assert_array_equal(read(stored("y.dcm", apart), colour=True).samples, planes)


def test_ybr_is_converted(stored: Stored, rgba8: np.ndarray) -> None:
    """Grey has chroma 128."""
    ybr = np.dstack([rgba8[..., 0], *[np.full_like(rgba8[..., 0], 128)] * 2])
    image = read(stored("x.dcm", dicom(ybr, 8, PhotometricInterpretation="YBR_FULL")), colour=True)
    np.testing.assert_array_equal(image.samples, [rgba8[..., 0]] * 3)
    assert image.notes == ("YBR_FULL converted to RGB",)


def _lossless(codec: str, **options: Any) -> Callable[[np.ndarray], bytes]:
    return lambda samples: getattr(imagecodecs, f"{codec}_encode")(samples, **options)


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        ("57", _lossless("ljpeg", bitspersample=12)),
        ("70", _lossless("ljpeg", bitspersample=12)),
        ("80", _lossless("jpegls")),
        ("90", _lossless("jpeg2k", codecformat="J2K", level=0, reversible=True)),
        ("201", _lossless("htj2k")),
    ],
)
def test_compressed_frames(
    syntax: str, encode: Callable[[np.ndarray], bytes], stored: Stored, slices: np.ndarray
) -> None:
    coded = [encode(one) for one in slices]
    content = dicom(slices, 12, syntax=COMPRESSED + syntax, coded=coded, NumberOfFrames=3)
    source = stored("x.dcm", content)
    frames = with_frames([source], 3)
    assert read(source).notes == ("first of 3 frames",)
    for frame, samples in zip(frames, slices, strict=True):
        np.testing.assert_array_equal(read(frame).samples[0], samples)


def test_signed_samples_of_jpeg_2000(stored: Stored, slices: np.ndarray) -> None:
    signed = slices[0].astype(np.int16) - 1024
    coded = imagecodecs.jpeg2k_encode(signed, codecformat="J2K", level=0, reversible=True)
    content = dicom(signed, 16, syntax=COMPRESSED + "90", coded=[coded])
    np.testing.assert_array_equal(grey(content, stored).astype(int) - 32768, signed)


def test_lossy_jpeg_is_what_it_decodes_to(stored: Stored, rgba8: np.ndarray) -> None:
    one = np.ascontiguousarray(rgba8[..., 0])
    coded = imagecodecs.jpeg8_encode(one, level=90)
    content = dicom(one, 8, syntax=COMPRESSED + "50", coded=[coded])
    np.testing.assert_array_equal(grey(content, stored), imagecodecs.jpeg8_decode(coded))


@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless],
)
def test_what_pydicom_decodes(syntax: str, stored: Stored, slices: np.ndarray) -> None:
    content = BytesIO(dicom(slices, 12, NumberOfFrames=3))
    made = pydicom.dcmread(content)
    if syntax == RLELossless:
        made.compress(syntax, generate_instance_uid=False)
    else:
        made.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            made.PixelData = slices.astype(">u2").tobytes()
    written = BytesIO()
    little = syntax != ExplicitVRBigEndian
    pydicom.dcmwrite(
        written, made, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=little,
        force_encoding=True,
    )  # fmt: skip
    frames = with_frames([stored("x.dcm", written.getvalue())], 2)
    assert [frame.name for frame in frames] == ["x.dcm#1", "x.dcm#3"]
    np.testing.assert_array_equal(read(frames[1]).samples[0], slices[2])


@pytest.mark.parametrize(
    ("elements", "why"),
    [
        ({"HighBit": 15}, "not in the low bits"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "without its palette; save it as RGB"),
        ({"PhotometricInterpretation": "HSV"}, "save it as MONOCHROME2 or RGB"),
        ({"BitsAllocated": 32}, "integers of 8 to 16 bits"),
        ({"Rows": 60000, "Columns": 60000}, "above the limit"),
        ({"Rows": 47}, ""),
    ],
)
def test_what_is_refused(
    elements: dict[str, Any], why: str, stored: Stored, slices: np.ndarray
) -> None:
    if why:
        with pytest.raises(ImageError, match=why):
            grey(dicom(slices[0], 12, **elements), stored)
    else:
        coded = imagecodecs.jpegls_encode(slices[0])
        content = dicom(slices[0], 12, syntax=COMPRESSED + "80", coded=[coded], **elements)
        with pytest.raises(ImageError, match="damaged DICOM"):
            grey(content, stored)


@pytest.mark.parametrize("entry", [np.uint8, np.uint16])
def test_a_palette_is_looked_up(entry: type, stored: Stored) -> None:
    rng = np.random.default_rng(0)
    indices = rng.integers(0, 256, (40, 30), np.uint8)
    palette = rng.integers(0, np.iinfo(entry).max, (3, 256)).astype(entry)
    elements: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, table in zip(("Red", "Green", "Blue"), palette, strict=True):
        elements[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 8 * table.itemsize]
        elements[f"{name}PaletteColorLookupTableData"] = table.tobytes()
    found = read(stored("p.dcm", dicom(indices, 8, **elements)), colour=True)
    assert found.bits == 8 * np.dtype(entry).itemsize
    assert found.notes == ("PALETTE COLOR converted to RGB",)
    np.testing.assert_array_equal(found.samples, palette[:, indices])


def test_compressed_video_is_refused_with_what_works(stored: Stored, slices: np.ndarray) -> None:
    content = dicom(slices[0], 12, syntax=COMPRESSED + "102", coded=[b"none"])
    with pytest.raises(ImageError, match=r"MPEG-4 .*; save it without compression, as RLE, JPEG"):
        grey(content, stored)


def test_a_deflated_file_is_refused_before_it_is_inflated(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kilobytes may become gigabytes."""
    zeros = np.zeros((512, 512), np.uint16)
    made, written = pydicom.dcmread(BytesIO(dicom(zeros, 12))), BytesIO()
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.save_as(written)
    assert len(written.getvalue()) < 5000
    source = stored("x.dcm", written.getvalue())
    monkeypatch.setattr("zlib.decompress", None)
    with pytest.raises(ImageError, match=r"deflated as a whole, .* save it without compression"):
        read(source)
    assert isinstance(source.origin, Path)
    assert group_of(source.origin, "patient") is None


def test_no_image_inside(stored: Stored, slices: np.ndarray) -> None:
    made = pydicom.dcmread(BytesIO(dicom(slices[0], 12)))
    del made.Rows
    content = BytesIO()
    made.save_as(content)
    with pytest.raises(ImageError, match="without an image, such as a report"):
        grey(content.getvalue(), stored)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_damaged_files_say_nothing_of_a_person(
    share: float, stored: Stored, slices: np.ndarray
) -> None:
    content = dicom(slices[0], 12, patient="Mustermann")
    cut = content[: max(132, int(share * len(content)))]
    with pytest.raises(ImageError) as error:
        grey(cut, stored)
    assert "damaged DICOM" in str(error.value)
    assert "Mustermann" not in str(error.value)


def test_values_that_are_not_allowed_say_nothing_of_a_person(
    stored: Stored, slices: np.ndarray
) -> None:
    """pydicom warns of them, and repeats them."""
    content = dicom(slices[0], 12).replace(b"4711", b"\\\\\xff\x07")
    image = read(stored("x.dcm", content))
    assert image.notes == ()


def test_groups_of_patients_and_studies(tmp_path: Path, slices: np.ndarray) -> None:
    for name, patient, study in (
        ("a1", "700", "1.2"), ("a2", "700 ", "1.3"), ("b1", "701", "1.4"), ("b2", "701", "1.4"),
    ):  # fmt: skip
        content = dicom(slices[0], 12, patient=patient, study=study)
        (tmp_path / name).write_bytes(content)
    sources = find(tmp_path)
    groups = group_names(sources, parse_group_by("patient"))
    assert groups == ["patient 1", "patient 1", "patient 2", "patient 2"]
    assert group_names(sources, parse_group_by("study")) == [
        "study 1", "study 2", "study 3", "study 3",
    ]  # fmt: skip


def test_the_same_number_of_another_issuer_is_another_patient(
    tmp_path: Path, slices: np.ndarray
) -> None:
    for issuer in ("north", "south"):
        content = dicom(slices[0], 12, IssuerOfPatientID=issuer)
        (tmp_path / issuer).write_bytes(content)
    assert len(set(group_names(find(tmp_path), parse_group_by("patient")))) == 2


@pytest.mark.parametrize("patient", ["", "  "])
def test_images_without_a_patient_are_refused(
    patient: str, tmp_path: Path, slices: np.ndarray
) -> None:
    """Each would be a group of its own, and slices of one patient on both sides of a split."""
    for name, of in (("a", patient), ("b", "1")):
        (tmp_path / name).write_bytes(dicom(slices[0], 12, patient=of))
    with pytest.raises(GroupError, match=r"1 of 2 images .* have no PatientID; the first is a"):
        group_names(find(tmp_path), parse_group_by("patient"))


def test_without_pydicom(monkeypatch: pytest.MonkeyPatch, stored: Stored) -> None:
    monkeypatch.setattr("imleak.images.dicom.find_spec", lambda _: None)
    for check in (check_group_by, parse_group_by):
        with pytest.raises(NotInstalledError, match=r"pip install 'imleak\[dicom\]'"):
            check("patient")
    with pytest.raises(ImageError, match=r"is DICOM, which needs a decoder: pip install"):
        read(stored("x.dcm", bytes(128) + b"DICM" + bytes(100)))
