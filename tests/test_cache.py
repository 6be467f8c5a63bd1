from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from imleak.atomic import TEMPORARY, whole
from imleak.cache import (
    Cache,
    CacheError,
    default_folder,
    digest_of,
    in_bytes,
    parse_age,
    parse_size,
)

ARRAYS = {
    "vectors": np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32),
    "index": np.arange(3, dtype=np.int32),
}
KEYS = [f"{i:x}" * 64 for i in range(4)]
DAY = 24 * 3600


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def only_file(cache: Cache) -> Path:
    (path,) = (path for path in cache.folder.rglob("*") if path.is_file())
    return path


def test_arrays_come_back_as_they_were(cache: Cache) -> None:
    assert cache.get(KEYS[0]) is None
    assert not cache.has(KEYS[0])
    cache.put(KEYS[0], ARRAYS, maker="corners")
    assert cache.has(KEYS[0])
    found = cache.get(KEYS[0])
    assert found is not None
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def flipped(content: bytes) -> bytes:
    """One bit of the last value is another."""
    return content[:-1] + bytes([content[-1] ^ 1])


def renamed(content: bytes) -> bytes:
    return content.replace(b'"vectors"', b'"vectorz"')


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:40],
        lambda content: content[:-4],
        lambda _: b"",
        lambda content: bytes(len(content)),
        flipped,
        renamed,
        lambda content: content.replace(b"digest", b"digezt"),
        lambda _: b"\xff" * 8 + b"{}",
    ],
)
def test_what_is_torn_or_altered_is_not_there(
    cache: Cache, damage: Callable[[bytes], bytes]
) -> None:
    cache.put(KEYS[0], ARRAYS, maker="corners")
    path = only_file(cache)
    whole = path.read_bytes()
    damaged = damage(whole)
    assert damaged != whole
    path.write_bytes(damaged)
    assert cache.get(KEYS[0]) is None
    assert cache.info().files == 1
    cache.put(KEYS[0], ARRAYS, maker="corners")
    again = cache.get(KEYS[0])
    assert again is not None
    np.testing.assert_array_equal(again["vectors"], ARRAYS["vectors"])


@pytest.mark.parametrize("under_its_name", [shutil.copyfile, os.link, Path.replace])
def test_a_file_under_another_name_is_not_there_and_is_replaced(
    cache: Cache, under_its_name: Callable[[Path, Path], object]
) -> None:
    cache.put(KEYS[0], {"vectors": np.zeros(3)}, maker="corners")
    cache.put(KEYS[1], {"vectors": np.ones(3)}, maker="corners")
    wrong, right = (cache.folder / key[:2] / f"{key}.safetensors" for key in KEYS[:2])
    wrong.unlink()
    under_its_name(right, wrong)
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], {"vectors": np.zeros(3)}, maker="corners")
    again = cache.get(KEYS[0])
    assert again is not None
    assert again["vectors"].tolist() == [0, 0, 0]


def test_a_file_that_does_not_say_its_key_is_not_there(cache: Cache) -> None:
    cache.put(KEYS[0], ARRAYS, maker="corners")
    save_file(dict(ARRAYS), only_file(cache), {"digest": digest_of(ARRAYS), "maker": "corners"})
    assert cache.get(KEYS[0]) is None


def test_the_digest_is_of_names_types_shapes_and_values() -> None:
    array = np.arange(4, dtype=np.int32)
    others = [
        {"a": array},
        {"b": array},
        {"a": array.astype(np.int64)},
        {"a": array.view(np.float32)},
        {"a": array.reshape(2, 2)},
        {"a": array + 1},
        {"a": array, "b": array},
        {},
    ]
    assert len({digest_of(arrays) for arrays in others}) == len(others)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot write"):
        Cache(tmp_path / "file").put(KEYS[0], ARRAYS, maker="corners")


def used(cache: Cache, *days_ago: float) -> None:
    for key, days in zip(KEYS, days_ago, strict=False):
        cache.put(key, ARRAYS, maker="corners")
        at = time.time() - days * DAY
        os.utime(cache._path(key), (at, at))


def test_what_was_not_used_for_long_goes(cache: Cache) -> None:
    used(cache, 40, 1, 31)
    cache.get(KEYS[2])  # counts as use
    assert cache.prune(older_than=30 * DAY).files == 1
    assert [cache.has(key) for key in KEYS[:3]] == [False, True, True]


def test_what_was_not_used_for_longest_goes_until_the_rest_fits(cache: Cache) -> None:
    used(cache, 1, 3, 2)
    total = cache.info().bytes
    removed = cache.prune(most_bytes=total - 1)
    assert removed.bytes == total / 3
    assert [cache.has(key) for key in KEYS[:3]] == [True, False, True]
    assert cache.prune().files == 0
    cache.prune(most_bytes=0)
    assert cache.info() == Cache(cache.folder).info()
    assert cache.info().files == 0
    assert cache.info().oldest is None


def test_what_killed_writers_left_goes(cache: Cache) -> None:
    used(cache, 0)
    left = cache._path(KEYS[0]).parent / TEMPORARY.replace("*", "0f")
    left.write_bytes(b"half")
    with whole(cache._path(KEYS[0])) as alive:
        alive.write_bytes(b"half")
        cache.prune()
        assert alive.exists()
    assert not left.exists()


def test_it_says_who_made_how_much(cache: Cache) -> None:
    cache.put(KEYS[0], ARRAYS, maker="clip")
    cache.put(KEYS[1], ARRAYS, maker="corners")
    cache.put(KEYS[2], ARRAYS, maker="corners")
    (cache.folder / "old.safetensors").write_bytes(b"of another version")
    said = cache.info()
    assert said.files == 4
    assert list(said.by_maker) == ["corners", "clip", "unknown"]
    assert said.bytes == sum(said.by_maker.values())


MADE = {KEYS[0]: ARRAYS, KEYS[1]: ARRAYS}


def test_of_what_is_kept_together_an_interruption_is_known(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Cache, "put", interrupt)
        with pytest.raises(KeyboardInterrupt):
            cache.put_together(KEYS[3], MADE, maker="corners")
    assert cache.begun(KEYS[3]) == MADE.keys()
    cache.put(KEYS[1], ARRAYS, maker="corners")
    cache.put_together(KEYS[3], {KEYS[0]: ARRAYS, KEYS[2]: ARRAYS}, maker="corners")
    assert cache.begun(KEYS[3]) == frozenset()
    assert [cache.has(key) for key in KEYS] == [True, False, True, False]
    assert cache.info().files == 2


@pytest.mark.parametrize("content", [b"", b"7", b"[", b"[[1]", b"\xff", b"null"])
def test_a_damaged_note_of_an_interruption_is_none(cache: Cache, content: bytes) -> None:
    cache.put(KEYS[0], ARRAYS, maker="corners")
    cache._note(KEYS[0]).write_bytes(content)
    assert cache.begun(KEYS[0]) == frozenset()


def test_links_out_of_the_cache_are_not_followed(cache: Cache, tmp_path: Path) -> None:
    elsewhere = Cache(tmp_path / "elsewhere")
    for key in KEYS[:2]:
        elsewhere.put(key, ARRAYS, maker="somebody")
    before = {path: path.read_bytes() for path in elsewhere.folder.rglob("*.safetensors")}
    cache.put(KEYS[3], ARRAYS, maker="corners")
    file, folder = cache._path(KEYS[0]), cache._path(KEYS[1]).parent
    file.parent.mkdir()
    file.symlink_to(elsewhere._path(KEYS[0]))
    folder.symlink_to(elsewhere._path(KEYS[1]).parent)
    for key in KEYS[:2]:
        assert not cache.has(key)
        assert cache.get(key) is None
    cache.put(KEYS[0], {"a": np.zeros(3)}, maker="corners")  # in place of the link
    with pytest.raises(CacheError, match="is a link to elsewhere"):
        cache.put(KEYS[1], ARRAYS, maker="corners")
    assert cache.info().files == 2
    cache.prune(most_bytes=0)
    assert {path: path.read_bytes() for path in before} == before


WRITER = """
import sys
import numpy as np
from pathlib import Path
from imleak.cache import Cache
cache = Cache(Path(sys.argv[1]))
for turn in range(60):
    key = f"{turn % 5:064x}"
    found = cache.get(key)
    assert found is None or np.array_equal(found["a"], np.full(5000, turn % 5))
    cache.put(key, {"a": np.full(5000, turn % 5)}, maker="both")
    if turn % 7 == 0:
        cache.prune(most_bytes=3 * 40_000)
"""


def test_two_processes_share_a_cache(cache: Cache) -> None:
    both = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", WRITER, str(cache.folder)])
        for _ in range(2)
    ]
    assert [one.wait(60) for one in both] == [0, 0]
    assert not list(cache.folder.rglob("*.tmp"))
    for number in range(5):
        found = cache.get(f"{number:064x}")
        assert found is None or np.array_equal(found["a"], np.full(5000, number))


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "mine"))
    assert default_folder() == Cache().folder == tmp_path / "mine"
    monkeypatch.delenv("IMLEAK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "imleak" / "features"


def test_ages_and_sizes_are_read() -> None:
    assert [parse_age(text) for text in ("12h", "30d", "1.5 W")] == [43200, 30 * DAY, 10.5 * DAY]
    assert [parse_size(text) for text in ("20GB", "1.5 mb", "7", "3k")] == [
        20 * 10**9,
        1_500_000,
        7,
        3000,
    ]
    for text in ("30", "d", "-1d", "30 parsecs"):
        with pytest.raises(CacheError, match="write 12h, 30d or 8w"):
            parse_age(text)
    for text in ("GB", "-1GB", "20 GiB", "lots"):
        with pytest.raises(CacheError, match="write 500MB or 20GB"):
            parse_size(text)


@settings(deadline=None)
@given(st.integers(0, 10**14))
def test_a_size_said_is_a_size_read(count: int) -> None:
    said = in_bytes(count)
    assert abs(parse_size(said.replace(" bytes", "")) - count) <= max(0.051 * count, 0)


def test_a_file_can_be_read_by_others(cache: Cache) -> None:
    """The format is safetensors, with what it says of itself in its metadata."""
    from safetensors import safe_open

    cache.put(KEYS[0], ARRAYS, maker="corners")
    with safe_open(only_file(cache), "np") as file:
        assert set(file.keys()) == set(ARRAYS)
        assert file.metadata() == {
            "key": KEYS[0],
            "digest": digest_of(ARRAYS),
            "maker": "corners",
        }
    content = only_file(cache).read_bytes()
    assert json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
