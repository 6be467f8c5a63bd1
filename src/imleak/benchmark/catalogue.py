"""Every task by name.

References
----------
Czyż et al., "Beyond normal: on the evaluation of mutual information estimators", NeurIPS 2023,
whose forty tasks (package `benchmark-mi`) come first.
Lee and Rhee, "A benchmark suite for evaluating neural mutual information estimators on
unstructured datasets", NeurIPS 2024, after whose images the tasks on request are made.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain
from types import MappingProxyType

import numpy as np
from scipy.special import ndtr

from ..interfaces import ImleakError
from .problems import discrete, pixels
from .problems import transforms as maps
from .problems.digits import digits
from .problems.gaussian import dense, pairs
from .problems.hidden_bits import hidden_bits
from .problems.plates import plates
from .problems.student import independent_student, student
from .problems.texture import texture
from .problems.uniform_noise import uniform_noise
from .problems.unrelated_patches import unrelated_patches
from .task import Task, bits

PUBLISHED_NATS: Mapping[str, Mapping[str, float]] = {
    "1v1-normal-0.75": {"mine": 0.411},
    "half_cube-multinormal-sparse-25-25-2-2.0": {"mine": 0.856, "cca": 0.994},
    "spiral-multinormal-sparse-25-25-2-2.0": {"mine": 0.716, "cca": 0.862},
    "student-identity-5-5-2": {"mine": 0.018, "cca": 0.306},
    "asinh-student-identity-5-5-2": {"mine": 0.320, "cca": 0.002},
}
"""Of public implementations of MINE (hidden layers of 100 and 100, batches of 500, Adam at
1e-3) and of plug-in CCA, N = 10,000."""

PUBLISHED_BITS: Mapping[str, Mapping[str, float]] = {
    "digits-10-2-0": {"mine": 1.77, "nwj": 1.76, "infonce": 1.76},
    "digits-10-4-0": {"mine": 3.75, "nwj": 3.64, "infonce": 3.39},
    "digits-10-6-0": {"mine": 5.79, "nwj": 5.54, "infonce": 4.65},
    "digits-10-8-0": {"mine": 7.89, "nwj": 7.37, "infonce": 5.47},
    "digits-10-10-0": {"mine": 10.34, "nwj": 9.37, "infonce": 5.91},
    "digits-1-1-0": {"mine": 1.00, "infonce": 0.99},
    "digits-4-1-0": {"mine": 0.99, "infonce": 0.95},
    "digits-9-1-0": {"mine": 0.96, "infonce": 0.93},
    "digits-16-1-0": {"mine": 0.92, "infonce": 0.91},
    "digits-25-1-0": {"mine": 0.85, "infonce": 0.85},
    "digits-36-1-0": {"mine": 0.57, "infonce": 0.04},
    "digits-49-1-0": {"mine": 0.16, "infonce": 0.00},
}
"""Of 20,000 training steps on 64 fresh pairs each, of zeros and ones of MNIST, on a plain
background (Lee and Rhee 2024): means of their stored logs."""


@cache
def tasks() -> Mapping[str, Task]:
    """Every task by name, always in the same order: the forty of `benchmark-mi` under
    their own names, then Gaussians in more dimensions, discrete pairs, images,
    independent data, and images of known information, which are run on request."""
    return MappingProxyType({task.name: task for task in _all()})


def select(patterns: str | Iterable[str] | None = None) -> tuple[Task, ...]:
    """The tasks whose names match any of the names or globs, in the order of :func:`tasks`; without
    any, all that are not run on request alone.

    Examples
    --------
    >>> [task.name for task in select("independent-51*")]
    ['independent-512']

    Raises
    ------
    ImleakError
        If a pattern matches nothing; the message lists the nearest names.
    """
    known = tasks()
    if patterns is None:
        return tuple(task for task in known.values() if not task.on_request)
    chosen: set[str] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        matches = [name for name in known if fnmatchcase(name, pattern)]
        if not matches:
            near = difflib.get_close_matches(pattern, known, n=4, cutoff=0.3) or list(known)[:4]
            raise ImleakError(f"no task is called {pattern!r}; near it: {', '.join(near)}")
        chosen.update(matches)
    return tuple(task for name, task in known.items() if name in chosen)


def _all() -> Iterator[Task]:
    kinds = (_one_dimension, _several_dimensions, _transformed, _many_dimensions, _few_values)
    for task in chain.from_iterable(kind() for kind in (*kinds, _images, _independent)):
        nats = PUBLISHED_NATS.get(task.name, {})
        yield replace(task, published={name: bits(value) for name, value in nats.items()})
    for task in chain(_digits(), _plates()):
        published = PUBLISHED_BITS.get(task.name, {})
        yield replace(task, published=published, on_request=True)


def _one_dimension() -> Iterator[Task]:
    normal = Task("1v1-normal-0.75", "Normal 1×1", pairs((1, 1), [0.75]))
    cauchy, uniform = _student(1, 1), _cdf(normal)
    yield normal
    yield uniform
    for epsilon in (0.1, 0.75):
        yield Task(f"1v1-additive-{epsilon}", f"Uniform noise {epsilon}", uniform_noise(epsilon))
    bumps = maps.two_bumps(0.3, 0.0, 5.0), maps.two_bumps(0.5, -1.0, 3.0)
    bimodal = maps.transformed(normal.problem, *bumps)
    yield Task("1v1-bimodal-0.75", "Bimodal 1×1", bimodal, stream=normal.name)
    yield _mapped(normal, "wiggly", "Wiggly", maps.wiggly_x, maps.wiggly_y)
    yield _half_cube(normal)
    yield cauchy
    yield _asinh(cauchy)
    yield _mapped(uniform, "swissroll_x", "Swiss roll", maps.swiss_roll, x_dims=2)


def _several_dimensions() -> Iterator[Task]:
    yield from (_dense(d) for d in (2, 3, 5, 25, 50))
    yield from (_sparse(d) for d in (2, 3, 5, 25))
    for d, freedom in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3)):
        yield _student(d, freedom)


def _transformed() -> Iterator[Task]:
    sparse = [_sparse(d) for d in (3, 5, 25)]
    yield from map(_cdf, sparse)
    yield from map(_half_cube, sparse)
    yield from map(_spiral, sparse)
    yield from (_spiral(_cdf(task)) for task in sparse)
    yield from (_asinh(_student(d, freedom)) for d, freedom in ((2, 1), (3, 2), (5, 2)))


def _many_dimensions() -> Iterator[Task]:
    for d, rho, rows in ((20, 0.5, 10_000), (100, 0.2, 10_000), (512, 0.1, 5_000)):
        title = f"Normal {d}×{d}, ρ={rho}"
        yield Task(f"gaussian-{d}-{rho}", title, pairs((d, d), [rho] * d), rows)
    yield from (_dense(d, rows=5_000) for d in (128, 512))
    yield from (_sparse(d, rows=5_000) for d in (128, 512))
    latents = pairs((512, 512), [0.5] * 5, hidden=True)
    yield Task("latents-512-5-0.5", "5 latents in 512×512", latents, 5_000)


def _few_values() -> Iterator[Task]:
    x, y = np.ogrid[:12, :7]
    weights = ((x * x + 5 * x * y + 3 * y) % 11) ** 2
    for name, title, table in (
        ("symmetric-16-0.2", "16 values, 20% wrong", discrete.symmetric_channel(16, 0.2)),
        ("erasure-4-0.25", "4 values, 25% lost", discrete.erasure_channel(4, 0.25)),
        ("z", "Z-channel", np.array([[0.5, 0.0], [0.25, 0.25]])),
        ("table-12-7", "Table 12×7", weights / weights.sum()),
    ):
        yield Task(f"discrete-{name}", title, discrete.discrete_pair(table))


def _images() -> Iterator[Task]:
    for name, title, problem, greys in (
        ("symmetric-16-0.25", "25% wrong", pixels.symmetric_pixels(16, 0.25), 16),
        ("erasure-16-0.5", "50% lost", pixels.erased_pixels(16, 0.5), 16),
        ("gaussian-16-2.0", "noise σ=2", pixels.noisy_pixels(16, 2.0), 16),
        ("bitplanes-2", "2 planes hidden", pixels.clear_planes(2), 256),
        ("bitplanes-4", "4 planes hidden", pixels.clear_planes(4), 256),
        ("bitplanes-6", "6 planes hidden", pixels.clear_planes(6), 256),
    ):
        stream = f"leaves-pixel-{greys}"
        yield Task(f"leaves-pixel-{name}", f"Pixel, {title}", problem, stream=stream)
    yield Task("leaves-bits-0.1", "Images, 4 noisy bits", hidden_bits(0.1), 5_000)
    yield Task("texture-16-8.0", "Texture 16×16, σ=8", texture(16, 8.0), 5_000)


def _independent() -> Iterator[Task]:
    for d in (1, 2, 5, 10, 20, 50, 128, 256, 512):
        yield Task(f"independent-{d}", f"Independent {d}×{d}", pairs((d, d)), 5_000)
    heavy = independent_student(5, 2)
    yield Task("independent-student-5-2", "Independent student 5×5", heavy, 5_000)
    product = discrete.discrete_pair(np.outer([0.5, 0.3, 0.15, 0.05], [0.4, 0.4, 0.2]))
    yield Task("independent-discrete", "Independent 4×3 table", product, 5_000)
    yield Task("leaves-independent", "Independent patches", unrelated_patches(), 5_000)


def _digits() -> Iterator[Task]:
    """One bit in ever more tiles, and ever more bits in ten."""
    spread = [(sources, 1, eta) for sources in (1, 4, 9, 16, 25, 36, 49) for eta in (0, 0.3, 0.7)]
    for sources, total, eta in (*spread, *((10, total, 0) for total in (2, 4, 6, 8, 10))):
        title = f"Digits, {total} bit in {sources}" + f", η={eta}" * (eta > 0)
        problem = digits(sources, total, eta)
        yield Task(f"digits-{sources}-{total}-{eta}", title, problem, 5_000)


def _plates() -> Iterator[Task]:
    for total in (2, 4, 6, 8, 10):
        yield Task(f"plates-16-{total}", f"Plates 16×16, {total} bit", plates(16, total), 5_000)


def _dense(d: int, rows: int = 10_000) -> Task:
    return Task(f"multinormal-dense-{d}-{d}-0.5", f"Dense {d}×{d}", dense(d), rows)


def _sparse(d: int, rows: int = 10_000) -> Task:
    """Two pairs share a latent of standard deviation 2 beside noise of 1: rho = 4/5."""
    name = f"multinormal-sparse-{d}-{d}-2-2.0"
    return Task(name, f"Sparse {d}×{d}", pairs((d, d), [0.8, 0.8]), rows)


def _student(d: int, freedom: int) -> Task:
    name = f"student-identity-{d}-{d}-{freedom}"
    return Task(name, f"Student {d}×{d}, ν={freedom}", student(d, freedom))


def _cdf(task: Task) -> Task:
    return _mapped(task, "normal_cdf", "CDF", ndtr, ndtr)


def _half_cube(task: Task) -> Task:
    return _mapped(task, "half_cube", "Half-cube", maps.half_cube, maps.half_cube)


def _asinh(task: Task) -> Task:
    return _mapped(task, "asinh", "Asinh", np.arcsinh, np.arcsinh)


def _spiral(task: Task) -> Task:
    dx, dy = task.problem.dims
    x_map, y_map = maps.spiral((0, 1), 1 / dx), maps.spiral((1, 2), 1 / dy)
    return _mapped(task, "spiral", "Spiral", x_map, y_map)


def _mapped(
    task: Task,
    prefix: str,
    word: str,
    x_map: maps.Map,
    y_map: maps.Map | None = None,
    x_dims: int | None = None,
) -> Task:
    """The same rows and truth under a name of its own."""
    title = task.title if task.title[1:2].isupper() else task.title[0].lower() + task.title[1:]
    return Task(
        f"{prefix}-{task.name}",
        f"{word} {title}",
        maps.transformed(task.problem, x_map, y_map, x_dims),
        task.rows,
        task.stream or task.name,
    )
