"""One key for all images, and schemes without any."""

import json

import numpy as np
import pytest

from imleak.images import from_samples
from imleak.interfaces import ImleakError
from imleak.study import StudySpec, run
from imleak.study.ciphers import simulated
from imleak.study.components import component, first_that_rebuilds

SOURCES = ["dead-leaves:4x48x64"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "cache"))


def scheme(name, keys="image"):
    return StudySpec.of(sources=SOURCES, scheme=name, keys=keys).scheme_component()


def images(count=2):
    rng = np.random.default_rng(0)
    return [
        from_samples(f"{at}", rng.integers(0, 256, (1, 32, 48)).astype(np.uint8), 8)
        for at in range(count)
    ]


def test_one_key_gives_all_images_the_keystream_of_one():
    one, other = images()
    fresh, same = scheme("bitplanes"), scheme("bitplanes", "one")
    streams = [
        [simulated(image, of, 0).cipher(8).samples ^ image.samples for image in (one, other)]
        for of in (fresh, same)
    ]
    assert (streams[0][0] != streams[0][1]).mean() > 0.9
    np.testing.assert_array_equal(*streams[1])


def test_under_one_key_the_exposure_is_the_cipher():
    image = images()[0]
    ciphers = simulated(image, scheme("bitplanes", "one"), 0)
    exposure = ciphers.exposure(8)
    np.testing.assert_array_equal(exposure.rendered, ciphers.cipher(8).samples)
    assert not exposure.is_empty
    assert ciphers.table(3) is None
    assert not any(level.leaves_nothing for level in ciphers.scheme.levels(8))


@pytest.mark.parametrize(
    ("name", "rebuilder"),
    [
        ("bitplanes", "smooth"),
        ("region", "inpaint"),
        ("negative-positive", "fold"),
        ("etc", "jigsaw"),
        ("tpe", "super-resolution"),
        ("tpe", "upsample"),
        ("p3", "dc"),
        ("jpeg-signs", "signs"),
        ("jpeg-amplitudes", "signs"),
    ],
)
def test_what_rebuilds_a_clear_part_does_not_rebuild_the_cipher(name, rebuilder):
    known = [component("rebuilder", rebuilder, {})]
    assert any(first_that_rebuilds(known, scheme(name), level, 8) for level in (1, 2))
    assert not any(first_that_rebuilds(known, scheme(name, "one"), level, 8) for level in (1, 2))


def test_under_one_key_what_is_asked_of_rebuilt_images_is_a_mistake():
    with pytest.raises(ImleakError, match="clear parts of bitplanes under one key; leave it out"):
        StudySpec.of(sources=SOURCES, keys="one", measures=["rebuild"])


def test_the_policy_is_part_of_what_identifies_a_scheme_where_it_is_not_the_usual_one():
    assert "keys" not in scheme("etc").identity
    assert scheme("etc", "one").identity == scheme("etc").identity | {"keys": "one"}


@pytest.mark.parametrize(
    ("name", "level", "found"),
    [("bitplanes", 4, "keystream"), ("negative-positive", 1, "keystream"), ("etc:block=8", 1, "")],
)
def test_known_plaintext_reads_other_images_under_one_key(tmp_path, name, level, found):
    spec = StudySpec.of(
        sources=SOURCES, scheme=name, keys="one", measures="inspect", levels=[level]
    )
    table = run(spec, tmp_path / "out").frame.set_index("quantity")
    known = table.loc["known plaintext"]
    assert known["verdict"] == "leak"
    assert known["value"] > 0.9
    assert found in known["answer"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["scheme"]["keys"] == "one"
    assert manifest["spec"]["keys"] == "one"
    assert "one key" in manifest["keys"]
    assert manifest["findings"]


def test_a_fresh_key_leaves_the_checks_out():
    with pytest.raises(ImleakError, match="--keys one"):
        StudySpec.of(sources=SOURCES, measures="inspect")
    names = [one.name for one in StudySpec.of(sources=SOURCES, keys="one").measure_components()]
    assert names[0] == "inspect"
    assert "match" in names


def test_what_has_no_key_is_refused_where_one_is_needed(tmp_path):
    with pytest.raises(ImleakError, match="keys: pixelate has no key; leave it out"):
        StudySpec.of(sources=SOURCES, scheme="pixelate", keys="one")
    with pytest.raises(ImleakError, match="pixelate has no key, and is seen as it is"):
        StudySpec.of(sources=SOURCES, scheme="pixelate", ciphers={"1": str(tmp_path)}, colour=True)
    with pytest.raises(ImleakError, match="ciphers come with the keys they have"):
        StudySpec.of(sources=SOURCES, keys="one", ciphers={"a": str(tmp_path)})


def test_what_is_published_without_a_key_is_measured_as_it_is(tmp_path):
    spec = StudySpec.of(sources=SOURCES, scheme="blur", levels="0,2", measures="reviewers")
    finished = run(spec, tmp_path / "out")
    values = finished.summary.set_index(["measure", "part", "level"])["mean"]
    assert values["psnr", "clear", 2] == values["psnr", "cipher", 2]
    assert "npcr" not in finished.frame["measure"].unique()
    assert finished.frame["error"].isna().all()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["scheme"]["keys"] == "none"
    assert any(
        "npcr on" in str(line) or "blur has no key" in str(line) for line in manifest["warnings"]
    )
