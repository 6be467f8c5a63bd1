"""What a study is made of, as a user names it: by name, with options."""

import json
import re
from collections import Counter
from collections.abc import Callable, Container, Mapping
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_serializer,
    model_validator,
)

from .. import plugins
from ..interfaces import ImleakError
from .components import Component, accepted, argument, component, measure_kind
from .limits import label_of, shown

PROTOCOLS = ("held-out", "in-sample")
"""What an estimator with a choice of protocol runs under where none is chosen."""
HELD_OUT_ONLY = ("folds", "growth", "sensitivity", "canonical")
"""Options that say nothing to an in-sample estimate."""


class Frozen(BaseModel):
    """A part of a spec: cannot be changed, and has no field it was not told of."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(Frozen):
    """A component by name, with options: ``"mine"``, ``"mine:epochs=100"``,
    ``"clip=random:0"`` or ``{name = "mine", epochs = 100}``."""

    kind: ClassVar[plugins.Kind]
    name: str
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_name_or_table(cls, value: Any) -> Any:
        if isinstance(value, str):
            try:
                return spelled(value, cls.kind_of)
            except ImleakError as error:  # of an unknown name
                raise ValueError(str(error)) from error
        if isinstance(value, Mapping) and "name" not in value:
            raise ValueError(f'{shown(dict(value))} has no name; add name = "..."')
        if isinstance(value, Mapping) and "options" not in value:
            fields = {key: item for key, item in value.items() if key in cls.model_fields}
            options = {key: item for key, item in value.items() if key not in fields}
            return {"options": options} | fields
        return value

    @model_serializer
    def _to_name_or_table(self) -> str | dict[str, Any]:
        return {"name": self.name} | self.options if self.options else self.name

    def without(self, options: Container[str]) -> str | dict[str, Any]:
        """It as a user writes it, without some of its own options."""
        left = {name: value for name, value in self.options.items() if name not in options}
        written: str | dict[str, Any] = self.model_copy(update={"options": left}).model_dump()
        return written

    @property
    def label(self) -> str:
        """It as a user writes it: ``mine:epochs=100``, which tells it from others of its name."""
        return label_of(self.name, self.options)

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        try:
            self.component({})
        except ImleakError as error:
            raise ValueError(str(error)) from error
        return self

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            cls.kind_of(name)
        except ImleakError as error:
            raise ValueError(str(error)) from error
        return name

    @classmethod
    def kind_of(cls, name: str) -> plugins.Kind:
        """The kind of plugin a name stands for. Raises UnknownNameError if there is none."""
        known = plugins.known(cls.kind)
        if name not in known:
            raise plugins.unknown(cls.kind, name, known)
        return cls.kind

    def accepts(self) -> tuple[str, ...]:
        return accepted(self.kind_of(self.name), self.name)

    def component(self, shared: Mapping[str, Any]) -> Component:
        """The component under its own options and the shared ones it accepts."""
        return self._with(self._handed(shared) | self.options)

    def components(self, shared: Mapping[str, Any]) -> tuple[Component, ...]:
        """All it stands for."""
        return (self.component(shared),)

    def _with(self, options: Mapping[str, Any]) -> Component:
        return component(self.kind_of(self.name), self.name, options)

    def _handed(self, shared: Mapping[str, Any]) -> dict[str, Any]:
        takes = self.accepts()
        return {option: value for option, value in shared.items() if option in takes}


def spelled(text: str, kind_of: Callable[[str], plugins.Kind]) -> dict[str, Any]:
    """``NAME``, ``NAME=VALUE``, ``NAME:KEY=VALUE,...`` or ``NAME=VALUE,KEY=VALUE,...``.

    Between name and what follows, ``:`` and ``=`` say the same. A value is JSON where it
    can be read as that (``32``, ``true``, ``[104,117,123]``), else text.

    Parameters
    ----------
    text : as a user writes it.
    kind_of : what kind of component a name is.

    Raises
    ------
    ValueError
        If an option stands there twice, or the component takes no VALUE.
    """
    name, rest = re.fullmatch(r"([^:=]*)(?:[:=](.*))?", text, re.DOTALL).groups()  # type: ignore[union-attr]
    if rest is None:
        return {"name": name}
    first, *others = re.split(r",(?=[A-Za-z_]\w*=)", rest)
    pairs = [_pair(item) for item in others]
    if re.match(r"[A-Za-z_]\w*=", first):
        pairs.insert(0, _pair(first))
    else:
        option = argument(kind_of(name), name)
        if option is None:
            raise ValueError(f"{name} takes no value, only options, as in {name}:KEY=VALUE")
        pairs.insert(0, (option, _value(first)))
    twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if twice:
        raise ValueError(f"{text}: {twice[0]} stands there twice")
    return {"name": name, "options": dict(pairs)}


def _pair(item: str) -> tuple[str, Any]:
    key, _, value = item.partition("=")
    return key, _value(value)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


class SchemeChoice(Choice):
    kind = "scheme"


class EncoderChoice(Choice):
    kind = "encoder"


class RebuilderChoice(Choice):
    kind = "rebuilder"


class MeasureChoice(Choice):
    """A metric, an estimator or an attack: they share one name space.

    Parameters
    ----------
    optional : left out, and said, where there are too few images for it or they are too small;
        else such a study is refused, or the measure fails.
    """

    optional: bool = False

    @model_serializer
    def _to_name_or_table(self) -> str | dict[str, Any]:
        table = {"name": self.name} | self.options
        table |= {"optional": True} if self.optional else {}
        return table if len(table) > 1 else self.name

    @classmethod
    def kind_of(cls, name: str) -> plugins.Kind:
        return measure_kind(name)

    @model_validator(mode="after")
    def _is_used(self) -> Self:
        unused = [option for option in HELD_OUT_ONLY if option in self.options]
        if unused and self.options.get("protocol") == "in-sample":
            raise ValueError(f"{unused[0]} says nothing to an in-sample estimate; leave it out")
        return self

    def protocols(self, shared: Mapping[str, Any]) -> tuple[str | None, ...]:
        """What it runs under: the protocol it is given, or each; None if it has no choice."""
        if "protocol" not in self.accepts():
            return (None,)
        given = self.options.get("protocol", shared.get("protocol"))
        return PROTOCOLS if given is None else (given,)

    def components(self, shared: Mapping[str, Any]) -> tuple[Component, ...]:
        """One a protocol, under its own options and the shared ones it accepts."""
        return tuple(self._under(protocol, shared) for protocol in self.protocols(shared))

    def _under(self, protocol: str | None, shared: Mapping[str, Any]) -> Component:
        if protocol is None:
            return self.component(shared)
        unused = HELD_OUT_ONLY if protocol == "in-sample" else ()
        given = self._handed(shared) | self.options
        options = {option: value for option, value in given.items() if option not in unused}
        return self._with(options | {"protocol": protocol})
