"""What estimators learned from, in words: images, or groups of these, and how much they learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from .words import plural


@dataclass(frozen=True)
class Learners:
    """How a run counts what its estimators learned from.

    Parameters
    ----------
    grouped : whether some images form groups, so that numbers are of groups.
    scaling : names of the measures that fit nothing but a scale.
    """

    grouped: bool = False
    scaling: frozenset[str] = frozenset()

    @classmethod
    def of(cls, manifest: Mapping[str, Any] | None) -> Self:
        """Those of a run."""
        found = manifest or {}
        return cls(
            grouped=any(one.get("group") for one in found.get("images", ())),
            scaling=frozenset(
                str(one["name"]) for one in found.get("components", ()) if one.get("fits_scale")
            ),
        )

    @property
    def noun(self) -> str:
        """``image`` or ``group``: what one training image, or one test image, is called."""
        return "group" if self.grouped else "image"

    def counted(self, count: int) -> str:
        """``8 images``, ``8 groups of images``"""
        return plural(count, "group") + " of images" if self.grouped else plural(count, "image")

    def own(self, count: int, whose: str) -> str:
        """``8 of these images``, ``8 groups of these images``"""
        groups = f"{plural(count, 'group')} of" if self.grouped else f"{count:,} of"
        return f"{groups} {whose} images"

    def learned_from(self, count: int, public: int = 0) -> str:
        """``61 images``, or ``61 of your images and 640 public ones`` of 701; empty of none."""
        if not count:
            return ""
        if not public:
            return self.counted(count)
        ones = f"{public:,} public one{'' if public == 1 else 's'}"
        return f"{self.own(count - public, 'your')} and {ones}"

    def trained(self, measure: str, images: str) -> str:
        """``trained on 61 images``, or ``its scale fitted to 61 images``"""
        fitted = "its scale fitted to" if measure in self.scaling else "trained on"
        return f"{fitted} {images}"

    def learned(self, measure: str, images: str) -> str:
        """``it learned from 61 images``, or ``its scale was fitted to 61 images``"""
        how = "its scale was fitted to" if measure in self.scaling else "it learned from"
        return f"{how} {images}"
