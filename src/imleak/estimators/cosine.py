"""InfoNCE whose critic is a cosine: fitted to no image, where both sides are of one space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..interfaces import ImleakError, Measurement, PairedSamples
from .heldout.crossfit import InNumpy, Progress

if TYPE_CHECKING:
    from .critics.fixed_cosine import FixedCosine


class OtherSpaceError(ImleakError):
    """Target and view of different dimensions, which cannot be compared one by one."""


class CosineInfoNce(InNumpy):
    r"""InfoNCE whose critic is the cosine of target and view, for both in one space.

    .. math:: T(x, y) = \beta \cos(f(x) - \bar f_x,\; f(y) - \bar f_y)

    where f brings the coordinates of a vector to mean 0 and variance 1, and the means are
    those of the training images. Nothing else is fitted: only the scale, and whether the
    coordinates are brought to one unit first, is chosen, on validation images. So it says
    most where images are few: what has nothing to learn needs no one to learn from. A
    lower bound for any such critic, at most the logarithm of the images tested together.

    Parameters
    ----------
    options : folds, seeds, growth, sensitivity; see :class:`HeldOut`.

    References
    ----------
    Poole et al., "On variational bounds of mutual information", ICML 2019 (the bound, for
    any critic).
    """

    references = ("poole2019",)
    name = read = "cosine-infonce"
    version = "1"
    takes_public = False
    fits_scale = True

    def learner(self) -> FixedCosine:
        from .critics.fixed_cosine import FixedCosine

        return FixedCosine()

    def estimate(
        self, samples: PairedSamples, *, seed: int = 0, progress: Progress | None = None
    ) -> list[Measurement]:
        """One held-out estimate a level, in bits. Raises OtherSpaceError if target and view differ
        in dimension, and TooFewImagesError if a fold would have fewer than two images to train,
        validate or test on."""
        dx, dy = samples.x.shape[1], samples.y.shape[2]
        if samples.learned is None and dx != dy:
            raise OtherSpaceError(
                f"cosine-infonce compares target and view coordinate by coordinate and was given "
                f"{dx} and {dy}; use cca-infonce or infonce"
            )
        return super().estimate(samples, seed=seed, progress=progress)
