import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imleak.benchmark import Task, catalogue, select, tasks
from imleak.interfaces import ImleakError

BENCHMARK_NATS = {
    "1v1-normal-0.75": 0.4133,
    "1v1-additive-0.1": 1.7094,
    "1v1-additive-0.75": 0.3333,
    "1v1-bimodal-0.75": 0.4133,
    "swissroll_x-normal_cdf-1v1-normal-0.75": 0.4133,
    "student-identity-1-1-1": 0.2242,
    "multinormal-dense-2-2-0.5": 0.2939,
    "multinormal-dense-50-50-0.5": 1.6243,
    "half_cube-multinormal-sparse-25-25-2-2.0": 1.0217,
    "spiral-normal_cdf-multinormal-sparse-25-25-2-2.0": 1.0217,
    "student-identity-2-2-1": 0.4319,
    "asinh-student-identity-3-3-2": 0.2909,
    "asinh-student-identity-5-5-2": 0.4482,
}


@pytest.mark.parametrize("name", BENCHMARK_NATS)
def test_truths_of_the_public_benchmark(name):
    assert tasks()[name].problem.bits * np.log(2) == pytest.approx(BENCHMARK_NATS[name], abs=5e-5)


def test_published_figures_are_in_bits():
    published = {name: task.published for name, task in tasks().items() if task.published}
    assert len(published) == 5 + 12
    assert published["digits-10-8-0"] == {"mine": 7.89, "nwj": 7.37, "infonce": 5.47}
    half_cube = published["half_cube-multinormal-sparse-25-25-2-2.0"]
    assert half_cube["mine"] * np.log(2) == pytest.approx(0.856)
    assert half_cube["cca"] * np.log(2) == pytest.approx(0.994)
    assert published["asinh-student-identity-5-5-2"]["cca"] * np.log(2) == pytest.approx(0.002)


def test_every_kind_of_problem_is_there():
    names = set(tasks())
    assert {"gaussian-20-0.5", "independent-512", "latents-512-5-0.5"} <= names
    assert tasks()["gaussian-20-0.5"].rows == 10_000
    assert tasks()["independent-512"].rows == 5_000
    widest = max(max(task.problem.dims) for task in select())
    independent = {task.problem.dims[0] for task in tasks().values() if not task.problem.bits}
    assert widest == 512
    assert {1, 2, 5, 10, 20, 50, 128, 256, 512} <= independent


@pytest.mark.parametrize("task", tasks().values(), ids=list(tasks()))
def test_every_task_is_what_it_says(task: Task):
    samples = task.sample(120, seed=5)
    assert samples.x.shape == (120, task.problem.dims[0])
    assert samples.y.shape == (1, 120, task.problem.dims[1])
    assert samples.x.dtype == samples.y.dtype == np.float32
    assert samples.groups.shape == (120,)
    assert samples.groups.dtype == np.int64
    assert np.isfinite(samples.x).all()
    assert np.isfinite(samples.y).all()
    assert task.problem.bits >= 0
    assert (task.problem.bits == 0) == ("independent" in task.name)
    again, other = task.sample(120, seed=5), task.sample(120, seed=6)
    np.testing.assert_array_equal(samples.x, again.x)
    np.testing.assert_array_equal(samples.y, again.y)
    assert not np.array_equal(samples.y, other.y)


def test_the_order_is_stable_and_names_are_plain():
    assert list(tasks()) == [task.name for task in catalogue._all()], "every name is used once"
    assert all(re.fullmatch(r"[a-z0-9_.-]+", name) for name in tasks())
    assert all(task.name == name for name, task in tasks().items())


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError):
        tasks()["new"] = None


def test_unrelated_tasks_draw_unrelated_rows():
    first, second = (tasks()[name].sample(2_000) for name in ("independent-1", "1v1-normal-0.75"))
    assert abs(np.corrcoef(first.x.ravel(), second.x.ravel())[0, 1]) < 0.1


def test_selection_follows_the_catalogue_not_the_patterns():
    names = [task.name for task in select(["independent-5", "1v1-*", "independent-1"])]
    assert names[0] == "1v1-normal-0.75"
    assert names[-2:] == ["independent-1", "independent-5"]
    assert select("*") == tuple(tasks().values())
    assert select([]) == ()
    images = [task for task in tasks().values() if task.on_request]
    assert {task.name.split("-")[0] for task in images} == {"digits", "plates"}
    assert (*select(), *images) == tuple(tasks().values())


@given(st.sampled_from(sorted(tasks())))
def test_a_name_selects_itself_alone(name):
    assert [task.name for task in select(name)] == [name]


def test_of_an_unknown_name_the_nearest_are_listed():
    with pytest.raises(ImleakError, match=r"independent-513.*independent-512"):
        select(["1v1-*", "independent-513"])


def test_too_few_rows_are_refused():
    with pytest.raises(ImleakError, match="at least 2"):
        tasks()["independent-1"].sample(1)


def test_unsuited_estimators_have_reasons():
    unsuited = {name: task.unsuited for name, task in tasks().items()}
    assert "dimensions" in unsuited["independent-512"]["ksg"]
    assert "ksg" not in unsuited["multinormal-dense-5-5-0.5"]
    assert "tabular-mine" in unsuited["multinormal-dense-5-5-0.5"]
    assert "tabular-mine" not in unsuited["leaves-pixel-bitplanes-4"]
    assert "rank-histogram" in unsuited["swissroll_x-normal_cdf-1v1-normal-0.75"]
    assert "rank-histogram" not in unsuited["1v1-additive-0.1"]
    assert set(unsuited["leaves-pixel-gaussian-16-2.0"]) == {"ksg", "cca", "tabular-mine"}


def test_images_of_known_information_are_as_informative_as_their_names_say():
    for task in select(["digits-*", "plates-*"]):
        kind, _, total, *_ = task.name.split("-")
        assert kind in ("digits", "plates")
        assert task.problem.bits == pytest.approx(float(total))
    largest = max(task.problem.dims[0] for task in select("digits-*"))
    assert largest == 56 * 56
