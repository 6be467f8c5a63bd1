"""Sealed JPEG files: the same bytes back, nothing in the clear beside the cipher, and folders."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from imleak.images import Source, find
from imleak.images.jpeg import coefficients, parse
from imleak.interfaces import ImageError, ImleakError, Raster
from imleak.keystream import new_key
from imleak.sealed import (
    OutputError,
    SealError,
    files,
    header_of,
    png,
    read_header,
    same_nonce,
    seal,
    seal_all,
    unseal,
    unseal_all,
    verify,
    write_table,
)
from imleak.sealed.jpeg import joined, split
from jpeg_files import ASTRONAUT, LAYOUTS, jpeg

KEY = bytes(range(32))
LEVELS = {"jpeg-signs": 5, "jpeg-amplitudes": 4}


@pytest.fixture
def file(tmp_path):
    """Writes a JPEG file, and is where it and its ciphers are."""

    def write(name="in.jpg", **options):
        path = tmp_path / name
        path.write_bytes(jpeg(**options))
        return path

    return write


def with_metadata(tmp_path):
    """A JPEG file with EXIF, a thumbnail in it, a comment, and a further image behind it."""
    exif = Image.Exif()
    exif[0x010F] = "a maker of cameras"
    exif[0x0112] = 6
    path = tmp_path / "in.jpg"
    content = jpeg(exif=exif, comment=b"a comment", icc_profile=b"a profile")
    path.write_bytes(content + jpeg((16, 16)))
    return path


@pytest.mark.parametrize("scheme", LEVELS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_decrypts_to_the_same_bytes(scheme, layout, file, tmp_path):
    path = file(**LAYOUTS[layout])
    out, back = tmp_path / "out.jpg", tmp_path / "back.jpg"
    assert seal(path, out, LEVELS[scheme], KEY, scheme) == ()
    with Image.open(out) as shown:
        shown.load()
        assert shown.size == (83, 41)
    found, plain = (coefficients(one.read_bytes()) for one in (out, path))
    assert any(
        (one != other).any() for one, other in zip(found.components, plain.components, strict=True)
    )
    unseal(out, back, KEY)
    assert back.read_bytes() == path.read_bytes()


def test_p3_decrypts_to_the_same_coefficients(file, tmp_path):
    for name, options in (("a.jpg", {}), ("b.jpg", {"progressive": True})):
        path, out = file(name, **options), tmp_path / f"out-{name}"
        notes = seal(path, out, 2, KEY, "p3")
        assert notes == (
            "decrypts to the same coefficients and metadata, in a file that is coded anew",
        )
        back = tmp_path / f"back-{name}"
        unseal(out, back, KEY)
        np.testing.assert_array_equal(*(np.asarray(Image.open(one)) for one in (path, back)))
        for one, other in zip(
            coefficients(path.read_bytes(), unseen=False).components,
            coefficients(back.read_bytes(), unseen=False).components,
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("scheme", [*LEVELS, "p3"])
def test_nothing_stands_beside_the_cipher_in_the_clear(scheme, tmp_path):
    path, out, back = with_metadata(tmp_path), tmp_path / "out.jpg", tmp_path / "back.jpg"
    seal(path, out, 1, KEY, scheme)
    content = out.read_bytes()
    for secret in (b"a maker of cameras", b"a comment", b"a profile", b"Exif"):
        assert secret in path.read_bytes()
        assert secret not in content
    assert parse(content).end == len(content)
    unseal(out, back, KEY)
    if scheme != "p3":
        assert back.read_bytes() == path.read_bytes()
    with Image.open(back) as image:
        assert image.getexif()[0x010F] == "a maker of cameras"
    assert back.read_bytes().endswith(jpeg((16, 16)))


def test_pieces_come_back_wherever_they_stood():
    content = jpeg(comment=b"first")
    at = content.index(b"\xff\xdb")
    moved = content[:at] + b"\xff\xff\xfe\x00\x0ba comment" + content[at:] + b"behind"
    kept, pieces = split(moved)
    assert b"a comment" not in kept
    assert joined(kept, pieces) == moved


def test_a_wrong_key_and_an_altered_file_are_refused(file, tmp_path):
    path, out, back = file(), tmp_path / "out.jpg", tmp_path / "back.jpg"
    seal(path, out, 2, KEY, "jpeg-signs")
    with pytest.raises(SealError, match="wrong key, or the file was altered"):
        unseal(out, back, new_key())
    content = out.read_bytes()
    rng = np.random.default_rng(0)
    for at in rng.integers(2, len(content), 25):
        altered = tmp_path / "altered.jpg"
        altered.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(ImleakError) as error:
            unseal(altered, back, KEY)
        assert "\n" not in str(error.value)
    for changed in (content[:-40], content + b"more"):
        (tmp_path / "altered.jpg").write_bytes(changed)
        with pytest.raises(ImleakError):
            unseal(tmp_path / "altered.jpg", back, KEY)
    assert not back.exists()
    assert verify(out, KEY).level == 2


def test_the_header_is_read_without_a_key(file, tmp_path):
    path, out, other = file(), tmp_path / "out.jpg", tmp_path / "copy.jpg"
    seal(path, out, 2, KEY, "jpeg-signs", options={"dc": "all"})
    header = read_header(out)
    assert (header.scheme, header.level, header.options) == ("jpeg-signs", 2, {"dc": "all"})
    assert header_of(out) == header
    assert header_of(path) is None
    other.write_bytes(out.read_bytes())
    assert same_nonce(out, [other]) == []
    with pytest.raises(SealError, match="encrypted already"):
        seal(out, tmp_path / "twice.jpg", 1, KEY, "jpeg-signs")


def test_formats_that_cannot_hold_the_result_are_refused(file, tmp_path):
    path = file()
    with pytest.raises(OutputError, match=r"encrypts the coefficients of JPEG files; use \.jpg"):
        seal(path, tmp_path / "out.png", 1, KEY, "jpeg-signs")
    with pytest.raises(OutputError, match="JPEG is lossy"):
        seal(path, tmp_path / "out.jpg", 1, KEY, "bitplanes")
    ASTRONAUT.convert("CMYK").save(tmp_path / "cmyk.jpg")
    with pytest.raises(ImageError, match="components, as CMYK has"):
        seal(tmp_path / "cmyk.jpg", tmp_path / "out.jpg", 1, KEY, "jpeg-signs")
    ASTRONAUT.save(tmp_path / "in.png")
    with pytest.raises(ImageError, match="--jpeg-quality 90 compresses it first"):
        seal(tmp_path / "in.png", tmp_path / "out.jpg", 1, KEY, "jpeg-signs")
    seal(tmp_path / "in.png", tmp_path / "out.jpg", 1, KEY, "jpeg-signs", jpeg_quality=80)
    unseal(tmp_path / "out.jpg", tmp_path / "back.jpg", KEY)
    expected = io.BytesIO()
    ASTRONAUT.save(expected, "JPEG", quality=80)
    assert (tmp_path / "back.jpg").read_bytes() == expected.getvalue()
    with pytest.raises(SealError, match="recorded has no key"):
        seal(path, tmp_path / "x.png", 1, KEY, "recorded")


@pytest.fixture
def photographs(tmp_path):
    """A folder of two JPEG files of one name, one of them below, a PNG file, and no image."""
    folder = tmp_path / "photographs"
    (folder / "below").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(jpeg())
    (folder / "below" / "a.jpg").write_bytes(jpeg(mode="L", progressive=True))
    ASTRONAUT.save(folder / "a.png")
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def test_a_folder_is_encrypted_and_decrypted_with_a_row_of_each(photographs, tmp_path):
    out, back = tmp_path / "out", tmp_path / "back"
    rows = list(seal_all(find(photographs), out, 5, KEY, "jpeg-signs"))
    states = {row.image: row.state for row in rows}
    assert sorted(states.values()) == ["done", "done", "failed", "failed"]
    errors = {row.image: row.error for row in rows if row.error}
    assert errors["a.png"].startswith("is no JPEG file")
    assert errors["broken.jpg"].startswith("is not a JPEG")
    assert not list(out.rglob("*.tmp"))
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*.jpg")) == ["a.jpg", "below/a.jpg"]
    for row in unseal_all(find(out), back, KEY):
        assert row.state == "done"
        assert row.file.read_bytes() == (photographs / row.file.relative_to(back)).read_bytes()


def test_files_of_one_name_keep_their_suffix(photographs, tmp_path):
    rows = list(seal_all(find(photographs), tmp_path / "out", 3, KEY))
    names = sorted(str(row.file.relative_to(tmp_path / "out")) for row in rows if not row.error)
    assert names == ["a.jpg.png", "a.png", "below/a.png"]


def test_what_is_done_is_not_done_again(photographs, tmp_path):
    out = tmp_path / "out"
    sources = find(photographs / "below") + find(photographs / "a.jpg")
    first = list(seal_all(sources, out, 5, KEY, "jpeg-signs"))
    before = [row.file.read_bytes() for row in first]
    again = list(seal_all(sources, out, 5, KEY, "jpeg-signs"))
    assert [row.state for row in again] == ["there already"] * 2
    assert [row.file.read_bytes() for row in again] == before
    for given, message in (
        ({"level": 4}, "encrypted by jpeg-signs at level 5"),
        ({"key": new_key()}, "wrong key, or the file was altered"),
        ({"options": {"dc": "all"}}, "encrypted by jpeg-signs at level 5"),
    ):
        arguments = {"level": 5, "key": KEY, "scheme": "jpeg-signs"} | given
        assert all(message in row.error for row in seal_all(sources, out, **arguments))
    path = sources[0].origin
    path.write_bytes(jpeg((40, 40)))
    newer = first[0].file.stat().st_mtime + 10
    os.utime(path, (newer, newer))
    rows = list(seal_all(sources, out, 5, KEY, "jpeg-signs"))
    assert "older than" in rows[0].error
    rows = list(seal_all(sources, out, 4, KEY, "jpeg-signs", overwrite=True))
    assert [row.state for row in rows] == ["done", "done"]


def test_the_table_has_a_line_of_each_file(photographs, tmp_path):
    out = tmp_path / "out"
    rows = list(seal_all(find(photographs), out, 5, KEY, "jpeg-signs"))
    lines = write_table(out, rows).read_text().splitlines()
    assert lines[0] == (
        "image,file,plain bytes,cipher bytes,cipher against plain (%),"
        "plain in the format of the cipher (bytes),cipher against that (%),state,error"
    )
    assert len(lines) == 5


def test_growth_is_against_the_same_image_in_the_format_of_the_cipher(photographs, tmp_path):
    sources = find(photographs / "a.jpg")
    (row,) = seal_all(sources, tmp_path / "lossless", 0, KEY)
    with Image.open(photographs / "a.jpg") as image:
        samples = np.asarray(image)
    assert row.alike == len(png.encode(samples.transpose(2, 0, 1), {}))
    assert row.plain == (photographs / "a.jpg").stat().st_size
    assert row.cipher - row.alike < 400  # level 0: nothing but the header is new
    (row,) = seal_all(sources, tmp_path / "jpeg", 5, KEY, "jpeg-signs")
    assert row.alike == row.plain
    (row,) = seal_all(
        find(photographs / "a.png"), tmp_path / "made", 5, KEY, "jpeg-signs", jpeg_quality=80
    )
    made = io.BytesIO()
    ASTRONAUT.save(made, "JPEG", quality=80)
    assert row.alike == len(made.getvalue())


def test_a_generated_image_is_a_row_with_its_error(tmp_path):
    (row,) = seal_all(find("dead-leaves:1x16x16"), tmp_path / "out", 3, KEY)
    assert "is no file" in row.error
    assert isinstance(find("dead-leaves:1x16x16")[0], Source)


def test_sizes_of_what_is_there_already_come_from_the_table(photographs, tmp_path, monkeypatch):
    sources, out = find(photographs / "a.jpg"), tmp_path / "out"
    (first,) = seal_all(sources, out, 3, KEY)
    assert first.alike is not None

    def refused(*_: object, **__: object) -> int:
        raise AssertionError("the plain image is read or written again")

    for name in ("read_whole", "size_of"):
        monkeypatch.setattr(files, name, refused)
    (unknown,) = seal_all(sources, out, 3, KEY)
    assert (unknown.state, unknown.alike, unknown.growth) == ("there already", None, None)
    table = write_table(out, [first])
    (known,) = seal_all(sources, out, 3, KEY)
    assert (known.state, known.alike) == ("there already", first.alike)
    table.write_bytes(table.read_bytes().replace(str(first.cipher).encode(), b"7"))
    (changed,) = seal_all(sources, out, 3, KEY)
    assert changed.alike is None
    table.write_bytes(b"\xff,not,a,table")
    (other,) = seal_all(sources, out, 3, KEY)
    assert other.alike is None


def test_a_cipher_without_a_size_to_compare_is_done(photographs, tmp_path, monkeypatch):
    def fails(*_: object) -> int:
        raise ImageError("cannot be compressed")

    monkeypatch.setattr(files, "size_of", fails)
    (row,) = seal_all(find(photographs / "a.jpg"), tmp_path / "out", 3, KEY)
    assert (row.state, row.alike, row.error) == ("done", None, "")
    assert row.cipher == row.file.stat().st_size


def test_an_image_is_decoded_once(photographs, tmp_path, monkeypatch):
    read, calls = files.read_whole, []

    def counted(*given: object, **options: object) -> Raster:
        calls.append(given)
        return read(*given, **options)

    monkeypatch.setattr(files, "read_whole", counted)
    (row,) = seal_all(find(photographs / "a.jpg"), tmp_path / "out", 3, KEY)
    assert row.alike is not None
    assert len(calls) == 1
