import numpy as np
import pytest
from scipy.stats import entropy as scipy_entropy
from sklearn.metrics import mutual_info_score

from imleak.interfaces import ImleakError
from imleak.metrics.rounded import Rounded


def rounded(observation, **options):
    (only,) = Rounded(**options).measure(observation)
    return only


@pytest.mark.parametrize("round_to", [1.0, 0.25, 3.0])
@pytest.mark.parametrize("noise", [0.0, 0.3, 2.0])
def test_is_that_of_sklearn_on_rounded_features(observe_features, round_to, noise):
    rng = np.random.default_rng(0)
    plain = rng.normal(size=1280).astype(np.float32) * 2
    clear = plain + noise * rng.normal(size=1280).astype(np.float32)
    found = rounded(observe_features(plain, clear), round_to=round_to)
    expected = mutual_info_score(np.round(plain / round_to), np.round(clear / round_to))
    assert found.value == pytest.approx(expected / np.log(2), abs=1e-9)
    entropy = scipy_entropy(np.unique(np.round(plain / round_to), return_counts=True)[1], base=2)
    assert found.ceiling == pytest.approx(entropy, abs=1e-9)
    assert found.value <= found.ceiling
    if noise == 0:
        assert found.value == found.ceiling


def test_constant_clear_features_say_nothing(observe_features):
    plain = np.random.default_rng(0).normal(size=100)
    assert rounded(observe_features(plain, np.full(100, 0.7))).value == 0


def test_zero_has_one_sign(observe_features):
    assert rounded(observe_features([-0.2, 0.2, 5], [-0.2, 0.2, -0.3])).value == 0


@pytest.mark.parametrize("round_to", [0, -1, float("nan"), float("inf")])
def test_step_must_be_positive(round_to):
    with pytest.raises(ImleakError, match="positive"):
        Rounded(round_to=round_to)


def test_pixels_have_no_features(observe_bitplanes, textured):
    with pytest.raises(ImleakError, match="efficientnet-lite0"):
        Rounded().measure(observe_bitplanes(textured()))
