"""With a real encoder and real estimators: whoever does the work, and however often it is
interrupted, summary.csv is the same to the last byte."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import PIL.Image
import pytest
import skimage.data

from imleak.study import StudySpec, Where, run
from imleak.study.parts import Part
from imleak.study.store import Store

pytestmark = pytest.mark.slow

MEASURES = ["histogram", "cosine", "mine", "retrieval"]


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> StudySpec:
    folder = tmp_path_factory.mktemp("photographs")
    for name in ("astronaut", "camera", "coffee", "chelsea", "rocket", "coins"):
        PIL.Image.fromarray(getattr(skimage.data, name)()).save(folder / f"{name}.png")
    encoder = {"name": "efficientnet-lite0", "precision": "fp32"}
    return StudySpec.of(
        sources=folder, encoders=[encoder], measures=MEASURES, levels="0,4,8", patches=4, epochs=5
    )


@pytest.fixture(scope="module")
def expected(spec: StudySpec, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMLEAK_CACHE", str(folder / "cache"))
        done = run(spec, folder / "out")
    assert done.frame["error"].isna().all()
    assert set(done.summary["measure"]) == set(MEASURES)
    return summary(done.path)


def summary(folder: Path) -> bytes:
    return (folder / "summary.csv").read_bytes()


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_with_any_number_of_workers(
    spec: StudySpec, expected: bytes, tmp_path: Path, workers: int
) -> None:
    done = run(spec, tmp_path / "out", where=Where(workers=workers))
    assert summary(done.path) == expected


def test_after_interruptions(
    spec: StudySpec, expected: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Store.write
    for after, workers in ((1, 2), (4, 0), (2, 2)):
        written = count()

        def interrupt(store: Store, part: Part, after: int = after, written: count = written):
            if next(written) == after:
                raise KeyboardInterrupt
            write(store, part)

        with monkeypatch.context() as patch:
            patch.setattr(Store, "write", interrupt)
            with pytest.raises(KeyboardInterrupt):
                run(spec, tmp_path / "out", where=Where(workers=workers))
    assert summary(run(spec, tmp_path / "out").path) == expected
