"""Networks in a file of their own: what they are shown is said beside it, or in options."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from ..interfaces import Features, ImleakError
from ._network import Input, Network, Triple, file_digest

SETTINGS = ("size", "mean", "std", "order", "layout", "output")


class ModelError(ImleakError):
    """A file that holds no network, or settings that do not fit it."""


class GivesScores:
    """For a network whose output may be class scores."""

    def scores(self, vectors: Features) -> Features:
        """What the network gives, taken as class scores (n, classes): logits or
        probabilities, if it is a classifier whose last layer is the output."""
        return vectors


class FileNetwork(Network):
    """A network in one file, run in fp32.

    What it is shown is in a JSON file of the same name beside it, or in options, which
    win over that::

        {"size": 224, "mean": [123.7, 116.3, 103.5], "std": [58.4, 57.1, 57.4],
         "order": "rgb", "layout": "nchw", "output": "features"}

    Parameters
    ----------
    model : path of the file.
    size : side of the input in pixels; else the file's own, if it is fixed.
    mean, std : what channels, on 0..255, are reduced and divided by: a number, or three in
        the order of channels.
    order, layout : "rgb" or "bgr"; "nchw" or "nhwc".
    output : name, or place from 0, of the features among what the network gives.
    """

    argument: ClassVar[str | None] = "model"
    suffixes: ClassVar[tuple[str, ...]]

    def __init__(self, model: str, given: Mapping[str, Any], device: str, batch_size: int) -> None:
        super().__init__(device=device, precision="fp32", batch_size=batch_size)
        if not model:
            raise ModelError(
                f"{self.name} needs a file: {self.name}=/path/model{self.suffixes[0]}, with a "
                "JSON of the same name beside it or options such as "
                f"{self.name}=/path/model{self.suffixes[0]},size=224,mean=127,std=128"
            )
        self.path = Path(model).expanduser()
        if not self.path.is_file():
            raise ModelError(f"{self.name}: {self.path} does not exist, or is no file")
        self.settings = {**_beside(self.path), **{k: v for k, v in given.items() if v is not None}}
        self.output = self.settings.get("output", 0)
        digests = [file_digest(path) for path in (self.path, *self.beside())]
        self._weights_digest = digests[0] if len(digests) == 1 else _digest_of(digests)

    def beside(self) -> Sequence[Path]:
        """Further files that hold weights of the network."""
        return ()

    @property
    def title(self) -> str:
        return f"{self.name}={self.path.name}"

    @property
    def facts(self) -> dict[str, str]:
        return {
            **super().facts,
            "source": str(self.path),
            "weights": f"sha256:{self._weights_digest}",
        }

    def settle(self, size: int | None) -> None:
        """Set input and digest, once the file's own size is known, or that it has none.

        Raises
        ------
        ModelError
            If a setting is missing or has no such value.
        """
        said = self.settings
        wanted = said.get("size", size)
        if wanted is None:
            raise ModelError(f"{self.path} takes any size; say which, as in size=224")
        if size is not None and wanted != size:
            raise ModelError(f"{self.path} takes {size}x{size}, not size={wanted}")
        for name in ("mean", "std"):
            if name not in said:
                raise ModelError(
                    f"{self.path}: {name} is missing; say what the network is shown in "
                    f"{self.path.with_suffix('.json').name} beside it, or as in mean=127,std=128"
                )
        shown = Input(
            _whole(wanted, "size"),
            _triple(said["mean"], "mean"),
            _triple(said["std"], "std"),
            _among(said.get("order", "rgb"), ("rgb", "bgr"), "order"),
            _among(said.get("layout", "nchw"), ("nchw", "nhwc"), "layout"),
        )
        self.identify(shown, self._weights_digest, {"output": self.output})

    def side(self, shape: Sequence[Any]) -> int | None:
        """Of an input of this shape; None where it is free.

        Raises
        ------
        ModelError
            If it is not the shape of a batch of colour pictures.
        """
        layout = _among(self.settings.get("layout", "nchw"), ("nchw", "nhwc"), "layout")
        places = (1, 2, 3) if layout == "nchw" else (3, 1, 2)
        if len(shape) == 4:
            colours, *sides = (shape[place] for place in places)
            fixed = {side for side in sides if isinstance(side, int)}
            if (not isinstance(colours, int) or colours == 3) and len(fixed) <= 1:
                return next(iter(fixed), None)
        other = "nhwc" if layout == "nchw" else "nchw"
        raise ModelError(
            f"{self.path} takes {_shape(shape)}, and not square pictures of three channels in "
            f"{layout}; try layout={other}"
        )

    def vectors(self, shape: Sequence[Any], name: str) -> int:
        """The dimension of an output of this shape.

        Raises
        ------
        ModelError
            If it is not (n, d), nor (n, d, 1, 1).
        """
        sides = [side for side in shape[1:] if side != 1] or [1]
        if len(shape) >= 2 and len(sides) == 1 and isinstance(sides[0], int):
            return sides[0]
        raise ModelError(
            f"{self.path}: output {name!r} has shape {_shape(shape)}, not (n, d); name another "
            "as in output=NAME"
        )


def _digest_of(digests: Sequence[str]) -> str:
    return sha256(" ".join(digests).encode()).hexdigest()


def _beside(path: Path) -> dict[str, Any]:
    beside = path.with_suffix(".json")
    try:
        found = json.loads(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{beside} is not JSON: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or (odd := sorted(found.keys() - set(SETTINGS))):
        unknown = f"has no setting {odd[0]!r}" if isinstance(found, dict) else "is no table"
        raise ModelError(f"{beside} {unknown}; its settings: {', '.join(SETTINGS)}")
    return found


def _triple(value: Any, name: str) -> Triple:
    values = value if isinstance(value, list | tuple) else [value] * 3
    try:
        first, second, third = (float(v) for v in values)
    except (TypeError, ValueError):
        raise ModelError(f"{name} is {value!r}, not a number or three in brackets") from None
    if name == "std" and not min(first, second, third) > 0:
        raise ModelError(f"std is {value!r}, and must be above 0")
    return first, second, third


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or value < 1:
        raise ModelError(f"{name} is {value!r}, not a whole number above 0")
    return value


def _among(value: Any, known: tuple[str, ...], name: str) -> Any:
    if value not in known:
        raise ModelError(f"{name} is {' or '.join(known)}, not {value!r}")
    return value


def _shape(shape: Sequence[Any]) -> str:
    return "x".join(str(side) if side is not None else "?" for side in shape)
