"""Photographs that come with the dependencies."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from ..interfaces import ImleakError

PHOTOGRAPHS = (
    ("skimage", "data/astronaut.png"),
    ("skimage", "data/brick.png"),
    ("skimage", "data/camera.png"),
    ("skimage", "data/cell.png"),
    ("skimage", "data/chelsea.png"),
    ("skimage", "data/coffee.png"),
    ("skimage", "data/coins.png"),
    ("skimage", "data/grass.png"),
    ("skimage", "data/gravel.png"),
    ("skimage", "data/hubble_deep_field.jpg"),
    ("skimage", "data/moon.png"),
    ("skimage", "data/motorcycle_left.png"),
    ("skimage", "data/retina.jpg"),
    ("skimage", "data/rocket.jpg"),
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
)
"""All that are large enough for a patch; of the two views of the motorcycle only one, since
one scene must not stand on both sides of a split."""


def write_photographs(folder: Path) -> Path:
    """Copy the photographs in the wheels of scikit-image and scikit-learn to a folder. Raises
    ImleakError if the folder cannot be written, or no wheel carries any of them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for package, name in PHOTOGRAPHS:
            source = files(package).joinpath(name)
            if source.is_file():
                with as_file(source) as path:
                    shutil.copyfile(path, folder / path.name)
    except OSError as error:
        raise ImleakError(f"cannot write photographs to {folder}: {error.strerror}") from error
    if not any(folder.iterdir()):
        raise ImleakError(
            "scikit-image and scikit-learn are installed without their photographs; "
            "try imleak audit dead-leaves:10x512x512"
        )
    return folder
