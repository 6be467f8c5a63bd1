from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from typer.testing import CliRunner, Result

import imleak as imleak_api
from imleak import plugins
from imleak.benchmark import calibration
from imleak.cli import app, terminal
from imleak.cli.photographs import PHOTOGRAPHS, write_photographs
from imleak.study import Run, StudySpec

pytestmark = pytest.mark.usefixtures("without_figures")
PIXELS = ("--measure", "histogram", "--measure", "psnr")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    samples = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    path = tmp_path / "in" / "photograph.png"
    path.parent.mkdir()
    PIL.Image.fromarray(samples).save(path)
    return path


def imleak(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(*words: object) -> str:
    """The one line an error is told in."""
    result = imleak(*words)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("imleak: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("imleak: ").strip()


@pytest.mark.usefixtures("drawn")
def test_an_audit_says_its_numbers_and_where_they_are(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = imleak("audit", "dead-leaves:3x40x40", "-o", out, *PIXELS, "--levels", "0,8")
    assert result.exit_code == 0, result.output
    assert "histogram" in result.stdout
    assert "= 0.00" in result.stdout
    files = "figures/, manifest.json, parts/, previews/, report.html, results.parquet, summary.csv"
    assert f"In {out}: {files}" in result.stdout
    assert result.stdout.splitlines()[-1] == f"Open {out / 'report.html'}"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/webp;base64,") == 6  # crop and layout of each image
    manifest = json.loads((out / "manifest.json").read_text())
    assert all(image["name"] in page for image in manifest["images"])
    summary = pd.read_csv(out / "summary.csv").query("measure == 'histogram'")
    assert summary["level"].tolist() == [0, 8]
    assert summary["mean"].tolist()[1] == 0
    for name in ("strip", "histogram-pixels", "psnr-pixels"):
        for suffix in ("pdf", "png"):
            assert (out / "figures" / f"{name}.{suffix}").stat().st_size > 1000


def test_a_config_and_options_that_win_over_it(tmp_path: Path) -> None:
    config, out = tmp_path / "study.toml", tmp_path / "out"
    config.write_text(
        'sources = "dead-leaves:2x20x20"\nmeasures = "histogram"\nlevels = "0-4"\nseed = 7\n'
        'scheme = "bitplanes"\n'
    )
    result = imleak("audit", "--config", config, "--levels", "1-2", "--clear", "shifted", "-o", out)
    assert result.exit_code == 0, result.output
    spec = json.loads((out / "manifest.json").read_text())["spec"]
    assert (spec["levels"], spec["seed"]) == ([1, 2], 7)
    assert spec["scheme"] == {"name": "bitplanes", "clear": "shifted"}


def test_a_study_is_begun_and_taken_over(tmp_path: Path) -> None:
    config, out, again = tmp_path / "study.toml", tmp_path / "out", tmp_path / "again"
    config.write_text(imleak("init", "--for", "thumbnails").stdout)
    words = ("--measure", "histogram", "--levels", "0,3")
    result = imleak("audit", "dead-leaves:2x40x40", "--config", config, *words, "-o", out)
    assert result.exit_code == 0, result.output
    result = imleak("audit", "--config", out, "--seed", 1, "-o", again)
    assert result.exit_code == 0, result.output
    one, other = (json.loads((path / "manifest.json").read_text())["spec"] for path in (out, again))
    assert other == one | {"seed": 1}
    assert "give one of photos, thumbnails, medical, pairs" in refused("init", "--for", "video")


def test_a_bad_image_is_a_line_and_no_failure(photograph: Path, tmp_path: Path) -> None:
    (photograph.parent / "text[bold].png").write_text("I am text")
    result = imleak("audit", photograph.parent, "-o", tmp_path / "out", *PIXELS)
    assert result.exit_code == 0, result.output
    assert "Left out: text[bold].png: is not a JPEG" in result.stdout


def test_why_a_measure_has_no_number(tmp_path: Path) -> None:
    PIL.Image.fromarray(np.zeros((1, 1), np.uint8)).save(tmp_path / "dot.png")
    sources, out = ("dead-leaves:2x20x20", tmp_path / "dot.png"), tmp_path / "out"
    measures = ("--measure", "ssim", "--measure", "mine", "--encoder", "pixels")
    measures += ("--protocol", "held-out")
    result = imleak("audit", *sources, "-o", out, *measures)
    assert result.exit_code == 0, result.output
    assert "No held-out mine on pixels: 3 images are too few" in result.stdout
    assert "Left out of ssim: dot.png: ssim needs" in result.stdout


def test_a_run_without_any_number_fails(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.png").write_text("I am text")
    result = imleak("audit", tmp_path / "*.png", "-o", tmp_path / "out", *PIXELS)
    assert result.exit_code == 1
    assert "... and 2 more: column error of the results" in result.stdout


@pytest.mark.parametrize("in_one_place", [True, False])
def test_a_note_stands_once_where_both_streams_are_seen(
    photograph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_place: bool
) -> None:
    command = ("audit", photograph.parent, "-o", tmp_path / "out", "--measure", "psnr")
    imleak(*command, "--levels", "0,8")
    photograph.rename(photograph.with_stem("other"))
    PIL.Image.fromarray(np.zeros((20, 30), np.uint8)).save(photograph)
    monkeypatch.setattr(terminal, "are_one", lambda: in_one_place)
    result = imleak(*command, "--levels", "0,8")
    note = "The images are not those of the last run"
    assert result.stderr.count(note) == 1
    assert result.stdout.count(note) == (0 if in_one_place else 1)


def test_a_truncated_photograph_is_told(photograph: Path, tmp_path: Path) -> None:
    whole = photograph.read_bytes()
    photograph.write_bytes(whole[: len(whole) // 2])
    result = imleak("audit", photograph, "-o", tmp_path / "out", *PIXELS)
    assert result.exit_code == 1
    assert "Left out: photograph.png: " in result.stdout


def test_how_far_a_run_is(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "no such folder" in refused("status", out)
    assert "no such folder" in refused("report", out)
    imleak("audit", "dead-leaves:3x20x20", "-o", out, *PIXELS)
    told = imleak("status", out)
    assert told.exit_code == 0, told.output
    rows = [line.split() for line in told.stdout.splitlines()]
    assert ["histogram", "pixels", "3", "0", "0"] in rows
    finished = Run.open(out).manifest["finished"]
    assert told.stdout.startswith(f"{out}: finished {finished}. 6 of 6 measurements are done.")
    data = json.loads(imleak("status", out, "--json").stdout)
    assert (data["schema"], data["state"], data["finished"]) == (1, "finished", finished)
    assert (data["done"], data["failed"], data["left"]) == (6, 0, 0)
    assert data["measures"][0] == {
        "measure": "histogram", "space": "pixels", "done": 3, "failed": 0, "left": 0, "seconds": 0
    }  # fmt: skip


def test_an_added_measure_continues_a_run(tmp_path: Path) -> None:
    command = ("audit", "dead-leaves:2x20x20", "-o", tmp_path / "out", *PIXELS)
    imleak(*command)
    result = imleak(*command, "--measure", "ssim", "--retry-failed")
    assert result.exit_code == 0, result.output
    assert "ssim" in result.stdout
    assert "levels was None and is [1]" in refused(*command, "--levels", "1")


def test_workers_give_the_same_numbers(tmp_path: Path) -> None:
    command = ("audit", "dead-leaves:3x20x20", *PIXELS)
    imleak(*command, "-o", tmp_path / "here")
    result = imleak(*command, "-o", tmp_path / "there", "--workers", 1, "--worker-memory", "2GB")
    assert result.exit_code == 0, result.output
    here, there = ((tmp_path / name / "summary.csv").read_bytes() for name in ("here", "there"))
    assert here == there


def test_workers_that_cannot_be_had(tmp_path: Path) -> None:
    command = ("audit", "dead-leaves:2x20x20", "-o", tmp_path / "out", *PIXELS)
    assert "give one of" in refused(*command, "--workers", 1, "--scheduler", "tcp://127.0.0.1:9")
    assert "is not like partition=cpu" in refused(*command, "--slurm", "cpu")
    assert "no option 'queue'" in refused(*command, "--slurm", "queue=cpu")


def test_errors_of_the_user_are_one_line(photograph: Path, tmp_path: Path) -> None:
    out, empty = tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    audit = ("audit", photograph, "-o", out)
    assert (
        "--measure: unknown measure 'histgram'; did you mean 'histogram' or 'rank-histogram'?"
        in refused(*audit, "--measure", "histgram")
    )
    assert "level 9: bitplanes of 8-bit samples has levels 0 to 8" in refused(
        *audit, *PIXELS, "--levels", "0-9"
    )
    assert "no image in" in refused("audit", empty, "-o", out, *PIXELS)
    assert "no such file or folder" in refused("audit", tmp_path / "x.png", "-o", out, *PIXELS)
    assert "give a file, a folder or a glob, or --config" in refused("audit", "-o", out)
    assert "cosine works on the features" in refused(
        *audit, "--encoder", "pixels", "--measure", "cosine"
    )
    assert not out.exists()


def test_what_is_kept_between_runs_is_shown_and_removed(tmp_path: Path) -> None:
    from imleak.cache import Cache

    Cache().put("0" * 64, {"vectors": np.eye(4)}, maker="corners")
    said = imleak("cache", "info").stdout
    assert said.startswith(f"{tmp_path / 'cache'}: 1 file, ")
    assert "  corners: " in said
    kept = imleak("cache", "prune", "--older-than", "30d", "--max-size", "1GB").stdout
    assert "removed 0 files, 0 bytes, 1 file, " in kept
    assert "0 files, 0 bytes left" in imleak("cache", "prune", "--max-size", "0").stdout
    assert imleak("cache", "info").stdout == f"{tmp_path / 'cache'}: 0 files, 0 bytes\n"
    assert "give --older-than 30d" in refused("cache", "prune")
    assert "'soon' is not an age" in refused("cache", "prune", "--older-than", "soon")


def test_a_target_and_its_views(tmp_path: Path) -> None:
    sides = ("--target", "pixels=4", "--view", "pixels=4", "--view", "pixels=8")
    rows = ("--measure", "cca-infonce", "--patches", 1, "--levels", "0,8", "--seeds", 1)
    result = imleak("audit", "dead-leaves:8x224x224", *sides, *rows, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert summary["encoder"].unique().tolist() == ["pixels=4", "pixels=4 through pixels=8"]
    assert "pixels=4 through pixels=8" in result.stdout


def test_an_output_folder_with_another_run(photograph: Path, tmp_path: Path) -> None:
    audit = ("audit", photograph, "-o", tmp_path / "out", *PIXELS)
    assert imleak(*audit).exit_code == 0
    assert imleak(*audit).exit_code == 0
    assert "holds another run: seed was 0 and is 1" in refused(*audit, "--seed", 1)
    assert "holds other things" in refused("audit", photograph, "-o", photograph.parent, *PIXELS)


def test_a_config_with_two_mistakes(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text('sources = "x"\npatches = 0\n[[measures]]\nname = "histgram"\n')
    line = refused("audit", "--config", config, "-o", tmp_path / "out")
    assert "patches: " in line
    assert "measures: unknown measure 'histgram'" in line


def test_huge_images_are_refused_from_their_header(tmp_path: Path) -> None:
    path = tmp_path / "huge.pgm"
    path.write_bytes(b"P5\n30000 30000\n255\n")
    result = imleak("audit", path, "-o", tmp_path / "out", *PIXELS)
    assert result.exit_code == 1
    assert "above the limit of" in result.stdout
    raised = imleak("audit", path, "-o", tmp_path / "two", *PIXELS, "--max-pixels", 10**9)
    assert "above the limit of" not in raised.stdout


def test_encrypt_and_decrypt_give_the_same_samples(photograph: Path, tmp_path: Path) -> None:
    key, sealed, back = tmp_path / "key", tmp_path / "sealed.png", tmp_path / "back.png"
    first = imleak("encrypt", photograph, "-o", sealed, "--level", 3, "--key-file", key)
    assert first.exit_code == 0, first.output
    assert f"New key in {key}; without it" in first.stdout
    assert os.name != "posix" or key.stat().st_mode & 0o777 == 0o600
    assert key.read_text().strip() not in first.output
    assert imleak("decrypt", sealed, "-o", back, "--key-file", key).exit_code == 0
    plain, cipher, again = (np.asarray(PIL.Image.open(p)) for p in (photograph, sealed, back))
    np.testing.assert_array_equal(again, plain)
    np.testing.assert_array_equal(cipher % 32, plain % 32)
    assert (cipher != plain).mean() > 0.8
    second = imleak(
        "encrypt", photograph, "-o", tmp_path / "b.png", "--level", 1, "--key-file", key
    )
    assert "New key" not in second.stdout


def test_decrypt_refuses_a_wrong_key_and_a_cut_file(photograph: Path, tmp_path: Path) -> None:
    key, sealed, back = tmp_path / "key", tmp_path / "sealed.png", tmp_path / "back.png"
    imleak("encrypt", photograph, "-o", sealed, "--level", 3, "--key-file", key)
    other = tmp_path / "other"
    imleak("encrypt", photograph, "-o", tmp_path / "y.png", "--level", 3, "--key-file", other)
    refused("decrypt", sealed, "-o", back, "--key-file", other)
    refused("decrypt", sealed, "-o", back, "--key-file", tmp_path / "none")
    sealed.write_bytes(sealed.read_bytes()[:-20])
    refused("decrypt", sealed, "-o", back, "--key-file", key)
    refused("decrypt", photograph, "-o", back, "--key-file", key)
    assert not back.exists()


def test_the_only_key_is_never_replaced(photograph: Path, tmp_path: Path) -> None:
    key, sealed = tmp_path / "key.png", tmp_path / "sealed.png"
    words = ("--level", 3, "--key-file", key, "--overwrite")
    assert "is the same file as" in refused("encrypt", photograph, "-o", key, *words)
    assert not key.exists()  # it was new, and nothing is encrypted with it
    assert imleak("encrypt", photograph, "-o", sealed, *words).exit_code == 0
    kept = key.read_text()
    (tmp_path / "link.png").symlink_to(key)
    for output in (key, tmp_path / "link.png"):
        assert "use another name" in refused("encrypt", photograph, "-o", output, *words)
        assert "use another name" in refused("decrypt", sealed, "-o", output, *words[2:])
    assert key.read_text() == kept


def test_encrypt_says_what_it_does_not_carry_over(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x010F] = "maker"
    PIL.Image.new("RGB", (20, 30)).save(tmp_path / "in.jpg", exif=exif, icc_profile=b"profile")
    words = ("--level", 3, "--key-file", tmp_path / "key")
    said = imleak("encrypt", tmp_path / "in.jpg", "-o", tmp_path / "out.png", *words).stdout
    assert f"{tmp_path / 'in.jpg'}: not carried over: EXIF, ICC profile\n" in said


def test_encrypt_refuses_a_level_above_the_depth(photograph: Path, tmp_path: Path) -> None:
    words = ("encrypt", photograph, "-o", tmp_path / "s.png", "--key-file", tmp_path / "k")
    assert "has levels 0 to 8" in refused(*words, "--level", 9)
    assert not (tmp_path / "k").exists()


def test_the_list_names_everything_there_is() -> None:
    result = imleak("list")
    assert result.exit_code == 0, result.output
    for names in plugins.BUILT_IN.values():
        for name in names:
            assert name in result.stdout
    for name, measures in plugins.GROUPS.items():
        assert f"--measure {name} stands for {', '.join(measures)}." in result.stdout


def test_the_list_is_data_too() -> None:
    data = json.loads(imleak("list", "--json").stdout)
    assert data["schema"] == 1
    assert data["groups"] == {name: list(of) for name, of in plugins.GROUPS.items()}
    for kind, names in plugins.BUILT_IN.items():
        assert [one["name"] for one in data[kind]] == list(names)
    clip = next(one for one in data["encoder"] if one["name"] == "clip")
    assert clip["usage"] == "clip=WEIGHTS"
    assert clip["state"].startswith("clip comes without weights; give them: ")


def test_the_answer_is_data_and_a_line_too(tmp_path: Path) -> None:
    command = ("audit", "dead-leaves:3x20x20", "-o", tmp_path / "out", "--levels", "0,3,8")
    command += ("--measure", "histogram", "--measure", "psnr")
    data = json.loads(imleak(*command, "--json").stdout)
    assert (data["schema"], data["images"], data["left_out"], data["failed"]) == (1, 3, 0, 0)
    verdicts = {one["level"]: one["verdict"] for one in data["levels"]}
    assert verdicts == {0: "not asked", 3: "not asked", 8: "empty"}
    assert data["answer"]
    assert data["recommendation"] is None
    out = tmp_path / "out"
    line = next(one for one in imleak(*command).stdout.splitlines() if one.startswith("summary:"))
    assert line == (
        f"summary: images=3 left_out=0 failed=0 leak= no-leak-found= not-asked=3 empty=8 run={out}"
    )


def test_a_group_is_among_the_known_measures(tmp_path: Path) -> None:
    told = refused("audit", "dead-leaves:1x8x8", "-o", tmp_path / "o", "--measure", "reviewer")
    assert "did you mean 'reviewers'?" in told


def test_the_help_says_the_defaults() -> None:
    default, words = StudySpec.of(sources="photos"), imleak("audit", "--help").stdout
    for choice in (*default.encoders, *default.measures):
        assert choice.name in words
    assert (default.patches, "ten patches" in words) == (10, True)
    assert words.count("imleak audit ") >= 3
    told = " ".join(words.replace("│", " ").split())
    for said in (
        "an image; else 10.",
        "else bitplanes.",
        "random choice; else 0.",
        "else efficientnet-lite0",
    ):
        assert said in told
    assert (default.seed, default.scheme.name) == (0, "bitplanes")
    assert "Exit codes: 0, done; 1," in told
    assert "Exit codes: 0, done; 1," in " ".join(imleak("--help").stdout.split())


@pytest.mark.parametrize(
    ("words", "there", "not_there"),
    [
        ("imleak audit --measure m", {"mine", "match", "ms-ssim"}, "histogram"),
        ("imleak audit --measure rev", {"reviewers"}, "match"),
        ("imleak audit --scheme ", {"bitplanes", "region"}, "mine"),
        ("imleak audit --view c", {"conv", "clip"}, "cca"),
        ("imleak calibrate --estimator n", {"nwj"}, "npcr"),
        ("imleak report run --format ", {"html", "json"}, "docx"),
        ("imleak c", {"cite", "compare", "calibrate", "cache"}, "audit"),
    ],
)
def test_a_shell_completes_names(
    words: str, there: set[str], not_there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = words.split(" ")
    monkeypatch.setenv("_IMLEAK_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(given) - 1))
    result = CliRunner().invoke(app, prog_name="imleak")
    found = set(result.stdout.split())
    assert there <= found
    assert not_there not in found


def test_completion_installs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    result = CliRunner().invoke(app, ["--install-completion"], prog_name="imleak")
    assert result.exit_code == 0, result.output
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("_IMLEAK_COMPLETE=complete_bash" in path.read_text() for path in written)


def test_the_list_says_how_to_get_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from imleak.interfaces import NotInstalledError
    from imleak.metrics.psnr import Psnr

    def missing(self: Psnr) -> None:
        raise NotInstalledError("not here: pip install it")

    monkeypatch.setattr(Psnr, "__init__", missing)
    monkeypatch.setitem(plugins.BUILT_IN["metric"], "broken", "no_such_module:Broken")
    plugins.known.cache_clear()
    try:
        words = " ".join(imleak("list").stdout.split())
    finally:
        plugins.known.cache_clear()
    assert "pip install it" in words
    assert "broken" in words


def test_a_calibration_says_what_is_known_and_what_was_estimated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "QUICK", replace(calibration.QUICK, images=100))
    out = tmp_path / "out"
    asked = ("--estimator", "cca-infonce", "--task", "independent-[12]", "--n", 200, "--quick")
    result = imleak("calibrate", "-o", out, *asked)
    assert result.exit_code == 0, result.output
    for told in ("Independent 2×2", "cca-infonce", "false leak", "Self-consistency of cca-infonce"):
        assert told in " ".join(result.stdout.split())
    frame = pd.read_csv(out / "calibration.csv")
    assert frame["task"].tolist() == ["independent-1", "independent-2"]
    assert (frame["n"] == 200).all()
    assert "no task is called 'x'" in refused("calibrate", "-o", out, "--task", "x")
    assert "holds another run: n was 200 and is 300" in refused(
        "calibrate", "-o", out, *asked[:-2], 300, "--quick"
    )


def test_a_calibration_without_any_number_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "QUICK", replace(calibration.QUICK, images=100))
    asked = ("--estimator", "ksg", "--task", "independent-50", "--quick")
    result = imleak("calibrate", "-o", tmp_path / "out", *asked)
    assert result.exit_code == 1
    assert "not suited" in result.stdout


def test_photographs_come_with_the_dependencies(tmp_path: Path) -> None:
    folder = write_photographs(tmp_path / "photographs")
    names = {Path(name).name for _, name in PHOTOGRAPHS}
    assert {path.name for path in folder.iterdir()} == names
    pictures = imleak_api.read_images(folder)
    assert all(min(picture.height, picture.width) >= 224 for picture in pictures)


def test_the_version_and_the_help_are_there() -> None:
    assert imleak("--version").stdout.strip() == f"imleak {imleak_api.__version__}"
    assert "audit" in imleak("--help").stdout
    assert "Usage" in imleak().output


def test_the_command_shows_no_traceback() -> None:
    words = [sys.executable, "-m", "imleak"]
    done = subprocess.run(
        [*words, "audit", "nowhere", "-o", "out", "--measure", "histogram"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("imleak: nowhere: no such file or folder")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    assert imleak("audit", "dead-leaves:2x40x40", "-o", out, *PIXELS).exit_code == 0
    return out


def test_a_report_is_made_of_the_folder_alone(finished: Path, tmp_path: Path) -> None:
    moved = finished.rename(tmp_path / "elsewhere")
    page = (moved / "report.html").read_bytes()
    (moved / "report.html").unlink()
    result = imleak("report", moved, "--acceptable-leak", 0.1)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"In {moved / 'report.html'}"
    again = (moved / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    assert "For at most 0.10 bits: s = 8, where nothing is left in the clear" in again
    assert imleak("report", moved).exit_code == 0
    assert (moved / "report.html").read_bytes() == page
    csv = tmp_path / "table.csv"
    assert imleak("report", moved, "--format", "csv", "-o", csv).exit_code == 0
    assert csv.read_text().startswith("level,")
    assert "there is html, md, tex, pdf, csv, json" in refused("report", moved, "--format", "doc")
    assert "give the folder that imleak audit -o wrote" in refused("report", tmp_path)


def test_a_run_says_what_to_cite_and_what_was_done(finished: Path, tmp_path: Path) -> None:
    assert "For: bitplanes" in imleak("cite", finished).stdout
    written = tmp_path / "run.bib"
    assert imleak("cite", finished, "--format", "bibtex", "-o", written).stdout == ""
    assert "@inproceedings{puteaux2021," in written.read_text()
    told = imleak("cite", finished, "--methods", "--format", "latex").stdout
    assert r"bitplanes~\cite{puteaux2021,messadi2025}" in told
    assert "no format 'docx'; there is text, bibtex" in refused(
        "cite", finished, "--format", "docx"
    )
    run = Run.open(finished)
    assert imleak_api.Run(run.path).cite("bibtex") == written.read_text()
    assert imleak_api.Run(run.path).methods("latex") == told


def test_a_run_is_opened_by_the_name_of_its_folder(finished: Path) -> None:
    for path in (str(finished), finished):
        run = imleak_api.Run(path)
        assert run.path == finished
        assert len(run.summary) > 0


def test_a_calibration_has_bounds(tmp_path: Path) -> None:
    for option in ("--n", "--seeds"):
        told = refused("calibrate", "-o", tmp_path / "out", option, 10**12)
        assert told.startswith(f"{option}: {10**12} is above 10")
    assert not (tmp_path / "out").exists()


def test_an_audit_answers_and_recommends(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = imleak("audit", "dead-leaves:2x40x40", "-o", out, *PIXELS, "--acceptable-leak", 0.5)
    assert "No adversary looked at these images." in result.stdout
    assert "At s = 7 a pixel seen alone keeps" in result.stdout
    assert "For at most 0.50 bits: s = 8" in result.stdout
    page = (out / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    assert "For at most 0.50 bits: s = 8" in page
    for format in ("md", "tex", "json"):
        assert imleak("report", out, "--format", format).exit_code == 0
        assert "For at most 0.50 bits: s = 8" in (out / f"report.{format}").read_text()
    assert imleak("report", out, "--format", "md", "--acceptable-leak", 2).exit_code == 0
    text = (out / "report.md").read_text()
    assert "For at most 2.00 bits" in text
    assert "0.50 bits" not in text


def test_a_recommendation_asks_who_learned_from_nobody(tmp_path: Path) -> None:
    images, out = "dead-leaves:6x40x40", tmp_path / "out"
    asked = ("--measure", "histogram", "--levels", "0,8", "--acceptable-leak", 0.5)
    assert imleak("audit", images, "-o", out, "--encoder", "pixels", *asked).exit_code == 0
    summary = pd.read_csv(out / "summary.csv")
    assert set(summary["measure"]) == {"histogram", "match"}


def test_runs_are_compared(finished: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert imleak("audit", "dead-leaves:3x40x40", "-o", other, *PIXELS).exit_code == 0
    page = tmp_path / "compare.html"
    result = imleak("compare", finished, other, "-o", page)
    assert result.exit_code == 0, result.output
    assert "2 of 3 are in all of them" in page.read_text(encoding="utf-8")
    assert "given twice" in refused("compare", finished, finished, "-o", page)


def test_every_measure_that_reviewers_ask_for(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = imleak("audit", "dead-leaves:1x40x40", "-o", out, "--measure", "reviewers")
    assert result.exit_code == 0, result.output
    summary = pd.read_csv(out / "summary.csv").query("part == 'cipher'")
    assert set(summary["measure"]) == set(plugins.GROUPS["reviewers"])
    assert summary["errors"].sum() == 0
    assert "99.6094" in (out / "report.html").read_text(encoding="utf-8")


def test_an_encoder_is_checked_on_photographs(tmp_path: Path) -> None:
    result = imleak("encoder", "check", "pixels=8", "dead-leaves:6x240x250")
    assert result.exit_code == 0, result.output
    for told in ("pixels=8", "64, 100% of them alive", "patches of 6 photographs", "patches/s"):
        assert told in result.stdout
    assert "Noise looks alike to it" in result.stdout
    assert "pixels makes no vectors" in refused("encoder", "check", "pixels", "dead-leaves:2x9x9")
    assert "unknown encoder 'clap'" in refused("encoder", "check", "clap")
    assert "give them: clip=local-dir" in refused("encoder", "check", "clip")


def test_an_audit_with_an_untrained_network_warns(tmp_path: Path) -> None:
    out = tmp_path / "out"
    encoder = ("--encoder", "resnet=random:0,model=18", "--precision", "fp32")
    result = imleak(
        "audit", "dead-leaves:2x40x40", "-o", out, *encoder, "--measure", "cosine", "--levels", 4
    )
    assert result.exit_code == 0, result.output
    assert "resnet=random:0,model=18 on cpu in fp32." in result.stderr
    told = "resnet=random:0,model=18 has random weights"
    assert told in result.stdout
    assert told in (out / "report.html").read_text()


def test_hostile_names_and_exif_are_text_in_a_page(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    (tmp_path / "in").mkdir()
    samples = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    exif = PIL.Image.Exif()
    exif[0x010E] = exif[0x8298] = f"{hostile}</script><script>alert(2)</script>"
    exif[0x0112] = 6
    PIL.Image.fromarray(samples).save(tmp_path / "in" / f"{hostile}.jpg", exif=exif)
    (tmp_path / "in" / f"{hostile}2.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    assert imleak("audit", tmp_path / "in", "-o", out, *PIXELS).exit_code == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert hostile not in page
    assert "alert(2)" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.jpg" in page
    assert "&lt;img src=x onerror=alert(1)&gt;2.png" in page
    assert "One image: nothing can be said of others" in page


def test_a_run_in_which_nothing_worked_still_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    result = imleak("audit", tmp_path / "broken.png", "-o", out, *PIXELS)
    assert result.exit_code == 1, result.output
    page = (out / "report.html").read_text(encoding="utf-8")
    assert ": there was no image to measure." in page
    assert "broken.png" in page


def test_a_folder_is_encrypted_and_decrypted(photograph: Path, tmp_path: Path) -> None:
    folder, out, back = (tmp_path / name for name in ("photographs", "out", "back"))
    folder.mkdir()
    with PIL.Image.open(photograph) as image:
        image.convert("RGB").save(folder / "a.jpg", progressive=True)
    for name in ("broken.jpg", "broken too.jpg"):
        (folder / name).write_bytes(b"no image")
    words = ("encrypt", folder, "-o", out, "--scheme", "jpeg-signs:dc=all", "--level", 2)
    first = imleak(*words)
    assert first.exit_code == 1  # two of the files are broken
    assert "Not encrypted: broken too.jpg and 1 more: is not a JPEG" in first.stdout
    assert f"New key in {out}.key; without it nobody can decrypt {out}." in first.stdout
    again = imleak(*words)
    assert "1 of 3 were there already." in again.stdout
    assert "New key" not in again.stdout
    assert (out / "sizes.csv").read_text().splitlines()[1].endswith("there already,")
    undone = imleak("decrypt", out, "-o", back)
    assert undone.exit_code == 0
    for shown in (again, undone):
        assert shown.stdout.splitlines()[0].split("  ")[-1].strip() == "cipher against plain"
    assert again.stdout.splitlines()[1:3] == undone.stdout.splitlines()[1:3]
    assert (back / "a.jpg").read_bytes() == (folder / "a.jpg").read_bytes()
    assert "is to hold several images" in refused(*words[:3], "x.png", *words[4:])


def test_a_report_is_refused_where_it_cannot_be_written(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    for folder in (run, other):
        imleak("audit", "dead-leaves:2x20x20", "-o", folder, *PIXELS, "--levels", "0,8")
    before = (run / "manifest.json").read_bytes()
    for words in (("report", run), ("cite", run), ("compare", run, other)):
        assert refused(*words, "-o", run).startswith(f"cannot write {run}: it is a folder")
        below = run / "summary.csv" / "page.html"
        assert refused(*words, "-o", below).endswith(f"{run / 'summary.csv'} is no folder")
        assert "the run itself stands there" in refused(*words, "-o", run / "manifest.json")
    assert (run / "manifest.json").read_bytes() == before


def test_a_new_key_goes_again_if_nothing_was_encrypted(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "broken.png").write_bytes(b"no image")
    result = imleak("encrypt", tmp_path / "images", "-o", tmp_path / "out", "--level", 2)
    assert result.exit_code == 1
    assert not (tmp_path / "out.key").exists()
    told = refused("decrypt", tmp_path / "images", "-o", tmp_path / "back")
    assert "broken.png: not a file of imleak encrypt" in told


def test_what_was_not_encrypted_is_refused_before_all_else(
    photograph: Path, tmp_path: Path
) -> None:
    folder, back, key = (tmp_path / name for name in ("photographs", "back", "no-such-key"))
    folder.mkdir()
    with PIL.Image.open(photograph) as image:
        for name in ("a.jpg", "b.jpg", "c.png"):
            image.convert("RGB").save(folder / name)
    for what, told in (
        (folder / "a.jpg", "a.jpg: not a file of imleak encrypt"),
        (folder, "a.jpg (nor is any of 2 more): not a file of imleak encrypt"),
    ):
        assert told in refused("decrypt", what, "-o", back, "--key-file", key)
    assert imleak("encrypt", photograph, "-o", folder / "d.png", "--level", 2).exit_code == 0
    some = imleak("decrypt", folder, "-o", back, "--key-file", folder / "d.png.key")
    assert "Not decrypted: a.jpg and 2 more: not a file of imleak encrypt" in some.stdout
    assert [path.name for path in back.glob("*.png")] == ["d.png"]


def test_the_key_of_a_folder_opens_each_of_its_files(
    photograph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "enc"
    assert imleak("encrypt", photograph, "-o", out, "--level", 2).exit_code == 0
    cipher = next(out.glob("*.png"))
    assert imleak("decrypt", cipher, "-o", tmp_path / "one.png").exit_code == 0
    monkeypatch.chdir(out)
    assert imleak("decrypt", cipher.name, "-o", tmp_path / "two.png").exit_code == 0
    Path(f"{out}.key").unlink()
    told = refused("decrypt", cipher, "-o", tmp_path / "three.png")
    assert f"there is no {cipher}.key or {out}.key" in told
    told = refused("decrypt", out, "-o", tmp_path / "back")
    assert f"there is no {out}.key;" in told


def test_what_is_no_jpeg_file_is_a_row_of_an_audit(photograph: Path, tmp_path: Path) -> None:
    words = ("--scheme", "p3", "--levels", "0,2", "--measure", "psnr")
    alone = imleak("audit", photograph, "-o", tmp_path / "a", *words)
    assert alone.exit_code == 1
    assert "is no JPEG file" in alone.stdout
    assert "--jpeg-quality 90 compresses it first" in alone.stdout
    given = imleak("audit", photograph, "-o", tmp_path / "b", *words, "--jpeg-quality", 90)
    assert given.exit_code == 0, given.output


@pytest.mark.parametrize(
    ("scheme", "options", "made"),
    [
        ('{name = "bitplanes", planes = "low"}', (), {"planes": "low"}),
        ('"pixelate"', ("--scheme", "bitplanes:planes=low"), {"planes": "low"}),
        ('"bitplanes"', ("--scheme", "bitplanes"), {}),
    ],
)
def test_the_form_of_clear_parts_leaves_the_scheme_as_it_is(
    scheme: str, options: tuple[str, ...], made: dict[str, str], tmp_path: Path
) -> None:
    config, out = tmp_path / "study.toml", tmp_path / "out"
    config.write_text(f'sources = "dead-leaves:2x20x20"\nmeasures = "psnr"\nscheme = {scheme}\n')
    words = ("--levels", "1", "--clear", "shifted", "-o", out)
    result = imleak("audit", "--config", config, *options, *words)
    assert result.exit_code == 0, result.output
    spec = json.loads((out / "manifest.json").read_text())["spec"]
    assert spec["scheme"] == {"name": "bitplanes", "clear": "shifted"} | made


def test_the_form_of_clear_parts_of_a_scheme_that_has_none(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text('sources = "dead-leaves:2x20x20"\nscheme = "negative-positive"\n')
    told = refused("audit", "--config", config, "--clear", "shifted", "-o", tmp_path / "out")
    assert "negative-positive has no option 'clear'" in told
    config.write_text('sources = "dead-leaves:2x20x20"\nscheme = {name = "bitplane"}\n')
    told = refused("audit", "--config", config, "--clear", "shifted", "-o", tmp_path / "out")
    assert "did you mean 'bitplanes'" in told
    told = refused("audit", "--config", tmp_path / "no", "--clear", "shifted", "-o", tmp_path / "o")
    assert str(tmp_path / "no") in told


def test_a_target_is_recommended_a_level_too(tmp_path: Path) -> None:
    images, out = "dead-leaves:6x40x40", tmp_path / "out"
    sides = ("--target", "pixels=4,patch=32", "--view", "pixels=4,patch=32")
    asked = ("--levels", "0,8", *sides)
    result = imleak("audit", images, "-o", out, *asked, "--acceptable-leak", 0.5)
    spec = json.loads((out / "manifest.json").read_text())["spec"]
    assert {"name": "match", "optional": True} in spec["measures"], result.output


def test_ciphers_take_the_place_of_the_scheme_of_a_config(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for folder in ("plain", "theirs"):
        (tmp_path / folder).mkdir()
        for name in "abc":
            samples = rng.integers(0, 256, (20, 20), dtype=np.uint8)
            PIL.Image.fromarray(samples).save(tmp_path / folder / f"{name}.png")
    asked = ("--measure", "psnr", "--encoder", "pixels")
    first = imleak("audit", tmp_path / "plain", "-o", tmp_path / "one", *asked, "--grey")
    assert first.exit_code == 0, first.output
    pairs = ("--pairs", tmp_path / "plain", tmp_path / "theirs")
    config = ("--config", tmp_path / "one")
    second = imleak("audit", *config, *pairs, "-o", tmp_path / "two")
    assert second.exit_code == 0, second.output
    spec = json.loads((tmp_path / "two" / "manifest.json").read_text())["spec"]
    assert spec["scheme"] == {"name": "recorded", "labels": ["cipher"]}
    assert spec["colour"] is True
    assert [one if isinstance(one, str) else one["name"] for one in spec["measures"]] == ["psnr"]


def test_files_named_by_a_pattern_are_decrypted(photograph: Path, tmp_path: Path) -> None:
    key, sealed, back = tmp_path / "key", tmp_path / "sealed" / "in" / "a.png", tmp_path / "back"
    sealed.parent.mkdir(parents=True)
    imleak("encrypt", photograph, "-o", sealed, "--level", 3, "--key-file", key)
    pattern = tmp_path / "sealed" / "**" / "*.png"
    result = imleak("decrypt", pattern, "-o", back, "--key-file", key)
    assert result.exit_code == 0, result.output


def test_an_acceptable_leak_is_a_number_of_bits(finished: Path) -> None:
    for format in ("json", "html"):
        told = refused("report", finished, "--format", format, "--acceptable-leak", "inf")
        assert "give a number of bits" in told
