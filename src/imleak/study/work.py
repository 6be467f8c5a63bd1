"""Has the units of a study done, by whoever does them, and keeps what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import chain

from ..cache import MOST_BYTES
from .cluster import Executor, Lost, Resource
from .components import Component, has_features, offers
from .execute import ImageTask, Workplace, plain_of, requests_of, run_image_task, run_unit
from .features import Embedding, FeatureRequest
from .parts import Part
from .plan import ImageInfo, Plan, Unit
from .progress import Progress
from .task_status import TaskStatus

ROOM = 64_000_000
"""Samples of images at work side by side in one process: about ten times as many bytes
are held of them and of what is made of them."""


class Work:
    """Has units done, and keeps what becomes of them.

    Parameters
    ----------
    status : what has been done, and where what is done now goes.
    place : what units are executed with.
    executor : who does them.
    progress : hears how it goes.
    """

    def __init__(
        self, status: TaskStatus, place: Workplace, executor: Executor, progress: Progress
    ) -> None:
        self.status = status
        self.place = place
        self.executor = executor
        self.progress = progress

    def finish(self, plan: Plan) -> None:
        """Do what is not done: image by image, then what needs all of them."""
        tasks = ImageTasks(plan, self.status, self.place)
        left = self._announce(tasks)
        for encodes, count in left.items():
            self._images(tasks, count, encodes=encodes)
            self.status.flush()  # a training may take hours
        self._refuse_empty(plan.pooled)
        self._pooled(self.status.left(plan.pooled))
        self.status.flush()
        self.place.cache.prune(most_bytes=MOST_BYTES)

    def _announce(self, tasks: ImageTasks) -> dict[bool, int]:
        """Report how many images are left to be encoded, and to be measured alone."""
        passes: Counter[Component] = Counter()
        left: Counter[bool] = Counter()
        for task in tasks:
            left[bool(task.encoders)] += 1
            passes.update({one.encoder: one.images for one in task.embeddings})
        for encoder, count in passes.items():
            facts = encoder.facts
            on = f" on {facts['device']} in {facts['precision']}" if "precision" in facts else ""
            self.progress.say(f"{count:,} forward passes of {encoder.title}{on}.")
        return {encodes: left[encodes] for encodes in (True, False) if left[encodes]}

    def _images(self, tasks: ImageTasks, count: int, *, encodes: bool) -> None:
        """What is done of each image for itself: with an encoder, or without."""
        done = self.executor.carry(
            partial(run_image_task, self.place),
            (task for task in tasks if bool(task.encoders) is encodes),
            needs=needs_of("embedding", tasks.may_encode) if encodes else (),
            beside=_side_by_side(tasks.plan.of_any_use),
            split=ImageTask.split,
        )
        finished: set[str] = set()
        for task, result in done:
            self._keep(task, task.lost(result.why) if isinstance(result, Lost) else result)
            finished.add(task.image.digest)
            self.progress.update(len(finished), count, task.image.name)

    def _refuse_empty(self, units: Iterable[Unit]) -> None:
        """Of what needs all images, that which no image is left for fails."""
        for unit in units:
            left = self.status.possible(unit)
            if not left.images and self.status.is_left(left.key):
                why = next(omission.why for omission in self.status.omissions([unit]))
                error = f"no image is left: {why}"
                self.status.write(Part(left.key, left.identity, error=error))

    def _pooled(self, units: Sequence[Unit]) -> None:
        """What needs all images."""
        finished = 0

        def share(unit: Unit, done: float) -> None:
            self.progress.update(finished + done, len(units), _doing(unit))

        done = self.executor.carry(
            partial(run_unit, self.place),
            units,
            needs=needs_of("training", [unit.measure for unit in units]),
            beside=1,
            share=share,
        )
        for unit, result in done:
            if isinstance(result, Lost):
                result = Part(unit.key, unit.identity, error=result.why)
            self.status.write(result)
            finished += 1
            self.progress.update(finished, len(units), _doing(unit))

    def _keep(self, task: ImageTask, parts: Sequence[Part]) -> None:
        for part in parts:
            self.status.write(part)
        failed = {part.key for part in parts}
        for embedding in task.embeddings:
            if embedding.key not in failed:
                self.status.is_made(embedding)


class ImageTasks:
    """What is to be done of each image for itself, as things stand when it is asked for.

    Nothing of an image is held: of a million units that are left, there are as many at a
    time as are at work.

    Parameters
    ----------
    plan : of the study.
    status : says what is left of it.
    place : says which vectors are there.
    """

    def __init__(self, plan: Plan, status: TaskStatus, place: Workplace) -> None:
        self.plan, self.status, self.place = plan, status, place
        self.trainings = status.left(plan.pooled)
        self._pooled = [
            (unit, {one.digest for one in unit.images + unit.public.images})
            for unit in self.trainings
        ]

    def __iter__(self) -> Iterator[ImageTask]:
        for image in self.plan.images:
            units = self.status.left(self.plan.of(image))
            lacking = self._lacking(image, units)
            if units or lacking:
                yield ImageTask(image, tuple(lacking), tuple(units))
        for image in self.plan.public.images:
            if lacking := self._lacking(image, ()):
                yield ImageTask(image, tuple(lacking))
        for image in self.plan.gallery.images:
            if lacking := self._lacking_of_gallery(image):
                yield ImageTask(image, tuple(lacking))

    def _lacking(self, image: ImageInfo, units: Sequence[Unit]) -> list[Embedding]:
        """Vectors of an image that are neither made nor known to fail."""
        pooled = (unit for unit, digests in self._pooled if image.digest in digests)
        asked = (request for unit in chain(units, pooled) for request in requests_of(unit, image))
        return self._left(asked)

    def _lacking_of_gallery(self, image: ImageInfo) -> list[Embedding]:
        attacks = (unit for unit in self.trainings if unit.gallery.images)
        return self._left(request for unit in attacks for request in plain_of(unit, image))

    def _left(self, asked: Iterable[FeatureRequest]) -> list[Embedding]:
        lacking = self.place.lacking(asked)
        return [embedding for embedding in lacking if self.status.is_left(embedding.key)]

    @cached_property
    def may_encode(self) -> frozenset[Component]:
        """Those that anything in the plan looks through."""
        questions = [question for _, question in self.plan.metrics]
        questions += [unit.question for unit in self.plan.pooled]
        sides = (side for question in questions for side in question.sides)
        return frozenset(side for side in sides if has_features(side) and not offers(side, "watch"))


def needs_of(work: Resource, components: Iterable[Component]) -> tuple[Resource, ...]:
    """What a worker gives up to a block of this work."""
    return (work, "gpu") if any(component.on_gpu for component in components) else (work,)


def _side_by_side(images: Iterable[ImageInfo]) -> int:
    """How many images fit into the memory of one process."""
    samples = (image.channels * image.height * image.width for image in images)
    return max(1, ROOM // max(samples, default=1))


def _doing(unit: Unit) -> str:
    return f"{unit.measure.title} on {unit.question.title}"
