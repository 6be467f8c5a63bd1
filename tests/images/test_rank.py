from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imleak.images import Source, SourceError, coco_sizes, find, rank, read
from imleak.interfaces import ImageError


def image(folder: Path, name: str, height: int, width: int) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    Image.fromarray(np.zeros((height, width), np.uint8)).save(folder / name)


def names(sources: list[Source]) -> list[str]:
    return [source.name for source in sources]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    image(tmp_path, "small.png", 10, 10)
    image(tmp_path, "wide.jpg", 10, 90)
    image(tmp_path, "b.tif", 30, 20)
    image(tmp_path, "a.webp", 20, 30)
    return tmp_path


def test_most_pixels_first_and_ties_by_name(folder: Path) -> None:
    backwards = find(folder)[::-1]
    assert names(rank(backwards, 10)) == ["wide.jpg", "a.webp", "b.tif", "small.png"]
    assert names(rank(find(folder), 2)) == ["wide.jpg", "a.webp"]


def test_generated_images_rank_with_files(folder: Path) -> None:
    sources = find([folder, "dead-leaves:2x25x25"])
    assert names(rank(sources, 3)) == [
        "wide.jpg",
        "dead-leaves-25x25-0000",
        "dead-leaves-25x25-0001",
    ]


def test_a_file_without_header_is_kept_at_the_end(folder: Path) -> None:
    (folder / "a_text.png").write_text("hello")
    (folder / "empty.png").touch()
    ranked = rank(find(folder), 1)
    assert names(ranked) == ["wide.jpg", "a_text.png", "empty.png"]
    for source in ranked[1:]:
        with pytest.raises(ImageError, match=source.name):
            read(source)


@pytest.mark.parametrize("largest", [0, -1])
def test_a_number_of_images_that_keeps_none(folder: Path, largest: int) -> None:
    with pytest.raises(SourceError, match="1 or more"):
        rank(find(folder), largest)


def annotations(path: Path, **sizes: tuple[int, int]) -> Path:
    images = [
        {"id": i, "file_name": f"{name}.jpg", "height": h, "width": w}
        for i, (name, (h, w)) in enumerate(sizes.items())
    ]
    path.write_text(json.dumps({"info": {}, "images": images, "annotations": []}))
    return path


def test_sizes_from_annotations_need_no_header(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_text("not opened")
    file = annotations(tmp_path / "instances.json", a=(4, 5), b=(6, 7), c=(5, 4))
    sizes = coco_sizes(file)
    assert sizes == {"a.jpg": (4, 5), "b.jpg": (6, 7), "c.jpg": (5, 4)}
    assert names(rank(find(tmp_path), 3, sizes)) == ["b.jpg", "a.jpg", "c.jpg"]


def test_a_image_without_annotation_is_measured_by_its_header(folder: Path) -> None:
    sizes = coco_sizes(annotations(folder / "instances.json", wide=(1, 1)))
    assert names(rank(find(folder), 10, sizes)) == ["a.webp", "b.tif", "small.png", "wide.jpg"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 200_000,
        "[]",
        "{}",
        '{"images": 3}',
        '{"images": [{"file_name": "a", "height": 1e999, "width": 1}]}',
        '{"images": [{"file_name": "a"}]}',
        '"images"',
    ],
)
def test_another_kind_of_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(SourceError, match=r"instances_\*\.json") as caught:
        coco_sizes(tmp_path / "x.json")
    assert "\n" not in str(caught.value)


def test_annotations_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot be opened \(No such file"):
        coco_sizes(tmp_path / "x.json")


@pytest.fixture
def same_names(tmp_path: Path) -> Path:
    """a/x.png of 10 x 10, b/x.png of 100 x 100, c/y.png of 50 x 50."""
    for name, side in (("a/x.png", 10), ("b/x.png", 100), ("c/y.png", 50)):
        image(tmp_path, name, side, side)
    return tmp_path


def coco(path: Path, *images: tuple[str, int, int]) -> Path:
    listed = [{"file_name": name, "height": h, "width": w} for name, h, w in images]
    path.write_text(json.dumps({"images": listed}), encoding="utf-8-sig")
    return path


def test_annotations_with_folders_are_of_the_files_there(same_names: Path) -> None:
    """The sizes are not those of the files, to see which are taken."""
    file = coco(same_names / "x.json", ("a/x.png", 300, 1), ("b/x.png", 1, 1), ("c/y.png", 2, 2))
    assert names(rank(find(same_names), 3, coco_sizes(file))) == ["a/x.png", "y.png", "b/x.png"]


def test_a_base_name_of_several_files_is_nobodys(same_names: Path) -> None:
    file = coco(same_names / "x.json", ("x.png", 1, 1), ("c/y.png", 1, 1))
    assert names(rank(find(same_names), 3, coco_sizes(file))) == ["b/x.png", "a/x.png", "y.png"]


def test_an_annotation_of_another_folder_is_not_taken(same_names: Path) -> None:
    file = coco(same_names / "x.json", ("elsewhere/y.png", 1000, 1000))
    assert names(rank(find(same_names), 1, coco_sizes(file))) == ["b/x.png"]


def test_a_name_with_two_sizes_has_none(same_names: Path) -> None:
    file = coco(same_names / "x.json", ("y.png", 1000, 1000), ("y.png", 1, 1))
    assert coco_sizes(file) == {}


def test_annotations_that_are_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(SourceError, match="a named pipe, not a regular file"):
        coco_sizes(tmp_path / "pipe.json")
