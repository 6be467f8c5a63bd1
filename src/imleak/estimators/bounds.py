"""Bounds on mutual information as pure functions of critic scores, in nats.

Scores are T(x, y); `joint` holds them for true pairs, `marginal` for pairs broken across
images. Leading axes are batch axes (levels, seeds, folds). A critic is best where T is the
logarithm of the density ratio of true to broken pairs, with every bound of these.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Scores = TypeVar("Scores", "Tensor", NDArray[np.floating])


def log_mean_exp(scores: Tensor, dim: int = -1) -> Tensor:
    """log of the mean of exp, without overflow."""
    return scores.logsumexp(dim) - math.log(scores.shape[dim])


def donsker_varadhan(joint: Tensor, marginal: Tensor) -> Tensor:
    r"""Donsker-Varadhan lower bound, equation (6) of the paper.

    .. math:: I(X;Y) \ge E_{P_{XY}}[T] - \log E_{P_X \otimes P_Y}[e^{T}]

    With a finite sample the logarithm of the mean is biased upwards, the more the
    heavier the tail of :math:`e^T`.

    Parameters
    ----------
    joint : (..., n) critic scores of true pairs.
    marginal : (..., m) critic scores of broken pairs.

    References
    ----------
    Belghazi et al., "Mutual information neural estimation", ICML 2018.
    """
    return joint.mean(-1) - log_mean_exp(marginal)


def donsker_varadhan_of_sums(sums: NDArray[np.floating]) -> NDArray[np.floating]:
    """:func:`donsker_varadhan` of sums over rows, as the bootstrap has them.

    Parameters
    ----------
    sums : (..., 3) of 1, of T of true pairs, and of the mean of exp(T) of broken ones.
    """
    return np.asarray(sums[..., 1] / sums[..., 0] - np.log(sums[..., 2] / sums[..., 0]))


def nguyen_wainwright_jordan(joint: Tensor, marginal: Tensor) -> Tensor:
    r"""NWJ lower bound, whose sample mean is unbiased for any fixed critic.

    .. math:: I(X;Y) \ge E_{P_{XY}}[T] + 1 - E_{P_X \otimes P_Y}[e^{T}]

    Equation (5) of the paper, which writes T - 1 for T.

    Parameters
    ----------
    joint : (..., n) critic scores of true pairs.
    marginal : (..., m) critic scores of broken pairs.

    References
    ----------
    Nguyen, Wainwright, Jordan, "Estimating divergence functionals and the likelihood
    ratio by convex risk minimization", IEEE Trans. Inf. Theory 56(11), 2010.
    """
    return nguyen_wainwright_jordan_of_means(joint.mean(-1), marginal.exp().mean(-1))


def nguyen_wainwright_jordan_of_means(joint: Scores, means: Scores) -> Scores:
    """:func:`nguyen_wainwright_jordan` of rows whose means over broken partners are known.

    Parameters
    ----------
    joint : (...) scores T of true pairs.
    means : (...) mean of exp(T) over broken partners.
    """
    return joint + 1 - means


def smile(joint: Tensor, marginal: Tensor, tau: float) -> Tensor:
    r"""Donsker-Varadhan with the density ratio clipped to :math:`e^{\pm\tau}`.

    .. math:: E_{P_{XY}}[T] - \log E_{P_X \otimes P_Y}[\mathrm{clip}(e^{T}, e^{-\tau}, e^{\tau})]

    Less variance than Donsker-Varadhan, and no bound any more.

    Parameters
    ----------
    joint : (..., n) critic scores of true pairs.
    marginal : (..., m) critic scores of broken pairs.
    tau : clip of the scores, in nats.

    References
    ----------
    Song, Ermon, "Understanding the limitations of variational mutual information
    estimators", ICLR 2020.
    """
    return donsker_varadhan(joint, marginal.clamp(-tau, tau))


def jensen_shannon(joint: Tensor, marginal: Tensor) -> Tensor:
    """Jensen-Shannon objective that trains SMILE's critic; not an estimate of MI.

    Parameters
    ----------
    joint : (..., n) critic scores of true pairs.
    marginal : (..., m) critic scores of broken pairs.
    """
    from torch.nn.functional import softplus

    return -softplus(-joint).mean(-1) - softplus(marginal).mean(-1)


def infonce(positive: Scores, candidates: Scores, log_count: Scores | float) -> Scores:
    r"""InfoNCE of every row: one true partner among K candidates.

    .. math:: I(X;Y) \ge E\Big[\log \frac{e^{T(x_i, y_i)}}
              {\frac1K\big(e^{T(x_i, y_i)} + \sum_{j} e^{T(x_j, y_i)}\big)}\Big] \le \log K

    The proof needs candidates that are exchangeable, so a candidate is an image: the
    scores of its several rows enter as their mean of exp, and K counts images.

    Parameters
    ----------
    positive : (..., n) score of the true pair.
    candidates : (..., n) log-sum-exp over all candidates, the true one among them, of the
        mean of exp of each.
    log_count : log K, broadcast against `positive`.

    Returns
    -------
    (..., n) nats a row; their mean is the bound.

    References
    ----------
    van den Oord, Li, Vinyals, "Representation learning with contrastive predictive
    coding", 2018. Poole et al., "On variational bounds of mutual information", ICML 2019.
    """
    return log_count + positive - candidates


def gaussian_information(correlation: NDArray[np.floating]) -> NDArray[np.floating]:
    r"""Information of a pair of Gaussian marginals, with the sign of its correlation.

    .. math:: -\tfrac12 \log(1-\rho^2)

    For Gaussian marginals no joint law of correlation :math:`\rho` has less mutual
    information. The sign makes the estimate of an absent correlation fall on both
    sides of zero, where the plain formula is biased upwards.

    Parameters
    ----------
    correlation : (...) in (-1, 1).

    References
    ----------
    Foster, Grassberger, "Lower bounds on mutual information", Phys. Rev. E 83, 2011.
    """
    return np.asarray(-0.5 * np.sign(correlation) * np.log1p(-np.square(correlation)))


def bernoulli_divergence(share: NDArray[np.float64], chance: float) -> NDArray[np.float64]:
    r"""Fano's inequality for a share of right answers among 1/chance equal candidates.

    .. math:: I(X;Y) \ge p \log\frac{p}{q} + (1-p)\log\frac{1-p}{1-q}, \quad q = 1/N

    which is :math:`\log N - h(1-p) - (1-p)\log(N-1)`. Below chance the sign is turned:
    worse than guessing is no leak.

    Parameters
    ----------
    share : (...) share of right answers.
    chance : 1/N.

    References
    ----------
    Cover, Thomas, "Elements of information theory", 2nd ed., section 2.10.
    """
    from scipy.special import xlogy

    nats = xlogy(share, share / chance) + xlogy(1 - share, (1 - share) / (1 - chance))
    return np.asarray(np.where(share < chance, -nats, nats))


def clopper_pearson(hits: float, trials: int) -> tuple[float, float]:
    """Exact 95 % interval of a share; `hits` may be an average over seeds.

    Parameters
    ----------
    hits : right answers, 0..trials.
    trials : independent trials.
    """
    from scipy.stats import beta

    low = beta.ppf(0.025, hits, trials - hits + 1) if hits > 0 else 0.0
    high = beta.ppf(0.975, hits + 1, trials - hits) if hits < trials else 1.0
    return float(low), float(high)
