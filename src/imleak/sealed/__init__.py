"""Encrypted image files that decrypt to exactly the same samples.

>>> from imleak.keystream import new_key
>>> key = new_key()
>>> seal("in.png", "out.png", level=3, key=key)  # doctest: +SKIP
()
>>> unseal("out.png", "back.png", key).level  # doctest: +SKIP
3

A sealed file is an ordinary PNG or TIFF image of the cipher, which any viewer shows. It
carries how it was encrypted and an HMAC-SHA256, and never the key. What is promised and
what is not stands in docs/security.md: this is a measuring tool, not a protection.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .. import plugins
from ..atomic import OutputError
from ..images import MAX_PIXELS, Source
from ..interfaces import ImageError, ImleakError, KeyedScheme, Raster, Samples
from ..keystream import AesKeystream, new_nonce
from . import coefficients, envelope, files, folders, jpeg, refusals
from .envelope import Header, SealError
from .extras import bytes_behind
from .folders import Row, longer, write_table
from .refusals import refuse_all_foreign
from .reuse import header_of, same_nonce

__all__ = [
    "Header",
    "OutputError",
    "Row",
    "SealError",
    "check_all",
    "header_of",
    "longer",
    "read_header",
    "refuse_all_foreign",
    "same_nonce",
    "seal",
    "seal_all",
    "unseal",
    "unseal_all",
    "verify",
    "write_table",
]

PathLike = str | os.PathLike[str]


def seal(
    path_in: PathLike,
    path_out: PathLike,
    level: int,
    key: bytes,
    scheme: str = "bitplanes",
    bits: int | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    key_file: PathLike | None = None,
    jpeg_quality: int | None = None,
) -> tuple[str, ...]:
    """Encrypt an image file at a level.

    A scheme on coefficients makes a JPEG file of a JPEG file, which decrypts to the same bytes;
    any other a PNG or TIFF of an image of any format, which decrypts to the same samples.

    Parameters
    ----------
    path_in : grey or RGB image of up to 16 bits, of any format :mod:`imleak.images`
        reads, JPEG among them.
    path_out : .png or .tif, in an existing folder; .jpg for a scheme on coefficients.
    level : s, one of the scheme's levels.
    key : 32-byte master key; the nonce is fresh.
    scheme, options : name of the scheme, and arguments to make it with.
    bits : B, the bits a sample uses, where the file cannot say it: 12 for 12 bits stored
        in 16. Default: what the file says.
    overwrite : whether `path_out` may be there already.
    max_pixels : refuse an image of more pixels, before it is decoded.
    key_file : where the key stands, so that `path_out` does not replace it.
    jpeg_quality : for a scheme on coefficients, compress an image that is no JPEG file as one of
        this quality first; it is what is decrypted to.

    Returns
    -------
    What reading `path_in` changed: "palette expanded", "turned by EXIF orientation 6"; and
    what of it is not carried over: "not carried over: EXIF, ICC profile". Of a JPEG file
    whose coefficients are encrypted everything is carried over, in secret.

    Raises
    ------
    OutputError
        If `path_out` is of a format that the scheme does not write, is the same file as
        `path_in` or `key_file`, is there already, or cannot be written.
    ImageError
        If `path_in` cannot be read, has samples of more than `bits`, or holds what could
        not be given back (alpha, further pages, CMYK).
    SealError
        If `path_in` is encrypted already, or the scheme refuses `options`.
    ImleakError
        If the scheme or its level does not exist.

    Notes
    -----
    EXIF, XMP, colour profile and texts of `path_in` are not carried over. They would stand
    beside the cipher in the clear, and EXIF often holds a small copy of the image.
    """
    notes, _ = _seal(
        path_in,
        path_out,
        level,
        key,
        scheme,
        bits,
        options=options,
        overwrite=overwrite,
        max_pixels=max_pixels,
        key_file=key_file,
        jpeg_quality=jpeg_quality,
    )
    return notes


def _seal(
    path_in: PathLike,
    path_out: PathLike,
    level: int,
    key: bytes,
    scheme: str,
    bits: int | None,
    *,
    options: Mapping[str, Any] | None,
    overwrite: bool,
    max_pixels: int,
    key_file: PathLike | None,
    jpeg_quality: int | None,
) -> tuple[tuple[str, ...], Callable[[], int]]:
    """As :func:`seal`; also what tells the bytes of the plain image in the format of the cipher."""
    source, target = Path(path_in), Path(path_out)
    chosen = _scheme(scheme, options or {})
    refusals.refuse_quality(chosen, jpeg_quality)
    of_jpeg = refusals.needs_jpeg(chosen)
    files.check_output(
        target,
        overwrite=overwrite,
        sources=_given(source, key_file),
        scheme=scheme if of_jpeg else None,
    )
    content = b""
    if of_jpeg:
        image, content = coefficients.read_jpeg(
            source, chosen, max_pixels=max_pixels, quality=jpeg_quality
        )
    else:
        image = files.read_whole(source, bits=bits, max_pixels=max_pixels)
    if envelope.is_sealed(files.text_of(files.content_of(source))):
        raise SealError(f"{source}: encrypted already, which would be lost; decrypt it first")
    header = Header(
        scheme, chosen.version, int(level), image.bits, new_nonce(), dict(options or {})
    )
    if of_jpeg:
        with _of(source):
            made, notes = coefficients.seal(image, content, chosen, header, key)
        files.write_content(target, made)
        return notes, lambda: len(content)
    cipher = chosen.encrypt(image, level, AesKeystream(key, header.nonce)).samples
    text = envelope.close(header, envelope.content_of(cipher), key)
    files.write(target, cipher, text, overwrite=overwrite)
    return image.notes, lambda: files.size_of(image.samples, target.suffix)


def unseal(
    path_in: PathLike,
    path_out: PathLike,
    key: bytes,
    *,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    key_file: PathLike | None = None,
) -> Header:
    """Decrypt a file that :func:`seal` wrote, to exactly the samples that were sealed, or of
    coefficients to the file that was.

    Parameters
    ----------
    path_in : sealed file.
    path_out : .png or .tif, in an existing folder; need not be of the format of `path_in`. Of a
        JPEG file, .jpg.
    key : 32-byte master key.
    overwrite, max_pixels, key_file : as in :func:`seal`.

    Returns
    -------
    How the image was encrypted.

    Raises
    ------
    SealError
        If the file is not sealed, if the key is wrong, or if a sample, the header or the
        form of the image was altered, the file cut, or bytes put behind it. Nothing is
        written then.
    OutputError
        As :func:`seal`.
    """
    source, target = Path(path_in), Path(path_out)
    refusals.refuse_foreign(source)
    is_jpeg = coefficients.is_sealed(source)
    files.check_output(
        target,
        overwrite=overwrite,
        sources=_given(source, key_file),
        scheme=f"{source}" if is_jpeg else None,
    )
    if is_jpeg:
        with _of(source):
            opened = jpeg.open_(files.content_of(source))
            header = envelope.open_(opened.text, jpeg.parts(opened.image, opened.hidden), key)
            content = coefficients.unseal(opened, _scheme_of(header), header, key)
        files.write_content(target, content)
        return header
    cipher, text = _read_sealed(source, max_pixels)
    with _of(source):
        header = envelope.open_(text, envelope.content_of(cipher), key)
        scheme = _scheme_of(header)
    keystream = AesKeystream(key, header.nonce)
    plain = scheme.decrypt(Raster(cipher, header.bits), header.level, keystream).samples
    files.write(target, plain, overwrite=overwrite)
    return header


def verify(path: PathLike, key: bytes, *, max_pixels: int = MAX_PIXELS) -> Header:
    """Check that a file was sealed under a key and is as it was; how it was encrypted. Nothing is
    decrypted. Raises as :func:`unseal`."""
    source = Path(path)
    if coefficients.is_sealed(source):
        with _of(source):
            opened = jpeg.open_(files.content_of(source))
            return envelope.open_(opened.text, jpeg.parts(opened.image, opened.hidden), key)
    cipher, text = _read_sealed(source, max_pixels)
    with _of(source):
        return envelope.open_(text, envelope.content_of(cipher), key)


def seal_all(
    sources: Iterable[Source],
    out: Path,
    level: int,
    key: bytes,
    scheme: str = "bitplanes",
    bits: int | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    key_file: PathLike | None = None,
    jpeg_quality: int | None = None,
) -> Iterator[Row]:
    """Encrypt many image files into a folder, one after the other.

    Parameters
    ----------
    sources : from :func:`imleak.images.find`.
    out : folder; a file has the name of its image there, and the folders above it.

    The other parameters are those of :func:`seal`.

    Yields
    ------
    What became of each. One that fails does not stop the others.

    Raises
    ------
    ImleakError
        If the scheme does not exist, refuses `options`, or has no key.
    """
    chosen = _scheme(scheme, options or {})
    refusals.refuse_quality(chosen, jpeg_quality)
    wanted = _wanted(chosen, scheme, level, options)
    targets = _ciphers_of(sources, out, chosen)

    def make(source: Path, target: Path) -> folders.Made:
        notes, alike = _seal(
            source,
            target,
            level,
            key,
            scheme,
            bits,
            options=options,
            overwrite=overwrite,
            max_pixels=max_pixels,
            key_file=key_file,
            jpeg_quality=jpeg_quality,
        )
        with suppress(ImleakError):  # the cipher stands
            return folders.Made(notes, alike())
        return folders.Made(notes)

    def is_done(source: Path, target: Path) -> bool:
        if overwrite:
            return False
        return folders.is_encrypted(
            source, target, wanted, lambda path: verify(path, key, max_pixels=max_pixels)
        )

    return folders.rows_of(targets, make, is_done, folders.read_table(out))


def check_all(
    sources: Iterable[Source],
    out: Path,
    level: int,
    scheme: str = "bitplanes",
    bits: int | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    jpeg_quality: int | None = None,
    one_file: bool = False,
) -> None:
    """Refuse before anything is made what no image could be encrypted with, or would be encrypted
    into the folder of other ciphers. The parameters are those of :func:`seal_all`; with `one_file`
    the only image goes into the file `out`.

    Raises
    ------
    ImleakError
        If the scheme does not exist, refuses `options`, has no key, no JPEG files to compress to
        `jpeg_quality` or no such level of any image; or files stand where ciphers are to, and
        are no such ciphers.
    """
    chosen, given = _scheme(scheme, options or {}), list(sources)
    refusals.refuse_quality(chosen, jpeg_quality)
    depth = coefficients.BITS if refusals.needs_jpeg(chosen) else bits
    refusals.refuse_level(chosen, level, depth, refusals.depths_of(given, max_pixels))
    if one_file:
        of_jpeg = refusals.needs_jpeg(chosen)
        files.check_output(out, overwrite=overwrite, scheme=scheme if of_jpeg else None)
    elif not overwrite:
        wanted = _wanted(chosen, scheme, level, options)
        refusals.refuse_others(
            _ciphers_of(given, out, chosen).values(),
            out,
            lambda header: folders.is_alike(header, wanted),
        )


def _wanted(
    chosen: KeyedScheme, scheme: str, level: int, options: Mapping[str, Any] | None
) -> Header:
    """How images are to be encrypted, whatever their nonces and depths."""
    return Header(scheme, chosen.version, int(level), 0, b"", dict(options or {}))


def _ciphers_of(sources: Iterable[Source], out: Path, chosen: KeyedScheme) -> dict[Source, Path]:
    """The files that images are encrypted into."""
    return folders.targets_of(
        sources,
        out,
        lambda source: folders.suffix_of_cipher(source, needs_jpeg=refusals.needs_jpeg(chosen)),
    )


def unseal_all(
    sources: Iterable[Source],
    out: Path,
    key: bytes,
    *,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    key_file: PathLike | None = None,
) -> Iterator[Row]:
    """Decrypt many files that :func:`seal` wrote into a folder, as :func:`seal_all`."""

    def make(source: Path, target: Path) -> folders.Made:
        unseal(source, target, key, overwrite=overwrite, max_pixels=max_pixels, key_file=key_file)
        return folders.Made()

    def is_done(source: Path, target: Path) -> bool:
        return not overwrite and folders.is_decrypted(source, target)

    targets = folders.targets_of(sources, out, lambda source: Path(source.path).suffix)
    return folders.rows_of(targets, make, is_done)


def read_header(path: PathLike, *, max_pixels: int = MAX_PIXELS) -> Header:
    """How a sealed file says it was encrypted. Read without a key, so it may be forged.

    Raises
    ------
    SealError
        If the file is not sealed.
    """
    if coefficients.is_sealed(Path(path)):
        text = files.text_of(files.content_of(Path(path)))
    else:
        _, text = _read_sealed(Path(path), max_pixels)
    with _of(path):
        return envelope.peek(text)


def _read_sealed(path: Path, max_pixels: int) -> tuple[Samples, str]:
    try:
        image = files.read_exact(path, max_pixels=max_pixels)
    except ImageError as error:
        if _is_refusal(error):
            raise
        image = None
    if image is None:
        raise SealError(f"{path}: cut, altered or never encrypted; take it as imleak wrote it")
    content = files.content_of(path)
    text = files.text_of(content)
    behind = bytes_behind(content) if envelope.is_sealed(text) else 0
    if behind:
        raise SealError(
            f"{path}: {behind} bytes stand behind the image that imleak did not write; "
            "take it as imleak wrote it"
        )
    return image.samples, text


def _given(source: Path, key_file: PathLike | None) -> list[Path]:
    """The files that are read."""
    return [source] if key_file is None else [source, Path(key_file)]


def _is_refusal(error: ImageError) -> bool:
    """Whether a file was refused, or could not be opened, and no decoder gave up on it."""
    cause = error.__cause__
    return isinstance(cause, ImageError) or getattr(cause, "errno", None) is not None


@contextmanager
def _of(path: PathLike) -> Iterator[None]:
    """Errors begin with the name of the file."""
    try:
        yield
    except (SealError, ImageError) as error:
        raise type(error)(f"{path}: {error}") from None


def _scheme_of(header: Header) -> KeyedScheme:
    """The scheme a file was encrypted by. Raises SealError if another version is installed."""
    scheme = _scheme(header.scheme, header.options)
    if scheme.version != header.scheme_version:
        raise SealError(
            f"encrypted by version {header.scheme_version} of {header.scheme}, "
            f"and version {scheme.version} is installed"
        )
    return scheme


def _scheme(name: str, options: Mapping[str, Any]) -> KeyedScheme:
    try:
        made = plugins.load("scheme", name)(**options)
    except TypeError as error:
        raise SealError(
            f"scheme {name} does not take the options {dict(options)}: {error}"
        ) from None
    if not isinstance(made, KeyedScheme):
        raise SealError(f"scheme {name} has no key, and what it makes cannot be decrypted")
    return made
