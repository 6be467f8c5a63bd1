"""An output folder: a part for every unit that was done, and what is rebuilt from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Self

import pandas as pd

from . import frame
from .files import LOCK, OutputError, locked, sweep, whole, write_whole
from .parts import Part, Parts, State, plain

__all__ = ["OutputError", "Part", "Run", "Store", "read_manifest", "write_whole"]

MANIFEST = "manifest.json"
RESULTS = "results.parquet"
SUMMARY = "summary.csv"
GROWTH = "growth.csv"
PARTS = "parts"

ROWS_AT_ONCE = 50_000
"""Of the results, while they are written."""


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
            sweep(self.path)
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

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        text = json.dumps(plain(manifest), indent=2, allow_nan=False)
        write_whole(self.path / MANIFEST, f"{text}\n".encode())

    def write_results(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the table of results, a part of it at a time in memory."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.Schema.from_pandas(frame.tidy([]), preserve_index=False)
        rest = iter(rows)
        with whole(self.path / RESULTS) as path, pq.ParquetWriter(path, schema) as writer:
            while chunk := list(islice(rest, ROWS_AT_ONCE)):
                table = pa.Table.from_pandas(frame.tidy(chunk), schema, preserve_index=False)
                writer.write_table(table)

    def results(self) -> Iterator[pd.DataFrame]:
        """The table of results, a part of it at a time."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path / RESULTS) as file:
            for batch in file.iter_batches(ROWS_AT_ONCE):
                yield frame.typed(batch.to_pandas(), frame.COLUMNS)

    def write_summary(self, summary: pd.DataFrame, growth: pd.DataFrame) -> None:
        """Write the summary and, where there are rows, the table of growth."""
        self.write_csv(SUMMARY, summary)
        if not growth.empty:
            self.write_csv(GROWTH, growth)

    def write_csv(self, name: str, table: pd.DataFrame) -> None:
        text = table.to_csv(index=False, lineterminator="\n")
        write_whole(self.path / name, text.encode())


@dataclass(frozen=True)
class Run:
    """A finished run in its folder.

    Parameters
    ----------
    path : the folder.
    """

    path: Path

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """The run in a folder.

        Raises
        ------
        OutputError
            If there is none.
        """
        folder = Path(path)
        for name in (MANIFEST, RESULTS, SUMMARY):
            if not (folder / name).is_file():
                raise OutputError(f"{folder} holds no finished run: {name} is missing")
        if read_manifest(folder).get("finished", "") is None:
            raise OutputError(f"{folder} holds no finished run; imleak status {folder} says more")
        return cls(folder)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Every number, tidy: the columns of :data:`imleak.study.frame.COLUMNS`."""
        return frame.typed(pd.read_parquet(self.path / RESULTS), frame.COLUMNS)

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

        values = pq.read_table(self.path / RESULTS, columns=["value"])["value"]
        return bool(values.null_count < len(values))

    def of_images(self, names: Collection[str]) -> pd.DataFrame:
        """The rows of the frame of some pictures; no others are read."""
        if not names:
            return frame.tidy([])
        return self._where("image", lambda image: image.isin(list(names)))

    def _where(self, name: str, has: Callable[[Any], Any]) -> pd.DataFrame:
        from pyarrow.compute import field

        found = pd.read_parquet(self.path / RESULTS, filters=has(field(name)))
        return frame.typed(found, frame.COLUMNS)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row per scheme, encoder, measure, part, protocol and level."""
        return frame.typed(pd.read_csv(self.path / SUMMARY), frame.SUMMARY_COLUMNS)

    @cached_property
    def growth(self) -> pd.DataFrame:
        """Estimates by number of training pictures; without rows unless asked for."""
        path = self.path / GROWTH
        found = pd.read_csv(path) if path.is_file() else frame.tidy([], frame.GROWTH_COLUMNS)
        return frame.typed(found, frame.GROWTH_COLUMNS)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What was run, on what, with which versions."""
        return read_manifest(self.path)

    def __repr__(self) -> str:
        spec, images = self.manifest["spec"], len(self.manifest["images"])
        measures = ", ".join(m if isinstance(m, str) else m["name"] for m in spec["measures"])
        return f"<Run of {measures} on {images} images at {self.path}>"


def _is_there(column: Any) -> Any:
    return column.is_valid()


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a folder.

    Raises
    ------
    OutputError
        If there is none, or it is not whole.
    """
    try:
        found = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} holds no run: its {MANIFEST} cannot be read") from error
    if not isinstance(found, dict) or "spec" not in found:
        raise OutputError(f"{path} holds no run: its {MANIFEST} is of something else")
    return found


def _refuse_what_is_not_ours(path: Path, spec: Mapping[str, Any], free: Collection[str]) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError(f"{path} is a file; give a folder to write to")
    if not (path / MANIFEST).exists():
        if any(found.name != LOCK for found in path.iterdir()):
            raise OutputError(f"{path} holds other things; give a new or an empty folder")
        return
    told = differences(read_manifest(path)["spec"], spec, free)
    if told:
        raise OutputError(
            f"{path} holds another run: {'; '.join(told)}; "
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
