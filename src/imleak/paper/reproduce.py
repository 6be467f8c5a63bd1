"""The paper's experiments, run one after the other and written down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ..previews import strip_of
from ..report.figures.style import print_style, save
from ..report.levels import Levels
from ..study import Run, run
from ..study.progress import Progress, Silent
from ..study.store import write_whole
from .ablation import ablate
from .claims import Claim, judge, table
from .curves import KEY, Results, Role
from .document import document
from .experiments import Experiment, experiments
from .figures import Panel, panels
from .settings import NAMES, Settings

RUNS, FIGURES = "runs", "figures"
CLAIMS, DOCUMENT, ABLATION = "claims.csv", "paper.md", "ablation.csv"


@dataclass(frozen=True)
class Reproduction:
    """A finished reproduction in its folder.

    Parameters
    ----------
    path : folder of ``paper.md``, ``claims.csv``, ``figures/``, ``ablation.csv`` and ``runs/``.
    claims : what became of every claim.
    figures : numbers of the figures that were drawn.
    """

    path: Path
    claims: tuple[Claim, ...]
    figures: tuple[str, ...]


def reproduce(
    settings: Settings,
    out: str | Path,
    *,
    also: Sequence[str | Path] = (),
    progress: Progress | None = None,
    command: Sequence[str] | None = None,
) -> Reproduction:
    """Run the paper's experiments, draw its figures and judge its claims.

    Every experiment is a study in a folder of its own under ``out/runs``: what is done there
    is not done again, and ``imleak report`` shows it.

    Parameters
    ----------
    settings : what is run; see :class:`Settings`.
    out : folder; new, empty, or of the same reproduction, which is then continued.
    also : folders of finished runs on other images, whose rows are judged too.
    progress : listens to how it goes.
    command : command line, for the manifests.

    Raises
    ------
    ImleakError
        If a setting cannot be, nothing can be measured, or a folder holds something else.
    """
    listener, path = progress or Silent(), Path(out)
    others = [Run.open(folder) for folder in also]
    planned = experiments(settings)
    for warning in settings.warnings:
        listener.say(warning)
    done = []
    for experiment in planned:
        listener.say(f"{experiment.name}: {experiment.behind}.")
        folder = path / RUNS / experiment.name
        done.append(run(experiment.spec, folder, progress=progress, command=command))
    results = gather(planned, done)
    claims = judge(results)
    for elsewhere in _elsewhere(others, done, results):
        claims += [claim for claim in judge(elsewhere) if claim.encoder]
    ablation = ablate(settings, path / RUNS / "ablation", listener) if settings.ablation else None
    with print_style():
        strip, levels = strip_of(planned[0].spec, done[0]), Levels.of(done[0].manifest)
        drawn = panels(results, strip, levels)
        for panel in drawn:
            save(panel.drawing, path / FIGURES)
    _write(path, settings, results, claims, drawn, ablation)
    return Reproduction(path, tuple(claims), tuple(panel.number for panel in drawn))


def gather(planned: Sequence[Experiment], done: Sequence[Run]) -> Results:
    """The results of experiments on the same images, in one."""
    roles: dict[str, Role] = {}
    for experiment in planned:
        roles |= experiment.roles
    spaces = [experiment.space for experiment in planned if experiment.space is not None]
    stand_ins = frozenset(space.title for space in spaces if space.stand_in)
    return Results(_images(done[0]), *_tables(done), roles, stand_ins)


def _elsewhere(others: Sequence[Run], done: Sequence[Run], results: Results) -> Iterator[Results]:
    """Results of other runs, those on the same images in one."""
    for images, alike in _together(others, done).items():
        frame, summary = _tables(alike)
        yield replace(results, images=images, frame=frame, summary=summary)


def _tables(runs: Sequence[Run]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Frames and summaries, one below the other."""
    frame = pd.concat([one.frame for one in runs], ignore_index=True)
    return frame, pd.concat([one.summary for one in runs], ignore_index=True)


def _together(others: Sequence[Run], done: Sequence[Run]) -> dict[str, list[Run]]:
    """Other runs by their images; one whose rows would be taken for another's, or for those of
    the experiments, is called after its folder too."""
    found: dict[str, list[Run]] = {}
    for other in others:
        images = _images(other)
        before = [*found.get(images, ()), *(one for one in done if _images(one) == images)]
        there = {key for one in before for key in _subjects(one)}
        name = f"{images}, {other.path.resolve().name}" if there & _subjects(other) else images
        found.setdefault(name, []).append(other)
    return found


def _subjects(done: Run) -> set[tuple[str, ...]]:
    """What its rows are of."""
    rows = done.summary[KEY].drop_duplicates()
    return {tuple(map(str, row)) for row in rows.itertuples(index=False)}


def _images(done: Run) -> str:
    """What a set of images is called: its sources, and how many were measured."""
    sources = done.manifest["spec"]["sources"]
    names = ", ".join(Path(source).name or source for source in sources)
    return f"{names} ({len(done.manifest['images'])} images)"


def _write(
    path: Path,
    settings: Settings,
    results: Results,
    claims: Sequence[Claim],
    drawn: Sequence[Panel],
    ablation: pd.DataFrame | None,
) -> None:
    for panel in drawn:
        if panel.table is not None:
            _csv(path / FIGURES / f"{panel.drawing.stem}.csv", panel.table)
    names = {name: NAMES.get(results.roles[name], "") for name in results.stand_ins}
    _csv(path / CLAIMS, table(claims, names))
    if ablation is not None:
        _csv(path / ABLATION, ablation)
    title = f"The paper, reproduced on {results.images}"
    text = document(title, settings.warnings, claims, drawn, ablation)
    write_whole(path / DOCUMENT, text.encode(errors="replace"))


def _csv(path: Path, rows: pd.DataFrame) -> None:
    write_whole(path, rows.to_csv(index=False, lineterminator="\n").encode(errors="replace"))
