"""Images that are no files yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

import imleak
from imleak.images import find, from_samples, read
from imleak.in_memory import SamplesError, write_images

pytestmark = pytest.mark.usefixtures("without_figures")

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (3, 20, 30), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (1, 20, 30), dtype=np.uint16)
INTERLEAVED = np.moveaxis(COLOUR, 0, 2)


@pytest.mark.parametrize(
    ("given", "samples"),
    [
        (INTERLEAVED, COLOUR),
        (COLOUR, COLOUR),
        (COLOUR[0], COLOUR[:1]),
        (DEEP, DEEP),
        (DEEP[0].astype(np.int64), DEEP),
        (torch.from_numpy(COLOUR), COLOUR),
        (torch.from_numpy(COLOUR).float() / 255, COLOUR),
        (PIL.Image.fromarray(INTERLEAVED), COLOUR),
        (PIL.Image.fromarray(COLOUR[0]), COLOUR[:1]),
        (from_samples("a/b.png", COLOUR, 8), COLOUR),
        (from_samples("deep", DEEP, 16), DEEP),
    ],
)
def test_samples_come_back(given: Any, samples: np.ndarray, tmp_path: Path) -> None:
    for sources in (given, [given]):
        (path,), _ = write_images(sources, tmp_path)
        again = read(find([path])[0], colour=True)
        assert again.samples.dtype == samples.dtype
        assert (again.samples == samples).all()


def test_several_of_every_kind_and_paths_among_them(tmp_path: Path) -> None:
    batch = RNG.integers(0, 256, (4, 20, 30, 3), dtype=np.uint8)
    assert len(write_images(batch, tmp_path)[0]) == 4
    given = [batch, "a.png", Path("b.png"), from_samples("c/d e.png", COLOUR, 8)]
    found, _ = write_images(given, tmp_path)
    assert found[4:6] == ["a.png", Path("b.png")]
    assert [path.name for path in tmp_path.iterdir() if "d_e" in path.name] == ["00006-d_e.png"]
    write_images([COLOUR], tmp_path)  # others are gone
    assert [path.name for path in tmp_path.iterdir()] == ["00000.png"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (np.zeros((20, 30, 7), np.uint8), r"image 0 has shape \(20, 30, 7\); give \(H, W\)"),
        (np.zeros((0, 30), np.uint8), r"image 0 has shape \(0, 30\)"),
        (np.full((20, 30), 0.3), "no whole numbers of 1/255"),
        (np.full((20, 30), np.nan), "no whole numbers of 1/255"),
        (np.full((20, 30), 200.0), "no whole numbers of 1/255"),
        (np.full((20, 30), -1), "samples of -1 to -1; give 0 to 255"),
        (np.zeros((20, 30), bool), "is of type bool"),
        (7, "int is no image; give paths, arrays"),
        (PIL.Image.new("CMYK", (3, 3)), "PIL cannot write mode CMYK as PNG"),
        (from_samples("deep.png", DEEP >> 4, 12), "deep.png uses 12 bits: give bits=12"),
    ],
)
def test_what_is_no_image_is_refused(given: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(SamplesError, match=told):
        write_images([given] if not isinstance(given, int) else given, tmp_path)


def test_an_audit_measures_the_samples_that_it_is_given(tmp_path: Path) -> None:
    images = imleak.read_images("dead-leaves:3x20x24")
    arrays = [image.samples[0] for image in images]
    given = {"measures": "histogram", "levels": [0, 4]}
    of_arrays = imleak.audit(arrays, out=tmp_path / "run", **given)
    of_files = imleak.audit("dead-leaves:3x20x24", out=tmp_path / "other", **given)
    assert of_arrays.summary["mean"].tolist() == of_files.summary["mean"].tolist()
    digests = {image["digest"] for image in of_arrays.manifest["images"]}
    assert digests == {image.digest for image in images}
    assert len(list((tmp_path / "run-images").iterdir())) == 3
    again = imleak.audit(arrays, out=tmp_path / "run", **given)  # goes on
    assert again.summary["mean"].tolist() == of_files.summary["mean"].tolist()
    deep = from_samples("deep.png", DEEP >> 4, 12)
    twelve = imleak.audit(deep, bits=12, out=tmp_path / "deep", measures="histogram", levels=[0])
    assert twelve.manifest["images"][0]["bits"] == 12


def test_groups_of_images_are_kept(tmp_path: Path) -> None:
    noise = RNG.integers(0, 256, (6, 1, 40, 40), dtype=np.uint8)
    groups = ("one", "one", "two", "two", "", "")
    images = [
        replace(from_samples(f"{at}.png", samples, 8), group=group)
        for at, (samples, group) in enumerate(zip(noise, groups, strict=True))
    ]
    asked = {"encoders": ["pixels"], "measures": ["psnr"], "levels": "3"}
    run = imleak.audit(images, out=tmp_path / "run", **asked)
    found = [image["group"] for image in run.manifest["images"]]
    assert found[0] == found[1] != found[2] == found[3] != ""
    assert found[4:] == ["", ""]
    assert write_images([images[0], "dead-leaves:2x40x40"], tmp_path, grouped=True)[1] is None
    config = tmp_path / "study.toml"
    config.write_text('group_by = "regex:0000([0-4])"\n')
    imleak.audit(images, out=tmp_path / "of-file", config=config, **asked)
    with pytest.raises(imleak.ImleakError, match=str(tmp_path / "missing")):
        imleak.audit(images, out=tmp_path / "no", config=tmp_path / "missing", **asked)
    regrouped = imleak.audit(images, out=tmp_path / "own", group_by="regex:0000([0-4])", **asked)
    of_file = imleak.load(tmp_path / "of-file")
    for one in (regrouped, of_file):
        assert {image["group"] for image in one.manifest["images"]} == {""}
    assert write_images(images, tmp_path)[1] == tmp_path / "groups.csv"
    assert write_images(noise, tmp_path)[1] is None
    assert not (tmp_path / "groups.csv").exists()
    with pytest.raises(SamplesError, match="some images have a group, and those of dead-leaves"):
        write_images([images[0], "dead-leaves:2x40x40"], tmp_path / "mixed")
