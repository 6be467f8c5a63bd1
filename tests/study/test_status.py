from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from study_fakes import Corners, Rows

from imleak.interfaces import ImleakError
from imleak.study import OutputError, StudySpec, run
from imleak.study.components import component
from imleak.study.files import locked
from imleak.study.status import status


@pytest.fixture
def spec(photographs: Callable[..., Path]) -> StudySpec:
    folder = photographs("a.png", "b.png", "c.png")
    measures = ["brightness", "likeness", "rows", "breaks"]
    return StudySpec.of(
        sources=folder, encoders="corners", measures=measures, patches=3, levels="0,4,8"
    )


def counts(folder: Path) -> dict[str, tuple[int, int, int]]:
    return {one.measure: (one.done, one.failed, one.left) for one in status(folder).counts}


def test_a_finished_run(spec: StudySpec, tmp_path: Path) -> None:
    run(spec, tmp_path / "out")
    assert counts(tmp_path / "out") == {
        "brightness": (3, 0, 0),
        "likeness": (3, 0, 0),
        "rows": (1, 0, 0),
        "breaks": (0, 1, 0),
    }
    found = status(tmp_path / "out")
    assert (found.left, found.failed, found.driver, found.seconds) == (0, 1, None, 0)
    assert found.finished is not None


def test_an_interrupted_run(
    spec: StudySpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Rows, "estimate", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(spec, tmp_path / "out")
    assert counts(tmp_path / "out")["brightness"] == (3, 0, 0)
    assert counts(tmp_path / "out")["rows"] == (0, 0, 1)
    found = status(tmp_path / "out")
    assert found.finished is None
    assert found.seconds is None  # no estimator was ever timed


def test_the_time_left_is_that_of_those_done(spec: StudySpec, tmp_path: Path) -> None:
    from imleak.study.store import Store

    done = run(spec.model_copy(update={"measures": spec.measures[:1]}), tmp_path / "out")
    store = Store(done.path, done.manifest["spec"])
    first, second, third = sorted(store.parts, key=lambda part: part.key)
    for part, seconds in ((first, 2.0), (second, 4.0)):
        store.write(type(part)(part.key, part.unit, part.readings, None, seconds))
    (done.path / "parts" / third.key[:2] / f"{third.key}.json").unlink()
    assert status(done.path).seconds == pytest.approx(3.0)
    with locked(done.path, {"workers": 2}):
        assert status(done.path).seconds == pytest.approx(1.5)
        assert status(done.path).driver["workers"] == 2


def test_an_estimator_without_the_images_that_failed_is_done(
    spec: StudySpec, tmp_path: Path
) -> None:
    import numpy as np
    import PIL.Image

    white = np.full((12, 16), 255, np.uint8)
    PIL.Image.fromarray(white).save(Path(spec.sources[0]) / "white.png")
    Corners.fails_on_white = True
    run(spec, tmp_path / "out")
    assert counts(tmp_path / "out")["rows"] == (1, 0, 0)
    assert counts(tmp_path / "out")["likeness"] == (3, 1, 0)


def test_the_status_needs_no_weights(
    spec: StudySpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests are those of the manifest; afterwards nothing is known of them."""
    run(spec, tmp_path / "out")
    expected = status(tmp_path / "out")

    def missing(_: object) -> str:
        raise ImleakError("the weights are elsewhere")

    monkeypatch.setattr(Corners, "digest", property(missing))
    found = status(tmp_path / "out")
    assert found == expected
    assert found.left == 0
    with pytest.raises(ImleakError, match="elsewhere"):
        component("encoder", "corners", {}).digest  # noqa: B018


def test_a_status_of_other_weights_is_not_remembered(
    spec: StudySpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run of somebody whose file of the same name has other weights."""
    monkeypatch.setattr(Corners, "digest", "9" * 64)
    run(spec, tmp_path / "theirs")
    monkeypatch.setattr(Corners, "digest", "0" * 64)
    assert status(tmp_path / "theirs").left == 0
    shown = len(Corners.shown)
    done = run(spec, tmp_path / "ours")
    (encoder,) = [one for one in done.manifest["components"] if one["kind"] == "encoder"]
    assert encoder["digest"] == "0" * 64
    assert len(Corners.shown) == 2 * shown  # vectors of the others are not taken for ours


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds no run"):
        status(tmp_path)
    with pytest.raises(OutputError, match="no such folder; give the folder that imleak audit -o"):
        status(tmp_path / "missing")
    (tmp_path / "manifest.json").write_text('{"spec": {}, "images": [{"a": 1}]}')
    with pytest.raises(Exception, match=r"sources|something else"):
        status(tmp_path)
