"""The notebooks of docs: small, without outputs, and run from beginning to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs" / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@every_notebook
def test_it_is_whole_small_and_without_outputs(path: Path) -> None:
    assert path.stat().st_size < 20_000
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    for place, cell in enumerate(code):
        compile(cell.source, f"{path.name}, cell {place}", "exec")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the machinery of Jupyter, which runs here
@every_notebook
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbclient import NotebookClient

    monkeypatch.setenv("IMLEAK_CACHE", str(tmp_path / "cache"))
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [said for cell in book.cells for said in cell.get("outputs", ())]
    assert any("image/png" in said.get("data", {}) for said in shown)
    checked = [said for said in shown if "Outcome(" in _text(said)]
    assert checked == []  # the conformance suite has nothing to say of the parts made there
    assert not any("Warning" in said.get("text", "") for said in shown)


def _text(said: dict[str, Any]) -> str:
    return said.get("data", {}).get("text/plain", "")
