"""What the script of the page draws, as plain values: every text is made here, so that a
number reads alike wherever it stands."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.colors import to_hex

from ...interfaces import Level
from ...study.store import Run
from ..adversaries import MATCH, PIXELS
from ..figures.findings import chart_of
from ..figures.training import by_epoch
from ..findings import QUANTITIES, Finding
from ..learners import Learners
from ..levels import Levels
from ..measures import Measure, blocks, marked, measures, ranks, tabulated
from ..previews import SHEETS, Preview, data_uri, read_previews
from ..words import BOUNDS, bits, capitalised, percent, plural, shortened
from . import charts

SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right")
COLOURS, DASHES = 7, 4
"""Variables --c0, --c1, ... of the page, and dashes of its lines."""
MOST_EPOCHS = 150
"""Points of a curve of training; of longer ones, evenly spread epochs are drawn."""


def page_data(run: Run, levels: Levels, found: Sequence[Finding]) -> dict[str, Any]:
    """Charts, series, histories, growth, previews and findings of a run."""
    everything = tabulated(measures(run.summary, run.manifest))
    shown = [one for _, block in blocks(everything) for one in block]
    with_points = [column for column in shown if column.results]
    # What stands in the charts of the answer has the first colours and shapes.
    drawn = sorted(with_points, key=lambda column: chart_of(column) is None)
    looks = _looks_of_answer(drawn)
    previews = list(_previews(run, shown))
    of_previews = [rank for preview in previews for rank in preview["levels"]]
    return {
        **level_data(levels, {*levels.by_rank, *ranks(shown), *of_previews}),
        "series": [
            series(column, place, levels) | (looks.get(id(column)) or {})
            for place, column in enumerate(drawn)
        ],
        "training": list(_training(run.histories)),
        "growth": list(_growth(run, shown, levels)),
        "previews": previews,
        "findings": _found(found, run.manifest, levels),
    }


def level_data(levels: Levels, shown: Iterable[int]) -> dict[str, Any]:
    """The charts, what levels are called in them, and what is seen of an image at one."""
    hidden, clear = levels.hidden_part, levels.clear_part
    cipher = {
        "image": f"What is stored or sent. Hidden: {hidden}. In the clear: {clear}.",
        "one": f"What is stored or sent, under one key for all images. Hidden: {hidden}.",
        "none": f"What is published: {clear}. Gone: {hidden}.",
    }
    return {
        "specs": charts.specs(levels),
        "levels": {
            rank: {"short": shortened(levels[rank].short), "tick": levels.tick(rank)}
            | {"label": levels[rank].label}
            for rank in sorted(shown)
        },
        "words": {
            "plain": "The image as it was.",
            "cipher": "What is stored or sent."
            if levels.recorded
            else cipher.get(levels.keys, cipher["image"]),
            "clear": f"What anyone can use without the key: {clear}, stretched to be seen.",
            "rebuilt": f"What an adversary makes of it: {clear}, and its guess of the rest.",
            "not_rebuilt": "Nobody rebuilds the image at this level; this is the clear part.",
        },
    }


def _looks_of_answer(shown: Sequence[Measure]) -> dict[int, dict[str, Any]]:
    """In the charts of the answer every measure has a colour and a mark, and its quantities
    in one chart have dashes."""
    measures: dict[tuple[str, str], int] = {}
    counts: Counter[tuple[int, str]] = Counter()
    looks = {}
    for column in shown:
        if chart := chart_of(column):
            number = measures.setdefault((column.measure, column.encoder), len(measures))
            looks[id(column)] = _look(number, number) | {"dash": counts[number, chart] % DASHES}
            counts[number, chart] += 1
    return looks


def series(column: Measure, place: int, levels: Levels) -> dict[str, Any]:
    """A measure against the level, with the look it keeps wherever it is drawn.

    `first` is whether it is shown unasked: what bounds something is. `lead` is the chart of
    the answer it stands in, if it does. `base` is its value
    where nothing is encrypted, of which shares are taken; None where there is no such
    value or it is not above 0.
    """
    base = column.results[0].value if 0 in column.results else math.nan
    name = " ".join(column.headings)
    bounds = dict.fromkeys(BOUNDS.get(cell.bound, cell.bound) for cell in column.results.values())
    learned = plural(column.train, f"training {column.learners.noun}") if column.train else ""
    if column.public:
        learned = f"learned from {column.learned_from}"
    return {
        "id": place,
        "name": name,
        "title": f"{name} on {column.encoder}" if column.has_verdict else name,
        "group": f"{column.encoder} · {column.scheme}",
        "title_of_bound": ", ".join(filter(None, (*bounds, learned))),
        "unit": column.unit,
        "first": any(cell.bound != "none" for cell in column.results.values()),
        "lead": chart_of(column),
        **_look(place, place),
        "base": base if math.isfinite(base) and base > 0 else None,
        "points": [_point(column, levels[rank], name) for rank in sorted(column.results)],
    }


def overlay(
    shown: Mapping[str, Sequence[Measure]], levels: Mapping[str, Levels]
) -> Iterator[dict[str, Any]]:
    """The measures of several runs: a colour a run, a shape and a dash a measure.

    Parameters
    ----------
    shown, levels : by the name of a run. What most of them have is shown first.
    """
    drawn = [
        (run, number, column)
        for number, (run, columns_of_run) in enumerate(shown.items())
        for column in columns_of_run
        if column.results
    ]
    several = Counter(_measure(column) for _, _, column in drawn)
    kinds = {measure: kind for kind, measure in enumerate(several)}
    for place, (run, number, column) in enumerate(drawn):
        measure = _measure(column)
        one = series(column, place, levels[run]) | _look(number, kinds[measure])
        for point in one["points"]:
            point["tip_measure"] = f"{run}: {point['tip_measure']}"
        first = one["first"] and several[measure] == max(several.values())
        yield one | {"group": f"{run} · {one['group']}", "first": first}


def _measure(column: Measure) -> tuple[str, ...]:
    return (column.scheme, column.encoder, *column.headings)


def _look(colour: int, kind: int) -> dict[str, Any]:
    return {
        "colour": f"var(--c{colour % COLOURS})",
        "shape": SHAPES[kind % len(SHAPES)],
        "dash": kind // len(SHAPES) % DASHES,
    }


def level_colours(ranks: Sequence[int], *, dark: bool) -> dict[int, str]:
    """A colour of cividis for every level; without its darkest or its palest end."""
    low, high = (0.3, 1.0) if dark else (0.0, 0.82)
    steps = max(len(ranks) - 1, 1)
    scale = mpl.colormaps["cividis"]
    return {
        rank: to_hex(scale(low + (high - low) * place / steps)) for place, rank in enumerate(ranks)
    }


def _point(column: Measure, level: Level, name: str) -> dict[str, Any]:
    cell = column.results[level.rank]
    unit = f" {column.unit}" if column.unit else ""
    ends = ("low", "high", "null_mean", "null_p95", "ceiling", "exact")
    null = ""
    if math.isfinite(cell.null_mean):
        null = f"{column.number(cell.null_mean)}, 95 % below {column.number(cell.null_p95)}"
    return {
        "s": level.rank,
        "value": finite(cell.value),
        **{end: finite(getattr(cell, end)) for end in ends},
        "hollow": cell.verdict in ("no leak found", "unreliable"),
        "tip_measure": f"{name} on {column.encoder}",
        "tip_level": level.label,
        "tip_value": column.value(level.rank) + unit,
        "tip_interval": column.interval(level.rank) or "none",
        "tip_null": null or "none",
        "tip_top": column.number(cell.ceiling) if math.isfinite(cell.ceiling) else "none",
        "tip_verdict": ", ".join(filter(None, (cell.verdict, *column.remarks(level.rank))))
        or "no verdict",
    }


def finite(value: float) -> float | None:
    """A number JSON has; None for the others."""
    return float(value) if math.isfinite(value) else None


def _training(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The value of every level after every epoch, mean over seeds."""
    history = frame[frame["epoch"].notna() & frame["level"].notna()]
    keys = ["scheme", "encoder", "measure", "protocol"]
    for (_, encoder, measure, protocol), rows in history.groupby(keys, sort=False):
        values = by_epoch(rows)
        step = math.ceil(len(values) / MOST_EPOCHS)
        values = values.iloc[(len(values) - 1) % step :: step]
        yield {
            "name": f"{measure} on {encoder}",
            "protocol": str(protocol),
            "unit": str(rows["unit"].iloc[0]),
            "epochs": [int(epoch) for epoch in values.index],
            "levels": {
                int(level): [finite(value) for value in values[level]] for level in values.columns
            },
        }


def _growth(run: Run, shown: Sequence[Measure], levels: Levels) -> Iterator[dict[str, Any]]:
    """Estimates against the training images, and the share of images that are picked first
    against the candidates."""
    numbers = {(one.encoder, one.measure, one.protocol): one.number for one in shown}
    learners = Learners.of(run.manifest)
    for key, rows in run.growth.groupby(["encoder", "measure", "protocol"], sort=False):
        encoder, measure, protocol = map(str, key)
        bound, unit = rows["bound"].iloc[0], rows["unit"].iloc[0]
        number = numbers.get((encoder, measure, protocol), bits)
        points = [
            _of_images(row, row["train_groups"], levels, number)
            | {"tip_training": learners.counted(int(row["train_groups"]))}
            | {"tip_value": f"{marked(number(row['value']), bound, row['value'])} {unit}"}
            | {"tip_verdict": "still rising" if row["rising"] is True else "no gain seen"}
            for row in rows.to_dict("records")
        ]
        title = f"{measure} on {encoder}, {protocol}"
        yield {"title": title, "of": f"training {learners.noun}s", "unit": unit, "points": points}
    rank = QUANTITIES[MATCH][0]
    first = run.linkage[run.linkage["quantity"] == rank]
    for key, rows in first.groupby(["encoder", "measure"], sort=False):
        encoder, measure = map(str, key)
        points = [
            _of_images(row, row["among"], levels, percent)
            | {"tip_training": f"none, {row['among']:,} candidates"}
            | {"tip_value": percent(row["value"]), "tip_verdict": "picked first"}
            for row in rows.to_dict("records")
        ]
        title, unit = f"{measure} {rank} on {encoder}", rows["unit"].iloc[0]
        yield {"title": title, "of": "candidates", "unit": unit, "points": points}


def _of_images(
    row: Mapping[Any, Any], images: int, levels: Levels, number: Callable[[float], str]
) -> dict[str, Any]:
    return {
        "s": int(row["level"]),
        "images": int(images),
        **{name: finite(row[name]) for name in ("value", "low", "high")},
        "tip_level": levels[row["level"]].label,
        "tip_interval": f"[{number(row['low'])}, {number(row['high'])}]",
    }


def _found(
    found: Sequence[Finding], manifest: Mapping[str, Any], levels: Levels
) -> dict[int, list[str]]:
    """Level -> what is found there, the gravest first: in ciphers themselves, then by others."""
    by_level: dict[int, list[str]] = {}
    for sentence in manifest.get("findings", ()):
        rank, _, words = levels.headed(sentence)
        if rank is not None:
            by_level.setdefault(rank, []).append(words)
    for finding in found:
        if not finding.adversary.is_check:
            text = f"{capitalised(finding.words)}.".replace(" %", "\u00a0%")
            by_level.setdefault(finding.level, []).append(text)
    return by_level


def _previews(run: Run, shown: Sequence[Measure]) -> Iterator[dict[str, Any]]:
    kept = read_previews(run.path)
    figures = _figures(run.of_images([preview.name for preview in kept]), shown)
    for preview in kept:
        yield {
            "name": _text(preview.name),
            "levels": list(preview.levels),
            "of_width": preview.of_width,
            "of_height": preview.of_height,
            "left": preview.left,
            "top": preview.top,
            "tables": preview.tables,
            "rebuilt_levels": list(preview.rebuilt_levels),
            **{name: _sheet(run, preview, name) for name in SHEETS},
            "figures": figures.get(preview.name, []),
        }


def _sheet(run: Run, preview: Preview, name: str) -> dict[str, Any] | None:
    sheet = getattr(preview, name)
    return asdict(sheet) | {"source": data_uri(run.path, sheet)} if sheet else None


def _figures(frame: pd.DataFrame, shown: Sequence[Measure]) -> Mapping[str, list[dict[str, Any]]]:
    """The numbers of single images, by name: a measure and its text at every level."""
    single = frame[frame["level"].notna()]
    found: dict[str, list[dict[str, Any]]] = {}
    by_column = {
        (c.scheme, c.encoder, c.measure, c.part): c for c in shown if c.protocol == "per-image"
    }
    keys = ["image", "scheme", "encoder", "measure", "part"]
    for key, rows in single.groupby(keys, sort=False):
        image, scheme, encoder, measure, part = map(str, key)
        column = by_column.get((scheme, encoder, measure, part))
        if column is not None:
            unit = f" {column.unit}" if column.unit else ""
            values = {
                int(row["level"]): column.number(row["value"]) + unit
                for row in rows[rows["value"].notna()].to_dict("records")
            }
            words = [*column.headings, *([] if column.encoder == PIXELS else [column.encoder])]
            found.setdefault(image, []).append({"name": ", ".join(words), "values": values})
    return found


def _text(name: str) -> str:
    """A file's name as text: surrogates stand for its undecodable bytes."""
    return name.encode(errors="replace").decode()
