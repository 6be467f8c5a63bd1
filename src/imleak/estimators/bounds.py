"""Bounds on mutual information as pure functions of critic scores, in nats.

Scores are T(x, y); `joint` holds them for true pairs, `marginal` for pairs broken
across pictures. Leading axes are batch axes (levels, seeds, folds).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import beta
from torch import Tensor


def log_mean_exp(scores: Tensor, dim: int = -1) -> Tensor:
    """log of the mean of exp, without overflow."""
    return torch.logsumexp(scores, dim) - math.log(scores.shape[dim])


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


def nguyen_wainwright_jordan(joint: Tensor, marginal: Tensor) -> Tensor:
    r"""NWJ lower bound, whose sample mean is unbiased for any fixed critic.

    .. math:: I(X;Y) \ge E_{P_{XY}}[T] - E_{P_X \otimes P_Y}[e^{T-1}]

    Parameters
    ----------
    joint : (..., n) critic scores of true pairs.
    marginal : (..., m) critic scores of broken pairs.

    References
    ----------
    Nguyen, Wainwright, Jordan, "Estimating divergence functionals and the likelihood
    ratio by convex risk minimization", IEEE Trans. Inf. Theory 56(11), 2010.
    Equation (5) of the paper is this bound.
    """
    return joint.mean(-1) - torch.exp(marginal - 1).mean(-1)


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
    return joint.mean(-1) - log_mean_exp(marginal.clamp(-tau, tau))


def jensen_shannon(joint: Tensor, marginal: Tensor) -> Tensor:
    """Jensen-Shannon objective that trains SMILE's critic; not an estimate of MI.

    Parameters
    ----------
    joint : (..., n) critic scores of true pairs.
    marginal : (..., m) critic scores of broken pairs.
    """
    softplus = torch.nn.functional.softplus
    return -softplus(-joint).mean(-1) - softplus(marginal).mean(-1)


def infonce(positive: Tensor, negatives: Tensor, log_count: Tensor | float) -> Tensor:
    r"""InfoNCE of every row: one true partner among K candidates.

    .. math:: I(X;Y) \ge E\Big[\log \frac{e^{T(x_i, y_i)}}
              {\frac1K\big(e^{T(x_i, y_i)} + \sum_{j} e^{T(x_j, y_i)}\big)}\Big] \le \log K

    The proof needs candidates that are exchangeable, so a candidate is a picture: the
    scores of its several rows enter as their mean of exp, and K counts pictures.

    Parameters
    ----------
    positive : (..., n) score of the true pair.
    negatives : (..., n) log-sum-exp over the other pictures of the mean of exp.
    log_count : log K, broadcast against `positive`.

    Returns
    -------
    (..., n) nats a row; their mean is the bound.

    References
    ----------
    van den Oord, Li, Vinyals, "Representation learning with contrastive predictive
    coding", 2018. Poole et al., "On variational bounds of mutual information", ICML 2019.
    """
    return log_count + positive - torch.logaddexp(positive, negatives)


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
    nats = xlogy(share, share / chance) + xlogy(1 - share, (1 - share) / (1 - chance))
    return np.asarray(np.where(share < chance, -nats, nats))


def clopper_pearson(hits: float, trials: int) -> tuple[float, float]:
    """Exact 95 % interval of a share; `hits` may be an average over seeds.

    Parameters
    ----------
    hits : right answers, 0..trials.
    trials : independent trials.
    """
    low = beta.ppf(0.025, hits, trials - hits + 1) if hits > 0 else 0.0
    high = beta.ppf(0.975, hits + 1, trials - hits) if hits < trials else 1.0
    return float(low), float(high)
