"""What this machine has, and how to use it: cores, native bf16, memory that is kept."""

from __future__ import annotations

import ctypes
import math
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, get_args

from .interfaces import ImleakError

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "fp32", "bf16", "fp16"]
"""Type of matrix products: bf16 where the machine has them, or one of the three. In
training, weights, their gradients and the optimiser are fp32 in any case."""

DEVICES = ("cpu", "cuda", "mps", "xpu")
"""Kinds of devices, as PyTorch names them; "cuda:1" is the second of its kind."""
PRECISIONS = ("fp32", "bf16", "fp16")
"""Types of matrix products by name, see :func:`product_type`."""

NATIVE = frozenset({"avx512_bf16", "amx_bf16"})
"""Processor flags of Linux that mean a product of bf16 numbers is one instruction."""
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -4, -8
"""Parameters of mallopt(3)."""
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Quota of a container: microseconds of CPU a period, and the period."""


def cores() -> int:
    """Cores this process may use: of its affinity, within the quota of its container."""
    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    try:
        quota, period = CPU_QUOTA.read_text(encoding="ascii").split()
        return max(1, min(allowed, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # none, or "max"
        return allowed


def limit_threads() -> None:
    """Let torch use no more threads than there are cores; fewer stay as they were set."""
    import torch

    if torch.get_num_threads() > cores():
        torch.set_num_threads(cores())


@cache
def native_bf16(device: str = "cpu") -> bool:
    """Whether matrix products in bf16 are faster than in fp32 on a device, and not emulated.

    Of processors, those of Linux that say so in /proc/cpuinfo (AVX-512 BF16, AMX): four
    to twelve times the products a second. Anything not known to have them has not.
    """
    import torch

    if device.startswith("cuda"):
        return torch.cuda.get_device_capability(device) >= (8, 0)
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    has_library: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return has_library and not NATIVE.isdisjoint(flags.split())


def product_type(precision: Precision, device: str = "cpu") -> torch.dtype:
    """The type of matrix products that a precision asks for on a device. Raises ImleakError if the
    device is not there, and ValueError if the precision is not one of "auto", "fp32", "bf16" and
    "fp16"."""
    import torch

    check_device(device)
    types = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    if precision == "auto":
        precision = "bf16" if native_bf16(device) else "fp32"
    if precision not in types:
        raise ValueError(f"precision {precision!r} is not one of auto, fp32, bf16, fp16")
    return types[precision]


def on_cpu(dtype: torch.dtype) -> torch.dtype:
    """The type of matrix products that stands on the CPU for one that was chosen for any device:
    fp32 for itself, and for others what the CPU has."""
    import torch

    return dtype if dtype == torch.float32 else product_type("auto")


def fast_products() -> torch.autocast:
    """Where products on the CPU are of bf16 if it has them, and else of fp32: without them, bf16
    is emulated and takes up to a hundred times as long."""
    import torch

    chosen = product_type("auto")
    return torch.autocast("cpu", torch.bfloat16, enabled=chosen == torch.bfloat16)


def device_named(device: str, precision: Precision) -> str:
    """A device by its name, without torch: whether it is there shows when it is first used. Raises
    ImleakError if there is no such name or precision, or not this precision on this device."""
    known = get_args(Precision)
    if precision not in known:
        raise ImleakError(f"precision is one of {', '.join(known)}, not {precision!r}")
    kind, _, index = str(device).partition(":")
    if kind not in DEVICES or (index and not index.isdecimal()) or not isinstance(device, str):
        raise ImleakError(f"device {device!r} is not there; device='cpu' always is")
    if kind == "cpu" and precision == "fp16":
        raise ImleakError("precision fp16 is for GPUs; on the CPU there are fp32 and bf16")
    return kind if kind == "cpu" else device


def check_device(device: str) -> None:
    """Refuse a device that torch does not find. Raises ImleakError if nothing can be computed on
    it."""
    if device == "cpu":
        return
    import torch

    try:
        torch.empty(0, device=device).cpu()
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise ImleakError(f"device {device!r} is not there; device='cpu' always is") from error


def precision_of(dtype: torch.dtype) -> str:
    """What the type of matrix products is called here: "fp32", "bf16" or "fp16"."""
    return {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}[str(dtype)[6:]]


@cache
def reuse_memory() -> bool:
    """Keep freed memory for the next allocation, where the C library is glibc.

    Training allocates the same large tensors at every step. By default glibc returns them
    to the system and asks for them again, zeroed page by page: on virtual machines that
    can cost more than the arithmetic. The price is that the process keeps its peak until
    it ends. Threads share one arena, so that what one has freed the others use.

    Returns
    -------
    Whether memory is kept now; the first call decides, later ones say the same.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    wanted = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 64 << 20, M_ARENA_MAX: 1}
    return all(mallopt(parameter, value) == 1 for parameter, value in wanted.items())


@contextmanager
def home_or_temporary() -> Iterator[None]:
    """A home folder for whoever keeps something in one, this package and others: where the
    user has none (no ``HOME`` and no entry in the list of users), a temporary one."""
    try:
        Path.home()
    except RuntimeError:
        with TemporaryDirectory(prefix="imleak-home-", ignore_cleanup_errors=True) as folder:
            os.environ["HOME"] = folder
            try:
                yield
            finally:
                del os.environ["HOME"]
    else:
        yield


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Stacks run side by side, each on one core: small products gain nothing from threads
    and lose much to waiting for them."""
    import torch
    from threadpoolctl import threadpool_limits

    reuse_memory()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
