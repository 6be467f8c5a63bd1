"""The summary of a default run on 96 photographs, with rates as they were measured."""

from __future__ import annotations

import math

import pandas as pd

from conftest import rows

NAN = math.nan
LEAK, QUIET = "leak", "no leak found"
ENTROPY = [7.4, 6.6, 5.7, 4.8, 3.9, 3.0, 2.0, 1.0, 0.0]


def rates(
    measure: str, quantity: str, values: list[float], chance: float, **more: object
) -> pd.DataFrame:
    """Rows of a rate over 96 images; what does not clear chance by .05 is no leak."""
    claimed = [value > chance + 0.06 for value in values]
    given = {
        "encoder": "efficientnet-lite0",
        "quantity": quantity,
        "protocol": "zero-shot",
        "unit": "share",
        "n": 96,
        "low": [max(0.0, value - 0.05) for value in values],
        "high": [min(1.0, value + 0.05) for value in values],
        "null_mean": chance,
        "null_p95": chance + 0.02,
        "verdict": [LEAK if one else QUIET for one in claimed],
    }
    return rows(measure, values, **(given | more))


def recognised() -> pd.DataFrame:
    top_1 = [1, 0.46, 0.16, 0.02, 0, 0.01, 0, 0, 0]
    top_5 = [1, 0.77, 0.39, 0.10, 0, 0.01, 0, 0, 0]
    return pd.concat(
        [rates("recognise", "top-1", top_1, 0.0), rates("recognise", "top-5", top_5, 0.02)]
    )


def matched() -> pd.DataFrame:
    first = [1, 1, 1, 0.99, 0.92, 0.78, 0.59, 0.38, 0.01]
    five = [1, 1, 1, 1, 0.94, 0.82, 0.68, 0.48, 0.05]
    size = [6.5, 6.5, 6.4, 6.2, 5.3, 4.2, 2.9, 1.5, 0.0]
    chosen = ["efficientnet-lite0", *["layout"] * 8]
    bits = {
        "unit": "bit/image",
        "bound": "lower",
        "low": [max(0.0, b - 0.4) for b in size],
        "high": [b + 0.4 for b in size],
        "null_mean": 0.0,
        "null_p95": 0.1,
        "ceiling": 6.58,
        "verdict": [*[LEAK] * 8, QUIET],
    }
    given = {"encoder": "efficientnet-lite0, layout", "chosen": chosen}
    return pd.concat(
        [
            rates("match", "rank-1", first, 0.01, **given),
            rates("match", "rank-5", five, 0.05, **given),
            rates("match", "reciprocal rank", first, 0.05, **given),
            rates("match", "bits (Fano)", size, 0, **given, **bits),
            rates("match", "bits (InfoNCE)", size, 0, **given, **bits | {"low": 0.2}),
        ]
    )


def confirmed() -> pd.DataFrame:
    exact = {
        "unit": "bit/image",
        "bound": "exact",
        "low": NAN,
        "high": NAN,
        "null_mean": 0.0,
        "null_p95": 0.0,
        "verdict": [*[LEAK] * 8, QUIET],
    }
    here = {"encoder": "pixels"}
    copies = {
        "rank-1, JPEG 90": [1, 1, 1, 1, 0.92, 0.77, 0.58, 0.36, 0],
        "rank-1, JPEG 50": [1, 1, 1, 0.98, 0.90, 0.71, 0.55, 0.35, 0],
        "rank-1, half size": [1, 1, 1, 0.91, 0.77, 0.60, 0.46, 0.02, 0],
    }
    return pd.concat(
        [
            rates("confirm", "bits (exact)", [6.58] * 8 + [0], 0, **here, **exact),
            *(rates("confirm", name, values, 0.01, **here) for name, values in copies.items()),
        ]
    )


def estimated(name: str = "best", **more: object) -> pd.DataFrame:
    values = [4.2, 3.7, 2.8, 1.5, 0.6, 0.0, 0.0, 0.0, 0.0]
    given = {
        "encoder": "efficientnet-lite0",
        "protocol": "held-out",
        "bound": "lower",
        "verdict": [*[LEAK] * 5, *[QUIET] * 4],
        "null_mean": -0.1,
        "null_p95": 0.05,
        "train_groups": 61,
        "test_groups": 19,
        "detectable": 0.25,
        "n": 190,
    }
    return rows(name, values, **(given | more))


def histogram() -> pd.DataFrame:
    sizes = [8.0, 7, 6, 5, 4, 3, 2, 1, 0]
    return rows("histogram", ENTROPY, bound="exact", ceiling=sizes, exact=ENTROPY)


def default() -> pd.DataFrame:
    """Everything a default run has."""
    psnr = [math.inf, 24, 18, 12.1, 9.6, 8.1, 7.2, 6.9, 6.6]
    vif = [1, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.01, 0.0]
    pieces = [
        histogram(),
        rows("psnr", psnr, 0.3, unit="dB"),
        rows("vif", vif, 0.02, unit="1", ceiling=1),
        recognised(),
        matched(),
        confirmed(),
        estimated(),
    ]
    return pd.concat(pieces, ignore_index=True)


def few(piece: pd.DataFrame, levels: int = 5) -> pd.DataFrame:
    """The first levels of some rows."""
    return piece[piece["level"] < levels]


def plug_in(values: list[float]) -> pd.DataFrame:
    """The histogram where the clear sample is no function of the plain one: an estimate."""
    return rows("histogram", values, 0.1)


def of_region() -> pd.DataFrame:
    """A run of `region`: less shows as less is left, and nothing with all encrypted."""
    first = [1, 1, 1, 0.62, 0.01]
    named = [1, 0.71, 0.4, 0.12, 0.0]
    pieces = [
        plug_in([7.4, 5.5, 3.7, 1.8, 0.0]),
        rates("recognise", "top-5", named, 0.02),
        rates("match", "rank-1", first, 0.01, chosen="efficientnet-lite0"),
        few(estimated(), 4),
    ]
    return pd.concat(pieces, ignore_index=True).assign(scheme="region")


def of_blocks() -> pd.DataFrame:
    """A run of `etc`: a network finds the image until its colours are permuted."""
    first = [1, 0.99, 0.97, 0.6, 0.02]
    pieces = [
        plug_in([7.4, 0.9, 0.9, 0.0, 0.0]),
        rates("recognise", "top-5", [1, 0.31, 0.14, 0.02, 0.02], 0.02),
        rates("match", "rank-1", first, 0.01, chosen="efficientnet-lite0"),
    ]
    return pd.concat(pieces, ignore_index=True).assign(scheme="etc")


def of_recorded() -> pd.DataFrame:
    """Ciphers that somebody else made: a tile that is XORed everywhere, and AES."""
    tile = {"encoder": "pixels", "unit": "share of images", "detectable": 0.1}
    first = [1, 0.41, 0.01]
    pieces = [
        plug_in([7.4, 2.3, 0.0]),
        rates("inspect", "repeating tile", [0, 1, 0], 0.0, **tile),
        rates("recognise", "top-5", [1, 0.03, 0.02], 0.02),
        rates("match", "rank-1", first, 0.01, chosen="efficientnet-lite0"),
    ]
    return pd.concat(pieces, ignore_index=True).assign(scheme="recorded")
