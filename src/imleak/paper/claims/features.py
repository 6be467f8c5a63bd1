"""Claims 7 and 8: what is left at high levels in the space of an encoder, and who sees it."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ...report.adversaries import CLAIMS
from ..curves import Curve, Results
from ..verdicts import Figure, Verdict, all_of, any_of, at_least, below
from .claim import STEP, Claim, Figures, Statement

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


def claims(results: Results) -> Iterator[Claim]:
    """Claims 7 and 8, under both evaluations."""
    for encoder in results.encoders("clip", "control"):
        for curve in results.curves("mine", encoder):
            pixels = results.curve("mine", "pixels", curve.protocol)
            if pixels is not None:
                yield _higher(curve, pixels)
    for encoder in results.encoders("clip", "control", "resnet"):
        for curve in results.curves(protocol="held-out"):
            if encoder in (curve.encoder, str(curve.table["target"].iloc[0])):
                yield _there(curve)
    for encoder in results.encoders("resnet"):
        for curve in results.curves("mine", encoder):
            for other in results.encoders("clip"):
                clip = results.curve("mine", other, curve.protocol)
                if clip is not None:
                    yield _separates(curve, clip)


def gaps(curve: Curve, levels: tuple[int, ...]) -> list[Figure]:
    """By how much each of these levels is above the next of them; none if one is missing."""
    return [curve.difference(high, low) for high, low in pairwise(curve.at(*levels))]


def _higher(curve: Curve, pixels: Curve) -> Claim:
    here, there = curve.at(*HIGH), pixels.at(*HIGH)
    over = [_over(curve, pixels, a, b) for a, b in zip(here, there, strict=False)]
    apart = gaps(curve, HIGHEST)
    distinct = all_of(*(any_of(at_least(one, STEP), below(one, -STEP)) for one in apart))
    verdict = all_of(*(at_least(one, 0.0) for one in over), distinct)
    figures: Figures = {f"over_pixels_{s}": one for s, one in zip(HIGH, over, strict=False)}
    if apart:
        figures["smallest_gap"] = min(apart, key=lambda one: abs(one.value))
        figures["in_order"] = "yes" if all(one.value > 0 for one in apart) else "no"
    nulls = curve.column("null_p95")[here]
    figures |= {f"null_p95_{s}": Figure.point(one) for s, one in zip(HIGH, nulls, strict=False)}
    decided = verdict if over and apart else "not decided"
    return Claim.of(HIGHER, curve, decided, figures, "bits a patch against bits a pixel")


def _over(curve: Curve, pixels: Curve, here: np.intp, there: np.intp) -> Figure:
    """How far a curve is above another one at a level."""
    count = max(len(curve.draws), len(pixels.draws))
    # The draws of two curves are paired at random: their errors are taken as independent.
    mine = np.random.default_rng(2).permutation(np.resize(curve.draws[:, here], count))
    theirs = np.resize(pixels.draws[:, there], count)
    return Figure.around(float(curve.values[here] - pixels.values[there]), mine - theirs)


def _there(curve: Curve) -> Claim:
    """An adversary that looked for what the encoder sees of the plain image."""
    at = curve.at(*HIGH)
    verdicts = [str(curve.table["verdict"].iloc[i]) for i in at]
    figures: Figures = {}
    for s, i, verdict in zip(HIGH, at, verdicts, strict=False):
        ends = (float(curve.column(end)[i]) for end in ("low", "high"))
        figures[f"bits_{s}"] = Figure(float(curve.values[i]), *ends)
        figures[f"said_{s}"] = verdict
        figures[f"null_p95_{s}"] = Figure.point(curve.column("null_p95")[i])
        figures[f"smallest_seen_{s}"] = Figure.point(curve.column("detectable")[i])
    trained = curve.column("train_groups")[at]
    seen: Verdict = "holds" if verdicts and set(verdicts) <= set(CLAIMS) else "not decided"
    note = f"learned from {trained[0]:.0f} images" if np.isfinite(trained).any() else ""
    return Claim.of(THERE, curve, seen, figures, note)


def _separates(curve: Curve, clip: Curve) -> Claim:
    first, apart, differs = curve.at(0), gaps(curve, LOW), _difference(curve, clip)
    left = [_share(curve, at, first[0]) for at in curve.at(*HIGH)] if len(first) else []
    fallen = [below(one, FALLEN) for one in left]
    figures: Figures = {f"share_left_{s}": one for s, one in zip(HIGH, left, strict=False)}
    if apart:
        figures["smallest_gap"] = min(apart, key=lambda one: one.value)
    figures |= {"differs": differs, "from": clip.encoder}
    steps = [at_least(one, STEP) for one in apart]
    verdict = all_of(*steps, *fallen, at_least(differs, DIFFERENT))
    return Claim.of(SEPARATES, curve, verdict if apart and fallen else "not decided", figures)


def _share(curve: Curve, at: np.intp, first: np.intp) -> Figure:
    return curve.figure(lambda c: c[..., at] / c[..., first])


def _difference(curve: Curve, other: Curve) -> Figure:
    """The largest difference of two curves, each as shares of its value at s = 0."""
    if len(curve.levels) != len(other.levels):
        return Figure.point(np.nan)
    shape = max(len(curve.draws), len(other.draws)), len(curve.levels)
    drawn = [np.resize(one.draws, shape) for one in (curve, other)]
    value = np.abs(curve.values / curve.values[:1] - other.values / other.values[:1])
    resampled = np.abs(drawn[0] / drawn[0][:, :1] - drawn[1] / drawn[1][:, :1])
    # Where it is largest is chosen once: the largest of noise is never nothing.
    at = int(np.argmax(np.nan_to_num(value)))
    return Figure.around(float(value[at]), resampled[:, at])
