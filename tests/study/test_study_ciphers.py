"""Ciphers of an image: made here, or read, and each once for all that look at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_fakes import Corners, Rows

import imleak
from imleak.images import COPIES, Source, find, from_samples, read
from imleak.interfaces import Exposure, Image, ImageError, ImleakError, Keystream, Level, Raster
from imleak.report.previews import read_previews
from imleak.schemes.bitplanes import BitPlanes
from imleak.study import StudySpec, ciphers, run
from imleak.study.ciphers import CipherFile, Ciphers, of_a_copy, recorded, simulated
from imleak.study.components import component
from jpeg_files import jpeg

pytestmark = pytest.mark.usefixtures("without_figures")


def image(side: int = 8, seed: int = 0, bits: int = 8) -> Image:
    samples = np.random.default_rng(seed).integers(0, 2**bits, (1, side, side))
    return from_samples("a", samples, bits)


@pytest.fixture
def encrypted(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, int]]:
    """How often which image was encrypted at which level."""
    counts: Counter[tuple[str, int]] = Counter()
    encrypt = BitPlanes.encrypt

    def counted(self: BitPlanes, plain: Raster, level: int, keystream: Keystream) -> Raster:
        counts[getattr(plain, "name", "?"), level] += 1
        return encrypt(self, plain, level, keystream)

    monkeypatch.setattr(BitPlanes, "encrypt", counted)
    return counts


BITPLANES = component("scheme", "bitplanes", {})


def test_every_level_is_encrypted_once_for_all_that_look_at_it(
    photographs: Callable[..., Path], tmp_path: Path, encrypted: Counter[tuple[str, int]]
) -> None:
    """Two metrics of pixels, one of features, patches and whole images for estimators."""
    folder = photographs("a.png", "b.png", "c.png", size=(24, 24))
    measures = ["brightness", "histogram", "psnr", "likeness", "rows"]
    spec = StudySpec.of(
        sources=folder, encoders=["corners", "middles"], measures=measures, levels="0,4,8"
    )
    run(spec, tmp_path / "out")
    assert len(Rows.seen) == 2
    images = [f"{name}.png" for name in "abc"]
    assert encrypted == {(name, level): 1 for name in images for level in (0, 4, 8)}


@given(
    st.lists(st.tuples(st.sampled_from(["cipher", "exposure"]), st.integers(0, 8)), max_size=40),
    st.integers(0, 6),
)
def test_what_is_kept_is_bounded_and_right(asked: list[tuple[str, int]], room: int) -> None:
    one = image()
    every = simulated(one, BITPLANES, 0)
    tight = replace(simulated(one, BITPLANES, 0), room=room * one.samples.nbytes)
    for what, level in asked:
        found, expected = (getattr(each, what)(level) for each in (tight, every))
        if what == "exposure":
            found, expected = found.rendered, expected.rendered
        else:
            found, expected = found.samples, expected.samples
        np.testing.assert_array_equal(found, expected)
        held = {
            id(array): array.nbytes
            for kept in tight._made.values()
            for array in (
                (kept.rendered, *kept.symbols.values())
                if isinstance(kept, Exposure)
                else (kept.samples,)
            )
        }
        few = len(tight._made) <= 2  # a cipher and what is exposed of it
        assert few or sum(held.values()) <= room * one.samples.nbytes


def test_small_images_keep_all_levels(encrypted: Counter[tuple[str, int]]) -> None:
    made = simulated(image(), BITPLANES, 0)
    for _ in range(3):
        for level in range(9):
            made.exposure(level)
            made.cipher(level)
    assert set(encrypted.values()) == {1}
    assert len(encrypted) == 9


def test_ciphers_can_be_had_again_and_differ_between_images_and_seeds() -> None:
    first, same = (simulated(image(), BITPLANES, 0).cipher(8).samples for _ in range(2))
    np.testing.assert_array_equal(first, same)
    others = [simulated(image(), BITPLANES, 1), simulated(image(seed=1), BITPLANES, 0)]
    plain = [image().samples, image(seed=1).samples]
    keystreams = [first ^ plain[0]]
    keystreams += [o.cipher(8).samples ^ p for o, p in zip(others, plain, strict=True)]
    for at, one in enumerate(keystreams):
        for other in keystreams[:at]:
            assert (one == other).mean() < 0.1


@pytest.mark.parametrize("name", ["bitplanes", "etc", "ele", "tpe"])
def test_the_clear_part_of_a_copy_is_had_without_encrypting_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = component("scheme", name, {})
    copy = image(32)
    wanted = simulated(copy, scheme, 0).exposure(1).rendered

    def encrypt(*_: Any) -> Raster:
        raise AssertionError("a copy was encrypted")

    monkeypatch.setattr(type(scheme.build()), "encrypt", encrypt)
    np.testing.assert_array_equal(of_a_copy(copy, scheme, 0).exposure(1).rendered, wanted)


def test_a_copy_and_what_is_exposed_of_it_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = simulated(image(32), BITPLANES, 0)
    names: list[str] = []
    copied = ciphers.copy_of
    monkeypatch.setattr(
        ciphers, "copy_of", lambda image, name: names.append(name) or copied(image, name)
    )
    asked = [("crop", 2), ("half", 2), ("crop", 2), ("crop", 5)]
    shown = [made.of_copy(name).exposure(level).rendered for name, level in asked]
    assert names == ["crop", "half"]
    assert shown[0] is shown[2]
    for (name, level), rendered in zip(asked, shown, strict=True):
        alone = of_a_copy(copied(image(32), name), BITPLANES, 0).exposure(level).rendered
        np.testing.assert_array_equal(rendered, alone)


def test_under_one_key_the_clear_part_of_a_copy_is_its_cipher() -> None:
    scheme = replace(BITPLANES, keys="one")
    made = of_a_copy(image(), scheme, 0)
    np.testing.assert_array_equal(made.exposure(8).rendered, made.cipher(8).samples)
    assert not np.array_equal(made.exposure(8).rendered, image().samples)


@pytest.mark.parametrize("change", ["key", "plain"])
def test_after_a_change_of_one_bit_nothing_of_the_keystream_is_left(change: Any) -> None:
    one = image(16)
    made = simulated(one, BITPLANES, 0)
    first, again = made.cipher(8).samples, made.again(8, change)
    assert (first == again).mean() < 0.05
    np.testing.assert_array_equal(again, made.again(8, change))


@pytest.mark.parametrize("bits", [8, 12])
def test_a_table_is_that_of_the_scheme_or_none(bits: int) -> None:
    one = image(bits=bits)
    made = simulated(one, BITPLANES, 0)
    for level in (0, 3, bits):
        table = made.table(level)
        np.testing.assert_array_equal(table[one.samples], made.exposure(level).rendered)
    region = simulated(image(32), component("scheme", "region", {}), 0)
    assert region.table(1) is None


@pytest.fixture
def files(tmp_path: Path) -> list[CipherFile]:
    """The ciphers of the image at levels 3 and 8."""
    made = simulated(image(), BITPLANES, 7)
    found = []
    for level in (3, 8):
        path = tmp_path / f"{level}.png"
        PIL.Image.fromarray(made.cipher(level).samples[0]).save(path)
        (source,) = find([str(path)])
        found.append(CipherFile(level, source, read(source).digest))
    return found


def reads(source: Source) -> Image:
    return read(source)


def of_files(files: list[CipherFile]) -> Ciphers:
    return recorded(image(), BITPLANES, 0, tuple(files), reads)


def test_recorded_ciphers_are_those_of_the_files(files: list[CipherFile]) -> None:
    made, found = simulated(image(), BITPLANES, 7), of_files(files)
    for level in (3, 8):
        np.testing.assert_array_equal(found.cipher(level).samples, made.cipher(level).samples)
        np.testing.assert_array_equal(found.exposure(level).rendered, made.exposure(level).rendered)
    assert found.cipher(0).samples is not None
    np.testing.assert_array_equal(found.cipher(0).samples, image().samples)
    assert found.again is None
    assert found.observed((0, 3)).again is None


def test_copies_beside_recorded_ciphers_have_clear_parts_of_the_scheme(
    files: list[CipherFile],
) -> None:
    made, found = (of.of_copy("half") for of in (simulated(image(), BITPLANES, 7), of_files(files)))
    np.testing.assert_array_equal(found.exposure(3).rendered, made.exposure(3).rendered)


def test_a_recorded_cipher_is_read_once(files: list[CipherFile]) -> None:
    counts: Counter[str] = Counter()

    def counted(source: Source) -> Image:
        counts[source.name] += 1
        return read(source)

    found = recorded(image(), BITPLANES, 0, tuple(files), counted)
    for _ in range(2):
        for level in (0, 3, 8):
            found.exposure(level)
    assert counts == {"3.png": 1, "8.png": 1}


def test_a_recorded_cipher_that_changes_is_an_error(files: list[CipherFile]) -> None:
    found = of_files(files)
    PIL.Image.fromarray(np.zeros((8, 8), np.uint8)).save(files[0].source.origin)
    with pytest.raises(ImageError, match=r"3\.png: has changed since the run began"):
        found.cipher(3)
    found.cipher(8)


@pytest.fixture
def folders(photographs: Callable[..., Path], tmp_path: Path) -> tuple[Path, Path]:
    """Images, and their ciphers at level 3."""
    plain, theirs = photographs("a.png", "b.png", "c.png"), tmp_path / "theirs"
    theirs.mkdir()
    for source in find([str(plain)]):
        cipher = simulated(read(source), BITPLANES, 5).cipher(3)
        PIL.Image.fromarray(cipher.samples[0]).save(theirs / source.name)
    return plain, theirs


def test_a_cipher_that_changes_during_a_run_becomes_a_row(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is measured of a cipher that is not the one of the manifest."""
    plain, theirs = folders
    from imleak.study import engine

    look = engine.plan

    def change(*asked: Any) -> Any:
        PIL.Image.fromarray(np.zeros((12, 16), np.uint8)).save(theirs / "b.png")
        return look(*asked)

    monkeypatch.setattr(engine, "plan", change)
    spec = StudySpec.of(sources=plain, ciphers={"x": theirs}, measures="psnr")
    done = run(spec, tmp_path / "out")
    failed = done.failures
    assert failed["image"].tolist() == ["b.png"]
    assert failed["error"].tolist() == ["has changed since the run began; start it again"]
    assert set(done.frame[done.frame["error"].isna()]["image"]) == {"a.png", "c.png"}


CLEAR = ["histogram", "psnr", "ssim", "brightness", "likeness", "rows", "keenest"]


def test_recorded_ciphers_of_a_known_scheme_have_the_numbers_of_simulated_ones(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """Whatever the key was: clear parts are the same, and so is all that looks at them."""
    plain, theirs = folders
    fields = {"sources": plain, "measures": CLEAR, "encoders": ["corners", "pixels"], "patches": 3}
    ours = run(StudySpec.of(**fields, levels="0,3"), tmp_path / "ours")
    given = StudySpec.of(**fields, scheme="bitplanes", ciphers={"3": theirs})
    found = run(given, tmp_path / "found")
    assert found.frame["error"].isna().all()
    names = ["image", "scheme", "level", "label", "encoder", "measure", "value", "low", "high"]
    names += ["unit", "bound", "ceiling", "exact", "null_mean", "n"]
    clear, expected = (
        one.frame[one.frame["part"] == "clear"][names].reset_index(drop=True)
        for one in (found, ours)
    )
    assert len(clear) > 50
    assert clear.equals(expected)
    assert not found.manifest["scheme"]["recorded"]  # its clear part is known
    assert found.manifest["keys"].startswith("Ciphers were made elsewhere")
    ciphers = [one["ciphers"] for one in found.manifest["images"]]
    assert [list(each) for each in ciphers] == [["3"]] * 3


def test_the_same_image_with_other_ciphers_is_measured_anew(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    plain, theirs = folders
    spec = StudySpec.of(
        sources=plain, ciphers={"x": theirs}, measures=["brightness", "likeness"],
        encoders="corners",
    )  # fmt: skip
    first = run(spec, tmp_path / "out").frame
    for path in theirs.iterdir():
        PIL.Image.fromarray(np.zeros((12, 16), np.uint8)).save(path)
    second = run(spec, tmp_path / "out").frame
    brightness = second[(second["measure"] == "brightness") & (second["level"] == 1)]
    assert brightness["value"].tolist() == [0, 0, 0]
    at_plain = [one[one["level"] == 0]["value"].tolist() for one in (first, second)]
    assert at_plain[0] == at_plain[1]


def test_vectors_of_other_ciphers_are_not_given_up_for_those_that_failed(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    plain, theirs = folders
    spec = StudySpec.of(
        sources=plain, ciphers={"x": theirs}, measures="rows", encoders="corners", patches=3
    )
    for path in theirs.iterdir():
        samples = np.asarray(PIL.Image.open(path))
        PIL.Image.fromarray(np.minimum(samples, 254)).save(path)
    good = (theirs / "b.png").read_bytes()
    PIL.Image.fromarray(np.full((12, 16), 255, np.uint8)).save(theirs / "b.png")
    Corners.fails_on_white = True
    first = run(spec, tmp_path / "out")
    assert first.failures["image"].tolist() == ["b.png"]
    assert len(Rows.seen[-1].x) == 6
    (theirs / "b.png").write_bytes(good)
    assert run(spec, tmp_path / "out").failures.empty
    assert len(Rows.seen[-1].x) == 9


class Fails(BitPlanes):
    """On images of which the first sample is odd."""

    name = "fails"
    table = None  # type: ignore[assignment]

    def encrypt(self, plain: Raster, level: int, keystream: Keystream) -> Raster:
        if plain.samples[0, 0, 0] % 2:
            raise KeyError("odd")
        return super().encrypt(plain, level, keystream)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda e: replace(e, bits=4), "1x8x8 uint8 of 4 bits, the image 1x8x8 uint8 of 8 bits"),
        (lambda e: replace(e, rendered=e.rendered[:, ::2]), "1x4x8 uint8 of 8 bits, the image 1x8"),
        (lambda e: replace(e, rendered=e.rendered[0]), "8x8 uint8 of 8 bits, the image 1x8x8"),
        (lambda e: replace(e, rendered=e.rendered / 255), "1x8x8 float64 of 8 bits"),
        (lambda _: None, "AttributeError: 'NoneType' object has no attribute 'rendered'"),
    ],
)
def test_a_clear_part_of_another_form_is_refused(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Exposure], Exposure], why: str
) -> None:
    expose = BitPlanes.expose
    monkeypatch.setattr(BitPlanes, "expose", lambda *asked: change(expose(*asked)))
    with pytest.raises(ImageError, match=f"bitplanes makes no clear part of it at level 3: {why}"):
        simulated(image(), BITPLANES, 0).exposure(3)


def test_a_cipher_that_is_no_image_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BitPlanes, "encrypt", lambda _, plain, *__: plain.samples)
    with pytest.raises(ImageError, match="bitplanes makes no cipher of it at level 3: Attribute"):
        simulated(image(), BITPLANES, 0).cipher(3)


@pytest.mark.usefixtures("drawn")
def test_a_scheme_that_fails_on_some_images_leaves_a_row_for_each(tmp_path: Path) -> None:
    for name, value in (("odd.png", 1), ("even.png", 2)):
        samples = np.random.default_rng(value).integers(0, 255, (24, 24), dtype=np.uint8)
        samples[0, 0] = value
        PIL.Image.fromarray(samples).save(tmp_path / name)
    done = imleak.audit(tmp_path, out=tmp_path / "out", scheme=Fails, measures="psnr", levels="0,4")
    errors = done.failures[["image", "error"]].drop_duplicates().to_numpy().tolist()
    assert errors == [["odd.png", "fails makes no cipher of it at level 0: KeyError: 'odd'"]]
    assert [one.name for one in read_previews(done.path)] == ["even.png"]
    assert list((done.path / "figures").glob("strip.*"))


def test_levels_that_do_not_rise_from_0_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = StudySpec.of(sources="dead-leaves:2x16x16", measures="psnr")
    for ranks in ([], [1, 2], [0, 1, 1], [0, 2, 1]):
        levels = tuple(Level(rank, f"level {rank}") for rank in ranks)
        monkeypatch.setattr(BitPlanes, "levels", lambda *_, levels=levels: levels)
        with pytest.raises(ImleakError, match="they rise from 0"):
            run(spec, tmp_path / "out")


def test_a_metric_sees_the_file_as_a_code_of_samples_or_of_coefficients(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg())
    grey = read(Source("a.jpg", path))
    assert grey.file_code is not None
    for scheme, whole in (("bitplanes", False), ("jpeg-signs", True)):
        seen = simulated(grey, component("scheme", scheme, {}), 0).observed((0,))
        assert seen.file_code is not None
        assert seen.file_code().size == grey.file_code(whole).size
    assert grey.file_code(False).size < grey.file_code(True).size
    assert simulated(image(), BITPLANES, 0).observed((0,)).file_code is None


def test_copies_of_a_large_image_are_not_kept_beside_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = simulated(image(32), BITPLANES, 0)
    of_one = 3 * made.image.samples.nbytes  # samples and two exposures
    monkeypatch.setattr(ciphers, "KEPT_BYTES_OF_COPY", 2 * of_one)
    for name in COPIES:
        for level in range(1, 9):
            made.of_copy(name).exposure(level)
        others = [one.held for key, one in made._copies.items() if key != name]
        assert sum(others) <= 2 * of_one
    assert len(made._copies) < len(COPIES)
