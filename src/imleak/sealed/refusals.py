"""What no image could be encrypted with, refused before anything is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from ..atomic import OutputError
from ..images import Source, read
from ..interfaces import ImageError, ImleakError, KeyedScheme, Level, levels_in_words
from .envelope import FOREIGN, Header, SealError
from .reuse import header_of, is_foreign

DEPTHS = range(8, 17)
"""Bits a sample that is read can have: fewer are stretched to 8."""
OTHERWISE = "give another folder, or replace what is there: --overwrite"


def needs_jpeg(scheme: KeyedScheme) -> bool:
    """Whether a scheme is on the coefficients of JPEG files."""
    return bool(getattr(scheme, "needs_jpeg", False))


def refuse_quality(scheme: KeyedScheme, quality: int | None) -> None:
    """Refuse a quality of JPEG for a scheme on samples, whose ciphers keep them all."""
    if quality is not None and not needs_jpeg(scheme):
        raise SealError(
            f"--jpeg-quality {quality}: {scheme.name} encrypts samples and keeps them as they are, "
            "and nothing is compressed; leave it out, or take a scheme on the coefficients of JPEG "
            "files, such as --scheme jpeg-signs"
        )


def refuse_level(scheme: KeyedScheme, level: int, bits: int | None, depths: Iterable[int]) -> None:
    """Refuse a level that no image has.

    Parameters
    ----------
    bits : B, where it was given.
    depths : of the images, read one after the other; of no more than are needed.
    """
    possible = {depth: _levels(scheme, depth) for depth in (DEPTHS if bits is None else (bits,))}
    possible = {depth: levels for depth, levels in possible.items() if levels}
    has = {depth for depth, levels in possible.items() if level in [one.rank for one in levels]}
    if len(has) == len(possible):
        return
    first = None
    for depth in depths if bits is None else (bits,):
        if depth in has or depth not in possible:
            return
        first = first or depth
        if not has:
            break
    if first is not None:
        raise ImleakError(
            f"--level {level}: {scheme.name} of {first}-bit samples has "
            f"{levels_in_words(possible[first])}"
        )


def depths_of(sources: Iterable[Source], max_pixels: int) -> Iterable[int]:
    """Bits a sample of every image that can be read."""
    for source in sources:
        try:
            yield read(source, colour=True, max_pixels=max_pixels).bits
        except ImageError:
            continue


def refuse_others(
    targets: Collection[Path], out: Path, is_wanted: Callable[[Header], bool]
) -> None:
    """Refuse a folder in which files stand where ciphers are to, encrypted otherwise."""
    there = {path: header_of(path) for path in targets if path.is_file()}
    others = {path: header for path, header in there.items() if not (header and is_wanted(header))}
    if others:
        kinds = Counter(
            f"encrypted by {header.scheme} at level {header.level}" if header else "not encrypted"
            for header in others.values()
        )
        how = ", ".join(
            kind if len(kinds) == 1 else f"{count} {kind}" for kind, count in kinds.items()
        )
        raise OutputError(
            f"{out} holds {len(others)} of the {len(targets)} files that would be written, {how}; "
            f"{OTHERWISE}"
        )


def refuse_foreign(path: Path) -> None:
    """Refuse to decrypt a file that was not encrypted."""
    if is_foreign(path):
        raise SealError(f"{path}: {FOREIGN}")


def refuse_all_foreign(sources: Sequence[Source]) -> None:
    """Refuse to decrypt files none of which was encrypted."""
    paths = [one.origin for one in sources if isinstance(one.origin, Path)]
    if paths and all(map(is_foreign, paths)):
        others = f" (nor is any of {len(paths) - 1} more)" if len(paths) > 1 else ""
        raise SealError(f"{paths[0]}{others}: {FOREIGN}")


def _levels(scheme: KeyedScheme, bits: int) -> tuple[Level, ...]:
    try:
        return tuple(scheme.levels(bits))
    except ImleakError:  # a depth that it does not take
        return ()
