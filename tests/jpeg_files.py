"""JPEG files of every layout, written by Pillow, for tests of several parts."""

import io

import skimage.data
from PIL import Image

ASTRONAUT = Image.fromarray(skimage.data.astronaut()[100:180, 190:290])

LAYOUTS = {
    "4:2:0": {"subsampling": "4:2:0"},
    "4:2:2": {"subsampling": "4:2:2"},
    "4:4:4": {"subsampling": "4:4:4"},
    "RGB": {"keep_rgb": True},
    "optimised": {"optimize": True},
    "restarts": {"restart_marker_blocks": 3},
    "progressive": {"progressive": True},
    "progressive 4:4:4": {"progressive": True, "subsampling": "4:4:4"},
    "progressive with restarts": {"progressive": True, "restart_marker_rows": 1},
    "best": {"quality": 100, "subsampling": "4:2:0"},
}
"""Options of Pillow by what they make."""
SIZES = ((83, 41), (64, 32), (17, 9), (1, 1))


def jpeg(size=(83, 41), mode="RGB", **options):
    """Bytes of a JPEG file of a part of a photograph."""
    file = io.BytesIO()
    part = ASTRONAUT.crop((0, 0, *size)).convert(mode)
    part.save(file, "JPEG", **{"quality": 80, **options})
    return file.getvalue()
