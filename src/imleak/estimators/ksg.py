"""Nearest-neighbour estimate of Kraskov, Stoegbauer and Grassberger."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Bound, ImleakError, Measurement, PairedSamples
from .heldout.crossfit import NATS, Progress
from .heldout.evidence import Array, judge, null_of
from .heldout.split import FEWEST, TooFewImagesError, derange
from .options import Count, Options
from .samples.columns import without_constants
from .samples.counted import drawn

MOST_DIMENSIONS = 10
NULLS = 20
SUBSAMPLE = 0.5


class TooManyDimensionsError(ImleakError):
    """Nearest neighbours in so many dimensions say nothing of mutual information."""


class TooFewRowsError(ImleakError):
    """Fewer rows than neighbours, or than half-samples with neighbours."""


@dataclass(frozen=True, kw_only=True)
class Ksg(Options):
    r"""Nearest-neighbour estimate for at most ten dimensions a side.

    .. math:: \psi(k) + \psi(n) - \langle \psi(n_x + 1) + \psi(n_y + 1) \rangle

    Algorithm 1 of Kraskov et al. in the maximum norm, after standardising every column. For
    few dimensions and independent rows; a consistent estimate and no bound, biased towards
    zero where the dependence is strong. Nothing is trained, so nothing is memorised and
    nothing held out: its protocol is "training-free". Of a constant it is 0. Refuses more
    than 10 dimensions a side: distances in 512 dimensions are all alike, and the estimate
    falls to zero whatever the truth. What n rows can show ends at
    :math:`\psi(n) - \psi(k + 1)`, its ceiling.

    Parameters
    ----------
    k : neighbours.
    nulls : broken samples behind the null.

    References
    ----------
    Kraskov, Stoegbauer, Grassberger, "Estimating mutual information", Phys. Rev. E 69, 2004.
    """

    references = ("kraskov2004",)
    name = "ksg"
    version = "4"
    bound: ClassVar[Bound] = "none"

    k: Count = 3
    nulls: Count = NULLS

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """One estimate a level, in bits.

        Raises
        ------
        TooManyDimensionsError
            With more than 10 dimensions on either side.
        TooFewRowsError
            With fewer rows than a half-sample needs.
        TooFewImagesError
            With fewer than six images: half-samples of these are nearly all alike.
        """
        samples = without_constants(samples)
        widest = max(samples.x.shape[1], samples.y.shape[2])
        if widest > MOST_DIMENSIONS:
            raise TooManyDimensionsError(
                f"ksg works in at most {MOST_DIMENSIONS} dimensions a side and was given "
                f"{widest}; use best, infonce or cca for features"
            )
        samples = drawn(samples, seed)
        fewest = 2 * (self.k + 2)
        if len(samples.x) < fewest:
            raise TooFewRowsError(
                f"ksg with k={self.k} needs at least {fewest} rows and was given "
                f"{len(samples.x)}; use more images or patches, or a smaller k"
            )
        if (images := len(np.unique(samples.groups))) < FEWEST:
            raise TooFewImagesError(
                f"{images} images are too few for ksg, whose interval is of half-samples of "
                f"the images; use {FEWEST} images or more"
            )
        estimates = []
        for at, y in enumerate(samples.y):
            estimates.append(self._level(samples, y, np.random.default_rng([seed, at])))
            if progress:
                progress((at + 1) / len(samples.y))
        return estimates

    def _level(
        self, samples: PairedSamples, view: NDArray[np.float32], rng: np.random.Generator
    ) -> Measurement:
        if min(np.ptp(samples.x, axis=0).max(), np.ptp(view, axis=0).max()) == 0:
            # Of a constant, which tells nothing: distances would be those of the jitter.
            return self._estimate(samples, 0.0, (0.0, 0.0), np.zeros(self.nulls))
        x, y = _jittered(samples.x, rng), _jittered(view, rng)
        value = nearest_neighbours(x, y, self.k) * NATS
        null = [
            nearest_neighbours(x[derange(samples.groups, rng)], y, self.k) * NATS
            for _ in range(self.nulls)
        ]
        interval = self._interval(value, x, y, samples.groups, rng)
        return self._estimate(samples, value, interval, np.array(null))

    def _estimate(
        self, samples: PairedSamples, value: float, interval: tuple[float, float], null: Array
    ) -> Measurement:
        broken, ceiling = null_of(null), most(len(samples.x), self.k)
        return Measurement(
            value=value,
            bound="none",
            estimator=self.name,
            protocol="training-free",
            interval=interval,
            null=broken,
            ceiling=ceiling,
            verdict=judge(value, *interval, broken.p95, ceiling),
            test_groups=len(np.unique(samples.groups)),
            n=len(samples.x),
        )

    def _interval(
        self,
        value: float,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        groups: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> tuple[float, float]:
        """95 % from half-samples of the images, whose variance about the whole is its own."""
        # A bootstrap would repeat rows, and a repeated row is its own nearest neighbour.
        names = np.unique(groups)
        spread = []
        for _ in range(NULLS):
            half = rng.choice(names, max(2, int(len(names) * SUBSAMPLE)), replace=False)
            rows = np.isin(groups, half)
            if rows.sum() > self.k + 1:
                spread.append(nearest_neighbours(x[rows], y[rows], self.k) * NATS)
        error = 1.96 * float(np.std(spread, ddof=1))
        return value - error, value + error


def _jittered(rows: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float64]:
    """Standardised, with noise of 1e-10 that parts equal rows, as the authors advise."""
    out = rows.astype(np.float64)
    out -= out.mean(0)
    spread = out.std(0)
    out /= np.where(spread > 0, spread, 1.0)
    return out + 1e-10 * rng.standard_normal(out.shape)


def most(rows: int, k: int) -> float:
    r"""The most that so many rows can show, in bits, :math:`\psi(n) - \psi(k + 1)`: where one side
    tells the other, the k neighbours in both are those in either."""
    from scipy.special import digamma

    return float(digamma(rows) - digamma(k + 1)) * NATS


def nearest_neighbours(x: NDArray[np.float64], y: NDArray[np.float64], k: int) -> float:
    """Equation (8) of Kraskov et al., in nats, of rows x (n, dx) and y (n, dy)."""
    from scipy.spatial import cKDTree
    from scipy.special import digamma

    both = np.hstack([x, y])
    distance = np.asarray(cKDTree(both).query(both, k + 1, p=np.inf)[0])[:, -1]
    radius = np.nextafter(distance, 0)
    counts = [
        cKDTree(side).query_ball_point(side, radius, p=np.inf, return_length=True)
        for side in (x, y)
    ]
    return float(digamma(k) + digamma(len(x)) - np.mean(digamma(counts[0]) + digamma(counts[1])))
