"""Damaged and hostile files: one line, no traceback, no hang, no more memory than a limit.

What is mutated is real: photographs of the wheels in every format that is read, a study.toml
with everything in it, sealed files, key files. The quick version runs always; the slow one
makes more than five thousand files of each sort."""

from __future__ import annotations

import io
import random
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np
import PIL.Image
import pillow_heif
import pytest
import skimage.data
import tifffile

from imleak.images import Source, read
from imleak.interfaces import ImleakError
from imleak.keystream import read_key_file
from imleak.sealed import header_of, seal, unseal
from imleak.study import StudySpec
from imleak.study.parts import Part, from_line, to_line

QUICK, MANY = 60, 5200
SECONDS = 10
MEGABYTES = 600
"""More than a picture of the limit used here needs, with everything made of it."""

STUDY = """
sources = ["dead-leaves:3x20x20", "*.png"]
levels = "0-3,8"
encoders = ["pixels"]
measures = ["histogram", "psnr", {name = "mine", protocol = "held-out", epochs = 5}]
scheme = {name = "bitplanes", clear = "shifted"}
patches = 4
seed = 7
max_pixels = 100000
"""

count = pytest.mark.parametrize(
    "files",
    [pytest.param(QUICK, id="quick"), pytest.param(MANY, id="many", marks=pytest.mark.slow)],
)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Bits turned, bytes removed and doubled, numbers made extreme, a tail cut or grown."""
    made = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = int(len(made) * rng.random() ** rng.choice((1, 3, 6)))  # often in the header
        kind = rng.randrange(6)
        if kind == 0 and made:
            made[min(at, len(made) - 1)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            made[at : at + 4] = rng.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80"))
        elif kind == 2:
            del made[at : at + rng.randrange(1, 40)]
        elif kind == 3:
            made[at:at] = made[at : at + rng.randrange(1, 200)]
        elif kind == 4:
            made[at:at] = rng.randbytes(rng.randrange(1, 9))
        else:
            del made[at:]
    return bytes(made)


def endures(work: Callable[[], object]) -> None:
    """Ends in time, well or with one line."""
    start, said = time.process_time(), "well"
    try:
        work()
    except ImleakError as error:
        said = str(error)
    assert said
    assert "\n" not in said
    assert time.process_time() - start < SECONDS


@pytest.fixture(autouse=True)
def memory() -> object:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown / 1024 < MEGABYTES


def photographs() -> dict[str, bytes]:
    """One small photograph in every format."""
    samples = skimage.data.astronaut()[100:160, 200:280]
    made = {}
    for name, options in {
        "JPEG": {"quality": 90}, "PNG": {}, "WEBP": {}, "TIFF": {}, "PPM": {}, "BMP": {},
        "GIF": {}, "JPEG2000": {}, "AVIF": {},
    }.items():  # fmt: skip
        file = io.BytesIO()
        PIL.Image.fromarray(samples).save(file, name, **options)
        made[name] = file.getvalue()
    file = io.BytesIO()
    PIL.Image.fromarray(samples).quantize(16).save(file, "PNG")
    made["palette"] = file.getvalue()
    deep = samples.astype(np.uint16) * 257
    for compression in (None, "deflate", "lzw", "jpeg2000", "jpegxl"):
        file = io.BytesIO()
        tifffile.imwrite(file, deep, photometric="rgb", compression=compression, tile=(32, 32))
        made[f"TIFF {compression}"] = file.getvalue()
    for compression in ("jpeg", "webp"):
        file = io.BytesIO()
        tifffile.imwrite(file, samples, photometric="rgb", compression=compression)
        made[f"TIFF {compression}"] = file.getvalue()
    made["16 bits"] = imagecodecs.png_encode(deep)
    made["JPEG XL"] = imagecodecs.jpegxl_encode(deep, lossless=True)
    made["10 bits"] = imagecodecs.avif_encode(deep >> 6, bitspersample=10)
    file = io.BytesIO()
    pillow_heif.from_pillow(PIL.Image.fromarray(samples)).save(file)
    made["HEIF"] = file.getvalue()
    return made


@count
def test_images(files: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rng, path = random.Random(files), tmp_path / "x"
    originals = list(photographs().values())
    for number in range(files):
        path.write_bytes(mutated(originals[number % len(originals)], rng))
        colour = number % 2 == 0
        endures(partial(read, Source("x", path), colour=colour, max_pixels=10**6))
    assert capfd.readouterr() == ("", "")


@count
def test_configs(files: int, tmp_path: Path) -> None:
    rng, path = random.Random(files), tmp_path / "study.toml"
    for _ in range(files):
        path.write_bytes(mutated(STUDY.encode(), rng))
        endures(lambda: StudySpec.load(path))


@count
def test_sealed_files(files: int, tmp_path: Path) -> None:
    rng, key = random.Random(files), b"k" * 32
    plain, path = tmp_path / "plain.png", tmp_path / "x"
    PIL.Image.fromarray(skimage.data.camera()[:40, :50]).save(plain)
    originals = []
    for name in ("a.png", "a.tif"):
        seal(plain, tmp_path / name, 3, key)
        originals.append((tmp_path / name).read_bytes())
    for number in range(files):
        path.write_bytes(mutated(originals[number % 2], rng))
        endures(lambda: header_of(path))
        endures(lambda: unseal(path, tmp_path / "out.png", key, overwrite=True, max_pixels=10**6))
        if (tmp_path / "out.png").exists():  # then nothing that counts was changed
            back = np.asarray(PIL.Image.open(tmp_path / "out.png"))
            assert np.array_equal(back, np.asarray(PIL.Image.open(plain)))
            (tmp_path / "out.png").unlink()


@count
def test_keys(files: int, tmp_path: Path) -> None:
    rng, path = random.Random(files), tmp_path / "key"
    path.touch(0o600)
    for _ in range(files):
        path.write_bytes(mutated(b"0123456789abcdef" * 4 + b"\n", rng))
        endures(lambda: read_key_file(path))


@count
def test_parts(files: int) -> None:
    rng = random.Random(files)
    line = to_line(Part("k" * 64, {"seed": 1}, [{"value": 0.25}], None, 1.0))
    for _ in range(files):
        found = mutated(line, rng)
        assert from_line(found) is None or found == line
