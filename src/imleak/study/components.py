"""From a name and its options to a scheme, an encoder or a measure that can be used."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, Self

from .. import plugins
from ..files import printable
from ..interfaces import ImleakError, KeyedScheme, NotInstalledError, Space
from ..spelling import nearest
from .limits import cut, refusals
from .one_key import UnderOneKey

KeyPolicy = Literal["image", "one"]
"""Whether every image has a key of its own, or one serves all."""


ROUNDING = ("device", "precision", "batch_size")
"""Options of encoders that move their vectors by rounding alone."""


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
    kind : scheme, encoder, metric, estimator or attack.
    name, version : of the class.
    options : what its constructor is given, as canonical JSON.
    keys : of a scheme, whether every image has a key of its own.
    """

    kind: plugins.Kind
    name: str
    version: str
    options: str
    keys: KeyPolicy = "image"

    @cached_property
    def digest(self) -> str:
        """What moves its numbers besides its options: of an encoder its weights and
        preprocessing, of a rebuilder or metric what it learned, of an estimator the precision it
        computes in; else empty. Weights are read for it, unless it is :func:`remembered`."""
        if _DIGESTS and self.version:  # single samples have no version and are in no manifest
            # What a manifest does not have is of another version, and not done.
            return _DIGESTS.get(self, "unknown")
        built = self.build()
        if self.kind in ("encoder", "rebuilder") or hasattr(built, "digest"):
            return str(built.digest)
        return str(getattr(built, "facts", {}).get("precision", ""))

    def build(self) -> Any:
        """The instance; made once a process."""
        made = _instance(_loaded(self.kind, self.name), self.name, self.options)
        return _under_one_key(made) if self.keys == "one" else made

    @property
    def identity(self) -> dict[str, Any]:
        """What it is, for keys and manifests; without the policy of keys where it is the usual
        one."""
        known = {name: value for name, value in asdict(self).items() if name != "keys"}
        policy = {"keys": self.keys} if self.keys != "image" else {}
        return known | policy | {"digest": self.digest}

    @property
    def contents(self) -> dict[str, str]:
        """The identity of an encoder's vectors: without what its digest says better, such as
        where its weights lie."""
        options = json.loads(self.options)
        options.pop(argument(self.kind, self.name), None)
        return {**self.identity, "options": canonical(options)}

    def is_but_for_rounding(self, contents: Mapping[str, str]) -> bool:
        """Whether the :attr:`contents` of an encoder are of vectors that are the same but for
        rounding: of the same weights, in whatever precision and on whatever device."""
        digests = getattr(self.build(), "digests", ())
        if contents.get("digest") not in digests:
            return contents == self.contents
        own = {**self.contents, "digest": contents["digest"]}
        return _without_rounding(own) == _without_rounding(contents)

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
    def settings(self) -> dict[str, Any]:
        """The value of every option, of those that nobody gave too, and on how many ways to break
        pairs a null is of; as far as they are numbers, words or lists of these."""
        built = self.build()
        names = (*accepted(self.kind, self.name), "nulls")
        values = {name: getattr(built, name) for name in names if hasattr(built, name)}
        return {name: value for name, value in values.items() if _is_plain(value)}

    @property
    def trained(self) -> bool:
        """Whether its weights come from training; False for a random control."""
        return bool(getattr(self.build(), "trained", True))


@dataclass(frozen=True)
class RebuiltView(Component):
    """An encoder that is shown the rebuilt image in place of the clear part.

    Parameters
    ----------
    rebuilders : that make it, the first one that rebuilds clear parts of a level; what none
        rebuilds is seen as it is.
    """

    rebuilders: tuple[Component, ...] = ()

    @classmethod
    def of(cls, encoder: Component, rebuilders: Iterable[Component]) -> Self:
        """The view of an encoder."""
        made = encoder.kind, encoder.name, encoder.version, encoder.options
        return cls(*made, rebuilders=tuple(rebuilders))

    @property
    def encoder(self) -> Component:
        """The encoder itself."""
        return Component(self.kind, self.name, self.version, self.options)

    @property
    def digest(self) -> str:
        return self.encoder.digest

    @property
    def identity(self) -> dict[str, Any]:
        return self.encoder.identity | {"rebuilders": [one.identity for one in self.rebuilders]}

    @property
    def contents(self) -> dict[str, str]:
        return self.encoder.contents

    @property
    def title(self) -> str:
        return f"{self.encoder.title} of the rebuilt image"


def first_that_rebuilds(
    rebuilders: Iterable[Component], scheme: Component, level: int, bits: int
) -> Component | None:
    """The first that knows what to do with clear parts of a scheme at a level; None if none
    does."""
    made = scheme.build()
    return next((one for one in rebuilders if one.build().rebuilds(made, level, bits)), None)


def component(kind: plugins.Kind, name: str, options: Mapping[str, Any]) -> Component:
    """Describe, and by that try, a component; no weights are read for it. Raises ImleakError if the
    name is unknown, an option is not taken or refused, or a package is missing."""
    try:
        spelled = canonical(dict(options))
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(f"{name}: an option is no text, number or list: {error}") from error
    instance = _instance(_loaded(kind, name), name, spelled)
    return Component(kind, name, str(instance.version), spelled)


def _without_rounding(contents: Mapping[str, str]) -> dict[str, str]:
    """Contents without the options of :data:`ROUNDING`; as they are, where options are no JSON."""
    try:
        options = json.loads(contents["options"])
        kept = {name: value for name, value in options.items() if name not in ROUNDING}
    except (KeyError, ValueError, AttributeError, RecursionError):
        return dict(contents)
    return {**contents, "options": canonical(kept)}


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)


_DIGESTS: dict[Component, str] = {}


@contextmanager
def remembered(identities: Iterable[Mapping[str, str]]) -> Iterator[None]:
    """Digests are those of a manifest, as this machine may lack the weights, or have others.

    Parameters
    ----------
    identities : of components, see :attr:`Component.identity`.
    """
    for one in identities:
        known = Component(
            one["kind"],  # type: ignore[arg-type]
            one["name"],
            one["version"],
            one["options"],
            one.get("keys", "image"),  # type: ignore[arg-type]
        )
        _DIGESTS[known] = one["digest"]
    try:
        yield
    finally:
        _DIGESTS.clear()


def measure_kind(name: str) -> plugins.Kind:
    """Whether a measure is a metric, an estimator or an attack: they share one name space. Raises
    UnknownNameError if it is none of them, and NameCollisionError if two installed packages use it
    for measures of two kinds."""
    known = {kind: plugins.known(kind) for kind in plugins.MEASURES}
    kinds = [kind for kind, names in known.items() if name in names]
    if len(kinds) > 1:
        articles = {kind: f"{'a' if kind[0] in 'mc' else 'an'} {kind}" for kind in known}
        uses = " and ".join(f"{articles[kind]} of {known[kind][name]}" for kind in kinds)
        raise plugins.NameCollisionError(
            f"measure {name!r} is {uses}; uninstall one of the two or rename its entry point"
        )
    if kinds:
        return kinds[0]
    every = [each for names in known.values() for each in names]
    raise plugins.unknown("measure", name, [*every, *plugins.GROUPS])


def argument(kind: plugins.Kind, name: str) -> str | None:
    """The option that VALUE stands for in ``NAME=VALUE``; None where there is none."""
    found: str | None = getattr(_loaded(kind, name), "argument", None)
    return found


def accepted(kind: plugins.Kind, name: str) -> tuple[str, ...]:
    """The options the constructor of a component takes."""
    return _taken(_loaded(kind, name))


def _taken(made: Callable[..., Any]) -> tuple[str, ...]:
    parameters = inspect.signature(made).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(p.name for p in parameters if p.kind in named)


@lru_cache(maxsize=64)
def _instance(made: Callable[..., Any], name: str, options: str) -> Any:
    given = json.loads(options)
    takes = _taken(made)
    for option in given:
        if option not in takes:
            known = ", ".join(takes) if takes else "none"
            near = nearest(option, takes)
            guess = f"; did you mean {near[0]!r}? Its" if near else "; its"
            raise OptionError(f"{name} has no option {option!r}{guess} options: {known}")
    for why in refusals(made, options):
        raise OptionError(f"{name} refuses {why}")
    try:
        return made(**given)
    except ImleakError:
        raise
    except Exception as error:  # whatever a constructor, or a library in it, says of a value
        reason = str(error) or type(error).__name__
        raise OptionError(f"{name} refuses {cut(options)}: {reason}") from error


@lru_cache(maxsize=64)
def _under_one_key(scheme: KeyedScheme) -> UnderOneKey:
    return UnderOneKey(scheme)


def _loaded(kind: plugins.Kind, name: str) -> Callable[..., Any]:
    try:
        return plugins.load(kind, name)
    except ImportError as error:
        raise NotInstalledError(f"{name} cannot be loaded: {error}; see imleak list") from error


@dataclass(frozen=True)
class Question:
    """The two sides of a leak: what an adversary wants to know, and how it looks.

    Parameters
    ----------
    target : encoder of the plain image.
    views : encoders of the clear part, each a way to look at it; more than one where an
        estimator chooses among them.
    beside : the other questions that an attack is asked together with this one.
    attributes : encoders of the plain image that name attributes of it, for who asks for them.
    whole : whether images are taken whole, resized, because none is as large as a patch.
    """

    target: Component
    views: tuple[Component, ...]
    beside: tuple[Question, ...] = ()
    attributes: tuple[Component, ...] = ()
    whole: bool = False

    @classmethod
    def of_both(cls, encoder: Component) -> Self:
        """One encoder on both sides, as in the paper."""
        return cls(encoder, (encoder,))

    @property
    def each(self) -> tuple[Question, ...]:
        """This question and those beside it, each for itself."""
        return (replace(self, beside=()), *self.beside) if self.beside else (self,)

    @property
    def is_of_one_encoder(self) -> bool:
        return self.views == (self.target,) and not self.beside

    @property
    def is_of_rebuilt_images(self) -> bool:
        """Whether the encoder of the plain image is shown the rebuilt one, and nothing else."""
        of = [view.encoder if isinstance(view, RebuiltView) else None for view in self.views]
        return of == [self.target] and not self.beside

    @property
    def is_of_whole_images(self) -> bool:
        """Whether either side takes images whole: the other then sees them whole too."""
        return self.whole or any(side.build().input_size == "image" for side in self.sides)

    @property
    def sides(self) -> tuple[Component, ...]:
        """Every encoder, once."""
        sides = (side for q in self.each for side in (q.target, *q.views, *q.attributes))
        return tuple(dict.fromkeys(sides))

    @property
    def input_size(self) -> int | Literal["image"] | None:
        """Side of the patches it is about, in pixels; "image" of whole images, None of samples."""
        size: int | Literal["image"] | None = self.target.build().input_size
        return "image" if self.is_of_whole_images else size

    @property
    def title(self) -> str:
        """The encoder on both sides, or ``target through view, view``; of several questions,
        one after the other."""
        if self.beside:
            return ", ".join(question.title for question in self.each)
        if self.is_of_one_encoder:
            return self.target.title
        if self.is_of_rebuilt_images:
            return self.titles_of_views if has_features(self.target) else self.target.title
        return f"{self.target.title} through {self.titles_of_views}"

    @property
    def titles_of_targets(self) -> str:
        return ", ".join(dict.fromkeys(question.target.title for question in self.each))

    @property
    def titles_of_views(self) -> str:
        return ", ".join(dict.fromkeys(view.title for q in self.each for view in q.views))

    @property
    def identity(self) -> dict[str, object]:
        own: dict[str, object] = {
            "target": self.target.identity,
            "views": [view.identity for view in self.views],
        }
        if self.attributes:
            own["attributes"] = [one.identity for one in self.attributes]
        if self.beside:
            own["with"] = [question.identity for question in self.beside]
        return own


def offers(made: Component, what: str) -> bool:
    """Whether what a component makes has a method of this name, or says so by an attribute:
    "watch" of a view that is trained on every split, "scores" of an encoder that is a classifier,
    "needs_values" of one that compares the values of samples themselves, "choose" of an estimator
    that is asked once for all views of a target, "takes_directions" and "needs_directions" of
    one that an adversary teaches which learned elsewhere, "holds_out", "needs_scores",
    "takes_gallery", "takes_public", "fits_scale" or
    "needs_encrypted_share" of a measure, "attributes" of an encoder that names some."""
    return bool(getattr(made.build(), what, False))


def space(measure: Component) -> Space | None:
    """Where a measure runs: on pixels, on features, or, None, wherever there are samples."""
    found: Space | None = getattr(measure.build(), "space", None)
    return found


def copies_of(attack: Component, encoder: Component) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the copies an attack holds, and of those whose clear parts it looks at, through
    an encoder."""
    held, seen = (getattr(attack.build(), name, ()) for name in ("copies", "clear_copies"))
    copies, clear_copies = (
        tuple(of.get(encoder.name, ()) if isinstance(of, Mapping) else of) for of in (held, seen)
    )
    return copies, clear_copies


def fewest_images(measure: Component) -> int:
    """How many images a measure of all images needs."""
    return int(getattr(measure.build(), "fewest_images", 1))


def encrypts(measure: Component, scheme: str) -> bool:
    """Whether a measure encrypts an image once more, or a copy of it by a scheme that is
    known: ciphers that come encrypted cannot be."""
    built = measure.build()
    copies = bool(getattr(built, "clear_copies", ())) and scheme == "recorded"
    return copies or offers(measure, "encrypts")


def has_key(scheme: Component) -> bool:
    """Whether a scheme encrypts here, and not one without a key or of ciphers that somebody else
    made."""
    return offers(replace(scheme, keys="image"), "encrypt")


def has_features(encoder: Component) -> bool:
    """Whether an encoder turns images into vectors; that of scalar pixels does not."""
    return encoder.build().input_size is not None
