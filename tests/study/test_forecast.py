from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from study_fakes import Corners, Rows

from imleak.images import Source
from imleak.interfaces import ImleakError
from imleak.study import forecast
from imleak.study.components import Question, component
from imleak.study.features import Embedding, FeatureRequest, embeddings
from imleak.study.forecast import Forecast, in_words, seconds_of_estimator
from imleak.study.plan import PIXELS, ImageInfo, Unit
from imleak.study.store import Part

SCHEME = component("scheme", "bitplanes", {})
LEVELS = (0, 1, 8)


def info(side: int) -> ImageInfo:
    return ImageInfo(f"{side}", Source(f"{side}", Path("x")), f"{side}", 1, side, side, 8)


def metric(side: int) -> Unit:
    measure = component("metric", "brightness", {})
    return Unit(measure, PIXELS, SCHEME, LEVELS, (info(side),), 0)


def asked() -> Embedding:
    plain = FeatureRequest(info(9), component("encoder", "corners", {}), patches=5)
    clear = [replace(plain, scheme=SCHEME, level=level) for level in LEVELS]
    (embedding,) = embeddings([plain, *clear])
    return embedding


def estimator() -> Unit:
    corners = component("encoder", "corners", {})
    measure = component("estimator", "rows", {})
    return Unit(
        measure, Question.of_both(corners), SCHEME, LEVELS, (info(9), info(8)), 0, patches=5
    )


def test_metrics_take_as_long_as_they_have_samples() -> None:
    known = [(metric(10), Part(metric(10).key, {}, seconds=2.0))]
    assert Forecast(known=known).unit(metric(20)) == pytest.approx(8.0)


def test_a_failed_unit_says_nothing_of_time() -> None:
    known = [(metric(10), Part(metric(10).key, {}, error="no", seconds=2.0))]
    assert Forecast(known=known).unit(metric(20)) == forecast.ASSUMED


class Clock:
    """Time that passes only when somebody works."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(forecast, "perf_counter", made)
    return made


def test_encoders_are_timed(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    def slow(self: Corners, pictures: list[object], bits: int) -> None:
        clock.now += 2.0 * len(pictures)

    monkeypatch.setattr(Corners, "encode", slow)
    # Level 0 is the plain picture.
    assert Forecast([asked().encoder]).embedding(asked()) == pytest.approx(5 * 3 * 2.0)


def test_estimators_are_timed_until_they_say_how_far_they_are(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    def slow(self: Rows, samples: object, *, seed: int, progress: Callable[[float], None]) -> None:
        for percent in range(1, 101):
            clock.now += 0.3
            progress(percent / 100)

    monkeypatch.setattr(Rows, "estimate", slow)
    assert seconds_of_estimator(estimator()) == pytest.approx(30)
    assert clock.now == pytest.approx(100 + 4 * 0.3)


def test_estimators_are_timed_on_rows_like_theirs() -> None:
    assert seconds_of_estimator(estimator()) < 1
    (noise,) = Rows.seen
    assert (noise.x.shape, noise.y.shape) == ((10, 4), (3, 10, 4))
    assert noise.groups.tolist() == [0] * 5 + [1] * 5


def test_what_cannot_be_timed_does_not_stop_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ImleakError("no")

    monkeypatch.setattr(Rows, "estimate", broken)
    monkeypatch.setattr(Corners, "encode", broken)
    made = Forecast([asked().encoder], [estimator()])
    assert made.embedding(asked()) == 15 * forecast.ASSUMED
    assert made.unit(estimator()) == forecast.ASSUMED


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "a few seconds"),
        (44, "about 40 seconds"),
        (100, "about 2 minutes"),
        (3000, "about 50 minutes"),
        (9000, "about 2.5 hours"),
    ],
)
def test_time_as_people_say_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
