"""Encoders whose weights a user brings, in the format of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from ..interfaces import ImleakError
from ..machine import Precision
from ._network import Input, Network, Triple
from ._weights import CONFIG, Checkpoint, Source, WeightsError

if TYPE_CHECKING:
    from torch import nn


class Pretrained(Network):
    """A network from a folder, from the hub, or with random weights.

    Parameters
    ----------
    weights : ``local-dir:FOLDER``, ``hf-hub:ORG/NAME[@REVISION]`` or ``random:SEED``.
    model : name of an architecture, for random weights; else config.json says it.
    options : of the subclass that the features depend on.
    device, precision, batch_size : see :class:`Network`.
    """

    argument = "weights"
    repository: ClassVar[str]
    """An example of the hub."""
    model_types: ClassVar[tuple[str, ...]]
    """What config.json may call it."""
    models: ClassVar[Mapping[str, Mapping[str, Any]]]
    """Architectures by name, as settings of config.json; the first is the default."""
    mean: ClassVar[Triple]
    std: ClassVar[Triple]
    """Of the channels, on 0..1, where the checkpoint does not say."""

    def __init__(
        self,
        weights: str,
        model: str | None,
        options: Mapping[str, Any],
        *,
        device: str,
        precision: Precision,
        batch_size: int,
    ) -> None:
        super().__init__(device=device, precision=precision, batch_size=batch_size)
        self.source = Source.parse(weights, self.name, self.repository)
        self.options = dict(options)
        self.model = model
        self.checkpoint: Checkpoint | None = None
        if self.source.kind == "random":
            self.trained = False
            self.architecture = self.read(self._named(model))
            digest, preprocessor = self.source.random_digest(), {}
        else:
            if model is not None:
                raise ImleakError(
                    f"{self.name}: model={model} is for random weights; {CONFIG} says it of others"
                )
            self.checkpoint = self.source.checkpoint()
            self.architecture = self._configured(self.checkpoint)
            digest, preprocessor = self.checkpoint.digest, dict(self.checkpoint.preprocessor)
        self.identify(
            Input(self.side(), *self._normalisation(preprocessor)),
            digest,
            {**asdict(self.architecture), **self.options},
        )
        self._weights_digest = digest

    def read(self, config: Mapping[str, Any]) -> Any:
        """The architecture, a dataclass, of settings; ValueError or TypeError if none."""
        raise NotImplementedError

    def side(self) -> int:
        """Of the input, in pixels."""
        raise NotImplementedError

    def build(self) -> nn.Module:
        """The network without its weights."""
        raise NotImplementedError

    def rename(self, key: str) -> str | None:
        """Key of a checkpoint to name in the network; None for other parts of the model."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        said = {"model": self.model, **self._unusual()}
        parts = [f"{key}={value}" for key, value in said.items() if value is not None]
        return ",".join([f"{self.name}={self.source.title}", *parts])

    @property
    def facts(self) -> dict[str, str]:
        found = {"source": f"{self.source.kind}:{self.source.where}", "weights": "random"}
        if self.checkpoint is not None:
            found["weights"] = f"sha256:{self._weights_digest}"
            if self.checkpoint.revision:
                found["revision"] = self.checkpoint.revision
        return {**super().facts, **found}

    def load(self) -> nn.Module:
        """The network with its weights, made fast.

        Raises
        ------
        WeightsError
            If the weights are not exactly those of the network.
        """
        import torch

        with torch.device("meta"):  # leaves the global generator of random numbers alone
            network: Any = self.build()
        network.to_empty(device="cpu")
        if self.checkpoint is None:
            network.initialise(int(self.source.where))
        else:
            self.checkpoint.fill(network, self.rename)
        fused: nn.Module = network.eval().requires_grad_(False).fuse()
        return fused

    def _named(self, model: str | None) -> Mapping[str, Any]:
        name = next(iter(self.models)) if model is None else str(model)
        if name not in self.models:
            raise ImleakError(f"{self.name} has no model {name!r}; known: {', '.join(self.models)}")
        return self.models[name]

    def _configured(self, checkpoint: Checkpoint) -> Any:
        path = checkpoint.folder / CONFIG
        config = checkpoint.config or {}
        kind = config.get("model_type")
        if kind not in self.model_types:
            raise WeightsError(
                f"{path} is of a model of type {kind!r}; {self.name} takes "
                f"{' or '.join(self.model_types)}, for instance hf-hub:{self.repository}"
            )
        try:
            return self.read(config)
        except (TypeError, ValueError) as error:
            raise WeightsError(f"{path} says no network {self.name} knows: {error}") from error

    def _normalisation(self, preprocessor: Mapping[str, Any]) -> tuple[Triple, Triple]:
        """Mean and deviation of the channels, on 0..255."""
        mean = preprocessor.get("image_mean", self.mean)
        std = preprocessor.get("image_std", self.std)
        try:
            (m0, m1, m2), (s0, s1, s2) = (tuple(255.0 * float(v) for v in of) for of in (mean, std))
        except (TypeError, ValueError) as error:
            raise WeightsError(
                f"{self.source.where}: image_mean {mean!r} and image_std {std!r} are not three "
                "numbers each"
            ) from error
        return (m0, m1, m2), (s0, s1, s2)

    def _unusual(self) -> dict[str, Any]:
        """Options that are not at their default, for the title."""
        return {}
