from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imleak import plugins
from imleak.benchmark import calibration, evaluate, select
from imleak.benchmark.calibration import QUICK, Calibration, calibrate
from imleak.benchmark.figures import write_figures
from imleak.interfaces import ImleakError, Measurement, PairedSamples
from imleak.study import OutputError, components
from imleak.study.files import locked

TASKS = ("1v1-normal-0.75", "independent-[12]", "discrete-z")


class PlugIn:
    """The Gaussian plug-in of the first columns; refuses what is wider than 200."""

    name = "ksg"  # and is suited to what `ksg` is
    version = "1"
    bound = "none"
    calls = 0

    def __init__(self, protocol: str = "in-sample", seeds: int = 5) -> None:
        self.protocol, self.seeds = protocol, seeds

    def estimate(self, samples: PairedSamples, **_: object) -> Sequence[Measurement]:
        PlugIn.calls += 1
        if samples.x.shape[1] > 200:
            raise ImleakError("too wide")
        rho = [np.corrcoef(samples.x[:, 0], y[:, 0])[0, 1] for y in samples.y]
        return [
            Measurement(
                bits,
                "none",
                estimator="ksg",
                protocol="held-out",
                interval=(bits - 0.1, bits + 0.1),
                verdict="leak",
            )
            for bits in -0.5 * np.log2(1 - np.square(rho))
        ]


@pytest.fixture(autouse=True)
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(plugins.BUILT_IN["estimator"], "plug-in", f"{__name__}:PlugIn")
    plugins.known.cache_clear()
    components._instance.cache_clear()
    monkeypatch.setattr(calibration, "QUICK", replace(QUICK, images=100))
    monkeypatch.setattr(calibration, "write_figures", lambda *_: [])
    PlugIn.calls = 0
    yield
    plugins.known.cache_clear()
    components._instance.cache_clear()


def found(out: Path, **asked: object) -> Calibration:
    given = {"estimators": ["plug-in"], "tasks": TASKS, "n": 500, "seeds": 2, "quick": True}
    return calibrate(out, **(given | asked))


def test_rows_are_those_of_one_call(tmp_path: Path) -> None:
    done = found(tmp_path / "out")
    at_once = evaluate({"plug-in": PlugIn()}, select(TASKS), n=500, seeds=(0, 1))
    same = [each.drop(columns=["seconds", "chosen"]) for each in (done.frame, at_once)]
    pd.testing.assert_frame_equal(*same)
    assert done.frame["suited"].tolist() == [True, True, False, False, True, True, True, True]
    assert done.frame.loc[0, "value"] == pytest.approx(0.5963, abs=0.1)
    assert set(done.consistency["test"]) == {
        "independence",
        "data processing",
        "redundancy",
        "additivity",
    }


def test_files_hold_what_the_frames_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "write_figures", write_figures)
    done = found(tmp_path / "out")
    written = pd.read_csv(done.path / "calibration.csv")
    np.testing.assert_array_equal(written["value"], done.frame["value"])
    assert pd.read_csv(done.path / "summary.csv")["rows"].tolist() == [6]
    assert len(pd.read_csv(done.path / "consistency.csv")) == len(done.consistency)
    manifest = json.loads((done.path / "manifest.json").read_text())
    assert manifest["started"] <= manifest["finished"]
    assert manifest["spec"]["tasks"] == [task.name for task in select(TASKS)]
    for name in ("calibration", "consistency"):
        for suffix in ("pdf", "png"):
            assert (done.path / "figures" / f"{name}.{suffix}").stat().st_size > 1000


def test_estimators_are_held_out_and_quick_ones_repeat_less(tmp_path: Path) -> None:
    quick = found(tmp_path / "quick", tasks=["independent-1"])
    options = json.loads((quick.path / "manifest.json").read_text())["spec"]["estimators"]
    assert json.loads(options[0]["options"]) == {"protocol": "held-out", "seeds": 1}


def test_an_interrupted_calibration_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found(tmp_path / "whole")
    calls, PlugIn.calls = PlugIn.calls, 0
    estimate = PlugIn.estimate

    def interrupt(self: PlugIn, samples: PairedSamples, **options: object) -> Sequence[Measurement]:
        if PlugIn.calls == 3:
            raise KeyboardInterrupt
        return estimate(self, samples, **options)

    with monkeypatch.context() as patch:
        patch.setattr(PlugIn, "estimate", interrupt)
        with pytest.raises(KeyboardInterrupt):
            found(tmp_path / "out")
    assert PlugIn.calls == 3
    continued = found(tmp_path / "out")
    assert PlugIn.calls == calls
    same = [frame.drop(columns="seconds") for frame in (whole.frame, continued.frame)]
    pd.testing.assert_frame_equal(*same, check_exact=True)
    pd.testing.assert_frame_equal(whole.consistency, continued.consistency, check_exact=True)
    found(tmp_path / "out")
    assert PlugIn.calls == calls


def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    asked = {"tasks": ["independent-1", "independent-256"], "seeds": 1}
    for _ in range(2):
        PlugIn.calls = 0
        PlugIn.name = "of many dimensions"
        try:
            done = found(tmp_path / "out", **asked)
        finally:
            PlugIn.name = "ksg"
    assert done.frame["error"].tolist()[1] == "ImleakError: too wide"
    assert done.summary.loc[0, "errors"] == 1
    assert PlugIn.calls == 1


def test_one_calibration_at_a_time_writes_a_folder(tmp_path: Path) -> None:
    with locked(tmp_path / "out", {}), pytest.raises(OutputError, match="is being written to"):
        found(tmp_path / "out")


def test_another_calibration_is_refused(tmp_path: Path) -> None:
    found(tmp_path / "out")
    with pytest.raises(ImleakError, match="holds another run: seeds was 2 and is 1"):
        found(tmp_path / "out", seeds=1)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"estimators": ["plugin"]}, "unknown estimator 'plugin'; did you mean 'plug-in'"),
        ({"estimators": ["histogram"]}, "unknown estimator 'histogram'"),
        ({"estimators": ["plug-in=3"]}, "takes no value, only options"),
        ({"estimators": ["plug-in:bins=3"]}, "has no option 'bins'"),
        ({"tasks": ["normal"]}, "no task is called 'normal'"),
        ({"seeds": 0}, "seeds is 0; ask for at least 1"),
    ],
)
def test_what_is_not_there_is_refused(
    tmp_path: Path, asked: dict[str, object], message: str
) -> None:
    with pytest.raises(ImleakError, match=re.escape(message)):
        found(tmp_path / "out", **asked)
    assert not (tmp_path / "out").exists()


def test_progress_is_reported(tmp_path: Path) -> None:
    reported = []

    class Listener:
        def say(self, message: str) -> None: ...

        def update(self, done: float, total: float, doing: str) -> None:
            reported.append((done, total, doing))

    found(tmp_path / "out", tasks=["independent-1"], progress=Listener())
    assert reported == [
        (0, 3, "plug-in on Independent 1×1"),
        (1, 3, "plug-in on Independent 1×1"),
        (2, 3, "self-consistency of plug-in"),
    ]
