"""Claims 7 and 8: what is left at high levels in the space of an encoder, and who sees it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..curves import Curve, Results
from ..verdicts import Array, Figure, Verdict, all_of, any_of, at_least, below
from .claim import STEP, Claim, Statement, evaluation_of, number

HIGH, HIGHEST = (6, 7), (5, 6, 7, 8)
LOW = (0, 1, 2, 3)
FALLEN = 0.5
DIFFERENT = 0.1

HIGHER = Statement(
    "7",
    "At s = 6 and 7 MINE on CLIP features is higher than on pixels, and high levels stay distinct.",
    f"higher at both levels, and each of s = 5 to 8 at least {STEP} bit from the next, on "
    "whichever side",
    ("5", "6a", "6b"),
)
THERE = Statement(
    "7 (is it there?)",
    "At s = 6 and 7 something is left that can be seen.",
    "an estimator calls it a leak on images it never saw, at both levels: its interval clears "
    "the null and is no wider than the value, on which the folds agree; never refuted, because "
    "another adversary may see more",
    ("6b",),
)
SEPARATES = Statement(
    "8",
    "MINE on ResNet features separates low levels, falls at high ones, and differs from CLIP.",
    f"each of s = 0 to 3 at least {STEP} bit above the next; at s = 6 and 7 at most "
    f"{FALLEN:.0%} of s = 0; and, as shares of s = 0, {DIFFERENT} from CLIP at some level",
    ("6b", "7", "8"),
)
STATEMENTS = (HIGHER, THERE, SEPARATES)

CLAIMED = ("leak", "saturated")


def claims(results: Results) -> Iterator[Claim]:
    """Claims 7 and 8, under both evaluations."""
    for encoder in results.encoders("clip", "control"):
        for curve in results.curves("mine", encoder):
            pixels = results.curve("mine", "pixels", curve.protocol)
            if pixels is not None:
                yield _higher(results, curve, pixels)
    for encoder in results.encoders("clip", "control", "resnet"):
        yield from _there(results, encoder)
    for encoder in results.encoders("resnet"):
        for curve in results.curves("mine", encoder):
            for other in results.encoders("clip"):
                clip = results.curve("mine", other, curve.protocol)
                if clip is not None:
                    yield _separates(results, curve, clip)


def gaps(curve: Curve, levels: tuple[int, ...]) -> list[Figure]:
    """By how much each of these levels is above the next of them; none if one is missing."""
    at = curve.at(*levels)
    return [_difference(curve, high, low) for high, low in pairwise(at)]


def _difference(curve: Curve, high: np.intp, low: np.intp) -> Figure:
    return curve.figure(lambda c: c[..., high] - c[..., low])


def _higher(results: Results, curve: Curve, pixels: Curve) -> Claim:
    here, there = curve.at(*HIGH), pixels.at(*HIGH)
    over = [_over(curve, pixels, a, b) for a, b in zip(here, there, strict=False)]
    apart = gaps(curve, HIGHEST)
    distinct = all_of(*(any_of(at_least(one, STEP), below(one, -STEP)) for one in apart))
    verdict = all_of(*(at_least(one, 0.0) for one in over), distinct)
    figures: dict[str, Figure | str] = {
        f"over_pixels_{s}": one for s, one in zip(HIGH, over, strict=False)
    }
    if apart:
        figures["smallest_gap"] = min(apart, key=lambda one: abs(one.value))
        figures["in_order"] = "yes" if all(one.value > 0 for one in apart) else "no"
    figures |= {
        f"null_p95_{s}": number(curve.column("null_p95")[at])
        for s, at in zip(HIGH, here, strict=False)
    }
    return Claim(
        HIGHER,
        results.images,
        curve.encoder,
        "mine",
        evaluation_of(curve),
        verdict if over and apart else "not decided",
        figures,
        "bits a patch against bits a pixel",
    )


def _over(curve: Curve, pixels: Curve, here: np.intp, there: np.intp) -> Figure:
    """How far a curve is above another one at a level."""
    count = max(len(curve.draws), len(pixels.draws))
    # The draws of two curves are paired at random: their errors are taken as independent.
    rng = np.random.default_rng(2)
    mine = rng.permutation(np.resize(curve.draws[:, here], count))
    theirs = np.resize(pixels.draws[:, there], count)
    value = curve.values[here] - pixels.values[there]
    return Figure.of(lambda differences: differences[..., 0], value[None], (mine - theirs)[:, None])


def _there(results: Results, encoder: str) -> Iterator[Claim]:
    """A row an adversary that looked for what the encoder sees of the plain image."""
    for curve in results.curves(protocol="held-out"):
        if encoder not in (curve.encoder, str(curve.table["target"].iloc[0])):
            continue
        at = curve.at(*HIGH)
        said = [str(curve.table["verdict"].iloc[i]) for i in at]
        figures: dict[str, Figure | str] = {}
        for s, i, word in zip(HIGH, at, said, strict=False):
            figures[f"bits_{s}"] = Figure(
                float(curve.values[i]), *(curve.column(end)[i] for end in ("low", "high"))
            )
            figures[f"said_{s}"] = word
            figures[f"null_p95_{s}"] = number(curve.column("null_p95")[i])
            figures[f"smallest_seen_{s}"] = number(curve.column("detectable")[i])
        trained = curve.column("train_groups")[at] if len(at) else np.array([])
        verdict: Verdict = (
            "holds" if said and all(one in CLAIMED for one in said) else "not decided"
        )
        yield Claim(
            THERE,
            results.images,
            curve.encoder,
            curve.measure,
            "held-out",
            verdict,
            figures,
            f"learned from {trained[0]:.0f} images" if np.isfinite(trained).any() else "",
        )


def _separates(results: Results, curve: Curve, clip: Curve) -> Claim:
    first, high = curve.at(0), curve.at(*HIGH)
    apart = gaps(curve, LOW)
    left = [_share(curve, at, first[0]) for at in high] if len(first) else []
    differs = _apart(curve, clip)
    fallen = [below(one, FALLEN) for one in left]
    figures: dict[str, Figure | str] = {
        f"share_left_{s}": one for s, one in zip(HIGH, left, strict=False)
    }
    if apart:
        figures["smallest_gap"] = min(apart, key=lambda one: one.value)
    figures |= {"differs": differs, "from": clip.encoder}
    whole = bool(apart) and bool(fallen)
    verdict = all_of(*(at_least(one, STEP) for one in apart), *fallen, at_least(differs, DIFFERENT))
    return Claim(
        SEPARATES,
        results.images,
        curve.encoder,
        "mine",
        evaluation_of(curve),
        verdict if whole else "not decided",
        figures,
    )


def _share(curve: Curve, at: np.intp, first: np.intp) -> Figure:
    return curve.figure(lambda c: c[..., at] / c[..., first])


def _apart(curve: Curve, other: Curve) -> Figure:
    """The largest difference of two curves, each as shares of its value at s = 0."""
    if len(curve.levels) != len(other.levels):
        return number(np.nan)
    count = max(len(curve.draws), len(other.draws))
    pairs = np.stack([_as_many(curve.draws, count), _as_many(other.draws, count)])
    values = np.stack([curve.values, other.values])
    shares, drawn = values / values[:, :1], pairs / pairs[..., :1]
    said, resampled = (np.abs(one[0] - one[1]) for one in (shares, drawn))
    # Where it is largest is chosen once: the largest of noise is never nothing.
    at = int(np.argmax(np.nan_to_num(said)))
    return Figure.of(lambda c: c[..., at], said, resampled)


def _as_many(draws: Array, count: int) -> Array:
    return draws[np.arange(count) % len(draws)]
