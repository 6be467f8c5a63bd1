"""Sealed files: the same samples back, and a refusal of anything that was touched."""

import base64
import io
import json
import logging
import os
import stat
import struct
import traceback
import zlib

import imagecodecs
import numpy as np
import pytest
import skimage.data
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms, PngImagePlugin

from imleak import plugins
from imleak.interfaces import ImageError, ImleakError, Raster
from imleak.keystream import AesKeystream, mac_key, new_key, write_key_file
from imleak.schemes.bitplanes import BitPlanes, LevelError
from imleak.sealed import (
    Header,
    OutputError,
    SealError,
    header_of,
    read_header,
    same_nonce,
    seal,
    unseal,
)

KEY = bytes(range(100, 132))
FORMATS = [".png", ".tif"]
ASTRONAUT = skimage.data.astronaut()[100:164, 200:280]


def save(path, pixels):
    """Write (H, W) or (H, W, 3) pixels by a library that has no part in imleak's writer."""
    if path.suffix == ".png":
        path.write_bytes(imagecodecs.png_encode(pixels))
    else:
        photometric = "minisblack" if pixels.ndim == 2 else "rgb"
        tifffile.imwrite(path, pixels, photometric=photometric, metadata=None)
    return path


def load(path):
    """Pixels by a library that has no part in imleak's reader."""
    if path.suffix == ".png":
        return imagecodecs.png_decode(path.read_bytes())
    return tifffile.imread(path)


def wide(pixels):
    """16-bit pixels whose lower bytes are not those of the upper ones."""
    lower = np.arange(pixels.size).reshape(pixels.shape) % 251
    return (pixels.astype(np.uint16) << 8) | lower.astype(np.uint16)


pixel_arrays = st.sampled_from([np.uint8, np.uint16]).flatmap(
    lambda dtype: arrays(
        dtype,
        st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
            lambda size: st.sampled_from([size, (*size, 3)])
        ),
    )
)


@given(pixel_arrays, st.integers(0, 8), st.sampled_from(FORMATS), st.sampled_from(FORMATS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_round_trip(tmp_path, pixels, level, sealed_as, opened_as):
    plain = save(tmp_path / "plain.tif", pixels)
    cipher, back = tmp_path / f"cipher{sealed_as}", tmp_path / f"back{opened_as}"
    assert seal(plain, cipher, level, KEY, overwrite=True) == ()
    header = unseal(cipher, back, KEY, overwrite=True)
    assert (header.level, header.bits) == (level, 8 * pixels.itemsize)
    restored = load(back)
    assert restored.dtype == pixels.dtype
    np.testing.assert_array_equal(restored.reshape(pixels.shape), pixels)


@pytest.mark.parametrize("sealed_as", FORMATS)
@pytest.mark.parametrize("plain_as", FORMATS)
@pytest.mark.parametrize(
    "pixels",
    [ASTRONAUT, ASTRONAUT[..., 0], wide(ASTRONAUT), wide(ASTRONAUT[..., 0])],
    ids=["rgb8", "grey8", "rgb16", "grey16"],
)
def test_file_shows_the_cipher_of_the_header(tmp_path, pixels, plain_as, sealed_as):
    path = save(tmp_path / f"plain{plain_as}", np.ascontiguousarray(pixels))
    cipher = tmp_path / f"cipher{sealed_as}"
    seal(path, cipher, 5, KEY)
    header = read_header(cipher)
    channels = np.atleast_3d(pixels).transpose(2, 0, 1)
    plain = Raster(channels, header.bits)
    expected = BitPlanes().encrypt(plain, 5, AesKeystream(KEY, header.nonce)).samples
    np.testing.assert_array_equal(np.atleast_3d(load(cipher)).transpose(2, 0, 1), expected)


def test_12_bits_in_16(tmp_path):
    pixels = wide(ASTRONAUT) >> 4
    plain = save(tmp_path / "plain.png", pixels)
    seal(plain, tmp_path / "cipher.png", 12, KEY, bits=12)
    cipher = load(tmp_path / "cipher.png")
    assert 4000 < int(cipher.max()) < 4096
    assert unseal(tmp_path / "cipher.png", tmp_path / "back.tif", KEY).bits == 12
    np.testing.assert_array_equal(load(tmp_path / "back.tif"), pixels)


def test_bits_of_a_pgm(tmp_path):
    pixels = wide(ASTRONAUT[..., 0]) >> 4
    header = b"P5 %d %d 4095\n" % pixels.shape[::-1]
    (tmp_path / "plain.pgm").write_bytes(header + pixels.astype(">u2").tobytes())
    seal(tmp_path / "plain.pgm", tmp_path / "cipher.tif", 3, KEY)
    assert unseal(tmp_path / "cipher.tif", tmp_path / "back.png", KEY).bits == 12
    np.testing.assert_array_equal(load(tmp_path / "back.png"), pixels)


def test_jpeg_in(tmp_path):
    Image.fromarray(ASTRONAUT).save(tmp_path / "in.jpg", quality=90)
    seal(tmp_path / "in.jpg", tmp_path / "out.png", 3, KEY)
    unseal(tmp_path / "out.png", tmp_path / "back.png", KEY)
    decoded = np.asarray(Image.open(tmp_path / "in.jpg"))
    np.testing.assert_array_equal(load(tmp_path / "back.png"), decoded)


def test_every_sealing_has_a_nonce_of_its_own(tmp_path):
    plain = save(tmp_path / "plain.png", ASTRONAUT)
    for name in "ab":
        seal(plain, tmp_path / f"{name}.png", 8, KEY)
    a, b = (read_header(tmp_path / f"{name}.png").nonce for name in "ab")
    assert a != b
    assert (load(tmp_path / "a.png") != load(tmp_path / "b.png")).mean() > 0.9


@pytest.fixture(params=FORMATS)
def sealed(request, tmp_path):
    """A small sealed file, and the pixels in it."""
    pixels = ASTRONAUT[:5, :7]
    path = tmp_path / f"sealed{request.param}"
    seal(save(tmp_path / "plain.png", pixels), path, 3, KEY)
    return path, pixels


class TestRefusals:
    def test_wrong_key(self, sealed, tmp_path):
        with pytest.raises(SealError, match="wrong key, or the file was altered"):
            unseal(sealed[0], tmp_path / "back.png", new_key())
        assert not (tmp_path / "back.png").exists()

    def test_every_cut(self, sealed, tmp_path):
        path, _ = sealed
        whole = path.read_bytes()
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(ImleakError) as caught:
                unseal(path, tmp_path / "back.png", KEY)
            assert "\n" not in str(caught.value)
            assert length < 100 or "take it as imleak wrote it" in str(caught.value)
        assert not (tmp_path / "back.png").exists()

    def test_missing(self, tmp_path):
        with pytest.raises(ImageError, match="No such file"):
            unseal(tmp_path / "none.png", tmp_path / "back.png", KEY)

    def test_every_altered_byte(self, sealed, tmp_path):
        """Refused, or in one of the few bytes that mean nothing to the samples."""
        path, pixels = sealed
        whole = path.read_bytes()
        passed = 0
        for i, flip in enumerate(np.random.default_rng(0).integers(1, 256, len(whole))):
            altered = bytearray(whole)
            altered[i] ^= int(flip)
            path.write_bytes(altered)
            try:
                unseal(path, tmp_path / "back.png", KEY, overwrite=True)
            except ImleakError as error:
                assert "\n" not in str(error)  # noqa: PT017
            else:
                passed += 1
                np.testing.assert_array_equal(load(tmp_path / "back.png"), pixels)
        assert passed < len(whole) / 4

    @pytest.mark.parametrize("more", [b"\1", b"\0\0", b"PK\3\4 an archive"])
    def test_bytes_behind_the_image(self, sealed, tmp_path, more):
        path, _ = sealed
        path.write_bytes(path.read_bytes() + more)
        with pytest.raises(SealError, match=f"{len(more)} bytes stand behind the image"):
            unseal(path, tmp_path / "back.png", KEY)
        with path.open("ab") as file:  # that look like an end
            file.write(b"\x00\x00\x00\x00IEND\xaeB`\x82")
        with pytest.raises(SealError, match="bytes stand behind the image"):
            unseal(path, tmp_path / "back.png", KEY)
        assert not (tmp_path / "back.png").exists()

    def test_altered_sample(self, sealed, tmp_path):
        """Written again with its text, and one sample one higher."""
        path, _ = sealed
        cipher, text = load(path), text_of(path)
        for pixel in np.ndindex(cipher.shape):
            samples = cipher.copy()
            samples[pixel] ^= 1
            with pytest.raises(SealError, match="altered"):
                unseal(rewritten(path, samples, text), tmp_path / "back.png", KEY)

    def test_altered_shape(self, sealed, tmp_path):
        path, _ = sealed
        samples = load(path).swapaxes(0, 1).reshape(7, 5, 3)
        for other in (samples, load(path).reshape(7, 5, 3), load(path)[:4], load(path)[..., 0]):
            with pytest.raises(SealError, match="altered"):
                unseal(rewritten(path, other, text_of(path)), tmp_path / "back.png", KEY)

    def test_altered_depth(self, sealed, tmp_path):
        path, _ = sealed
        wider = rewritten(path, load(path).astype(np.uint16), text_of(path))
        with pytest.raises(SealError, match="altered"):
            unseal(wider, tmp_path / "back.png", KEY)

    @pytest.mark.parametrize(
        "change",
        [
            {"level": 2},
            {"bits": 7},
            {"nonce": "00" * 16},
            {"options": {"clear": "shifted"}},
            {"scheme": "other"},
            {"scheme_version": "2"},
            {"more": 1},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_altered_header(self, sealed, tmp_path, change):
        path, _ = sealed
        magic, line, tag = text_of(path).splitlines()
        text = "\n".join([magic, json.dumps(json.loads(line) | change), tag])
        with pytest.raises(SealError, match="altered"):
            unseal(rewritten(path, load(path), text), tmp_path / "back.png", KEY)

    def test_rewriting_alone_is_no_alteration(self, sealed, tmp_path):
        """So that the tests above are refused for what they change."""
        path, pixels = sealed
        unseal(rewritten(path, load(path), text_of(path)), tmp_path / "back.png", KEY)
        np.testing.assert_array_equal(load(tmp_path / "back.png"), pixels)

    def test_text_of_another_file(self, sealed, tmp_path):
        path, pixels = sealed
        other = tmp_path / f"other{path.suffix}"
        seal(save(tmp_path / "other-plain.png", pixels), other, 3, KEY)
        with pytest.raises(SealError, match="altered"):
            unseal(rewritten(path, load(path), text_of(other)), tmp_path / "back.png", KEY)

    def test_later_format(self, sealed, tmp_path):
        path, _ = sealed
        text = text_of(path).replace("sealed 1", "sealed 2")
        with pytest.raises(SealError, match=r"format '2'.*reads 1; update"):
            unseal(rewritten(path, load(path), text), tmp_path / "back.png", KEY)

    def test_other_version_of_the_scheme(self, sealed, tmp_path, monkeypatch):
        monkeypatch.setattr(BitPlanes, "version", "2")
        with pytest.raises(SealError, match="version 1 of bitplanes, and version 2 is installed"):
            unseal(sealed[0], tmp_path / "back.png", KEY)

    @pytest.mark.parametrize("suffix", FORMATS)
    def test_a_picture_that_is_not_sealed(self, tmp_path, suffix):
        path = save(tmp_path / f"plain{suffix}", ASTRONAUT)
        for call in (lambda: unseal(path, tmp_path / "back.png", KEY), lambda: read_header(path)):
            with pytest.raises(SealError, match="not a file of imleak encrypt"):
                call()

    def test_garbled_header_of_an_unchecked_read(self, sealed):
        path, _ = sealed
        for line in ("{", "[]", "{}", '{"nonce":"xx"}', '{"nonce":"00"}'):
            with pytest.raises(SealError, match="header cannot be read"):
                read_header(rewritten(path, load(path), f"imleak sealed 1\n{line}\nff"))

    def test_sealing_twice(self, sealed, tmp_path):
        with pytest.raises(SealError, match=r"encrypted already.*decrypt it first"):
            seal(sealed[0], tmp_path / "twice.png", 3, KEY)


def text_of(path):
    if path.suffix == ".png":
        with Image.open(path) as picture:
            return picture.info["imleak"]
    with tifffile.TiffFile(path) as file:
        return file.pages.first.description


def rewritten(path, pixels, text):
    """The same file with other pixels or another text, and every checksum right."""
    if path.suffix == ".tif":
        photometric = "rgb" if pixels.ndim == 3 else "minisblack"
        tifffile.imwrite(path, pixels, photometric=photometric, description=text, metadata=None)
        return path
    encoded = imagecodecs.png_encode(np.ascontiguousarray(pixels))
    body = b"tEXtimleak\0" + text.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(encoded[:33] + chunk + encoded[33:])
    return path


class TestInputs:
    """What is widened with a note, and what is refused because it would be lost."""

    def test_palette(self, tmp_path):
        palette = Image.fromarray(ASTRONAUT).quantize(16)
        palette.save(tmp_path / "in.png")
        assert seal(tmp_path / "in.png", tmp_path / "out.png", 3, KEY) == ("palette expanded",)
        unseal(tmp_path / "out.png", tmp_path / "back.png", KEY)
        np.testing.assert_array_equal(load(tmp_path / "back.png"), palette.convert("RGB"))

    def test_one_bit(self, tmp_path):
        bitmap = Image.fromarray(ASTRONAUT[..., 0] > 99)
        bitmap.save(tmp_path / "in.png")
        (note,) = seal(tmp_path / "in.png", tmp_path / "out.png", 3, KEY)
        assert "stretched to 8" in note
        unseal(tmp_path / "out.png", tmp_path / "back.png", KEY)
        np.testing.assert_array_equal(load(tmp_path / "back.png"), bitmap.convert("L"))

    @pytest.mark.parametrize("orientation", range(2, 9))
    def test_exif_turn(self, tmp_path, orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(ASTRONAUT).save(tmp_path / "in.png", exif=exif)
        notes = seal(tmp_path / "in.png", tmp_path / "out.png", 3, KEY)
        assert notes == (f"turned by EXIF orientation {orientation}", "not carried over: EXIF")
        unseal(tmp_path / "out.png", tmp_path / "back.png", KEY)
        with Image.open(tmp_path / "back.png") as back:
            assert back.getexif().get(0x0112, 1) == 1
        assert load(tmp_path / "back.png").shape == (
            (80, 64, 3) if orientation >= 5 else (64, 80, 3)
        )

    def test_metadata_is_not_carried_over(self, tmp_path):
        exif = Image.Exif()
        exif[0x010E] = "a secret description"
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "another secret")
        picture = Image.fromarray(ASTRONAUT)
        picture.save(tmp_path / "in.png", exif=exif, pnginfo=text, icc_profile=b"profile secret")
        (note,) = seal(tmp_path / "in.png", tmp_path / "out.png", 3, KEY)
        assert note == "not carried over: EXIF, ICC profile, texts"
        with Image.open(tmp_path / "out.png") as out:
            assert set(out.info) == {"imleak"}

    @pytest.mark.parametrize(
        ("mode", "suffix"),
        [("RGBA", ".png"), ("RGBA", ".tif"), ("RGBA", ".webp"), ("LA", ".png"), ("LA", ".tif")],
    )
    def test_alpha(self, tmp_path, mode, suffix):
        picture = Image.fromarray(ASTRONAUT).convert(mode)
        picture.putpixel((0, 0), (1, 2, 3, 4)[-len(mode) :])
        picture.save(tmp_path / f"in{suffix}")
        self.refused(tmp_path / f"in{suffix}", "alpha dropped")

    def test_transparent_palette(self, tmp_path):
        Image.fromarray(ASTRONAUT).quantize(16).save(tmp_path / "in.png", transparency=3)
        self.refused(tmp_path / "in.png", "alpha dropped")

    @pytest.mark.parametrize("channels", [2, 4])
    def test_16_bit_alpha(self, tmp_path, channels):
        pixels = wide(np.dstack([ASTRONAUT, ASTRONAUT[..., 0]])[..., -channels:])
        (tmp_path / "in.png").write_bytes(imagecodecs.png_encode(pixels))
        self.refused(tmp_path / "in.png", "alpha dropped")

    @pytest.mark.parametrize("suffix", [".tif", ".png", ".webp"])
    def test_several_pictures(self, tmp_path, suffix):
        first, second = Image.fromarray(ASTRONAUT), Image.fromarray(ASTRONAUT[::-1].copy())
        path = tmp_path / f"in{suffix}"
        first.save(path, save_all=True, append_images=[second])
        self.refused(path, "first of 2 frames")

    def test_previews_behind_a_jpeg(self, tmp_path):
        picture = Image.fromarray(ASTRONAUT)
        preview = picture.resize((16, 16))
        picture.save(tmp_path / "in.jpg", "MPO", save_all=True, append_images=[preview])
        reduced, *_, behind = seal(tmp_path / "in.jpg", tmp_path / "out.png", 3, KEY)
        assert reduced == "1 reduced copy left out"
        assert behind.endswith("bytes behind the image")

    def test_a_second_eye_behind_a_jpeg(self, tmp_path):
        picture = Image.fromarray(ASTRONAUT)
        picture.save(tmp_path / "in.jpg", "MPO", save_all=True, append_images=[picture])
        self.refused(tmp_path / "in.jpg", "first of 2 frames")

    def test_two_images_of_netpbm(self, tmp_path):
        (tmp_path / "in.pgm").write_bytes(b"P5 2 1 255\n\x07\x08P5 2 1 255\n\x09\x0a")
        self.refused(tmp_path / "in.pgm", "first of 2 frames")

    def test_cmyk(self, tmp_path):
        Image.fromarray(ASTRONAUT).convert("CMYK").save(tmp_path / "in.jpg")
        self.refused(tmp_path / "in.jpg", "CMYK")

    @pytest.mark.parametrize("dtype", [np.float32, np.uint32, np.int16])
    def test_other_samples(self, tmp_path, dtype):
        tifffile.imwrite(tmp_path / "in.tif", ASTRONAUT[..., 0].astype(dtype), metadata=None)
        self.refused(tmp_path / "in.tif", "8 or 16|8- or 16")

    def test_text_called_png(self, tmp_path):
        (tmp_path / "in.png").write_text("not a picture")
        self.refused(tmp_path / "in.png", "is not a JPEG, PNG")

    def test_missing(self, tmp_path):
        self.refused(tmp_path / "none.png", "No such file")

    def test_too_many_pixels(self, tmp_path):
        path = save(tmp_path / "in.png", ASTRONAUT)
        with pytest.raises(ImageError, match="limit of 100"):
            seal(path, tmp_path / "out.png", 3, KEY, max_pixels=100)
        seal(path, tmp_path / "out.png", 3, KEY)
        with pytest.raises(ImageError, match="limit of 100"):
            unseal(tmp_path / "out.png", tmp_path / "back.png", KEY, max_pixels=100)

    def refused(self, path, reason):
        with pytest.raises(ImageError, match=reason) as caught:
            seal(path, path.with_name("out.png"), 3, KEY)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not path.with_name("out.png").exists()

    @pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
    def test_what_is_dropped_is_said(self, tmp_path, suffix):
        exif = Image.Exif()
        exif[0x010F] = "maker"
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        Image.fromarray(ASTRONAUT).save(tmp_path / f"in{suffix}", exif=exif, icc_profile=profile)
        (note,) = seal(tmp_path / f"in{suffix}", tmp_path / "out.png", 3, KEY)
        assert "ICC profile" in note
        assert suffix == ".tif" or "EXIF" in note
        Image.fromarray(ASTRONAUT).save(tmp_path / f"bare{suffix}")
        assert seal(tmp_path / f"bare{suffix}", tmp_path / "bare.out.png", 3, KEY) == ()

    @pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
    def test_bytes_behind_the_image(self, tmp_path, suffix):
        """As telephones put a film behind a photograph."""
        path = tmp_path / f"in{suffix}"
        Image.fromarray(ASTRONAUT).save(path)
        with path.open("ab") as file:
            file.write(b"\xff\xd9 a film \xff\xd9")
        (note,) = seal(path, tmp_path / "out.png", 3, KEY)
        assert note == "not carried over: 12 bytes behind the image"


class TestArguments:
    @pytest.fixture
    def plain(self, tmp_path):
        return save(tmp_path / "plain.png", ASTRONAUT)

    def test_level(self, plain, tmp_path):
        with pytest.raises(LevelError, match=r"level 9.*levels 0 to 8; 8 is: 8 of 8 planes"):
            seal(plain, tmp_path / "out.png", 9, KEY)

    def test_bits(self, plain, tmp_path):
        with pytest.raises(ImageError, match="bits"):
            seal(plain, tmp_path / "out.png", 3, KEY, bits=12)
        with pytest.raises(ImageError, match="does not fit in 4 bits"):
            seal(plain, tmp_path / "out.png", 3, KEY, bits=4)

    def test_scheme_and_options(self, plain, tmp_path):
        with pytest.raises(plugins.UnknownNameError, match=r"unknown scheme .rot13.; imleak list"):
            seal(plain, tmp_path / "out.png", 3, KEY, scheme="rot13")
        with pytest.raises(SealError, match="options"):
            seal(plain, tmp_path / "out.png", 3, KEY, options={"rounds": 2})
        seal(plain, tmp_path / "out.png", 3, KEY, options={"clear": "shifted"})
        header = unseal(tmp_path / "out.png", tmp_path / "back.png", KEY)
        assert header.options == {"clear": "shifted"}

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("out.jpg", "JPEG is lossy.*use .png or .tif"),
            ("out.JPEG", "JPEG is lossy"),
            ("out.webp", "use .png or .tif"),
            ("out", "use .png or .tif"),
            ("none/out.png", "no folder"),
        ],
    )
    def test_output(self, plain, tmp_path, name, reason):
        with pytest.raises(OutputError, match=reason):
            seal(plain, tmp_path / name, 3, KEY)
        seal(plain, tmp_path / "sealed.png", 3, KEY)
        with pytest.raises(OutputError, match=reason):
            unseal(tmp_path / "sealed.png", tmp_path / name, KEY)

    def test_overwriting_must_be_allowed(self, plain, tmp_path):
        path = tmp_path / "out.png"
        path.write_text("precious")
        with pytest.raises(OutputError, match="is there already"):
            seal(plain, path, 3, KEY)
        assert path.read_text() == "precious"
        seal(plain, path, 3, KEY, overwrite=True)
        with pytest.raises(OutputError, match="is there already"):
            unseal(path, plain, KEY)
        unseal(path, plain, KEY, overwrite=True)
        np.testing.assert_array_equal(load(plain), ASTRONAUT)

    @pytest.mark.parametrize("link", ["itself", "symbolic", "hard", "through a folder"])
    @pytest.mark.parametrize("what", ["image", "key"])
    def test_neither_image_nor_key_is_replaced(self, plain, tmp_path, what, link):
        key, sealed = tmp_path / "key.png", tmp_path / "sealed.png"
        write_key_file(key, KEY)
        seal(plain, sealed, 3, KEY)
        for image in (plain, sealed):
            kept = {"image": image, "key": key}[what]
            before, output = kept.read_bytes(), tmp_path / f"link-{image.name}"
            if link == "itself":
                output = kept
            elif link == "symbolic":
                output.symlink_to(kept)
            elif link == "hard":
                output.hardlink_to(kept)
            else:
                (tmp_path / image.stem).symlink_to(tmp_path)
                output = tmp_path / image.stem / kept.name
            how = {"overwrite": True, "key_file": key}
            with pytest.raises(OutputError, match=r"is the same file as .*use another name"):
                _ = (
                    seal(plain, output, 3, KEY, **how)
                    if image == plain
                    else unseal(sealed, output, KEY, **how)
                )
            assert kept.read_bytes() == before

    def test_the_mode_of_what_is_written(self, plain, tmp_path):
        before = os.umask(0o027)
        try:
            seal(plain, tmp_path / "new.png", 3, KEY)
            (tmp_path / "private.png").touch(0o600)
            seal(plain, tmp_path / "private.png", 3, KEY, overwrite=True)
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "new.png").stat().st_mode) == 0o640
        assert stat.S_IMODE((tmp_path / "private.png").stat().st_mode) == 0o600

    @pytest.mark.parametrize("step", ["fsync", "replace"])
    def test_a_failed_write_leaves_all_as_it_was(self, plain, tmp_path, monkeypatch, step):
        def full(*arguments):
            raise OSError(28, "No space left on device")

        (tmp_path / "out.png").write_text("precious")
        before = {path: path.read_bytes() for path in tmp_path.iterdir()}
        monkeypatch.setattr(os, step, full)
        with pytest.raises(OutputError, match="No space left"):
            seal(plain, tmp_path / "out.png", 3, KEY, overwrite=True)
        assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_key_is_in_no_file_message_or_log(tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    key = new_key()
    said = io.StringIO()
    plain = save(tmp_path / "plain.png", ASTRONAUT)
    for suffix in FORMATS:
        cipher = tmp_path / f"cipher{suffix}"
        seal(plain, cipher, 3, key)
        said.write(repr(unseal(cipher, tmp_path / f"back{suffix}", key)))
        for wrong in (
            lambda c=cipher: unseal(c, tmp_path / "none.png", new_key()),
            lambda c=cipher: seal(c, tmp_path / "none.png", 3, key),
            lambda: seal(plain, tmp_path / "none.png", 9, key),
            lambda: seal(plain, tmp_path / "none.jpg", 3, key),
        ):
            with pytest.raises(ImleakError) as caught:
                wrong()
            said.writelines(traceback.format_exception(caught.value))
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    everything += "".join([said.getvalue(), caplog.text, *capfd.readouterr()]).encode()
    for secret in (key, mac_key(key)):
        for form in (secret, repr(secret)[2:-1].encode(), base64.b64encode(secret)):
            assert form not in everything
        assert secret.hex().encode() not in everything.lower()


def test_header_is_what_was_asked_for(tmp_path):
    seal(save(tmp_path / "in.png", ASTRONAUT), tmp_path / "out.png", 5, KEY)
    header = read_header(str(tmp_path / "out.png"))
    assert header == Header("bitplanes", "1", 5, 8, header.nonce, {})
    assert len(header.nonce) == 16


def test_files_under_one_nonce_are_found(tmp_path, monkeypatch):
    plain = tmp_path / "plain.png"
    other = tmp_path / "other.tif"
    rng = np.random.default_rng(5)
    Image.fromarray(rng.integers(0, 256, (9, 8), dtype=np.uint8)).save(plain)
    Image.fromarray(rng.integers(0, 256, (9, 8), dtype=np.uint8)).save(other)
    seal(plain, tmp_path / "alone.png", 3, KEY)
    monkeypatch.setattr("imleak.sealed.new_nonce", lambda: b"n" * 16)
    seal(plain, tmp_path / "a.png", 3, KEY)
    seal(other, tmp_path / "b.tif", 3, KEY)
    (tmp_path / "copy.png").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "torn.tif").write_bytes((tmp_path / "b.tif").read_bytes()[:40])
    files = sorted(tmp_path.iterdir())
    assert same_nonce(tmp_path / "a.png", files) == [tmp_path / "b.tif"]
    assert same_nonce(tmp_path / "alone.png", files) == []
    assert same_nonce(plain, files) == []
    assert header_of(tmp_path / "b.tif") == read_header(tmp_path / "b.tif")
    assert header_of(tmp_path / "torn.tif") is None
