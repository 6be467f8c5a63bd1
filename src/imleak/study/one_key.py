"""A scheme whose key serves all images."""

from dataclasses import replace

from ..interfaces import EncryptsBits, Exposure, KeyedScheme, Keystream, Level, Raster


class UnderOneKey:
    """A scheme under one key, and one nonce, for all images of a study.

    Of a fresh key a cipher says which orbit the image is in, and nothing else. One key for all is
    the same choice for each, which an adversary can learn from one image and use on another. So
    nothing is taken off the ciphers: what an adversary has is the cipher itself.

    Parameters
    ----------
    scheme : what encrypts.
    """

    clear_part = "the cipher as it is"
    leaves_cipher = True

    def __init__(self, scheme: KeyedScheme) -> None:
        self.scheme = scheme
        self.name = scheme.name
        self.version = scheme.version
        self.axis = scheme.axis
        self.hidden_part = scheme.hidden_part
        self.needs_jpeg = getattr(scheme, "needs_jpeg", False)
        if isinstance(scheme, EncryptsBits):
            self.encrypted_share = scheme.encrypted_share

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.scheme!r})"

    def levels(self, bits: int) -> tuple[Level, ...]:
        """Those of the scheme, of which none leaves nothing."""
        return tuple(replace(level, leaves_nothing=False) for level in self.scheme.levels(bits))

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """As the scheme does."""
        return self.scheme.encrypt(plain, level, keystream)

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """As the scheme does."""
        return self.scheme.decrypt(cipher, level, keystream)

    def expose(self, cipher: Raster, level: int) -> Exposure:  # noqa: ARG002
        """The cipher itself, whatever its level; its symbols are "samples"."""
        symbols = {"samples": cipher.samples}
        return Exposure(cipher.samples, cipher.bits, symbols, 1 << cipher.bits)
