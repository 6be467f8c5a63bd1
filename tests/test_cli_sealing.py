"""What `encrypt` and `decrypt` refuse before anything is made, and what they say of sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from typer.testing import CliRunner, Result

from imleak.cli import app
from imleak.cli.terminal import tell_rows
from imleak.sealed import Row


def imleak(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(*words: object) -> str:
    """The one line an error is told in."""
    result = imleak(*words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("imleak: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("imleak: ").strip()


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with two JPEG files in a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    folder = tmp_path / "photos"
    folder.mkdir()
    ramp = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)
    for name in ("a.jpg", "b.jpg"):
        PIL.Image.fromarray(ramp).save(folder / name)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "photos -o out --level 12",
            "--level 12: bitplanes of 8-bit samples has levels 0 to 8; 8 is: 8 of 8 planes "
            "encrypted",
        ),
        (
            "photos/a.jpg -o out.png --level 9 --scheme region",
            "--level 9: region of 8-bit samples has levels 0 to 5; 5 is: 100 % of the area "
            "encrypted",
        ),
        (
            "photos -o out --level 20",
            "--level 20: bitplanes of 8-bit samples has levels 0 to 8; 8 is: 8 of 8 planes "
            "encrypted",
        ),
        (
            "photos -o out --level 3 --bits 2",
            "--level 3: bitplanes of 2-bit samples has levels 0 to 2; 2 is: 2 of 2 planes "
            "encrypted",
        ),
        (
            "photos -o out --level 2 --jpeg-quality 50",
            "--jpeg-quality 50: bitplanes encrypts samples and keeps them as they are, and nothing "
            "is compressed; leave it out, or take a scheme on the coefficients of JPEG files, such "
            "as --scheme jpeg-signs",
        ),
        (
            "photos/a.jpg -o none/a.png --level 2",
            "cannot write none/a.png: there is no folder none",
        ),
        (
            "photos -o out --level 2 --key-file none/k",
            "cannot write key file none/k: there is no folder none",
        ),
    ],
)
def test_mistakes_are_refused_before_anything_is_made(photos: Path, words: str, told: str) -> None:
    assert refused("encrypt", *words.split(" ")) == told
    assert names(photos.parent) == ["photos"]


def test_a_level_that_some_images_have_is_refused_for_the_others_alone(photos: Path) -> None:
    deep = np.full((40, 60), 40_000, np.uint16)
    PIL.Image.fromarray(deep).save(photos / "deep.png")
    result = imleak("encrypt", photos, "-o", "out", "--level", 12)
    assert result.exit_code == 1
    assert "Not encrypted: a.jpg and 1 more: level 12: bitplanes of 8-bit" in result.stdout
    assert names(Path("out")) == ["deep.png", "sizes.csv"]


def test_missing_images_are_named_and_not_the_key(photos: Path) -> None:
    for words in (("none", "-o", "back"), ("none.png", "-o", "back.png")):
        assert refused("decrypt", *words).startswith(f"{words[0]}: no such file or folder")
    assert names(photos.parent) == ["photos"]


def test_a_folder_below_missing_ones_is_made_with_them(photos: Path) -> None:
    assert imleak("encrypt", photos, "-o", "far/below/out", "--level", 3).exit_code == 0
    assert names(Path("far/below")) == ["out", "out.key"]


def test_nothing_is_left_where_nothing_was_encrypted(photos: Path) -> None:
    for path in photos.iterdir():
        path.write_bytes(b"no image")
    assert imleak("encrypt", photos, "-o", "far/out", "--level", 3).exit_code == 1
    assert names(photos.parent) == ["photos"]


def test_other_ciphers_in_the_folder_are_told_in_one_line(photos: Path) -> None:
    assert imleak("encrypt", photos, "-o", "out", "--level", 3).exit_code == 0
    before = [path.read_bytes() for path in sorted(Path("out").iterdir())]
    told = refused("encrypt", photos, "-o", "out", "--level", 4)
    assert told == (
        "out holds 2 of the 2 files that would be written, encrypted by bitplanes at level 3; "
        "give another folder, or replace what is there: --overwrite"
    )
    assert [path.read_bytes() for path in sorted(Path("out").iterdir())] == before
    assert imleak("encrypt", photos, "-o", "out", "--level", 4, "--overwrite").exit_code == 0
    PIL.Image.new("L", (8, 8)).save("out/b.png")
    told = refused("encrypt", photos, "-o", "out", "--level", 3)
    assert "written, 1 encrypted by bitplanes at level 4, 1 not encrypted; give" in told


def test_another_key_is_told_in_one_line(photos: Path) -> None:
    assert imleak("encrypt", photos, "-o", "out", "--level", 3).exit_code == 0
    assert imleak("encrypt", photos, "-o", "two", "--level", 3).exit_code == 0
    result = imleak("encrypt", photos, "-o", "out", "--level", 3, "--key-file", "two.key")
    assert result.exit_code == 1
    assert result.stdout.startswith("Not encrypted: a.jpg and 1 more: wrong key, or the file")


def test_growth_is_told_apart_from_the_change_of_format(photos: Path) -> None:
    shown = imleak("encrypt", photos, "-o", "out", "--level", 8).stdout.splitlines()
    columns = ("image", "plain file", "as PNG", "cipher", "against file", "against PNG")
    assert shown[0].split() == " ".join(columns).split()
    *_, plain, alike, cipher, against_file, _, against_png, _ = shown[3].split()
    sizes = [int(size.replace(",", "")) for size in (plain, alike, cipher)]
    assert against_file == f"{100 * (sizes[2] / sizes[0] - 1):+.1f}"
    assert against_png == f"{100 * (sizes[2] / sizes[1] - 1):+.1f}"
    assert shown[4].startswith("Bytes. Only what a cipher is longer than the plain image in the")


def test_png_files_that_were_compressed_otherwise_are_told(photos: Path) -> None:
    for path in photos.iterdir():
        with PIL.Image.open(path) as image:
            image.save(path.with_suffix(".png"), compress_level=0)
        path.unlink()
    shown = imleak("encrypt", photos, "-o", "out", "--level", 8).stdout.splitlines()
    assert "as PNG" in shown[0]
    assert shown[4].endswith("comes of the format, or of how it is compressed.")
    again = imleak("encrypt", photos, "-o", "out", "--level", 8).stdout.splitlines()
    assert again[:5] == shown[:5]
    Path("out/sizes.csv").unlink()
    unknown = imleak("encrypt", photos, "-o", "out", "--level", 8).stdout.splitlines()
    assert "as PNG" not in unknown[0]
    assert unknown[4] == "2 of 2 were there already."


def row(name: str, alike: int | None) -> Row:
    return Row(name, Path(name), plain=100, cipher=300, alike=alike, state="done")


@pytest.mark.parametrize(
    ("rows", "head", "total"),
    [
        ([row("a.png", 200), row("b.tif", 250)], "in same format", "200 450 600 +200.0 % +33.3 %"),
        ([row("a.png", 200), row("b.png", 250)], "as PNG", "200 450 600 +200.0 % +33.3 %"),
        ([row("a.png", 200), row("b.png", None)], "as PNG", "200 600 +200.0 %"),
    ],
)
def test_formats_that_differ_and_sizes_that_are_not_known(
    rows: list[Row],
    head: str,
    total: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    tell_rows(rows, "encrypted")
    shown = capsys.readouterr().out.splitlines()
    assert head in shown[0]
    assert shown[3].split() == f"2 files {total}".split()
