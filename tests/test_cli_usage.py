from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest
from typer.testing import CliRunner

from imleak.cli import app
from imleak.cli.photographs import check_demo, write_photographs
from imleak.spelling import did_you_mean, nearest


def refused(*words: object) -> str:
    """The one line an error is told in."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("imleak: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("imleak: ").strip()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "audit X --levles 3",
            "no such option --levles; did you mean --levels? See imleak audit --help",
        ),
        (
            "audit X -levels 3",
            "no such option -levels; did you mean --levels? See imleak audit --help",
        ),
        ("audit X -h", "no such option -h; did you mean --help? See imleak audit --help"),
        ("audit X -o out --gray", "no such option --gray; did you mean --grey? See imleak audit"),
        ("audit --xyzzy", "no such option --xyzzy; see imleak audit --help"),
        ("--versoin", "no such option --versoin; did you mean --version? See imleak --help"),
        ("cache prune --oldr-than 3d", "no such option --oldr-than; did you mean --older-than?"),
        ("audti X", "no such command audti; did you mean audit? See imleak --help"),
        ("adversary trian X", "no such command trian; did you mean train? See imleak adversary"),
        ("frobnicate", "no such command frobnicate; see imleak --help"),
        ("audit X", "missing -o / --output (folder for the results); see imleak audit --help"),
        ("report", "missing RUN (folder of a finished run); see imleak report --help"),
        ("encoder check", "missing NAME (as for audit: NAME, NAME=VALUE, ...); see imleak encoder"),
        ("status a b", "unexpected b: imleak status takes no more arguments; see imleak status"),
        ("audit X -o", "-o needs a value (folder for the results); see imleak audit --help"),
        ("audit X -o out --pairs a", "--pairs needs 2 values (PLAIN CIPHER: folders of images"),
        ("audit X -o out --json=3", "--json takes no value; see imleak audit --help"),
        ("audit X -o out --patches a", "--patches: 'a' is no whole number; see imleak audit"),
        ("audit X -o out --round-to a", "--round-to: 'a' is no number; see imleak audit"),
        ("encrypt X -o out --level -1", "--level: -1 is below 0, the least there can be; see"),
        ("encrypt X -o out --level 1 --bits 99", "--bits: 99 is above 16, the most there can be"),
        ("encrypt X -o out --level 1 --jpeg-quality 999", "--jpeg-quality: 999 is above 100, the"),
        ("reproduce X -o out --ablation -1", "--ablation: -1 is below 0, the least there can be"),
        ("report X --acceptable-leak nan", "--acceptable-leak: 'nan' is no number; see imleak"),
        ("calibrate --n 0", "--n: 0 is below 1, the least there can be; see imleak calibrate"),
        ("calibrate --seeds 99999", "--seeds: 99999 is above 10000, the most there can be"),
    ],
)
def test_words_that_are_no_command(words: str, told: str) -> None:
    assert refused(*words.split(" ")).startswith(told)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--measure histogramm", "--measure: unknown measure 'histogramm'; did you mean 'histo"),
        ("--measure PSNR", "--measure: unknown measure 'PSNR'; did you mean 'psnr'?"),
        ("--scheme bitplane", "--scheme: unknown scheme 'bitplane'; did you mean 'bitplanes'?"),
        ("--scheme xor", "--scheme: unknown scheme 'xor'; imleak list shows all"),
        ("--scheme etc:blok=8", "--scheme: etc has no option 'blok'; did you mean 'block'? Its"),
        ("--encoder pixel", "--encoder: unknown encoder 'pixel'; did you mean 'pixels'?"),
        ("--target pixel --view conv", "--target: unknown encoder 'pixel'; did you mean 'pix"),
        ("--rebuilder smoth", "--rebuilder: unknown rebuilder 'smoth'; did you mean 'smooth'?"),
        ("--levels a", "--levels: 'a' is not a level; write 0-8 or 0,2,4"),
        ("--keys two", "--keys: 'two' is none of image, one"),
        ("--precision fp8", "--precision: 'fp8' is none of auto, fp32, bf16, fp16"),
        ("--device gpu", "--device: 'gpu': write cpu, cuda or cuda:1"),
        ("--window 3", "--window: '3': write full, percentile, percentile:1-99, or CENTRE/WI"),
        ("--rebuild-images few", "--rebuild-images: 'few' is neither all nor a number of ima"),
        ("--patches 0 --seed -1", "--patches: 0 is below 1, the least there can be; --seed: -1"),
    ],
)
def test_mistakes_of_options_are_told_by_their_names(words: str, told: str) -> None:
    assert refused("audit", "dead-leaves:2x20x20", "-o", "never", *words.split(" ")).startswith(
        told
    )
    assert not Path("never").exists()


def test_mistakes_of_other_commands_are_told_by_their_own_options() -> None:
    sealed = ("encrypt", "in.png", "-o", "never", "--level", 3)
    assert refused(*sealed, "--scheme", "etc:blok=8").startswith("--scheme: etc has no option")
    assert refused("encoder", "check", "pixl").startswith("unknown encoder 'pixl'; did you mean")
    assert refused("adversary", "train", "x", "-o", "never", "--encoder", "pixl").startswith(
        "--encoder: unknown encoder 'pixl'"
    )


def test_images_in_the_output_folder_are_none_to_encrypt(tmp_path: Path) -> None:
    PIL.Image.new("L", (8, 8)).save(tmp_path / "a.png")
    key = tmp_path / "key"
    told = refused("encrypt", tmp_path, "-o", tmp_path, "--level", 3, "--key-file", key)
    assert told == f"{tmp_path} is where the images are; give another folder to write to"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--epochs 0", "--epochs: 0 is below 1, the least there can be"),
        ("--epochs 600000", "--epochs: 600000 is above 250000, the most there can be"),
        ("--batch 1", "--batch: 1 is below 2, the least there can be"),
        ("--rate 0", "--rate: 0.0 is not above 0"),
        ("--rate nan", "--rate: nan is no number"),
        ("--hidden 0", "--hidden: 0 is below 1, the least there can be"),
        ("--hidden wide", "--hidden: 'wide' are no widths; write 100,100"),
        ("--seeds 0", "--seeds: 0 is below 1, the least there can be"),
        ("--folds 1", "--folds: 1 is below 2, the least there can be"),
        ("--round-to 0", "--round-to: 0.0 is not above 0"),
        ("--patches 0", "--patches: 0 is below 1, the least there can be"),
        ("--largest 0", "--largest: 0 is below 1, the least there can be"),
        ("--seed -1", "--seed: -1 is below 0, the least there can be"),
        ("--ablation 99999999999", "--ablation: 99999999999 is above 1000000000, the most there"),
        ("--clear x", "--clear: 'x' is none of scaled, shifted"),
        ("--clip x", "--clip: 'x' does not say where weights are; write local-dir:FOLDER"),
        ("--resnet x", "--resnet: 'x' does not say where weights are; write local-dir:FOLDER"),
        ("--folds 1 --seeds 0", "--seeds: 0 is below 1, the least there can be; --folds: 1 is"),
    ],
)
def test_settings_of_a_reproduction_are_told_by_their_options(words: str, told: str) -> None:
    asked = ("reproduce", "dead-leaves:2x20x20", "-o", "never", *words.split(" "))
    assert refused(*asked).startswith(told)
    assert not Path("never").exists()


def test_pairs_of_a_known_scheme_are_told_how_to_be_given() -> None:
    told = refused("audit", "--pairs", "photos", "half", "--scheme", "region", "-o", "never")
    assert told == (
        "--pairs is for ciphers of a scheme that is not known; of region, name their level: "
        "imleak audit photos --scheme region --cipher LEVEL=half"
    )


def test_an_estimator_is_not_calibrated_twice(tmp_path: Path) -> None:
    for second in ("ksg", "ksg:k=2"):
        words = ("calibrate", "-o", tmp_path / "out", "--estimator", "ksg", "--estimator", second)
        assert refused(*words) == (
            "--estimator: 'ksg' stands there twice, and its rows would look alike; calibrate each "
            "into its own folder"
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", ["mine.png", "photographs/mine.png", "photographs/camera.png", "run/mine.png"]
)
def test_a_demonstration_does_not_mix_with_other_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"mine")
    told = refused("demo", "-o", tmp_path)
    assert told == (
        f"{tmp_path} holds {name}, which is not of a demonstration; give a new folder: -o FOLDER"
    )
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]
    assert path.read_bytes() == b"mine"


def test_a_demonstration_goes_on_in_its_folder(tmp_path: Path) -> None:
    photographs = write_photographs(tmp_path / "photographs")
    (tmp_path / "run").mkdir()
    (photographs / ".imleak-1.tmp").write_bytes(b"of a kill")
    (photographs / ".DS_Store").write_bytes(b"of a system")
    check_demo(tmp_path)


def test_a_reproduction_is_refused_before_it_says_anything() -> None:
    for words in (("--encoder", "pixl"), ("--view", "pixl")):
        told = refused("reproduce", "dead-leaves:2x20x20", "-o", "never", *words)
        assert told.startswith(f"{words[0]}: unknown encoder 'pixl'; did you mean 'pixels'?")
    assert not Path("never").exists()


def test_fields_of_a_file_keep_their_names_beside_options(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text('levles = 3\nmeasures = ["psnr", "histgram"]\nencoders = "pixl"\n')
    words = ("audit", "X", "--config", config, "-o", "never", "--encoder", "pixel")
    assert refused(*words) == (
        "--encoder: unknown encoder 'pixel'; did you mean 'pixels'? imleak list shows all; "
        f"{config}: measures: unknown measure 'histgram'; did you mean 'histogram' or "
        "'rank-histogram'? "
        "imleak list shows all; levles: no such field; did you mean 'levels'?"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["audit", ""], "the word after audit is empty"),
        (["audit", "X", "-o", ""], "the word after -o is empty: a variable that is not set?"),
        (["audit", "X", "--output="], "--output= is empty: a variable that is not set?"),
        (["encrypt", "", "-o", "out", "--level", "3"], "the word after encrypt is empty"),
        ([""], "the word after imleak is empty"),
    ],
)
def test_an_empty_word_is_not_the_working_directory(words: list[str], told: str) -> None:
    assert refused(*words).startswith(told)


def test_no_words_show_the_help() -> None:
    for words in ([], ["cache"]):
        shown = CliRunner().invoke(app, words).output
        assert "Usage: " in shown
        assert "Show this message" in shown


def test_a_misspelt_option_costs_no_heavy_import() -> None:
    code = """
import sys
from imleak.cli import main
sys.argv = ["imleak", "audit", "X", "--levles", "3"]
try:
    main()
finally:
    print(*{name.partition(".")[0] for name in sys.modules})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert not {"torch", "scipy", "pandas", "matplotlib"} & set(done.stdout.split())


def test_the_nearest_words_come_first() -> None:
    words = ["device", "level", "levels", "precision"]
    assert nearest("levles", words) == ["levels", "level"]
    assert nearest("--Precison", words) == ["precision"]
    assert nearest("group_by", ["group-by"]) == ["group-by"]
    assert did_you_mean("levles", words) == "; did you mean 'levels' or 'level'?"
    assert did_you_mean("xyzzy", words) == ""
