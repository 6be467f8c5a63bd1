from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from torch import nn

import imleak
from imleak import plugins, study
from imleak.images import from_samples
from imleak.interfaces import ImleakError, Measurement, PairedSamples
from imleak.metrics.histogram import Histogram
from imleak.rebuilders.upsample import Upsample
from imleak.report.answer import answer
from imleak.schemes.region import Region
from imleak.study import StudySpec

pytestmark = pytest.mark.usefixtures("without_figures")


class Counting:
    """An estimator that says how alike the first columns it was given are."""

    name = "counting"
    version = "1"
    bound = "none"

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: object = None
    ) -> Sequence[Measurement]:
        return [
            Measurement(
                value=self.scale * float(np.corrcoef(samples.x[:, 0], y[:, 0])[0, 1]) + seed,
                bound="none",
                estimator=self.name,
                protocol="in-sample",
                train_groups=len(np.unique(samples.groups)),
                n=len(y),
            )
            for y in samples.y
        ]


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setitem(plugins.BUILT_IN["estimator"], "counting", f"{__name__}:Counting")
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "cache"))
    plugins.known.cache_clear()
    yield
    plugins.known.cache_clear()


X = np.arange(12.0).reshape(6, 2)


def test_one_view_is_one_estimate_and_many_are_a_list() -> None:
    one = imleak.estimate(X, X, "counting")
    assert one.value == pytest.approx(1)
    many = imleak.estimate(X, np.stack([X, -2 * X]), "counting", seed=3, scale=10)
    assert [estimate.value for estimate in many] == pytest.approx([13, -7])


def test_rows_without_groups_are_their_own() -> None:
    assert imleak.estimate(X, X, "counting").train_groups == 6
    named = imleak.estimate(X, X, "counting", groups=["a", "a", "b", "b", "c", "c"])
    assert named.train_groups == 3


def test_lists_and_single_columns_are_arrays_too() -> None:
    assert imleak.estimate([1, 2, 3], [4, 5, 6], "counting").value == pytest.approx(1)
    assert imleak.estimate([True, False, True], [1, 2, 1], "counting").value == pytest.approx(-1)


@pytest.mark.parametrize(
    ("x", "y", "groups", "told"),
    [
        (X, X[:5], None, "x has 6 rows and y has 5"),
        (X, X, [1, 2], r"groups has shape \(2,\); give one label a row, \(6,\)"),
        (X[None], X, None, r"x has shape \(1, 6, 2\); give \(n,\) or \(n, dx\)"),
        (X, X[None, None], None, r"y has shape .*give \(n,\) or \(n, dy\) or \(L, n, dy\)"),
        (X[:0], X[:0], None, "with no empty axis"),
        (np.where(X == 3, np.nan, X), X, None, r"x\[1, 1\] is nan; every value must be finite"),
        (X, np.where(X == 3, np.inf, X), None, r"y\[1, 1\] is inf; every value must be finite"),
        (X.astype(str), X, None, "x is of type .*; give real numbers"),
        (X, X + 1j, None, "y is of type complex128; give real numbers"),
    ],
)
def test_arrays_that_are_no_samples(x: object, y: object, groups: object, told: str) -> None:
    with pytest.raises(imleak.ImleakError, match=told):
        imleak.estimate(x, y, "counting", groups=groups)


def test_names_and_options_that_do_not_exist() -> None:
    with pytest.raises(imleak.ImleakError, match=r"unknown estimator 'countin'; did you mean"):
        imleak.estimate(X, X, "countin")
    with pytest.raises(imleak.ImleakError, match="counting has no option 'scales'"):
        imleak.estimate(X, X, "counting", scales=1)


@pytest.fixture
def pictures() -> list[imleak.Image]:
    return imleak.read_images("dead-leaves:3x20x24")


def test_images_are_read(tmp_path: Path, pictures: list[imleak.Image]) -> None:
    assert [(p.height, p.width, p.bits) for p in pictures] == [(20, 24, 8)] * 3
    assert len(imleak.read_images("dead-leaves:3x20x24", limit=2)) == 2
    sizes = ["dead-leaves:1x20x24", "dead-leaves:1x30x24"]
    assert imleak.read_images(sizes, largest=1)[0].height == 30


def test_frames_of_a_file_are_images_of_one_group(tmp_path: Path) -> None:
    first, *others = (PIL.Image.fromarray(np.full((8, 9), 50 * at, np.uint8)) for at in range(5))
    first.save(tmp_path / "x.tif", save_all=True, append_images=others)
    (whole,) = imleak.read_images(tmp_path)
    assert (whole.group, whole.samples.max()) == ("", 0)
    frames = imleak.read_images(tmp_path, frames=2)
    assert [(one.name, one.group) for one in frames] == [("x.tif#2", "x.tif"), ("x.tif#4", "x.tif")]
    assert [one.samples.max() for one in frames] == [50, 150]
    with pytest.raises(imleak.ImleakError, match="frames=0: take 1 or more"):
        imleak.read_images(tmp_path, frames=0)


def test_encrypt_decrypt_and_what_is_left(pictures: list[imleak.Image]) -> None:
    plain, key = pictures[0], imleak.new_key()
    encrypted = imleak.encrypt(plain, 3, key)
    assert imleak.decrypt(encrypted, key).digest == plain.digest
    assert imleak.decrypt(encrypted, imleak.new_key()).digest != plain.digest
    clear = imleak.clear_part(encrypted)
    np.testing.assert_array_equal(clear.samples, plain.samples.astype(int) * 8 % 256)
    shifted = imleak.clear_part(imleak.encrypt(plain, 3, key, clear="shifted"))
    np.testing.assert_array_equal(shifted.samples, plain.samples % 32)
    again = imleak.encrypt(plain, 3, key)
    assert again.nonce != encrypted.nonce
    assert again.image.digest != encrypted.image.digest
    assert key not in repr(encrypted).encode()


def test_a_level_that_is_not_there(pictures: list[imleak.Image]) -> None:
    with pytest.raises(imleak.ImleakError, match="has levels 0 to 8"):
        imleak.encrypt(pictures[0], 9, imleak.new_key())


def test_an_audit_is_a_run_with_data_frames(tmp_path: Path) -> None:
    run = imleak.audit("dead-leaves:3x20x24", out=tmp_path / "run", measures="histogram")
    assert run.path == tmp_path / "run"
    rows = run.summary.set_index("level")
    assert rows.index.tolist() == list(range(9))
    assert rows.loc[8, "mean"] == 0
    assert run.frame["image"].nunique() == 3
    plain = imleak.read_images("dead-leaves:3x20x24")
    counts = [np.unique(p.samples, return_counts=True)[1] / p.samples.size for p in plain]
    entropies = [-(c * np.log2(c)).sum() for c in counts]
    assert rows.loc[0, "mean"] == pytest.approx(np.mean(entropies))


def test_an_audit_without_a_folder_makes_one() -> None:
    run = imleak.audit(["dead-leaves:1x20x24"], measures="histogram", levels=[0, 4])
    assert (run.path / "summary.csv").is_file()
    assert run.frame["level"].tolist() == [0, 4]


def test_an_audit_has_a_documented_argument_for_every_field_of_a_study() -> None:
    parameters = inspect.signature(imleak.audit).parameters
    own = {"sources", "out", "config", "acceptable", "progress", "retry_failed", "trust", "further"}
    where = {"workers", "scheduler", "slurm", "memory"}
    assert parameters.keys() == StudySpec.model_fields.keys() | own | where
    documented = inspect.getdoc(imleak.audit) or ""
    named = {
        name.strip()
        for line in documented.splitlines()
        if re.match(r"\w[\w, ]* : ", line)
        for name in line.partition(" : ")[0].split(",")
    }
    assert named == parameters.keys()
    with pytest.raises(imleak.ImleakError, match=r"encoder: no such field; did you mean .encoders"):
        imleak.audit("dead-leaves:1x20x24", encoder="pixels")


@pytest.mark.usefixtures("drawn")
def test_a_run_is_opened_drawn_and_compared(tmp_path: Path) -> None:
    given = {"measures": ["histogram", "psnr"], "levels": [0, 3]}
    imleak.audit("dead-leaves:2x40x50", out=tmp_path / "one", **given)
    other = imleak.audit("dead-leaves:2x40x50:7", out=tmp_path / "other", **given)
    run = imleak.load(tmp_path / "one")
    assert isinstance(run, imleak.Run)

    drawn = run.plot()
    assert {path.stem for path in (run.path / "figures").glob("*.pdf")} == drawn.keys()
    (axes,) = run.plot("histogram-pixels")["histogram-pixels"]
    values = run.summary.query("measure == 'histogram'")["mean"].tolist()
    assert axes.lines[0].get_ydata().tolist() == pytest.approx(values)
    with pytest.raises(imleak.ImleakError, match="no figure 'x'; give one of strip, hist"):
        run.plot("x")

    plain = imleak.read_images("dead-leaves:2x40x50")
    for shown, image in zip(run.images(3), plain, strict=True):
        assert (shown.plain == image.samples[0]).all()
        assert (shown.cipher & 31 == shown.plain & 31).all()
        assert (shown.clear == np.uint8(shown.plain << 3)).mean() > 0.99
    assert all((one.cipher == one.plain).all() for one in run.images(0))
    with pytest.raises(imleak.ImleakError, match="level 5 was not measured; there is 0, 3"):
        run.images(5)

    with pytest.raises(imleak.ImleakError, match="level 3: images were rebuilt at no level of"):
        run.rebuilt(3)

    both = run.compare(other)
    assert list(both.frame.columns) == ["one", "other"]
    assert both.frame.loc["pixels", "histogram", "3"].str.startswith("= ").all()
    assert "different images" in both.cautions[0]
    assert "<table" in both._repr_html_()
    assert "other" in both.save(tmp_path / "both.html").read_text()
    with pytest.raises(imleak.ImleakError, match="give two or more"):
        run.compare()


def test_an_audit_of_a_config(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text('sources = "dead-leaves:1x20x24"\nmeasures = "histogram"\nlevels = 3\n')
    assert imleak.audit(config=config).frame["level"].tolist() == [3]
    with pytest.raises(imleak.ImleakError, match="sources: "):
        imleak.audit(measures="histogram")


class Corner:
    """An encoder whose vector is the first samples of a patch."""

    name = "corner"
    version = "1"
    input_size = 8
    dimension = 4
    digest = "0" * 64

    def encode(self, pictures: np.ndarray, bits: int) -> np.ndarray:
        return pictures[:, 0, 0, :4].astype(np.float32)


def test_a_run_that_finds_no_planted_leak_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven images leave too few to choose on: not even 4 bits would be seen, which is
    another thing than not having looked."""
    monkeypatch.setitem(plugins.BUILT_IN["encoder"], "corner", f"{__name__}:Corner")
    plugins.known.cache_clear()
    reaches = []
    for asked in (True, False):
        run = imleak.audit(
            "dead-leaves:7x20x24",
            out=tmp_path / str(asked),
            measures=[{"name": "cca-infonce", "seeds": 1}],
            encoders="corner",
            patches=1,
            levels=[0, 6],
            sensitivity=asked,
        )
        manifest = json.loads((run.path / "manifest.json").read_text())
        reaches.append(answer(run.summary, manifest).reach)
        seen = [*run.frame["detectable"], *run.summary["detectable"]]
        assert np.isinf(seen).all() if asked else np.isnan(seen).all()
    assert reaches == ["No planted leak was found by an estimator, up to 4 bits.", ""]
    assert reaches[0] in (tmp_path / "True" / "report.html").read_text()


@pytest.mark.usefixtures("drawn")
def test_measures_of_the_paper_agree_with_what_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"levels": "0,4,8", "patches": 2, "epochs": 20, "protocol": "in-sample"}
    options |= {"measures": ["histogram", "psnr", "ssim", "cosine", "rounded", "mine"]}
    run = imleak.audit("dead-leaves:4x226x230", out=tmp_path / "one", **options)
    assert run.frame["error"].isna().all()
    mean = run.summary.query("part == 'clear'").set_index(["measure", "level"])["mean"]
    # Nothing encrypted: equal images. All encrypted: a constant, which says nothing.
    assert mean["histogram", 8] == 0
    assert mean["psnr", 0] == np.inf
    assert (mean["ssim", 0], mean["cosine", 0]) == (pytest.approx(1), pytest.approx(1))
    assert mean["mine", 8] == pytest.approx(0, abs=0.02)
    for measure in ("histogram", "ssim", "cosine", "rounded", "mine"):
        assert mean[measure, 0] > mean[measure, 8]
    history = run.frame.query("measure == 'mine' and level == 4")["epoch"].dropna()
    assert history.tolist() == list(range(1, 21))
    names = {path.name for path in (run.path / "figures").glob("mine*.pdf")}
    assert {"mine-efficientnet-lite0-epochs.pdf", "mine-efficientnet-lite0-distance.pdf"} <= names

    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "another cache"))
    spec = StudySpec.of(sources="dead-leaves:4x226x230", **options)
    again = study.run(spec, tmp_path / "two")
    pd.testing.assert_frame_equal(again.frame, run.frame, check_exact=True)


class Brighter:
    """A metric: share of clear samples above the middle."""

    name = "brighter"
    version = "1"
    unit = "1"
    bound = "none"
    space = "pixels"

    def measure(self, observation):
        return [
            Measurement(float((observation.clear(level) > 127).mean()), "none", level, "1")
            for level in observation.levels
        ]


def test_objects_stand_in_place_of_names(tmp_path):
    class Halves(Region):
        """A half of the area."""

        name = "halves"

    net = nn.Sequential(nn.AvgPool2d(56), nn.Flatten())
    given = {"scheme": Halves(shares=[0.5]), "encoders": [net], "measures": [Brighter(), "rounded"]}
    try:
        run = imleak.audit("dead-leaves:3x256x256", out=tmp_path / "run", **given)
        again = imleak.audit("dead-leaves:3x256x256", out=tmp_path / "again", **given)
        with pytest.raises(ImleakError, match="workers do not know"):
            imleak.audit("dead-leaves:3x256x256", out=tmp_path / "no", workers=2, **given)
    finally:
        for name in ("halves", "sequential", "brighter"):
            plugins.unregister(name)
    assert list(run.summary["scheme"].unique()) == ["halves"]
    assert set(run.summary["measure"]) == {"brighter", "rounded"}
    assert run.summary["mean"].notna().all()
    assert sum("an object of the process" in line for line in run.manifest["warnings"]) == 3
    pd.testing.assert_frame_equal(run.summary, again.summary)


@pytest.mark.parametrize("scheme", ["pixelate", "blur"])
def test_a_scheme_without_a_key_encrypts_nothing(scheme: str) -> None:
    image = from_samples("a", np.zeros((1, 4, 4), np.uint8), 8)
    with pytest.raises(ImleakError, match=f"{scheme} has no key.*take bitplanes"):
        imleak.encrypt(image, 1, bytes(32), scheme=scheme)


def test_a_class_that_has_its_name_stands_in_place_of_it(tmp_path):
    given = {"scheme": Region, "measures": [Histogram], "levels": "1"}
    run = imleak.audit("dead-leaves:2x40x40", out=tmp_path / "run", **given)
    assert list(run.summary["scheme"].unique()) == ["region"]
    with pytest.raises(ImleakError, match="write it with its options, as in"):
        imleak.audit("dead-leaves:2x40x40", scheme=Region(shares=[0.3]), measures=["psnr"])


class Darker(Upsample):
    """A rebuilder that is given as an object."""

    name = "darker"


def test_a_rebuilder_of_this_process_is_none_of_workers(tmp_path):
    given = {"scheme": "pixelate", "rebuilder": Darker(), "measures": ["rebuild"], "levels": "1"}
    try:
        with pytest.raises(ImleakError, match="darker is an object of this process"):
            imleak.audit("dead-leaves:2x40x40", out=tmp_path / "no", workers=2, **given)
        run = imleak.audit("dead-leaves:2x40x40", out=tmp_path / "run", **given)
    finally:
        imleak.unregister("darker")
    assert any("an object of the process" in line for line in run.manifest["warnings"])
