"""A study.toml to begin with: every field, its default or what suits such images, and a comment."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..interfaces import ImleakError

_BEST: Mapping[str, Any] = {"name": "best", "seeds": 1, "optional": True}
_ATTRIBUTES: Mapping[str, Any] = {
    "name": "attributes",
    "seeds": 1,
    "given": False,
    "optional": True,
}
_REBUILD: Mapping[str, Any] = {"name": "rebuild", "optional": True}
_ZERO_SHOT = [{"name": name, "optional": True} for name in ("recognise", "match", "confirm")]

PRESETS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "photos": (
        "photographs, of the size that cameras and telephones make",
        {
            "sources": ["photos"],
            "scheme": "bitplanes",
            "encoders": ["efficientnet-lite0"],
            "measures": [
                *("histogram", "codelength", "psnr", "ssim", "vif"),
                *(_REBUILD, *_ZERO_SHOT, _BEST, _ATTRIBUTES),
            ],
            "patches": 10,
            "seed": 0,
        },
    ),
    "thumbnails": (
        "images smaller than the input of a network, 224x224: patches of 32x32, and whole images",
        {
            "sources": ["thumbnails"],
            "scheme": "bitplanes",
            "encoders": [{"name": "pixels", "size": 16, "patch": 32}],
            "measures": ["histogram", "codelength", "psnr", "ssim", *_ZERO_SHOT[1:], _BEST],
            "patches": 4,
            "seed": 0,
        },
    ),
    "medical": (
        "images of patients, a folder each, of which none may be trained and tested on",
        {
            "sources": ["images"],
            "colour": False,
            "scheme": "bitplanes",
            "encoders": ["efficientnet-lite0"],
            "measures": ["histogram", "codelength", "reviewers", _REBUILD, *_ZERO_SHOT, _BEST],
            "group_by": "folder",
            "patches": 10,
            "seed": 0,
            "growth": True,
            "sensitivity": True,
        },
    ),
    "pairs": (
        "images and ciphers that somebody else made of them, matched by name",
        {
            "sources": ["plain"],
            "ciphers": {"cipher": "ciphers"},
            "encoders": ["efficientnet-lite0"],
            "measures": ["inspect", "histogram", "psnr", "ssim", *_ZERO_SHOT, _BEST],
            "patches": 10,
            "seed": 0,
        },
    ),
}
"""What each is for, and the fields that it sets."""

COMMENTS: Mapping[str, tuple[str, object]] = {
    "sources": ("Files, folders, globs, or dead-leaves:COUNTxHEIGHTxWIDTH.", ["photos"]),
    "largest": ("Keep the N images of highest resolution; else all.", 100),
    "limit": ("Keep the first N images; else all.", 100),
    "frames": ("Images taken of a GIF, TIFF or video that holds several; else the first.", 3),
    "annotations": ("COCO instances_*.json to take sizes from when ranking.", "instances.json"),
    "colour": ("Measure every channel; else the luma.", False),
    "bits": ("Bits a sample uses, where the file cannot say: 12 that are stored in 16.", 12),
    "max_pixels": ("Refuse images with more, before they are decoded.", 200_000_000),
    "jpeg_quality": ("Compress what is no JPEG file first, for schemes on coefficients.", 90),
    "scheme": ("What is encrypted: bitplanes, region, etc; see imleak list.", "bitplanes"),
    "levels": ('How much of it: "0-8", or [0, 2, 4]; else every level.', "0-8"),
    "encoders": (
        'Spaces to measure in: "NAME", "NAME=VALUE", or {name = "clip", weights = "..."}.',
        ["efficientnet-lite0"],
    ),
    "target": ("What an adversary wants to know of the plain image, beside encoders.", "layout"),
    "views": ("How it looks at the clear part: with target, an encoder or several.", ["layout"]),
    "view_rebuilt": ("Look at the rebuilt image too, through every encoder.", False),
    "rebuilder": ("What makes images of clear parts; else the first that can.", "smooth"),
    "rebuild_images": ('Most images that are rebuilt, or "all".', 12),
    "measures": (
        "What to measure; optional ones are left out where the images do not suffice.",
        ["histogram", "match"],
    ),
    "gallery": ("Other images, among which match has to find the right image.", ["others"]),
    "adversary_images": ("Public images, which an adversary learns from too.", ["others"]),
    "ciphers": ("Folders of ciphers that somebody else made: a level each.", {"label": "folder"}),
    "adversary": ("What learned elsewhere: a file of adversary train, shipped or none.", "shipped"),
    "keys": ("A key for every image, or one for all.", "image"),
    "group_by": (
        "folder, patient, study, csv:FILE or regex:PATTERN: images of one group are never both "
        "trained and tested on.",
        "folder",
    ),
    "patches": ("Places an image is cut at, for estimators on features.", 10),
    "max_samples": ("Most rows an estimator is given; above, whole images are drawn.", 100_000),
    "seed": ("Of every random choice: patches, keys, folds, bootstraps.", 0),
    "epochs": ("Epochs to train, of mine and tabular-mine.", 100),
    "protocol": (
        "in-sample (the paper's) or held-out; else both, where there is a choice.",
        "held-out",
    ),
    "seeds": ("Repetitions of every estimator, with other splits.", 5),
    "folds": ("Folds of cross-fitting.", 5),
    "growth": ("Estimate with fewer training images too.", False),
    "sensitivity": ("Find the smallest planted leak that would be seen.", False),
    "round_to": ("Step of rounded features, of the measure rounded.", 1.0),
    "device": ("Where networks run: cpu, cuda, cuda:1.", "cpu"),
    "precision": ("Of products of matrices: auto, fp32, bf16, fp16.", "auto"),
    "window": (
        "Samples that networks see as black and white: full, percentile, 2048/4096.",
        "full",
    ),
}
"""Of every field what it is, and a value as it is written where a preset says nothing."""


class PresetError(ImleakError):
    """Images that there is no preset for."""


def study_toml(name: str) -> str:
    """The study.toml of a preset. Raises PresetError if there is none of this name."""
    if name not in PRESETS:
        raise PresetError(f"no preset {name!r}; give one of {', '.join(PRESETS)}")
    words, given = PRESETS[name]
    lines = [
        f"# A study of {words}.",
        "# imleak audit --config study.toml -o run1; options of the command replace its fields.",
        "# Lines that begin with # are not read: they show what there is, with a value.",
    ]
    for field, (comment, example) in COMMENTS.items():
        mark, value = ("", given[field]) if field in given else ("# ", example)
        lines += ["", f"# {comment}", *(f"{mark}{line}" for line in _assigned(field, value))]
    return "\n".join(lines) + "\n"


def _assigned(name: str, value: Any) -> list[str]:
    """``name = value``; of a list of several, a line each."""
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 1:
        return [f"{name} = [", *(f"  {_toml(one)}," for one in value), "]"]
    return [f"{name} = {_toml(value)}"]


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)  # of text, numbers and truth the same
