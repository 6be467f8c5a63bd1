"""A view that is trained on clear parts: an adversary who knows what is left to look at."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Features, ImleakError, LearnedView, Samples
from ..machine import Precision, device_named, on_cpu, precision_of, product_type
from ._lite0 import weights
from ._network import MOST_AT_ONCE, check_whole, file_digest

if TYPE_CHECKING:
    import torch

    from .networks.student import Training

Init = Literal["random", "efficientnet-lite0"]
START = {"random": (2.0, 2e-3, 0.05), "efficientnet-lite0": (2.0, 3e-4, 0.1)}
"""Passes, rate and decay."""
WIDTH, FEATURES = 256, 1280
"""Dimensions of the vectors that are learned, by start."""


class Conv:
    """A convolutional network trained, split by split, to tell the target from clear parts.

    A frozen encoder was made for photographs and sees the clear part as one with stripes. This
    one learns from clear parts of the training images, at all levels together, which target
    belongs to which: InfoNCE over the targets of all training images, the checkpoint chosen
    on validation images, test images never seen. It is a view and no target, for estimators
    that hold images out; a study trains it for every fold and seed, and for the null again,
    against targets of other images.

    ``conv`` starts from nothing: a small residual network on the clear bits as planes.
    ``conv:init=efficientnet-lite0`` starts from EfficientNet-Lite0, whose first stages stay
    as they are and are shown two images: the clear part as ``p << s``, and the image that the
    smallest differences between neighbouring remainders add up to
    (:mod:`.networks.input_maps`). What they see is computed once for all folds, and the stages
    after them are trained. The vector holds the untrained features of both images beside the
    trained ones, so that a critic that finds nothing in these loses nothing; ``passes=0`` leaves
    these away.

    Parameters
    ----------
    init : "random" or "efficientnet-lite0".
    passes : times every training row is seen at every level.
    batch : rows a step.
    rate, decay : of AdamW.
    device, precision : where it is trained, and the type of its products.

    Raises
    ------
    ImleakError
        If an option has no such value.

    References
    ----------
    Section VI of the paper ("encoders trained on partially noisy images"). He et al., "Deep
    residual learning for image recognition", CVPR 2016.
    """

    references = ("messadi2025", "he2016")
    name = "conv"
    version = "2"
    input_size: int | None = 224

    def __init__(
        self,
        *,
        init: Init = "random",
        passes: float | None = None,
        batch: int = 64,
        rate: float | None = None,
        decay: float | None = None,
        device: str = "cpu",
        precision: Precision = "auto",
    ) -> None:
        if init not in tuple(START):
            raise ImleakError(f"init of conv is {' or '.join(map(repr, START))}, not {init!r}")
        usual_passes, usual_rate, usual_decay = START[init]
        self.init = init
        self.passes = usual_passes if passes is None else passes
        self.batch = batch
        self.rate = usual_rate if rate is None else rate
        self.decay = usual_decay if decay is None else decay
        fewest = 1e-9 if init == "random" else 0.0
        check_whole(self.name, "batch", batch, 2, MOST_AT_ONCE)
        numbers = (self.passes, self.rate, self.decay)
        real = all(isinstance(each, int | float) and isfinite(each) for each in numbers)
        if not real or self.passes < fewest or self.rate <= 0 or self.decay < 0:
            raise ImleakError(
                "conv takes a rate above 0, passes and decay of 0 or more (passes=0 with an "
                f"init), not passes={self.passes}, rate={self.rate}, decay={self.decay}"
            )
        self.device = device_named(device, precision)
        self._precision = precision

    @cached_property
    def weights(self) -> Path | None:
        """The file it starts from."""
        return weights() if self.init == "efficientnet-lite0" else None

    @cached_property
    def dtype(self) -> torch.dtype:
        """The type of its products."""
        return product_type(self._precision, self.device)

    @property
    def title(self) -> str:
        """What it is called in results."""
        given = [] if self.init == "random" else [f"init={self.init}"]
        given += [] if self.passes == START[self.init][0] else [f"passes={self.passes:g}"]
        return ":".join([self.name, *([",".join(given)] if given else [])])

    @property
    def dimension(self) -> int:
        """Dimension of the vectors: those of two untrained images and the trained one, or of this
        alone."""
        if self.init == "random":
            return WIDTH
        return (2 + (self.passes > 0)) * FEATURES

    @property
    def precision(self) -> str:
        """The type of its products, as chosen."""
        return precision_of(self.dtype)

    @property
    def facts(self) -> dict[str, str]:
        """What is recorded of it beside its options."""
        return {"device": self.device, "precision": self.precision}

    def encode(self, images: Samples, bits: int) -> Features:
        """Not possible: it has no vectors before it is trained, nor the same after.

        Raises
        ------
        ImleakError
            Always.
        """
        del images, bits
        raise ImleakError(
            f"{self.title} is trained on every split of a study and makes no vectors by itself; "
            f"give it as a view: --target efficientnet-lite0 --view {self.title}"
        )

    def watch(self, images: Samples, bits: int, groups: NDArray[np.int64]) -> LearnedView:
        """The view of these clear parts, (L, n, C, 224, 224); see
        :class:`imleak.interfaces.TrainableEncoder`."""
        del bits  # what is used of them shows in the samples
        from .networks import trained_view

        if self.weights is not None:
            return trained_view.adapted(self.weights, images, groups, self.training())
        return trained_view.from_nothing(images, groups, self.training(), WIDTH)

    def training(self) -> Training:
        """How its network is trained."""
        from .networks.student import Training

        return Training(self.passes, self.batch, self.rate, self.decay, self.dtype, self.device)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all its vectors depend on."""
        parts = {
            "encoder": [self.name, self.version, self.init],
            "weights": self.weights and file_digest(self.weights),
            "training": [self.passes, self.batch, self.rate, self.decay],
            "precision": self.precision,
            "frozen stages": precision_of(on_cpu(self.dtype)),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
