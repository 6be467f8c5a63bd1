"""The strongest of the lower bounds, chosen on validation images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..interfaces import Measurement, PairedSamples
from .heldout.crossfit import CrossFitted, Progress
from .heldout.evidence import Learned, Score

if TYPE_CHECKING:
    from .critics.candidates import Candidates


WITH_PUBLIC = " with public images"
"""Ends the name of a view that public images train beside the user's own."""


class Best(CrossFitted):
    """Of `cca-infonce`, `infonce`, `nwj`, `retrieval`, `cosine-infonce`, `calibrated` and
    `rank-histogram` the one that validation prefers.

    In every fold and at every level each candidate is trained on the training images, one
    is chosen by its value on the validation images, and only that one is read on the test
    images; the null goes through the same choice. `cosine-infonce`, which is fitted to no
    image, is a candidate where target and view have as many dimensions, and `calibrated` where an
    adversary learned directions of them from other images; it is then passed over only for what
    adds more than a standard error to it. With fewer than eight validation images all images
    outside the test set choose between it, `cca-infonce` and `cosine-infonce`, which must then add
    two.
    `infonce`, `retrieval` and `cosine-infonce` are left out where canonical variates see all that
    their projections can: up to 64 dimensions, 20 training images for each.
    Of two scalars `rank-histogram` takes the place of `nwj`.
    `nwj` is passed over where its mean hangs on rare pairs, and where it adds no more than three
    standard errors to the canonical critic it was trained from. Where the directions of
    `cca-infonce` are fitted once more for the test, with the validation images, what that adds on
    either half of these counts in the choice. Where there are public images,
    each is trained with them and without. A lower bound, because each of them is.
    (`mine` is not among them: on validation images it is the same number as `nwj`, on test
    images it is the one of the two whose bias is upward.) In a study also over the views of one
    target: the strongest adversary that was tried.

    Parameters
    ----------
    options : folds, seeds, growth, sensitivity, precision, device; see :class:`HeldOut`.

    References
    ----------
    Poole et al., "On variational bounds of mutual information", ICML 2019.
    """

    references = ("poole2019",)
    name = read = "best"
    version = "9"
    takes_directions = True

    def learner(self) -> Candidates:
        from .critics.candidates import Candidates

        return Candidates.of(self.product_type, self.device)

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """As :meth:`choose`, of one view."""
        return self.choose({"": samples}, seed=seed, progress=progress)

    def choose(
        self, views: Mapping[str, PairedSamples], *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """One held-out estimate a level; validation prefers one candidate on one view.

        Parameters
        ----------
        views : by name, of one target: they differ in `y` alone.

        Raises
        ------
        TooFewImagesError
            If a fold would have fewer than two images to train, validate or test on.
        """
        return self._held_out(_with_and_without(views), self.learner(), seed, progress)

    def scores(self, learned: Mapping[str, Learned]) -> tuple[list[Score], list[list[str]]]:
        from .critics.candidates import CANDIDATES, pick

        named = [(candidate, view) for view in learned for candidate in CANDIDATES]
        several = len({view.removesuffix(WITH_PUBLIC) for view in learned}) > 1
        titles = [_title(*one, several=several) for one in named]
        splits = zip(*(learned[view][one] for one, view in named), strict=True)
        picked = [pick(pairs, titles) for pairs in splits]
        return [score for score, _ in picked], [names for _, names in picked]


def _with_and_without(views: Mapping[str, PairedSamples]) -> dict[str, PairedSamples]:
    """Every view without its public images, and with them where there are any."""
    both: dict[str, PairedSamples] = {}
    for name, samples in views.items():
        both[name] = replace(samples, public=None)
        if samples.public is not None:
            both[name + WITH_PUBLIC] = samples
    return both


def _title(candidate: str, view: str, *, several: bool) -> str:
    """What was chosen, in words: the view where there are several."""
    if several:
        return f"{candidate} through {view}"
    return candidate + (WITH_PUBLIC if view.endswith(WITH_PUBLIC) else "")
