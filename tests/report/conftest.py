"""Results as a study writes them, made by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from imleak.interfaces import Exposure, Image, Observation, Samples
from imleak.report.figures import StripImages
from imleak.report.figures.strip import CROP, middle
from imleak.report.previews import Subject, write_previews
from imleak.study.frame import COLUMNS, GROWTH_COLUMNS, SUMMARY_COLUMNS, tidy, typed
from imleak.study.store import Run
from schemes import BITPLANES

NAN = math.nan


def rows(measure: str, means: list[float], half: float = 0.05, **more: Any) -> pd.DataFrame:
    """Summary rows of one measure at levels 0, 1, ...; `more` sets columns, a list by level."""
    values = np.array(means, dtype=float)
    given = {
        "scheme": "bitplanes",
        "encoder": (encoder := more.get("encoder", "pixels")),
        "target": encoder,
        "view": encoder,
        "measure": measure,
        "part": "clear",
        "protocol": "per-image",
        "level": range(len(means)),
        "mean": values,
        "low": values - half,
        "high": values + half,
        "n": 100,
        "unit": "bit",
        "bound": "none",
        "errors": 0,
    }
    return typed(pd.DataFrame(given | more, columns=list(SUMMARY_COLUMNS)), SUMMARY_COLUMNS)


def failed(measure: str, encoder: str, errors: int = 1) -> pd.DataFrame:
    """The summary row of a measure that failed before it had a level."""
    given = {"scheme": "bitplanes", "encoder": encoder, "measure": measure, "errors": errors}
    return typed(pd.DataFrame([given], columns=list(SUMMARY_COLUMNS)), SUMMARY_COLUMNS)


def whole() -> pd.DataFrame:
    """A summary of nine levels with every kind of number there is."""
    features = {"encoder": "efficientnet-lite0"}
    top = [8.0, 7, 6, 5, 4, 3, 2, 1, 0]
    entropy = [7.4, 6.6, 5.7, 4.8, 3.9, 3.0, 2.0, 1.0, 0.0]
    fair = [math.inf, 9.8, 9.1, 8.7, 8.5, 8.4, 8.3, 8.3, 8.2]
    held = {"protocol": "held-out", "bound": "lower", "n": 1000, "train_groups": 75, **features}
    verdicts = ["saturated", *["leak"] * 4, *["no leak found"] * 3, "unreliable"]
    nothing = [NAN] * 9
    return pd.concat(
        [
            rows("histogram", entropy, bound="exact", ceiling=top, exact=entropy),
            rows("psnr", fair, 0.4, unit="dB", part="cipher"),
            rows("psnr", [math.inf, 24, 18, 12.1, 9.6, 8.1, 7.2, 6.9, 6.6], 0.3, unit="dB"),
            rows("ssim", [1, 0.4, 0.3, 0.2, 0.1, 0.05, 0.03, 0.01, 0.0], 0.02, unit="1", ceiling=1),
            rows(
                "mine",
                [6.4, 4.9, 3.3, 1.4, 0.4, 0.2, 0.16, 0.07, 0.0],
                low=NAN,
                high=NAN,
                protocol="in-sample",
                exact=entropy,
                bound="lower",
            ),
            rows(
                "cosine", [1, 0.81, 0.63, 0.46, 0.35, 0.29, 0.24, 0.21, 0.11], unit="", **features
            ),
            rows("rounded", [0.72, 0.21, 0.1, 0.04, *nothing[:5]], 0.01, errors=3, **features),
            rows(
                "mine",
                [11.7, 7.8, 6.2, 6.3, 3.9, 2.7, 2.1, 2.8, 0],
                low=NAN,
                high=NAN,
                protocol="in-sample",
                **features,
            ),
            rows(
                "mine",
                [6.2, 3.0, 1.1, -0.6, -1.1, -1.0, -1.7, -4.6, 0],
                0.6,
                null_mean=[-1.5] * 9,
                null_p95=[0.2] * 9,
                **held,
            ),
            rows(
                "infonce",
                [5.49, 4.68, 4.07, 3.34, 2.48, 1.70, 1.06, 0.73, 0.0],
                0.2,
                null_mean=[-0.11] * 9,
                null_p95=[0.02] * 9,
                verdict=verdicts,
                rising=[False, *[True] * 7, None],
                chosen=["cca-infonce", *["infonce"] * 8],
                detectable=0.125,
                ceiling=8.6,
                **held,
            ),
            rows("nwj", nothing, **held),
            failed("ksg", "efficientnet-lite0"),
        ],
        ignore_index=True,
    )


def learning(levels: range = range(9)) -> pd.DataFrame:
    """Rows of growth.csv: bits that double with the training images below level 7."""
    parts = []
    for level in levels:
        value = np.array([0.1, 0.2, 0.4, 0.8]) * (8 - level) if level < 7 else np.zeros(4)
        given = {
            "scheme": "bitplanes",
            "encoder": "efficientnet-lite0",
            "measure": "infonce",
            "protocol": "held-out",
            "level": level,
            "train_groups": [40, 80, 160, 320],
            "value": value,
            "low": value - 0.1,
            "high": value + 0.1,
            "unit": "bit",
            "bound": "lower",
            "rising": level < 7,
        }
        parts.append(pd.DataFrame(given, columns=list(GROWTH_COLUMNS)))
    return typed(pd.concat(parts, ignore_index=True), GROWTH_COLUMNS)


def histories(levels: range = range(9), epochs: int = 100, seeds: int = 2) -> pd.DataFrame:
    """Tidy rows of MINE in both protocols, `seeds` runs each."""
    top = np.array([11.7, 7.8, 6.2, 6.3, 3.9, 2.7, 2.1, 2.8, 0.0])
    draw = np.random.default_rng(0)
    parts = []
    for protocol, share in (("in-sample", 1.0), ("held-out", 0.5)):
        for seed in range(seeds):
            for level in levels:
                rise = 1 - np.exp(-np.arange(1, epochs + 1) / 15)
                given = {
                    "scheme": "bitplanes",
                    "level": level,
                    "encoder": "efficientnet-lite0",
                    "measure": "mine",
                    "part": "clear",
                    "protocol": protocol,
                    "seed": seed,
                    "epoch": range(1, epochs + 1),
                    "value": share * top[level % 9] * rise + draw.normal(0, 0.05, epochs),
                    "unit": "bit",
                    "bound": "lower",
                }
                parts.append(pd.DataFrame(given, columns=list(COLUMNS)))
    return typed(pd.concat(parts, ignore_index=True), COLUMNS)


class Planes(NamedTuple):
    """An image and what the encryption of its planes makes of it."""

    bits: int
    plain: Samples
    cipher: Callable[[int], Samples]
    clear: Callable[[int], Samples]


def planes(shape: tuple[int, int, int], bits: int = 8) -> Planes:
    """A ramp with a disc at every level of `bits`, encrypted with random planes."""
    draw = np.random.default_rng(0)
    channels, height, width = shape
    y, x = np.mgrid[:height, :width]
    ramp = (x + y) / (height + width) * (2**bits - 1)
    disc = np.hypot(y - height / 2, x - width / 2) < min(height, width) / 3
    dtype = np.uint8 if bits <= 8 else np.uint16
    plain = np.repeat(np.where(disc, 2**bits - 1 - ramp, ramp)[None].astype(dtype), channels, 0)
    noise = draw.integers(0, 2**bits, shape, dtype=dtype)
    kept = {level: 2 ** (bits - level) - 1 for level in range(bits + 1)}
    return Planes(
        bits,
        plain,
        lambda level: plain ^ (noise & dtype(2**bits - 1 - kept[level])),
        lambda level: plain & dtype(kept[level]),
    )


def picture(shape: tuple[int, int, int] = (1, 96, 128), bits: int = 8) -> StripImages:
    """The same as a strip shows it."""
    _, plain, cipher, clear = planes(shape, bits)
    window = middle(*shape[1:], CROP, CROP)
    levels = range(bits + 1)
    ciphers, clears = ({s: of(s)[:, *window] for s in levels} for of in (cipher, clear))
    return StripImages("ramp.png", bits, plain, ciphers, clears, window)


@pytest.fixture
def make_rows() -> Callable[..., pd.DataFrame]:
    return rows


@pytest.fixture(name="whole", scope="session")
def _whole() -> pd.DataFrame:
    return whole()


@pytest.fixture(name="histories", scope="session")
def _histories() -> pd.DataFrame:
    return histories()


@pytest.fixture(name="learning", scope="session")
def _learning() -> pd.DataFrame:
    return learning()


@pytest.fixture
def no_history() -> pd.DataFrame:
    return typed(pd.DataFrame(columns=list(COLUMNS)), COLUMNS)


@pytest.fixture
def make_picture() -> Callable[..., StripImages]:
    return picture


def image_rows(names: list[str], levels: int = 9) -> pd.DataFrame:
    """Tidy rows of the histogram of some images."""
    parts = [
        {
            "image": name,
            "scheme": "bitplanes",
            "level": range(levels),
            "encoder": "pixels",
            "measure": "histogram",
            "part": "clear",
            "protocol": "per-image",
            "seed": 0,
            "value": np.arange(levels)[::-1] * 0.9 + 0.01 * place,
            "unit": "bit",
            "bound": "exact",
        }
        for place, name in enumerate(names)
    ]
    frames = [pd.DataFrame(part, columns=list(COLUMNS)) for part in parts]
    return typed(pd.concat(frames, ignore_index=True), COLUMNS) if frames else tidy([], COLUMNS)


def manifest_of(names: list[str], **more: Any) -> dict[str, Any]:
    """What was run on images of these names."""
    image = {"height": 48, "width": 64, "channels": 1, "bits": 8, "notes": []}
    images = [{"name": n, "digest": f"{i:064x}", **image} for i, n in enumerate(names)]
    given = {
        "format": 2,
        "spec": {"sources": ["photos"], "seed": 0, "seeds": 2, "measures": ["histogram"]},
        "command": ["imleak", "audit", "photos"],
        "started": "2026-01-01T10:00:00+00:00",
        "finished": "2026-01-01T11:00:00+00:00",
        **BITPLANES,
        "components": [
            {"kind": "encoder", "name": "layout", "version": "1", "options": "{}", "digest": ""}
            | {"title": "layout", "input_size": "image"}
        ],
        "images": images,
        "left_out": [],
        "warnings": [],
        "subsamples": [],
        "units": {"all": 1, "failed": 0},
        "keys": "Ciphers were measured under repeatable keys.",
        "versions": {"imleak": "9.8.7"},
    }
    return given | more


def subject(name: str, digest: str = "0" * 64, **more: Any) -> Subject:
    """The image of :func:`picture` as the page's previews are made of."""
    bits = more.pop("bits", 8)
    _, plain, cipher, clear = planes(more.pop("shape", (1, 48, 64)), bits)
    observed = Observation(
        plain,
        bits,
        tuple(range(bits + 1)),
        exposure=lambda level: Exposure(clear(level), bits, {}),
        cipher=cipher,
        table=more.pop("table", lambda _: None),
    )
    return Subject(Image(plain, bits, name=name, digest=digest), observed, **more)


def run_in(
    folder: Path,
    summary: pd.DataFrame,
    names: list[str],
    frame: pd.DataFrame | None = None,
    growth: pd.DataFrame | None = None,
    previews: int = 2,
    **more: Any,
) -> Run:
    """A finished run in a folder, with previews of its first images."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(manifest_of(names, **more))
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    whole_frame = pd.concat([image_rows(names[:9]), *([] if frame is None else [frame])])
    whole_frame.to_parquet(folder / "results.parquet", index=False)
    summary.to_csv(folder / "summary.csv", index=False)
    if growth is not None:
        growth.to_csv(folder / "growth.csv", index=False)
    shown = [
        subject(name, f"{i:064x}", layout=lambda samples: samples[0, ::8, ::8] / 256)
        for i, name in enumerate(names[:previews])
    ]
    if shown:
        write_previews(folder, shown, [level["rank"] for level in json.loads(text)["levels"]])
    return Run.open(folder)


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    def make(summary: pd.DataFrame, names: list[str], **more: Any) -> Run:
        return run_in(tmp_path_factory.mktemp("run"), summary, names, **more)

    return make


@pytest.fixture
def make_subject() -> Callable[..., Subject]:
    return subject
