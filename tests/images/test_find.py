from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.images import (
    SUFFIXES,
    DeadLeaves,
    Source,
    SourceError,
    find,
    read,
    search,
    unseen_in_words,
)
from imleak.images.find import _unique_names
from imleak.interfaces import ImageError, ImleakError

Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Make a folder with empty files."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        return tmp_path

    return make


def names(sources: list[Source]) -> list[str]:
    return [source.name for source in sources]


def test_folder_is_searched_to_its_end_and_sorted(tree: Tree) -> None:
    folder = tree("b.png", "a.JPG", "deep/er/c.TiFf", "notes.txt", "no_suffix", "archive.zip")
    assert names(find(folder)) == ["a.JPG", "b.png", "c.TiFf"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_known_suffix_is_found(tree: Tree, suffix: str) -> None:
    assert names(find(str(tree(f"x{suffix}")))) == [f"x{suffix}"]


def test_hidden_files_and_folders_are_passed_over(tree: Tree) -> None:
    folder = tree("a.png", "._a.png", ".thumbnails/a.png")
    assert names(find(folder)) == ["a.png"]


def test_a_named_file_needs_no_known_suffix(tree: Tree) -> None:
    assert names(find(tree("image.dat") / "image.dat")) == ["image.dat"]


def test_glob(tree: Tree) -> None:
    folder = tree("a1.png", "a2.png", "a3.txt", "b.png", "in/a4.png")
    assert names(find(f"{folder}/a*")) == ["a1.png", "a2.png"]
    assert names(find(f"{folder}/**/a*")) == ["a1.png", "a2.png", "a4.png"]


def test_a_glob_takes_no_folder_for_a_image(tree: Tree) -> None:
    folder = tree("album.png/inside.txt", "a.png")
    assert names(find(f"{folder}/*")) == ["a.png"]


def test_a_file_whose_name_looks_like_a_glob(tree: Tree) -> None:
    folder = tree("scan[1].png", "scan1.png")
    assert names(find(folder / "scan[1].png")) == ["scan[1].png"]


def test_home_is_expanded(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tree("a.png")))
    assert names(find("~/*.png")) == names(find("~/a.png")) == names(find("~")) == ["a.png"]


def test_sources_keep_their_order(tree: Tree) -> None:
    folder = tree("z/1.png", "a/2.png")
    assert names(find([folder / "z", "dead-leaves:1x8x8", folder / "a"])) == [
        "1.png",
        "dead-leaves-8x8-0000",
        "2.png",
    ]


def test_one_file_reached_in_several_ways_is_one_source(tree: Tree) -> None:
    folder = tree("a.png", "b.png")
    (folder / "link.png").symlink_to(folder / "a.png")
    os.link(folder / "b.png", folder / "twin.png")
    again = [folder, folder / "a.png", f"{folder}/*.png", f"{folder}/../{folder.name}"]
    assert names(find(again)) == ["a.png", "b.png"]
    assert len(find(["dead-leaves:3x8x8", "dead-leaves:5x8x8"])) == 5


def test_names_are_led_by_the_folders_that_tell_them_apart(tree: Tree) -> None:
    folder = tree("p/day/1.png", "q/day/1.png", "q/night/1.png", "q/night/2.png")
    assert names(find(folder)) == ["p/day/1.png", "q/day/1.png", "night/1.png", "2.png"]


@given(
    st.lists(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join).map(Path),
        unique=True,
        max_size=30,
    )
)
def test_names_are_unique_and_end_the_path(paths: list[Path]) -> None:
    found = _unique_names(paths)
    assert len(set(found.values())) == len(paths)
    assert all(path.absolute().as_posix().endswith(name) for path, name in found.items())


def test_generated_series() -> None:
    sources = find("dead-leaves:3x10x20")
    assert [source.origin for source in sources] == [DeadLeaves(10, 20, i) for i in range(3)]
    assert names(sources) == [f"dead-leaves-10x20-{i:04d}" for i in range(3)]
    (other,) = find("dead-leaves:1x10x20:7")
    assert other == Source("dead-leaves-10x20-seed7-0000", DeadLeaves(10, 20, 0, seed=7))


@pytest.mark.parametrize(
    "text",
    ["", "3", "3x4", "0x8x8", "3x8x0", "-1x8x8", "3x8x8x8", "axbxc", "3x8x8:", "3x8x8:x"],
)
def test_a_bad_series_shows_a_good_one(text: str) -> None:
    with pytest.raises(SourceError, match="dead-leaves:200x256x256"):
        find(f"dead-leaves:{text}")


def test_a_folder_without_image_lists_what_was_looked_for(tree: Tree) -> None:
    with pytest.raises(SourceError) as caught:
        find(tree("notes.txt"))
    assert all(suffix in str(caught.value) for suffix in SUFFIXES)


def test_a_glob_without_match_lists_what_was_looked_for(tree: Tree) -> None:
    with pytest.raises(SourceError) as caught:
        find(f"{tree('notes.txt')}/*.txt")
    assert all(suffix in str(caught.value) for suffix in SUFFIXES)
    assert isinstance(caught.value, ImleakError)


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        find(tmp_path / "nowhere")


def test_no_source_at_all() -> None:
    with pytest.raises(SourceError, match="no images given"):
        find([])


def test_a_folder_that_cannot_be_listed(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tree("a.png", "locked/b.png")
    scandir = os.scandir

    def locked(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(SourceError, match=r"locked: cannot be listed \(Permission denied\)"):
        find(folder)


def test_a_place_that_must_not_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(SourceError, match=r"cannot be searched .*Permission denied"):
        find("secret/a.png")


def test_a_home_that_does_not_exist() -> None:
    with pytest.raises(SourceError, match="cannot be searched"):
        find("~nobody-of-this-name/a.png")


def test_a_broken_link_is_found_and_fails_when_read(tree: Tree) -> None:
    folder = tree("a.png")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    _, gone = find(folder)
    with pytest.raises(ImageError, match=r"gone\.png: cannot be opened \(No such file"):
        read(gone)


PNG = b"\x89PNG\r\n\x1a\n"


def test_a_name_without_a_suffix_is_looked_into(tree: Tree) -> None:
    folder = tree("README", "x.png")
    (folder / "IMG_0001").write_bytes(PNG)
    (folder / "slice").write_bytes(bytes(128) + b"DICM")
    assert names(find(folder)) == ["IMG_0001", "slice", "x.png"]
    assert names(find(f"{folder}/*")) == ["IMG_0001", "slice", "x.png"]
    with pytest.raises(ImageError, match=r"slice: (is|damaged) DICOM"):
        read(find(folder)[1])


def test_a_number_is_no_suffix(tree: Tree) -> None:
    """DICOM files are often called by their UID."""
    folder = tree("notes.1", "x.png")
    (folder / "1.2.840.113619.2.5").write_bytes(bytes(128) + b"DICM")
    assert names(find(folder)) == ["1.2.840.113619.2.5", "x.png"]


def test_what_was_not_looked_at_is_counted_by_suffix(tree: Tree) -> None:
    folder = tree("a.png", "b.mp4", "in/c.MP4", "d.svg", "e.txt", ".hidden.mp4", "LICENSE")
    found = search([folder, f"{folder}/*", folder / "e.txt"])
    assert names(list(found.sources)) == ["a.png", "e.txt"]
    assert found.unseen == {".mp4": 2, ".svg": 1}
    assert unseen_in_words(found.unseen) == "3 files were not looked at: 2 .mp4, 1 .svg"


def test_one_file_not_looked_at_and_none(tree: Tree) -> None:
    folder = tree("a.png", "b.txt")
    assert unseen_in_words(search(folder).unseen) == "1 file was not looked at: 1 .txt"
    assert search(folder / "a.png").unseen == {}
    assert unseen_in_words({}) == ""


def test_many_suffixes_and_strange_ones(tree: Tree) -> None:
    folder = tree("a.png", *(f"b.s{n}" for n in range(20)), "c.\x1b[2J", "d." + "x" * 100)
    words = unseen_in_words(search(folder).unseen)
    assert words.startswith("22 files were not looked at: 1 .")
    assert words.endswith("10 of other suffixes")
    assert words.isprintable()
    assert len(words) < 400


def test_a_folder_without_image_says_what_it_holds(tree: Tree) -> None:
    with pytest.raises(SourceError, match=r"2 files were not looked at: 2 \.mp4$"):
        find(tree("a.mp4", "b.mp4"))


@pytest.mark.parametrize("name", ["pipe.png", "pipe"])
def test_a_named_pipe_is_not_waited_for(tree: Tree, name: str) -> None:
    folder = tree("a.png")
    os.mkfifo(folder / name)
    (folder / "link.png").symlink_to(folder / name)
    sources = [*find(folder), *find(folder / name)]
    for source in sources[1:]:
        with pytest.raises(ImageError, match=r"a named pipe, not a regular file"):
            read(source)
