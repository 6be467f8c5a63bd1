"""A PNG of 16 bits and copies of it of 8: a level means what its label says, of the bits the file
has."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import skimage.data

from imleak.images import Source, read
from imleak.interfaces import Image, KeyedScheme
from imleak.keystream import AesKeystream, derived_key, derived_nonce
from imleak.plugins import known, load
from imleak.schemes.bitplanes import BitPlanes

RNG = np.random.default_rng(0)
CAMERA = skimage.data.camera()[100:260, 150:310].astype(np.uint16)
DEEP = CAMERA << 8 | RNG.integers(0, 256, CAMERA.shape).astype(np.uint16)
KEYSTREAM = AesKeystream(derived_key(0), derived_nonce("deep"))


def stored(samples: np.ndarray, path: Path) -> Image:
    content = BytesIO()
    PIL.Image.fromarray(samples).save(content, "PNG")
    path.write_bytes(content.getvalue())
    return read(Source(path.name, path))


@pytest.fixture
def deep(tmp_path: Path) -> Image:
    return stored(DEEP, tmp_path / "deep.png")


@pytest.fixture
def shallow(tmp_path: Path) -> Image:
    return stored((DEEP >> 8).astype(np.uint8), tmp_path / "shallow.png")


def touched(image: Image, level: int) -> list[int]:
    """Planes, from the most significant one, in which the cipher differs from the image."""
    cipher = BitPlanes().encrypt(image, level, KEYSTREAM).samples
    planes = np.bitwise_or.reduce((cipher ^ image.samples).ravel())
    return [at for at in range(image.bits) if planes >> (image.bits - 1 - at) & 1]


def test_a_level_is_so_many_planes_of_those_there_are(deep: Image, shallow: Image) -> None:
    for image, bits in ((deep, 16), (shallow, 8)):
        levels = BitPlanes().levels(image.bits)
        assert [level.label for level in levels] == [
            f"{rank} of {bits} planes encrypted" if rank else levels[0].label
            for rank in range(bits + 1)
        ]
        for level in levels:
            assert touched(image, level.rank) == list(range(level.rank))


def test_the_first_levels_hide_the_same_of_both(deep: Image, shallow: Image) -> None:
    """What level 3 leaves of the copy are the upper planes of what it leaves of the original."""
    for level in range(9):
        left, of_copy = (
            BitPlanes("shifted").expose(image, level).rendered for image in (deep, shallow)
        )
        np.testing.assert_array_equal(left >> 8, of_copy)


def test_8_bits_that_were_spread_over_16_show_below(shallow: Image, tmp_path: Path) -> None:
    """Viewers make 257 x of x: the lower byte then is the upper one once more, and hiding the
    upper 8 planes hides nothing."""
    spread = stored(shallow.samples[0].astype(np.uint16) * 257, tmp_path / "spread.png")
    left = BitPlanes("shifted").expose(spread, 8).rendered
    np.testing.assert_array_equal(left, shallow.samples)
    assert BitPlanes().expose(shallow, 8).is_empty
    assert not BitPlanes().expose(spread, 8).is_empty


@pytest.mark.parametrize("name", known("scheme"))
def test_every_scheme_gives_16_bits_back(name: str, deep: Image) -> None:
    scheme = load("scheme", name)() if name != "recorded" else None
    if not isinstance(scheme, KeyedScheme) or getattr(scheme, "needs_jpeg", False):
        return
    for level in (1, scheme.levels(16)[-1].rank):
        cipher = scheme.encrypt(deep, level, KEYSTREAM)
        assert cipher.bits == 16
        again = scheme.decrypt(cipher, level, KEYSTREAM)
        np.testing.assert_array_equal(again.samples, deep.samples)
