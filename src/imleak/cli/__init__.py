"""The command line: words only. What is done is done elsewhere."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..interfaces import ImleakError
from ..machine import home_or_temporary
from . import adversary as adversary_commands
from . import cache, options, plugin
from .signals import cleaned_up
from .streams import never_fail
from .usage import OneLineErrors

if TYPE_CHECKING:
    from ..images import Source
    from ..sealed import Row
    from ..study import StudySpec, Where


EXIT_CODES = (
    "Exit codes: 0, done; 1, nothing could be measured, or a check failed; 2, the command or its "
    "input is at fault, in one line on standard error; 130, stopped by Ctrl-C."
)
app = typer.Typer(
    cls=OneLineErrors, no_args_is_help=True, pretty_exceptions_enable=False, epilog=EXIT_CODES
)


app.add_typer(adversary_commands.app, name="adversary")
app.add_typer(cache.app, name="cache")
app.add_typer(plugin.app, name="plugin")


@app.callback(invoke_without_command=True)
def _imleak(version: options.Version = False) -> None:
    """How much does a selectively encrypted image still give away?"""
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"imleak {version_of('imleak')}")
        raise typer.Exit


def main() -> None:
    """Entry point of the `imleak` command."""
    never_fail()
    with home_or_temporary():
        app()


@app.command(epilog=EXIT_CODES)
def audit(
    output: options.OutputFolder,
    sources: options.Sources = None,
    config: options.Config = None,
    trust: options.Trust = False,
    largest: options.Largest = None,
    limit: options.Limit = None,
    frames: options.Frames = None,
    annotations: options.Annotations = None,
    colour: options.Colour = None,
    bits: options.Bits = None,
    max_pixels: options.MaxPixels = None,
    jpeg_quality: options.JpegQuality = None,
    scheme: options.Scheme = None,
    clear: options.Clear = None,
    keys: options.Keys = None,
    levels: options.Levels = None,
    encoders: options.Encoders = None,
    target: options.Target = None,
    views: options.Views = None,
    rebuilder: options.Rebuilder = None,
    rebuild_images: options.RebuildImages = None,
    measures: options.Measures = None,
    gallery: options.Gallery = None,
    adversary_images: options.AdversaryImages = None,
    adversary: options.Adversary = None,
    pairs: options.Pairs = None,
    ciphers: options.Ciphers = None,
    group_by: options.GroupBy = None,
    patches: options.Patches = None,
    max_samples: options.MaxSamples = None,
    round_to: options.RoundTo = None,
    seed: options.Seed = None,
    protocol: options.Protocol = None,
    epochs: options.Epochs = None,
    seeds: options.Seeds = None,
    folds: options.Folds = None,
    growth: options.Growth = None,
    sensitivity: options.Sensitivity = None,
    device: options.Device = None,
    precision: options.Precision = None,
    window: options.ShownWindow = None,
    acceptable_leak: options.AcceptableLeak = None,
    as_json: options.AsJson = False,
    workers: options.Workers = 0,
    worker_memory: options.Memory = None,
    scheduler: options.Scheduler = None,
    slurm: options.Slurm = None,
    retry_failed: options.RetryFailed = False,
) -> None:
    """Encrypt images at every level and measure what is left of them.

    Unless told otherwise: every level, in grey, ten patches an image, the
    encoder efficientnet-lite0, and the measures histogram, codelength, psnr,
    ssim, vif, rebuild, recognise, match, confirm and, where there are enough
    images to hold some out, best and attributes. `imleak list` shows others.

    \b
    imleak audit photos -o run1
    imleak audit photos --scheme region --measure match --measure mine -o run2
    imleak audit --pairs photos ciphers -o run3
    """
    from ..study.cluster import Where

    given = {name: value for name, value in locals().items() if value not in (None, [])}
    for name in (
        "output",
        "trust",
        "acceptable_leak",
        "as_json",
        "Where",
        "pairs",
        *options.ENGINE,
    ):
        given.pop(name, None)
    if ciphers:
        given["ciphers"] = _folders(ciphers)
    if pairs is not None:
        given |= _pairs(pairs, sources, ciphers, scheme)
    if acceptable_leak is not None and config is None:
        given |= _needed_to_decide(given)
    asked = None if slurm is None else _assignments(slurm, "--slurm")
    where = Where(workers, scheduler, asked, worker_memory)
    spec = _study(**given, trust=trust)
    _audit(spec, output, acceptable_leak, where, retry_failed=retry_failed, as_json=as_json)


@app.command()
def init(images: options.For = "photos") -> None:
    """Show a study.toml to begin with: every field, with a comment.

    \b
    imleak init --for thumbnails > study.toml
    imleak audit --config study.toml -o run1
    """
    from ..study.presets import study_toml

    typer.echo(study_toml(images), nl=False)


def _pairs(
    pairs: tuple[str, str],
    sources: list[str] | None,
    ciphers: list[str] | None,
    scheme: str | None,
) -> dict[str, Any]:
    """Fields of a study of images and of ciphers that somebody else made of them."""
    if sources or ciphers:
        raise ImleakError(
            "--pairs PLAIN CIPHER stands alone; for several levels write "
            "imleak audit PLAIN --cipher LABEL=FOLDER --cipher LABEL=FOLDER"
        )
    plain, cipher = pairs
    if scheme:
        raise ImleakError(
            f"--pairs is for ciphers of a scheme that is not known; of {scheme}, name their level: "
            f"imleak audit {plain} --scheme {scheme} --cipher LEVEL={cipher}"
        )
    return {"sources": [plain], "ciphers": {"cipher": cipher}}


def _folders(ciphers: list[str]) -> dict[str, str]:
    """``LABEL=FOLDER`` by label."""
    folders: dict[str, str] = {}
    for one in ciphers:
        label, sign, folder = one.partition("=")
        if not (label.strip() and sign and folder):
            raise ImleakError(f"--cipher {one!r} is not like --cipher LABEL=FOLDER")
        if label.strip() in folders:
            raise ImleakError(f"--cipher: {label!r} stands there twice; give each its own label")
        folders[label.strip()] = folder
    return folders


def _needed_to_decide(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields without which no level is recommended: growth of the default estimator, or match
    beside the measures that were named or are those of a target."""
    from ..study.defaults import with_defaults

    measures = with_defaults(given)["measures"]
    more = {} if "measures" in given else {"growth": given.get("growth", True)}
    names = [one["name"] if isinstance(one, Mapping) else one.partition(":")[0] for one in measures]
    if "match" in names:
        return more
    return more | {"measures": [*measures, {"name": "match", "optional": True}]}


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    format: options.Format = "html",
    output: options.ReportFile = None,
    acceptable_leak: options.AcceptableLeak = None,
) -> None:
    """Write a run as a page, a document or a table, from its folder alone."""
    from ..report import write_report
    from ..study import Run
    from .terminal import say

    path = write_report(Run.open(run), format, output=output, acceptable=acceptable_leak)
    say(f"In {path}")


@app.command()
def cite(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    format: options.CitationFormat = "text",
    methods: options.Methods = False,
    output: options.CitationFile = None,
) -> None:
    """What to cite for a run: for its scheme, its encoders and its measures.

    \b
    imleak cite run1                            # what, and for which part
    imleak cite run1 --format bibtex -o run1.bib
    imleak cite run1 --methods                  # what was done, in words for a paper
    imleak cite run1 --methods --format latex   # the same, which cites run1.bib
    """
    from ..report import check_output, citations_as, methods_as
    from ..study import Run
    from ..study.store import write_whole
    from .streams import printable_lines

    finished = Run.open(run)
    if output is not None:
        check_output(output, [finished])
    found = methods_as(finished, format) if methods else citations_as(finished, format)
    if output is None:
        typer.echo(printable_lines(found), nl=False)
    else:
        write_whole(output, found.encode(errors="replace"))


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs, two or more.")],
    by: options.By = None,
    format: options.ComparisonFormat = "html",
    output: options.ComparisonFile = None,
) -> None:
    """What schemes leak at equal cost; and runs in one chart: schemes, encoders, data sets.

    \b
    imleak compare planes signs etc              # at equal PSNR; compare.html
    imleak compare planes signs --by bits        # at an equal share of bits encrypted
    imleak compare planes signs --format tex     # the table; pdf: the figure
    """
    from ..report import write_comparison
    from ..study import Run
    from .terminal import say, tell_comparison

    opened = [Run.open(run) for run in runs]
    path = write_comparison(opened, output, format, by)
    tell_comparison(opened, by)
    say(f"In {path}")


@app.command()
def status(
    run: options.RunFolder, trust: options.Trust = False, as_json: options.AsJson = False
) -> None:
    """Say whether a run is finished, at work or interrupted, and what is left of it."""
    from ..study.status import status as of
    from .terminal import tell_status

    found = of(run, trust=trust)
    if as_json:
        _show_json(found.data)
    else:
        tell_status(found)


@app.command()
def encrypt(
    images: options.Plain,
    output: options.Output,
    level: options.Level,
    key_file: options.KeyFile = None,
    scheme: options.Scheme = None,
    bits: options.Bits = None,
    jpeg_quality: options.JpegQuality = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Encrypt images into files that decrypt to the same samples.

    PNG or TIFF, or JPEG of a scheme on the coefficients of JPEG files, which decrypts to the
    same bytes. Several images, or a folder, go into a folder; what is there already is not done
    again. A key file that is not there is made. This is a measuring tool, not a protection.
    """
    from ..sealed import check_all, seal, seal_all
    from .sealing import found_in, is_one_file, key_of, run_all, scheme_of
    from .terminal import say

    is_one, (name, made_with) = is_one_file(images, output), scheme_of(scheme)
    given: dict[str, Any] = {
        "options": made_with,
        "overwrite": overwrite,
        "jpeg_quality": jpeg_quality,
    }
    sources = found_in(images, output)
    check_all(sources, output, level, name, bits, one_file=is_one, **given)
    with key_of(key_file, output) as (key_path, key):
        if is_one:
            own = Path(images[0])
            for note in seal(own, output, level, key, name, bits, key_file=key_path, **given):
                say(f"{own}: {note}")
            return

        def make(found: Sequence[Source]) -> Iterator[Row]:
            return seal_all(found, output, level, key, name, bits, key_file=key_path, **given)

        run_all(sources, output, make, "encrypted")


@app.command()
def decrypt(
    files: options.Sealed,
    output: options.Output,
    key_file: options.KeyOfCiphers = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Decrypt images; a wrong key or an altered file is refused.

    Files beside them that were encrypted under the same nonce are told.
    """
    from ..sealed import refuse_all_foreign, unseal, unseal_all
    from .sealing import found_in, is_one_file, key_beside, run_all, tell_same_nonces

    is_one, sources = is_one_file(files, output), found_in(files, output)
    refuse_all_foreign(sources)
    key_path, key = key_beside(key_file, files)
    given: dict[str, Any] = {"overwrite": overwrite, "key_file": key_path}
    with cleaned_up():
        if is_one:
            unseal(files[0], output, key, **given)
        else:
            run_all(
                sources, output, lambda found: unseal_all(found, output, key, **given), "decrypted"
            )
    tell_same_nonces(sources)


@app.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """Show schemes, encoders and measures, and how to get what is missing."""
    from .catalogue import KINDS, data, groups, table
    from .terminal import say, show

    if as_json:
        _show_json(data())
        return
    for kind in KINDS:
        show(table(kind))
    for line in groups():
        say(line)


encoder = typer.Typer(no_args_is_help=True, help="Check an encoder: whether it tells images apart.")
app.add_typer(encoder, name="encoder")


@encoder.command("check")
def encoder_check(
    name: Annotated[str, typer.Argument(help="As for audit: NAME, NAME=VALUE, ...")],
    sources: options.Photographs = None,
    device: options.Device = None,
    precision: options.Precision = None,
) -> None:
    """Whether an encoder sees: photographs known again, noise told apart, speed."""
    from ..api import read_images
    from ..encoder_check import check
    from .photographs import write_photographs
    from .terminal import tell_check

    given = {"device": device, "precision": precision}
    fields: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    spec = _study(sources=["none"], encoders=[name], measures=["histogram"], **fields)
    (component,) = spec.encoder_components()
    with tempfile.TemporaryDirectory() as folder:
        shown = sources or [str(write_photographs(Path(folder)))]
        images = read_images(shown, colour=True)
    tell_check(component.title, component.build(), check(component.build(), images))


@app.command()
def demo(output: options.OutputFolder = Path("demo-out")) -> None:
    """Audit photographs that come with the dependencies."""
    from .photographs import check_demo, write_photographs

    check_demo(output)
    photographs = write_photographs(output / "photographs")
    _audit(_study(sources=[str(photographs)]), output / "run")


@app.command()
def calibrate(
    output: options.OutputFolder = Path("calibration"),
    estimators: options.EstimatorNames = None,
    tasks: options.Tasks = None,
    n: options.Rows = None,
    seeds: options.Samples = 1,
    quick: options.Quick = False,
) -> None:
    """Run estimators on problems whose answer is known."""
    from ..benchmark.calibration import ESTIMATORS
    from ..benchmark.calibration import calibrate as run
    from .terminal import bar, tell_calibration

    with _interruptible(), bar() as progress:
        found = run(
            output,
            estimators=estimators or ESTIMATORS,
            tasks=tasks or (),
            n=n,
            seeds=seeds,
            quick=quick,
            progress=progress,
            command=["imleak", *sys.argv[1:]],
        )
    tell_calibration(found)
    if not found.frame["value"].notna().any():
        raise typer.Exit(1)


@app.command()
def reproduce(
    output: options.OutputFolder,
    images: Annotated[list[str], typer.Argument(metavar="IMAGES...", help="As for audit.")],
    quick: options.QuickPaper = False,
    largest: options.Largest = None,
    annotations: options.Annotations = None,
    levels: options.Levels = None,
    clear: options.Clear = None,
    clip: options.Clip = None,
    resnet: options.Resnet = None,
    encoders: options.StandIns = None,
    views: options.OtherViews = None,
    control: options.Control = None,
    patches: options.Patches = None,
    epochs: options.Epochs = None,
    hidden: options.Hidden = None,
    batch: options.Batch = None,
    rate: options.Rate = None,
    round_to: options.RoundTo = None,
    seed: options.Seed = None,
    seeds: options.Seeds = None,
    folds: options.Folds = None,
    sensitivity: options.Sensitivity = None,
    ablation: options.Ablation = None,
    device: options.Device = None,
    also: options.Also = None,
) -> None:
    """Run the paper's experiments, draw its figures, and judge its claims.

    Where nothing is said, as in the paper: the 100 largest images, levels
    0-8, scaled clear parts, 50 patches, 100 epochs, a network of 100,100
    and batches of 500; and where it says nothing: a rate of 1e-4 in-sample
    and 1e-3 held out, 2 repetitions of 5 folds, features rounded in steps
    of 1, seed 0, and an untrained CLIP as a control.
    """
    given = {name: value for name, value in locals().items() if value not in (None, [])}
    for name in ("output", "quick", "also"):
        given.pop(name, None)
    from ..paper import Settings
    from ..paper import reproduce as run
    from .terminal import bar, tell_reproduction

    settings = Settings.of(given, quick=quick)
    with _interruptible(), bar() as progress:
        found = run(
            settings, output, also=also or (), progress=progress, command=["imleak", *sys.argv[1:]]
        )
    tell_reproduction(found)


def _study(
    config: Path | None = None, clear: str | None = None, *, trust: bool = False, **fields: Any
) -> StudySpec:
    """The study of a config and of the options laid over it."""
    from ..study import StudySpec

    def made(**more: Any) -> StudySpec:
        if config is not None:
            return StudySpec.load(config, trust=trust, **(fields | more))
        return StudySpec.of(**(fields | more))

    if config is None and "sources" not in fields:
        raise ImleakError("nothing to audit: give a file, a folder or a glob, or --config")
    spec = made()
    if clear is None:
        return spec
    return made(scheme={"name": spec.scheme.name} | spec.scheme.options | {"clear": clear})


def _assignments(text: str, option: str) -> dict[str, str]:
    """``a=1,b=2`` as a dict."""
    pairs = [item.partition("=") for item in text.split(",") if item]
    for name, sign, value in pairs:
        if not (name and sign and value):
            raise ImleakError(f"{option}: {text!r} is not like partition=cpu,jobs=20")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _audit(
    spec: StudySpec,
    output: Path,
    acceptable: float | None = None,
    where: Where | None = None,
    *,
    retry_failed: bool = False,
    as_json: bool = False,
) -> None:
    from ..api import run_study
    from .terminal import bar, tell

    with _interruptible(), bar() as progress:
        run = run_study(
            spec,
            output,
            progress=progress,
            command=["imleak", *sys.argv[1:]],
            acceptable=acceptable,
            where=where,
            retry_failed=retry_failed,
        )
    if as_json:
        from ..report.data import to_json

        typer.echo(to_json(run), nl=False)
    else:
        tell(run, progress.told)
    if not run.has_numbers:
        raise typer.Exit(1)


def _show_json(data: object) -> None:
    import json

    typer.echo(json.dumps(data, indent=2))


@contextmanager
def _interruptible() -> Iterator[None]:
    from .terminal import say

    try:
        yield
    except KeyboardInterrupt:
        say("Stopped; the same command goes on from here.", error=True)
        raise
