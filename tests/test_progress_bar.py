from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress

import imleak
from imleak import progress_bar
from imleak.cli import terminal

pytestmark = pytest.mark.usefixtures("without_figures")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test may set."""
    now = [100.0]
    monkeypatch.setattr(progress_bar, "monotonic", lambda: now[0])
    return now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Notebook:
    """What IPython.display does, written down."""

    HTML = staticmethod(str)

    def __init__(self) -> None:
        self.cells: list[list[str]] = []

    def display(self, shown: str, display_id: bool = False) -> Any:
        cell = [shown]
        self.cells.append(cell)
        return SimpleNamespace(update=cell.append) if display_id else None


def test_a_line_is_drawn_over_with_the_time_left(clock: list[float]) -> None:
    terminal = Terminal()
    bar = progress_bar.LineBar(terminal)
    bar.update(0, 200, "a.png")
    clock[0] += 10
    bar.update(50, 200, "b.png")
    assert terminal.getvalue().endswith(f"{'█' * 8}{'░' * 22}  25% b.png · 0:30 left")
    bar.update(200, 200, "done")
    assert terminal.getvalue().endswith("100% done\n")


def told(clock: list[float], seconds: float, parts: int) -> list[str]:
    """What a file has of so many equal parts of work that takes so long."""
    file = io.StringIO()
    bar = progress_bar.LineBar(file)
    bar.update(0, parts, "x")
    for part in range(1, parts + 1):
        clock[0] += seconds / parts
        bar.update(part, parts, "x")
    return file.getvalue().splitlines()


def test_a_file_has_nothing_of_work_of_less_than_a_minute(clock: list[float]) -> None:
    assert told(clock, 59, 1000) == []


def test_a_file_has_a_line_a_tenth_of_long_work(clock: list[float]) -> None:
    lines = told(clock, 36_000, 1000)
    assert [line.partition(" ·")[0] for line in lines] == [f"{10 * n} %" for n in range(1, 10)]
    assert lines[3] == "40 % · x · 6:00:00 left"


def test_a_file_has_no_more_than_a_line_a_minute(clock: list[float]) -> None:
    lines = told(clock, 200, 200)
    assert [line.partition(" ·")[0] for line in lines] == ["30 %", "60 %", "90 %"]


def test_a_file_is_told_of_each_kind_of_work(clock: list[float]) -> None:
    file = io.StringIO()
    bar = progress_bar.LineBar(file)
    bar.update(0, 10, "vectors")
    clock[0] += 120
    bar.update(5, 10, "vectors")
    clock[0] += 60
    bar.update(0, 100, "measures")
    clock[0] += 60
    bar.update(20, 100, "measures")
    assert file.getvalue().splitlines() == [
        "50 % · vectors · 2:00 left",
        "20 % · measures · 4:00 left",
    ]


@pytest.mark.parametrize("total", [1, 10])
def test_a_file_is_told_of_each_kind_of_work_of_one_total(clock: list[float], total: float) -> None:
    file = io.StringIO()
    bar = progress_bar.LineBar(file)
    for doing, seconds in (("scan", 120), ("measures", 600)):
        for part in range(11):
            bar.update(total * part / 10, total, doing)
            clock[0] += seconds / 10
    lines = file.getvalue().splitlines()
    assert lines[0] == "50 % · scan · 1:00 left"
    assert [line for line in lines if "measures" in line] == [
        f"{10 * part} % · measures · {10 - part}:00 left" for part in range(1, 10)
    ]


def test_a_line_is_of_the_time_since_its_own_kind_of_work_began(clock: list[float]) -> None:
    terminal = Terminal()
    bar = progress_bar.LineBar(terminal)
    for done, seconds in ((0, 1000), (10, 0), (0, 10), (5, 0)):
        bar.update(done, 10, "x")
        clock[0] += seconds
    assert terminal.getvalue().endswith(" 50% x · 0:10 left")


def test_pieces_side_by_side_are_one_kind_of_work(clock: list[float]) -> None:
    terminal = Terminal()
    bar = progress_bar.LineBar(terminal)
    for done, seconds in ((0, 100), (0.9, 0), (0.1, 100), (1.1, 100), (2, 0)):
        bar.update(done, 4, "x")
        clock[0] += seconds
    assert terminal.getvalue().endswith(" 50% x · 5:00 left")


def test_the_time_left_of_a_command_is_that_of_its_kind_of_work() -> None:
    now = [0.0]
    progress = Progress(get_time=lambda: now[0], console=Console(file=Terminal()))
    bar = terminal.Bar(progress, progress.add_task("", total=None))
    for done, seconds in ((0, 1000), (10, 0), (0, 10)):
        bar.update(done, 10, "x")
        now[0] += seconds
    assert progress.tasks[0].elapsed == 10


def test_the_bar_of_a_command_has_the_same_lines_where_it_is_not_seen(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with terminal.bar() as bar:
        bar.update(0, 10, "vectors")
        clock[0] += 120
        bar.update(5, 10, "vectors")
        bar.update(6, 10, "vectors")
    assert capsys.readouterr().err == "50 % · vectors · 2:00 left\n"


def test_it_is_not_drawn_more_often_than_seen(clock: list[float]) -> None:
    terminal = Terminal()
    bar = progress_bar.LineBar(terminal)
    for done in range(100):
        bar.update(done, 1000, "x")
    assert terminal.getvalue().count("\r") == 1


def test_a_file_gets_only_what_is_said() -> None:
    file = io.StringIO()
    bar = progress_bar.LineBar(file)
    bar.update(1, 2, "x")
    bar.say("Expected to take 2 minutes.")
    assert file.getvalue() == "Expected to take 2 minutes.\n"


def test_a_notebook_has_one_bar_and_names_as_text(clock: list[float]) -> None:
    notebook = Notebook()
    bar = progress_bar.NotebookBar(notebook)
    bar.update(1, 4, "<b>.png")
    clock[0] += 60
    bar.update(2, 4, "<b>.png")
    (cell,) = notebook.cells
    assert len(cell) == 2
    assert 'value="0.5000"' in cell[1]
    assert "&lt;b&gt;.png · 1:00 left" in cell[1]


def test_the_bar_suits_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(progress_bar.progress_bar(), progress_bar.LineBar)
    kernel = SimpleNamespace(kernel=object())
    shell = SimpleNamespace(get_ipython=lambda: kernel, version_info=(9, 0, 0))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", Notebook())
    assert isinstance(progress_bar.progress_bar(), progress_bar.NotebookBar)


def test_a_run_in_a_notebook_shows_its_progress_and_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "cache"))
    notebook = Notebook()
    kernel = SimpleNamespace(kernel=object())
    shell = SimpleNamespace(get_ipython=lambda: kernel, version_info=(9, 0, 0))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    run = imleak.audit(
        "dead-leaves:2x24x24", measures="histogram", out=tmp_path / "out", progress=True
    )
    assert "<progress" in notebook.cells[0][0]
    assert "drawing the figures" in notebook.cells[0][-1] or "100%" in notebook.cells[0][-1]
    assert "At s = 7 a pixel seen alone keeps" in run._repr_html_()
    assert run.answer(acceptable=1.0).recommendation is not None
    assert run.report("csv") == run.path / "report.csv"


@pytest.mark.parametrize(("seconds", "told"), [(5, "0:05"), (65, "1:05"), (7200, "2:00:00")])
def test_time_is_told_as_a_clock_does(seconds: float, told: str) -> None:
    assert progress_bar._clock(seconds) == told
