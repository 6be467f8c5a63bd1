"""Images in: find them, rank them by resolution, read them, cut patches of them.

>>> sources = rank(find("dead-leaves:3x64x64"), largest=2)
>>> image = read(sources[0])
>>> places = patch_places(image.height, image.width, size=32, count=4, seed=0)
>>> cut(image.samples, places, size=32).shape
(4, 1, 32, 32)
"""

from .copies import COPIES, COPIES_VERSION, copy_of
from .find import Search, find, search, unseen_in_words
from .formats import SUFFIXES
from .generated import DeadLeaves
from .header import resolution
from .luma import luma
from .patches import cut, patch_places
from .rank import coco_sizes, rank
from .read import MAX_PIXELS, from_samples, read
from .resize import resize
from .source import Source, SourceError

__all__ = [
    "COPIES",
    "COPIES_VERSION",
    "MAX_PIXELS",
    "SUFFIXES",
    "DeadLeaves",
    "Search",
    "Source",
    "SourceError",
    "coco_sizes",
    "copy_of",
    "cut",
    "find",
    "from_samples",
    "luma",
    "patch_places",
    "rank",
    "read",
    "resize",
    "resolution",
    "search",
    "unseen_in_words",
]
