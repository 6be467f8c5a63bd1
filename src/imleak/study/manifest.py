"""What was run: enough to run it again."""

import platform
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import plugins
from ..images import Source
from ..interfaces import Level, Scheme
from .ciphers import CipherFile
from .components import Component, has_key, offers
from .defaults import RECORDED
from .parts import Part
from .plan import Gallery, ImageInfo, Omission, Unit
from .public import PublicImages
from .recorded import FORMAT
from .spec import StudySpec
from .unrebuilt import Unrebuilt

PACKAGES = (
    "imleak",
    "numpy",
    "scipy",
    "torch",
    "scikit-image",
    "scikit-learn",
    "pillow",
    "tifffile",
    "imagecodecs",
    "pydicom",
    "onnxruntime",
    "cryptography",
    "pandas",
    "pyarrow",
)

ONE_KEY = (
    "All images were encrypted under one key and one nonce, derived from the seed; what was "
    "measured is the cipher itself, not what a fresh key would leave."
)
NO_KEY = "Nothing was encrypted: the scheme has no key, and nobody can undo it."
THEIRS = "Ciphers were made elsewhere; no key of theirs was known."
KEYS = (
    "Ciphers were measured under keys derived from the seed, so that the run can be repeated. "
    "They protect nothing, and nothing encrypted with them is meant to."
)


@dataclass
class Record:
    """Collects what the manifest of a run says.

    Parameters
    ----------
    spec : the study.
    command : the words of the command line, if it was one.
    noticed : what a reader must know of the images, a line each.
    drawn : units of estimators that were given some of the images.
    whole : encoders of patches that were shown whole images, since none is as large as a patch.
    gallery : other images that attacks looked among.
    public : other images that estimators learned from.
    adversary : that learned elsewhere: which, whether it was used, and by which measures.
    acceptable : bits an image that may leak, to recommend a level for.
    findings : what was found in ciphers that somebody else made, a sentence each.
    unfound : what would have been found in those where nothing was, a line a level.
    unrebuilt : which images are missing from what is measured of rebuilt images.
    """

    spec: StudySpec
    command: Sequence[str] | None = None
    images: Sequence[ImageInfo] = ()
    levels: Sequence[Level] = ()
    left_out: Sequence[Omission] = ()
    noticed: Sequence[str] = ()
    drawn: Sequence[Unit] = ()
    whole: Collection[Component] = ()
    gallery: Gallery = field(default_factory=Gallery)
    public: PublicImages = field(default_factory=PublicImages)
    adversary: dict[str, Any] = field(default_factory=dict)
    acceptable: float | None = None
    findings: list[str] = field(default_factory=list)
    unfound: list[str] = field(default_factory=list)
    unrebuilt: Unrebuilt = field(default_factory=Unrebuilt)
    started: str = field(default_factory=lambda: now())
    finished: str | None = None
    units: dict[str, int] = field(default_factory=dict)

    def count(self, unit: Unit, part: Part) -> None:
        """Note what became of a unit."""
        self.unrebuilt.count(unit, part)
        self.units["all"] = self.units.get("all", 0) + 1
        self.units["failed"] = self.units.get("failed", 0) + (part.error is not None)

    def finish(self) -> None:
        """Note the end of the run."""
        self.finished = now()
        self.units = {"all": 0, "failed": 0} | self.units

    def manifest(self) -> dict[str, Any]:
        """What is written to manifest.json."""
        components = (
            self.spec.scheme_component(),
            *self.spec.encoder_components(),
            *(self.spec.rebuilder_components() if self.spec.rebuilds else ()),
            *self.spec.measure_components(),
        )
        return {
            "format": FORMAT,
            "spec": self.spec.model_dump(mode="json"),
            "command": None if self.command is None else list(self.command),
            "started": self.started,
            "finished": self.finished,
            "scheme": _scheme(self.spec),
            "levels": [asdict(level) for level in self.levels],
            "components": [
                _component(component) | ({"input_size": "image"} if component in self.whole else {})
                for component in components
            ],
            "warnings": [*self.noticed, *warnings(self.spec), *_subsampled(self.spec, self.drawn)],
            "subsamples": [_subsample(unit) for unit in self.drawn],
            "images": [_image(info) for info in self.images],
            "gallery": {"images": len(self.gallery.images), "digest": self.gallery.digest},
            "public": {
                "found": self.public.found,
                "copies": self.public.copies,
                "images": [_image(info) for info in self.public.others.images],
            },
            "adversary": self.adversary,
            "acceptable": self.acceptable,
            "left_out": [dict(each) for each in dict.fromkeys(map(_left_out, self.left_out))],
            "units": self.units,
            "keys": _KEYS[_keys(self.spec)],
            "versions": versions(),
            "findings": self.findings,
            "unfound": self.unfound,
            "unrebuilt": list(self.unrebuilt.told(self.spec)),
        }


def warnings(spec: StudySpec) -> Iterator[str]:
    """What a reader of the results must know before their numbers."""
    for one in spec.parts():
        if plugins.is_adopted(one.kind, one.name):
            made = type(one.build())
            yield (
                f"{one.name} is {made.__module__}.{made.__qualname__}, an object of the process "
                "that made this run; nothing continues it by that name."
            )
    for encoder in spec.encoder_components():
        if not encoder.trained:
            yield (
                f"{encoder.title} has random weights: it never saw an image, and is a control "
                "that tells what of a leak the architecture sees without training."
            )


def _scheme(spec: StudySpec) -> dict[str, Any]:
    """What is encrypted, in words."""
    scheme: Scheme = spec.scheme_component().build()
    words = ("name", "axis", "clear_part", "hidden_part")
    return {word: getattr(scheme, word) for word in words} | {
        "recorded": spec.scheme.name == RECORDED,
        "keys": _keys(spec),
    }


_KEYS = {"image": KEYS, "one": ONE_KEY, "none": NO_KEY, "theirs": THEIRS}


def _keys(spec: StudySpec) -> str:
    """Whose keys the ciphers were made with."""
    if spec.ciphers:
        return "theirs"
    return spec.keys if has_key(spec.scheme_component()) else "none"


def _subsampled(spec: StudySpec, units: Sequence[Unit]) -> Iterator[str]:
    """What --max-samples has left of the images, in a line."""
    counts = dict.fromkeys((len(unit.images), unit.drawn_from) for unit in units)
    if counts:
        shares = " or ".join(f"{count:,} of {whole:,}" for count, whole in counts)
        yield (
            f"Estimators were given at most {spec.max_samples:,} samples: {shares} images, whole "
            "ones, drawn by the seed and their digests."
        )


def _subsample(unit: Unit) -> dict[str, Any]:
    return {
        "measure": unit.measure.title,
        "encoder": unit.question.title,
        "images": len(unit.images),
        "of": unit.drawn_from,
    }


def revived_images(entries: Sequence[Mapping[str, Any]]) -> list[ImageInfo]:
    """The images that a manifest names, without where they are."""
    return [
        ImageInfo(
            image["name"],
            Source(image["name"], Path()),
            image["digest"],
            image["channels"],
            image["height"],
            image["width"],
            image["bits"],
            group=image["group"],
            ciphers=tuple(
                CipherFile(int(level), Source(image["name"], Path()), digest)
                for level, digest in image["ciphers"].items()
            ),
        )
        for image in entries
    ]


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Versions of Python, of us and of what numbers depend on; what is missing is left out."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _component(component: Component) -> dict[str, Any]:
    """What a component is, with the value of every option; of an encoder also what it takes: 224,
    "image" or None; of an estimator that it fits nothing but a scale, if so."""
    named = {"title": component.title, "settings": component.settings}
    known = component.identity | component.facts | named
    if component.kind == "encoder":
        return known | {"input_size": component.build().input_size}
    return known | ({"fits_scale": True} if offers(component, "fits_scale") else {})


def _image(info: ImageInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "digest": info.digest,
        "height": info.height,
        "width": info.width,
        "channels": info.channels,
        "bits": info.bits,
        "group": info.group,
        "ciphers": {str(file.level): file.digest for file in info.ciphers},
        "notes": list(info.notes),
    }


def _left_out(omission: Omission) -> tuple[tuple[str, str | None], ...]:
    """Alike for every protocol of a measure."""
    return (
        ("name", omission.image),
        ("why", omission.why),
        ("measure", omission.measure.name if omission.measure else None),
        ("encoder", omission.question.title if omission.question else None),
    )
