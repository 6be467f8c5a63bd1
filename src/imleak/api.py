"""What `import imleak` offers: images, encryption, studies and estimates in Python."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from . import images, plugins
from .estimators.samples.arrays import pair, whole_number
from .interfaces import Image, ImleakError, KeyedScheme, Measurement, Raster
from .keystream import AesKeystream, new_nonce
from .machine import reuse_memory

if TYPE_CHECKING:
    from .results import Run
    from .study import StudySpec, Where
    from .study.progress import Progress

Sources = str | Path | Iterable[str | Path]


@dataclass(frozen=True, eq=False)
class Encrypted:
    """A cipher and what decryption needs besides the key, which is not in it.

    Parameters
    ----------
    image : the cipher.
    level : s.
    scheme, options : how it was encrypted.
    nonce : 16 bytes, fresh for every image.
    """

    image: Image
    level: int
    scheme: str
    nonce: bytes
    options: Mapping[str, Any] = field(default_factory=dict)

    def built(self) -> KeyedScheme:
        """The scheme, made with its options."""
        scheme: KeyedScheme = plugins.load("scheme", self.scheme)(**self.options)
        return scheme


def read_images(
    sources: Sources,
    *,
    largest: int | None = None,
    limit: int | None = None,
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
    colour, bits, max_pixels : see :func:`imleak.images.read`.

    Raises
    ------
    ImleakError
        If a source holds no image, or one cannot be read.
    """
    found = images.find(sources)
    if largest is not None:
        found = images.rank(found, largest)
    return [
        images.read(source, colour=colour, bits=bits, max_pixels=max_pixels)
        for source in found[:limit]
    ]


def encrypt(
    image: Image, level: int, key: bytes, *, scheme: str = "bitplanes", **options: Any
) -> Encrypted:
    """Encrypt an image at a level, under a fresh nonce.

    Parameters
    ----------
    image : from :func:`read_images`, or of samples by :func:`imleak.images.from_samples`.
    level : s, one of the scheme's levels.
    key : 32 bytes, from :func:`new_key` or a key file.
    scheme, options : name of the scheme, and arguments to make it with.

    Raises
    ------
    ImleakError
        If scheme or level do not exist.
    """
    made: KeyedScheme = plugins.load("scheme", scheme)(**options)
    nonce = new_nonce()
    cipher = made.encrypt(image, level, AesKeystream(key, nonce))
    return Encrypted(_named(image, cipher), level, scheme, nonce, options)


def decrypt(encrypted: Encrypted, key: bytes) -> Image:
    """The plain image again.

    A wrong key gives noise: only the files of ``imleak encrypt`` carry what tells.
    """
    cipher = encrypted.image
    stream = AesKeystream(key, encrypted.nonce)
    return _named(cipher, encrypted.built().decrypt(cipher, encrypted.level, stream))


def clear_part(encrypted: Encrypted) -> Image:
    """What an adversary without the key can use: p_C of equation (3) for bit-planes."""
    cipher = encrypted.image
    exposure = encrypted.built().expose(cipher, encrypted.level)
    return _named(cipher, Raster(exposure.rendered, exposure.bits))


def _named(image: Image, raster: Raster) -> Image:
    """Samples that were made of an image, under its name."""
    return images.from_samples(image.name, raster.samples, raster.bits, image.notes)


def audit(
    sources: Sources | None = None,
    *,
    out: str | Path | None = None,
    config: str | Path | None = None,
    progress: Progress | bool | None = None,
    workers: int = 0,
    scheduler: str | None = None,
    slurm: Mapping[str, str] | None = None,
    memory: str | None = None,
    retry_failed: bool = False,
    trust: bool = False,
    **fields: Any,
) -> Run:
    """Encrypt images at every level, measure what is left, and report it.

    Parameters
    ----------
    sources : files, folders, globs, or ``dead-leaves:COUNTxHEIGHTxWIDTH``.
    out : folder for the results; a new temporary one if None.
    config : a study.toml, whose fields the arguments replace.
    progress : who is told how it goes; True for a bar, in a notebook or a terminal.
    workers, scheduler, slurm, memory : who does the work, see
        :class:`imleak.study.cluster.Where`; by default this process. A script that asks
        for workers must do so under ``if __name__ == "__main__":``.
    retry_failed : try again what has failed before.
    trust : whether `config` may say of a file that it may run code; `fields` always may.
    fields : of :class:`imleak.study.StudySpec`: ``levels``, ``encoders``, ``measures``,
        ``patches``, ``seed``, ... In place of the name of a scheme, an encoder or a measure
        may stand a class or an object of it, and of an encoder a PyTorch module, see
        :class:`imleak.encoders.module.Module`; this process alone knows it.

    Returns
    -------
    The run: its `frame` and `summary` are DataFrames, its files are in `path`, of which
    ``report.html`` shows everything.

    Raises
    ------
    ImleakError
        If the study cannot be run as asked; the message names every mistake.
    """
    from .progress_bar import progress_bar
    from .study import StudySpec, Where

    if sources is not None:
        fields["sources"] = sources if isinstance(sources, str | Path) else list(sources)
    fields |= {name: _by_name(fields[name]) for name in _NAMED if fields.get(name) is not None}
    spec = (
        StudySpec.of(**fields) if config is None else StudySpec.load(config, trust=trust, **fields)
    )
    folder = Path(tempfile.mkdtemp(prefix="imleak-")) if out is None else Path(out)
    if isinstance(progress, bool):
        progress = progress_bar() if progress else None
    where = Where(workers, scheduler, slurm, memory)
    return run_study(spec, folder, progress=progress, where=where, retry_failed=retry_failed)


_NAMED = ("scheme", "encoders", "target", "views", "rebuilder", "measures")
"""Fields of a study that name parts of imleak."""


def _by_name(value: Any) -> Any:
    """The same with names in place of objects."""
    if isinstance(value, list | tuple):
        return [_by_name(one) for one in value]
    if isinstance(value, str | Path | Mapping):
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

    Parameters
    ----------
    acceptable : bits an image that may leak, to recommend a level for.

    The other arguments are those of :func:`imleak.study.engine.run`.
    """
    from .previews import keep_previews, strip_of
    from .report import write_report
    from .report.figures import write_figures
    from .report.levels import Levels
    from .results import Run
    from .study import run

    finished = run(
        spec, out, progress=progress, command=command, where=where, retry_failed=retry_failed
    )
    if progress is not None:
        progress.update(1, 1, "drawing the figures")
    keep_previews(spec, finished)
    strip = strip_of(spec, finished)
    levels = Levels.of(finished.manifest)
    write_figures(out, finished.histories, finished.summary, finished.growth, strip, levels)
    write_report(finished, "html", acceptable=acceptable)
    return Run(finished.path)


def estimate(
    x: ArrayLike,
    y: ArrayLike,
    estimator: str = "best",
    groups: ArrayLike | None = None,
    seed: int = 0,
    **options: Any,
) -> Measurement | list[Measurement]:
    """Estimate the mutual information of paired samples, in bits.

    Origin, unit and order of columns, and constant columns, make no difference. Rows that
    are masked in x or y are left out (``details["masked"]`` says how many). Rows that are
    exact copies of each other share a group (``details["copies"]``, and a warning); values
    that are few, as those of pixels or labels, may repeat.

    Parameters
    ----------
    x : (n, dx) or (n,) target: an array, masked array, DataFrame, tensor or nested lists.
    y : (n, dy) or (n,) view; or (L, n, dy) views at many levels, estimated as one batch.
    estimator : its name; see ``imleak list``.
    groups : (n,) labels of what the rows come from, images for instance: rows of one
        group are never on both sides of a split. Without, every row is its own.
    seed : of everything random; an integer of 0 or more.
    options : of the estimator.

    Returns
    -------
    An estimate; a list with one a level for a view of three dimensions.

    Raises
    ------
    ImleakError
        If shapes do not fit, a value is missing or not finite, or name or options are
        unknown.
    """
    from .study.components import component

    reuse_memory()
    number = whole_number(seed)
    plain = {name: o.item() if isinstance(o, np.generic) else o for name, o in options.items()}
    try:
        built = component("estimator", estimator, plain).build()
    except TypeError as error:
        raise ImleakError(f"{estimator} cannot be made with {plain}: {error}") from error
    samples, details = pair(x, y, groups)
    if copies := details.get("copies"):
        warnings.warn(
            f"{copies:.0f} rows are exact copies of others; copies share a group, so that "
            "none is tested by what was trained on it",
            stacklevel=2,
        )
    found = [
        replace(one, details={**one.details, **details})
        for one in built.estimate(samples, seed=number)
    ]
    return found if np.ndim(y) == 3 else found[0]
