"""What the parts of imleak agree on: frozen dataclasses and Protocols.

This module imports nothing else of the package, so that a scheme, an encoder, a
metric or an estimator can be read, and written, without knowing the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.unsignedinteger[Any]]
"""Integer samples of an image, (C, H, W), uint8 or uint16."""
Features: TypeAlias = NDArray[np.float32]
"""Vectors of an encoder, (n, d)."""
Blocks: TypeAlias = NDArray[np.int16]
"""Quantised DCT coefficients of one component of a JPEG file, (h, w, 8, 8): block row, block
column, vertical and horizontal frequency."""
Bound = Literal["exact", "lower", "upper", "none"]
"""What a number is to the quantity it speaks of."""
Evaluation = Literal["per-image", "in-sample", "held-out", "training-free", "zero-shot"]
"""How a number was obtained: from one image alone, from the samples the critic was
trained on, from images it never saw, from all samples where nothing is trained, or by an
adversary that learned from none of the images."""

Verdict = Literal["leak", "no leak found", "saturated", "unreliable"]

LARGEST_PLANTED = 4.0
"""Bits of the largest leak that is planted to find the smallest one that would be seen."""


def check_acceptable(bits: float | None) -> None:
    """Raises ImleakError unless a leak that is acceptable is a number of bits, or None."""
    if bits is not None and not 0 <= bits < math.inf:
        raise ImleakError(f"acceptable={bits}: give a number of bits, 0 or more")


Change = Literal["key", "plain"]
"""What is changed, by one bit, before an image is encrypted again."""
Space = Literal["pixels", "features"]
"""What a metric looks at: the samples of an image, or the vectors of an encoder."""


class ImleakError(Exception):
    """An error of the user's making or of the outside world: one line that says what
    would have worked. Shown without a traceback."""


class ImageError(ImleakError):
    """An image that cannot be read or measured; in a run it becomes a row."""


class NotInstalledError(ImleakError):
    """A plugin whose package is missing; the message says how to get it."""


@dataclass(frozen=True, eq=False)
class Coefficients:
    """What a JPEG file holds: its quantised coefficients, as they are stored.

    They are those of the file, before the turn that EXIF may ask for, and of all its
    components, whatever channels were read.

    Parameters
    ----------
    components : blocks of Y, or of Y, Cb and Cr; with the blocks beyond the right and bottom
        edge that fill up an MCU, where the file codes them.
    order : of every component, (n,) numbers of its blocks in raster order, in the order in
        which the file codes their DC.
    starts : of every component, (n,) whether the prediction of DC starts anew at this place of
        the order, as it does at the beginning and after a restart marker.
    low_bits : how many of the least significant bits of DC a progressive file codes apart,
        without prediction; 0 of any other.
    render : blocks of every component -> the samples that a decoder makes of them, of the
        form of those that were read. DC out of range is limited to it.
    recompress : samples of any size -> the image of these, compressed with the same tables.
    coded_size : blocks of every component -> bytes of a JPEG file of these alone, sequential,
        with the tables and the sampling of this one and Huffman codes of its own.
    tables : of every component, (8, 8) steps of quantisation.
    secret : what a scheme takes out of the coefficients and keeps beside them, encrypted.
    """

    components: tuple[Blocks, ...]
    order: tuple[NDArray[np.intp], ...]
    starts: tuple[NDArray[np.bool_], ...]
    low_bits: int
    render: Callable[[Sequence[Blocks]], Samples]
    recompress: Callable[[Samples], Raster]
    coded_size: Callable[[Sequence[Blocks]], int]
    tables: tuple[NDArray[np.uint16], ...]
    secret: bytes = b""


@dataclass(frozen=True, eq=False)
class FileCode:
    """A JPEG file as a code of the samples that were read from it.

    Parameters
    ----------
    size : bytes of the code.
    samples : what is read from the file that is decoded from it, of the form of those that
        were read.
    """

    size: int
    samples: Samples


@dataclass(frozen=True, eq=False)
class Raster:
    """Integer samples: those of a plain image, or of a cipher.

    Parameters
    ----------
    samples : (C, H, W) uint8 or uint16; C is 1 (grey) or 3 (RGB).
    bits : B, the bits a sample uses, 1..16.
    coded : reads the coefficients of the JPEG file that the samples are decoded from; None
        where there is none.
    file_code : whether all coefficients are wanted, or as much as `samples` need -> that file as
        a code; None where there is no file.
    """

    samples: Samples
    bits: int
    coded: Callable[[], Coefficients] | None = field(default=None, repr=False)
    file_code: Callable[[bool], FileCode] | None = field(default=None, repr=False)

    @cached_property
    def jpeg(self) -> Coefficients:
        """The coefficients of the JPEG file, read when they are first asked for. Raises
        ImageError if there is no such file, or they cannot be kept."""
        if self.coded is None:
            raise ImageError(
                "is no JPEG file, and has no coefficients to encrypt; "
                "--jpeg-quality 90 compresses it first"
            )
        return self.coded()

    @property
    def height(self) -> int:
        return int(self.samples.shape[1])

    @property
    def width(self) -> int:
        return int(self.samples.shape[2])


@dataclass(frozen=True, eq=False, kw_only=True)
class Image(Raster):
    """An image that is measured.

    Parameters
    ----------
    name : what the user calls it: the file's name, or the generator's.
    digest : SHA-256 (hex) of shape, depth and samples: the same image has the same digest,
        wherever its file lies.
    notes : what reading changed ("alpha dropped", "rotated by EXIF").
    group : what must not be split between training and test, such as a patient, a video or a
        burst; empty where the image is a group of its own.
    """

    name: str
    digest: str
    notes: tuple[str, ...] = ()
    group: str = ""


class Keystream(Protocol):
    """A fresh source of key bytes for one image."""

    def take(self, count: int, *, scheme: str, level: int, channel: int) -> NDArray[np.uint8]:
        """`count` bytes under the subkey of (scheme, level, channel): always the same
        ones for the same arguments."""


@dataclass(frozen=True)
class Level:
    """How much is encrypted.

    Parameters
    ----------
    rank : order among the levels of a scheme; 0 encrypts nothing. It is a number of bits,
        blocks or anything else inside its scheme alone.
    label : what is encrypted: "3 of 8 planes encrypted", "16x16 blocks permuted".
    short : the same where there is little room: "s = 3", "permuted"; by default the label.
    phrase : the same in a sentence: "at s = 3"; by default "with" and the label.
    leaves_nothing : whether nothing is left in the clear, of any image.
    """

    rank: int
    label: str
    short: str = ""
    phrase: str = ""
    leaves_nothing: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "short", self.short or self.label)
        object.__setattr__(self, "phrase", self.phrase or f"with {self.label}")


def levels_in_words(levels: Sequence[Level]) -> str:
    """Which levels there are, and what the last one encrypts."""
    last = levels[-1]
    return f"levels {levels[0].rank} to {last.rank}; {last.rank} is: {last.label}"


@dataclass(frozen=True, eq=False)
class Exposure:
    """What an adversary without the key has of a cipher: the same for every key.

    Parameters
    ----------
    rendered : the clear part as an image (C, H, W) of `bits` bits, for eyes and encoders; of
        shape and depth of the plain image.
    bits : B of `rendered`.
    symbols : integer arrays by name that hold all of the clear part, numbered from 0.
    size : how many values a symbol can take; None where it is not known.
    is_empty : whether nothing is left in the clear.
    jpeg : the coefficients that are rendered, where a scheme works on these.
    """

    rendered: Samples
    bits: int
    symbols: Mapping[str, NDArray[np.integer[Any]]]
    size: int | None = None
    is_empty: bool = False
    jpeg: Coefficients | None = field(default=None, repr=False)


@runtime_checkable
class Scheme(Protocol):
    """What is encrypted, and what of an image is then left in the clear.

    If a fresh uniform key moves an image uniformly over an orbit, then a cipher says which
    orbit and nothing else, I(X; cipher) = H(orbit(X)), and the clear part is a canonical
    representative of it: ``expose(encrypt(x, key))`` is that of `x` itself, whatever the key.

    A scheme without a key, which nobody can undo, has :meth:`expose` alone: what it makes of the
    plain image is what is published.

    `axis` is what levels count, as the title of an axis ("planes encrypted, s").
    `clear_part` and `hidden_part` say in a few words what is left and what is not ("the other
    planes", "the encrypted planes"). A scheme that works on the coefficients of JPEG files,
    `Raster.jpeg`, says so by an attribute ``needs_jpeg = True``; if it changes how many bits a
    coefficient is coded in, by ``changes_code = True`` as well.
    """

    name: str
    version: str
    axis: str
    clear_part: str
    hidden_part: str

    def levels(self, bits: int) -> tuple[Level, ...]:
        """Every level for samples of `bits` bits, by rank from 0, which encrypts nothing."""

    def expose(self, cipher: Raster, level: int) -> Exposure:
        """What an adversary without the key can use of a cipher, or of the plain image
        under any key."""


@runtime_checkable
class KeyedScheme(Scheme, Protocol):
    """A scheme that encrypts here, and not one whose ciphers somebody else made."""

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        """The cipher."""

    def decrypt(self, cipher: Raster, level: int, keystream: Keystream) -> Raster:
        """The inverse of :meth:`encrypt` under the same keystream, exactly."""


@runtime_checkable
class EncryptsBits(Scheme, Protocol):
    """A scheme that XORs some of the bits of an image, or of its JPEG file, each with a key bit
    of its own, and leaves the others where they are. One that moves samples, or replaces them,
    has no such bits to count."""

    def encrypted_share(self, plain: Raster, level: int) -> float:
        """Share of the bits of an image, or of its JPEG file, that are XORed, 0..1."""


@runtime_checkable
class SampleWise(Scheme, Protocol):
    """A scheme of which every clear sample is a function of the plain one, at some levels.

    Clear samples that are near the plain ones, or near their negatives, are said by an attribute
    ``keeps_values = True``: a viewer may then compare histograms.
    """

    def table(self, bits: int, level: int) -> Samples | None:
        """The clear sample, as rendered, of every plain sample value, (2**bits,); None at a
        level where it depends on other samples too."""


@runtime_checkable
class Encoder(Protocol):
    """The space a leak is measured in: turns images into vectors.

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

    def encode(self, images: Samples, bits: int) -> Features:
        """Vectors (n, dimension) of images (n, C, input_size, input_size) of `bits`-bit
        samples, C = 1 (grey, repeated where the network wants colour) or 3; of whole images
        (n, C, H, W) of any one size."""


@runtime_checkable
class Classifier(Encoder, Protocol):
    """An encoder that also says what its vectors are of."""

    def scores(self, vectors: Features) -> Features:
        """Class scores (n, classes), the highest for the likeliest class, of vectors (n, d)
        that it made."""


@dataclass(frozen=True)
class Attribute:
    """A property of an image that has a name.

    Parameters
    ----------
    name : "noise".
    kind : what it belongs to: "tone", "capture" or "content".
    columns : numbers it takes to say it.
    unit : of them; "1" of what has none.
    """

    name: str
    kind: str
    columns: int = 1
    unit: str = "1"


@runtime_checkable
class NamesAttributes(Encoder, Protocol):
    """An encoder whose vectors say attributes of an image. `attributes` are these, in the order
    of their columns."""

    attributes: tuple[Attribute, ...]

    def named(self, vectors: Features) -> Features:
        """The columns of its attributes (n, k), of vectors (n, dimension) that it made."""


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """The image that an adversary makes of a clear part.

    Parameters
    ----------
    samples : (C, H, W), of shape and depth of the plain image.
    confidence : (C, H, W) float32, the probability that the adversary gives to a sample of
        being exactly right.
    hidden : by position of a bit that is hidden, 0 for the least significant one, (C, H, W)
        float32 probability that it is 1; empty of an adversary that gives none.
    """

    samples: Samples
    confidence: NDArray[np.float32]
    hidden: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)


@runtime_checkable
class Rebuilder(Protocol):
    """Makes an image of a clear part, which it has never seen the plain image of.

    A rebuilder comes as a class; its constructor's keyword arguments are its options, each
    with a default. `digest` identifies what it learned (SHA-256, hex), "" of nothing.
    """

    name: str
    version: str
    digest: str

    def rebuilds(self, scheme: Scheme, level: int, bits: int) -> bool:
        """Whether it knows what to do with the clear parts of a scheme at a level."""

    def rebuild(self, exposure: Exposure, scheme: Scheme, level: int) -> Rebuilt:
        """The image it makes of one clear part."""


@runtime_checkable
class RefusesLearned(Rebuilder, Protocol):
    """A rebuilder that knows which images it learned from, and is not tried on them."""

    def refuse_learned(self, plain: Raster) -> None:
        """Raises ImleakError if it learned from this image."""


@runtime_checkable
class JudgesRebuilt(Rebuilder, Protocol):
    """A rebuilder that knows better figures than those of samples, such as one that assembles
    blocks."""

    def judge(
        self, rebuilt: Raster, plain: Raster, scheme: Scheme, level: int
    ) -> Mapping[str, float]:
        """What is right of an image that it made, against a plain one of the same size: shares, by
        quantity."""


@dataclass(frozen=True, eq=False)
class Observation:
    """One image at all its levels, as a metric sees it.

    Cipher and exposure are functions of the level, so that a large image need not be held
    at all levels at once.

    Parameters
    ----------
    plain : (C, H, W) samples.
    bits : B.
    levels : ranks of the levels asked for, rising.
    exposure : level -> what an adversary has of the cipher.
    cipher : level -> (C, H, W) cipher.
    table : level -> (2**bits,) clear sample of every plain sample value, or None for a
        scheme that does not work sample by sample.
    plain_features, clear_features : (d,) and level -> (d,) vectors of the whole image
        resized to the encoder's input; None for a metric of pixels.
    seed : of anything random in the metric.
    again : (level, change) -> the cipher after one bit is changed: of the key, or of the
        sample in the middle of the plain image (which then has another nonce, as every
        image has); None where nothing can be encrypted again.
    rebuilt : level -> the image that an adversary makes of the clear part, None where it makes
        none; for a metric that has the attribute ``needs_rebuilt``, else None.
    judge : (level, rebuilt image, plain one) -> further shares, by quantity, of the rebuilder of
        that level; with `rebuilt`.
    hidden : level -> (C, H, W) words whose bits are set where those of the plain sample are
        not in the clear part; with `rebuilt`.
    other : another plain image (C, H, W) of the study, for what unrelated images have in
        common; with `rebuilt`, None where there is none.
    encrypted_share : level -> share of the bits that are encrypted; None of a scheme that
        encrypts no bits that can be counted, see :class:`EncryptsBits`.
    file_sizes : level -> bytes of the JPEG files of the plain image and of the cipher; None
        where samples are encrypted.
    file_code : the JPEG file of the image as a code: of its samples, or of all its coefficients
        where these are encrypted; None where there is no file.
    """

    plain: Samples
    bits: int
    levels: tuple[int, ...]
    exposure: Callable[[int], Exposure]
    cipher: Callable[[int], Samples]
    table: Callable[[int], Samples | None]
    plain_features: NDArray[np.float32] | None = None
    clear_features: Callable[[int], NDArray[np.float32]] | None = None
    seed: int = 0
    again: Callable[[int, Change], Samples] | None = None
    rebuilt: Callable[[int], Rebuilt | None] | None = None
    judge: Callable[[int, Samples, Samples], Mapping[str, float]] | None = None
    hidden: Callable[[int], Samples] | None = None
    other: Callable[[], Samples] | None = None
    encrypted_share: Callable[[int], float] | None = None
    file_sizes: Callable[[int], tuple[int, int]] | None = None
    file_code: Callable[[], FileCode] | None = None

    def clear(self, level: int) -> Samples:
        """(C, H, W) clear part, rendered."""
        return self.exposure(level).rendered

    def size(self, level: int) -> int | None:
        """Number of values a clear sample can take, or None."""
        return self.exposure(level).size


@dataclass(frozen=True)
class Null:
    """What the same estimator says of pairs broken across images, in its unit."""

    mean: float
    p95: float
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class GrowthPoint:
    """The estimate with fewer training images, the same test images."""

    train_groups: int
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class LinkagePoint:
    """A measurement among so many candidates."""

    among: int
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Measurement:
    """One quantity at one level: what a metric says of one image, an attack or an estimator
    of all of them.

    Parameters
    ----------
    value : in `unit`; negative bits are shown as they are.
    bound : what the number is to the information that is leaked; "none" of what is no
        information.
    level : rank of the level; of an estimator the position in its samples, until the study
        knows better.
    unit : "bit", "bit/image", "share", "dB".
    estimator, protocol : who said it, and on which samples.
    quantity : what was measured, where a measure gives several: "rank-1", "bits (Fano)".
    part : which part of the encrypted image was compared with the plain one.
    interval : 95 % interval of `value`, over images; None where there is none.
    null : the same of pairs that are broken across images; None where there is none.
    ceiling : the most the value could have been, of a lower bound what it is then shown as.
    exact : the exact value, where it is known beside an estimate.
    verdict : see docs/method.md; None of what claims nothing.
    detectable : the smallest planted leak that is found, in bits, infinite where not even the
        largest that was tried is; None if not asked for.
    growth, rising : the value against training images, and whether it still rises.
    history : value after every epoch or check.
    train_groups, test_groups, n : images learned from and tested on, and rows or images used.
    public_groups : how many of `train_groups` are public images; None where there are none.
    seeds : repetitions with other splits.
    chosen : of several spaces, views or estimators, the one that was chosen.
    details : further figures by name; ``uncapped`` where `value` was above `ceiling`.
    linkage : the same among fewer candidates and among more, of a gallery.
    answer : the same in a sentence, where a number does not say it.
    """

    value: float
    bound: Bound
    level: int = 0
    unit: str = "bit"
    estimator: str | None = None
    protocol: Evaluation | None = None
    quantity: str | None = None
    part: Literal["clear", "cipher"] = "clear"
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
    public_groups: int | None = None
    test_groups: int | None = None
    n: int | None = None
    seeds: int = 1
    chosen: str | None = None
    details: Mapping[str, float] = field(default_factory=dict)
    linkage: tuple[LinkagePoint, ...] = ()
    answer: str | None = None


@runtime_checkable
class Metric(Protocol):
    """Measured on one image at a time, all levels in one call.

    A metric comes as a class; its constructor's keyword arguments are its options, each
    with a default. One that has learned something has the attribute ``digest``, which
    identifies it (SHA-256, hex).
    """

    name: str
    version: str
    unit: str
    bound: Bound
    space: Space

    def measure(self, observation: Observation) -> list[Measurement]:
        """What it says of every level (and part) of one image."""


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


@runtime_checkable
class TrainableEncoder(Encoder, Protocol):
    """A way to look at clear parts that is learned from them. It can be a view, never a
    target: :meth:`encode` refuses."""

    def watch(self, images: Samples, bits: int, groups: NDArray[np.int64]) -> LearnedView:
        """The view of these clear parts.

        Parameters
        ----------
        images : (L, n, C, input_size, input_size) clear parts at L levels.
        bits : B of their samples.
        groups : (n,) which image a row comes from.
        """


@dataclass(frozen=True, eq=False)
class Directions:
    """What an adversary learned of a target and a view from images that are not measured:
    pairs of directions at every level, by falling correlation. Means and lengths are those of
    whoever uses them.

    Parameters
    ----------
    x_axes : (L, dx, k), of the target.
    y_axes : (L, dy, k), of the view at L levels.
    correlations : (L, k) of the images that it learned from, by cross-validation; 0 at a level
        that it knows nothing of.
    images : how many these were.
    title : where they came from, for the reader.
    """

    x_axes: NDArray[np.float32]
    y_axes: NDArray[np.float32]
    correlations: NDArray[np.float32]
    images: int
    title: str


@dataclass(frozen=True, eq=False)
class NamedAttributes:
    """Attributes of the plain image that every row comes from.

    Parameters
    ----------
    values : (n, k).
    names : of the columns, in their order.
    """

    values: NDArray[np.float32]
    names: tuple[Attribute, ...]

    def of(self, some: Collection[Attribute]) -> NDArray[np.float32]:
        """(n, k') columns of some of them."""
        wanted = [one in some for one in self.names]
        chosen: NDArray[np.float32] = self.values[
            :, np.repeat(wanted, [one.columns for one in self.names])
        ]
        return chosen


@dataclass(frozen=True, eq=False)
class PairedSamples:
    """Rows of target and view, pooled over images.

    Parameters
    ----------
    x : (n, dx) float32 target, from the plain image.
    y : (L, n, dy) float32 view, from the clear part at L levels; (L, n, 0) of one that is
        trained.
    groups : (n,) integers: which image a row comes from.
    weights : (n,) how often a row occurs, for rows that stand for many equal ones (the
        values of scalar pixels, counted); None where every row counts once.
    sizes : per level, the number of values a view can take; None where unknown.
    learned : what makes y on every split, for a view that is trained.
    public : rows of images that are not measured and only train, in every fold, of the same
        target, view and levels; None where there are none.
    directions : what an adversary learned elsewhere, before it saw these images; None where
        there is none.
    attributes : of the plain images; None where they were not asked for.
    one_unit : whether the columns of a side have one unit, as the features of a network do: their
        relative strength then says which of them matter, and is kept. Others get one each.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    groups: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None
    sizes: tuple[int | None, ...] | None = None
    learned: LearnedView | None = None
    public: PairedSamples | None = None
    directions: Directions | None = None
    attributes: NamedAttributes | None = None
    one_unit: bool = False


@runtime_checkable
class Estimator(Protocol):
    """Measured on the pooled samples of all images, all levels in one call.

    An estimator comes as a class; its constructor's keyword arguments are its options,
    each with a default. It may have the attribute ``attribute_encoders``: encoders that name
    attributes of the plain image, which it is then given with every row.
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
    ) -> Sequence[Measurement]:
        """One estimate a level; of several quantities one of each a level, whose position it
        says. `progress` is told the share done, 0..1."""


@runtime_checkable
class ChoosesView(Estimator, Protocol):
    """An estimator that, of several views of one target, takes the one an adversary would."""

    def choose(
        self,
        views: Mapping[str, PairedSamples],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> Sequence[Measurement]:
        """One estimate a level, over views by name that differ in `y` alone. What is
        chosen is chosen without the rows that are tested."""


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


@runtime_checkable
class Attack(Protocol):
    """What an adversary that learned from none of the images does with their clear parts, on
    all images and levels in one call.

    An attack comes as a class; its constructor's keyword arguments are its options, each
    with a default. It may have these attributes besides:

    - ``encoders``: the encoders it brings, as a user writes them (``"clip=random:0"``); else
      it sees the images through those of the study, and is asked once for all of them;
    - ``added_encoders``: encoders it looks through beside those of the study;
    - ``fewest_images``: how many images it needs;
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


@dataclass(frozen=True, eq=False)
class Pair:
    """A plain image and its cipher.

    Parameters
    ----------
    name : of the image.
    plain, cipher : (C, H, W) uint8 or uint16 of one shape, or functions that load them: they
        are called when a check comes to the image, once or more, and nothing is kept.
    bits : B, the bits a sample uses.
    """

    name: str
    plain: Samples | Callable[[], Samples]
    cipher: Samples | Callable[[], Samples]
    bits: int

    def load(self) -> tuple[Samples, Samples]:
        """Plain image and cipher.

        Raises
        ------
        ImageError
            If they have not one shape (C, H, W) and one type, or a sample needs more bits.
        """
        plain, cipher = (side() if callable(side) else side for side in (self.plain, self.cipher))
        if plain.shape != cipher.shape or plain.ndim != 3:
            raise ImageError(
                f"{self.name}: plain image of shape {plain.shape} and cipher of shape "
                f"{cipher.shape}: give both as (C, H, W), of one size"
            )
        if plain.dtype != cipher.dtype or plain.dtype not in (np.uint8, np.uint16):
            raise ImageError(
                f"{self.name}: plain image of type {plain.dtype} and cipher of type "
                f"{cipher.dtype}: give both as uint8, or both as uint16"
            )
        highest = max(int(plain.max(initial=0)), int(cipher.max(initial=0)))
        if highest >> self.bits:
            raise ImageError(
                f"{self.name}: a sample is {highest}, more than {self.bits} bits hold: "
                f"give bits={highest.bit_length()}"
            )
        return plain, cipher


@runtime_checkable
class CipherCheck(Protocol):
    """What can be seen in images and the ciphers that somebody else made of them, whatever
    the images show: on all pairs of one level in one call.

    A check comes as a class; its constructor's keyword arguments are its options, each with
    a default.
    """

    name: str
    version: str

    def inspect(self, pairs: Sequence[Pair]) -> Sequence[Measurement]:
        """What was looked for and what was found, each with its sentence as `answer`."""
