"""Where the ciphers of an image come from: a scheme that encrypts here, or files that
somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..images import Source, copy_of, from_samples
from ..interfaces import (
    Change,
    EncryptsBits,
    Exposure,
    Image,
    ImageError,
    ImleakError,
    JudgesRebuilt,
    KeyedScheme,
    Observation,
    Raster,
    Rebuilder,
    Rebuilt,
    RefusesLearned,
    Samples,
    Scheme,
)
from ..keystream import AesKeystream, derived_key, derived_nonce
from .components import Component, KeyPolicy, has_key
from .rebuilt import RebuiltStore, hidden_bits, in_steps

ONE_KEY = "one key for all images"
"""In place of the digest of an image, in the nonce of all."""
KEPT_BYTES = 256 << 20
"""Bytes of ciphers and clear parts of one image that are kept while it is at work."""
KEPT_BYTES_OF_COPY = KEPT_BYTES >> 3
"""The same of a copy of it that is at work, and of all others together."""
Made = TypeVar("Made", Raster, Exposure, Rebuilt | None)


@dataclass(frozen=True)
class CipherFile:
    """A cipher that somebody else made.

    Parameters
    ----------
    level : rank of its level.
    source : where it is.
    digest : SHA-256 (hex) of its samples.
    """

    level: int
    source: Source
    digest: str


class SchemeError(ImageError):
    """A scheme that does not make of an image what it must."""

    def __init__(self, scheme: Scheme, what: str, level: int, why: str) -> None:
        super().__init__(f"{scheme.name} makes no {what} of it at level {level}: {why}")


@contextmanager
def _failing(scheme: Scheme, what: str, level: int) -> Iterator[None]:
    """Whatever fails in a scheme is an error of the image."""
    try:
        yield
    except ImleakError:
        raise
    except Exception as error:
        raise SchemeError(scheme, what, level, f"{type(error).__name__}: {error}") from error


def _form(samples: Samples, bits: int) -> str:
    return f"{'x'.join(map(str, samples.shape))} {samples.dtype} of {bits} bits"


def _bytes(made: Iterable[Raster | Exposure | Rebuilt | None]) -> int:
    """That are held, of arrays that are views of one once."""
    arrays = [array for one in made for array in _arrays(one)]
    bases = (array if array.base is None else array.base for array in arrays)
    return sum({id(base): base.nbytes for base in bases}.values())


def _arrays(made: Raster | Exposure | Rebuilt | None) -> Iterable[NDArray[Any]]:
    if isinstance(made, Exposure):
        components = made.jpeg.components if made.jpeg else ()
        return (made.rendered, *made.symbols.values(), *components)
    if isinstance(made, Rebuilt):
        return (made.samples, made.confidence, *made.hidden.values())
    return () if made is None else (made.samples,)


def derive_seed(*of: int | str) -> int:
    """A seed (32 bits) that depends on all of its arguments."""
    return int.from_bytes(sha256(repr(of).encode()).digest()[:4], "big")


@dataclass(eq=False)
class Ciphers:
    """The ciphers of one image, each made or read once for all that look at it.

    Parameters
    ----------
    image : the plain image.
    scheme : of the ciphers.
    make : level -> cipher.
    seed : of the study.
    again : (level, change) -> another cipher, where one can be made here.
    has_key : False of a scheme without a key: what is published is the clear part itself.
    store : where rebuilt images are kept between runs, if they are.
    of_another : the ciphers of another image by the same scheme, where they can be made here.
    room : bytes that are kept.
    """

    image: Image
    scheme: Scheme
    make: Callable[[int], Raster]
    seed: int
    again: Callable[[int, Change], Samples] | None = None
    has_key: bool = True
    store: RebuiltStore | None = None
    of_another: Callable[[Image], Ciphers] | None = None
    room: int = KEPT_BYTES
    _made: dict[tuple[str, int], Any] = field(default_factory=dict)
    _copies: dict[str, Ciphers] = field(default_factory=dict)
    _not_learned: set[Component] = field(default_factory=set)

    def of_copy(self, name: str) -> Ciphers:
        """Those of a copy of the image, one of :data:`imleak.images.COPIES`; of a large image one
        copy is kept. Raises TypeError if somebody else made the ciphers."""
        if self.of_another is None:
            raise TypeError(f"{self.scheme.name} encrypts no copies")
        if name not in self._copies:
            while self._copies and sum(c.held for c in self._copies.values()) > KEPT_BYTES_OF_COPY:
                del self._copies[next(iter(self._copies))]
            self._copies[name] = self.of_another(copy_of(self.image, name))
        return self._copies[name]

    @property
    def held(self) -> int:
        """Bytes of the image, and of what is kept of it."""
        return self.image.samples.nbytes + _bytes(self._made.values())

    def cipher(self, level: int) -> Raster:
        """The cipher. Raises ImleakError if it cannot be made, or is no image."""
        return self._kept("cipher", level, self._cipher)

    def exposure(self, level: int) -> Exposure:
        """What an adversary has of a cipher.

        Raises
        ------
        ImleakError
            If it cannot be made, or does not render as an image of the form of the plain one.
        """
        return self._kept("exposure", level, self._exposure)

    def _cipher(self, level: int) -> Raster:
        with _failing(self.scheme, "cipher", level):
            made = self.make(level)
            form = made.samples.ndim, made.samples.dtype.kind
        if form != (3, "u"):
            raise SchemeError(self.scheme, "cipher", level, _form(made.samples, made.bits))
        return made

    def _exposure(self, level: int) -> Exposure:
        plain = self.image
        cipher = self.cipher(level) if self.has_key else plain
        with _failing(self.scheme, "clear part", level):
            made = self.scheme.expose(cipher, level)
            found, wanted = (_form(made.rendered, made.bits), _form(plain.samples, plain.bits))
        if found != wanted:
            raise SchemeError(self.scheme, "clear part", level, f"{found}, the image {wanted}")
        return made

    def rebuilt(self, level: int, rebuilder: Component) -> Rebuilt | None:
        """The image that a rebuilder makes of the clear part; None where nothing is left of it.

        Raises
        ------
        ImleakError
            If it cannot be made, is not of the form of the plain image, or if the rebuilder
            learned from this image.
        """

        def make(level: int) -> Rebuilt | None:
            return self._rebuilt(level, rebuilder)

        return self._kept(f"rebuilt {rebuilder.identity}", level, make)

    def _rebuilt(self, level: int, rebuilder: Component) -> Rebuilt | None:
        kept = self.store.get(level, rebuilder) if self.store else None
        if kept is None and self.exposure(level).is_empty:
            return None
        self._refuse_learned(rebuilder)
        if kept is not None:
            return kept
        built: Rebuilder = rebuilder.build()
        try:
            made = in_steps(built.rebuild(self.exposure(level), self.scheme, level))
            form = _form(made.samples, self.image.bits)
        except ImleakError:
            raise
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise ImageError(
                f"{built.name} rebuilds nothing of it at level {level}: {why}"
            ) from error
        if form != (wanted := _form(self.image.samples, self.image.bits)):
            raise ImageError(f"{built.name} makes {form} of it at level {level}, not {wanted}")
        if self.store:
            self.store.put(level, rebuilder, made)
        return made

    def _refuse_learned(self, rebuilder: Component) -> None:
        """Raises ImleakError if a rebuilder learned from the image; it is asked once."""
        if rebuilder in self._not_learned:
            return
        built = rebuilder.build()
        if isinstance(built, RefusesLearned):
            built.refuse_learned(self.image)
        self._not_learned.add(rebuilder)

    def judged(
        self, level: int, rebuilder: Component, rebuilt: Samples, plain: Samples
    ) -> Mapping[str, float]:
        """The shares that the rebuilder itself counts, if it does, of an image that it made."""
        built: Rebuilder = rebuilder.build()
        if not isinstance(built, JudgesRebuilt):
            return {}
        bits = self.image.bits
        return built.judge(Raster(rebuilt, bits), Raster(plain, bits), self.scheme, level)

    def hidden(self, level: int) -> Samples:
        """(C, H, W) words whose bits are set where those of the sample are hidden."""
        return hidden_bits(self.scheme, self.image, level)

    def table(self, level: int) -> Samples | None:
        """The clear sample of every plain sample value; None if there is no such thing."""
        table = getattr(self.scheme, "table", None)
        return None if table is None else table(self.image.bits, level)

    def observed(self, levels: tuple[int, ...]) -> Observation:
        """What a metric sees of the image, without features."""
        on_coefficients = getattr(self.scheme, "needs_jpeg", False)
        file_code = self.image.file_code
        return Observation(
            plain=self.image.samples,
            bits=self.image.bits,
            levels=levels,
            exposure=self.exposure,
            cipher=lambda level: self.cipher(level).samples,
            table=self.table,
            seed=derive_seed(self.seed, self.image.digest),
            again=self.again,
            encrypted_share=self._share(),
            file_sizes=self._file_sizes if on_coefficients else None,
            file_code=partial(file_code, on_coefficients) if file_code else None,
        )

    def _share(self) -> Callable[[int], float] | None:
        """What says which share of the bits of the image is encrypted, if anything does."""
        scheme = self.scheme
        if not isinstance(scheme, EncryptsBits):
            return None
        return lambda level: scheme.encrypted_share(self.image, level)

    def _file_sizes(self, level: int) -> tuple[int, int]:
        """Bytes of the JPEG files of the image and of its cipher, coded alike."""
        plain, cipher = self.image.jpeg, self.cipher(level).jpeg
        size = plain.coded_size(plain.components)
        return size, plain.coded_size(cipher.components) + len(cipher.secret)

    def _kept(self, what: str, level: int, make: Callable[[int], Made]) -> Made:
        """What was made of a level; the oldest give way, but for a cipher and its exposure."""
        if (what, level) not in self._made:
            made = make(level)
            while len(self._made) > 1 and _bytes((made, *self._made.values())) > self.room:
                del self._made[next(iter(self._made))]
            self._made[what, level] = made
        found: Made = self._made[what, level]
        return found


def simulated(image: Image, scheme: Component, seed: int) -> Ciphers:
    """The ciphers of an image that are made here, or what a scheme without a key makes of it.

    Nothing encrypted leaves a run, so its keys need not be secret: they are derived from
    the seed and the image, and figures that look at the cipher can be had again.
    """
    of_another = partial(of_a_copy, scheme=scheme, seed=seed)
    if not has_key(scheme):
        return _published(image, scheme.build(), seed, of_another)
    keyed: KeyedScheme = scheme.build()
    keys = partial(_keystream, seed=seed, policy=scheme.keys)

    def encrypt(level: int) -> Raster:
        return keyed.encrypt(image, level, keys(image))

    def encrypt_again(level: int, change: Change) -> Samples:
        return _encrypt_again(image, keyed, keys, level, change)

    return Ciphers(image, keyed, encrypt, seed, encrypt_again, of_another=of_another)


def of_a_copy(image: Image, scheme: Component, seed: int) -> Ciphers:
    """The clear parts of a copy of an image. Under a key of its own that of a cipher is that of the
    image, so nothing need be encrypted; under one key for all it is the cipher."""
    made = simulated(image, scheme, seed)
    has_key = made.has_key and scheme.keys == "one"
    return replace(made, has_key=has_key, room=KEPT_BYTES_OF_COPY)


def _published(
    image: Image, scheme: Scheme, seed: int, of_another: Callable[[Image], Ciphers]
) -> Ciphers:
    """What a scheme without a key makes of an image."""

    def publish(level: int) -> Raster:
        return Raster(scheme.expose(image, level).rendered, image.bits)

    return Ciphers(image, scheme, publish, seed, has_key=False, of_another=of_another)


def _keystream(image: Image, *, seed: int, policy: KeyPolicy, flip: int = 0) -> AesKeystream:
    """The keystream of an image, or the one of all; `flip` 1 changes a bit of its key."""
    key = derived_key(seed)
    nonce = derived_nonce(image.digest if policy == "image" else ONE_KEY)
    return AesKeystream(bytes([key[0] ^ flip]) + key[1:], nonce)


def recorded(
    image: Image,
    scheme: Component,
    seed: int,
    files: tuple[CipherFile, ...],
    read: Callable[[Source], Image],
) -> Ciphers:
    """The ciphers of an image that somebody else made; level 0 is the image itself.

    Parameters
    ----------
    files : one a level.
    read : reads a cipher.
    """
    by_level = {file.level: file for file in files}

    def cipher(level: int) -> Raster:
        if level == 0:
            return image
        file = by_level[level]
        found = read(file.source)
        if found.digest != file.digest:
            raise ImageError(f"{file.source.name}: has changed since the run began; start it again")
        return found

    # Whoever holds a copy of an image can encrypt it too: what any key leaves of it is the same.
    is_open = scheme.keys == "image" and scheme.name != "recorded"
    of_another = partial(of_a_copy, scheme=scheme, seed=seed) if is_open else None
    return Ciphers(image, scheme.build(), cipher, seed, of_another=of_another)


def _encrypt_again(
    image: Image,
    scheme: KeyedScheme,
    keys: Callable[..., AesKeystream],
    level: int,
    change: Change,
) -> Samples:
    """The cipher of an image after one bit of it, or of the key, has changed."""
    if change == "key":
        return scheme.encrypt(image, level, keys(image, flip=1)).samples
    on_coefficients = getattr(scheme, "needs_jpeg", False)
    changed = _other_coefficient(image) if on_coefficients else _other_sample(image)
    return scheme.encrypt(changed, level, keys(changed)).samples


def _other_sample(image: Image) -> Image:
    """The image with another last bit of the sample in its middle."""
    samples = image.samples.copy()
    samples.flat[samples.size // 2] ^= np.uint8(1)
    return from_samples(image.name, samples, image.bits, image.notes)


def _other_coefficient(image: Image) -> Image:
    """The image with another last bit of the DC in its middle."""
    was = image.jpeg
    components = [blocks.copy() for blocks in was.components]
    rows, columns = components[0].shape[:2]
    components[0][rows // 2, columns // 2, 0, 0] ^= 1
    found = replace(was, components=tuple(components))
    other = from_samples(image.name, was.render(components), image.bits, image.notes)
    return replace(other, coded=lambda: found)
