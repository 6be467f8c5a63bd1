"""An output folder: a part for every unit that was done, and what is rebuilt from them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from ..atomic import OutputError, check_writable, sweep, whole, write_whole
from ..files import check_regular
from . import frame
from .files import LOCK, locked
from .parts import Part, Parts, State, plain
from .recorded import MANIFEST, read_header, read_manifest

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "OutputError",
    "Part",
    "Run",
    "Store",
    "check_writable",
    "read_manifest",
    "write_whole",
]
RESULTS = "results.parquet"
SUMMARY = "summary.csv"
GROWTH = "growth.csv"
LINKAGE = "linkage.csv"
PARTS = "parts"

REQUIRED = ("scheme", "encoder", "measure", "level")
"""Columns without which a table is of something else."""
ROWS_AT_ONCE = 50_000
"""Rows of the results, while they are written."""


class Store:
    """The parts of a study in a folder, which is made when the first is written.

    Parameters
    ----------
    path : the folder.
    spec : the study, as in the manifest.
    free : fields of the spec that may be others than those of the study in the folder.

    Raises
    ------
    OutputError
        If the folder holds another study or other things; from the methods that write,
        if they cannot.
    """

    def __init__(self, path: Path, spec: Mapping[str, Any], free: Collection[str] = ()) -> None:
        _refuse_what_is_not_ours(path, spec, free)
        self.path = path

    @contextmanager
    def locked(self, **says: Any) -> Iterator[list[str]]:
        """Be the only writer of the folder; what interrupted writes have left is removed.

        Parameters
        ----------
        says : what :func:`imleak.study.files.holder` tells others.

        Yields
        ------
        What the file system does not guarantee, a line each.

        Raises
        ------
        OutputError
            If another process is, or the folder cannot be written to.
        """
        with locked(self.path, says) as lacking:
            sweep(self.path, below=True)
            try:
                yield lacking
            finally:
                self.flush()

    @cached_property
    def parts(self) -> Parts:
        """Read when first asked for; by a writer that is after it has locked the folder."""
        return Parts(self.path / PARTS)

    def read(self, key: str) -> Part | None:
        """The part of a unit; None if there is none, or it is not whole."""
        return self.parts.read(key)

    def state(self, key: str) -> State | None:
        """What became of a unit; None if it has no part."""
        return self.parts.state(key)

    def write(self, part: Part) -> None:
        self.parts.write(part)

    def flush(self) -> None:
        """Write the parts that are held."""
        self.parts.flush()

    def images(self, whose: Literal["", "public"] = "") -> dict[str, str]:
        """Digest by name of the images of the last run, or of its public ones; empty if there was
        none."""
        if not (self.path / MANIFEST).exists():
            return {}
        manifest = read_manifest(self.path)
        images = manifest.get(whose, {}).get("images", ()) if whose else manifest["images"]
        return {image["name"]: image["digest"] for image in images}

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        text = json.dumps(plain(manifest), indent=2, allow_nan=False)
        write_whole(self.path / MANIFEST, f"{text}\n".encode())

    def write_results(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the table of results, a part of it at a time in memory."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.Schema.from_pandas(frame.tidy([]), preserve_index=False)
        rest = iter(rows)
        with (
            whole(self.path / RESULTS) as path,
            _opened_by_arrow(path, "wb") as file,
            pq.ParquetWriter(file, schema) as writer,
        ):
            while chunk := list(islice(rest, ROWS_AT_ONCE)):
                table = pa.Table.from_pandas(frame.tidy(chunk), schema, preserve_index=False)
                writer.write_table(table)

    def results(self) -> Iterator[pd.DataFrame]:
        """The table of results, a part of it at a time."""
        import pyarrow.parquet as pq

        with _opened_by_arrow(self.path / RESULTS) as file, pq.ParquetFile(file) as table:
            for batch in table.iter_batches(ROWS_AT_ONCE):
                yield frame.typed(batch.to_pandas(), frame.COLUMNS)

    def write_summary(
        self, summary: pd.DataFrame, growth: pd.DataFrame, linkage: pd.DataFrame
    ) -> None:
        """Write the summary and, where there are rows, the tables of growth and linkage."""
        self.write_csv(SUMMARY, summary)
        for name, table in ((GROWTH, growth), (LINKAGE, linkage)):
            if not table.empty:
                self.write_csv(name, table)

    def write_csv(self, name: str, table: pd.DataFrame) -> None:
        text = table.to_csv(index=False, lineterminator="\n")
        write_whole(self.path / name, text.encode())


@dataclass(frozen=True)
class Run:
    """A finished run in its folder.

    Parameters
    ----------
    path : the folder.

    Raises
    ------
    OutputError
        If there is none, or its manifest is damaged; from the attributes, if the file they
        are read from is.
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        if not (self.path / MANIFEST).exists():
            read_header(self.path)  # says which folder would do
        for name in (MANIFEST, RESULTS, SUMMARY):
            if not (self.path / name).is_file():
                raise OutputError(f"{self.path} holds no finished run: {name} is missing")
        if self.manifest["finished"] is None:
            raise OutputError(
                f"{self.path} holds no finished run; imleak status {self.path} says more"
            )

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """The run in a folder."""
        return cls(Path(path))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Every number, tidy: the columns of :data:`imleak.study.frame.COLUMNS`."""
        return self._results()

    @property
    def histories(self) -> pd.DataFrame:
        """The rows of the frame that are of an epoch; no others are read."""
        return self._where("epoch", _is_there)

    @property
    def failures(self) -> pd.DataFrame:
        """The rows of the frame with an error; no others are read."""
        return self._where("error", _is_there)

    @property
    def has_numbers(self) -> bool:
        """Whether anything was measured, and not all of it failed."""
        import pyarrow.parquet as pq

        with _read_of_a_run(self.path / RESULTS) as path, _opened_by_arrow(path) as file:
            values = pq.read_table(file, columns=["value"])["value"]
        return bool(values.null_count < len(values))

    def of_images(self, names: Collection[str]) -> pd.DataFrame:
        """The rows of the frame of some images; no others are read."""
        if not names:
            return frame.tidy([])
        return self._where("image", lambda image: image.isin(list(names)))

    def _where(self, name: str, has: Callable[[Any], Any]) -> pd.DataFrame:
        from pyarrow.compute import field

        return self._results(filters=has(field(name)))

    def _results(self, **options: Any) -> pd.DataFrame:
        from pandas import read_parquet

        with _read_of_a_run(self.path / RESULTS) as path, _opened_by_arrow(path) as file:
            return _columns(read_parquet(file, **options), frame.COLUMNS)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row per scheme, encoder, measure, part, protocol and level."""
        from pandas import read_csv

        with _read_of_a_run(self.path / SUMMARY) as path:
            return _columns(read_csv(path), frame.SUMMARY_COLUMNS)

    @cached_property
    def growth(self) -> pd.DataFrame:
        """Estimates by number of training images; without rows unless asked for."""
        return self._table(GROWTH, frame.GROWTH_COLUMNS)

    @cached_property
    def linkage(self) -> pd.DataFrame:
        """Measurements by number of candidates; without rows unless there is a gallery."""
        return self._table(LINKAGE, frame.LINKAGE_COLUMNS)

    def _table(self, name: str, columns: Mapping[str, str]) -> pd.DataFrame:
        if not (self.path / name).exists():
            return frame.tidy([], columns)
        from pandas import read_csv

        with _read_of_a_run(self.path / name) as path:
            return _columns(read_csv(path), columns)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What was run, on what, with which versions."""
        return read_manifest(self.path)

    def __repr__(self) -> str:
        spec, images = self.manifest["spec"], len(self.manifest["images"])
        measures = ", ".join(m if isinstance(m, str) else m["name"] for m in spec["measures"])
        return f"<Run of {measures} on {images} images at {self.path}>"


def _opened_by_arrow(path: Path, mode: Literal["rb", "wb"] = "rb") -> Any:
    """A file that Arrow opens, by bytes for names that are not UTF-8. One that Python opened
    would be let go of by Arrow's threads, which abort an interpreter that is ending."""
    import pyarrow as pa

    return pa.OSFile(os.fsencode(path), mode)


@contextmanager
def _read_of_a_run(path: Path) -> Iterator[Path]:
    """What goes wrong with a table that was damaged, or is of something else, in one line."""
    try:
        check_regular(path)
        yield path
    except (OSError, ValueError, ArithmeticError, LookupError, TypeError, NotImplementedError) as e:
        why = " ".join(str(e).split())[:200]
        raise OutputError(
            f"{path} cannot be read as a table of a run ({why}); it is written anew by the "
            f"command that made the run"
        ) from e


def _columns(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """A table with its types; columns that an earlier version did not have are empty. Raises
    ValueError if it is the table of something else."""
    if missing := [name for name in REQUIRED if name not in table.columns]:
        raise ValueError(f"it has no column {missing[0]}")
    return frame.typed(table, columns)


def _is_there(column: Any) -> Any:
    return column.is_valid()


def has_results(path: Path) -> bool:
    """Whether a folder has results of units, whatever its manifest says."""
    parts = path / PARTS
    return any(parts.glob("[0-9]" * 6 + ".jsonl")) or any(
        len(part.stem) == 64 for part in parts.glob("??/*.json")
    )


def _refuse_what_is_not_ours(path: Path, spec: Mapping[str, Any], free: Collection[str]) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError(f"{path} is a file; give a folder to write to")
    if not (path / MANIFEST).exists():
        if any(found.name != LOCK for found in path.iterdir()):
            raise OutputError(f"{path} holds other things; give a new or an empty folder")
        return
    found = differences(read_header(path)["spec"], spec, free)
    if found:
        raise OutputError(
            f"{path} holds another run: {'; '.join(found)}; "
            "give another folder, or the same study to continue it"
        )


def differences(
    held: Mapping[str, Any], spec: Mapping[str, Any], free: Collection[str] = ()
) -> list[str]:
    """How a spec differs from the one held, as a person says it."""
    return [
        f"{name} was {held.get(name)!r} and is {spec.get(name)!r}"
        for name in sorted(held.keys() | spec.keys())
        if name not in free and held.get(name) != spec.get(name)
    ]
