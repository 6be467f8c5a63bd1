"""Patches a second of the encoders, against plain PyTorch and a plain loop of transformers.

    python benchmarks/encoders.py [--threads 1] [--seconds 3]

CPU time on so many threads. EfficientNet-Lite0 fused by oneDNN must be 1.15 times as fast as
the same network of PyTorch, batch normalisation folded in, in the precision that `imleak`
chooses, and as near to fp32. CLIP and ResNet have random weights: one patch at a time in fp32
through transformers, 32 at a time, and `imleak` in the precision it chooses. The features must
agree; every rate stands beside the share of this machine's own matrix products (2048 cubed,
best of many) that it comes to. Where the processor has native bf16, both must be 1.5 times the
batches, and CLIP 40 % of the product's peak; elsewhere, as fast as the batches.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, ResNetConfig, ResNetModel

from imleak.encoders._network import Network
from imleak.encoders._pretrained import Pretrained
from imleak.encoders.clip import Clip
from imleak.encoders.efficientnet import EfficientNetLite0
from imleak.encoders.resnet import ResNet
from imleak.interfaces import Features
from imleak.machine import cores, native_bf16, reuse_memory

BATCH = 32
SIDE = 2048
AGREEMENT = 1e-4
"""Largest difference to transformers in fp32, of the largest feature."""

FUSED = 1.15
"""Times as fast as plain PyTorch."""

TARGETS = {"clip": (1.5, 0.4), "resnet": (1.5, 0.0)}
"""Times batches, share of the peak; with native bf16."""

WITHOUT_BF16 = (1.0, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="CPU time is fairest with one")
    parser.add_argument("--seconds", type=float, default=3.0, help="for every measurement")
    options = parser.parse_args()
    torch.set_num_threads(min(options.threads, cores()))
    reuse_memory()

    peaks = {name: peak(kind, options.seconds) for name, kind in TYPES.items()}
    print(f"{torch.get_num_threads()} of {cores()} cores; products of {SIDE} cubed:", end=" ")
    print(", ".join(f"{flops / 1e9:.0f} GFLOP/s in {name}" for name, flops in peaks.items()))
    print(f"{'':52}{'patches/s':>10}{'ratio':>8}{'share of peak':>15}")
    failures = fused(peaks, options.seconds)
    for encoder, reference in (clip(), resnet()):
        failures += compare(encoder, reference, peaks, options.seconds)
    if failures:
        raise SystemExit("; ".join(failures))


TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}

Reference = Callable[[torch.Tensor], torch.Tensor]


def fused(peaks: dict[str, float], seconds: float) -> list[str]:
    """EfficientNet-Lite0 by both engines: print two rates, and return what falls short."""
    encoder = EfficientNetLite0()
    images = np.random.default_rng(0).integers(0, 256, (BATCH, 1, 224, 224), dtype=np.uint8)
    plain = EfficientNetLite0()
    plain.engine = "PyTorch"
    work, kind = operations(plain, images), encoder.precision
    first = rate(lambda: plain.encode(images, 8), BATCH, seconds)
    ours = rate(lambda: encoder.encode(images, 8), BATCH, seconds)
    for each, value in ((plain, first), (encoder, ours)):
        line(f"{each.name}, {each.engine}, {kind}", value, first, value * work / peaks[kind])
    exact = EfficientNetLite0(precision="fp32").encode(images, 8)
    errors = [distance(each.encode(images, 8), exact) for each in (plain, encoder)]
    print(f"      of fp32 {errors[0]:.1%} and {errors[1]:.1%} apart, in norm")
    short = [f"fused, it is {ours / first:.2f} times as fast, not {FUSED}"] * (ours < FUSED * first)
    return short + ["fused, it is further from fp32"] * (errors[1] > 1.1 * errors[0] + 1e-5)


def distance(found: Features, exact: Features) -> float:
    """Mean distance of vectors (n, d), of their norm."""
    return float((np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)).mean())


def clip() -> tuple[Clip, Reference]:
    """Ours, and the same network of transformers."""
    torch.manual_seed(0)
    theirs = CLIPVisionModelWithProjection(CLIPVisionConfig()).eval()
    return Clip("random:0"), lambda x: theirs(x).image_embeds


def resnet() -> tuple[ResNet, Reference]:
    torch.manual_seed(0)
    theirs = ResNetModel(ResNetConfig()).eval()
    return ResNet("random:0"), lambda x: theirs(x).pooler_output.flatten(1)


def compare(
    encoder: Pretrained, reference: Reference, peaks: dict[str, float], seconds: float
) -> list[str]:
    """Print three rates, and return what falls short."""
    images = np.random.default_rng(0).integers(0, 256, (BATCH, 3, 224, 224), dtype=np.uint8)
    shown = encoder.input.prepare(images, 8, "cpu", torch.float32)
    exact = type(encoder)("random:0", precision="fp32")
    with torch.inference_mode():
        expected = reference(shown).numpy()
        one = rate(lambda: [reference(image) for image in shown[:4].split(1)], 4, seconds)
        many = rate(lambda: reference(shown), BATCH, seconds)
    ours = rate(lambda: encoder.encode(images, 8), BATCH, seconds)
    difference = float(np.abs(exact.encode(images, 8) - expected).max() / np.abs(expected).max())
    work = operations(encoder, images)
    share = ours * work / peaks[encoder.precision]
    name = encoder.name
    line(f"{name}, transformers, fp32, 1", one, one, one * work / peaks["fp32"])
    line(f"{name}, transformers, fp32, {BATCH}", many, one, many * work / peaks["fp32"])
    line(f"{name}, imleak, {encoder.precision}, {encoder.batch_size}", ours, one, share)
    print(f"{name}: {ours / many:.1f} times batches in fp32, {work / 1e9:.1f} GFLOP a patch,")
    print(f"      in fp32 within {difference:.0e} of transformers")
    found = (ours / many, share)
    wanted = TARGETS[name] if native_bf16() else WITHOUT_BF16
    words = ("times batches", "of the peak")
    short = [
        f"{name} is {value:.2f} {word}, not {target}"
        for value, word, target in zip(found, words, wanted, strict=True)
        if value < target
    ]
    return short + [f"{name} differs by {difference:.1e}"] * (difference > AGREEMENT)


def operations(encoder: Network, images: np.ndarray[Any, Any]) -> int:
    """Floating-point operations a patch that are carried out, of products and convolutions."""
    with FlopCounterMode(display=False) as counter:
        encoder.encode(images[:1], 8)
    return counter.get_total_flops()


def peak(kind: torch.dtype, seconds: float) -> float:
    """Operations a second of a large product."""
    a, b = torch.randn(SIDE, SIDE).to(kind), torch.randn(SIDE, SIDE).to(kind)
    return rate(lambda: a @ b, 2 * SIDE**3, seconds)


def rate(work: Callable[[], object], count: int, seconds: float) -> float:
    """`count` by the seconds of the fastest repetition: others may use this machine too.

    Seconds of CPU by the number of threads, which is wall time where nobody does.
    """
    work()
    times = []
    while sum(times) < seconds:
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return count * torch.get_num_threads() / min(times)


def line(label: str, value: float, first: float, share: float) -> None:
    print(f"{label:52}{value:10.1f}{value / first:8.1f}{share:15.0%}", flush=True)


if __name__ == "__main__":
    main()
