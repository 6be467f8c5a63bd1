"""Patches a second of CLIP ViT-B/32 and ResNet-50, against a plain loop of transformers.

    python benchmarks/encoders.py [--threads 1] [--seconds 3]

Random weights, 224x224, CPU time on so many threads: one patch at a time in fp32 through
transformers, 32 at a time in fp32 through transformers, and `imleak` in the precision it
chooses. The features must agree; every rate stands beside the share of this machine's own
matrix products (2048 cubed, best of many) that it comes to. Where the processor has native
bf16, CLIP must be 5 times the first, 3 times the second and 40 % of the product's peak,
and ResNet 3 times the first; elsewhere the targets are those that remain in fp32: as fast
as the batches of transformers.
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

from imleak.encoders._pretrained import Pretrained
from imleak.encoders.clip import Clip
from imleak.encoders.resnet import ResNet
from imleak.machine import cores, native_bf16, reuse_memory

BATCH = 32
SIDE = 2048
AGREEMENT = 1e-4
"""Largest difference to transformers in fp32, of the largest feature."""

TARGETS = {"clip": (5.0, 3.0, 0.4), "resnet": (3.0, 1.0, 0.0)}
"""Times one at a time, times batches, share of the peak; with native bf16."""

WITHOUT_BF16 = (1.0, 1.0, 0.0)


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
    print(f"{'':34}{'patches/s':>10}{'ratio':>8}{'share of peak':>15}")
    failures = []
    for encoder, reference in (clip(), resnet()):
        failures += compare(encoder, reference, peaks, options.seconds)
    if failures:
        raise SystemExit("; ".join(failures))


TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}

Reference = Callable[[torch.Tensor], torch.Tensor]


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
    pictures = np.random.default_rng(0).integers(0, 256, (BATCH, 3, 224, 224), dtype=np.uint8)
    shown = encoder.input.prepare(pictures, 8, "cpu", torch.float32)
    exact = type(encoder)("random:0", precision="fp32")
    with torch.inference_mode():
        expected = reference(shown).numpy()
        one = rate(lambda: [reference(picture) for picture in shown[:4].split(1)], 4, seconds)
        many = rate(lambda: reference(shown), BATCH, seconds)
    ours = rate(lambda: encoder.encode(pictures, 8), BATCH, seconds)
    difference = float(np.abs(exact.encode(pictures, 8) - expected).max() / np.abs(expected).max())
    work = operations(encoder, pictures)
    share = ours * work / peaks[encoder.precision]
    name = encoder.name
    line(f"{name}, transformers, fp32, 1", one, one, one * work / peaks["fp32"])
    line(f"{name}, transformers, fp32, {BATCH}", many, one, many * work / peaks["fp32"])
    line(f"{name}, imleak, {encoder.precision}, {encoder.batch_size}", ours, one, share)
    print(f"{name}: {ours / many:.1f} times batches in fp32, {work / 1e9:.1f} GFLOP a patch,")
    print(f"      in fp32 within {difference:.0e} of transformers")
    found = (ours / one, ours / many, share)
    wanted = TARGETS[name] if native_bf16() else WITHOUT_BF16
    words = ("times one at a time", "times batches", "of the peak")
    short = [
        f"{name} is {value:.2f} {word}, not {target}"
        for value, word, target in zip(found, words, wanted, strict=True)
        if value < target
    ]
    return short + [f"{name} differs by {difference:.1e}"] * (difference > AGREEMENT)


def operations(encoder: Pretrained, pictures: np.ndarray[Any, Any]) -> int:
    """Floating-point operations a patch that are carried out, of products and convolutions."""
    with FlopCounterMode(display=False) as counter:
        encoder.encode(pictures[:1], 8)
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
    print(f"{label:34}{value:10.1f}{value / first:8.1f}{share:15.0%}", flush=True)


if __name__ == "__main__":
    main()
