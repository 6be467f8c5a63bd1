"""What learns from images, for audits of others: an adversary, a code, a network that rebuilds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .interfaces import Image

if TYPE_CHECKING:
    from .adversary import Adversary
    from .api import Sources
    from .metrics.autoregressive.code import LearnedCode
    from .study.progress import Progress


def train_adversary(
    sources: Sources,
    out: str | Path,
    *,
    encoders: Sequence[str] = (),
    levels: str | None = None,
    patches: int = 4,
    title: str = "",
    terms: Mapping[str, str] | None = None,
    network: bool = False,
    network_steps: int = 6_000,
    weights: str | Path | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Adversary:
    """Learn from images what audits of other images then use, and write it to a file.

    Parameters
    ----------
    sources : folders of images to learn from.
    out : file to write.
    encoders, levels, patches, seed : as of an audit; by default the default encoder at all
        levels of bit-planes that leave something.
    title : what the images are, for reports.
    terms : of a folder, by its name, under which its images may be used.
    network : whether the network of the rebuilder ``wraps`` is trained too, on the same images,
        which none of them may then be rebuilt with.
    network_steps : of that training; 6,000 take an hour and more of CPU time.
    weights : safetensors file to take that network from instead.
    progress : who is told how it goes.

    Raises
    ------
    ImleakError
        If there are too few images, they cannot be learned from as asked, or the file cannot be
        written, which is said before the work.
    """
    from .adversary import write
    from .adversary.file import REBUILD
    from .atomic import check_writable
    from .networks.learned import digests_of
    from .rebuilders.unwrap import training
    from .rebuilders.unwrap.weights import Trained, from_file
    from .study.learning import learn_directions, prepare
    from .study.progress import Silent

    check_writable(Path(out))
    told = progress or Silent()
    taken = None if weights is None else from_file(weights)
    trains = network and taken is None
    if trains:
        training.check_steps(network_steps)
    folders = [str(sources)] if isinstance(sources, str | Path) else [str(one) for one in sources]
    found = prepare(folders, told, encoders=encoders, levels=levels, patches=patches, seed=seed)
    if trains:
        training.check_sizes((info.height, info.width) for info in found.images)
    card, arrays = learn_directions(found, told, title=title, terms=terms)
    if trains:
        told.say("Training the network that rebuilds images.")
        images = [found.read(info) for info in found.images]
        state = training.train(
            images,
            steps=network_steps,
            seed=seed,
            progress=lambda share: told.update(share, 1, "the network that rebuilds images"),
        )
        taken = Trained(state, digests_of(images))
    if taken is None:
        return write(Path(out), card, arrays)
    rebuild = {REBUILD + name: one for name, one in taken.state.items()}
    return write(Path(out), card, arrays | rebuild, taken.cards)


def train_code(
    sources: Sources,
    out: str | Path,
    *,
    steps: int = 16_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> LearnedCode:
    """Learn a code of clear parts, for ``learned-codelength``, and write it to a file.

    Parameters
    ----------
    sources : folders of images of one depth, which are read as grey. None of them may be measured
        with this code.
    out : file to write.
    steps : of training; 16,000 take four minutes of CPU time for images of 8 bits.
    seed : of everything random.
    progress : who is told how it goes.

    Raises
    ------
    ImleakError
        If there is no image, they are of several depths, or the file cannot be written.
    """
    from .atomic import check_writable, write_whole
    from .metrics.autoregressive.code import LearnedCode
    from .metrics.autoregressive.training import train
    from .networks.learned import digests_of
    from .study.progress import Silent

    check_writable(Path(out))
    told = progress or Silent()
    images, _ = _grey_images(sources, told)
    sizes, state = train(
        images,
        steps=steps,
        seed=seed,
        progress=lambda share: told.update(share, 1, "the learned code"),
    )
    code = LearnedCode(sizes, state, digests_of(images))
    write_whole(Path(out), code.file)
    return code


def train_super_resolution(
    sources: Sources,
    out: str | Path,
    *,
    steps: int = 5_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> int:
    """Train the network of the rebuilder ``super-resolution``, and write its weights to a file.

    Parameters
    ----------
    sources : folders of images, which are read as grey; a tenth of each, one image at least, is
        left out, and tells how often the network is right: of no folder it says to be right more
        often than it is. Files that are named one by one are of the folder that they lie in. None
        of the images may be rebuilt with these weights.
    out : file to write.
    steps : of training; 5,000 take six minutes of CPU time for 304 photographs.
    seed : of everything random.
    progress : who is told how it goes.

    Returns
    -------
    How many images there were.

    Raises
    ------
    ImleakError
        If no folder has two images, none is large enough, or the file cannot be written.
    """
    from .atomic import check_writable, write_whole
    from .networks.learned import digests_of
    from .rebuilders.subpixel.training import train
    from .rebuilders.super_resolution import file_of
    from .study.progress import Silent

    check_writable(Path(out))
    told = progress or Silent()
    images, folders = _grey_images(sources, told)
    state = train(
        images,
        steps=steps,
        seed=seed,
        collections=folders,
        progress=lambda share: told.update(share, 1, "the network of super-resolution"),
    )
    write_whole(Path(out), file_of(state, digests_of(images)))
    return len(images)


def _grey_images(sources: Sources, told: Progress) -> tuple[list[Image], list[int]]:
    """The images of folders, as grey, and the number of the folder that each is from."""
    from .study.adversaries import NONE
    from .study.cluster import Where, executor_of
    from .study.scan import reader, scan
    from .study.spec import StudySpec

    folders = [str(sources)] if isinstance(sources, str | Path) else [str(one) for one in sources]
    spec = StudySpec.of(sources=tuple(folders), measures=("histogram",), adversary=NONE)
    with executor_of(Where()) as executor:
        found = scan(spec, told, executor)
    images = [reader(spec).read(info.source) for info in found.images]
    return images, _numbered(_folder(info.source.origin, folders) for info in found.images)


def _folder(origin: object, folders: Sequence[str]) -> Path | None:
    """Which of the folders given a file is from, or the folder it lies in; None of an image that
    is generated."""
    if not isinstance(origin, Path):
        return None
    given = (Path(one).expanduser().absolute() for one in folders)
    return next((one for one in given if one in origin.parents), origin.parent)


def _numbered(folders: Iterable[Path | None]) -> list[int]:
    """A number for each, the same for the same folder."""
    numbers: dict[Path | None, int] = {}
    return [numbers.setdefault(one, len(numbers)) for one in folders]
