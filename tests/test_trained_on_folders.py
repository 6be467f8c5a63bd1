"""Which collection every image is of that a network learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imleak.study.progress import Silent
from imleak.training import _grey_images


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for name in ("one/a.png", "one/b.png", "one/deep/c.png", "two/d.png", "two/e.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(path)
    return tmp_path


@pytest.mark.parametrize(
    ("sources", "numbers"),
    [
        (["one", "two"], [0, 0, 0, 1, 1]),
        (["one/a.png", "one/b.png", "two/d.png"], [0, 0, 1]),
        (["one/*.png", "two/*.png"], [0, 0, 1, 1]),
        (["one", "two/d.png", "two/e.png"], [0, 0, 0, 1, 1]),
        (["one", "dead-leaves:2x8x8"], [0, 0, 0, 1, 1]),
    ],
)
def test_files_named_one_by_one_are_of_their_folder(
    sources: list[str], numbers: list[int], folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders)
    assert _grey_images(sources, Silent())[1] == numbers
