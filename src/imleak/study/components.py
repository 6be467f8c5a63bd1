"""From a name and its options to a scheme, an encoder or a measure that can be used."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Self

from .. import plugins
from ..files import printable
from ..interfaces import ChoosesView, ImleakError, NotInstalledError, Space, TrainableEncoder
from .limits import cut, refusals


class OptionError(ImleakError):
    """An option a component does not take, or a value it refuses."""


def canonical(value: object) -> str:
    """JSON with one spelling per value, for keys: sorted names, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Component:
    """What identifies a scheme, an encoder or a measure: name, code, options and weights.

    Parameters
    ----------
    kind : scheme, encoder, metric or estimator.
    name, version : of the class.
    options : what its constructor is given, as canonical JSON.
    digest : what moves its numbers besides its options: of an encoder its weights and
        preprocessing, of an estimator the precision it computes in; else empty.
    """

    kind: plugins.Kind
    name: str
    version: str
    options: str
    digest: str = ""

    def build(self) -> Any:
        """The instance; made once a process."""
        return _instance(self.kind, self.name, self.options)

    @property
    def identity(self) -> dict[str, str]:
        return asdict(self)

    @property
    def contents(self) -> dict[str, str]:
        """The identity of an encoder's vectors: without what its digest says better, such as
        where its weights lie."""
        options = json.loads(self.options)
        options.pop(argument(self.kind, self.name), None)
        return {**self.identity, "options": canonical(options)}

    @property
    def protocol(self) -> str | None:
        """The protocol an estimator was given; None for what has no choice of one."""
        given: str | None = json.loads(self.options).get("protocol")
        return given

    @property
    def on_gpu(self) -> bool:
        """Whether it was told to compute on one."""
        device: str = json.loads(self.options).get("device") or ""
        return device.startswith("cuda")

    @property
    def title(self) -> str:
        """What it is called in results: its name, after the protocol where one was given
        (``in-sample mine``), with what an encoder adds (``clip=random:0``)."""
        if self.kind == "encoder":
            return printable(str(getattr(self.build(), "title", self.name)))
        return f"{self.protocol} {self.name}" if self.protocol else self.name

    @property
    def facts(self) -> dict[str, str]:
        """What it says of itself for the manifest: device, precision, weights."""
        return dict(getattr(self.build(), "facts", {}))

    @property
    def trained(self) -> bool:
        """Whether its weights come from training; False for a random control."""
        return bool(getattr(self.build(), "trained", True))


def component(kind: plugins.Kind, name: str, options: Mapping[str, Any]) -> Component:
    """Describe, and by that try, a component.

    Raises
    ------
    ImleakError
        If the name is unknown, an option is not taken or refused, or a package is missing.
    """
    try:
        spelled = canonical(dict(options))
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(f"{name}: an option is no text, number or list: {error}") from error
    instance = _instance(kind, name, spelled)
    facts = getattr(instance, "facts", {}) if kind == "estimator" else {}
    digest = instance.digest if kind == "encoder" else facts.get("precision", "")
    return Component(kind, name, str(instance.version), spelled, digest)


def measure_kind(name: str) -> plugins.Kind:
    """Whether a measure is a metric or an estimator: they share one name space.

    Raises
    ------
    UnknownNameError
        If it is neither.
    NameCollisionError
        If two installed packages use it, one for a metric and one for an estimator.
    """
    metrics, estimators = plugins.known("metric"), plugins.known("estimator")
    if name in metrics and name in estimators:
        raise plugins.NameCollisionError(
            f"measure {name!r} is a metric of {metrics[name]} and an estimator of "
            f"{estimators[name]}; uninstall one of the two or rename its entry point"
        )
    if name in metrics:
        return "metric"
    if name in estimators:
        return "estimator"
    raise plugins.unknown("measure", name, {**metrics, **estimators, **plugins.GROUPS})


def argument(kind: plugins.Kind, name: str) -> str | None:
    """The option that VALUE stands for in ``NAME=VALUE``; None where there is none."""
    found: str | None = getattr(_loaded(kind, name), "argument", None)
    return found


def accepted(kind: plugins.Kind, name: str) -> tuple[str, ...]:
    """The options the constructor of a component takes."""
    parameters = inspect.signature(_loaded(kind, name)).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(p.name for p in parameters if p.kind in named)


@lru_cache(maxsize=64)
def _instance(kind: plugins.Kind, name: str, options: str) -> Any:
    given = json.loads(options)
    takes = accepted(kind, name)
    for option in given:
        if option not in takes:
            known = ", ".join(takes) if takes else "none"
            raise OptionError(f"{name} has no option {option!r}; its options: {known}")
    made = _loaded(kind, name)
    for why in refusals(made, options):
        raise OptionError(f"{name} refuses {why}")
    try:
        return made(**given)
    except ImleakError:
        raise
    except Exception as error:  # whatever a constructor, or a library in it, says of a value
        reason = str(error) or type(error).__name__
        raise OptionError(f"{name} refuses {cut(options)}: {reason}") from error


def _loaded(kind: plugins.Kind, name: str) -> type[Any]:
    try:
        return plugins.load(kind, name)
    except ImportError as error:
        raise NotInstalledError(f"{name} cannot be loaded: {error}; see imleak list") from error


@dataclass(frozen=True)
class Question:
    """The two sides of a leak: what an adversary wants to know, and how it looks.

    Parameters
    ----------
    target : encoder of the plain picture.
    views : encoders of the clear part, each a way to look at it; more than one where an
        estimator chooses among them.
    """

    target: Component
    views: tuple[Component, ...]

    @classmethod
    def of_both(cls, encoder: Component) -> Self:
        """One encoder on both sides, as in the paper."""
        return cls(encoder, (encoder,))

    @property
    def is_of_one_encoder(self) -> bool:
        return self.views == (self.target,)

    @property
    def title(self) -> str:
        """The encoder on both sides, or ``target through view, view``."""
        if self.is_of_one_encoder:
            return self.target.title
        return f"{self.target.title} through {', '.join(view.title for view in self.views)}"

    @property
    def identity(self) -> dict[str, object]:
        return {"target": self.target.identity, "views": [view.identity for view in self.views]}


def is_trained(view: Component) -> bool:
    """Whether a view is trained on every split, and not a frozen encoder."""
    return isinstance(view.build(), TrainableEncoder)


def holds_out(measure: Component) -> bool:
    """Whether a measure tests on pictures that a trained view has not seen."""
    return bool(getattr(measure.build(), "holds_out", False))


def chooses_view(measure: Component) -> bool:
    """Whether an estimator is asked once for all views of a target."""
    return isinstance(measure.build(), ChoosesView)


def space(measure: Component) -> Space | None:
    """Where a measure runs: on pixels, on features, or, None, wherever there are samples."""
    found: Space | None = getattr(measure.build(), "space", None)
    return found


def has_features(encoder: Component) -> bool:
    """Whether an encoder turns pictures into vectors; that of scalar pixels does not."""
    return encoder.build().input_size is not None
