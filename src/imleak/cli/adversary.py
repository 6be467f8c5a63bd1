"""`imleak adversary`: adversaries that learned elsewhere, made and shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..files import printable
from ..interfaces import ImleakError
from ..study.limits import LARGEST_SEED

if TYPE_CHECKING:
    from ..adversary import Adversary

app = typer.Typer(no_args_is_help=True, help="Adversaries that learned from other images.")

Folders = Annotated[list[str], typer.Argument(metavar="FOLDER...", help="Images to learn from.")]
OutputFile = Annotated[
    Path, typer.Option("-o", "--output", help="File to write.", show_default=False)
]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED)]
Steps = Annotated[int, typer.Option(help="Steps of training.", min=1)]


@app.command()
def train(
    folders: Folders,
    output: OutputFile,
    encoders: Annotated[
        list[str] | None,
        typer.Option("--encoder", help="As for audit; repeat for several.", show_default=False),
    ] = None,
    levels: Annotated[str | None, typer.Option(help="0-7, or 0,2,4.", show_default=False)] = None,
    patches: Annotated[int, typer.Option(help="Patches an image.", min=1)] = 4,
    title: Annotated[
        str, typer.Option(help="What the images are, for reports.", show_default=False)
    ] = "",
    terms: Annotated[
        list[str] | None,
        typer.Option(help="NAME=TEXT: terms of a folder; repeat.", show_default=False),
    ] = None,
    network: Annotated[
        bool, typer.Option("--rebuild", help="Train the network of the rebuilder wraps too.")
    ] = False,
    network_steps: Annotated[
        int,
        typer.Option("--rebuild-steps", help="Steps of it: an hour and more of CPU time.", min=1),
    ] = 6_000,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--rebuild-weights",
            help="Take that network from a safetensors file instead.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Learn from public images what audits of other images then use: --adversary FILE.

    The file holds directions and weights, and no image.
    """
    from ..training import train_adversary
    from .terminal import bar

    with bar() as progress:
        made = train_adversary(
            folders,
            output,
            encoders=encoders or (),
            levels=levels,
            patches=patches,
            title=title,
            terms=_terms(terms or []),
            network=network,
            network_steps=network_steps,
            weights=weights,
            seed=seed,
            progress=progress,
        )
    _tell(made)


@app.command()
def code(
    folders: Folders,
    output: OutputFile,
    steps: Steps = 16_000,
    seed: Seed = 0,
) -> None:
    """Learn a code of clear parts from images: --measure learned-codelength=FILE.

    The file holds weights and the digests of the images, and no image. None of them may be
    measured with it.
    """
    from ..training import train_code
    from .terminal import bar

    with bar() as progress:
        made = train_code(folders, output, steps=steps, seed=seed, progress=progress)
    typer.echo(
        printable(
            f"{output}: a code of symbols of {made.sizes[-1]} to {made.sizes[0]} values, learned "
            f"from {len(made.images):,} images."
        )
    )


@app.command()
def super_resolution(
    folders: Folders,
    output: OutputFile,
    steps: Steps = 5_000,
    seed: Seed = 0,
) -> None:
    """Train what rebuilds images from means or shuffled blocks: --rebuilder super-resolution=FILE.

    The file holds weights and the digests of the images, and no image. None of them may be
    rebuilt with it.
    """
    from ..cache import in_bytes
    from ..training import train_super_resolution
    from .terminal import bar

    with bar() as progress:
        count = train_super_resolution(folders, output, steps=steps, seed=seed, progress=progress)
    size = in_bytes(output.stat().st_size)
    typer.echo(printable(f"{output}: {size}, a network that learned from {count:,} images."))


@app.command()
def show(
    file: Annotated[str, typer.Argument(help="File of an adversary, or shipped.")] = "shipped",
) -> None:
    """Show the card of an adversary: whose images it learned from, and how well."""
    from ..adversary import open_adversary

    _tell(open_adversary(file))


def _tell(made: Adversary) -> None:
    from ..cache import in_bytes

    card = made.card
    size = in_bytes(made.path.stat().st_size)
    lines = [
        f"{made.path}: {size}, {card.title}; imleak {card.version}, {card.made}",
        f"Learned of {card.scheme['made']}, {card.bits}-bit images, levels "
        f"{', '.join(map(str, card.levels))}; {card.patches} patches an image.",
        *(f"{one.name}: {one.images:,} images; terms: {one.terms}" for one in card.collections),
    ]
    for one in card.learned:
        lines.append(f"{one.title}: {one.directions} directions a level. Held out, bits a patch:")
        for collection in dict.fromkeys(figure.collection for figure in one.figures):
            of = [figure for figure in one.figures if figure.collection == collection]
            found = ", ".join(f"level {figure.level} {figure.bits:.2f}" for figure in of)
            lines.append(f"  {collection} (at most {of[0].ceiling:.1f}): {found}")
    lines.append(f"Network that rebuilds images: {'yes' if card.rebuilds else 'no'}")
    for line in lines:
        typer.echo(printable(line))


def _terms(given: list[str]) -> dict[str, str]:
    """``NAME=TEXT`` by name."""
    pairs = [one.partition("=") for one in given]
    for name, sign, text in pairs:
        if not (name.strip() and sign and text.strip()):
            raise ImleakError(f"--terms {name!r} is not like --terms FOLDER=TEXT")
    return {name.strip(): text.strip() for name, _, text in pairs}
