"""Names to schemes, encoders, rebuilders, metrics, estimators, attacks and checks of ciphers.

A part of imleak is a line in one of these dicts; other packages add theirs through the
entry point groups `imleak.schemes`, `imleak.encoders`, `imleak.rebuilders`,
`imleak.metrics`, `imleak.estimators`, `imleak.attacks` and `imleak.checks`; a notebook
through :func:`register`. Nothing is imported before it is asked for.
"""

import inspect
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal

from .interfaces import (
    Attack,
    CipherCheck,
    Encoder,
    Estimator,
    ImleakError,
    KeyedScheme,
    Metric,
    Rebuilder,
    Scheme,
)
from .spelling import did_you_mean

Kind = Literal["scheme", "encoder", "rebuilder", "metric", "estimator", "attack", "check"]

MEASURES: tuple[Kind, ...] = ("metric", "estimator", "attack", "check")
"""Kinds that share one name space: what a study can measure."""

BUILT_IN: Mapping[Kind, dict[str, str]] = {
    "scheme": {
        "bitplanes": "imleak.schemes.bitplanes:BitPlanes",
        "recorded": "imleak.schemes.recorded:Recorded",
        "region": "imleak.schemes.region:Region",
        "etc": "imleak.schemes.etc:Etc",
        "negative-positive": "imleak.schemes.negative_positive:NegativePositive",
        "le": "imleak.schemes.le:Le",
        "ele": "imleak.schemes.ele:Ele",
        "tpe": "imleak.schemes.tpe:Tpe",
        "pixelate": "imleak.schemes.pixelate:Pixelate",
        "blur": "imleak.schemes.blur:Blur",
        "jpeg-signs": "imleak.schemes.jpeg_signs:JpegSigns",
        "jpeg-amplitudes": "imleak.schemes.jpeg_amplitudes:JpegAmplitudes",
        "p3": "imleak.schemes.p3:P3",
    },
    "encoder": {
        "pixels": "imleak.encoders.pixels:Pixels",
        "efficientnet-lite0": "imleak.encoders.efficientnet:EfficientNetLite0",
        "conv": "imleak.encoders.conv:Conv",
        "hf": "imleak.encoders.hf:HuggingFace",
        "clip": "imleak.encoders.clip:Clip",
        "resnet": "imleak.encoders.resnet:ResNet",
        "resnet50-thin": "imleak.encoders.thin_resnet:ThinResNet50",
        "onnx": "imleak.encoders.onnx:Onnx",
        "torch": "imleak.encoders.exported:Exported",
        "layout": "imleak.encoders.layout:Layout",
        "phasors": "imleak.encoders.phasors:Phasors",
        "shingles": "imleak.encoders.shingles:Shingles",
        "tones": "imleak.encoders.tones:Tones",
        "attributes": "imleak.encoders.attributes:Attributes",
        "identity": "imleak.encoders.identity:Identity",
    },
    "rebuilder": {
        # The strongest of a scheme first: it is asked where none is named.
        "smooth": "imleak.rebuilders.smooth:Smooth",
        "wraps": "imleak.rebuilders.wraps:Wraps",
        "inpaint": "imleak.rebuilders.inpaint:Inpaint",
        "fold": "imleak.rebuilders.fold:Fold",
        "jigsaw": "imleak.rebuilders.jigsaw:Jigsaw",
        "unscramble": "imleak.rebuilders.unscramble:Unscramble",
        "signs": "imleak.rebuilders.signs:Signs",
        "dc": "imleak.rebuilders.dc:Dc",
        "super-resolution": "imleak.rebuilders.super_resolution:SuperResolution",
        "upsample": "imleak.rebuilders.upsample:Upsample",
    },
    "metric": {
        "histogram": "imleak.metrics.histogram:Histogram",
        "codelength": "imleak.metrics.codelength:CodeLength",
        "learned-codelength": "imleak.metrics.learned_codelength:LearnedCodeLength",
        "cosine": "imleak.metrics.cosine:Cosine",
        "rounded": "imleak.metrics.rounded:Rounded",
        "psnr": "imleak.metrics.psnr:Psnr",
        "ssim": "imleak.metrics.ssim:Ssim",
        "ms-ssim": "imleak.metrics.msssim:MsSsim",
        "vif": "imleak.metrics.vif:Vif",
        "rebuild": "imleak.metrics.rebuild:Rebuild",
        "entropy": "imleak.metrics.entropy:Entropy",
        "correlation": "imleak.metrics.correlation:Correlation",
        "chi-square": "imleak.metrics.chisquare:ChiSquare",
        "npcr": "imleak.metrics.npcr:Npcr",
        "uaci": "imleak.metrics.uaci:Uaci",
        "key-sensitivity": "imleak.metrics.keysensitivity:KeySensitivity",
        "encryption-time": "imleak.metrics.encryptiontime:EncryptionTime",
        "size-change": "imleak.metrics.sizechange:SizeChange",
        "encrypted-share": "imleak.metrics.encryptedshare:EncryptedShare",
    },
    "estimator": {
        "mine": "imleak.estimators.mine:Mine",
        "nwj": "imleak.estimators.nwj:Nwj",
        "smile": "imleak.estimators.smile:Smile",
        "infonce": "imleak.estimators.infonce:InfoNce",
        "cca": "imleak.estimators.cca:Cca",
        "cca-infonce": "imleak.estimators.cca:CcaInfoNce",
        "cosine-infonce": "imleak.estimators.cosine:CosineInfoNce",
        "calibrated": "imleak.estimators.calibrated:Calibrated",
        "rank-histogram": "imleak.estimators.rank_histogram:RankHistogram",
        "ksg": "imleak.estimators.ksg:Ksg",
        "tabular-mine": "imleak.estimators.tabular:TabularMine",
        "retrieval": "imleak.estimators.retrieval:Retrieval",
        "best": "imleak.estimators.best:Best",
        "attributes": "imleak.estimators.attributes:Attributes",
    },
    "attack": {
        "recognise": "imleak.attacks.recognise:Recognise",
        "match": "imleak.attacks.match:Match",
        "confirm": "imleak.attacks.confirm:Confirm",
    },
    "check": {"inspect": "imleak.attacks.inspect:Inspect"},
}

PROTOCOLS: Mapping[Kind, type[Any]] = {
    "scheme": Scheme,
    "encoder": Encoder,
    "rebuilder": Rebuilder,
    "metric": Metric,
    "estimator": Estimator,
    "attack": Attack,
    "check": CipherCheck,
}

_REGISTERED: dict[Kind, dict[str, Any]] = {kind: {} for kind in BUILT_IN}

GROUPS: Mapping[str, tuple[str, ...]] = {
    "reviewers": (
        "psnr",
        "ssim",
        "ms-ssim",
        "vif",
        "entropy",
        "correlation",
        "chi-square",
        "npcr",
        "uaci",
        "key-sensitivity",
        "encryption-time",
        "size-change",
    )
}
"""Names that stand for several measures."""


class UnknownNameError(ImleakError):
    """A name no plugin has; the message says which names are near, and what lists them."""


class NameCollisionError(ImleakError):
    """Two plugins of one name; both are refused until one is uninstalled."""


class RegistrationError(ImleakError):
    """What cannot be registered: it is no plugin, or lacks a name or a version."""


class _Made:
    """An instance in place of its class: takes no options, and is made once."""

    def __init__(self, made: object) -> None:
        self.made = made
        self.__doc__ = type(made).__doc__
        self.__qualname__ = type(made).__qualname__

    def __call__(self) -> Any:
        return self.made

    def __getattr__(self, name: str) -> Any:
        return getattr(self.made, name)


def register(plugin: Any, *, kind: Kind | None = None, name: str | None = None) -> Any:
    """Add a scheme, an encoder, a rebuilder, a metric, an estimator or an attack for this
    process.

    Parameters
    ----------
    plugin : a class, whose constructor's arguments are then its options, or an instance.
    kind : what it is; found by its methods unless it has those of several kinds.
    name : what it is called; by default its own `name`.

    Returns
    -------
    `plugin` itself, so that this is a decorator of classes too.

    Raises
    ------
    RegistrationError
        If it is none of these, or has no name or no version.
    NameCollisionError
        If the name is taken. :func:`unregister` frees a name that was registered.

    Examples
    --------
    >>> from imleak.schemes.region import Region
    >>> _ = register(Region(shares=[0.3]), name="a-third")
    >>> load("scheme", "a-third")().levels(8)[1].label
    '30 % of the area encrypted'
    >>> unregister("a-third")
    """
    kind = kind or kind_of(plugin)
    _check_members(plugin, kind)
    name = plugin.name if name is None else name
    if not re.fullmatch(r"\w[\w.-]*", str(name)):
        raise RegistrationError(f"name {name!r}: use letters, digits, '.', '_' and '-'")
    taken = {each: where for one in _namespace(kind) for each, where in known(one).items()}
    if name in taken:
        raise NameCollisionError(
            f"{kind} {name!r} is taken by {taken[name]}: choose another name, or call "
            f"unregister({name!r}) first if it was registered"
        )
    _REGISTERED[kind][name] = plugin if isinstance(plugin, type) else _Made(plugin)
    known.cache_clear()
    return plugin


def adopt(plugin: Any) -> str:
    """The name of an object that is given in place of one; it is registered for this process,
    in place of what was registered under its name before, such as by the cell of a notebook
    that was run again. A class that has its name already stays as it is.

    Raises
    ------
    RegistrationError, NameCollisionError
        As :func:`register`.
    """
    kind = kind_of(plugin)
    name = str(getattr(plugin, "name", ""))
    if name in _REGISTERED[kind]:
        unregister(name)
    elif (place := known(kind).get(name)) and place == _place(plugin):
        return name
    elif place and place == _place(type(plugin)):
        raise NameCollisionError(
            f"{kind} {name!r} is there by its name: write it with its options, as in "
            f'{{"name": "{name}", "OPTION": VALUE}}, in place of the object'
        )
    register(plugin, kind=kind)
    return name


def _place(made: object) -> str:
    """``module:Class`` of a class; of anything else nothing."""
    return f"{made.__module__}:{made.__qualname__}" if isinstance(made, type) else ""


def is_adopted(kind: Kind, name: str) -> bool:
    """Whether a name is of an object of this process alone."""
    return name in _REGISTERED[kind]


def unregister(name: str) -> None:
    """Forget what was registered under a name, of whatever kind.

    Raises
    ------
    UnknownNameError
        If nothing was.
    """
    kinds = [kind for kind, names in _REGISTERED.items() if name in names]
    if not kinds:
        every = [each for names in _REGISTERED.values() for each in names]
        raise UnknownNameError(
            f"nothing is registered as {name!r}{did_you_mean(name, every) or ';'} registered: "
            f"{', '.join(every) or 'nothing'}"
        )
    for kind in kinds:
        del _REGISTERED[kind][name]
    known.cache_clear()


@cache
def known(kind: Kind) -> dict[str, str]:
    """Every name of a kind and where its class is, ``module:Class``.

    Raises
    ------
    NameCollisionError
        If an installed package uses a name that is taken. Metrics, estimators and attacks
        share one name space, that of measures.
    """
    found = _fixed(kind)
    taken = {name: where for one in _namespace(kind) for name, where in _fixed(one).items()}
    for point in entry_points(group=f"imleak.{kind}s"):
        if point.name in taken:
            raise NameCollisionError(
                f"{kind} {point.name!r} of {point.value} collides with {taken[point.name]}; "
                "uninstall one of the two or rename its entry point"
            )
        found[point.name] = taken[point.name] = point.value
    return found


def load(kind: Kind, name: str) -> type[Any]:
    """The class behind a name.

    Raises
    ------
    UnknownNameError
        If there is none; the message says which names are near.
    """
    if name in _REGISTERED[kind]:
        registered: type[Any] = _REGISTERED[kind][name]
        return registered
    where = known(kind).get(name)
    if where is None:
        raise unknown(kind, name, known(kind))
    module, _, attribute = where.partition(":")
    loaded: type[Any] = getattr(import_module(module), attribute)
    return loaded


def keyed_scheme(name: str, options: Mapping[str, Any]) -> KeyedScheme:
    """A scheme that encrypts.

    Raises
    ------
    ImleakError
        If there is no such scheme, or it has no key.
    """
    made = load("scheme", name)(**options)
    if not isinstance(made, KeyedScheme):
        keyed = (each for each in known("scheme") if hasattr(load("scheme", each), "encrypt"))
        raise ImleakError(
            f"{name} has no key, and neither encrypts nor decrypts: take {', '.join(sorted(keyed))}"
        )
    return made


def unknown(kind: str, name: object, names: Iterable[str]) -> UnknownNameError:
    """The error for a name nobody has, with the nearest known ones."""
    guess = did_you_mean(str(name), names) or ";"
    return UnknownNameError(f"unknown {kind} {name!r:.80}{guess} imleak list shows all")


def members(kind: Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Attributes and methods that a plugin of a kind has."""
    protocol = PROTOCOLS[kind]
    methods = [name for name in vars(protocol) if name[0] != "_" and callable(vars(protocol)[name])]
    return tuple(inspect.get_annotations(protocol)), tuple(methods)


def kind_of(plugin: object) -> Kind:
    """The kind whose methods it has."""
    fit = [kind for kind in PROTOCOLS if all(hasattr(plugin, m) for m in members(kind)[1])]
    if len(fit) == 1:
        return fit[0]
    if fit:
        raise RegistrationError(f"{plugin!r} could be {' or '.join(fit)}: give kind={fit[0]!r}")
    needs = "; ".join(f"{kind}: {', '.join(members(kind)[1])}" for kind in PROTOCOLS)
    raise RegistrationError(f"{plugin!r} has the methods of no plugin ({needs})")


def _check_members(plugin: object, kind: Kind) -> None:
    """Refuse what lacks a member; a class may leave all but name and version to its instances."""
    attributes, methods = members(kind)
    needed = ("name", "version", *methods) if isinstance(plugin, type) else attributes + methods
    missing = [name for name in needed if not hasattr(plugin, name)]
    if missing:
        raise RegistrationError(f"{plugin!r} is no {kind} yet: add {', '.join(missing)}")
    for name in ("name", "version"):
        value = getattr(plugin, name)
        if not isinstance(value, str) or not value:
            raise RegistrationError(f"{plugin!r}: {name} is {value!r}; give a text")


def _namespace(kind: Kind) -> tuple[Kind, ...]:
    """Kinds that share their names with a kind, itself among them."""
    return MEASURES if kind in MEASURES else (kind,)


def _fixed(kind: Kind) -> dict[str, str]:
    """Names that no installed package can take, and where they lead."""
    registered = {
        name: f"{plugin.__qualname__} of this process" for name, plugin in _REGISTERED[kind].items()
    }
    return {**BUILT_IN[kind], **registered}
