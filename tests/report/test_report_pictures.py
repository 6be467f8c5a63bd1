"""Pictures of a run: exact samples, few bytes, the right tiles."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imleak.report.figures.strip import to_screen
from imleak.report.page import charts
from imleak.report.pictures import (
    BYTES,
    Subject,
    chosen,
    data_uri,
    pick,
    read_pictures,
    sheet,
    write_pictures,
)

MakeSubject = Callable[..., Subject]
LEVELS = range(9)


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(content)))


@pytest.mark.parametrize("shape", [(1, 48, 64), (3, 40, 24)])
def test_tiles_are_plain_ciphers_and_clear_parts(
    make_subject: MakeSubject, shape: tuple[int, int, int]
) -> None:
    subject = make_subject("a.png", shape=shape)
    content, width, height = sheet(subject, LEVELS, 10**6)
    assert (height, width) == shape[1:]
    tiles = opened(content).reshape(1 + 2 * 9, height, width, -1)
    np.testing.assert_array_equal(np.moveaxis(tiles[0], -1, 0), subject.plain)
    for level in LEVELS:
        cipher, clear = tiles[1 + level], tiles[1 + 9 + level]
        np.testing.assert_array_equal(np.moveaxis(cipher, -1, 0), subject.cipher(level))
        seen = to_screen(subject.clear(level), 8, 8)
        np.testing.assert_array_equal(clear.reshape(seen.shape), seen)


@pytest.mark.parametrize("most", [30_000, 6_000])
def test_a_sheet_keeps_to_its_bytes_with_samples_as_they_are(
    make_subject: MakeSubject, most: int
) -> None:
    subject = make_subject("a.png", shape=(1, 300, 400))
    content, width, height = sheet(subject, LEVELS, most)
    assert most / 3 < len(content) <= most
    assert width / height == pytest.approx(4 / 3, rel=0.1)
    first = opened(content)[:height]
    assert set(np.unique(first)) <= set(np.unique(subject.plain))


def test_deep_samples_fit_the_screen(make_subject: MakeSubject) -> None:
    subject = make_subject("deep.tif", bits=12)
    content, _, height = sheet(subject, range(13), 10**6)
    expected = np.round(subject.plain[0] * (255 / 4095))
    np.testing.assert_array_equal(opened(content)[:height], expected)


@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 100))
def test_samples_are_picked_evenly_and_never_mixed(tall: int, wide: int, side: int) -> None:
    picture = np.arange(tall * wide).reshape(tall, wide)
    found = pick(picture, side)
    assert max(found.shape) <= max(side, 1)
    rows, columns = found // wide, found % wide
    for places, length in ((rows[:, 0], tall), (columns[0], wide)):
        steps = np.diff(places)
        assert len(set(places)) == len(places)
        assert steps.size == 0 or steps.max() - steps.min() <= 1
        assert 0 <= places[0] <= length - 1 - places[-1] + 1
    assert np.array_equal(found, picture[rows[:, :1], columns[:1]])


def test_few_of_many_images_are_chosen_evenly() -> None:
    assert chosen(list(range(3)), 12) == [0, 1, 2]
    assert chosen(list(range(100)), 4) == [0, 25, 50, 75]
    assert chosen([]) == []


def test_what_is_written_is_read_again(tmp_path: Path, make_subject: MakeSubject) -> None:
    subjects = [make_subject("<b>.png", "ab" * 32), make_subject("c.png", "cd" * 32)]
    written = write_pictures(tmp_path, subjects, LEVELS, 2)
    assert read_pictures(tmp_path) == written
    assert [picture.name for picture in written] == ["<b>.png", "c.png"]
    assert data_uri(tmp_path, written[0]).startswith("data:image/png;base64,iVBOR")
    (tmp_path / "pictures" / written[1].file).unlink()
    assert read_pictures(tmp_path) == written[:1]


@pytest.mark.parametrize("index", ["", "[1]", '[{"name": "x"}]', "{}"])
def test_a_broken_index_is_no_picture(tmp_path: Path, index: str) -> None:
    assert read_pictures(tmp_path) == []
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "index.json").write_text(index)
    assert read_pictures(tmp_path) == []


def test_an_index_cannot_lead_out_of_its_folder(tmp_path: Path, make_subject: MakeSubject) -> None:
    (written,) = write_pictures(tmp_path, [make_subject("a.png")], LEVELS, 1)
    index = tmp_path / "pictures" / "index.json"
    (tmp_path / "secret.png").write_bytes(b"secret")
    index.write_text(index.read_text().replace(written.file, "../secret.png"))
    assert read_pictures(tmp_path) == []


def test_pictures_and_scripts_leave_room_below_4_megabytes() -> None:
    assert 4 / 3 * BYTES + len(charts.scripts()) < 3_750_000
