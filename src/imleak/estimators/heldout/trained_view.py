"""Views that are trained: on every split anew, and for broken pairs apart from true ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...interfaces import PairedSamples
from .evidence import Learned, Learner, Score, SplitSamples
from .split import Indices, Split


def learn(learner: Learner, given: SplitSamples) -> Learned:
    """What a learner makes of the splits; of a trained view, after its training on each.

    The null of a trained view is of the same training: against the targets of other
    images, broken the same way as those the learner is then given.
    """
    if given.samples.learned is None:
        return learner.learn(given)
    return merged([_of_split(learner, given, split) for split in given.splits])


def merged(parts: Sequence[Learned]) -> Learned:
    """Scores of all splits, by bound."""
    return {name: [pair for one in parts for pair in one[name]] for name in parts[0]}


def _of_split(learner: Learner, given: SplitSamples, split: Split) -> Learned:
    learned = []
    for partner in given.partners(split):
        seen = _seen(given.samples, partner, split, given.seed)
        learned.append(learner.learn(replace(given, samples=seen, splits=[split], pairings=1)))
    return {
        name: [
            (abreast([one[0] for one in pairs]), abreast([one[1] for one in pairs]))
            for pairs in zip(*(one[name] for one in learned), strict=True)
        ]
        for name in learned[0]
    }


def _seen(samples: PairedSamples, partner: Indices, split: Split, seed: int) -> PairedSamples:
    """Pairs (x[partner], y) with the view that was trained on them."""
    assert samples.learned is not None
    x = samples.x[partner]
    own = int(np.random.SeedSequence([seed, split.seed, split.fold]).generate_state(1)[0])
    y = samples.learned(x, split.train, split.validation, own)
    said = samples.attributes
    attributes = None if said is None else replace(said, values=said.values[partner])
    return replace(samples, x=x, y=y, learned=None, attributes=attributes)


def abreast(scores: Sequence[Score]) -> Score:
    """Scores of one part of one split, true pairs and broken ones, as one score of both."""
    effective = [score.effective for score in scores if score.effective is not None]
    return replace(
        scores[0],
        sums=np.concatenate([score.sums for score in scores], axis=1),
        effective=np.concatenate(effective, axis=1) if effective else None,
    )
