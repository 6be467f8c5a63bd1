"""Keystreams against published vectors; key files against those who would misuse them."""

import hashlib
import hmac
import os
import stat
from itertools import product

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from imleak.interfaces import ImleakError, Keystream
from imleak.keystream import (
    AesKeystream,
    KeyFileError,
    aes256_ctr,
    derived_key,
    derived_nonce,
    hkdf_sha256,
    mac_key,
    new_key,
    new_nonce,
    read_key_file,
    write_key_file,
)

KEY = bytes(range(32))
NONCE = bytes(range(16))


def unhex(*lines):
    return bytes.fromhex("".join(lines))


def test_ctr_nist_sp_800_38a_f_5_5():
    key = unhex("603deb1015ca71be2b73aef0857d7781", "1f352c073b6108d72d9810a30914dff4")
    counter = unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    plain = unhex(
        "6bc1bee22e409f96e93d7e117393172a",
        "ae2d8a571e03ac9c9eb76fac45af8e51",
        "30c81c46a35ce411e5fbc1191a0a52ef",
        "f69f2445df4f9b17ad2b417be66c3710",
    )
    cipher = unhex(
        "601ec313775789a5b7a7f504bbf3d228",
        "f443e3ca4d62b59aca84e990cacaf5c5",
        "2b0930daa23de94ce87017ba2d84988d",
        "dfc9c58db67aada613c2dd08457941a6",
    )
    stream = aes256_ctr(key, 64, counter)
    assert bytes(p ^ b for p, b in zip(plain, stream, strict=True)) == cipher


@pytest.mark.parametrize(
    ("key", "salt", "info", "expected"),
    [
        (
            b"\x0b" * 22,
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            unhex(
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
                "34007208d5b887185865",
            ),
        ),
        (
            bytes(range(0x50)),
            bytes(range(0x60, 0xB0)),
            bytes(range(0xB0, 0x100)),
            unhex(
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
                "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71",
                "cc30c58179ec3e87c14c01d5c1f3434f1d87",
            ),
        ),
        (
            b"\x0b" * 22,
            b"",
            b"",
            unhex(
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
                "9d201395faa4b61a96c8",
            ),
        ),
    ],
    ids=["case 1", "case 2", "case 3"],
)
def test_hkdf_rfc_5869(key, salt, info, expected):
    assert hkdf_sha256(key, info, len(expected), salt) == expected


def test_take_is_the_documented_construction():
    """HKDF from the standard library's HMAC, CTR from AES on counted blocks."""
    fields = [b"keystream", NONCE, b"bitplanes", b"3", b"1"]
    info = b"imleak 1" + b"".join(len(f).to_bytes(4, "big") + f for f in fields)
    extracted = hmac.digest(bytes(32), KEY, hashlib.sha256)
    subkey = hmac.digest(extracted, info + b"\x01", hashlib.sha256)
    ecb = Cipher(algorithms.AES256(subkey), modes.ECB()).encryptor()
    expected = ecb.update(b"".join(i.to_bytes(16, "big") for i in range(3)))
    stream = AesKeystream(KEY, NONCE).take(41, scheme="bitplanes", level=3, channel=1)
    assert stream.tobytes() == expected[:41]


def test_take_is_a_keystream():
    stream: Keystream = AesKeystream(KEY, NONCE)
    taken = stream.take(100, scheme="x", level=1, channel=0)
    assert taken.shape == (100,)
    assert taken.dtype == np.uint8
    np.testing.assert_array_equal(taken, stream.take(100, scheme="x", level=1, channel=0))
    np.testing.assert_array_equal(taken[:7], stream.take(7, scheme="x", level=1, channel=0))
    assert stream.take(0, scheme="x", level=1, channel=0).shape == (0,)


def test_no_two_streams_share_a_block():
    """Not even shifted: neighbouring nonces must not run into each other's counters."""
    nonces = [NONCE, *((int.from_bytes(NONCE, "big") + i).to_bytes(16, "big") for i in (1, 2))]
    blocks = [
        AesKeystream(key, nonce)
        .take(1600, scheme=scheme, level=level, channel=channel)
        .reshape(-1, 16)
        for key, nonce, scheme, level, channel in product(
            (KEY, bytes(32)), nonces, ("bitplanes", "bitplanes1"), (1, 2, 11), (0, 1, 11)
        )
    ]
    stacked = np.concatenate(blocks)
    assert len(np.unique(stacked, axis=0)) == len(stacked) == 2 * 3 * 2 * 3 * 3 * 100


names = st.text(max_size=8)
numbers = st.integers(0, 1000)


@given(st.lists(st.tuples(names, numbers, numbers), min_size=2, max_size=4, unique=True))
def test_streams_of_different_requests_differ(requests):
    stream = AesKeystream(KEY, NONCE)
    taken = [
        stream.take(16, scheme=s, level=level, channel=c).tobytes() for s, level, c in requests
    ]
    assert len(set(taken)) == len(requests)


def test_fresh_keys_and_nonces():
    assert len({new_key() for _ in range(100)}) == 100
    assert len({new_nonce() for _ in range(100)}) == 100
    assert len(new_key()) == 32
    assert len(new_nonce()) == 16


def test_measuring_keys_are_repeatable():
    assert derived_key(0) == derived_key(0)
    assert len({derived_key(seed) for seed in range(-50, 50)}) == 100
    assert derived_nonce("ab") == derived_nonce("ab")
    assert len({derived_nonce(d) for d in ("", "a", "ab", "b")}) == 4
    AesKeystream(derived_key(0), derived_nonce("ab"))


def test_mac_key_is_no_other_key():
    assert len({mac_key(KEY), mac_key(bytes(32)), KEY, derived_key(0)}) == 4


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_wrong_lengths_are_refused(length):
    with pytest.raises(ValueError, match="32 bytes"):
        AesKeystream(bytes(length), NONCE)
    with pytest.raises(ValueError, match="32 bytes"):
        mac_key(bytes(length))
    with pytest.raises(ValueError, match="16 bytes"):
        AesKeystream(KEY, bytes(length + 1))


def test_repr_hides_the_key():
    key = new_key()
    shown = repr(AesKeystream(key, NONCE))
    assert "nonce" in shown
    assert "key=" not in shown
    assert repr(key)[2:-1] not in shown
    assert key.hex() not in shown


class TestKeyFiles:
    def test_round_trip(self, tmp_path):
        path = tmp_path / "key"
        key = new_key()
        write_key_file(path, key)
        assert read_key_file(path) == key
        assert read_key_file(str(path)) == key
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_mode_whatever_the_umask(self, tmp_path):
        before = os.umask(0)
        try:
            write_key_file(tmp_path / "key", KEY)
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600

    @pytest.mark.parametrize(
        "content",
        [
            KEY,
            KEY.hex().encode(),
            KEY.hex().upper().encode() + b"\r\n",
            b" " + KEY.hex().encode(),
            b"\xef\xbb\xbf" + KEY.hex().encode(),
        ],
        ids=["raw", "hex", "upper", "space", "byte order mark"],
    )
    def test_formats(self, tmp_path, content):
        path = tmp_path / "key"
        path.write_bytes(content)
        path.chmod(0o600)
        assert read_key_file(path) == KEY

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\n",
            KEY[:31],
            KEY + b"\n",
            b"g" * 64,
            b"0" * 63,
            b"0" * 66,
            b"\xff" * 64,
            b"0" * 9999,
        ],
        ids=["empty", "newline", "31", "33", "not hex", "63", "66", "not ascii", "long"],
    )
    def test_anything_else_is_refused(self, tmp_path, content):
        path = tmp_path / "key"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeyFileError, match="64 hexadecimal digits") as caught:
            read_key_file(path)
        assert "\n" not in str(caught.value)
        assert len(content) == 0 or repr(content)[2:-1] not in str(caught.value)

    @pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o610, 0o666])
    def test_open_to_others_is_refused(self, tmp_path, mode):
        path = tmp_path / "key"
        write_key_file(path, KEY)
        path.chmod(mode)
        with pytest.raises(KeyFileError, match=f"0{mode:o}.*chmod 600") as caught:
            read_key_file(path)
        assert KEY.hex() not in str(caught.value)
        path.chmod(0o400)
        assert read_key_file(path) == KEY

    def test_never_overwritten(self, tmp_path):
        path = tmp_path / "key"
        path.write_bytes(b"precious")
        with pytest.raises(KeyFileError, match="never overwritten"):
            write_key_file(path, KEY)
        assert path.read_bytes() == b"precious"

    def test_missing_is_an_error_of_ours(self, tmp_path):
        with pytest.raises(ImleakError, match="cannot read"):
            read_key_file(tmp_path / "none")
        with pytest.raises(ImleakError, match="cannot read"):
            read_key_file(tmp_path)
        with pytest.raises(ImleakError, match="cannot write"):
            write_key_file(tmp_path / "none" / "key", KEY)

    @pytest.mark.skipif(os.name != "posix", reason="pipes and devices are of POSIX")
    def test_a_pipe_or_device_is_refused_at_once(self, tmp_path):
        os.mkfifo(tmp_path / "pipe", 0o600)
        reading, writing = os.pipe()
        try:
            for path in (tmp_path / "pipe", "/dev/zero", f"/dev/fd/{reading}"):
                with pytest.raises(KeyFileError, match=r"not a regular file; save the key in"):
                    read_key_file(path)
            with pytest.raises(KeyFileError, match="never overwritten"):
                write_key_file(tmp_path / "pipe", KEY)
        finally:
            os.close(reading)
            os.close(writing)

    def test_a_key_in_place_of_a_name_is_not_repeated(self):
        for call in (read_key_file, lambda path: write_key_file(path, KEY)):
            with pytest.raises(KeyFileError, match="no file name") as caught:
                call(KEY.hex())
            assert KEY.hex() not in str(caught.value)

    def test_wrong_key_writes_nothing(self, tmp_path):
        with pytest.raises(ValueError, match="32 bytes"):
            write_key_file(tmp_path / "key", KEY[:5])
        assert not list(tmp_path.iterdir())
