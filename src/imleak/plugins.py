"""Names to schemes, encoders, metrics, estimators and attacks.

A part of imleak is a line in one of these dicts; other packages add theirs through the
entry point groups `imleak.schemes`, `imleak.encoders`, `imleak.metrics`,
`imleak.estimators` and `imleak.attacks`. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal

from .interfaces import ImleakError

Kind = Literal["scheme", "encoder", "metric", "estimator", "attack"]

MEASURES: tuple[Kind, ...] = ("metric", "estimator", "attack")
"""Kinds that share one name space: what a study can measure."""

BUILT_IN: Mapping[Kind, dict[str, str]] = {
    "scheme": {
        "bitplanes": "imleak.schemes.bitplanes:BitPlanes",
        "recorded": "imleak.schemes.recorded:Recorded",
        "region": "imleak.schemes.region:Region",
        "etc": "imleak.schemes.etc:Etc",
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
        "identity": "imleak.encoders.identity:Identity",
    },
    "metric": {
        "histogram": "imleak.metrics.histogram:Histogram",
        "codelength": "imleak.metrics.codelength:CodeLength",
        "cosine": "imleak.metrics.cosine:Cosine",
        "rounded": "imleak.metrics.rounded:Rounded",
        "psnr": "imleak.metrics.psnr:Psnr",
        "ssim": "imleak.metrics.ssim:Ssim",
        "ms-ssim": "imleak.metrics.msssim:MsSsim",
        "vif": "imleak.metrics.vif:Vif",
        "entropy": "imleak.metrics.entropy:Entropy",
        "correlation": "imleak.metrics.correlation:Correlation",
        "chi-square": "imleak.metrics.chisquare:ChiSquare",
        "npcr": "imleak.metrics.npcr:Npcr",
        "uaci": "imleak.metrics.uaci:Uaci",
        "key-sensitivity": "imleak.metrics.keysensitivity:KeySensitivity",
        "encryption-time": "imleak.metrics.encryptiontime:EncryptionTime",
        "size-change": "imleak.metrics.sizechange:SizeChange",
    },
    "estimator": {
        "mine": "imleak.estimators.mine:Mine",
        "nwj": "imleak.estimators.nwj:Nwj",
        "smile": "imleak.estimators.smile:Smile",
        "infonce": "imleak.estimators.infonce:InfoNce",
        "cca": "imleak.estimators.cca:Cca",
        "cca-infonce": "imleak.estimators.cca:CcaInfoNce",
        "cosine-infonce": "imleak.estimators.cosine:CosineInfoNce",
        "ksg": "imleak.estimators.ksg:Ksg",
        "tabular-mine": "imleak.estimators.tabular:TabularMine",
        "retrieval": "imleak.estimators.retrieval:Retrieval",
        "best": "imleak.estimators.best:Best",
    },
    "attack": {
        "recognise": "imleak.attacks.recognise:Recognise",
        "match": "imleak.attacks.match:Match",
        "confirm": "imleak.attacks.confirm:Confirm",
    },
}

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
    ),
}
"""Names that stand for several measures."""


class UnknownNameError(ImleakError):
    """A name no plugin has; the message lists the known ones."""


class NameCollisionError(ImleakError):
    """Two plugins of one name; both are refused until one is uninstalled."""


@cache
def known(kind: Kind) -> dict[str, str]:
    """Every name of a kind and where its class is, ``module:Class``.

    Raises
    ------
    NameCollisionError
        If an installed package uses a name that is taken. Metrics, estimators and attacks
        share one name space, that of measures.
    """
    found = dict(BUILT_IN[kind])
    taken = dict(found)
    if kind in MEASURES:
        taken = {name: where for one in MEASURES for name, where in BUILT_IN[one].items()}
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
        If there is none; the message lists the known names.
    """
    where = known(kind).get(name)
    if where is None:
        raise unknown(kind, name, known(kind))
    module, _, attribute = where.partition(":")
    loaded: type[Any] = getattr(import_module(module), attribute)
    return loaded


def unknown(kind: str, name: object, names: Mapping[str, Any]) -> UnknownNameError:
    """The error for a name nobody has, with the nearest known one."""
    close = difflib.get_close_matches(str(name), names, n=1)
    guess = f" Did you mean {close[0]!r}?" if close else ""
    return UnknownNameError(f"unknown {kind} {name!r}.{guess} Known: {', '.join(sorted(names))}.")
