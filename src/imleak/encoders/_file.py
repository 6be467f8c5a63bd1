"""Networks in a file of their own: what they are shown stands beside it, or in options."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from ..interfaces import Features, ImleakError
from ._network import (
    LARGEST_SIDE,
    Input,
    Network,
    Triple,
    check_whole,
    file_digest,
    path_of,
    read_json,
    short,
)

SETTINGS = ("size", "mean", "std", "order", "layout", "output")

Shape = Sequence[int | str | None]
"""Lengths of a tensor; a length that is free is None or a name."""


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
    device, batch_size, window : see :class:`Network`.
    """

    argument: ClassVar[str | None] = "model"
    suffix: ClassVar[str]

    def __init__(
        self,
        model: str = "",
        *,
        size: int | None = None,
        mean: float | list[float] | None = None,
        std: float | list[float] | None = None,
        order: str | None = None,
        layout: str | None = None,
        output: str | int | None = None,
        device: str = "cpu",
        batch_size: int = 32,
        window: str = "full",
    ) -> None:
        super().__init__(device=device, precision="fp32", batch_size=batch_size, window=window)
        if not model:
            raise ModelError(
                f"{self.name} needs a file: {self.name}=/path/model{self.suffix}, with a "
                "JSON of the same name beside it or options such as "
                f"{self.name}=/path/model{self.suffix},size=224,mean=127,std=128"
            )
        if not isinstance(model, str | PathLike):
            raise ModelError(f"{self.name} takes the path of a file, not {model!r:.60}")
        self._model = model
        given: dict[str, Any] = {"size": size, "mean": mean, "std": std}
        given |= {"order": order, "layout": layout, "output": output}
        self._given = {name: value for name, value in given.items() if value is not None}
        self._check(self._given)

    @abstractmethod
    def shapes(self) -> tuple[Shape, Shape]:
        """Shapes of the images, and of the features."""

    def files(self) -> Sequence[Path]:
        """All files that hold weights of the network."""
        return [self.file]

    @cached_property
    def file(self) -> Path:
        """The file at its path; an error if there is none."""
        if not self.path.is_file():
            raise ModelError(f"{self.name}: {self.path} does not exist, or is no file")
        return self.path

    @cached_property
    def path(self) -> Path:
        """Path of the file."""
        return path_of(self._model)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """What the network is shown, and which output holds the features."""
        beside = self.file.with_suffix(".json")
        found = {"order": "rgb", "layout": "nchw", "output": 0, **_read(beside), **self._given}
        self._check(found)
        return found

    @cached_property
    def weights_digest(self) -> str:  # type: ignore[override]
        digests = [file_digest(path) for path in self.files()]
        return digests[0] if len(digests) == 1 else sha256(" ".join(digests).encode()).hexdigest()

    @property
    def title(self) -> str:
        return f"{self.name}={self.path.name}"

    @property
    def facts(self) -> dict[str, str]:
        weights = f"sha256:{self.weights_digest}"
        return {**super().facts, "source": str(self.path), "weights": weights}

    @property
    def output(self) -> str | int:
        """Name or place of the features."""
        found: str | int = self.settings["output"]
        return found

    @property
    def architecture(self) -> Mapping[str, Any]:  # type: ignore[override]
        return {"output": self.output}

    @cached_property
    def dimension(self) -> int:  # type: ignore[override]
        return self._sizes[1]

    @cached_property
    def input(self) -> Input:  # type: ignore[override]
        given, (size, _) = self.settings, self._sizes
        for name in ("mean", "std"):
            if name not in given:
                raise ModelError(
                    f"{self.path}: {name} is missing; say what the network is shown in "
                    f"{self.path.stem}.json beside it, or as in mean=127,std=128"
                )
        mean, std = _triple(given["mean"], "mean"), _triple(given["std"], "std")
        return Input(size, mean, std, given["order"], given["layout"])

    @property
    def input_size(self) -> int:  # type: ignore[override]
        return self.input.size

    @cached_property
    def _sizes(self) -> tuple[int, int]:
        """Side of the input, and dimension of the features."""
        wanted = self.settings.get("size")
        images, features = self.shapes()
        size, dimension = self._side(images), self._dimension(features)
        if size is None:
            if wanted is None:
                raise ModelError(f"{self.path} takes any size; say which, as in size=224")
            return int(wanted), dimension
        if wanted not in (None, size):
            raise ModelError(f"{self.path} takes {size}x{size}, not size={wanted}")
        return size, dimension

    def _side(self, shape: Shape) -> int | None:
        """Side of a batch of colour images of this shape; None where it is free."""
        layout = self.settings["layout"]
        places = (1, 2, 3) if layout == "nchw" else (3, 1, 2)
        if len(shape) == 4:
            colours, *sides = (shape[place] for place in places)
            fixed = {side for side in sides if isinstance(side, int)}
            if (not isinstance(colours, int) or colours == 3) and len(fixed) <= 1:
                return next(iter(fixed), None)
        other = "nhwc" if layout == "nchw" else "nchw"
        raise ModelError(
            f"{self.path} takes {_spelled(shape)}, and not square images of three channels in "
            f"{layout}; try layout={other}"
        )

    def _dimension(self, shape: Shape) -> int:
        """Dimension of an output (n, d) or (n, d, 1, 1)."""
        sides = [side for side in shape[1:] if side != 1] or [1]
        if len(shape) >= 2 and len(sides) == 1 and isinstance(sides[0], int):
            return sides[0]
        raise ModelError(
            f"{self.path}: output {self.output!r} has shape {_spelled(shape)}, not "
            "(n, d); name another as in output=NAME"
        )

    def _check(self, settings: Mapping[str, Any]) -> None:
        """Refuse a value that no setting has."""
        if "size" in settings:
            check_whole(self.name, "size", settings["size"], 1, LARGEST_SIDE)
        for name in {"mean", "std"} & settings.keys():
            _triple(settings[name], name)
        for name, known in (("order", ("rgb", "bgr")), ("layout", ("nchw", "nhwc"))):
            if settings.get(name, known[0]) not in known:
                raise ModelError(f"{name} is {' or '.join(known)}, not {settings[name]!r}")
        output = settings.get("output", 0)
        if isinstance(output, bool) or not isinstance(output, int | str):
            raise ModelError(f"{self.name}: output is a name or a place, not {output!r:.60}")


def _read(beside: Path) -> dict[str, Any]:
    try:
        found = read_json(beside)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{beside} is not JSON: {short(error)}") from error
    if not isinstance(found, dict) or (odd := sorted(found.keys() - set(SETTINGS))):
        unknown = f"has no setting {odd[0]!r}" if isinstance(found, dict) else "is no table"
        raise ModelError(f"{beside} {unknown}; its settings: {', '.join(SETTINGS)}")
    return found


def _triple(value: Any, name: str) -> Triple:
    values = value if isinstance(value, list | tuple) else [value] * 3
    try:
        first, second, third = (float(v) for v in values)
        if not all(map(isfinite, (first, second, third))):
            raise ValueError  # noqa: TRY301
    except (TypeError, ValueError):
        raise ModelError(f"{name} is {value!r:.60}, not a number or three in brackets") from None
    if name == "std" and not min(first, second, third) > 0:
        raise ModelError(f"std is {value!r}, and must be above 0")
    return first, second, third


def _spelled(shape: Shape) -> str:
    return "x".join(str(side) if side is not None else "?" for side in shape)
