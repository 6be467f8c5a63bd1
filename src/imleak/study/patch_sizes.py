"""Whether images are large enough for the patches that are cut of them, before any work."""

from collections.abc import Iterator, Sequence

from ..interfaces import ImleakError
from .components import Question
from .plan import ImageInfo, Omission
from .progress import some_of


class PatchSizeError(ImleakError):
    """A measure whose patches are larger than every image."""


def check_patch_sizes(images: Sequence[ImageInfo], left_out: Sequence[Omission]) -> Iterator[str]:
    """What is to be said of images smaller than a patch, a line an encoder.

    Parameters
    ----------
    images : of the study.
    left_out : those that a measure has to do without.

    Raises
    ------
    PatchSizeError
        If a measure has no image left.
    """
    small: dict[Question, list[Omission]] = {}
    for omission in left_out:
        if omission.question is not None:
            small.setdefault(omission.question, []).append(omission)
    for question, omissions in small.items():
        names = dict.fromkeys(omission.image for omission in omissions)
        measures = dict.fromkeys(one.measure.name for one in omissions if one.measure)
        needed = f"a patch of {_side(question)}x{_side(question)} for {question.title}"
        if len(names) == len(images):
            raise PatchSizeError(f"{', '.join(measures)}: {_refusal(needed, images)}")
        yield (
            f"Left out of {', '.join(measures)}: {len(names):,} of {len(images):,} images, "
            f"smaller than {needed}: {some_of(names)}."
        )


def _side(question: Question) -> int:
    size: int = question.target.build().input_size
    return size


def _refusal(needed: str, images: Sequence[ImageInfo]) -> str:
    largest = max(images, key=lambda image: min(image.height, image.width))
    side = min(min(image.height, image.width) for image in images)
    return (
        f"no image is as large as {needed} (the largest is {largest.width}x{largest.height}); "
        f"give larger images, smaller patches (--encoder pixels={min(16, side)},patch={side}), or "
        "measures of whole images alone (--measure histogram --measure psnr)"
    )
