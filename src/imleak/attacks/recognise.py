"""Does a network still name what the image shows?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..estimators.bounds import clopper_pearson
from ..interfaces import ImleakError, Measurement, WholeImages
from . import _ranks
from ._halves import FEWEST, check_groups
from ._ranks import Array, Counts

FIRSTS = (1, 5)

SURE = 0.5
"""Probability above which a network is taken to be sure of a plain image."""


class Recognise:
    """Whether a network that others trained names in a clear part what it names in the plain
    image.

    The network sees the whole image, reduced to its input, and the clear part likewise. What
    it names is the class of its highest score for the plain image.

    - ``top-1``: the share of images whose clear part has the same class;
    - ``top-5``: the share whose class is among the five highest of the clear part.

    Ties are broken at random. Chance is what the same counts give of broken pairs: the class
    of another image. The network need not be right of the plain image, nor sure: shares of
    those images alone of which it is more than half sure are among the details.

    Parameters
    ----------
    classifier : the network, as an encoder is written: one that gives class scores, such as
        ``efficientnet-lite0``, or a model file whose output they are, such as
        ``onnx=/path/model.onnx``.
    """

    name = "recognise"
    version = "1"
    nulls = _ranks.NULLS
    fewest_images = FEWEST
    argument = "classifier"
    needs_scores = True
    sees_rebuilt = True

    def __init__(self, *, classifier: str = "efficientnet-lite0") -> None:
        self.encoders = (classifier,)

    def judge(self, spaces: Mapping[str, WholeImages], *, seed: int = 0) -> Sequence[Measurement]:
        """Two quantities a level; see the class. Raises ImleakError if there are fewer than four
        images, one group holds more than half of them, or the network gives no class scores."""
        ((title, space),) = spaces.items()
        check_groups(space.groups, self.name)
        if space.scores is None:
            raise ImleakError(
                f"{title} gives no class scores; recognise takes a classifier, such as "
                "efficientnet-lite0, or a model file whose output they are"
            )
        plain = space.scores(space.plain)
        classes = plain.argmax(1)
        sure = probabilities(plain).max(1) > SURE
        partners = _ranks.derangements(space.groups, _ranks.NULLS, seed).T
        found = []
        for level, clear in zip(space.levels, space.clear, strict=True):
            true, broken = named(space.scores(clear), classes, partners)
            for first in FIRSTS:
                hits, nulls = (_ranks.within(*ranks, first) for ranks in (true, broken))
                share = _ranks.share(
                    level,
                    f"top-{first}",
                    hits,
                    nulls,
                    space.groups,
                    chance=most_by_chance(nulls, space.groups),
                    seed=seed,
                    chosen=title,
                )
                details = {"chance": float(nulls.mean()), **of_sure(hits, sure)}
                found.append(replace(share, details=details))
        return found


def most_by_chance(nulls: Array, groups: Counts) -> float:
    """Upper limit (97.5 %) of the share of right answers by chance: of few images no broken
    pair may agree, and chance is not nothing for that.

    Parameters
    ----------
    nulls : (n, k) of broken pairs.
    groups : (n,); pairs across them are as many trials.
    """
    _, sizes = np.unique(groups, return_counts=True)
    pairs = len(groups) ** 2 - int(np.square(sizes).sum())
    return clopper_pearson(float(nulls.mean()) * pairs, pairs)[1]


def named(
    scores: NDArray[np.float32], classes: Counts, partners: Counts
) -> tuple[tuple[Counts, Counts], tuple[Counts, Counts]]:
    """How many classes score higher than the plain image's, and how many the same: of true
    pairs (n,) and of broken ones (n, k).

    Parameters
    ----------
    scores : (n, c) of clear parts.
    classes : (n,) of plain images.
    partners : (n, k) of broken pairs.
    """
    asked = np.column_stack([classes, classes[partners]])
    exact = scores.astype(np.float64)
    higher, same = _ranks.beaten_by(exact, np.take_along_axis(exact, asked, axis=1))
    same = same - 1  # every class is as high as itself
    return (higher[:, 0], same[:, 0]), (higher[:, 1:], same[:, 1:])


def of_sure(hits: Array, sure: NDArray[np.bool_]) -> dict[str, float]:
    """The share of plain images that the network is sure of, and of right answers among
    them, if there are any."""
    found = {"sure": float(sure.mean())}
    return found | {"value of sure": float(hits[sure].mean())} if sure.any() else found


def probabilities(scores: NDArray[np.float32]) -> Array:
    """(n, c) of class scores: themselves, if they are probabilities, or their softmax."""
    from scipy.special import softmax

    exact = scores.astype(np.float64)
    are_probabilities = (exact >= 0).all() and np.allclose(exact.sum(1), 1, atol=1e-3)
    return exact if are_probabilities else np.asarray(softmax(exact, axis=1))
