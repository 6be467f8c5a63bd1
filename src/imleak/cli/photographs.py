"""Photographs that come with the dependencies."""

from importlib.resources import files
from pathlib import Path

from ..atomic import TEMPORARY, write_whole
from ..interfaces import ImleakError
from ..study.recorded import MANIFEST

_FOLDERS = ("photographs", "run")
"""What a demonstration consists of."""

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


def check_demo(folder: Path) -> None:
    """Refuse a folder that holds anything but a demonstration, before anything is written to it.

    Raises
    ------
    ImleakError
        If it does, or is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise ImleakError(f"{folder} is a file; give a folder for the demonstration: -o FOLDER")
    others = [path for path in _below(folder) if path.name not in _FOLDERS or not path.is_dir()]
    others += [path for path in _below(folder / _FOLDERS[1]) if not _is_run(path.parent)]
    known = {Path(name).name: (package, name) for package, name in PHOTOGRAPHS}
    others += [
        path
        for path in _below(folder / _FOLDERS[0])
        if path.name not in known or not _is_copy(path, *known[path.name])
    ]
    if others:
        raise ImleakError(
            f"{folder} holds {others[0].relative_to(folder)}, which is not of a demonstration; "
            "give a new folder: -o FOLDER"
        )


def _below(folder: Path) -> list[Path]:
    """What stands in a folder that may be missing; hidden files, as systems leave them, and what
    is being written, or a kill left, do not count."""
    if not folder.is_dir():
        return []
    shown = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in shown if not path.match(TEMPORARY))


def _is_run(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def _is_copy(path: Path, package: str, name: str) -> bool:
    source = files(package).joinpath(name)
    return path.is_file() and source.is_file() and path.read_bytes() == source.read_bytes()


def write_photographs(folder: Path) -> Path:
    """Copy the photographs in the wheels of scikit-image and scikit-learn to a folder. Raises
    ImleakError if the folder cannot be written, or no wheel carries any of them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for package, name in PHOTOGRAPHS:
            source = files(package).joinpath(name)
            if source.is_file():
                write_whole(folder / Path(name).name, source.read_bytes())
    except OSError as error:
        raise ImleakError(f"cannot write photographs to {folder}: {error.strerror}") from error
    if not any(folder.iterdir()):
        raise ImleakError(
            "scikit-image and scikit-learn are installed without their photographs; "
            "try imleak audit dead-leaves:10x512x512"
        )
    return folder
