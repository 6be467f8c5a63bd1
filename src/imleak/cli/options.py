"""The options of the command line, each declared once.

Those of a study are named after its fields and are None where the user says nothing, so
that they can be laid over a study.toml.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import plugins


def _option(
    *names: str,
    words: str,
    panel: str | None = None,
    least: int | None = None,
    most: int | None = None,
    among: Callable[[str], list[str]] | None = None,
) -> Any:
    """An option; a number of it is at least `least`, or 1 where there is a `most`; a shell
    completes it `among` names. Others of a study are bounded where it is."""
    if least is None and most is not None:
        least = 1
    return typer.Option(
        *names,
        help=words,
        rich_help_panel=panel,
        show_default=False,
        min=least,
        max=most,
        autocompletion=among,
    )


def _schemes(incomplete: str) -> list[str]:
    return _beginning(incomplete, plugins.known("scheme"))


def _encoders(incomplete: str) -> list[str]:
    return _beginning(incomplete, plugins.known("encoder"))


def _estimators(incomplete: str) -> list[str]:
    return _beginning(incomplete, plugins.known("estimator"))


def _measures(incomplete: str) -> list[str]:
    every = [name for kind in plugins.MEASURES for name in plugins.known(kind)]
    return _beginning(incomplete, [*every, *plugins.GROUPS])


def _formats(incomplete: str) -> list[str]:
    from ..report import FORMATS

    return _beginning(incomplete, FORMATS)


def _presets(incomplete: str) -> list[str]:
    from ..study.presets import PRESETS

    return _beginning(incomplete, PRESETS)


def _costs(incomplete: str) -> list[str]:
    return _beginning(incomplete, ("bits", "psnr", "size"))


def _comparisons(incomplete: str) -> list[str]:
    from ..report import COMPARISONS

    return _beginning(incomplete, COMPARISONS)


def _protocols(incomplete: str) -> list[str]:
    return _beginning(incomplete, ("in-sample", "held-out"))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))


_IMAGES, _MEASURED, _ESTIMATORS = "Images", "What is measured", "Estimators"
_WORKERS = "Who does the work"
Version = Annotated[bool, _option("--version", words="Show the version.")]
Output = Annotated[
    Path,
    _option(
        "-o",
        "--output",
        words="File to write: .png or .tif, .jpg of a scheme on coefficients; or folder.",
    ),
]
OutputFolder = Annotated[Path, _option("-o", "--output", words="Folder for the results.")]
KeyFile = Annotated[
    Path | None,
    _option("--key-file", "--key", words="File that holds the key, of mode 0600; else OUTPUT.key."),
]
KeyOfCiphers = Annotated[
    Path | None,
    _option(
        "--key-file",
        "--key",
        words="File that holds the key; else NAME.key beside the file or its folder.",
    ),
]
Plain = Annotated[
    list[str],
    typer.Argument(
        metavar="IMAGE...", help="8- or 16-bit grey or RGB images: files, folders, globs."
    ),
]
Sealed = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...", help="Files that `imleak encrypt` wrote, or folders of them."
    ),
]
Overwrite = Annotated[bool, _option("--overwrite", words="Replace a file that is there.")]
Level = Annotated[
    int, _option("--level", words="How much is encrypted: a level of the scheme.", least=0)
]

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH...",
        help="Files, folders, globs, or dead-leaves:COUNTxHEIGHTxWIDTH.",
        show_default=False,
    ),
]
Photographs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH...]",
        help="Photographs; else those that come with the dependencies.",
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    _option(
        "--config",
        words="A study.toml, or a run, whose study is taken; other options replace its fields.",
    ),
]

Trust = Annotated[
    bool, _option("--trust", words="Let the study name files that run code (.pt2, trust=true).")
]

For = Annotated[
    str,
    _option("--for", words="photos, thumbnails, medical or pairs; else photos.", among=_presets),
]
Largest = Annotated[
    int | None, _option("--largest", words="Keep the N largest; else all.", panel=_IMAGES)
]
Limit = Annotated[
    int | None, _option("--limit", words="Keep the first N; else all.", panel=_IMAGES)
]
Frames = Annotated[
    int | None,
    _option(
        "--frames",
        words="Images taken of a GIF, TIFF or video that holds several, a group; else the first.",
        panel=_IMAGES,
    ),
]
Annotations = Annotated[
    Path | None,
    _option("--annotations", words="COCO instances_*.json to take sizes from.", panel=_IMAGES),
]
Colour = Annotated[
    bool | None,
    _option(
        "--colour/--grey", words="Measure every channel, or the luma; else the luma.", panel=_IMAGES
    ),
]
Bits = Annotated[
    int | None,
    _option(
        "--bits", words="Bits a sample uses: 12, where they stand in 16.", panel=_IMAGES, most=16
    ),
]
JpegQuality = Annotated[
    int | None,
    _option(
        "--jpeg-quality",
        words="Compress what is no JPEG file first, 1 to 100: for schemes on coefficients.",
        panel=_IMAGES,
        most=100,
    ),
]
MaxPixels = Annotated[
    int | None, _option("--max-pixels", words="Refuse images with more pixels.", panel=_IMAGES)
]

Scheme = Annotated[
    str | None,
    _option(
        "--scheme",
        words="What is encrypted: a scheme of imleak list; else bitplanes.",
        among=_schemes,
        panel=_MEASURED,
    ),
]
Keys = Annotated[
    str | None,
    _option(
        "--keys",
        words="image: a key for every image; one: one key for all, whose ciphers are then seen "
        "as they are.",
        panel=_MEASURED,
    ),
]
Clear = Annotated[
    str | None,
    _option(
        "--clear", words="Form of the clear part: scaled or shifted; else scaled.", panel=_MEASURED
    ),
]
Levels = Annotated[
    str | None, _option("--levels", words="0-8, or 0,2,4; else every level.", panel=_MEASURED)
]
Encoders = Annotated[
    list[str] | None,
    _option(
        "--encoder",
        words="Space to measure in: NAME, NAME=VALUE, NAME:KEY=VALUE,...; repeat for several; "
        "else efficientnet-lite0.",
        among=_encoders,
        panel=_MEASURED,
    ),
]
Target = Annotated[
    str | None,
    _option(
        "--target",
        words="What an adversary wants to know of the plain image: an encoder; with --view.",
        among=_encoders,
        panel=_MEASURED,
    ),
]
Views = Annotated[
    list[str] | None,
    _option(
        "--view",
        words="How the clear part is looked at: an encoder; or rebuilt, the encoders there are on "
        "the rebuilt image; repeat for several.",
        among=_encoders,
        panel=_MEASURED,
    ),
]
Rebuilder = Annotated[
    str | None,
    _option(
        "--rebuilder",
        words="What makes an image of the clear part, see imleak list; else the first that can.",
        panel=_MEASURED,
    ),
]
RebuildImages = Annotated[
    str | None,
    _option(
        "--rebuild-images",
        words="Most images that are rebuilt, or all; else 12.",
        panel=_MEASURED,
    ),
]
Measures = Annotated[
    list[str] | None,
    _option(
        "--measure",
        words="What to measure, see imleak list; repeat for several; else as said above.",
        among=_measures,
        panel=_MEASURED,
    ),
]
Gallery = Annotated[
    list[str] | None,
    _option(
        "--gallery",
        words="Other images, among which match has to find the right image; repeatable.",
        panel=_MEASURED,
    ),
]
AdversaryImages = Annotated[
    list[str] | None,
    _option(
        "--adversary-images",
        words="Folder of public images, from which best and other held-out estimators learn too; "
        "repeatable.",
        panel=_MEASURED,
    ),
]
Adversary = Annotated[
    str | None,
    _option(
        "--adversary",
        words="FILE of imleak adversary train, shipped or none: what an adversary learned from "
        "other images, calibrated on these. Else shipped, where it fits.",
        panel=_MEASURED,
    ),
]
Pairs = Annotated[
    tuple[str, str] | None,
    _option(
        "--pairs",
        words="PLAIN CIPHER: folders of images and of ciphers that somebody else made of them, "
        "matched by name.",
        panel=_IMAGES,
    ),
]
Ciphers = Annotated[
    list[str] | None,
    _option(
        "--cipher",
        words="LABEL=FOLDER: ciphers that somebody else made, one level; repeat for several.",
        panel=_IMAGES,
    ),
]
GroupBy = Annotated[
    str | None,
    _option(
        "--group-by",
        words="folder; patient or study of DICOM files; csv:FILE or regex:PATTERN: images of one "
        "group are never both trained and tested on.",
        panel=_IMAGES,
    ),
]
Patches = Annotated[
    int | None, _option("--patches", words="Patches an image; else 10.", panel=_MEASURED)
]
MaxSamples = Annotated[
    int | None,
    _option(
        "--max-samples",
        words="Most samples an estimator is given; of more, whole images are drawn; else all.",
        panel=_ESTIMATORS,
    ),
]
RoundTo = Annotated[
    float | None,
    _option("--round-to", words="Step of the rounded features; else 1.", panel=_MEASURED),
]
Seed = Annotated[
    int | None, _option("--seed", words="Seed of every random choice; else 0.", panel=_MEASURED)
]

Protocol = Annotated[
    str | None,
    _option(
        "--protocol",
        words="in-sample (the paper's) or held-out; else both.",
        among=_protocols,
        panel=_ESTIMATORS,
    ),
]
Epochs = Annotated[
    int | None, _option("--epochs", words="Epochs to train; else 100 of mine.", panel=_ESTIMATORS)
]
Seeds = Annotated[
    int | None,
    _option(
        "--seeds",
        words="Repetitions with other splits; else 1 of the default best, 5 of others.",
        panel=_ESTIMATORS,
    ),
]
Folds = Annotated[
    int | None, _option("--folds", words="Folds of cross-fitting; else 5.", panel=_ESTIMATORS)
]
Growth = Annotated[
    bool | None,
    _option(
        "--growth/--no-growth", words="Estimate with fewer images too; else not.", panel=_ESTIMATORS
    ),
]
Sensitivity = Annotated[
    bool | None,
    _option(
        "--sensitivity/--no-sensitivity",
        words="Find the smallest leak that would be seen; else not.",
        panel=_ESTIMATORS,
    ),
]
EstimatorNames = Annotated[
    list[str] | None,
    _option(
        "--estimator",
        words="Estimator to run; repeat for several. Else best, infonce, ..., ksg.",
        among=_estimators,
    ),
]
Tasks = Annotated[
    list[str] | None,
    _option(
        "--task",
        words="Name or glob of tasks; repeat for several. "
        "Run only so: digits-*, plates-*, images of known information.",
    ),
]
Rows = Annotated[
    int | None, _option("--n", words="Rows of a sample; else each task's own.", most=10_000_000)
]
Samples = Annotated[int, _option("--seeds", words="Samples of every task; else one.", most=10_000)]
Quick = Annotated[bool, _option("--quick", words="A few small tasks, in about two minutes.")]
AsJson = Annotated[
    bool, _option("--json", words="As JSON, for programs: see docs/command-line.md.")
]
AcceptableLeak = Annotated[
    float | None,
    typer.Option(
        "--acceptable-leak",
        min=0.0,
        metavar="BITS",
        help="Recommend a level that leaks no more bits an image, if any; an audit asks for match, "
        "and for --growth of the default measures, and its reports recommend the same.",
        show_default=False,
    ),
]
Format = Annotated[
    str, _option("--format", words="html, md, tex, pdf, csv or json; else html.", among=_formats)
]
ReportFile = Annotated[
    Path | None, _option("-o", "--output", words="File to write; else report.FORMAT in the run.")
]
CitationFormat = Annotated[
    str, _option("--format", words="text or bibtex; with --methods text or latex; else text.")
]
Methods = Annotated[
    bool, _option("--methods", words="What was done, for the section on methods of a paper.")
]
CitationFile = Annotated[
    Path | None, _option("-o", "--output", words="File to write; else it is shown.")
]
By = Annotated[
    str | None,
    _option(
        "--by",
        words="What is equal: psnr, of the cipher; bits, the share encrypted; size, growth of the "
        "file. Else the first that is there.",
        among=_costs,
    ),
]
ComparisonFormat = Annotated[
    str,
    _option(
        "--format",
        words="html: page; md, tex or csv: table; pdf or png: figure. Else html.",
        among=_comparisons,
    ),
]
ComparisonFile = Annotated[
    Path | None, _option("-o", "--output", words="File to write; else compare.FORMAT.")
]
Device = Annotated[
    str | None, _option("--device", words="cpu, cuda, cuda:1; else cpu.", panel=_ESTIMATORS)
]
Precision = Annotated[
    str | None,
    _option("--precision", words="auto, fp32, bf16; fp16 on a GPU; else auto.", panel=_ESTIMATORS),
]

ShownWindow = Annotated[
    str | None,
    _option(
        "--window",
        words="Samples that networks see as black and white: full, percentile, percentile:1-99, or "
        "CENTRE/WIDTH such as 2048/4096; else full.",
        panel=_MEASURED,
    ),
]

RunFolder = Annotated[Path, typer.Argument(help="Folder that imleak audit writes to.")]
Workers = Annotated[
    int, _option("--workers", words="Processes on this machine; else this one.", panel=_WORKERS)
]
Memory = Annotated[
    str | None,
    _option(
        "--worker-memory",
        words="Memory of each worker, such as 4GB; else its share.",
        panel=_WORKERS,
    ),
]
Scheduler = Annotated[
    str | None,
    _option("--scheduler", words="Address of a Dask cluster: tcp://host:8786.", panel=_WORKERS),
]
Slurm = Annotated[
    str | None,
    _option(
        "--slurm",
        words="Jobs of SLURM: partition=cpu,jobs=20,memory=4GB,walltime=08:00:00.",
        panel=_WORKERS,
    ),
]
RetryFailed = Annotated[
    bool, _option("--retry-failed", words="Try again the measurements that failed.", panel=_WORKERS)
]

ENGINE = ("workers", "worker_memory", "scheduler", "slurm", "retry_failed")
"""Parameters of a command that say who does the work, and not what."""

Clip = Annotated[
    str | None,
    _option("--clip", words="Weights of CLIP ViT-B: local-dir:FOLDER or hf-hub:ORG/NAME."),
]
Resnet = Annotated[
    str | None, _option("--resnet", words="Weights of ResNet: local-dir:FOLDER or hf-hub:ORG/NAME.")
]
StandIns = Annotated[
    list[str] | None,
    _option("--encoder", words="Stands in for CLIP; else efficientnet-lite0. Repeatable."),
]
OtherViews = Annotated[
    list[str] | None,
    _option(
        "--view",
        words="Another way to look at s = 6 and 7 for claim 7: conv, which is trained; "
        "repeat for several.",
    ),
]
Control = Annotated[
    bool | None, _option("--control/--no-control", words="Also with an untrained CLIP.")
]
Also = Annotated[
    list[Path] | None,
    _option("--also", words="Folder of a run on other images, to judge too; repeat for several."),
]
Ablation = Annotated[
    int | None,
    _option("--ablation", words="Images of its in-sample half; 0: no ablation, else 20.", least=0),
]
Batch = Annotated[int | None, _option("--batch", words="Rows a step of MINE.")]
Rate = Annotated[float | None, _option("--rate", words="Learning rate of MINE.")]
Hidden = Annotated[str | None, _option("--hidden", words="Widths of MINE's network: 100,100.")]
QuickPaper = Annotated[
    bool, _option("--quick", words="20 images, 10 patches, 20 epochs, 3 folds: a first look.")
]
