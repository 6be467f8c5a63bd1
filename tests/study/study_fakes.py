"""Small plugins whose answers can be computed by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from imleak.interfaces import (
    Features,
    ImleakError,
    LinkagePoint,
    Measurement,
    Null,
    Observation,
    PairedSamples,
    Samples,
    WholeImages,
)


class Corners:
    """An encoder whose vector is the first samples of an image; counts what it is shown."""

    name = "corners"
    version = "1"
    input_size: int | None = 8
    dimension = 4
    digest = "0" * 64
    shown: list[int] = []  # noqa: RUF012

    def encode(self, images: Samples, bits: int) -> Features:
        Corners.shown.append(len(images))
        if int(images.max()) == 255 and bits == 8 and Corners.fails_on_white:
            raise ImleakError("does not like white")
        return images[:, 0, 0, :4].astype(np.float32)

    fails_on_white = False


class Middles:
    """Another encoder of patches of the same size, of other samples and dimension."""

    name = "middles"
    version = "1"
    input_size: int | None = 8
    dimension = 3
    digest = "1" * 64
    shown: list[int] = []  # noqa: RUF012

    def encode(self, images: Samples, bits: int) -> Features:
        Middles.shown.append(len(images))
        return images[:, 0, 4, 2:5].astype(np.float32)


class Large(Middles):
    """An encoder of patches of another size."""

    name = "large"
    input_size = 12


class Pupil:
    """A trainable encoder: learns the mean of its target, and adds the first sample."""

    name = "pupil"
    version = "1"
    input_size: int | None = 8
    dimension = 1
    digest = "2" * 64
    watched: list[Samples] = []  # noqa: RUF012
    taught: list[tuple[int, int]] = []  # noqa: RUF012

    def encode(self, images: Samples, bits: int) -> Features:
        raise ImleakError("as a view")

    def watch(self, images: Samples, bits: int, groups: np.ndarray) -> Callable[..., Features]:
        Pupil.watched.append(images)

        def view(x: Features, train: np.ndarray, validation: np.ndarray, seed: int) -> Features:
            Pupil.taught.append((len(train), seed))
            return (images[:, :, 0, 0, :1] + x[train].mean()).astype(np.float32)

        return view


class Rows:
    """An estimator that counts: value is the number of rows plus the level's position."""

    name = "rows"
    version = "1"
    bound = "lower"
    seen: list[PairedSamples] = []  # noqa: RUF012

    protocol = "in-sample"

    def __init__(self, epochs: int = 2, offset: float = 0.0) -> None:
        self.epochs, self.offset = epochs, offset

    def estimate(
        self,
        samples: PairedSamples,
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> Sequence[Measurement]:
        Rows.seen.append(samples)
        if progress:
            progress(0.5)
        return [
            Measurement(
                value=len(samples.x) + level + self.offset,
                bound="lower",
                estimator=self.name,
                protocol=self.protocol,
                interval=(-1.0, float(level)),
                history=tuple(float(epoch) for epoch in range(self.epochs)),
                train_groups=len(np.unique(samples.groups)),
                n=len(samples.x),
            )
            for level in range(len(samples.y))
        ]


class Twofold(Rows):
    """The same with a choice of protocol; held out it needs a fold an image at least."""

    name = "twofold"

    def __init__(self, protocol: str = "held-out", epochs: int = 2, folds: int = 2) -> None:
        if protocol not in ("in-sample", "held-out"):
            raise ImleakError(f"no protocol {protocol!r}")
        super().__init__(epochs)
        self.protocol, self.folds = protocol, folds

    def estimate(self, samples: PairedSamples, **options: Any) -> Sequence[Measurement]:
        if self.protocol == "held-out" and len(np.unique(samples.groups)) < self.folds:
            raise ImleakError("too few to hold any out")
        return super().estimate(samples, **options)


class Keenest(Rows):
    """Chooses the view whose name is longest."""

    name = "keenest"
    seen: list[dict[str, PairedSamples]] = []  # noqa: RUF012

    def choose(
        self, views: Mapping[str, PairedSamples], *, seed: int = 0, progress: object = None
    ) -> Sequence[Measurement]:
        Keenest.seen.append(dict(views))
        name = max(views, key=len)
        found = super().estimate(views[name], seed=seed)
        return [replace(estimate, chosen=name) for estimate in found]


class Teacher(Rows):
    """Holds out the last row of all; its value is the first vector of the view."""

    name = "teacher"
    holds_out = True

    def estimate(self, samples: PairedSamples, **options: Any) -> Sequence[Measurement]:
        count = len(samples.x)
        y = samples.y
        if samples.learned:
            y = samples.learned(samples.x, np.arange(count - 2), np.array([count - 2]), 7)
        found = super().estimate(samples, **options)
        return [replace(e, value=float(v[0, 0])) for e, v in zip(found, y, strict=True)]


class Scholar(Teacher):
    """The same, of public images too: a trained view is taught by them."""

    name = "scholar"
    takes_public = True

    def estimate(self, samples: PairedSamples, **options: Any) -> Sequence[Measurement]:
        if samples.learned and samples.public:
            x = np.concatenate([samples.x, samples.public.x])
            made = samples.learned(x, np.arange(len(x) - 2), np.array([0]), 7)
            assert made.shape[1] == len(x)
        return super().estimate(samples, **options)


class Breaks:
    """An estimator with a bug."""

    name = "breaks"
    version = "1"
    bound = "none"

    def estimate(self, samples: PairedSamples, **_: object) -> Sequence[Measurement]:
        raise ZeroDivisionError("of course")


class Brightness:
    """A metric of pixels: the mean of the clear part; refuses white images."""

    name = "brightness"
    version = "1"
    unit = "grey level"
    bound = "none"
    space = "pixels"
    calls = 0

    def measure(self, observation: Observation) -> list[Measurement]:
        Brightness.calls += 1
        if observation.plain.min() == 255:
            raise ImleakError("too bright")
        return [
            Measurement(
                float(observation.clear(level).mean()), self.bound, level=level, unit=self.unit
            )
            for level in observation.levels
        ]


class Likeness:
    """A metric of features: how many of them are equal."""

    name = "likeness"
    version = "1"
    unit = "1"
    bound = "none"
    space = "features"

    def measure(self, observation: Observation) -> list[Measurement]:
        return [
            Measurement(
                float(np.mean(observation.clear_features(level) == observation.plain_features)),
                self.bound,
                level=level,
                unit=self.unit,
            )
            for level in observation.levels
        ]


class Sides:
    """An encoder of whole images: height, width and first sample of each."""

    name = "sides"
    version = "1"
    input_size = "image"
    dimension = 3
    digest = "3" * 64

    def encode(self, images: Samples, bits: int) -> Features:
        height, width = images.shape[-2:]
        return np.array([[height, width, one[0, 0, 0]] for one in images], np.float32)


class Looks:
    """An attack that keeps what it is given; its quantities are how many images there are."""

    name = "looks"
    version = "1"
    copies = ("crop",)
    clear_copies = ("half",)
    takes_gallery = True
    seen: list[dict[str, WholeImages]] = []  # noqa: RUF012

    def judge(self, spaces: Mapping[str, WholeImages], *, seed: int = 0) -> Sequence[Measurement]:
        Looks.seen.append(dict(spaces))
        first = next(iter(spaces.values()))
        others = 0 if first.gallery is None else len(first.gallery)
        return [
            Measurement(
                level=level,
                quantity=quantity,
                value=value,
                unit="share",
                bound="none",
                interval=(0.0, 9.0),
                null=Null(0.25, 0.5),
                ceiling=9.0,
                verdict="leak",
                n=len(first.plain),
                chosen="sides",
                details={"seed": seed},
                linkage=(LinkagePoint(len(first.plain) + others, value, (0.0, 9.0)),),
            )
            for level in first.levels
            for quantity, value in (("images", float(len(first.plain))), ("others", float(others)))
        ]


class Brings(Looks):
    """The same with an encoder of its own, and without copies and gallery."""

    name = "brings"
    encoders = ("sides",)
    copies = clear_copies = ()
    takes_gallery = False
