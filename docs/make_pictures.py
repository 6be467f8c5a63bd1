"""Make the pictures of README.md and docs/, and print the numbers they quote.

    python docs/make_pictures.py                 # all: about half an hour on two cores
    python docs/make_pictures.py nearest fano    # some

Every picture is of generated data, or of photographs that scikit-image and scikit-learn
carry. The same version on the same machine makes the same pictures. Audits are kept in
the temporary folder, so that a picture can be drawn again without measuring again.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import PIL.Image
import skimage.data
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import imleak
from imleak import plugins
from imleak.cli.photographs import write_photographs
from imleak.encoders.efficientnet import EfficientNetLite0
from imleak.encoders.layout import Layout
from imleak.estimators.bounds import bernoulli_divergence, clopper_pearson
from imleak.estimators.heldout.evidence import judge
from imleak.images import resize
from imleak.images.jpeg import compressed, raster_of
from imleak.interfaces import KeyedScheme, Measurement, Raster, Samples, Verdict
from imleak.keystream import AesKeystream, derived_key, derived_nonce
from imleak.metrics._entropy import contingency
from imleak.metrics.cosine import cosine_similarity
from imleak.rebuilders.dc import Dc
from imleak.rebuilders.fold import Fold
from imleak.rebuilders.inpaint import Inpaint
from imleak.rebuilders.jigsaw import Jigsaw
from imleak.rebuilders.signs import Signs
from imleak.rebuilders.smooth import Smooth
from imleak.rebuilders.super_resolution import SuperResolution
from imleak.rebuilders.unscramble import Unscramble
from imleak.report.figures import style
from imleak.report.figures.style import BLACK, BLUE, GREEN, GREY, LINES, PURPLE, VERMILLION
from imleak.schemes.bitplanes import BitPlanes

IMAGES = Path(__file__).parent / "images"
SCRATCH = Path(tempfile.gettempdir()) / "imleak-pictures"
LEAVES = "dead-leaves:400x224x224"
LEVELS = range(9)
ORANGE = "#E69F00"
SHOWN: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("bitplanes", {}, 2),
    ("region", {}, 2),
    ("negative-positive", {}, 2),
    ("etc", {}, 1),
    ("etc", {}, 4),
    ("le", {}, 1),
    ("ele", {}, 1),
    ("tpe", {}, 2),
    ("tpe", {"kind": "sum"}, 2),
    ("pixelate", {}, 2),
    ("blur", {}, 2),
    ("jpeg-signs", {}, 2),
    ("jpeg-signs", {}, 4),
    ("p3", {}, 2),
)
"""Schemes with their options and a level of each."""
REBUILDERS = (
    *(Smooth(), Inpaint(), Fold(), Jigsaw(), Unscramble(), Signs(), Dc()),
    SuperResolution(),
)

Array = NDArray[np.float64]


def pixels() -> Figure:
    """What one sample says, and what a whole picture can say at most."""
    code = {"name": "codelength", "effort": 9, "method": 6, "exhaustive": True}
    measures = ["histogram", code]
    summary = audit(photographs(), "pixels", measures=measures)
    histogram, code = (column(summary, name) for name in ("histogram", "codelength"))
    raw = 8.0 - np.arange(9)
    tell("s, log2|Y|, histogram, codelength", LEVELS, raw, histogram, code)
    figure, (axes,) = panels(1, 2.7)
    axes.plot(LEVELS, raw, color=GREY, ls=LINES[3], label="raw bits, log₂|Y| = 8 - s")
    axes.plot(LEVELS, histogram, "o-", color=BLUE, label="histogram, exact for one pixel")
    axes.plot(LEVELS, code, "s", ls=LINES[1], color=VERMILLION, label="codelength, upper bound")
    axes.set(xlabel="level s", ylabel="bits per pixel", ylim=(0, 8.3))
    axes.legend()
    return figure


def sawtooth() -> Figure:
    """The clear part as a function of the pixel, and what a small network makes of it."""
    summary = audit(photographs(), "sawtooth", encoders=["pixels"], measures=["tabular-mine"])
    value, exact = (column(summary, "tabular-mine", name) for name in ("mean", "exact"))
    tell("s, exact, tabular-mine", LEVELS, exact, value)
    figure, (left, right) = panels(2)
    scheme = BitPlanes("scaled")
    for level, colour, line in zip(
        (5, 3, 1), (ORANGE, VERMILLION, BLUE), (0.5, 0.9, 1.6), strict=True
    ):
        left.plot(scheme.table(8, level), color=colour, lw=line, label=f"s = {level}")
    left.set(xlabel="pixel p", ylabel="clear part (p << s) mod 256", ylim=(0, 320))
    left.legend(ncols=3, loc="upper center")
    right.plot(LEVELS, exact, "x", ls=LINES[3], color=BLACK, label="exact, H(Y)")
    right.plot(LEVELS, value, "o-", color=BLUE, label="tabular-mine, 2x100 ReLU")
    right.set(xlabel="level s", ylabel="bits per pixel", ylim=(0, None))
    right.legend()
    return figure


def likeness() -> Figure:
    """Measures that are no information: PSNR, SSIM, cosine, rounded features."""
    summary = audit(photographs(), "likeness", measures=["psnr", "ssim", "cosine"])
    steps = (0.25, 0.5, 1.0, 2.0)
    rounded = [
        column(audit(photographs(), f"rounded-{r}", measures=["rounded"], round_to=r), "rounded")
        for r in steps
    ]
    psnr = [column(summary, "psnr", part=part) for part in ("clear", "cipher")]
    ssim = [column(summary, "ssim", part=part) for part in ("clear", "cipher")]
    cosine = column(summary, "cosine")
    tell("s, PSNR clear, cipher, SSIM clear, cipher, cosine", LEVELS, *psnr, *ssim, cosine)
    tell(f"s, rounded MI at steps {steps}", LEVELS, *rounded)
    of_nothing(steps)
    figure, (left, middle, right) = panels(3)
    for values, mark, line, part in zip(psnr, "os", LINES, ("clear", "cipher"), strict=False):
        left.plot(LEVELS[1:], values[1:], mark, ls=line, color=BLUE, label=part)
    left.set(xlabel="level s", ylabel="PSNR (dB), infinite at s = 0", ylim=(0, None))
    middle.plot(LEVELS, cosine, "D-", color=PURPLE, label="cosine of features")
    for values, mark, line, part in zip(ssim, "os", LINES, ("clear", "cipher"), strict=False):
        middle.plot(LEVELS, values, mark, ls=line, color=BLUE, label=f"SSIM, {part}")
    middle.set(xlabel="level s", ylim=(-0.05, 1.05))
    for r, values, colour in zip(steps, rounded, style.level_colours(len(steps)), strict=True):
        right.semilogy(LEVELS, values, "o-", color=colour, label=f"step {r:g}")
    right.set(xlabel="level s", ylabel="rounded MI (bits)")
    right.yaxis.set_major_formatter("{x:g}")
    for axes in (left, middle, right):
        axes.set_xticks(LEVELS)
        axes.legend(loc="lower left" if axes is left else "upper right")
    return figure


def memory() -> Figure:
    """1000 rows of 64 dimensions that share nothing, or 2 bits in 4 hidden directions."""
    rng = np.random.default_rng(0)
    x, nothing, partner = rng.standard_normal((3, 1000, 64))
    rho = np.sqrt(1 - 2**-1.0)
    shared = np.hstack([rho * x[:, :4] + np.sqrt(1 - rho**2) * partner[:, :4], partner[:, 4:]])
    views = np.stack([nothing, shared @ np.linalg.qr(rng.standard_normal((64, 64)))[0]])
    asked = {
        "mine\nin-sample": ("mine", {"protocol": "in-sample", "epochs": 500, "seeds": 5}),
        "mine\nheld-out": ("mine", {}),
        "infonce": ("infonce", {}),
        "cca-infonce": ("cca-infonce", {}),
        "best": ("best", {}),
    }
    found = {
        label: imleak.estimate(x, views, name, **options)
        for label, (name, options) in asked.items()
    }
    figure, (left, right) = panels(2, width_ratios=(1, 1.9))
    history = found["mine\nin-sample"]
    for estimate, colour, line, label in zip(
        history, (VERMILLION, BLUE), (LINES[1], "-"), ("nothing", "2 bits"), strict=True
    ):
        left.plot(range(1, 501), estimate.history, color=colour, ls=line, label=label)
    left.set(xlabel="epoch", ylabel="MINE in-sample (bits)")
    left.legend(title="shared by x and y")
    for at, (label, pair) in enumerate(found.items()):
        for estimate, colour, mark, shift in zip(
            pair, (VERMILLION, BLUE), "so", (-0.13, 0.13), strict=True
        ):
            point(right, at + shift, estimate, colour, mark)
        name = label.replace("\n", " ")
        tell(f"{name}: value, low, high, null mean, verdict", *zip(*map(said, pair), strict=True))
    right.axhline(2, color=BLUE, lw=0.8, ls=LINES[3])
    right.axhline(0, color=VERMILLION, lw=0.8, ls=LINES[3])
    right.set_xticks(range(len(found)), list(found))
    right.set(ylabel="bits")
    right.plot([], [], "s", color=VERMILLION, label="nothing to find")
    right.plot([], [], "o", color=BLUE, label="2 bits")
    right.plot([], [], "_", color=GREY, markersize=12, label="null")
    right.legend()
    return figure


def bounds() -> Figure:
    """Estimates of ten correlated pairs of Gaussians against the truth."""
    truth = [0, 1, 2, 4, 6, 8, 10, 12, 14]
    x, y = gaussians(2000, 10, truth, seed=0)
    asked: dict[str, tuple[str, str, dict[str, Any]]] = {
        "mine": (VERMILLION, "s", {}),
        "nwj": (ORANGE, "D", {"steps": 600}),
        "smile": (GREEN, "^", {"steps": 600}),
        "infonce": (BLUE, "o", {}),
        "cca-infonce": (PURPLE, "v", {}),
    }
    figure, axes = panels(3, 2.7, sharey=True)
    for (name, (colour, mark, options)), place in zip(asked.items(), (0, 1, 1, 2, 2), strict=True):
        found = imleak.estimate(x, y, name, seeds=1, **options)
        curve(axes[place], truth, found, name, colour, mark)
        tell(f"{name}: truth, value, low, high", truth, *zip(*map(said, found), strict=True))
        ceiling = found[0].ceiling
    for panel in axes:
        panel.plot(truth, truth, color=BLACK, lw=0.8, ls=LINES[3])
        panel.set(xlabel="true bits", ylim=(-1, 17))
        panel.legend(loc="upper left")
    assert ceiling is not None
    axes[2].axhline(ceiling, color=GREY, lw=0.8)
    axes[2].text(0, ceiling + 0.2, f"log₂ of {2**ceiling:.0f} test images", color=GREY)
    axes[0].set(ylabel="estimate (bits)")
    return figure


def angle() -> Figure:
    """An angle seen through m harmonics: the information is the same for every m."""
    rng = np.random.default_rng(0)
    count, most, sigma = 2000, 6, 0.3
    theta = rng.uniform(0, 2 * np.pi, count)
    harmonics = np.arange(1, most + 1)[:, None]

    def seen(angles: Array) -> Array:
        turns = harmonics * angles
        return np.stack([np.cos(turns), np.sin(turns)], -1).transpose(1, 0, 2).reshape(count, -1)

    x, whole = seen(theta), seen(theta + sigma * rng.standard_normal(count))
    noise = rng.standard_normal(whole.shape)
    kept = range(1, most + 1)
    views = np.stack([np.where(np.arange(2 * most) < 2 * m, whole, noise) for m in kept])
    truth = float(np.log2(2 * np.pi) - np.log2(sigma * np.sqrt(2 * np.pi * np.e)))
    figure, (axes,) = panels(1, 2.5)
    for name, colour, mark in (("cca", VERMILLION, "s"), ("cca-infonce", PURPLE, "v")):
        found = imleak.estimate(x, views, name)
        curve(axes, list(kept), found, name, colour, mark)
        tell(f"{name}: m, value, low, high", kept, *zip(*map(said, found), strict=True))
    tell("truth", [truth])
    axes.axhline(truth, color=BLACK, lw=0.8, ls=LINES[3], label="truth")
    axes.set(xlabel="harmonics m of one noisy angle", ylabel="bits", ylim=(0, None))
    axes.legend()
    return figure


def nearest() -> Figure:
    """Nearest neighbours: one bit spread over more dimensions, and much in one."""
    dimensions, strengths = (1, 2, 3, 4, 6, 8, 10), (0.1, 0.5, 1, 2, 4, 6, 8, 10)
    spread = [imleak.estimate(*flat(gaussians(2000, d, [1.0], seed=d)), "ksg") for d in dimensions]
    strong = [imleak.estimate(*flat(gaussians(2000, 1, [b], seed=0)), "ksg") for b in strengths]
    tell("d, value, low, high of 1 bit", dimensions, *zip(*map(said, spread), strict=True))
    tell("truth, value, low, high in 1-d", strengths, *zip(*map(said, strong), strict=True))
    figure, (left, right) = panels(2)
    curve(left, dimensions, spread, "ksg", GREEN)
    left.axhline(1, color=BLACK, lw=0.8, ls=LINES[3], label="truth")
    left.set(xlabel="dimensions a side", ylabel="bits", ylim=(0, 1.3))
    curve(right, strengths, strong, "ksg", GREEN)
    right.plot(strengths, strengths, color=BLACK, lw=0.8, ls=LINES[3], label="truth")
    right.set(xlabel="true bits, one dimension a side", ylabel="bits")
    left.legend()
    right.legend()
    return figure


def fano() -> Figure:
    """Bits that a share of right answers needs, and what the count of trials leaves open."""
    figure, (axes,) = panels(1, 2.5)
    share = np.linspace(0, 1, 201)
    for among, colour, line in zip((20, 80, 400), (BLUE, VERMILLION, GREEN), LINES, strict=False):
        trials = 5 * among
        nats = bernoulli_divergence(share, 1 / among) / np.log(2)
        limits = np.array([clopper_pearson(p * trials, trials) for p in share])
        low, high = (bernoulli_divergence(side, 1 / among) / np.log(2) for side in limits.T)
        axes.plot(share, nats, color=colour, ls=line, label=f"N = {among}, {trials} images")
        axes.fill_between(share, low, high, color=colour, alpha=0.2, lw=0)
        at = [1 / among, 2 / among, 0.25, 0.5, 1.0]
        bits = bernoulli_divergence(np.array(at), 1 / among) / np.log(2)
        tell(f"N = {among}: R@1, bits", at, bits)
    axes.set(xlabel="R@1", ylabel="bits at least", xlim=(0, 1))
    axes.legend()
    return figure


def verdicts() -> Figure:
    """One interval for each verdict, judged by the function that judges runs."""
    p95, ceiling = 0.3, 6.0
    cases = [
        (2.0, 1.5, 2.5, [1.8, 2.2]),
        (0.2, -0.2, 0.6, [0.1, 0.3]),
        (-0.7, -1.1, -0.3, [-0.8, -0.6]),
        (1.6, 0.6, 2.6, [1.4, 1.8]),
        (1.6, 1.1, 2.1, [-0.3, 3.5]),
        (5.8, 5.6, 5.95, [5.7, 5.9]),
    ]
    colours: dict[Verdict, str] = {
        "leak": VERMILLION,
        "no leak found": BLUE,
        "unreliable": GREY,
        "saturated": PURPLE,
    }
    figure, (axes,) = panels(1, 2.2)
    for row, (value, low, high, folds) in enumerate(cases):
        verdict = judge(value, low, high, p95, ceiling, np.array(folds))
        axes.plot([low, high], [row, row], color=colours[verdict], lw=3, alpha=0.4)
        axes.plot(value, row, "o", color=colours[verdict])
        if verdict == "unreliable" and np.std(folds) > value:
            axes.plot(folds, [row] * len(folds), "|", color=GREY, markersize=9)
        axes.text(6.5, row, verdict, va="center", color=colours[verdict])
        tell("value, low, high, verdict", [value], [low], [high], [verdict])
    axes.axvline(p95, color=GREY, ls=LINES[1], lw=0.8)
    axes.text(p95 + 0.05, -0.8, "95 % of the null", color=GREY)
    axes.axvline(ceiling, color=GREY, ls=LINES[3], lw=0.8)
    axes.text(ceiling - 0.05, -0.8, "ceiling", color=GREY, ha="right")
    axes.set(xlabel="bits", yticks=[], xlim=(-1.4, 7.6), ylim=(len(cases) - 0.4, -1.5))
    return figure


def growth() -> Figure:
    """The same pictures to a larger adversary, on 400 generated pictures."""
    levels = (2, 3, 4, 5, 6)
    run = imleak.audit(
        LEAVES, out=SCRATCH / "growth", patches=1, levels=list(levels),
        measures=[{"name": "cca-infonce", "growth": True, "sensitivity": True}],
    )  # fmt: skip
    rows = run.frame[run.frame["epoch"].isna()].set_index("level")
    points = growth_points(run)
    figure, (axes,) = panels(1, 2.5)
    for level, colour, mark in zip(levels, style.level_colours(len(levels)), "osD^v", strict=True):
        counts, values, lows, highs = zip(*points[level], strict=True)
        rising = "rising" if rows.loc[level, "rising"] else "not rising"
        axes.semilogx(counts, values, f"{mark}-", color=colour, label=f"s = {level}, {rising}")
        axes.fill_between(counts, lows, highs, color=colour, alpha=0.15, lw=0)
        tell(f"s = {level} ({rising}): images, bits, low, high", counts, values, lows, highs)
    tell("smallest detectable leak", rows["detectable"].to_list())
    axes.axhline(0, color=GREY, lw=0.6)
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    axes.set(xlabel="training images", ylabel="cca-infonce, held-out (bits)")
    axes.legend()
    return figure


def overview() -> Figure:
    """One photograph at all levels; and what adversaries find at each in sixteen."""
    summary = audit(photographs(), "overview")
    # 150 dots an inch, as main saves it: one dot of the crops is one sample.
    width, crop, gap = 1074, 200, 12
    height = 2 * (crop + 32) + 368
    figure = Figure(figsize=(width / 150, height / 150), dpi=150)
    crops(figure, crop, gap)
    left, right = (
        figure.add_axes((start / width, 64 / height, 440 / width, 210 / height))
        for start in (84, 622)
    )
    shares = {
        "a network names it in five guesses (recognise)": ("recognise", "top-5", BLUE, "o"),
        "the right image of 16 is picked (match)": ("match", "rank-1", VERMILLION, "s"),
        "by who holds a JPEG 50 of it (confirm)": ("confirm", "rank-1, JPEG 50", GREEN, "^"),
    }
    for at, (label, (measure, quantity, colour, marker)) in enumerate(shares.items()):
        found(left, summary, measure, quantity, colour, marker, label, 0.12 * (at - 1))
    left.set(xlabel="level s", ylabel="share of images", ylim=(-0.04, 1.04))
    sizes = {
        "an image, learned from none (match)": ("match", "bits (InfoNCE)", VERMILLION, "s"),
        "a patch, calibrated on ten (best)": ("best", "", PURPLE, "D"),
    }
    for at, (label, (measure, quantity, colour, marker)) in enumerate(sizes.items()):
        rows = found(right, summary, measure, quantity, colour, marker, label, 0.12 * at - 0.06)
        right.plot(LEVELS, rows["ceiling"], color=colour, ls=LINES[3], lw=0.8)
    right.plot([], [], color=GREY, ls=LINES[3], lw=0.8, label="most that so many images can show")
    right.set(xlabel="level s", ylabel="bits, at least", ylim=(-0.3, 4.3))
    for axes in (left, right):
        axes.set_xticks(LEVELS)
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.98))
    return figure


def schemes() -> Figure:
    """A photograph under every scheme: plain, cipher, what survives, and what is rebuilt of it."""
    side, gap, head, left = 96, 6, 26, 190
    plain = skimage.data.astronaut()[0:288:3, 78:366:3]
    samples = np.ascontiguousarray(np.moveaxis(plain, 2, 0))
    keys = AesKeystream(derived_key(0), derived_nonce("astronaut"))
    width, height = left + 4 * (side + gap), head + len(SHOWN) * (side + gap)
    figure = Figure(figsize=(width / 150, height / 150), dpi=150)

    def put(samples: Samples, row: int, column: int) -> None:
        x, y = left + column * (side + gap), height - head - (row + 1) * (side + gap)
        axes = figure.add_axes((x / width, y / height, side / width, side / height))
        axes.imshow(np.moveaxis(samples, 0, 2), interpolation="nearest")
        axes.set_axis_off()

    for column, title in enumerate(("plain", "cipher", "what survives", "rebuilt")):
        x = (left + column * (side + gap) + side / 2) / width
        figure.text(x, 1 - 18 / height, title, ha="center")
    for row, (name, options, level) in enumerate(SHOWN):
        scheme = plugins.load("scheme", name)(**options)
        of_file = getattr(scheme, "needs_jpeg", False)
        image = raster_of(compressed(samples, quality=90)) if of_file else Raster(samples, 8)
        exposed = scheme.expose(image, level)
        keyed = isinstance(scheme, KeyedScheme)
        cipher = scheme.encrypt(image, level, keys).samples if keyed else exposed.rendered
        rebuilt = [
            one.rebuild(exposed, scheme, level).samples
            for one in REBUILDERS
            if one.rebuilds(scheme, level, 8)
        ]
        for column, shown in enumerate((image.samples, cipher, exposed.rendered, *rebuilt)):
            put(shown, row, column)
        words = [name, *(f"{key} = {value}" for key, value in options.items())]
        y = 1 - (head + row * (side + gap) + side / 2) / height
        label = "\n".join([*words, textwrap.fill(scheme.levels(8)[level].label, 20)])
        figure.text(8 / width, y, label, va="center", fontsize=7)
    return figure


def rebuilt() -> Figure:
    """Twelve photographs and what is rebuilt of them at s = 1 to 5, every sample of a piece of each
    averaged with its three neighbours for print."""
    side, gap, head, levels = 120, 4, 24, range(1, 6)
    rebuilder, scheme = Smooth(most_planes=5), BitPlanes()
    images = imleak.read_images(photographs())[:12]
    across, down = (1 + len(levels)) * (side + gap) + 3 * gap, side + gap
    width, height = 2 * across, head + 6 * down
    figure = Figure(figsize=(width / 150, height / 150), dpi=150)
    exact = np.empty((len(images), len(levels)))
    for at, image in enumerate(images):
        plain = middle(image.samples, 2 * side)
        shown = [plain]
        for place, level in enumerate(levels):
            exposure = scheme.expose(Raster(plain, 8), level)
            shown.append(rebuilder.rebuild(exposure, scheme, level).samples)
            exact[at, place] = (shown[-1] == plain).mean()
        for column, samples in enumerate(shown):
            x = at % 2 * across + column * (side + gap)
            box = (x / width, 1 - (head + at // 2 * down + side) / height)
            axes = figure.add_axes((*box, side / width, side / height))
            small = samples[0].reshape(side, 2, side, 2).mean((1, 3))
            axes.imshow(small, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set_axis_off()
            if at < 2:
                title = f"s = {column}" if column else "plain"
                figure.text((x + side / 2) / width, 1 - 16 / height, title, ha="center")
    names = [image.name for image in images]
    tell("exact samples by photograph and s", names, *exact.T.round(2))
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    drawn.__name__: drawn
    for drawn in (
        overview, pixels, sawtooth, likeness, memory, bounds,
        angle, nearest, fano, growth, verdicts, schemes, rebuilt,
    )
}  # fmt: skip


RASTER = ("overview", "schemes", "rebuilt")
"""Pictures of photographs are PNGs."""


def tell(title: str, *columns: Any) -> None:
    """Print columns of numbers side by side."""
    print(f"\n{title}")
    for row in zip(*columns, strict=True):
        print("   ", *(f"{x:>10.3f}" if isinstance(x, float) else f"{x!s:>10}" for x in row))


def said(estimate: Measurement) -> tuple[Any, ...]:
    """What is told of an estimate."""
    low, high = estimate.interval or (np.nan, np.nan)
    null = estimate.null.mean if estimate.null else np.nan
    return estimate.value, low, high, null, estimate.verdict


def of_nothing(steps: Sequence[float]) -> None:
    """What likeness says of photographs and a black picture, and of two photographs."""
    encoder = EfficientNetLite0()
    plain = [
        encoder.encode(resize(picture.samples, 8, 224)[None], 8)[0].astype(float)
        for picture in imleak.read_images(photographs())
    ]
    black = encoder.encode(np.zeros((1, 1, 224, 224), np.uint8), 8)[0].astype(float)
    rng = np.random.default_rng(0)
    other = [rng.permutation(black) for _ in plain]
    tell("cosine with black", [np.mean([cosine_similarity(u, black) for u in plain])])
    pairs = [cosine_similarity(u, v) for at, u in enumerate(plain) for v in plain[:at]]
    tell("cosine of two photographs", [np.mean(pairs)])
    told = [
        [np.mean([rounded_bits(u, v, r) for u, v in zip(plain, views, strict=True)]) for r in steps]
        for views in ([black] * len(plain), other)
    ]
    tell("step, rounded MI with black, and with black whose features are permuted", steps, *told)


def rounded_bits(u: Array, v: Array, step: float) -> float:
    """Plug-in information of rounded features."""
    x, y = (np.unique(np.round(side / step), return_inverse=True)[1] for side in (u, v))
    return contingency(x, y).information()


def photographs() -> Path:
    """A folder with the photographs of `imleak demo`."""
    return write_photographs(SCRATCH / "photographs")


def audit(sources: str | Path, folder: str, **fields: Any) -> pd.DataFrame:
    """The summary of a study."""
    return imleak.audit(sources, out=SCRATCH / folder, **fields).summary


def middle(samples: Samples, side: int) -> Samples:
    """The square in the middle, (1, side, side)."""
    top, left = ((length - side) // 2 for length in samples.shape[1:])
    return np.ascontiguousarray(samples[:1, top : top + side, left : left + side])


def column(summary: pd.DataFrame, measure: str, name: str = "mean", part: str = "clear") -> Array:
    """One column of a summary, a value a level."""
    rows = summary[(summary["measure"] == measure) & (summary["part"] == part)]
    return rows.sort_values("level")[name].to_numpy(float)


def growth_points(run: imleak.Run) -> dict[int, list[tuple[int, float, float, float]]]:
    """Level -> (training pictures, value, low, high)."""
    points = pd.read_csv(run.path / "growth.csv").sort_values("train_groups")
    columns = ["train_groups", "value", "low", "high"]
    return {
        int(level): [*of_level[columns].itertuples(index=False, name=None)]
        for level, of_level in points.groupby("level")
    }


def gaussians(count: int, dimensions: int, bits: Sequence[float], seed: int) -> tuple[Array, Array]:
    """x (n, d) and y (L, n, d), every coordinate of x correlated with its own of y."""
    rng = np.random.default_rng(seed)
    rho = np.sqrt(1 - 2 ** (-2 * np.asarray(bits) / dimensions))[:, None, None]
    x = rng.standard_normal((count, dimensions))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((len(bits), count, dimensions))


def flat(pair: tuple[Array, Array]) -> tuple[Array, Array]:
    """The only level of y."""
    return pair[0], pair[1][0]


def panels(count: int, height: float = 2.4, width_ratios: Any = None, **shared: Any) -> Any:
    """Panels side by side; one is narrower than a page."""
    width = style.PAGE_WIDTH if count > 1 else 4.6
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(1, count, squeeze=False, width_ratios=width_ratios, **shared)
    return figure, list(grid[0])


def curve(
    axes: Axes, x: Sequence[float], found: Sequence[Measurement], label: str, colour: str,
    marker: str = "o",
) -> None:  # fmt: skip
    """Values with their intervals."""
    axes.plot(x, [e.value for e in found], f"{marker}-", color=colour, label=label)
    low, high = zip(*(e.interval or (np.nan, np.nan) for e in found), strict=True)
    axes.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)


def point(axes: Axes, x: float, estimate: Measurement, colour: str, marker: str) -> None:
    """A value with its interval, and its null."""
    axes.plot(x, estimate.value, marker, color=colour)
    if estimate.interval:
        axes.vlines(x, *estimate.interval, color=colour)
    if estimate.null:
        axes.plot(x, estimate.null.mean, "_", color=GREY, markersize=12)


def found(
    axes: Axes, summary: pd.DataFrame, measure: str, quantity: str, colour: str, marker: str,
    label: str, shift: float,
) -> pd.DataFrame:  # fmt: skip
    """A quantity over the levels with its intervals, open where no leak is claimed; its rows."""
    asked = (summary["measure"] == measure) & (summary["quantity"].fillna("") == quantity)
    of_clear = ~summary["encoder"].fillna("").str.endswith("of the rebuilt image")
    rows = summary[asked & of_clear].sort_values("level")
    level, mean = rows["level"].to_numpy() + shift, rows["mean"].to_numpy(float)
    claimed = rows["verdict"].isin(["leak", "saturated"]).to_numpy()
    axes.vlines(level, rows["low"], rows["high"], color=colour, alpha=0.35, lw=2.5)
    axes.plot(level, mean, color=colour, lw=0.8)
    axes.plot(level[~claimed], mean[~claimed], marker, color=colour, mfc="white")
    axes.plot(level[claimed], mean[claimed], marker, color=colour, label=label)
    names = ("level", "mean", "low", "high", "null_mean", "verdict")
    tell(f"{measure} {quantity}: {', '.join(names)}", *(rows[name] for name in names))
    return rows


def crops(figure: Figure, side: int, gap: int) -> None:
    """The clear part of a piece of one photograph at every level, sample by sample, and the
    map of what is flat in the whole of it at the last level but one."""
    image = imleak.read_images(photographs() / "astronaut.png")[0]
    scheme, layout = BitPlanes(), Layout()
    clear = [scheme.expose(image, level).rendered for level in LEVELS]
    shown = [
        (f"s = {level}", samples[0, 300 : 300 + side, 290 : 290 + side], 255)
        for level, samples in zip(LEVELS, clear, strict=True)
    ]
    shown.append(("layout, whole, s = 7", layout.map(clear[7]), 1))
    width, height = (round(inches * 150) for inches in figure.get_size_inches())
    for at, (title, samples, white) in enumerate(shown):
        x = gap + at % 5 * (side + gap)
        y = height - (at // 5 + 1) * (side + 32)
        axes = figure.add_axes((x / width, y / height, side / width, side / height))
        axes.imshow(samples, cmap="gray", vmin=0, vmax=white, interpolation="nearest")
        axes.set_title(title, loc="center", pad=3)
        axes.set_axis_off()


def main(names: Sequence[str]) -> None:
    """Draw the pictures of these names; all if there are none."""
    unknown = set(names) - set(PICTURES)
    if unknown:
        sys.exit(f"no picture {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    IMAGES.mkdir(exist_ok=True)
    for name in names or PICTURES:
        with style.print_style(), mpl.rc_context({"svg.hashsalt": name, "legend.fontsize": 7}):
            figure = PICTURES[name]()
            path = IMAGES / f"{name}.{'png' if name in RASTER else 'svg'}"
            metadata = {"Software": None} if path.suffix == ".png" else {"Date": None}
            figure.savefig(path, metadata=metadata, dpi=150)
        if name in RASTER:  # nothing in it is transparent
            with PIL.Image.open(path) as drawn:
                opaque = drawn.convert("RGB")
            opaque.save(path, optimize=True)
        print(f"\n{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
