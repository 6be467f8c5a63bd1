from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import study_fakes

from imleak import plugins
from imleak.study import components

FAKES = {
    "encoder": {
        "corners": "Corners",
        "middles": "Middles",
        "large": "Large",
        "pupil": "Pupil",
        "sides": "Sides",
    },
    "metric": {"brightness": "Brightness", "likeness": "Likeness"},
    "estimator": {
        "rows": "Rows",
        "twofold": "Twofold",
        "breaks": "Breaks",
        "keenest": "Keenest",
        "teacher": "Teacher",
        "scholar": "Scholar",
    },
    "attack": {"looks": "Looks", "brings": "Brings"},
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Vectors of tests stay in the folder of the test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("IMLEAK_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugins of study_fakes stand beside the built-in ones."""
    for kind, names in FAKES.items():
        for name, attribute in names.items():
            monkeypatch.setitem(plugins.BUILT_IN[kind], name, f"study_fakes:{attribute}")
    plugins.known.cache_clear()
    components._instance.cache_clear()
    study_fakes.Corners.shown.clear()
    study_fakes.Corners.fails_on_white = False
    study_fakes.Rows.seen.clear()
    study_fakes.Looks.seen.clear()
    study_fakes.Pupil.taught.clear()
    study_fakes.Pupil.watched.clear()
    study_fakes.Keenest.seen.clear()
    study_fakes.Middles.shown.clear()
    study_fakes.Brightness.calls = 0
    yield
    plugins.known.cache_clear()
    components._instance.cache_clear()


@pytest.fixture
def photographs(tmp_path: Path) -> Callable[..., Path]:
    """A folder of small grey images of noise, one a name."""

    def write(*names: str, size: tuple[int, int] = (12, 16), into: str = "photographs") -> Path:
        folder = tmp_path / into
        folder.mkdir(exist_ok=True)
        for name in names:
            rng = np.random.default_rng(len(name) + sum(map(ord, name)))
            samples = rng.integers(0, 255, size, dtype=np.uint8)
            PIL.Image.fromarray(samples).save(folder / name)
        return folder

    return write
