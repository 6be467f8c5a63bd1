"""Public images that an adversary learns from, without copies of those that are measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..images import near_duplicates
from ..interfaces import ImleakError
from .cluster import Executor
from .components import offers
from .plan import Gallery, Plan, large_enough
from .progress import Progress, some_of
from .scan import Scan, scan_others
from .spec import StudySpec

FEWEST = 2
"""Public images across which pairs can be broken."""


@dataclass(frozen=True)
class PublicImages:
    """What an adversary learns from beside the images of a study.

    Parameters
    ----------
    others : the images, none of which is, or is nearly, one of the study.
    found : how many different images there were.
    copies : how many of these were left out, as copies of images of the study.
    warnings : what a reader must know of them, a line each.
    """

    others: Gallery = field(default_factory=Gallery)
    found: int = 0
    copies: int = 0
    warnings: tuple[str, ...] = ()


def scan_public(
    spec: StudySpec, measured: Scan, progress: Progress, executor: Executor
) -> PublicImages:
    """The first look at the public images of a study.

    Parameters
    ----------
    measured : the images of the study.

    Raises
    ------
    ImleakError
        If a source holds no image, or fewer than :data:`FEWEST` are no copies.
    """
    if not spec.adversary_images:
        return PublicImages()
    there = scan_others(spec, spec.adversary_images, "public images", progress, executor)
    copies = _copies(there, measured)
    others = Gallery.of(image for image in there.images if image.digest not in copies)
    found = len(there.images)
    if len({image.unit for image in others.images}) < FEWEST:
        where = some_of(spec.adversary_images)
        raise ImleakError(
            f"adversary_images: of {_counted(found)} of {where} {len(copies):,} are copies of "
            f"yours; give {FEWEST} different ones or more that are none of yours"
        )
    warnings = list(there.warnings)
    if copies:
        were = (
            "was left out because it is a copy"
            if len(copies) == 1
            else ("were left out because they are copies")
        )
        warnings.append(f"{len(copies):,} of {_counted(found)} {were} of yours.")
    return PublicImages(others, found, len(copies), tuple(warnings))


def _copies(there: Scan, measured: Scan) -> set[str]:
    """Digests of the images that are, or are nearly, images of the study."""
    own = len(measured.images)
    digests = [image.digest for image in (*measured.images, *there.images)]
    copies = set(digests[:own]) & set(digests[own:])
    for alike in near_duplicates((*measured.hashes, *there.hashes)):
        if alike[0] < own:
            copies |= {digests[at] for at in alike if at >= own}
    return copies


def check_public(plan: Plan) -> Iterator[str]:
    """What is to be said of public images that an estimator cannot learn from, a line each.

    Raises
    ------
    ImleakError
        If fewer than :data:`FEWEST` are left for one.
    """
    bits, every = plan.scope.bits, plan.public.images
    deep = [image for image in every if image.bits == bits]
    for unit in plan.estimators if every else ():
        if not offers(unit.measure, "takes_public"):
            continue
        title = f"{unit.measure.title} on {unit.question.title}"
        large, used = large_enough(deep, unit.question), unit.public.images
        why = {
            f"have other than {bits} bits a sample": len(every) - len(deep),
            "are smaller than a patch": len(deep) - len(large),
            "are more than max_samples": len(large) - len(used),
        }
        reasons = ", ".join(f"{count:,} {words}" for words, count in why.items() if count)
        if len({image.unit for image in used}) < FEWEST:
            raise ImleakError(
                f"adversary_images: {title} can learn from {len(used)} of {_counted(len(every))} "
                f"({reasons}); give images like those that are measured"
            )
        if reasons:
            yield f"{title} learns from {len(used):,} of {_counted(len(every))}: {reasons}."


def _counted(images: int) -> str:
    return "1 public image" if images == 1 else f"{images:,} public images"
