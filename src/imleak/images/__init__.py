"""Images in: find them, rank them by resolution, read them, cut patches of them.

>>> sources = rank(find("dead-leaves:3x64x64"), largest=2)
>>> image = read(sources[0])
>>> places = patch_places(image.height, image.width, size=32, count=4, seed=0)
>>> cut(image.samples, places, size=32).shape
(4, 1, 32, 32)
"""

from .copies import COPIES, COPIES_VERSION, SMALLER, copy_of
from .errors import named
from .find import Search, find, search, unseen_in_words
from .formats import SUFFIXES
from .frames import with_frames
from .generated import DeadLeaves
from .groups import GroupBy, GroupError, check_group_by, group_names, group_warnings, parse_group_by
from .header import resolution
from .luma import luma
from .patches import cut, patch_places
from .rank import coco_sizes, rank
from .read import MAX_PIXELS, from_samples, read
from .resize import resize
from .similar import duplicates_in_words, join_groups, near_duplicates, perceptual_hash
from .source import Source, SourceError

__all__ = [
    "COPIES",
    "COPIES_VERSION",
    "MAX_PIXELS",
    "SMALLER",
    "SUFFIXES",
    "DeadLeaves",
    "GroupBy",
    "GroupError",
    "Search",
    "Source",
    "SourceError",
    "check_group_by",
    "coco_sizes",
    "copy_of",
    "cut",
    "duplicates_in_words",
    "find",
    "from_samples",
    "group_names",
    "group_warnings",
    "join_groups",
    "luma",
    "named",
    "near_duplicates",
    "parse_group_by",
    "patch_places",
    "perceptual_hash",
    "rank",
    "read",
    "resize",
    "resolution",
    "search",
    "unseen_in_words",
    "with_frames",
]
