"""Attacks on whole images, from files to rows."""

from pathlib import Path

import numpy as np
import pytest

from imleak.images import DeadLeaves
from imleak.interfaces import ImleakError
from imleak.study import StudySpec, run

COPIES = ("JPEG 90", "JPEG 75", "JPEG 50", "half size", "cropped")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "cache"))


def audit(tmp_path, sources, **fields):
    """Means by quantity and level, and the table they are of."""
    summary = run(StudySpec.of(sources=sources, **fields), tmp_path / "out").summary
    return summary.pivot(index="level", columns="quantity", values="mean"), summary


def colour_of_sixteen_bits(folder: Path, count: int) -> Path:
    """Files of PPM: generated images in three shades, with noise in the low bits."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for at in range(count):
        grey = DeadLeaves(48, 40 + at, at, 5).render()[0]
        wide = (grey[..., np.newaxis] * np.array([256, 230, 180])).astype(">u2")
        wide += rng.integers(0, 256, wide.shape).astype(">u2")
        header = f"P6 {wide.shape[1]} {wide.shape[0]} 65535\n".encode()
        (folder / f"{at}.ppm").write_bytes(header + wide.tobytes())
    return folder


def test_who_holds_an_image_confirms_it_at_every_level_but_the_last(tmp_path):
    """Images of several sizes, so that nothing is told by that where nothing is left."""
    sources = ["dead-leaves:4x64x96", "dead-leaves:4x72x72:1"]
    found, summary = audit(tmp_path, sources, levels=[0, 2, 5, 7, 8], measures=["confirm"])
    assert list(found["bits (exact)"]) == [3, 3, 3, 3, 0]
    assert list(found["rank-1, cropped"].loc[:7]) == [1, 1, 1, 1]
    assert list(found["rank-1, JPEG 90"].loc[:2]) == [1, 1]
    last = summary[summary["level"] == 8]
    assert set(last["verdict"]) == {"no leak found"}
    assert last["mean"].max() <= 1 / 8 + 1e-9
    assert set(summary["protocol"]) == {"zero-shot"}


def test_colour_of_sixteen_bits(tmp_path):
    folder = colour_of_sixteen_bits(tmp_path / "images", 4)
    found, _ = audit(tmp_path, folder, colour=True, levels=[0, 3, 8, 16], measures=["confirm"])
    assert list(found["bits (exact)"]) == [2, 2, 2, 0]
    for copy in COPIES:
        assert found[f"rank-1, {copy}"][0] == 1
    assert (found["rank-1, cropped"].loc[:8] == 1).all()
    assert found["rank-1, JPEG 90"][3] == 1


def test_a_network_names_generated_images_less_and_less(tmp_path):
    found, summary = audit(
        tmp_path, "dead-leaves:5x160x160", levels=[0, 1, 8], measures=["recognise"]
    )
    assert found["top-1"][0] == found["top-5"][0] == 1
    assert (found["top-5"] >= found["top-1"]).all()
    assert set(summary["encoder"]) == {"efficientnet-lite0"}
    assert set(summary.loc[summary["level"] == 8, "verdict"]) == {"no leak found"}


def test_a_model_file_is_a_classifier_whose_output_are_the_scores(tmp_path, exchanged):
    """Eight scores, of a network that somebody else might have trained."""
    classifier = f"onnx={exchanged / 'model.onnx'},output=features"
    measure = {"name": "recognise", "classifier": classifier}
    found, summary = audit(tmp_path, "dead-leaves:6x40x40", levels=[0, 1], measures=[measure])
    assert found["top-1"][0] == 1
    assert set(summary["encoder"]) == {"onnx=model.onnx"}


def test_what_is_no_classifier_is_refused_before_the_work():
    measure = {"name": "recognise", "classifier": "layout"}
    with pytest.raises(ImleakError, match="layout gives no class scores"):
        StudySpec.of(sources="dead-leaves:5x40x40", measures=[measure])
    with pytest.raises(ImleakError, match="no-such"):
        StudySpec.of(sources="dead-leaves:5x40x40", measures=["recognise:classifier=no-such"])


@pytest.mark.parametrize("keys", ["image", "one"])
@pytest.mark.parametrize(
    ("scheme", "source"),
    [
        ({"name": "region", "rectangle": [30, 30, 60, 60]}, "dead-leaves:6x100x100"),
        ({"name": "etc", "block": 64}, "dead-leaves:6x72x72"),
    ],
)
def test_a_copy_that_is_too_small_for_a_scheme_is_left_out(tmp_path, scheme, source, keys):
    asked = {"scheme": scheme, "levels": [0, 1], "measures": ["confirm", "match"], "keys": keys}
    found, summary = audit(tmp_path, source, **asked)
    assert {f"rank-1, {copy}" for copy in COPIES} - set(found.columns) == {"rank-1, cropped"}
    assert summary["errors"].sum() == 0
    assert found["bits (exact)"][0] == pytest.approx(np.log2(6))
