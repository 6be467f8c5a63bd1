from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.images import (
    GroupError,
    Source,
    check_group_by,
    find,
    group_names,
    group_warnings,
    parse_group_by,
)

NAMES = ("p1/a.png", "p1/b.png", "p2/a.png", "c.png")
paths = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join), unique=True, max_size=8
)


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], str]:
    def write(content: str | bytes) -> str:
        path = tmp_path / "groups.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return f"csv:{path}"

    return write


def sources(names: Iterable[str] = NAMES) -> list[Source]:
    return [Source(name, Path("/data/of", name), name) for name in names]


def grouped(by: str, names: Iterable[str] = NAMES) -> list[str]:
    return group_names(sources(names), parse_group_by(by))


def test_by_folder() -> None:
    assert grouped("folder") == ["p1", "p1", "p2", "."]
    assert grouped("folder", ("a/x/1.png", "a/y/1.png", "b/x/1.png")) == ["a/x", "a/y", "b/x"]
    assert group_warnings(sources(), parse_group_by("folder")) == []


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        ("^p([0-9])", ["1", "1", "2", "c.png"]),
        ("^p[0-9]", ["p1", "p1", "p2", "c.png"]),
        ("^[^/]*", ["p1", "p1", "p2", "c.png"]),
        ("(?:(p1)|(p2))", ["p1", "p1", "p2/a.png", "c.png"]),
        ("p?", ["p", "p", "p", "c.png"]),
        ("[abc](?=.png)", ["a", "b", "a", "c"]),
    ],
)
def test_by_regex(pattern: str, groups: list[str]) -> None:
    assert grouped(f"regex:{pattern}") == groups


def test_images_without_a_match_are_counted() -> None:
    (warning,) = group_warnings(sources(), parse_group_by("regex:p([0-9])"))
    assert warning == (
        "1 of 4 images do not match regex:p([0-9]) and are groups of their own; the first is c.png."
    )


@pytest.mark.parametrize(
    "content",
    [
        "image,group\np1/a.png,A\np1/b.png,A\np2/a.png,B\nc.png,C\n",
        "group;NAME\nA;./p1/a.png\nA;b.png\nB;of\\p2\\a.png\nC;/data/of/c.png\n",
        "file\tage\tgroup\n\np1/a.png\t9\tA\nb.png\t\t A\np2/a.png\t9\tB\nc.png\t9\tC\n",
        '\ufeff"image","group"\r\n"p1/a.png","A"\r\n"b.png","A"\r\n"p2/a.png","B"\r\nc.png,C\r\n',
    ],
)
def test_by_table(table: Callable[[str], str], content: str) -> None:
    by = parse_group_by(table(content))
    assert group_names(sources(), by) == ["A", "A", "B", "C"]
    assert group_warnings(sources(), by) == []


def test_the_longest_name_is_that_of_an_image(table: Callable[[str], str]) -> None:
    by = table("image,group\na.png,top\np1/a.png,one\n")
    assert grouped(by, ("a.png", "p1/a.png")) == ["top", "one"]


def test_a_row_of_another_folder_is_not_taken(table: Callable[[str], str]) -> None:
    by = table("image,group\nof/a.png,A\nother/a.png,B\nb.png,B\nother/b.png,A\n")
    assert grouped(by, ("a.png", "b.png")) == ["A", "B"]


def test_rows_of_a_table_that_name_no_image_are_counted(table: Callable[[str], str]) -> None:
    by = parse_group_by(table("image,group\na.png,A\nb.png,B\nx.png,A\ny.png,B\n"))
    (warning,) = group_warnings(sources(("a.png", "b.png")), by)
    assert warning.startswith("2 of 4 rows of csv:")
    assert warning.endswith("name no image; the first is x.png.")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("b.png,A", "3 of 4 images have no row; the first is p1/a.png"),
        ("a.png,A", "a.png is the name of 2 images, the first of them p1/a.png and p2/a.png"),
        (
            "p1/a.png,A\np1/b.png,A\np2/a.png,B\nc.png,C\np1/b.png,B",
            "1 of 4 images have several groups; the first is p1/b.png",
        ),
        ("p1/a.png,A\nb.png,", "line 3 has no image or no group"),
        ("p1/a.png", "line 2 has no image or no group"),
    ],
)
def test_a_table_that_does_not_fit(table: Callable[[str], str], rows: str, why: str) -> None:
    with pytest.raises(GroupError) as error:
        grouped(table(f"image,group\n{rows}\n"))
    assert why in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "needs a header with the columns image and group; it has none"),
        (b"photo,patient\na.png,A\n", "it has photo, patient"),
        (b"image,group\n\xff.png,A\n", "not a table in UTF-8"),
        (b"image,group\n" + b"a" * (1 << 18) + b",A\n", "not a table in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read(
    table: Callable[[bytes], str], content: bytes, why: str
) -> None:
    with pytest.raises(GroupError) as error:
        parse_group_by(table(content))
    assert why in str(error.value)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    check_group_by(f"csv:{tmp_path}/gone.csv")
    with pytest.raises(GroupError, match="cannot be opened"):
        parse_group_by(f"csv:{tmp_path}/gone.csv")
    with pytest.raises(GroupError, match="cannot be opened"):
        parse_group_by(f"csv:{tmp_path}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "patient([0-9]+)",
            "write folder, patient, study, csv:FILE or regex:PATTERN, here regex:patient",
        ),
        ("groups.csv", "here csv:groups.csv"),
        ("folders", "here regex:folders"),
        ("csv:", "needs the path of a table"),
        ("regex:", "needs a pattern"),
        ("regex:p(", "not a regular expression"),
        ("", "write folder"),
    ],
)
def test_a_rule_that_is_not_understood(text: str, why: str) -> None:
    for check in (check_group_by, parse_group_by):
        with pytest.raises(GroupError) as error:
            check(text)
        assert why in str(error.value)


def test_one_group_leaves_nothing_to_test_on() -> None:
    with pytest.raises(GroupError, match=r"all 2 images are in one group, '\.'"):
        grouped("folder", ("a.png", "b.png"))
    assert grouped("folder", ("a.png",)) == ["."]


def test_names_are_shown_as_they_are_harmless() -> None:
    assert grouped("folder", ("a\x1b/1.png", "b/1.png")) == ["a\\x1b", "b"]


@given(paths, st.sampled_from(["folder", "regex:^a", "regex:(b)/", "regex:."]))
def test_groups_do_not_depend_on_the_order(names: list[str], by: str) -> None:
    rule = parse_group_by(by)
    try:
        found = dict(zip(names, group_names(sources(names), rule), strict=True))
    except GroupError:
        assert len(names) > 1
        return
    assert group_names(sources(names[::-1]), rule) == [found[name] for name in names[::-1]]


def test_paths_are_below_all_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("p1/a.png", "p2/s/a.png"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode())
    monkeypatch.chdir(tmp_path)

    def paths_of(*given: str) -> list[str]:
        return [source.path for source in find(given)]

    assert paths_of("data") == ["p1/a.png", "p2/s/a.png"]
    assert paths_of("data/p1") == ["a.png"]
    assert paths_of("data/p1", "data/p2") == ["p1/a.png", "p2/s/a.png"]
    assert paths_of("data/p1/a.png", "data/p2/s/a.png") == ["p1/a.png", "p2/s/a.png"]
    assert paths_of("data/**/*.png") == ["p1/a.png", "p2/s/a.png"]
    assert paths_of("data/p1/../p2", f"{tmp_path}/data/p1/a.png") == ["p2/s/a.png", "p1/a.png"]
    assert paths_of("dead-leaves:1x8x8", "data/p1")[1:] == ["a.png"]
    assert paths_of("dead-leaves:1x8x8") == ["dead-leaves-8x8-0000"]
