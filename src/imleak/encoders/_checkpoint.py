"""A trained network in the format of transformers: which files it is, and what they say."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from ..files import check_regular
from ..interfaces import ImleakError
from ._network import file_digest, path_of, read_json, short

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["local-dir", "hf-hub", "random"]
CONFIG = "config.json"
PROCESSORS = ("processor_config.json", "preprocessor_config.json")
"""What says how an image is shown; of two, the first that does."""
SAFE, PICKLED = "model.safetensors", "pytorch_model.bin"
DOWNLOADED = (CONFIG, *PROCESSORS, f"{SAFE}.index.json", SAFE, "model-*-of-*.safetensors")
DOWNLOADED_ELSE = (f"{PICKLED}.index.json", PICKLED, "pytorch_model-*-of-*.bin")
SAVE_AGAIN = "download or save the model again (save_pretrained)"


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

    kind: Kind
    where: str

    @classmethod
    def parse(cls, text: str, encoder: str, example: str) -> Self:
        """``local-dir:PATH``, ``hf-hub:ORG/NAME`` or ``random:SEED``; for the encoder
        ``hf`` also ``ORG/NAME``.

        Parameters
        ----------
        encoder, example : for errors, which say what would have worked.
        """
        ways = (
            f"{encoder}=local-dir:FOLDER (as save_pretrained writes it), "
            f"{encoder}=hf-hub:{example} (downloads), or {encoder}=random:0 (untrained, "
            "a control)"
        )
        if not text:
            raise WeightsError(f"{encoder} comes without weights; give them: {ways}")
        kind, _, where = str(text).partition(":")
        if encoder == "hf" and not where and kind.count("/") == 1:
            if path_of(kind).exists():
                raise WeightsError(f"{kind} is a folder here; write {encoder}=local-dir:{kind}")
            kind, where = "hf-hub", kind
        if kind not in ("local-dir", "hf-hub", "random") or not where:
            raise WeightsError(f"{text!r} does not say where weights are; write {ways}")
        if kind == "random" and not (where.isdecimal() and where.isascii() and len(where) < 19):
            raise WeightsError(
                f"random:{where}: the seed is a whole number below 10^18, as in random:0"
            )
        return cls(cast(Kind, kind), where)

    @property
    def title(self) -> str:
        """Short, for tables: of a folder its name."""
        if self.kind == "local-dir":
            return Path(self.where).resolve().name
        return self.where if self.kind == "hf-hub" else f"random:{self.where}"

    def random_digest(self) -> str:
        """Stands for random weights: the seed, and what makes them of it."""
        makers = " ".join(f"{name} {version(name)}" for name in ("torch", "transformers"))
        return hashlib.sha256(f"random {self.where} {makers}".encode()).hexdigest()

    def checkpoint(self) -> Checkpoint:
        """The files of a trained network; those of the hub are downloaded where they are
        not in its cache and HF_HUB_OFFLINE is not set."""
        if self.kind == "local-dir":
            return Checkpoint(path_of(self.where))
        return Checkpoint(_downloaded(self.where), of_hub=True)


class Checkpoint:
    """A folder with config.json and weights, in one file or in several with an index.

    Only the files named at the top of this module are read: no code, no adapter and no other
    format that transformers would also load.

    Parameters
    ----------
    folder : that holds them.
    of_hub : whether it is one of the hub's cache, named after a revision.

    Raises
    ------
    WeightsError
        If a file is missing, or one of settings is not whole.
    """

    def __init__(self, folder: Path, *, of_hub: bool = False) -> None:
        self.folder = folder
        self.revision = folder.name if of_hub else None
        if not folder.is_dir():
            what = "is a file" if folder.is_file() else "does not exist"
            raise WeightsError(f"{folder} {what}; give the folder with {CONFIG} and {SAFE}")
        config = self._json(CONFIG)
        if config is None:
            raise WeightsError(f"{folder} holds no {CONFIG}; {SAVE_AGAIN}")
        self.config = config
        self.files = self._files()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of config and weights."""
        parts = [file_digest(path) for path in (self.folder / CONFIG, *self.files)]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    @cached_property
    def processor(self) -> tuple[str, Mapping[str, Any]] | None:
        """The settings of the image processor, and the file they are in."""
        for name in PROCESSORS:
            found = self._json(name)
            if found is not None and name == PROCESSORS[0]:  # of texts and images
                found = found.get("image_processor")
            if isinstance(found, dict):
                return name, found
        return None

    @property
    def size(self) -> int:
        """Bytes of weights."""
        return sum(path.stat().st_size for path in self.files)

    def weights(self, wanted: Callable[[str], bool]) -> dict[str, Tensor]:
        """The tensors whose key is wanted. No code in a file is run."""
        return {k: v for path in self.files for k, v in _tensors(path, wanted) if wanted(k)}

    def _files(self) -> tuple[Path, ...]:
        """The files of weights, in the order of preference of transformers."""
        for single in (SAFE, PICKLED):
            if (self.folder / single).exists():
                return (self._regular(single),)
            if index := self._json(f"{single}.index.json"):
                return tuple(map(self._regular, self._named(index, single)))
        raise WeightsError(f"{self.folder} holds neither {SAFE} nor {PICKLED}; {SAVE_AGAIN}")

    def _named(self, index: Mapping[str, Any], single: str) -> list[str]:
        """The files an index names, all beside it and of the same format."""
        places = index.get("weight_map")
        names = set(map(str, places.values())) if isinstance(places, dict) else set()
        path = self.folder / f"{single}.index.json"
        for name in names:
            if Path(name).name != name or "\\" in name or not name.endswith(Path(single).suffix):
                raise WeightsError(f"{path} names {name!r}, no such file beside it; {SAVE_AGAIN}")
        if not names:
            raise WeightsError(f"{path} names no files; {SAVE_AGAIN}")
        return sorted(names)

    def _regular(self, name: str) -> Path:
        try:
            check_regular(self.folder / name)
        except FileNotFoundError:
            raise WeightsError(f"{self.folder}: {name} is missing; {SAVE_AGAIN}") from None
        except OSError as error:
            raise WeightsError(f"{self.folder / name} is {error.strerror}") from error
        return self.folder / name

    def _json(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        try:
            found = read_json(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise WeightsError(f"{path} is not whole: {short(error)}; {SAVE_AGAIN}") from error
        if not isinstance(found, dict):
            raise WeightsError(f"{path} is not a table of settings; {SAVE_AGAIN}")
        return found


def _downloaded(where: str) -> Path:
    """The folder of a repository of the hub, in the hub's cache."""
    from huggingface_hub import snapshot_download

    repository, _, revision = where.partition("@")

    def load(names: tuple[str, ...]) -> Path:
        found = snapshot_download(repository, revision=revision or None, allow_patterns=list(names))
        return Path(found)

    try:
        folder = load(DOWNLOADED)
        if not any(folder.glob("*.safetensors")):
            folder = load(DOWNLOADED_ELSE)
    except Exception as error:  # of the hub, its cache or the network: of many classes
        raise WeightsError(f"hf-hub:{where} cannot be loaded: {short(error)}") from error
    return folder


def _tensors(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, Tensor]]:
    """Keys and tensors of a file; of one of safetensors, only those that are wanted."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        if path.suffix == ".bin":
            found = torch.load(path, map_location="cpu", weights_only=True)
            yield from {str(key): value.detach() for key, value in found.items()}.items()
            return
        with safe_open(path, framework="pt") as file:
            for key in filter(wanted, file.keys()):
                yield key, file.get_tensor(key)
    except (SafetensorError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise WeightsError(f"{path} is not whole: {short(error)}; {SAVE_AGAIN}") from error
    except Exception as error:  # of the unpickler: any
        raise WeightsError(f"{path} holds no weights: {short(error)}; {SAVE_AGAIN}") from error
