"""What the parts of imleak agree on: frozen dataclasses and Protocols.

This module imports nothing else of the package, so that a scheme, an encoder, a
metric or an estimator can be read, and written, without knowing the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.unsignedinteger[Any]]
"""Integer samples of a picture, (C, H, W), uint8 or uint16."""

Features: TypeAlias = NDArray[np.float32]
"""Vectors of an encoder, (n, d)."""

Bound = Literal["exact", "lower", "upper", "none"]
"""What a number is to the quantity it speaks of."""

Evaluation = Literal["per-image", "in-sample", "held-out", "zero-shot"]
"""How a number was obtained: from one image alone, from the samples the critic was
trained on, from images it never saw, or by an adversary that learned from none of them."""

Verdict = Literal["leak", "no leak found", "saturated", "unreliable"]

Change = Literal["key", "plain"]
"""What is changed, by one bit, before a picture is encrypted again."""

Space = Literal["pixels", "features"]
"""What a metric looks at: the samples of a picture, or the vectors of an encoder."""


class ImleakError(Exception):
    """An error of the user's making or of the outside world: one line that says what
    would have worked. Shown without a traceback."""


class ImageError(ImleakError):
    """A picture that cannot be read or measured; in a run it becomes a row."""


class NotInstalledError(ImleakError):
    """A plugin whose package is missing; the message says how to get it."""


@dataclass(frozen=True, eq=False)
class Image:
    """A picture as integer samples.

    Parameters
    ----------
    name : what the user calls it: the file's name, or the generator's.
    digest : SHA-256 (hex) of shape, depth and samples: the same picture has the same
        digest, wherever its file lies.
    samples : (C, H, W) uint8 or uint16; C is 1 (grey) or 3 (RGB).
    bits : B, the bits a sample uses, 1..16.
    notes : what reading changed ("alpha dropped", "rotated by EXIF").
    """

    name: str
    digest: str
    samples: Samples
    bits: int
    notes: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        return int(self.samples.shape[1])

    @property
    def width(self) -> int:
        return int(self.samples.shape[2])


class Keystream(Protocol):
    """A fresh source of key bytes for one picture."""

    def take(self, count: int, *, scheme: str, level: int, channel: int) -> NDArray[np.uint8]:
        """`count` bytes under the subkey of (scheme, level, channel): always the same
        ones for the same arguments."""
        ...


@runtime_checkable
class Scheme(Protocol):
    """What is encrypted: one selective encryption at its levels.

    A level is an integer whose meaning is the scheme's; level 0 encrypts nothing.
    """

    name: str
    version: str

    def levels(self, bits: int) -> range:
        """Every level for samples of `bits` bits."""
        ...

    def encrypt(self, plain: Samples, bits: int, level: int, keystream: Keystream) -> Samples:
        """The cipher, same shape and type as `plain`."""
        ...

    def decrypt(self, cipher: Samples, bits: int, level: int, keystream: Keystream) -> Samples:
        """The inverse of :meth:`encrypt` under the same keystream."""
        ...

    def clear(self, cipher: Samples, bits: int, level: int) -> Samples:
        """What an adversary without the key can use of the cipher; the same for every
        key. Same shape and type as `cipher`."""
        ...

    def table(self, bits: int, level: int) -> Samples | None:
        """The clear sample of every plain sample value, (2**bits,), for a scheme that
        works sample by sample; None for one that does not."""
        ...

    def size(self, bits: int, level: int) -> int | None:
        """Number of values a clear sample can take, the |Y| of equation (7); None where
        it is not known."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """The space a leak is measured in: turns pictures into vectors.

    `input_size` is the side in pixels of the square input; "image" for an encoder of whole
    images, which takes them at their own size, neither cut nor resized; None for the encoder
    of scalar pixels, whose rows are single samples and which cannot be called.
    `digest` identifies weights and preprocessing (SHA-256, hex).
    """

    name: str
    version: str
    input_size: int | Literal["image"] | None
    dimension: int
    digest: str

    def encode(self, pictures: Samples, bits: int) -> Features:
        """Vectors (n, dimension) of pictures (n, C, input_size, input_size) of `bits`-bit
        samples, C = 1 (grey, repeated where the network wants colour) or 3; of whole images
        (n, C, H, W) of any one size."""
        ...


@runtime_checkable
class Classifier(Encoder, Protocol):
    """An encoder that also says what its vectors are of."""

    def scores(self, vectors: Features) -> Features:
        """Class scores (n, classes), the highest for the likeliest class, of vectors (n, d)
        that it made."""
        ...


@dataclass(frozen=True, eq=False)
class Observation:
    """One picture at all its levels, as a metric sees it.

    Cipher and clear part are functions of the level, so that a large picture is never
    held at all levels at once.

    Parameters
    ----------
    plain : (C, H, W) samples.
    bits : B.
    levels : the levels asked for, rising.
    clear : level -> (C, H, W) clear part.
    cipher : level -> (C, H, W) cipher.
    table : level -> (2**bits,) clear sample of every plain sample value, or None for a
        scheme that does not work sample by sample.
    size : level -> number of values a clear sample can take, or None.
    plain_features, clear_features : (d,) and level -> (d,) vectors of the whole picture
        resized to the encoder's input; None for a metric of pixels.
    seed : of anything random in the metric.
    again : (level, change) -> the cipher after one bit is changed: of the key, or of the
        sample in the middle of the plain picture (which then has another nonce, as every
        picture has); None where nothing can be encrypted again.
    """

    plain: Samples
    bits: int
    levels: tuple[int, ...]
    clear: Callable[[int], Samples]
    cipher: Callable[[int], Samples]
    table: Callable[[int], Samples | None]
    size: Callable[[int], int | None]
    plain_features: NDArray[np.float32] | None = None
    clear_features: Callable[[int], NDArray[np.float32]] | None = None
    seed: int = 0
    again: Callable[[int, Change], Samples] | None = None


@dataclass(frozen=True)
class Reading:
    """One number of one picture at one level.

    Parameters
    ----------
    level : s.
    value : in the metric's unit.
    part : which part of the encrypted picture was compared with the plain one.
    ceiling : a value this number cannot exceed, same unit; None where there is none.
    exact : the exact value, where it is known beside an estimate.
    """

    level: int
    value: float
    part: Literal["clear", "cipher"] = "clear"
    ceiling: float | None = None
    exact: float | None = None


@runtime_checkable
class Metric(Protocol):
    """Measured on one picture at a time, all levels in one call.

    A metric comes as a class; its constructor's keyword arguments are its options, each
    with a default.
    """

    name: str
    version: str
    unit: str
    bound: Bound
    space: Space

    def measure(self, observation: Observation) -> list[Reading]:
        """Readings of every level (and part) of one picture."""
        ...


class LearnedView(Protocol):
    """A view that is trained, and therefore another on every split."""

    def __call__(
        self,
        x: NDArray[np.float32],
        train: NDArray[np.int64],
        validation: NDArray[np.int64],
        seed: int,
    ) -> NDArray[np.float32]:
        """(L, n, dy) vectors of all rows, of a network trained on the rows `train` to tell
        their x and stopped by the rows `validation`. It never looks at x of other rows."""
        ...


@runtime_checkable
class TrainableEncoder(Encoder, Protocol):
    """A way to look at clear parts that is learned from them. It can be a view, never a
    target: :meth:`encode` refuses."""

    def seconds(self, levels: int, rows: int) -> float:
        """Seconds one training will take on one core, from a few steps of it."""
        ...

    def watch(self, pictures: Samples, bits: int, groups: NDArray[np.int64]) -> LearnedView:
        """The view of these clear parts.

        Parameters
        ----------
        pictures : (L, n, C, input_size, input_size) clear parts at L levels.
        bits : B of their samples.
        groups : (n,) which picture a row comes from.
        """
        ...


@dataclass(frozen=True, eq=False)
class PairedSamples:
    """Rows of target and view, pooled over pictures.

    Parameters
    ----------
    x : (n, dx) float32 target, from the plain picture.
    y : (L, n, dy) float32 view, from the clear part at L levels; (L, n, 0) of one that is
        trained.
    groups : (n,) integers: which picture a row comes from.
    weights : (n,) how often a row occurs, for rows that stand for many equal ones (the
        values of scalar pixels, counted); None where every row counts once.
    sizes : per level, the number of values a view can take; None where unknown.
    learned : what makes y on every split, for a view that is trained.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    groups: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None
    sizes: tuple[int | None, ...] | None = None
    learned: LearnedView | None = None


@dataclass(frozen=True)
class Null:
    """What the same estimator says of pairs broken across pictures, in bits."""

    mean: float
    p95: float
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class GrowthPoint:
    """The estimate with fewer training pictures, the same test pictures."""

    train_groups: int
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """An estimate of I(X; Y) at one level, in bits.

    Parameters
    ----------
    value : the estimate; negative values are shown as they are.
    bound : what the number is to I(X; Y).
    estimator, protocol : who said it, and on which samples.
    interval : 95 % interval of `value`, or None where the protocol has none.
    null : the same on broken pairs, or None.
    ceiling : the most this estimator could have said of these samples.
    exact : the exact value, where the samples allow it.
    verdict : see docs/method.md; None for an in-sample estimate.
    detectable : the smallest planted leak that is found, or None if not asked for.
    growth, rising : the estimate against training pictures, and whether it still rises.
    history : value after every epoch (in-sample) or check.
    train_groups, test_groups, n : size of the adversary and of the test.
    chosen : for a choice among estimators, the one that was chosen.
    details : further figures by name.
    """

    value: float
    bound: Bound
    estimator: str
    protocol: Evaluation
    interval: tuple[float, float] | None = None
    null: Null | None = None
    ceiling: float | None = None
    exact: float | None = None
    verdict: Verdict | None = None
    detectable: float | None = None
    growth: tuple[GrowthPoint, ...] = ()
    rising: bool | None = None
    history: tuple[float, ...] = ()
    train_groups: int | None = None
    test_groups: int | None = None
    n: int = 0
    seeds: int = 1
    chosen: str | None = None
    details: Mapping[str, float] = field(default_factory=dict)
    unit: str = "bit"


@runtime_checkable
class Estimator(Protocol):
    """Measured on the pooled samples of all pictures, all levels in one call.

    An estimator comes as a class; its constructor's keyword arguments are its options,
    each with a default.
    """

    name: str
    version: str
    bound: Bound

    def estimate(
        self,
        samples: PairedSamples,
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> Sequence[Estimate]:
        """One estimate a level. `progress` is told the share done, 0..1."""
        ...


@runtime_checkable
class ChoosesView(Estimator, Protocol):
    """An estimator that, of several views of one target, takes the one an adversary would."""

    def choose(
        self,
        views: Mapping[str, PairedSamples],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> Sequence[Estimate]:
        """One estimate a level, over views by name that differ in `y` alone. What is
        chosen is chosen without the rows that are tested."""
        ...


@dataclass(frozen=True, eq=False)
class WholeImages:
    """A vector of every whole image and of its clear parts, in the space of one encoder.

    Parameters
    ----------
    levels : (L,) of the clear parts, rising.
    plain : (n, d) float32, of the plain images.
    clear : (L, n, d) float32, of their clear parts.
    groups : (n,) integers: images of one group show the same and are not told apart.
    copies : by name (n, d), of copies of the plain images, such as "jpeg-75"; the names are
        those of :data:`imleak.images.COPIES`.
    clear_copies : by name (L, n, d), of the clear parts of such copies.
    gallery : (m, d) of other images, which an adversary has beside the plain ones; it may
        lie on disk.
    scores : class scores (n, classes) of vectors (n, d), where the encoder is a classifier.
    """

    levels: tuple[int, ...]
    plain: NDArray[np.float32]
    clear: NDArray[np.float32]
    groups: NDArray[np.int64]
    copies: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    clear_copies: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    gallery: NDArray[np.float32] | None = None
    scores: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None


@dataclass(frozen=True)
class LinkagePoint:
    """A measurement among so many candidates."""

    among: int
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Measurement:
    """One quantity that an attack measured on all images at one level.

    Parameters
    ----------
    level : s.
    quantity : what was measured: "rank-1", "top-5", "bits (Fano)".
    value : in `unit`; negative bits are shown as they are.
    unit : "share" or "bit/image".
    bound : what the number is to the information an image leaks; "none" of a share.
    interval : 95 % interval of `value` over images.
    null : the same of pairs that are broken across images, in `unit`.
    ceiling : the most it could have been.
    verdict : see docs/method.md.
    n : images it was measured on.
    chosen : the space it was measured in, where there were several.
    details : further figures by name.
    linkage : the same among fewer candidates and among more, of a gallery.
    """

    level: int
    quantity: str
    value: float
    unit: Literal["share", "bit/image"]
    bound: Bound
    interval: tuple[float, float]
    null: Null
    ceiling: float
    verdict: Verdict
    n: int
    chosen: str | None = None
    details: Mapping[str, float] = field(default_factory=dict)
    linkage: tuple[LinkagePoint, ...] = ()


@runtime_checkable
class Attack(Protocol):
    """What an adversary that learned from none of the images does with their clear parts, on
    all images and levels in one call.

    An attack comes as a class; its constructor's keyword arguments are its options, each
    with a default. It may have these attributes besides:

    - ``encoders``: the encoders it brings, as a user writes them (``"clip=random:0"``); else
      it sees the images through those of the study, and is asked once for all of them;
    - ``copies``, ``clear_copies``: names of the copies it holds, or of those whose clear parts
      it looks at, see :class:`WholeImages`; a mapping from the names of encoders to names of
      copies, where not every encoder sees all of them;
    - ``needs_scores``: whether its encoders must be classifiers, see :class:`Classifier`;
    - ``takes_gallery``: whether it looks among the images of a gallery too.
    """

    name: str
    version: str

    def judge(self, spaces: Mapping[str, WholeImages], *, seed: int = 0) -> Sequence[Measurement]:
        """Every quantity at every level. The spaces are of the same images in the same
        order, by the title of their encoder."""
        ...
