"""Image collections of the field, in the very formats and folders that their users have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tifffile

from imleak.images import DeadLeaves, coco_sizes, find, read, search


def scene(height: int, width: int, index: int = 0, channels: int = 1) -> np.ndarray:
    """(H, W) or (H, W, 3)."""
    small = np.dstack([DeadLeaves(32, 48, index + at).render()[0] for at in range(channels)])
    repeated = np.kron(small, np.ones((-(-height // 32), -(-width // 48), 1), np.uint8))
    return np.ascontiguousarray(repeated[:height, :width].squeeze())


def write(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".pgm":
        height, width = samples.shape
        path.write_bytes(b"P5\n%d %d\n255\n" % (width, height) + samples.tobytes())
    elif path.suffix.startswith(".tif"):
        tifffile.imwrite(path, samples, byteorder=">", metadata=None, software="")
    else:
        PIL.Image.fromarray(samples).save(path)


Made = dict[str, np.ndarray]


def bossbase() -> Made:
    return {f"BOSSbase_1.01/{at}.pgm": scene(512, 512, at) for at in (1, 10, 2)}


def ucid() -> Made:
    wide, tall = scene(384, 512, 0, 3), scene(512, 384, 3, 3)
    return {"UCID1338/ucid00001.tif": wide, "UCID1338/ucid00002.tif": tall}


def sipi() -> Made:
    return {
        "misc/4.1.01.tiff": scene(256, 256, 0, 3),
        "misc/5.1.09.tiff": scene(256, 256, 1),
        "misc/boat.512.tiff": scene(512, 512, 2),
        "misc/testpat.1k.tiff": scene(1024, 1024, 3),
        "sequences/6.1.01.tiff": scene(256, 256, 4),
    }


def kodak() -> Made:
    return {"kodak/kodim01.png": scene(512, 768, 0, 3), "kodak/kodim04.png": scene(768, 512, 3, 3)}


@pytest.mark.parametrize("collection", [bossbase, ucid, sipi, kodak])
def test_a_collection_as_it_unpacks(collection: Callable[[], Made], tmp_path: Path) -> None:
    made = collection()
    for name, samples in made.items():
        write(tmp_path / name, samples)
    (tmp_path / "readme.txt").write_text("Terms of use")
    found = search(tmp_path)
    assert [source.path for source in found.sources] == sorted(made)
    assert found.unseen == {".txt": 1}
    for source in found.sources:
        stored = made[source.path]
        image = read(source, colour=True)
        planes = stored[np.newaxis] if stored.ndim == 2 else np.moveaxis(stored, 2, 0)
        np.testing.assert_array_equal(image.samples, planes)
        assert (image.bits, image.notes) == (8, ())


def test_coco_as_it_unpacks(tmp_path: Path) -> None:
    """Images beside annotations; some of its photographs are grey."""
    for name, channels in (("000000000139", 3), ("000000000285", 1)):
        write(tmp_path / f"val2017/{name}.jpg", scene(426, 640, 0, channels))
    annotations = tmp_path / "annotations/instances_val2017.json"
    annotations.parent.mkdir()
    annotations.write_text(
        '{"images": [{"file_name": "000000000139.jpg", "height": 426, "width": 640}]}'
    )
    colour, grey = (read(source, colour=True) for source in find(tmp_path))
    assert (len(colour.samples), len(grey.samples)) == (3, 1)
    assert coco_sizes(annotations) == {"000000000139.jpg": (426, 640)}
