"""The strongest bound is chosen on validation and read on test."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from imleak import plugins
from imleak.estimators.best import Best
from imleak.estimators.cca import CcaInfoNce
from imleak.estimators.critics.candidates import CANDIDATES, FEWEST_EFFECTIVE, pick
from imleak.estimators.critics.contrastive import Fano
from imleak.estimators.heldout.evidence import Score, SplitSamples, bootstrap, mean_of_rows
from imleak.estimators.heldout.split import cross_fit
from imleak.interfaces import PairedSamples


def score(nats, functional=mean_of_rows, count=40):
    """A part in which every row of member (l, p) says nats[l, p], with a little spread."""
    spread = np.linspace(-1e-3, 1e-3, count)
    values = np.asarray(nats, float)[..., None] + spread
    sums = np.stack([np.ones_like(values), values], -1)
    rows = np.arange(count)
    return Score.of(SimpleNamespace(seed=0, fold=0), rows, sums, functional, rows)


def candidates(validation, test):
    """(validation, test) scores of every candidate from nats (candidate, L, P)."""
    return [(score(v), score(t)) for v, t in zip(validation, test, strict=True)]


VALIDATION = np.array(
    [
        [[0.5, 0.0], [0.1, 0.2]],
        [[0.4, 0.1], [0.3, 0.0]],
        [[0.3, 0.0], [0.2, 0.1]],
        [[0.2, 0.0], [0.0, 0.0]],
        [[0.1, 0.0], [0.0, 0.1]],
        [[0.1, 0.05], [0.1, 0.0]],
        [[0.0, 0.1], [0.0, 0.1]],
    ]
)
TEST = np.array([[[10.0 * k + at + 0.1 * p for p in (0, 1)] for at in (0, 1)] for k in range(7)])


def test_validation_chooses_and_test_is_read():
    found, names = pick(candidates(VALIDATION, TEST))
    assert names == ["cca-infonce", "infonce"]
    np.testing.assert_allclose(found.value(), [[0.0, 10.1], [11.0, 1.1]], atol=1e-9)


def test_the_null_is_chosen_for_by_itself():
    """Broken pairs go through the same choice, and take whatever flatters them."""
    found, _ = pick(candidates(VALIDATION, TEST))
    assert found.value()[0, 1] == pytest.approx(TEST[1, 0, 1])
    assert found.value()[1, 1] == pytest.approx(TEST[0, 1, 1])


def with_effective(given, images):
    """The same with NWJ's weights worth so many images on validation."""
    for at in range(CANDIDATES.index("nwj"), len(given), len(CANDIDATES)):
        effective = np.full(given[at][0].value().shape, float(images))
        given[at] = (replace(given[at][0], effective=effective), given[at][1])
    return given


@pytest.mark.parametrize(
    ("images", "name"),
    [(FEWEST_EFFECTIVE, "nwj"), (FEWEST_EFFECTIVE - 0.1, "cca-infonce"), (np.nan, "cca-infonce")],
)
def test_nwj_is_passed_over_where_its_mean_hangs_on_rare_pairs(images, name):
    validation = VALIDATION.copy()
    validation[CANDIDATES.index("nwj")] = 0.9
    assert pick(with_effective(candidates(validation, TEST), images))[1][0] == name


def test_nwj_is_passed_over_where_the_pairs_that_matter_are_rarer_than_the_images():
    """One in e^2, of forty images: five are too few, unless every image has such pairs."""
    validation = VALIDATION.copy()
    validation[CANDIDATES.index("nwj")] = 2.0
    assert pick(with_effective(candidates(validation, TEST), 30))[1][0] == "cca-infonce"
    assert pick(with_effective(candidates(validation, TEST), 38))[1][0] == "nwj"


@pytest.mark.parametrize("nothing", [np.nan, -np.inf])
def test_a_candidate_that_diverged_is_not_chosen(nothing):
    validation = VALIDATION.copy()
    validation[0] = nothing
    assert pick(candidates(validation, TEST))[1] == ["infonce", "infonce"]


@pytest.mark.parametrize(("images", "name"), [(7, "calibrated"), (8, "cca-infonce")])
def test_few_validation_images_do_not_choose_where_something_was_learned_elsewhere(images, name):
    given = [(score(v, count=images), score(t)) for v, t in zip(VALIDATION, TEST, strict=True)]
    assert pick(given)[1][0] == name
    none, at = [*given], CANDIDATES.index("calibrated")
    none[at] = (score(np.full((2, 2), np.nan), count=images), given[at][1])
    assert pick(none)[1][0] == "cca-infonce"


def noisy(nats, count=40):
    """A score of that mean, whose standard error is .08 of forty images and .18 of eight."""
    noise = np.random.default_rng(0).standard_normal(count)
    values = nats + 0.5 * (noise - noise.mean()) / noise.std()
    sums = np.stack([np.ones((2, 2, count)), np.broadcast_to(values, (2, 2, count))], -1)
    rows = np.arange(count)
    return Score.of(SimpleNamespace(seed=0, fold=0), rows, sums, mean_of_rows, rows)


@pytest.mark.parametrize(
    ("count", "more", "name"),
    [
        (40, 0.05, "calibrated"),
        (40, 0.15, "cca-infonce"),
        (8, 0.3, "calibrated"),
        (8, 0.5, "cca-infonce"),
    ],
)
def test_what_was_learned_elsewhere_is_passed_over_for_what_adds_to_it(count, more, name):
    """A standard error where many choose, and two where the others had too few images to choose."""
    nothing = score(np.full((2, 2), -0.2), count=count if count > 8 else 5)
    given = [(nothing, score(TEST[0]))] * len(CANDIDATES)
    given[0] = (noisy(0.3 + more, count), score(TEST[0]))
    learned = score(np.full((2, 2), 0.3), count=count)
    given[CANDIDATES.index("calibrated")] = (learned, score(TEST[5]))
    assert pick(given)[1][0] == name


@pytest.mark.parametrize(("more", "name"), [(0.2, "cca-infonce"), (0.3, "nwj")])
def test_nwj_must_add_three_standard_errors_to_what_it_starts_from(more, name):
    given = candidates([np.full((2, 2), -0.2)] * len(CANDIDATES), TEST)
    given[0] = (score(np.full((2, 2), 0.3)), score(TEST[0]))
    given[CANDIDATES.index("nwj")] = (noisy(0.3 + more), score(TEST[2]))
    given[CANDIDATES.index("calibrated")] = (score(np.full((2, 2), np.nan)), score(TEST[5]))
    assert pick(given)[1][0] == name


def test_a_certain_candidate_is_preferred_to_a_lucky_one():
    lucky = np.zeros(40)
    lucky[0] = 40 * 0.6
    values = np.broadcast_to(lucky, (2, 2, 40))
    sums = np.stack([np.ones_like(values), values], -1)
    rows = np.arange(40)
    one = Score.of(SimpleNamespace(seed=0, fold=0), rows, sums, mean_of_rows, rows)
    given = [(one, score(TEST[0])), *candidates(VALIDATION[1:], TEST[1:])]
    assert given[0][0].value()[0, 0] > VALIDATION[1, 0, 0]
    assert pick(given)[1][0] == "infonce"


def test_ten_right_answers_of_ten_are_no_certainty():
    """The jackknife sees no spread; the share below which ten of ten are seen in
    15.87 % is 0.832."""
    sums = np.array([[10.0, 10.0], [10.0, 0.0], [10.0, 8.0]])
    least = Fano(10).less_an_error(sums)
    share = 0.1587 ** (1 / 10)
    shares = np.array([10, 0, 10 * share])
    told = Fano(10)(np.stack([np.full(3, 10.0), shares], -1))
    np.testing.assert_allclose(least[:2], told[[2, 1]], rtol=2e-3)
    assert least[2] < Fano(10)(sums)[2]


def test_a_choice_that_differs_by_level_keeps_its_bootstrap():
    """Fano's functional where retrieval was chosen, the mean of rows elsewhere."""
    validation, test = VALIDATION.copy(), TEST.copy()
    at = CANDIDATES.index("retrieval")
    validation[at, 1, 0] = 3.0
    given = candidates(validation, test)
    hits = np.broadcast_to(np.arange(40) < 10, (2, 2, 40)).astype(float)
    rows = np.arange(40)
    sums = np.stack([np.ones_like(hits), hits], -1)
    of_hits = Score.of(SimpleNamespace(seed=0, fold=0), rows, sums, Fano(40), rows)
    given[at] = (given[at][0], of_hits)
    found, names = pick(given)
    assert names == ["cca-infonce", "retrieval"]
    assert found.value()[1, 0] == pytest.approx(Fano(40)(np.array([40.0, 10.0])))
    assert found.value()[0, 0] == pytest.approx(TEST[0, 0, 0], abs=1e-9)
    alone, mixed = bootstrap([of_hits], 0), bootstrap([found], 0)
    np.testing.assert_allclose(mixed.draws[:, 1], alone.draws[:, 1])


def test_folds_count_alike_whichever_bound_was_chosen_in_them():
    """Retrieval reads one row an image and the others all of them; a fold is a fold."""
    images, each = 20, 5
    rows = np.arange(images * each)
    ones = np.ones((1, 1, len(rows)))
    mean = np.stack([ones, ones * 0.0], -1)
    names = rows // each
    of_rows = Score.of(SimpleNamespace(seed=0, fold=0), names, mean, mean_of_rows, names)
    hits, names = np.ones((1, 1, images, 2)), 100 + np.arange(images)
    of_hits = Score.of(SimpleNamespace(seed=0, fold=1), names, hits, Fano(images), names)
    found = []
    for fold, chosen in enumerate(("infonce", "retrieval")):
        low, high = score([[0.1]]), score([[0.2]])
        tests = dict.fromkeys(CANDIDATES, of_rows if fold == 0 else of_hits)
        given = [(high if name == chosen else low, tests[name]) for name in CANDIDATES]
        found.append(pick(given)[0])
    assert bootstrap(found, 0).value[0] == pytest.approx(math.log(images) / 2)


def test_candidates_are_lower_bounds_that_exist():
    for name in CANDIDATES:
        assert plugins.load("estimator", name).bound == "lower"


def test_what_is_fitted_to_no_image_is_chosen_where_images_are_few(gaussian):
    """Sixty dimensions of which each says a little: forty images teach nothing of them."""
    found = Best(folds=3, seeds=1).estimate(gaussian(60, 60, [0.6, 0.0]), seed=0)
    assert found[0].chosen == "cosine-infonce"
    assert found[0].verdict in ("leak", "saturated")
    (fitted,) = CcaInfoNce(folds=3, seeds=1).estimate(gaussian(60, 60, [0.6]), seed=0)
    assert found[0].value > fitted.value + 0.5
    assert found[1].verdict == "no leak found"


def test_sides_of_different_dimensions_are_not_compared_one_by_one(gaussian, pair_up):
    samples = gaussian(80, 4, [0.95])
    (found,) = Best(folds=2, seeds=1).estimate(pair_up(samples.x[:, :3], samples.y), seed=0)
    assert found.chosen != "cosine-infonce"
    assert np.isfinite([found.value, *found.interval]).all()


def test_of_two_scalars_a_table_takes_the_place_of_a_network(pair_up, monkeypatch):
    """A sawtooth of two bits: its teeth lie too close for a correlation."""
    monkeypatch.delattr("imleak.estimators.critics.variational.Variational.refine")
    x = np.random.default_rng(0).integers(16, size=(400, 1)).astype("f4")
    (found,) = Best(folds=2, seeds=1).estimate(pair_up(x, (x % 4)[None]))
    assert found.chosen == "rank-histogram"
    assert 1.4 < found.value < 2.05
    assert found.verdict in ("leak", "saturated")


@pytest.fixture(scope="module")
def found(gaussian):
    return Best(folds=2, seeds=1).estimate(gaussian(160, 3, [0.9, 0.0]), seed=1)


def test_a_strong_dependence_is_found_and_its_finder_named(found):
    assert found[0].verdict == "leak"
    assert 1 < found[0].value < -1.5 * math.log2(1 - 0.81)
    for one in found:
        assert one.chosen in CANDIDATES
        assert (one.estimator, one.bound, one.protocol) == ("best", "lower", "held-out")


def test_independent_views_are_no_leak(found):
    assert found[1].verdict == "no leak found"
    assert found[1].value < 0.15
    assert max(one.null.mean for one in found) < 0.15


def test_the_choice_is_over_views_too():
    views = [VALIDATION, VALIDATION + np.array([[0.0], [1.0]])]
    given = candidates(np.concatenate(views), np.concatenate([TEST, TEST + 100]))
    titles = [f"{one} through {view}" for view in "ab" for one in CANDIDATES]
    found, names = pick(given, titles)
    assert names == ["cca-infonce through a", "infonce through b"]
    np.testing.assert_allclose(found.value()[:, 0], [0.0, 111.0], atol=1e-9)


def test_nwj_is_passed_over_on_every_view():
    validation = VALIDATION.copy()
    validation[CANDIDATES.index("nwj")] = 0.9
    given = candidates(np.concatenate([VALIDATION, validation]), np.concatenate([TEST, TEST]))
    given = with_effective(given, 1)
    titles = [f"{one} through {view}" for view in "ab" for one in CANDIDATES]
    assert pick(given, titles)[1][0] == "cca-infonce through a"


@pytest.mark.slow
def test_the_view_that_tells_is_chosen_and_its_null_too():
    """Of a view of noise and one that sees the target; then of two of noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 3)).astype(np.float32)
    sees = (0.8 * x + 0.6 * rng.normal(size=x.shape)).astype(np.float32)
    blind, blinder = rng.normal(size=(2, *x.shape)).astype(np.float32)
    groups = np.arange(240)
    best = Best(folds=2, seeds=1)

    def choose(**views):
        pooled = {name: PairedSamples(x, y[None], groups) for name, y in views.items()}
        (estimate,) = best.choose(pooled, seed=0)
        return estimate

    found = choose(blind=blind, sees=sees)
    (alone,) = best.estimate(PairedSamples(x, sees[None], groups), seed=0)
    assert found.chosen.endswith("through sees")
    assert alone.chosen in CANDIDATES
    assert found.value == pytest.approx(alone.value, abs=1e-6)
    assert found.verdict == "leak"
    assert found.null.p95 < 0.1
    nothing = choose(blind=blind, blinder=blinder)
    assert nothing.verdict == "no leak found"


@pytest.mark.slow
def test_a_sawtooth_is_followed(pair_up):
    """The four low bits of eight, as a number; at most 4 bits, which no smooth critic finds."""
    x = np.random.default_rng(0).integers(0, 256, (3000, 1))
    (found,) = Best(folds=2, seeds=1).estimate(pair_up(x, (x << 4) % 256), seed=0)
    assert found.verdict == "leak"
    assert 1.0 < found.value < 4.0


def test_projections_are_not_trained_where_canonical_variates_see_all_of_them(gaussian):
    """Whether there are enough images for the dimensions."""
    for rows, is_asked in ((200, False), (50, True)):
        samples = gaussian(rows, 4, [0.7])
        splits = cross_fit(samples.groups, 2, 1, 0)
        given = SplitSamples(samples, splits, samples.groups, 2, seed=0)
        learned = Best().learner().learn(given)
        for name in ("infonce", "retrieval"):
            assert np.isfinite(learned[name][0][0].value()).all() == is_asked
        assert np.isfinite(learned["nwj"][0][1].value()).all()
