"""Weights from a folder, from the Hugging Face hub, or random: strictly, or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from ..interfaces import ImleakError, NotInstalledError
from ._network import file_digest

if TYPE_CHECKING:
    from torch import Tensor, nn

KINDS = ("local-dir", "hf-hub", "random")
CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
SAFE, SAFE_INDEX, PICKLED = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
)


class WeightsError(ImleakError):
    """Weights that are not there, not whole, or of something else."""


@dataclass(frozen=True)
class Source:
    """Where weights come from.

    Parameters
    ----------
    kind : a folder, a repository of the hub, or a seed for random ones.
    where : the path, ``org/name`` or ``org/name@revision``, or the seed.
    """

    kind: Literal["local-dir", "hf-hub", "random"]
    where: str

    @classmethod
    def parse(cls, text: str, encoder: str, repository: str) -> Self:
        """``local-dir:PATH``, ``hf-hub:ORG/NAME`` or ``random:SEED``.

        Parameters
        ----------
        encoder, repository : to say in errors what would have worked.

        Raises
        ------
        WeightsError
            If it is none of these.
        """
        ways = (
            f"{encoder}=local-dir:FOLDER (as save_pretrained writes it), "
            f"{encoder}=hf-hub:{repository} (downloads), or {encoder}=random:0 (untrained, "
            "a control)"
        )
        if not text:
            raise WeightsError(f"{encoder} comes without weights; give them: {ways}")
        kind, _, where = str(text).partition(":")
        if kind not in KINDS or not where:
            raise WeightsError(f"{text!r} says not where weights are; write {ways}")
        if kind == "random" and not where.isdecimal():
            raise WeightsError(f"random:{where}: the seed is a whole number, as in random:0")
        return cls(cast(Literal["local-dir", "hf-hub", "random"], kind), where)

    @property
    def title(self) -> str:
        """Short, for tables: of a folder its name."""
        if self.kind == "local-dir":
            return Path(self.where).resolve().name
        return self.where if self.kind == "hf-hub" else f"random:{self.where}"

    def random_digest(self) -> str:
        """Stands for random weights: the seed, and the generator's version."""
        return hashlib.sha256(f"random {self.where} torch {version('torch')}".encode()).hexdigest()

    def checkpoint(self) -> Checkpoint:
        """The files of a trained network.

        Raises
        ------
        WeightsError
            If they are not there.
        """
        return Checkpoint.in_hub(self.where) if self.kind == "hf-hub" else Checkpoint(self.where)


class Checkpoint:
    """A network in the format of transformers: config.json and a file of weights.

    Parameters
    ----------
    folder : that holds both.
    revision : of the hub's repository it is.

    Raises
    ------
    WeightsError
        If either is missing.
    """

    def __init__(self, folder: str | Path, revision: str | None = None) -> None:
        self.folder = Path(folder).expanduser()
        self.revision = revision
        if not self.folder.is_dir():
            what = "is a file" if self.folder.is_file() else "does not exist"
            raise WeightsError(f"{self.folder} {what}; give the folder with {CONFIG} and {SAFE}")
        self.config = self._json(CONFIG)
        if self.config is None:
            raise WeightsError(f"{self.folder} holds no {CONFIG}; {_how()}")
        self.files = self._files()

    @classmethod
    def in_hub(cls, where: str) -> Self:
        """Of the Hugging Face hub, from its cache or, unless HF_HUB_OFFLINE is set, loaded.

        Raises
        ------
        NotInstalledError
            If the package that loads it is missing.
        WeightsError
            If it cannot be loaded.
        """
        try:
            from huggingface_hub import hf_hub_download
            from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError
        except ImportError as error:
            raise NotInstalledError(
                "hf-hub needs a package: pip install 'imleak[hub]'; or give local-dir:FOLDER"
            ) from error
        repository, _, revision = where.partition("@")

        def load(name: str) -> Path | None:
            try:
                return Path(hf_hub_download(repository, name, revision=revision or None))
            except EntryNotFoundError:  # also: not in the cache, and offline
                return None

        try:
            config = load(CONFIG)
            found = config and (load(SAFE) or load(PICKLED))
            load(PREPROCESSOR)
        except (HfHubHTTPError, OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise WeightsError(f"hf-hub:{where} cannot be loaded: {reason}") from error
        if config is None or found is None:
            lacking = f"{SAFE} or {PICKLED}" if config else CONFIG
            raise WeightsError(
                f"hf-hub:{where}: no {lacking} there, or offline and not in the cache; {_how()}"
            )
        return cls(config.parent, revision=config.parent.name)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of config and weights."""
        parts = [file_digest(path) for path in (self.folder / CONFIG, *self.files)]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    @property
    def preprocessor(self) -> Mapping[str, Any]:
        """The preprocessor's configuration; empty if there is none."""
        return self._json(PREPROCESSOR) or {}

    def fill(self, network: nn.Module, rename: Callable[[str], str | None]) -> None:
        """Give a network its weights: every one, and nothing that is none of its own.

        Parameters
        ----------
        rename : key of the file -> name in the network; None for what belongs to another
            part of the model.

        Raises
        ------
        WeightsError
            Naming key and file, if a key is missing, unexpected, of another shape or not
            finite, or if a file is not whole.
        """
        wanted = {k: v for k, v in network.state_dict().items() if not _counts_batches(k)}
        found: dict[str, Tensor] = {}
        for path in self.files:
            for key, value in _tensors(path, rename):
                name = rename(key)
                if name is None or _counts_batches(name):
                    continue
                if name not in wanted:
                    raise WeightsError(f"{path}: unexpected key {key!r}; {_other()}")
                if value.shape != wanted[name].shape:
                    raise WeightsError(
                        f"{path}: key {key!r} has shape {tuple(value.shape)}, and {CONFIG} "
                        f"asks for {tuple(wanted[name].shape)}"
                    )
                if not value.isfinite().all():
                    raise WeightsError(f"{path}: key {key!r} is not finite; {_how()}")
                found[name] = value
        missing = sorted(wanted.keys() - found.keys())
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise WeightsError(f"{self.files[0]}: key {missing[0]!r}{more} missing; {_other()}")
        network.load_state_dict(found, strict=False)

    def _files(self) -> tuple[Path, ...]:
        """The one file of weights, or those an index names."""
        if (index := self._json(SAFE_INDEX)) and not (self.folder / SAFE).exists():
            names = self._named(index.get("weight_map"))
        else:
            names = [name for name in (SAFE, PICKLED) if (self.folder / name).is_file()][:1]
        if not names:
            raise WeightsError(f"{self.folder} holds neither {SAFE} nor {PICKLED}; {_how()}")
        for name in names:
            if not (self.folder / name).is_file():
                raise WeightsError(f"{self.folder}: {name} is missing; {_how()}")
        return tuple(self.folder / name for name in names)

    def _named(self, places: object) -> list[str]:
        """The files an index names, all of this folder."""
        names = set(map(str, places.values())) if isinstance(places, dict) else set()
        for name in names:
            if name == ".." or name != PurePosixPath(name).name or "\\" in name:
                index = self.folder / SAFE_INDEX
                raise WeightsError(f"{index} names {name!r}, which is no file beside it; {_how()}")
        return sorted(names)

    def _json(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise WeightsError(f"{path} is not whole: {error}; {_how()}") from error
        if not isinstance(found, dict):
            raise WeightsError(f"{path} is not a table of settings; {_how()}")
        return found


def _tensors(path: Path, rename: Callable[[str], str | None]) -> Iterator[tuple[str, Tensor]]:
    """Keys and weights of a file; of the parts of a model that are not asked for none are
    read. No code in a file is run."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        if path.suffix == ".bin":
            yield from torch.load(path, map_location="cpu", weights_only=True).items()
            return
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118
                if rename(key) is not None:
                    yield key, file.get_tensor(key)
    except WeightsError:
        raise
    except (SafetensorError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise WeightsError(f"{path} is not whole: {_short(error)}; {_how()}") from error
    except Exception as error:  # of the unpickler: any
        raise WeightsError(f"{path} holds no weights: {_short(error)}; {_how()}") from error


def _counts_batches(key: str) -> bool:
    return key.endswith("num_batches_tracked")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def _how() -> str:
    return "download or save the model again (save_pretrained)"


def _other() -> str:
    return f"the weights are of another model than its {CONFIG} says"
