"""Results of runs made by hand, so that every verdict can be had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from imleak.paper.curves import Results, Role
from imleak.study.frame import COLUMNS, SUMMARY_COLUMNS, tidy

ROLES: dict[str, Role] = {
    "pixels": "pixels",
    "clip-like": "clip",
    "untrained": "control",
    "resnet-like": "resnet",
}
Array = NDArray[np.float64]


class Made:
    """Collects rows as a study writes them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.summaries: list[dict[str, Any]] = []

    def metric(self, measure: str, encoder: str, by_image: Array, **columns: Any) -> Made:
        """Values (N, L) of images."""
        key = _key(measure, encoder, "per-image")
        for image, values in enumerate(by_image):
            self.rows += [
                key | {"image": f"{image:03}", "level": s, "value": v, "unit": "bit"}
                for s, v in enumerate(values)
            ]
        mean, half = by_image.mean(0), by_image.std(0) / np.sqrt(len(by_image))
        return self._summary(key, mean, mean - 2 * half, mean + 2 * half, columns)

    def estimate(
        self,
        measure: str,
        encoder: str,
        protocol: str,
        values: Sequence[float],
        *,
        half: float | None = None,
        history: Array | None = None,
        **columns: Any,
    ) -> Made:
        """Values (L,) with an interval of half this width, and (epochs, L) of training."""
        key, mean = _key(measure, encoder, protocol), np.asarray(values, float)
        missing = np.full(len(mean), np.nan)
        low, high = (missing, missing) if half is None else (mean - half, mean + half)
        self.rows += [key | {"level": s, "value": v, "unit": "bit"} for s, v in enumerate(mean)]
        self.rows += [
            key | {"level": s, "epoch": epoch, "value": v, "unit": "bit"}
            for epoch, line in enumerate([] if history is None else history, start=1)
            for s, v in enumerate(line)
        ]
        return self._summary(key, mean, low, high, columns)

    def results(self) -> Results:
        summary = tidy(self.summaries, SUMMARY_COLUMNS)
        stand_ins = frozenset(ROLES) - {"pixels"}
        return Results("made", tidy(self.rows, COLUMNS), summary, ROLES, stand_ins)

    def _summary(
        self, key: dict[str, Any], mean: Array, low: Array, high: Array, columns: dict[str, Any]
    ) -> Made:
        for s in range(len(mean)):
            row = key | {"level": s, "mean": mean[s], "low": low[s], "high": high[s]}
            given = {n: v[s] if isinstance(v, list) else v for n, v in columns.items()}
            self.summaries.append(row | {"unit": "bit"} | given)
        return self


def _key(measure: str, encoder: str, protocol: str) -> dict[str, Any]:
    return {
        "scheme": "bitplanes",
        "encoder": encoder,
        "target": encoder,
        "view": encoder,
        "measure": measure,
        "protocol": protocol,
        "part": "clear",
    }


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
def images() -> Callable[..., Array]:
    """(N, L) values of images around a curve."""

    def around(curve: Sequence[float], spread: float = 0.05, count: int = 40) -> Array:
        noise = np.random.default_rng(0).standard_normal((count, len(curve)))
        return np.asarray(np.asarray(curve, float) + spread * noise)

    return around
