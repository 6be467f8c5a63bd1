"""Finds the ciphers that somebody else made of the images of a study, by their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from ..images import Source
from ..interfaces import ImleakError
from .plan import Omission
from .progress import some_of
from .sources import find_images

Given = Mapping[int, Source | str]
"""By level: the cipher of an image, or why there is none."""


class PairError(ImleakError):
    """Images and ciphers of which no two belong together."""


def stem(name: str) -> str:
    """A name without its folders and its suffix."""
    return PurePosixPath(name).stem


@dataclass(frozen=True)
class CipherFolders:
    """The ciphers of every level, by the name of their image without its suffix.

    Parameters
    ----------
    folders : by level, as the user wrote it.
    found : by level, ciphers by name.
    names : how many images have a name.
    """

    folders: Mapping[int, str]
    found: Mapping[int, Mapping[str, Sequence[Source]]]
    names: Mapping[str, Sequence[Source]]

    @classmethod
    def of(
        cls, folders: Mapping[int, str], images: Sequence[Source], sources: Sequence[str]
    ) -> Self:
        """The ciphers in some folders.

        Parameters
        ----------
        images : that were found in the `sources`, all of them.

        Raises
        ------
        ImleakError
            If one holds no images.
        """
        others = [*sources, *folders.values()]
        found = {level: find_images([where], others).sources for level, where in folders.items()}
        by_level = {level: _by_name(ciphers) for level, ciphers in found.items()}
        return cls(folders, by_level, _by_name(images))

    def given(self, image: Source) -> Given:
        """The ciphers of an image."""
        return {level: self._one(level, image) for level in self.folders}

    def _one(self, level: int, image: Source) -> Source | str:
        name, where = stem(image.name), self.folders[level]
        images, named = self.names[name], self.found[level].get(name, ())
        ciphers = named
        if len(images) > 1 or len(ciphers) > 1:  # told by their folders
            images = [one for one in images if _without_suffix(one) == _without_suffix(image)]
            ciphers = [one for one in ciphers if _without_suffix(one) == _without_suffix(image)]
        if len(images) > 1:  # and then by their suffixes
            ciphers = [one for one in ciphers if one.path == image.path]
        if not ciphers:
            others = f", but {some_of(one.name for one in named)}" if named else ""
            folders = sorted({PurePosixPath(one.name).parts[0] for one in named if "/" in one.name})
            each = " ".join(f"--cipher {name}={where}/{name}" for name in folders)
            hint = f"; of several kinds of ciphers write {each}" if len(folders) > 1 else ""
            return f"has no cipher of its name in {where}{others}{hint}"
        if len(ciphers) > 1:
            return f"has several ciphers of its name in {where}: {some_of(c.name for c in ciphers)}"
        return ciphers[0]

    def warnings(self) -> Iterator[str]:
        """What was found without an image, a line a folder."""
        for level, where in self.folders.items():
            alone = [
                one.name
                for name, ciphers in self.found[level].items()
                if name not in self.names
                for one in ciphers
            ]
            if alone:
                one = "1 cipher in {} has no image of its name: {}."
                many = f"{len(alone):,} ciphers in {{}} have no image of their name: {{}}."
                yield (one if len(alone) == 1 else many).format(where, some_of(alone))

    def refusal(self, omissions: Sequence[Omission]) -> PairError:
        """Why nothing can be measured."""
        first = next((f"{one.image}: {one.why}" for one in omissions), "there are no images")
        return PairError(
            f"no image has a cipher that belongs to it: {first}. A cipher has the name of its "
            "image, whatever its suffix, and the same size, depth and channels"
        )


def _without_suffix(source: Source) -> PurePosixPath:
    return PurePosixPath(source.path).with_suffix("")


def _by_name(sources: Sequence[Source]) -> dict[str, list[Source]]:
    found = defaultdict(list)
    for source in sources:
        found[stem(source.name)].append(source)
    return dict(found)
