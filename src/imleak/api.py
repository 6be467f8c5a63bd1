"""What reads images and audits them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from . import images, plugins
from .interfaces import Image, ImleakError, Scheme, check_acceptable

if TYPE_CHECKING:
    from .results import Run
    from .study import StudySpec, Where
    from .study.progress import Progress

Sources = str | Path | Iterable[str | Path]
Part = str | Mapping[str, Any] | Any
"""A scheme, an encoder or a measure: its name, its name with options, a class or an object."""
Parts = Part | Sequence[Part]


def read_images(
    sources: Sources,
    *,
    largest: int | None = None,
    limit: int | None = None,
    frames: int | None = None,
    colour: bool = False,
    bits: int | None = None,
    max_pixels: int = images.MAX_PIXELS,
) -> list[Image]:
    """Read images: files, folders, globs, or ``dead-leaves:COUNTxHEIGHTxWIDTH``.

    Parameters
    ----------
    sources : one or several.
    largest : keep the N of highest resolution.
    limit : keep the first N.
    frames : images that are taken of a file that holds several, evenly spaced, whose `group` is
        then the file; else the first.
    colour, bits, max_pixels : see :func:`imleak.images.read`.

    Raises
    ------
    ImleakError
        If a source holds no image, or one cannot be read.
    """
    found = images.find(sources)
    if frames is not None:
        if frames < 1:
            raise ImleakError(f"frames={frames}: take 1 or more of a file")
        found = images.with_frames(found, frames)
    if largest is not None:
        found = images.rank(found, largest)
    chosen = found[:limit]
    made = [images.read(one, colour=colour, bits=bits, max_pixels=max_pixels) for one in chosen]
    return [
        image if source.frame is None else replace(image, group=source.file)
        for image, source in zip(made, chosen, strict=True)
    ]


def load(path: str | Path) -> Run:
    """Open a finished run again.

    Parameters
    ----------
    path : its folder.

    Raises
    ------
    OutputError
        If there is no finished run.
    """
    from .results import Run

    return Run(path)


def audit(
    sources: Sources | Any | None = None,
    *,
    out: str | Path | None = None,
    config: str | Path | None = None,
    scheme: str | Mapping[str, Any] | Scheme | None = None,
    levels: str | int | Sequence[int] | None = None,
    encoders: Parts | None = None,
    target: Part | None = None,
    views: Parts | None = None,
    view_rebuilt: bool | None = None,
    rebuilder: Part | None = None,
    rebuild_images: int | Literal["all"] | None = None,
    measures: Parts | None = None,
    largest: int | None = None,
    limit: int | None = None,
    frames: int | None = None,
    annotations: str | Path | None = None,
    colour: bool | None = None,
    bits: int | None = None,
    max_pixels: int | None = None,
    jpeg_quality: int | None = None,
    gallery: Sources | None = None,
    adversary_images: Sources | None = None,
    adversary: str | Path | None = None,
    ciphers: Mapping[str, str | Path] | None = None,
    keys: Literal["image", "one"] | None = None,
    group_by: str | None = None,
    patches: int | None = None,
    max_samples: int | None = None,
    seed: int | None = None,
    protocol: Literal["in-sample", "held-out"] | None = None,
    epochs: int | None = None,
    seeds: int | None = None,
    folds: int | None = None,
    growth: bool | None = None,
    sensitivity: bool | None = None,
    round_to: float | None = None,
    device: str | None = None,
    precision: Literal["auto", "fp32", "bf16", "fp16"] | None = None,
    window: str | None = None,
    acceptable: float | None = None,
    progress: Progress | bool | None = None,
    workers: int = 0,
    scheduler: str | None = None,
    slurm: Mapping[str, str] | None = None,
    memory: str | None = None,
    retry_failed: bool = False,
    trust: bool = False,
    **further: Any,
) -> Run:
    """Encrypt images at every level, measure what is left, and report it.

    What is None is as in `config`, or else as said here.

    Parameters
    ----------
    sources : files, folders, globs, ``dead-leaves:COUNTxHEIGHTxWIDTH``; or images themselves:
        arrays, PIL images, tensors, :class:`imleak.Image`, see
        :func:`imleak.in_memory.write_images`. These are written as PNG files into a folder
        beside the results, ``OUT-images``.
    out : folder for the results; a new temporary one if None.
    config : a study.toml, or the manifest.json of another run, whose fields the arguments
        replace.
    scheme : what is encrypted; ``bitplanes``.
    levels : ``"0-8"``, ``[0, 2, 4]`` or one; every level.
    encoders : the spaces measured in; ``efficientnet-lite0``.
    target, views : what an adversary wants to know of the plain image, and ways to look at the
        clear part; beside `encoders` or in their stead.
    view_rebuilt : look through every encoder at the rebuilt image too.
    rebuilder, rebuild_images : what makes images of clear parts, and of how many images, or
        "all"; the first that can, and 12.
    measures : metrics, estimators and attacks, or groups of them; histogram, codelength, psnr,
        ssim, vif, rebuild, recognise, match, confirm, and best and attributes with one seed.
    largest, limit : keep the N images of highest resolution, or the first N; all.
    frames : images that are taken of a file that holds several, evenly spaced, as one group; else
        the first.
    annotations : COCO ``instances_*.json`` to take sizes from when ranking.
    colour : measure every channel; else the luma.
    bits : bits a sample uses, where the file cannot say (12 bits stored in 16).
    max_pixels : images of more are refused.
    jpeg_quality : images that are no JPEG files are compressed first, for schemes on coefficients.
    gallery : images that are not measured, and among which `match` has to find the right image.
    adversary_images : public images that estimators which hold images out learn from too.
    adversary : a file of ``imleak adversary train``, "shipped" or "none"; shipped, where it fits.
    ciphers : folders of ciphers that somebody else made of the images, by label.
    keys : "image" for a key for every image, "one" for one key for all; image.
    group_by : ``folder``, ``patient`` or ``study`` of DICOM files, ``csv:FILE`` or
        ``regex:PATTERN``: images of one group are never both trained and tested on.
    patches : places an image is cut at, for estimators on features; 10.
    max_samples : most rows an estimator is given; above, whole images are drawn.
    seed : of every random choice; 0.
    protocol : of estimators that have a choice; each.
    epochs, seeds, folds, growth, sensitivity, round_to, device, precision, window : handed to
        every measure and encoder that has an option of that name.
    acceptable : bits an image that may leak, to recommend a level for; kept in the manifest.
    progress : who is told how it goes; True for a bar, in a notebook or a terminal.
    workers, scheduler, slurm, memory : who does the work, see
        :class:`imleak.study.cluster.Where`; by default this process. A script that asks
        for workers must do so under ``if __name__ == "__main__":``.
    retry_failed : try again what has failed before.
    trust : whether `config` may say of a file that it may run code; the arguments always may.
    further : no field; refused with the name that is nearest.

    In place of the name of a scheme, an encoder or a measure may stand a class or an object of
    it, and of an encoder a PyTorch module, see :class:`imleak.encoders.module.Module`; this
    process alone knows it.

    Returns
    -------
    The run: its `frame` and `summary` are DataFrames, its files are in `path`, of which
    ``report.html`` shows everything.

    Raises
    ------
    ImleakError
        If the study cannot be run as asked; the message names every mistake.

    Examples
    --------
    >>> run = audit("photos", out="run1")  # doctest: +SKIP
    >>> run = audit([array, picture], scheme="region", measures=["match"])  # doctest: +SKIP
    """
    given = {name: value for name, value in locals().items() if value is not None}
    fields = {name: given[name] for name in given.keys() - _NO_FIELDS} | further
    from .progress_bar import progress_bar
    from .study import StudySpec, Where

    fields |= {name: _by_name(fields[name]) for name in _NAMED if name in fields}
    folder = Path(tempfile.mkdtemp(prefix="imleak-")) if out is None else Path(out)
    if "sources" in fields:
        fields |= _on_disk(fields, folder, config)
    spec = (
        StudySpec.of(**fields) if config is None else StudySpec.load(config, trust=trust, **fields)
    )
    if isinstance(progress, bool):
        progress = progress_bar() if progress else None
    where = Where(workers, scheduler, slurm, memory)
    return run_study(
        spec,
        folder,
        progress=progress,
        where=where,
        retry_failed=retry_failed,
        acceptable=acceptable,
    )


_NO_FIELDS = {
    "out", "config", "acceptable", "progress", "workers", "scheduler", "slurm", "memory",
    "retry_failed", "trust", "further",
}  # fmt: skip
"""Arguments of :func:`audit` that are no fields of a study."""


def _on_disk(fields: Mapping[str, Any], folder: Path, config: Any) -> dict[str, Any]:
    """The sources, with images that are in memory in a folder beside that of the results, and the
    groups that these have, where no others are asked for."""
    sources = fields["sources"]
    if isinstance(sources, str | Path):
        return {"sources": sources}
    if isinstance(sources, Sequence) and not any(map(_is_image, sources)):
        return {"sources": list(sources)}
    from .in_memory import write_images
    from .study.config import read_study

    asked = dict(fields)
    if config is not None:
        with suppress(ImleakError):  # which is told, with its place, where all of it is read
            asked = read_study(config) | asked
    beside = folder.with_name(f"{folder.name}-images")
    grouped = asked.get("group_by") is not None
    found, groups = write_images(sources, beside, asked.get("bits"), grouped=grouped)
    own = {} if groups is None else {"group_by": f"csv:{groups}"}
    return own | {"sources": found}


def _is_image(source: object) -> bool:
    return not isinstance(source, str | Path)


_NAMED = ("scheme", "encoders", "target", "views", "rebuilder", "measures")
"""Fields of a study that name parts of imleak."""


def _by_name(value: Any) -> Any:
    """The same with names in place of objects."""
    if isinstance(value, list | tuple):
        return [_by_name(one) for one in value]
    if isinstance(value, str | Path | Mapping | int | float):  # a number is refused as a name
        return value
    if hasattr(value, "state_dict") and not hasattr(value, "encode"):
        from .encoders.module import Module

        value = Module(value)
    return plugins.adopt(value)


def run_study(
    spec: StudySpec,
    out: Path,
    *,
    progress: Progress | None = None,
    command: Sequence[str] | None = None,
    where: Where | None = None,
    retry_failed: bool = False,
    acceptable: float | None = None,
) -> Run:
    """Run a study, keep some of its images, draw its figures and write its page,
    ``out/report.html``.

    The arguments are those of :func:`imleak.study.engine.run`.
    """
    from .adversary import open_adversary

    check_acceptable(acceptable)
    if spec.adversary not in ("none", "shipped"):
        open_adversary(spec.adversary)  # refused before anything heavy is loaded

    from .previews import keep_previews, strip_of
    from .report import write_report
    from .report.figures import write_figures
    from .report.learners import Learners
    from .report.levels import Levels
    from .results import Run
    from .study import run

    finished = run(
        spec,
        out,
        progress=progress,
        command=command,
        where=where,
        retry_failed=retry_failed,
        acceptable=acceptable,
    )
    if progress is not None:
        progress.update(1, 1, "drawing the figures")
    keep_previews(spec, finished)
    strip = strip_of(spec, finished)
    write_figures(
        out,
        finished.histories,
        finished.summary,
        finished.growth,
        strip,
        Levels.of(finished.manifest),
        Learners.of(finished.manifest),
    )
    write_report(finished, "html")
    return Run(finished.path)
