"""Canonical correlations: as Gaussian information, and as an InfoNCE critic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .heldout.crossfit import InNumpy

if TYPE_CHECKING:
    from .critics.canonical import Canonical


class Cca(InNumpy):
    r"""Gaussian information of cross-fitted canonical correlations.

    .. math:: \sum_k -\tfrac12 \log_2(1 - \rho_k^2)

    Directions are fitted on training images, their number and shrinkage chosen on
    validation images; where images are few they are then fitted on both. The variates of the
    test images are made Gaussian by rank. For Gaussian marginals no joint law of correlation
    rho has less mutual information, so one term is a lower bound; their sum is one only as far
    as the held-out variates are independent, which for features of images they are not. It is
    therefore given as no bound; `cca-infonce` turns the same variates into one.

    Parameters
    ----------
    options : folds, seeds, growth, sensitivity; see :class:`HeldOut`.

    References
    ----------
    Foster, Grassberger, "Lower bounds on mutual information", Phys. Rev. E 83, 2011.
    """

    references = ("foster2011",)
    name = read = "cca"
    version = "6"
    bound = "none"

    def learner(self) -> Canonical:
        from .critics.canonical import Canonical

        return Canonical()


class CcaInfoNce(InNumpy):
    r"""InfoNCE whose critic is the Gaussian log-ratio of cross-fitted canonical variates.

    Nothing is trained by gradients: a critic in closed form, strong where images are few.
    A lower bound whether or not the variates are Gaussian or independent, at most the
    logarithm of the images tested together. Of few dimensions columns in which curves are
    straight are tried too, see :func:`~.critics.canonical.columns_of`.

    Parameters
    ----------
    options : folds, seeds, growth, sensitivity; see :class:`HeldOut`.

    References
    ----------
    Poole et al., "On variational bounds of mutual information", ICML 2019 (the bound, for
    any critic).
    """

    references = ("poole2019",)
    name = read = "cca-infonce"
    version = "7"

    def learner(self) -> Canonical:
        from .critics.canonical import Canonical

        return Canonical(bent=True)
