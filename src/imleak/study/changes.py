"""What has become of the images of a folder since its last run."""

from collections.abc import Mapping, Sequence
from typing import Literal

from .plan import ImageInfo
from .progress import some_of

_THEN = {
    "images": (
        "All results are of the images that are there now; previews of the others are deleted."
    ),
    "public images": "What learns from them is done again.",
}


def changes(
    before: Mapping[str, str],
    images: Sequence[ImageInfo],
    what: Literal["images", "public images"] = "images",
) -> str | None:
    """How images differ from those of an earlier run, as a sentence; None if they do not.

    An image under another name is the same image.

    Parameters
    ----------
    before : digest by name, of the images of the earlier run; empty if there was none.
    images : those of today.
    """
    now = {image.name: image.digest for image in images}
    old, new = set(before.values()) - set(now.values()), set(now.values()) - set(before.values())
    if not before or not (old or new):
        return None
    changed = [name for name in now if name in before and now[name] in new]
    found = {
        "added": [name for name in now if name not in before and now[name] in new],
        "removed": [name for name in before if name not in changed and before[name] in old],
        "changed": changed,
    }
    parts = [f"{len(names):,} {how} ({some_of(names)})" for how, names in found.items() if names]
    return (
        f"The {what} are not those of the last run into this folder: {', '.join(parts)}. "
        f"{_THEN[what]}"
    )
