"""What a file says of the adversary in it: whose images it learned from, and how well."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Hash = Annotated[str, Field(pattern="^([0-9a-f]{32})?$")]
Count = Annotated[int, Field(ge=0)]
Rank = Annotated[int, Field(ge=0, le=1 << 16)]


class _Entry(BaseModel):
    """Strict: what is of another type is refused, not converted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Collection(_Entry):
    """A folder of images that was learned from.

    Parameters
    ----------
    name : of the folder.
    terms : under which its images may be used.
    images : how many they were.
    """

    name: str
    terms: str
    images: Count


class Figure(_Entry):
    """What the adversary finds in images that it did not learn from, by cross-validation.

    Parameters
    ----------
    collection : which images.
    level : rank.
    bits : a patch, by InfoNCE, calibrated on as many images as it is tested on.
    ceiling : the most it could have been.
    """

    collection: str
    level: Rank
    bits: float
    ceiling: float


class Learned(_Entry):
    """What it learned of one encoder, on both sides: the plain patch and its clear part.

    Parameters
    ----------
    title : of the encoder.
    contents : identity of its vectors, see :attr:`imleak.study.components.Component.contents`.
    dimension : of its vectors.
    directions : pairs of directions at a level.
    digest : SHA-256 (hex) of the arrays.
    figures : held out.
    """

    title: str
    contents: dict[str, str]
    dimension: Annotated[int, Field(ge=1)]
    directions: Annotated[int, Field(ge=1)]
    digest: Digest
    figures: list[Figure]


class Card(_Entry):
    """The card of an adversary.

    Parameters
    ----------
    title : what it learned from, in a few words.
    version, made : of imleak, and the time.
    scheme : identity of what was encrypted, see
        :attr:`imleak.study.components.Component.identity`.
    bits, levels : depth of its images, and the levels that it knows.
    patches, seed, colour : places an image was cut at, what drew them, and whether images were
        taken in colour.
    collections : what it learned from.
    digests, hashes : of every image, as it was measured, and of its looks.
    learned : of every encoder.
    rebuilds : whether it holds a network that rebuilds images.
    digest : SHA-256 (hex) of all arrays.
    """

    format: Literal[1] = 1
    title: str
    version: str
    made: str
    scheme: dict[str, str]
    bits: Annotated[int, Field(ge=1, le=16)]
    levels: list[Rank]
    patches: Annotated[int, Field(ge=1)]
    seed: Count
    colour: bool
    collections: list[Collection]
    digests: list[Digest]
    hashes: list[Hash]
    learned: list[Learned]
    rebuilds: bool = False
    digest: Digest

    @property
    def images(self) -> int:
        """How many images it learned from."""
        return len(self.digests)
