"""Encoders that are networks of transformers, whose weights a user brings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..interfaces import ImleakError
from ..machine import Precision
from ._checkpoint import CONFIG, PROCESSORS, Checkpoint, Source, WeightsError
from ._families import FAMILIES, PROJECTED, Family, architecture
from ._network import Input, Network
from ._processor import normalisation, side

if TYPE_CHECKING:
    from torch import nn

Part = Literal["projected", "pooled"]


class Pretrained(Network):
    """A network of transformers from a folder, from the hub, or with random weights.

    config.json says which network it is; the configuration of its image processor, how an
    image is shown. Patches are cut at the size of its input, and not resized. A subclass
    says which networks it takes.

    Parameters
    ----------
    weights : ``local-dir:FOLDER``, ``hf-hub:ORG/NAME[@REVISION]`` or ``random:SEED``.
    model : name of a network, for random weights; else config.json says it.
    features : of CLIP "projected" or "pooled".
    device, precision, batch_size, window : see :class:`Network`.
    """

    argument = "weights"
    example: ClassVar[str]
    """A repository of the hub."""
    takes: ClassVar[tuple[str, ...]]
    """What config.json may call it."""
    models: ClassVar[Mapping[str, tuple[str, Mapping[str, Any]]]]
    """Untrained networks by name: their model_type and settings of config.json."""
    default: ClassVar[str | None] = None
    """The model that random weights are of, where none is named."""
    usual: ClassVar[Mapping[str, Any]] = {}
    """Settings of the image processor where a checkpoint comes without."""

    def __init__(
        self,
        weights: str = "",
        *,
        model: str | int | None = None,
        features: Part | None = None,
        device: str = "cpu",
        precision: Precision = "auto",
        batch_size: int = 32,
        window: str = "full",
    ) -> None:
        super().__init__(device=device, precision=precision, batch_size=batch_size, window=window)
        self.source = Source.parse(weights, self.name, self.example)
        self.model = None if model is None else str(model)
        self.features = features
        self.trained = self.source.kind != "random"
        if features not in (None, "projected", "pooled"):
            raise ImleakError(f"features is 'projected' or 'pooled', not {features!r}")
        if self.trained and model is not None:
            raise ImleakError(
                f"{self.name}: model={model} is for random weights; {CONFIG} says it of others"
            )
        if not self.trained:
            self.family  # noqa: B018 (checks model and features)

    @cached_property
    def checkpoint(self) -> Checkpoint | None:
        """The files of a trained network."""
        return self.source.checkpoint() if self.trained else None

    @cached_property
    def family(self) -> Family:
        """Which networks it is one of."""
        family = FAMILIES[self._described[0]]
        if family.name == "clip":
            return family if self.features == "pooled" else PROJECTED
        if self.features == "projected":
            raise ImleakError(f"{family.name} has pooled features only, and none projected")
        return family

    @property
    def title(self) -> str:
        pooled = self.features if self.features == "pooled" else None
        given = {"model": self.model, "features": pooled}
        parts = [f"{key}={value}" for key, value in given.items() if value is not None]
        return ",".join([f"{self.name}={self.source.title}", *parts])

    @property
    def facts(self) -> dict[str, str]:
        found = {"source": f"{self.source.kind}:{self.source.where}", "weights": "random"}
        if self.checkpoint is not None:
            found["weights"] = f"sha256:{self.weights_digest}"
            found["shown"] = f"by {Path(self._processor[0]).name}"
            if self.checkpoint.revision:
                found["revision"] = self.checkpoint.revision
        return {**super().facts, **found}

    @cached_property
    def weights_digest(self) -> str:  # type: ignore[override]
        return self.checkpoint.digest if self.checkpoint else self.source.random_digest()

    @cached_property
    def config(self) -> Any:
        """The configuration of transformers."""
        from .networks.transformers import configured

        where = self.checkpoint.folder / CONFIG if self.checkpoint else self.title
        return configured(self.family, self.settings, str(where))

    @cached_property
    def architecture(self) -> Mapping[str, Any]:  # type: ignore[override]
        return {**self.settings, "network": self.family.network}

    @cached_property
    def dimension(self) -> int:  # type: ignore[override]
        from .networks.transformers import dimension

        return dimension(self.config, self.family)

    @cached_property
    def input(self) -> Input:  # type: ignore[override]
        from .networks.transformers import input_side

        where, settings = self._processor
        shown = side(settings, where) if self.family.any_size else None
        return Input(shown or input_side(self.config) or 224, *normalisation(settings, where))

    @cached_property
    def input_size(self) -> int | None:  # type: ignore[override]
        return self.input.size

    def load(self) -> nn.Module:
        """The network with its weights, made fast."""
        from .networks.transformers import initialised, loaded

        if self.checkpoint is None:
            return initialised(self.family, self.config, int(self.source.where))
        try:
            return loaded(self.family, self.config, self.checkpoint)
        except WeightsError as error:
            if "key 'visual_projection.weight' missing" not in str(error):
                raise
            raise WeightsError(
                f"{error}; or take features=pooled, before the projection"
            ) from error

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The architecture, in the words of config.json."""
        return self._described[1]

    @cached_property
    def _described(self) -> tuple[str, Mapping[str, Any]]:
        """The model_type and the architecture."""
        if self.checkpoint is not None:
            return self._read(self.checkpoint)
        name = self.default if self.model is None else self.model
        if name is None:
            raise ImleakError(
                f"{self.source.title} does not say of which network; write for instance "
                f"{self.name}={self.source.title},model=vit"
            )
        if name not in self.models:
            raise ImleakError(f"{self.name} has no model {name!r}; known: {', '.join(self.models)}")
        return self.models[name]

    def _read(self, checkpoint: Checkpoint) -> tuple[str, Mapping[str, Any]]:
        kind = checkpoint.config.get("model_type")
        if kind not in self.takes:
            raise WeightsError(
                f"{checkpoint.folder / CONFIG} is of a model of type {kind!r:.60}; {self.name} "
                f"takes {', '.join(self.takes)}, for instance hf-hub:{self.example}"
            )
        try:
            return str(kind), architecture(checkpoint.config)
        except WeightsError as error:
            raise WeightsError(f"{checkpoint.folder}: {error}") from error

    @cached_property
    def _processor(self) -> tuple[str, Mapping[str, Any]]:
        """The settings of the image processor, and where they are from."""
        if self.checkpoint is not None:
            if found := self.checkpoint.processor:
                return str(self.checkpoint.folder / found[0]), found[1]
            if not self.usual:
                raise WeightsError(
                    f"{self.checkpoint.folder} holds neither {' nor '.join(PROCESSORS)}, so "
                    "nothing says how its network is shown an image; save its image processor "
                    "there too"
                )
        return f"default of {self.name}", self.usual or UNTRAINED


UNTRAINED = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
"""How an untrained network is shown an image: -1..1."""
