"""What the levels of a scheme mean, in words: the only place of a report that knows one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Levels:
    """The levels of one scheme.

    Parameters
    ----------
    scheme : its name.
    planes : bits a sample uses where that is what its levels count, else None.
    """

    scheme: str
    planes: int | None

    @classmethod
    def of(cls, scheme: str, manifest: Mapping[str, Any]) -> Levels:
        """The levels of a scheme on the images of a run."""
        depths = {int(image["bits"]) for image in manifest.get("images", ()) if "bits" in image}
        counts_planes = scheme == "bitplanes" and len(depths) == 1
        return cls(scheme, depths.pop() if counts_planes else None)

    @property
    def meaning(self) -> str:
        """What a level is, in one sentence."""
        if self.planes:
            return f"At level s the s highest of {self.planes} bit-planes are encrypted."
        if self.scheme == "bitplanes":
            return "At level s the s highest bit-planes are encrypted."
        return f"A level s is one of {self.scheme}; at s = 0 nothing is encrypted."

    def advice(self, level: int) -> str:
        """What to do to be at a level."""
        if self.planes:
            count = "all" if level == self.planes else f"{level} of"
            return f"encrypt {count} {self.planes} planes"
        return f"use s = {level}"
