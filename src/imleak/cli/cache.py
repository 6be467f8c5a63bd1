"""`imleak cache`: what of past runs is kept, and how to be rid of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..cache import Cache, Usage

app = typer.Typer(no_args_is_help=True, help="Vectors kept between runs.")


@app.command()
def info() -> None:
    """Show where they are, how much there is, and of which encoders."""
    cache = _cache()
    usage = cache.info()
    typer.echo(f"{cache.folder}: {_words(usage)}")
    for maker, size in usage.by_maker.items():
        typer.echo(f"  {maker}: {_in_bytes(size)}")
    if usage.oldest is not None:
        typer.echo(f"  longest unused: {usage.oldest / 86400:.1f} days")


@app.command()
def prune(
    older_than: Annotated[
        str | None, typer.Option(help="Not used for so long: 12h, 30d, 8w.", show_default=False)
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option(help="Longest unused, until so much is left: 20GB.", show_default=False),
    ] = None,
) -> None:
    """Remove what was not used for long. It is made again when it is needed."""
    from ..cache import CacheError, parse_age, parse_size

    if older_than is None and max_size is None:
        raise CacheError("nothing said to remove; give --older-than 30d, --max-size 20GB or both")
    cache = _cache()
    removed = cache.prune(
        None if older_than is None else parse_age(older_than),
        None if max_size is None else parse_size(max_size),
    )
    typer.echo(f"{cache.folder}: removed {_words(removed)}, {_words(cache.info())} left")


def _cache() -> Cache:
    from ..cache import Cache

    return Cache()


def _words(usage: Usage) -> str:
    return f"{usage.files} file{'s' * (usage.files != 1)}, {_in_bytes(usage.bytes)}"


def _in_bytes(count: int) -> str:
    from ..cache import in_bytes

    return in_bytes(count)
