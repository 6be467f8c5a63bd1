"""What to cite for a run, and what was done in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from imleak.report import FormatError, citations_as, methods_as
from imleak.report.answer import answer
from imleak.study.store import Run

Make = Callable[..., pd.DataFrame]


def component(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "version": "1", "options": "{}", "digest": ""} | more


COMPONENTS = [
    component("scheme", "bitplanes"),
    component("encoder", "efficientnet-lite0", input_size=224, weights="sha256:00"),
    component("encoder", "layout", input_size="image"),
    component("metric", "psnr"),
    component("attack", "match", settings={"nulls": 100}),
    component("estimator", "best", settings={"folds": 5, "seeds": 3}),
    component("metric", "of-a-package-that-is-gone"),
    component("metric", "ssim"),
    component("encoder", "phasors", input_size="image"),
]


@pytest.fixture
def run(make_run: Callable[..., Run], make_rows: Make) -> Run:
    rows = make_rows
    features = {"encoder": "efficientnet-lite0", "unit": "bit", "verdict": "leak"}
    held = {"protocol": "held-out", "train_groups": 7, "test_groups": 9, "chosen": "infonce"}
    zero = {"protocol": "zero-shot", "unit": "share", "verdict": "leak", "quantity": "rank-1"}
    summary = pd.concat(
        [
            rows("psnr", [30.0, 9.0], 1, unit="dB"),
            rows("of-a-package-that-is-gone", [1.0, 2.0]),
            rows("match", [1.0, 0.5], 0.1, encoder="efficientnet-lite0, layout", **zero),
            rows("best", [3.0, 1.0], 0.5, **features, **held),
        ]
    )
    spec = {"seed": 4, "patches": 10, "scheme": "bitplanes", "sources": [], "measures": []}
    names = [f"{at}.png" for at in range(9)]
    return make_run(summary, names, previews=0, components=COMPONENTS, spec=spec)


def test_what_was_used_is_cited_and_what_was_chosen(run: Run) -> None:
    text = citations_as(run)
    assert "version 9.8.7" in text
    assert "P. Puteaux, V. Itier, P. Bas" in text
    assert text.count("For: match and infonce.") == 1  # of van den Oord et al.
    assert "For: intervals of shares." in text
    assert "For: intervals." in text
    assert "layout, psnr and of-a-package-that-is-gone." in text
    assert "Song" not in text


def test_bibtex_has_the_keys_that_latex_cites(run: Run) -> None:
    keys = re.findall(r"^@\w+\{(\w+),", citations_as(run, "bibtex"), re.MULTILINE)
    used = re.findall(r"~\\cite\{([^}]*)\}", methods_as(run, "latex"))
    assert {key for found in used for key in found.split(",")} <= set(keys)
    assert len(keys) == len(set(keys))


def test_methods_say_what_was_run_and_nothing_else(run: Run) -> None:
    text = methods_as(run)
    for said in (
        "9 images of 64 x 48 pixels and 8 bits a sample were measured as luma (ITU-R BT.601).",
        "bitplanes (Puteaux et al. 2021; Messadi et al. 2025) at 8 levels, beside the plain images",
        "10 patches of 224 x 224 pixels of every image, and every image resized to 224 x 224 "
        "(weights sha256:00).",
        "Whole images were seen through layout.",
        "match (Cover and Thomas 2006; van den Oord et al. 2018) was asked about 100 images",
        "in 100 ways.",
        "in each fold it learned from 7 images.",
        "cross-fitted by image in 4 folds, 3 times with other folds",  # 9 images make no 5 of two
        "Validation images chose infonce",
        "seed 4",
        "imleak 9.8.7 (The imleak authors 2026) was used.",
    ):
        assert said in text
    for unsaid in ("gallery", "group;", "failed", "epochs", "left out"):
        assert unsaid not in text
    for unused in ("ssim", "phasors"):  # nothing came of them
        assert unused not in text
        assert unused not in citations_as(run)


def test_methods_say_what_a_verdict_asks(run: Run, make_run: Callable[..., Run]) -> None:
    text = methods_as(run)
    assert "only where the 95 % interval lies above the 95th percentile of the null" in text
    assert "unreliable, and no leak, where the interval is wider than the estimate" in text
    assert "attributes" not in text
    asked = make_run(run.summary.assign(measure="attributes"), ["a.png"], previews=0)
    assert "Of m attributes that were asked together" in methods_as(asked)


def test_settings_that_a_manifest_lacks_are_not_guessed(
    make_run: Callable[..., Run], make_rows: Make
) -> None:
    held = {"protocol": "held-out", "train_groups": 7, "test_groups": 9, "verdict": "leak"}
    summary = make_rows("best", [3.0, 1.0], 0.5, encoder="layout", **held)
    old = make_run(summary, ["a.png"], previews=0, components=[component("estimator", "best")])
    assert "cross-fitted by image. " in methods_as(old)


def test_groups_failures_and_what_was_left_out_are_said(
    make_run: Callable[..., Run], make_rows: Make
) -> None:
    images = [
        {"name": f"{at}.png", "digest": f"{at:064x}", "height": 8, "width": 8 + at, "channels": 1}
        | {"bits": 8, "notes": [], "group": "ab"[at // 2]}
        for at in range(4)
    ]
    found = make_run(
        make_rows("psnr", [1.0]),
        [],
        previews=0,
        components=[component("metric", "psnr")],
        images=images,
        left_out=[{"name": "text.png", "why": "is no image", "measure": None, "encoder": None}],
        units={"all": 1200, "failed": 3},
    )
    text = methods_as(found)
    assert "4 images of 8 x 8 to 11 x 8 pixels" in text
    assert "in 2 groups; no group was on both sides" in text
    assert "1 further file was left out." in text
    assert "3 of 1,200 measurements failed." in text


def test_patches_are_named_where_an_estimator_ran_and_nowhere_else(
    make_run: Callable[..., Run], make_rows: Make
) -> None:
    zero = {"protocol": "zero-shot", "unit": "share", "quantity": "top-5", "verdict": "leak"}
    summary = make_rows("recognise", [1.0, 0.5], 0.1, encoder="efficientnet-lite0", **zero)
    encoder = component("encoder", "efficientnet-lite0", input_size=224)
    recognised = make_run(
        summary,
        ["a.png"],
        previews=0,
        components=[encoder, component("attack", "recognise")],
        spec={"seed": 4, "patches": 10, "sources": [], "measures": []},
    )
    text = methods_as(recognised)
    assert "an adversary saw every image resized to 224 x 224 pixels." in text
    assert "patches" not in text


def test_groups_and_not_images_are_counted_where_there_are_any(
    make_run: Callable[..., Run], make_rows: Make
) -> None:
    held = {"protocol": "held-out", "train_groups": 19, "test_groups": 40, "verdict": "leak"}
    features = {"encoder": "efficientnet-lite0", "unit": "bit", "bound": "lower"}
    images = [
        {"name": f"{at}.png", "digest": f"{at:064x}", "height": 8, "width": 8, "channels": 1}
        | {"bits": 8, "notes": [], "group": f"patient {at // 2}"}
        for at in range(80)
    ]
    names = ("best", "cosine-infonce")
    found = make_run(
        pd.concat([make_rows(name, [3.0, 1.0], 0.5, **features, **held) for name in names]),
        [],
        previews=0,
        components=[
            component("estimator", "best", settings={"folds": 5}),
            component("estimator", "cosine-infonce", settings={"folds": 5}, fits_scale=True),
        ],
        images=images,
    )
    text, said = methods_as(found), answer(found.summary, found.manifest)
    assert "in each fold it learned from 19 groups of images." in text
    assert "in each fold its scale was fitted to 19 groups of images." in text
    assert "cross-fitted by group in 5 folds." in text
    assert "It was held out as best was." in text
    learned = "learned from 19 groups of images, tested on 40 groups of images"
    assert said.looked[0] == f"best on efficientnet-lite0: {learned}"
    assert said.looked[1].startswith("cosine-infonce on efficientnet-lite0: its scale was fitted")
    assert "estimators learned from 19 groups of images at most" in " ".join(said.warnings)
    assert "best, trained on 19 groups of images, finds" in str(said)


def test_a_form_that_there_is_not(run: Run) -> None:
    with pytest.raises(FormatError, match="no format 'latex'; there is text, bibtex"):
        citations_as(run, "latex")
    with pytest.raises(FormatError, match="no format 'bibtex'; there is text, latex"):
        methods_as(run, "bibtex")


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ("full", ""),
        ("percentile", "between the percentiles 0.5 and 99.5 of an image, or of its clear part"),
        ("percentile:1-99", "between the percentiles 1 and 99 of"),
        ("2048/400", "to a window of centre 2048 and width 400"),
    ],
)
def test_the_window_that_a_network_was_shown_is_told(run: Run, window: str, words: str) -> None:
    (encoder,) = [o for o in run.manifest["components"] if o["name"] == "efficientnet-lite0"]
    encoder["settings"] = {"window": window}
    told = "It was shown samples stretched" in methods_as(run)
    assert told == bool(words)
    assert words in methods_as(run)


@pytest.mark.parametrize(
    ("keys", "said", "unsaid"),
    [
        ("image", "Keys were derived from the seed, another one for every image", "One key"),
        ("one", "One key, derived from the seed, serves all images", "taken for noise"),
        ("none", "No key takes part; what is published was measured: means", "taken for noise"),
        ("theirs", "Others encrypted them by bitplanes", "derived from the seed"),
    ],
)
def test_keys_are_those_of_the_run(
    make_run: Callable[..., Run], make_rows: Make, keys: str, said: str, unsaid: str
) -> None:
    words = {"name": "bitplanes", "axis": "level", "clear_part": "means", "hidden_part": "rest"}
    scheme = words | {"keys": keys, "recorded": False}
    summary = make_rows("psnr", [30.0, 9.0], 1, unit="dB")
    run = make_run(summary, ["a.png"], previews=0, components=COMPONENTS, scheme=scheme)
    text = methods_as(run)
    assert said in text
    assert unsaid not in text
