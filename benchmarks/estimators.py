"""Critics trained as one batch, against the plain loops of public implementations.

    python benchmarks/estimators.py [critics] [curve] [infonce] [memory] [small]

Without names all five are measured, side by side in this run, one thread each.

critics   nine levels of MINE in one stack against one critic at a time with concatenated
          inputs and two passes, at equal architecture, batch and steps.
curve     the held-out curve of `best` at its defaults on 5,000 samples of 1280 features at
          nine levels, against the same splits, levels and nulls through plain loops of
          3x400 MINE: a slice of those is run, and scaled.
infonce   a separable critic against a joint critic on all pairs, a step at batch 500.
memory    peak of MINE of 90 members (nine levels, five splits, true and broken pairs).
small     `best` with one seed, five folds and their nulls on 10,000 rows of 1 and of 5 dimensions
          against a single plain loop of 2x100 MINE of 5,000 steps.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imleak import estimate
from imleak.estimators.critics.contrastive import SymmetricCrossEntropy
from imleak.estimators.critics.networks import SeparableCritic
from imleak.estimators.critics.training import Cohort
from imleak.estimators.critics.variational import Variational
from imleak.estimators.heldout.split import cross_fit
from imleak.machine import one_thread_each, product_type

LEVELS = 9
BATCH = 500
STEPS = 30
ROUNDS = 3
CURVE_SAMPLES, CURVE_FEATURES = 5000, 1280
PLAIN_EPOCHS = 100
"""Of the plain loop, as in the paper and as `mine` at its defaults."""
SMALL_ROWS, SMALL_STEPS, SMALL_CORRELATION = 10_000, 5000, 0.75
GIBIBYTE = 2**30
Found = TypeVar("Found")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="all without")
    missed = [name for name in parser.parse_args().names or BENCHMARKS if not BENCHMARKS[name]()]
    if missed:
        raise SystemExit(f"below the requirement: {', '.join(missed)}")


def critics() -> bool:
    """CPU time a critic-step, and the share of the peak of matrix products."""
    native = product_type("auto")
    enough = True
    for hidden, features, required in (((400, 400, 400), 512, 3.0), ((100, 100), 20, 2.0)):
        plain = min(rounds(lambda h=hidden, d=features: plain_step(d, h), STEPS))
        print(f"\nMINE of {len(hidden)}x{hidden[0]} on {features} + {features} features, batch "
              f"{BATCH}: CPU ms a critic-step")  # fmt: skip
        print(f"{'plain loop, fp32':28}{plain * 1e3:8.2f}")
        for dtype in {torch.float32: 0, native: 0}:
            ours = min(rounds(lambda h=hidden, d=features, t=dtype: stacked_step(d, h, t), STEPS))
            ours /= LEVELS
            share = critic_operations(features, hidden) / ours / peak(dtype)
            name = f"{LEVELS} stacked, {str(dtype).removeprefix('torch.')}"
            print(
                f"{name:28}{ours * 1e3:8.2f}"
                f"   {plain / ours:.1f} times less, {share:.0%} of the peak of products"
            )
        enough &= plain / ours >= required
    return enough


def critic_operations(features: int, hidden: tuple[int, ...]) -> float:
    """Floating-point operations of a critic-step, its plain side shared by all levels."""
    first = 2 * BATCH * 2 * features * hidden[0]
    deep = 2 * BATCH * sum(a * b for a, b in zip(hidden, (*hidden[1:], 1), strict=True))
    return 2 * first + 2 * 3 * deep


def stacked_step(features: int, hidden: tuple[int, ...], dtype: torch.dtype) -> Callable[[], None]:
    """One step of nine critics of the library, on data of their shape."""
    rng = np.random.default_rng(0)
    x, y = gaussians(2 * BATCH, features, rng), gaussians(2 * BATCH, features, rng)
    cohort = Cohort(
        cross_fit(np.arange(2 * BATCH), 2, 1, 0)[:1],
        torch.from_numpy(x)[None],
        torch.from_numpy(y).expand(1, LEVELS, -1, -1),
        np.arange(2 * BATCH),
        1,
    )
    learner = Variational(hidden=hidden, precision=dtype)
    critic = learner.network(cohort, torch.Generator().manual_seed(0))
    optimiser = torch.optim.AdamW(critic.parameters(), lr=1e-4, fused=True)
    objective = learner.objective(critic)
    rows = np.arange(BATCH)[None]

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        halves = critic.halves(*cohort.take(rows))
        broken = [torch.roll(half, 7, -2) for half in halves[:1]]
        bound = objective(critic.score(*halves), critic.score(*broken, *halves[1:]))
        torch.autograd.backward(-bound.sum())
        optimiser.step()

    return step


def plain_step(features: int, hidden: tuple[int, ...]) -> Callable[[], None]:
    """One step of one critic, as public implementations write it."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(gaussians(2 * BATCH, features, rng))
    y = torch.from_numpy(gaussians(2 * BATCH, features, rng))
    step = plain_mine(features, hidden)
    rows = torch.arange(BATCH)
    return lambda: step(x[rows], y[rows])


def plain_mine(features: int, hidden: tuple[int, ...]) -> Callable[[Tensor, Tensor], None]:
    """A network on concatenated inputs, two passes a step, a moving average, Adam."""
    layers: list[nn.Module] = []
    for inner, outer in zip((2 * features, *hidden), hidden, strict=False):
        layers += [nn.Linear(inner, outer), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Linear(hidden[-1], 1))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
    average = 1.0

    def step(x: Tensor, y: Tensor) -> None:
        nonlocal average
        joint = network(torch.cat([x, y], 1))
        marginal = torch.exp(network(torch.cat([x[torch.randperm(len(x))], y], 1)))
        average = 0.99 * average + 0.01 * float(marginal.mean().detach())
        loss = -(joint.mean() - marginal.mean() / average)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()

    return step


def curve() -> bool:
    """The whole of `best` at its defaults, and a slice of the plain protocol."""
    x, y = features_of_levels()
    _, ours = timed(lambda: estimate(x, y, "best"))
    splits = cross_fit(np.arange(len(x)), 5, 5, 0)
    steps = PLAIN_EPOCHS * -(-len(splits[0].train) // BATCH)
    members = len(splits) * LEVELS * 2
    step = plain_mine(CURVE_FEATURES, (400, 400, 400))
    rows = torch.from_numpy(x[splits[0].train[:BATCH]])
    views = torch.from_numpy(y[4, splits[0].train[:BATCH]])
    with one_thread_each():
        slice_of = min(rounds(lambda: lambda: step(rows, views), STEPS))
    theirs = slice_of * steps * members
    print(f"\nheld-out curve of {LEVELS} levels, {CURVE_SAMPLES} samples of {CURVE_FEATURES} "
          f"features, {len(splits)} splits, true and broken pairs: CPU minutes")  # fmt: skip
    print(f"{'best, at its defaults':28}{ours / 60:8.1f}")
    print(f"{'plain loops of 3x400 MINE':28}{theirs / 60:8.1f}   "
          f"({members} critics x {steps} steps x {slice_of * 1e3:.1f} ms, scaled from {STEPS} "
          "steps; without looks at validation)")  # fmt: skip
    print(f"{'ratio':28}{theirs / ours:8.1f}")
    return theirs / ours >= 10 and ours < 600


def features_of_levels() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features with a falling spectrum, and views of them that know less and less."""
    rng = np.random.default_rng(0)
    spectrum = 1 / np.arange(1, 257)
    mixing = rng.standard_normal((256, CURVE_FEATURES)) * spectrum[:, None]
    latent = rng.standard_normal((CURVE_SAMPLES, 256))
    noise = rng.standard_normal((LEVELS, CURVE_SAMPLES, 256))
    share = np.linspace(1, 0, LEVELS)[:, None, None] ** 2
    views = (share * latent + np.sqrt(1 - share**2) * noise) @ mixing
    own = 0.01 * rng.standard_normal((LEVELS, CURVE_SAMPLES, CURVE_FEATURES))
    return (latent @ mixing).astype(np.float32), (views + own).astype(np.float32)


def small() -> bool:
    """`best` with one seed on problems of few dimensions, and a slice of a plain loop."""
    enough = True
    for features in (1, 5):
        rng = np.random.default_rng(0)
        x, noise = gaussians(SMALL_ROWS, features, rng), gaussians(SMALL_ROWS, features, rng)
        y = SMALL_CORRELATION * x + (1 - SMALL_CORRELATION**2) ** 0.5 * noise
        estimate(x[:100], y[:100], "best", folds=2, seeds=1)  # what is imported first
        said, ours = timed(lambda x=x, y=y: estimate(x, y, "best", seeds=1))
        one = plain_step(features, (100, 100))
        theirs = SMALL_STEPS * min(rounds(lambda step=one: step, STEPS))
        truth = -features / 2 * np.log2(1 - SMALL_CORRELATION**2)
        print(f"\n{SMALL_ROWS} rows of {features} + {features} dimensions, {truth:.3f} bits: CPU s")
        print(f"{'best, five folds and nulls':28}{ours:8.1f}   {said.value:.3f} bits")
        print(f"{'plain loop of 2x100 MINE':28}{theirs:8.1f}   one critic, {SMALL_STEPS} steps, "
              f"scaled from {STEPS}: {theirs / ours:.1f} times")  # fmt: skip
        enough &= ours <= theirs
    return enough


def infonce() -> bool:
    """A step of InfoNCE at batch 500: all pairs by projections, and by a joint network."""
    features, rng = 512, np.random.default_rng(0)
    x = torch.from_numpy(gaussians(BATCH, features, rng))
    y = torch.from_numpy(gaussians(BATCH, features, rng))
    critic = SeparableCritic(
        (1, 1, 1), features, features, 64, None, torch.Generator().manual_seed(0),
        precision=product_type("auto"),
    )  # fmt: skip
    optimiser = torch.optim.AdamW(critic.parameters(), lr=1e-3, fused=True)

    def separable() -> None:
        optimiser.zero_grad(set_to_none=True)
        px, py = critic.project(x[None, None], y[None, None])
        loss = SymmetricCrossEntropy.apply(px, py, critic.log_scale, None, critic.precision)
        torch.autograd.backward(loss.sum())
        optimiser.step()

    network = nn.Sequential(
        nn.Linear(2 * features, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 1)
    )
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)

    def joint() -> None:
        pairs = torch.cat([x.repeat(BATCH, 1), y.repeat_interleave(BATCH, 0)], 1)
        scores = network(pairs).view(BATCH, BATCH)
        loss = torch.logsumexp(scores, 1).mean() - scores.diagonal().mean()
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()

    with one_thread_each():
        ours = min(rounds(lambda: separable, STEPS))
        theirs = min(rounds(lambda: joint, 1))
    print(f"\nInfoNCE on {features} + {features} features, batch {BATCH}: CPU ms a step")
    print(f"{'separable critic':28}{ours * 1e3:8.1f}")
    print(f"{'joint critic, all pairs':28}{theirs * 1e3:8.1f}   {theirs / ours:.0f} times")
    return theirs / ours >= 100


def memory() -> bool:
    """Peak of training 90 members at once, in a process of its own."""
    said = subprocess.run(
        [sys.executable, __file__, "--stack"], check=True, capture_output=True, text=True
    ).stdout
    before, after = (int(number) * 1024 for number in said.split())
    print(f"\nMINE of {LEVELS * 10} members, 3x400, {CURVE_SAMPLES} samples of 512 features, "
          f"batch {BATCH}: peak {after / GIBIBYTE:.2f} GiB, of which {before / GIBIBYTE:.2f} "
          "before training")  # fmt: skip
    return after < 2 * GIBIBYTE


def stack() -> None:
    """Train the 90 members for an epoch and print resident KiB before and at the peak."""
    rng = np.random.default_rng(0)
    x = gaussians(CURVE_SAMPLES, 512, rng)
    y = gaussians(CURVE_SAMPLES * LEVELS, 512, rng).reshape(LEVELS, -1, 512)
    before = peak_memory()
    estimate(x, y, "mine", hidden=(400, 400, 400), components=None, epochs=1, seeds=1)
    print(before, peak_memory())


def peak_memory() -> int:
    """KiB of this process alone: getrusage also counts the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


def gaussians(rows: int, features: int, rng: np.random.Generator) -> NDArray[np.float32]:
    return rng.standard_normal((rows, features)).astype(np.float32)


def peak(dtype: torch.dtype, size: int = 1024) -> float:
    """Operations a second of one core on a large product, two a multiplication."""
    one = torch.randn(size, size).to(dtype)
    return 2 * size**3 / min(rounds(lambda: lambda: one @ one, 10))


def rounds(make: Callable[[], Callable[[], object]], steps: int) -> Sequence[float]:
    """CPU seconds a step, of several rounds; the first steps are not counted."""
    step = make()
    said = []
    with one_thread_each():
        for _ in range(ROUNDS):
            step()
            said.append(timed(lambda: [step() for _ in range(steps)])[1] / steps)
    return said


def timed(work: Callable[[], Found]) -> tuple[Found, float]:
    """What it returns, and the CPU seconds it took."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


BENCHMARKS = {
    "critics": critics,
    "curve": curve,
    "infonce": infonce,
    "memory": memory,
    "small": small,
}

if __name__ == "__main__":
    stack() if sys.argv[1:] == ["--stack"] else main()
