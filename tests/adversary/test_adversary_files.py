"""Adversaries in files: whole, or refused in one line."""

import json
import struct
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from imleak.adversary import AdversaryError, open_adversary, packaged, write

LEVELS, DIMENSION, COUNT = [0, 2, 5], 6, 4
MOST_BYTES = 8_000_000


def arrays():
    rng = np.random.default_rng(0)
    shape = (len(LEVELS), DIMENSION, COUNT)
    x, y = (rng.standard_normal(shape).astype(np.float16) for _ in "xy")
    rho = np.linspace(0.9, 0.1, 12, dtype="f4").reshape(3, 4)
    return {"directions/0/x": x, "directions/0/y": y, "directions/0/correlations": rho}


def card(**fields):
    learned = {
        "title": "corners",
        "contents": {"name": "corners", "digest": "0" * 64},
        "dimension": DIMENSION,
        "directions": COUNT,
        "digest": "1" * 64,
        "figures": [{"collection": "ours", "level": 2, "bits": 1.5, "ceiling": 4.0}],
    }
    return {
        "title": "three images",
        "version": "0",
        "made": "2026-01-01T00:00:00+00:00",
        "scheme": {"name": "bitplanes", "version": "1", "made": "BitPlanes(clear='scaled')"},
        "bits": 8,
        "levels": LEVELS,
        "patches": 4,
        "seed": 0,
        "colour": False,
        "collections": [{"name": "ours", "terms": "free", "images": 3}],
        "digests": ["a" * 64, "b" * 64, "c" * 64],
        "hashes": ["d" * 32, "", "e" * 32],
        "learned": [learned],
    } | fields


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "some.safetensors", card(), arrays()).path


def test_what_is_written_is_read(path: Path) -> None:
    found = open_adversary(path)
    assert (found.card.images, found.card.rebuilds) == (3, False)
    assert found.card.learned[0].figures[0].bits == 1.5
    directions = found.directions(0, (2, 5, 7))
    made = arrays()
    np.testing.assert_array_equal(directions.x_axes[:2], made["directions/0/x"][1:].astype("f4"))
    np.testing.assert_array_equal(
        directions.correlations[:2], made["directions/0/correlations"][1:]
    )
    assert not directions.correlations[2].any(), "of level 7 it knows nothing"
    assert (directions.images, directions.title) == (3, "three images")


def test_numbers_that_were_altered_are_refused(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    found = open_adversary(path)
    with pytest.raises(AdversaryError, match="not those that were written; train it again"):
        found.directions(0, (2,))


@pytest.mark.parametrize("missing", ["directions/0/y", "directions/0/correlations"])
def test_arrays_that_are_missing_are_noticed(path: Path, missing: str) -> None:
    _rewrite(path, lambda header: header.pop(missing))
    with pytest.raises(AdversaryError, match=f"{missing} is missing or of another shape"):
        open_adversary(path)


@pytest.mark.parametrize(
    ("field", "value"), [("levels", "0-7"), ("format", 2), ("digest", "short"), ("learned", None)]
)
def test_a_card_that_is_damaged_is_refused(path: Path, field: str, value: object) -> None:
    def damage(header: dict) -> None:
        known = json.loads(header["__metadata__"]["adversary"])
        header["__metadata__"]["adversary"] = json.dumps(known | {field: value})

    _rewrite(path, damage)
    with pytest.raises(AdversaryError, match=rf"damaged or of another version.*\({field}"):
        open_adversary(path)


@pytest.mark.parametrize("content", [b"", b"no", b"\xff" * 40, struct.pack("<Q", 2) + b"{}"])
def test_other_files_are_no_adversaries(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(AdversaryError, match="is no adversary; imleak adversary train"):
        open_adversary(tmp_path / "other")


def test_safetensors_without_a_card_are_no_adversaries(tmp_path: Path) -> None:
    save_file({"a": np.zeros(3)}, tmp_path / "other")
    with pytest.raises(AdversaryError, match="is no adversary"):
        open_adversary(tmp_path / "other")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(AdversaryError, match="No such file"):
        open_adversary(tmp_path / "none")


def test_one_comes_with_the_package() -> None:
    """Whole, small, held out, and with its terms."""
    found = packaged()
    assert found is not None
    assert found.path == Path(str(files("imleak"))) / "weights/adversary.safetensors"
    assert found.path.stat().st_size < MOST_BYTES
    (learned,) = found.card.learned
    assert learned.title == "efficientnet-lite0"
    assert found.card.levels == list(range(8))
    assert found.card.images == sum(one.images for one in found.card.collections) == 800
    assert all("not stated" not in one.terms for one in found.card.collections)
    assert all(0 <= one.bits <= one.ceiling for one in learned.figures)
    directions = found.directions(0, tuple(range(8)))
    assert directions.x_axes.shape == (8, learned.dimension, learned.directions)
    assert np.isfinite(directions.x_axes).all()
    assert (np.diff(directions.correlations[:, 0]) < 0.02).all(), "less is left at higher levels"
    card = found.path.with_suffix(".md").read_text(encoding="utf-8")
    assert "no image" in card


def test_the_wheel_contains_it(tmp_path: Path) -> None:
    """The package is what is below src/imleak, and nothing there is left out."""
    root = Path(__file__).parents[2]
    made = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    assert made["build"]["targets"]["wheel"] == {"packages": ["src/imleak"]}
    assert "exclude" not in made["build"]
    ignored = (root / ".gitignore").read_text(encoding="utf-8").split()
    assert not {"*.safetensors", "weights/", "*.md"} & set(ignored)
    for name in ("adversary.safetensors", "adversary.md", "code.safetensors", "code.md"):
        assert (root / "src/imleak/weights" / name).is_file()


def _rewrite(path: Path, change: Callable[[dict], object]) -> None:
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])
