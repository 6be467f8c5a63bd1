from __future__ import annotations

import hashlib
import io
import struct
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import skimage.data
from PIL import Image

from imleak.files import printable
from imleak.images import DeadLeaves, Source, find, from_samples, luma, read, resolution
from imleak.interfaces import ImageError

Stored = Callable[[str, bytes], Source]
PNG = b"\x89PNG\r\n\x1a\n"


def encoded(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def test_grey_by_default_and_channels_with_colour(stored: Stored, rgba8: np.ndarray) -> None:
    rgb = rgba8[..., :3]
    source = stored("image.png", encoded(rgb, "PNG"))
    channels = np.moveaxis(rgb, -1, 0)
    colour, grey = read(source, colour=True), read(source)
    np.testing.assert_array_equal(colour.samples, channels)
    np.testing.assert_array_equal(grey.samples, luma(channels))
    assert (grey.name, grey.bits, grey.notes) == ("image.png", 8, ())
    assert (grey.height, grey.width) == (48, 64)


def test_a_photograph_as_pillow_reads_it() -> None:
    photograph = Path(skimage.data.__file__).parent / "rocket.jpg"
    with Image.open(photograph) as image:
        expected = np.asarray(image.convert("L"))
    np.testing.assert_array_equal(read(*find(photograph)).samples[0], expected)


def test_a_grey_image_has_one_channel_in_colour_too(stored: Stored, grey8: np.ndarray) -> None:
    assert read(stored("x.png", encoded(grey8, "PNG")), colour=True).samples.shape == (1, 48, 64)


def test_a_generated_image() -> None:
    (source,) = find("dead-leaves:1x20x30")
    image = read(source)
    np.testing.assert_array_equal(image.samples, DeadLeaves(20, 30).render())
    assert (image.name, image.bits) == ("dead-leaves-20x30-0000", 8)


def test_the_content_decides_not_the_suffix(stored: Stored, grey8: np.ndarray) -> None:
    source = stored("in_truth_a.png", encoded(grey8, "TIFF"))
    np.testing.assert_array_equal(read(source).samples[0], grey8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "PPM"])
def test_one_pixel(stored: Stored, kind: str) -> None:
    image = read(stored("one", encoded(np.full((1, 1), 100, np.uint8), kind)))
    assert image.samples.shape == (1, 1, 1)
    assert abs(int(image.samples[0, 0, 0]) - 100) <= 4


class TestDigest:
    def test_is_sha256_of_shape_depth_and_samples(self) -> None:
        samples = np.array([[[1, 0x0203]]], np.uint16)
        expected = hashlib.sha256(b"1x1x2, 16 bits, little-endian\n\x01\x00\x03\x02")
        assert from_samples("x", samples, 16).digest == expected.hexdigest()

    def test_does_not_depend_on_file_or_name(self, stored: Stored, grey8: np.ndarray) -> None:
        files = [stored(kind, encoded(grey8, kind)) for kind in ("PNG", "TIFF", "PPM")]
        files.append(stored("optimised", encoded(grey8, "PNG", optimize=True)))
        assert len({read(source).digest for source in files}) == 1

    def test_does_not_depend_on_memory_layout(self) -> None:
        samples = np.arange(24, dtype=np.uint16).reshape(1, 4, 6)
        strided = np.asfortranarray(samples.astype(">u2"))
        assert from_samples("x", samples, 16).digest == from_samples("x", strided, 16).digest

    def test_tells_shape_depth_and_samples_apart(self) -> None:
        samples = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
        digests = {
            from_samples("x", samples, 8).digest,
            from_samples("x", samples.reshape(1, 4, 3), 8).digest,
            from_samples("x", samples.reshape(3, 2, 2), 8).digest,
            from_samples("x", samples, 7).digest,
            from_samples("x", samples, 16).digest,
            from_samples("x", samples[:, ::-1], 8).digest,
        }
        assert len(digests) == 6


class TestBits:
    def png(self, encode_png: Callable[..., bytes], top: int) -> bytes:
        return encode_png(np.array([[0, top]]), 16, 0)

    def test_twelve_in_sixteen(self, stored: Stored, encode_png: Callable[..., bytes]) -> None:
        source = stored("x.png", self.png(encode_png, 4095))
        image = read(source, bits=12)
        assert (image.bits, image.samples.dtype) == (12, np.uint16)
        assert image.samples.tolist() == [[[0, 4095]]]
        assert read(source).bits == 16
        assert image.digest != read(source).digest

    def test_a_sample_that_does_not_fit(
        self, stored: Stored, encode_png: Callable[..., bytes]
    ) -> None:
        source = stored("x.png", self.png(encode_png, 4096))
        with pytest.raises(ImageError, match=r"x\.png: .*4096 .*12 bits.*set bits to 13"):
            read(source, bits=12)
        assert read(source, bits=13).bits == 13

    def test_the_file_is_asked_not_its_luma(
        self, stored: Stored, encode_png: Callable[..., bytes]
    ) -> None:
        blue = np.array([[[0, 0, 4096]]])
        with pytest.raises(ImageError, match="4096"):
            read(stored("x.png", encode_png(blue, 16, 2)), bits=12)

    def test_more_than_the_file_has(self, stored: Stored, grey8: np.ndarray) -> None:
        with pytest.raises(ImageError, match="bits=12 asked for, but its samples are of 8 bits"):
            read(stored("x.png", encoded(grey8, "PNG")), bits=12)

    def test_up_to_eight_are_bytes(self, stored: Stored, encode_png: Callable[..., bytes]) -> None:
        image = read(stored("x.png", self.png(encode_png, 15)), bits=4)
        assert (image.bits, image.samples.dtype) == (4, np.uint8)

    @pytest.mark.parametrize("bits", [0, -1])
    def test_no_bits(self, stored: Stored, grey8: np.ndarray, bits: int) -> None:
        with pytest.raises(ImageError, match=f"bits={bits} asked for"):
            read(stored("x.png", encoded(grey8 * 0, "PNG")), bits=bits)


@pytest.mark.parametrize(
    ("samples", "bits", "message"),
    [
        (np.zeros((4, 4), np.uint8), 8, "shape"),
        (np.zeros((2, 4, 4), np.uint8), 8, "shape"),
        (np.zeros((1, 0, 4), np.uint8), 8, "shape"),
        (np.zeros((1, 4, 4)), 8, "integers"),
        (np.zeros((1, 4, 4), np.uint8), 17, "needs 1 to 16"),
        (np.zeros((1, 4, 4), np.uint8), 0, "needs 1 to 16"),
        (np.full((1, 4, 4), 256), 8, "does not fit"),
        (np.full((1, 4, 4), -1), 8, "negative"),
    ],
)
def test_samples_that_are_no_image(samples: np.ndarray, bits: int, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        from_samples("x", samples, bits)


class TestRefused:
    def test_text_called_png(self, stored: Stored) -> None:
        with pytest.raises(ImageError, match=r"note\.png: is not a JPEG, PNG, TIFF, WebP"):
            read(stored("note.png", b"hello, world\n"))

    def test_empty(self, stored: Stored) -> None:
        with pytest.raises(ImageError, match=r"none\.jpg: is empty \(0 bytes\)"):
            read(stored("none.jpg", b""))

    def test_gone(self, tmp_path: Path) -> None:
        with pytest.raises(ImageError, match=r"gone\.png: cannot be opened \(No such file"):
            read(Source("gone.png", tmp_path / "gone.png"))

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ImageError, match="cannot be opened"):
            read(Source("folder", tmp_path))

    def test_truncated_jpeg(self, stored: Stored, rgba8: np.ndarray) -> None:
        content = encoded(rgba8[..., :3], "JPEG")
        with pytest.raises(ImageError, match=r"cut\.jpg: damaged.*truncated.*save it again"):
            read(stored("cut.jpg", content[: len(content) // 2]))


@pytest.mark.parametrize(
    "content", [b"P2 2 1 255\n1 secret", b"P5 secret", b"root:x:0:0", PNG + b"secret"]
)
def test_errors_do_not_quote_what_is_in_a_file(stored: Stored, content: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        read(stored("x.png", content))
    assert "secret" not in str(caught.value)
    assert "root" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["a\x1b[2J.png", "a\nLeft out: b.png", "a\u202egnp.exe", "a\x9b.png"]
)
def test_names_are_escaped_in_errors(stored: Stored, name: str) -> None:
    for work in (read, resolution):
        with pytest.raises(ImageError) as caught:
            work(stored(name, b"no image"))
        assert str(caught.value).startswith(f"{printable(name)}: ")
        assert str(caught.value).isprintable()


HUGE = {
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    + struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    + b"\xe9Eo\xed"
    + struct.pack(">I4s", 9, b"IDAT"),
    "JPEG": b"\xff\xd8\xff\xc0\0\x11\x08"
    + struct.pack(">HH", 30000, 30000)
    + b"\3"
    + b"\1\x11\0" * 3,
    "PGM": b"P5 30000 30000 255\n",
    "TIFF": b"II*\0\x08\0\0\0\2\0"
    + struct.pack("<HHII", 256, 4, 1, 30000)
    + struct.pack("<HHII", 257, 4, 1, 30000)
    + bytes(4),
}


class TestTooLarge:
    @pytest.mark.parametrize("kind", HUGE)
    def test_refused_from_its_header(self, stored: Stored, kind: str) -> None:
        message = r"30000 x 30000 is 900000000 pixels, above the limit of 200000000; .*max_pixels"
        with pytest.raises(ImageError, match=message):
            read(stored("huge", HUGE[kind]))

    def test_webp(self, stored: Stored) -> None:
        extended = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xff\xff\0" * 2
        with pytest.raises(ImageError, match="more than twice the limit of 200000000 pixels"):
            read(stored("huge.webp", extended))

    def test_generated(self) -> None:
        with pytest.raises(ImageError, match="30000 x 30000"):
            read(*find("dead-leaves:1x30000x30000"))

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "AVIF"])
    def test_limit_is_the_callers(self, stored: Stored, grey8: np.ndarray, kind: str) -> None:
        source = stored("x.png", encoded(grey8, kind))
        assert read(source, max_pixels=48 * 64).width == 64
        with pytest.raises(ImageError, match="set max_pixels to 3072"):
            read(source, max_pixels=48 * 64 - 1)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
    def test_pillows_own_limit_does_not_count(
        self, stored: Stored, grey8: np.ndarray, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 10)
        assert read(stored("x", encoded(grey8, kind))).width == 64
        assert PIL.Image.MAX_IMAGE_PIXELS == 10


def test_pillows_warnings_become_notes(
    stored: Stored,
    grey8: np.ndarray,
    encode_png: Callable[..., bytes],
    png_chunk: Callable[..., bytes],
) -> None:
    """An animation of no frames: Pillow warns and reads on."""
    source = stored("x.png", encode_png(grey8, 8, 0, extra=png_chunk(b"acTL", bytes(8))))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = read(source)
    assert any("APNG" in note for note in image.notes)
    np.testing.assert_array_equal(image.samples[0], grey8)


def test_threads_leave_the_process_as_it_was(stored: Stored, grey8: np.ndarray) -> None:
    sources = [stored(f"{i}.png", encoded(grey8, "PNG")) for i in range(8)]
    filters, limit = list(warnings.filters), PIL.Image.MAX_IMAGE_PIXELS
    threads = [
        threading.Thread(target=lambda: [read(source) for source in sources]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (list(warnings.filters), PIL.Image.MAX_IMAGE_PIXELS) == (filters, limit)
