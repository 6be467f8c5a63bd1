"""The share of bits that a scheme says it encrypts is that of the bits that keys change."""

import numpy as np
import pytest
from rasters import keystream, raster

from imleak import plugins
from imleak.images.jpeg import raster_of, rewritten
from imleak.images.jpeg.structure import parse
from imleak.interfaces import EncryptsBits
from imleak.schemes.bitplanes import BitPlanes
from imleak.schemes.jpeg_amplitudes import JpegAmplitudes
from imleak.schemes.jpeg_signs import JpegSigns
from imleak.schemes.p3 import P3
from imleak.schemes.region import Region
from jpeg_files import LAYOUTS, jpeg

KEYS = 24


@pytest.mark.parametrize(
    "scheme", [BitPlanes(), BitPlanes(planes=[7, 3]), Region(), Region(rectangle=[1, 2, 5, 3])]
)
@pytest.mark.parametrize("shape", [(1, 13, 17), (3, 8, 9)])
def test_of_samples(scheme, shape):
    plain = raster(np.random.default_rng(0).integers(0, 256, shape))
    for level in scheme.levels(8):
        changed = np.zeros(shape, np.uint8)
        for key in range(KEYS):
            cipher = scheme.encrypt(plain, level.rank, keystream(key)).samples
            changed |= cipher ^ plain.samples
        share = np.unpackbits(changed).mean()
        assert scheme.encrypted_share(plain, level.rank) == pytest.approx(share, abs=1e-3)


def coded(content):
    """The bits of the coded data, without stuffed bytes."""
    scan = parse(content).scans[0]
    data = content[scan.start : scan.end].replace(b"\xff\x00", b"\xff")
    return np.unpackbits(np.frombuffer(data, np.uint8))


def test_of_amplitudes_of_jpeg_files():
    content, scheme = jpeg(**LAYOUTS["4:4:4"]), JpegAmplitudes()
    plain = raster_of(content)
    whole, bits = plain.jpeg, coded(content)
    for level in range(len(scheme.levels(8))):
        changed = np.zeros_like(bits)
        for key in range(KEYS):
            cipher = scheme.encrypt(plain, level, keystream(key)).jpeg
            changed |= coded(rewritten(content, whole.components, cipher.components)) ^ bits
        told = scheme.encrypted_share(plain, level) * 8 * whole.coded_size(whole.components)
        assert told == pytest.approx(changed.sum(), rel=2e-3)


def test_a_sign_of_a_jpeg_file_counts_as_one_bit():
    scheme, plain = JpegSigns(dc="none"), raster_of(jpeg(**LAYOUTS["4:4:4"]))
    whole = plain.jpeg
    for level in range(len(scheme.levels(8))):
        changed = [np.zeros(one.shape, bool) for one in whole.components]
        for key in range(KEYS):
            cipher = scheme.encrypt(plain, level, keystream(key)).jpeg
            for at, one in enumerate(cipher.components):
                changed[at] |= one != whole.components[at]
        told = scheme.encrypted_share(plain, level) * 8 * whole.coded_size(whole.components)
        assert told == pytest.approx(sum(one.sum() for one in changed), rel=2e-3)
    with_dc = JpegSigns()
    assert with_dc.encrypted_share(plain, 5) > with_dc.encrypted_share(plain, 4)


def test_of_a_secret_part_it_rises_with_what_is_secret():
    plain = raster_of(jpeg(**LAYOUTS["4:4:4"]))
    shares = [P3().encrypted_share(plain, level) for level in range(6)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] < 1


def test_what_moves_or_replaces_samples_has_none():
    counted = {
        name
        for name in plugins.BUILT_IN["scheme"]
        if isinstance(plugins.load("scheme", name)(), EncryptsBits)
    }
    assert counted == {"bitplanes", "region", "jpeg-signs", "jpeg-amplitudes", "p3"}
