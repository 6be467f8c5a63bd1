"""An output folder: one small file per finished unit, and what is rebuilt from them."""

from __future__ import annotations

import json
import math
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from ..interfaces import ImleakError
from . import frame

MANIFEST = "manifest.json"
RESULTS = "results.parquet"
SUMMARY = "summary.csv"
GROWTH = "growth.csv"
PARTS = "parts"


class OutputError(ImleakError):
    """An output folder that cannot be used for this study."""


@dataclass(frozen=True)
class Part:
    """What became of one unit.

    Parameters
    ----------
    key : of the unit.
    unit : its identity, for whoever opens the file.
    readings : a :class:`imleak.interfaces.Reading` or an `Estimate` a level, as mappings.
    error : why there are none; such a unit is tried again when the study is continued.
    seconds : of wall time.
    """

    key: str
    unit: Mapping[str, Any]
    readings: Sequence[Mapping[str, Any]] = ()
    error: str | None = None
    seconds: float = 0.0


class Store:
    """The parts of a study in a folder, which is made when the first is written.

    Parameters
    ----------
    path : the folder.
    spec : the study, as in the manifest.

    Raises
    ------
    OutputError
        If the folder holds another study or other things; from the methods that write,
        if they cannot.
    """

    def __init__(self, path: Path, spec: Mapping[str, Any]) -> None:
        _refuse_what_is_not_ours(path, spec)
        self.path = path

    def read(self, key: str) -> Part | None:
        """The part of a unit; None if there is none, or it is not whole."""
        try:
            found = json.loads((self.path / PARTS / f"{key}.json").read_text(encoding="utf-8"))
            part = Part(**_revive(found))
        except (OSError, ValueError, TypeError):
            return None
        return part if part.key == key else None

    def done(self, key: str) -> bool:
        """Whether a unit has a part without an error."""
        part = self.read(key)
        return part is not None and part.error is None

    def write(self, part: Part) -> None:
        text = json.dumps(_plain(asdict(part)), allow_nan=False)
        write_whole(self.path / PARTS / f"{part.key}.json", text.encode())

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        text = json.dumps(_plain(manifest), indent=2, allow_nan=False)
        write_whole(self.path / MANIFEST, f"{text}\n".encode())

    def write_results(
        self, results: pd.DataFrame, summary: pd.DataFrame, growth: pd.DataFrame
    ) -> None:
        """Write the tables of a run; without rows, none of growth."""
        write_whole(self.path / RESULTS, results.to_parquet(None, index=False))
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
        return cls(folder)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Every number, tidy: the columns of :data:`imleak.study.frame.COLUMNS`."""
        return frame.typed(pd.read_parquet(self.path / RESULTS), frame.COLUMNS)

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


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whatever is interrupted when.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def _refuse_what_is_not_ours(path: Path, spec: Mapping[str, Any]) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError(f"{path} is a file; give a folder to write to")
    if not (path / MANIFEST).exists():
        if any(path.iterdir()):
            raise OutputError(f"{path} holds other things; give a new or an empty folder")
        return
    held = read_manifest(path)["spec"]
    differences = [
        f"{name} was {held.get(name)!r} and is {spec.get(name)!r}"
        for name in sorted(held.keys() | spec.keys())
        if held.get(name) != spec.get(name)
    ]
    if differences:
        raise OutputError(
            f"{path} holds another run: {'; '.join(differences)}; "
            "give another folder, or the same study to continue it"
        )


_NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def _plain(value: Any) -> Any:
    """For strict JSON: infinities as {"float": "inf"}, numbers of numpy as Python's."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _revive(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"float"}:
            return _NOT_FINITE[value["float"]]
        return {key: _revive(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_revive(item) for item in value]
    return value
