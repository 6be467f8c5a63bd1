"""Several runs beside each other: what they are called, and what keeps them apart."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..interfaces import ImleakError
from ..study.store import Run
from .learners import Learners
from .levels import Levels
from .measures import adversaries
from .words import listed, plural

_SETTINGS = {
    "seed": "seeds",
    "colour": "ways to see colour",
    "encoders": "encoders",
    "patches": "patches an image",
    "keys": "key policies",
    "gallery": "galleries",
    "adversary_images": "public images",
}
"""Fields of a study that numbers depend on, and what several of them are called."""
_ESTIMATE = ["encoder", "measure", "protocol"]


_READ = ("colour", "bits", "jpeg_quality", "frames")
"""Fields that the samples of a file depend on: where they differ, images are told apart by name."""


class ComparisonError(ImleakError):
    """Runs that cannot be set beside each other."""


def labels(runs: Sequence[Run]) -> dict[str, Run]:
    """Runs by the name of their folder, led by as many of its parents as make it unique. Raises
    ComparisonError if there are fewer than two, or one stands there twice."""
    paths = [run.path.resolve() for run in runs]
    if len(runs) < 2:
        raise ComparisonError(f"{plural(len(runs), 'run')} to compare; give two or more folders")
    for path, count in Counter(paths).items():
        if count > 1:
            raise ComparisonError(f"{path} is given twice; give different runs")
    depth = 1
    while True:
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(names):
            return dict(zip(names, runs, strict=True))
        depth += 1


def cautions(named: Mapping[str, Run]) -> list[str]:
    """What differs between runs that a reader of their numbers must know."""
    manifests = {name: run.manifest for name, run in named.items()}
    return [
        *_images(manifests),
        *_levels(manifests),
        *_settings(manifests),
        *_absent(named),
        *_adversaries(named),
    ]


def _images(manifests: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    read = {tuple(map(one["spec"].get, _READ)) for one in manifests.values()}
    same = "digest" if len(read) == 1 else "name"
    of = {name: {image[same] for image in one["images"]} for name, one in manifests.items()}
    common, every = set.intersection(*of.values()), set.union(*of.values())
    if common != every:
        lacking = listed([f"{name} has {len(own)}" for name, own in of.items() if own != every])
        yield (
            f"The runs are of different images: {len(common)} of {len(every)} are in all of them, "
            f"and a difference may be one of the images; {lacking}."
        )


def _levels(manifests: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    axes = {name: Levels.of(one).axis for name, one in manifests.items()}
    if len(set(axes.values())) > 1:
        each = listed([f"{axis} in {name}" for name, axis in axes.items()])
        yield f"Their levels count different things: {each}; one level is not as good as another."


def _settings(manifests: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for field, words in _SETTINGS.items():
        values = {name: one["spec"].get(field) for name, one in manifests.items()}
        if len({str(value) for value in values.values()}) > 1:
            each = listed([f"{value} in {name}" for name, value in values.items()])
            yield f"They have different {words}: {each}."
    versions = {one.get("versions", {}).get("imleak") for one in manifests.values()}
    if len(versions) > 1:
        yield f"They were made by different versions: {listed(sorted(map(str, versions)))}."


def _absent(named: Mapping[str, Run]) -> Iterator[str]:
    """Adversaries that looked in some runs and not in others; whether a rebuilt image can be
    looked at depends on the scheme."""
    asked = {
        name: {
            one.measure for one in adversaries(run.summary, run.manifest) if not one.is_of_rebuilt
        }
        for name, run in named.items()
    }
    for measure in sorted(set.union(*asked.values())):
        if without := [name for name, some in asked.items() if measure not in some]:
            yield (
                f"{measure} did not look in {listed(without)}: what it says of the others says "
                "nothing of these."
            )
    used = {
        name: str((run.manifest.get("adversary") or {}).get("name", "none"))
        for name, run in named.items()
    }
    if len(set(used.values())) > 1:
        each = listed([f"{value} in {name}" for name, value in used.items()])
        yield f"An adversary that learned elsewhere is not the same in all: {each}."


def _adversaries(named: Mapping[str, Run]) -> Iterator[str]:
    """Estimators that learned from numbers of images that differ by more than a tenth."""
    learned: dict[str, dict[str, int]] = {}
    for name, run in named.items():
        trained = run.summary.dropna(subset="train_groups")
        for (encoder, measure, protocol), rows in trained.groupby(_ESTIMATE):
            title = f"{protocol} {measure} on {encoder}"
            learned.setdefault(title, {})[name] = int(rows["train_groups"].max())
    grouped = any(Learners.of(run.manifest).grouped for run in named.values())
    what = "groups of images" if grouped else "images"
    for title, counts in learned.items():
        if len(counts) > 1 and max(counts.values()) > 1.1 * min(counts.values()):
            each = listed([f"{count} in {name}" for name, count in counts.items()])
            yield (
                f"{title} learned from different numbers of {what} ({each}): "
                "an adversary with more finds more."
            )
