"""Ciphers in folders: which belongs to which image, and what is refused, and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from imleak.cli import app
from imleak.images import Source
from imleak.study import SpecError, StudySpec, run
from imleak.study.cipher_files import CipherFolders, PairError
from imleak.study.cluster import LocalExecutor
from imleak.study.progress import Silent
from imleak.study.scan import Scan, scan

pytestmark = pytest.mark.usefixtures("without_figures")


def write(path: Path, *shape: int, depth: type[np.unsignedinteger[Any]] = np.uint8) -> Path:
    """Noise, another for every path."""
    rng = np.random.default_rng(sum(map(ord, str(path))))
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = rng.integers(0, np.iinfo(depth).max, shape or (12, 16), dtype=depth)
    PIL.Image.fromarray(samples).save(path)
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "c.png"):
        write(tmp_path / "plain" / name)
    return tmp_path / "plain"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    for name in ("a.tiff", "b.png", "c.bmp"):
        write(tmp_path / "theirs" / name)
    return tmp_path / "theirs"


def look(plain: Path, **ciphers: Path) -> Scan:
    spec = StudySpec.of(sources=plain, ciphers=ciphers, measures="brightness")
    return scan(spec, Silent(), LocalExecutor())


def pairs(found: Scan) -> dict[str, list[tuple[int, str]]]:
    return {
        image.name: [(file.level, file.source.name) for file in image.ciphers]
        for image in found.images
    }


def why(found: Scan) -> dict[str, str]:
    return {left.image: left.why for left in found.left_out}


def test_a_cipher_has_the_name_of_its_image_whatever_its_suffix(plain: Path, theirs: Path) -> None:
    found = look(plain, x=theirs)
    assert pairs(found) == {
        "a.png": [(1, "a.tiff")],
        "b.png": [(1, "b.png")],
        "c.png": [(1, "c.bmp")],
    }
    assert not found.left_out
    assert len({image.key for image in found.images}) == 3


def test_every_folder_is_a_level(plain: Path, theirs: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    for name in ("a.png", "b.png", "c.png"):
        write(more / name)
    assert pairs(look(plain, x=theirs, y=more))["a.png"] == [(1, "a.tiff"), (2, "a.png")]


def test_of_images_of_one_name_the_folder_tells(tmp_path: Path) -> None:
    for folder in ("p1", "p2"):
        write(tmp_path / "plain" / folder / "a.png")
        write(tmp_path / "theirs" / folder / "a.tiff")
    found = look(tmp_path / "plain", x=tmp_path / "theirs")
    assert pairs(found) == {"p1/a.png": [(1, "p1/a.tiff")], "p2/a.png": [(1, "p2/a.tiff")]}


def test_an_image_without_its_cipher_is_left_out(plain: Path, theirs: Path, tmp_path: Path) -> None:
    (theirs / "b.png").unlink()
    write(theirs / "d.png")
    found = look(plain, x=theirs)
    assert list(pairs(found)) == ["a.png", "c.png"]
    assert why(found) == {"b.png": f"has no cipher of its name in {theirs}"}
    assert f"1 cipher in {theirs} has no image of its name: d.png." in found.warnings
    done = run(
        StudySpec.of(sources=plain, ciphers={"x": theirs}, measures="brightness"), tmp_path / "out"
    )
    errors = done.failures[["image", "error"]].to_numpy().tolist()
    assert errors == [["b.png", f"has no cipher of its name in {theirs}"]]


def test_several_ciphers_of_one_name_are_not_chosen_among(plain: Path, theirs: Path) -> None:
    write(theirs / "a.png")
    found = look(plain, x=theirs)
    assert why(found) == {"a.png": f"has several ciphers of its name in {theirs}: a.png, a.tiff"}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda path: write(path, 12, 17),
            "is 17x12 and the image 16x12; give ciphers of its size",
        ),
        (
            lambda path: write(path, 12, 16, 3),
            "is colour and the image grey; give both in grey or both in colour",
        ),
        (
            lambda path: write(path, depth=np.uint16),
            "has 16 bits a sample and the image 8; give ciphers of its depth",
        ),
    ],
)
def test_a_cipher_of_another_form_is_refused(
    plain: Path, theirs: Path, make: Callable[[Path], Path], told: str
) -> None:
    make(theirs / "b.png")
    found = look(plain, x=theirs)
    assert why(found) == {"b.png": f"its cipher b.png {told}"}
    assert list(pairs(found)) == ["a.png", "c.png"]


def test_a_cipher_that_cannot_be_read_is_refused(plain: Path, theirs: Path) -> None:
    (theirs / "b.png").write_text("I am text")
    (left,) = look(plain, x=theirs).left_out
    assert left.image == "b.png"
    assert left.why.startswith("its cipher b.png: is not a JPEG, PNG")


def test_where_nothing_fits_the_run_is_refused_and_leaves_no_folder(
    plain: Path, theirs: Path, tmp_path: Path
) -> None:
    for path in theirs.iterdir():
        path.rename(path.with_stem(f"{path.stem}-cipher"))
    spec = StudySpec.of(sources=plain, ciphers={"x": theirs}, measures="brightness")
    with pytest.raises(
        PairError, match=r"no image has a cipher .*: a\.png: has no cipher"
    ) as error:
        run(spec, tmp_path / "out")
    assert "the name of its image, whatever its suffix" in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_what_was_measured_stands_after_a_run_that_found_no_pairs(
    plain: Path, theirs: Path, tmp_path: Path
) -> None:
    spec = StudySpec.of(sources=plain, ciphers={"x": theirs}, measures="brightness")
    first = run(spec, tmp_path / "out").frame
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    kept = {path: path.read_bytes() for path in files if path.name != ".lock"}
    theirs.rename(tmp_path / "elsewhere")
    write(theirs / "z.png")
    with pytest.raises(PairError):
        run(spec, tmp_path / "out")
    changed = [path.name for path, content in kept.items() if path.read_bytes() != content]
    assert not changed
    write(theirs / "z.png").unlink()
    theirs.rmdir()
    (tmp_path / "elsewhere").rename(theirs)
    assert run(spec, tmp_path / "out").frame.equals(first)


def test_a_folder_without_images_is_refused(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(Exception, match="none") as error:
        look(plain, x=tmp_path / "none")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ciphers": {"x": "f"}, "scheme": "bitplanes"}, "'x' is no level of bitplanes"),
        (
            {"ciphers": {"3": "f", "03": "g"}, "scheme": "bitplanes"},
            "'03' is no level of bitplanes that encrypts",
        ),
        (
            {"ciphers": {"0": "f"}, "scheme": "bitplanes"},
            "'0' is no level of bitplanes that encrypts",
        ),
        (
            {"ciphers": {"9" * 5000: "f"}, "scheme": "bitplanes"},
            "is no level of bitplanes that encrypts; write one",
        ),
        ({"ciphers": {"3": "f"}, "scheme": "bitplanes", "levels": "0-4"}, "levels: those of"),
        ({"ciphers": {"x": "f"}, "colour": False}, "colour: ciphers are measured in the channels"),
        ({"scheme": "recorded"}, "scheme: recorded is of ciphers that somebody else made"),
    ],
)
def test_what_ciphers_leave_no_choice_of(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError) as error:
        StudySpec.of(sources="photos", measures="brightness", **fields)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


def test_measures_that_encrypt_are_left_out_or_say_why(
    plain: Path, theirs: Path, tmp_path: Path
) -> None:
    spec = StudySpec.of(sources=plain, ciphers={"x": theirs}, measures=["npcr", "brightness"])
    done = run(spec, tmp_path / "out")
    errors = done.failures[["measure", "image"]].to_numpy().tolist()
    assert errors == [["npcr", f"{name}.png"] for name in "abc"]
    assert done.failures["error"].str.len().between(10, 200).all()
    assert set(done.summary["measure"]) == {"npcr", "brightness"}


def test_the_command_takes_folders_by_label(plain: Path, theirs: Path, tmp_path: Path) -> None:
    words = ["audit", plain, "--cipher", f"theirs={theirs}", "--measure", "psnr"]
    done = CliRunner().invoke(app, [*map(str, words), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "theirs" in (tmp_path / "out" / "summary.csv").read_text()


names = st.lists(st.sampled_from(["a", "b", "p/a", "p/b", "q/a"]), unique=True)


@given(images=names, ciphers=names)
def test_no_cipher_goes_to_two_images(images: list[str], ciphers: list[str]) -> None:
    """Nor to one of another name; and one with the same path is never missed."""

    def sources(found: list[str], suffix: str) -> list[Source]:
        return [Source(name + suffix, Path(name), name + suffix) for name in found]

    def by_stem(found: list[Source]) -> dict[str, list[Source]]:
        return {s: [one for one in found if Path(one.name).stem == s] for s in "ab"}

    plain, theirs = sources(images, ".png"), sources(ciphers, ".tif")
    found = {s: some for s, some in by_stem(theirs).items() if some}
    folders = CipherFolders({1: "theirs"}, {1: found}, by_stem(plain))
    given = {image.name: folders.given(image)[1] for image in plain}
    chosen = [cipher.name for cipher in given.values() if isinstance(cipher, Source)]
    assert len(chosen) == len(set(chosen))
    for name, cipher in given.items():
        if isinstance(cipher, Source):
            assert Path(cipher.name).stem == Path(name).stem
        else:
            assert name.removesuffix(".png") not in ciphers


def test_a_folder_of_folders_is_answered_with_the_options_that_name_them(
    plain: Path, tmp_path: Path
) -> None:
    for kind in ("weak", "strong"):
        write(tmp_path / "ciphers" / kind / "a.png")
    where = tmp_path / "ciphers"
    words = re.escape(f"write --cipher strong={where}/strong --cipher weak={where}/weak")
    with pytest.raises(PairError, match=words):
        look(plain, x=where)


def test_a_file_belongs_to_the_nearest_folder_that_was_given(tmp_path: Path) -> None:
    """A cipher is neither an image nor a cipher of another level."""
    plain = tmp_path / "plain"
    for name in ("a.png", "weak/a.png", "weak/b.png", "weak/strong/a.png", "weak/strong/c.png"):
        write(plain / name)
    write(plain / "c.png")
    found = look(plain, x=plain / "weak", y=plain / "weak" / "strong")
    assert pairs(found) == {"a.png": [(1, "a.png"), (2, "a.png")]}
    assert why(found) == {"c.png": f"has no cipher of its name in {plain / 'weak'}"}
    assert f"1 cipher in {plain / 'weak'} has no image of its name: b.png." in found.warnings
    assert pairs(look(plain / "weak", x=plain))["weak/a.png"] == [(1, "a.png")]


def test_a_cipher_goes_to_one_of_two_images_of_a_path(plain: Path, theirs: Path) -> None:
    write(plain / "b.tiff")
    found = look(plain, x=theirs)
    assert pairs(found)["b.png"] == [(1, "b.png")]
    assert why(found) == {"b.tiff": f"has no cipher of its name in {theirs}, but b.png"}


def test_what_a_run_has_written_among_ciphers_is_none(plain: Path, theirs: Path) -> None:
    spec = StudySpec.of(sources=plain, ciphers={"x": theirs}, measures="brightness")
    run(spec, theirs / "out")
    write(theirs / "out" / "figures" / "a.png")
    assert len(look(plain, x=theirs).images) == 3


def test_ciphers_of_images_that_are_not_wanted_have_their_image(plain: Path, theirs: Path) -> None:
    chosen = {"sources": plain, "ciphers": {"x": theirs}, "measures": "brightness"}
    for limit in ("limit", "largest"):
        found = scan(StudySpec.of(**chosen, **{limit: 1}), Silent(), LocalExecutor())
        assert (len(found.images), found.warnings) == (1, ())


def test_one_cipher_for_several_images_is_noticed(plain: Path, theirs: Path) -> None:
    for path in theirs.iterdir():
        PIL.Image.open(theirs / "b.png").copy().save(path)
    (line,) = look(plain, x=theirs).warnings
    assert line.startswith(f"3 of 3 images have the same cipher as another in {theirs}: a.png, ")
