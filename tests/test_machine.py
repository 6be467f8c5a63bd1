"""What the machine is said to have is what it has."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from imleak import machine


@pytest.fixture(autouse=True)
def forget():
    machine.native_bf16.cache_clear()
    yield
    machine.native_bf16.cache_clear()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_cores_are_those_this_process_may_use(monkeypatch):
    monkeypatch.setattr(machine, "CPU_QUOTA", Path("no such file"))
    allowed = os.sched_getaffinity(0)
    assert machine.cores() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert machine.cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("quota", "most"), [("50000 100000", 1), ("150000 100000", 2), ("max 100000", 4), ("", 4)]
)
def test_cores_are_within_the_quota_of_a_container(tmp_path, monkeypatch, quota, most):
    path = tmp_path / "cpu.max"
    path.write_text(quota)
    monkeypatch.setattr(machine, "CPU_QUOTA", path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(4), raising=False)
    assert machine.cores() == most


def test_threads_are_no_more_than_cores(monkeypatch):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        for cores, threads in ((3, 2), (1, 1), (3, 1)):
            monkeypatch.setattr(machine, "cores", lambda cores=cores: cores)
            machine.limit_threads()
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def cpuinfo(monkeypatch, flags):
    def read_text(self, **_):
        if flags is None:
            raise FileNotFoundError(self)
        return f"processor\t: 0\nflags\t\t: fpu {flags} sse2\n"

    monkeypatch.setattr(Path, "read_text", read_text)


@pytest.mark.parametrize(
    ("flags", "native"),
    [
        ("avx512_bf16", True),
        ("amx_bf16 amx_tile", True),
        ("avx512f", False),
        ("", False),
        (None, False),
    ],
)
def test_bf16_is_native_where_the_processor_says_so(monkeypatch, flags, native):
    cpuinfo(monkeypatch, flags)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    assert machine.native_bf16() is native
    assert machine.product_type("auto") is (torch.bfloat16 if native else torch.float32)


def test_bf16_is_not_native_without_the_library_that_uses_it(monkeypatch):
    cpuinfo(monkeypatch, "avx512_bf16")
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not machine.native_bf16()


@pytest.mark.parametrize(
    ("capability", "native"), [((7, 5), False), ((8, 0), True), ((9, 0), True)]
)
def test_bf16_of_a_graphics_card_goes_by_its_generation(monkeypatch, capability, native):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert machine.native_bf16("cuda:0") is native


@pytest.mark.parametrize("native", [False, True])
def test_a_precision_that_is_named_is_used(monkeypatch, native):
    monkeypatch.setattr(machine, "native_bf16", lambda device: native)
    assert machine.product_type("fp32") is torch.float32
    assert machine.product_type("bf16") is torch.bfloat16


@pytest.mark.parametrize("native", [False, True])
def test_the_cpu_stands_in_with_what_it_has(monkeypatch, native):
    monkeypatch.setattr(machine, "native_bf16", lambda device: native)
    fast = torch.bfloat16 if native else torch.float32
    chosen = (torch.float32, torch.bfloat16, torch.float16)
    assert [machine.on_cpu(one) for one in chosen] == [torch.float32, fast, fast]


@pytest.mark.parametrize("native", [False, True])
def test_products_are_not_of_an_emulated_type(monkeypatch, native):
    monkeypatch.setattr(machine, "native_bf16", lambda device: native)
    with machine.fast_products():
        found = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    assert found is (torch.bfloat16 if native else torch.float32)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_type_is_called_as_it_was_asked_for(precision):
    assert machine.precision_of(machine.product_type(precision)) == precision


def test_an_unknown_precision_names_the_known_ones():
    with pytest.raises(ValueError, match="'half' is not one of auto, fp32, bf16, fp16"):
        machine.product_type("half")


@pytest.mark.slow
@pytest.mark.skipif(not machine.native_bf16(), reason="no native bf16 here")
def test_native_bf16_is_faster():
    def seconds(kind):
        one = torch.randn(768, 768).to(kind)
        best = float("inf")
        for _ in range(8):
            start = time.process_time()
            one @ one
            best = min(best, time.process_time() - start)
        return best

    with machine.one_thread_each():
        assert seconds(torch.bfloat16) < seconds(torch.float32) / 1.5


FAULTS = """
import resource, sys
from imleak import machine
if sys.argv[1] == "kept":
    assert machine.reuse_memory() and machine.reuse_memory()

def step():
    return len(b"x" * (48 << 20))  # more than glibc keeps by itself

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

step()
before = faults()
for _ in range(10):
    step()
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc")
def test_memory_that_is_kept_is_not_asked_for_again():
    def faults(how):
        command = [sys.executable, "-c", FAULTS, how]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert faults("kept") * 10 < faults("given back")


def test_without_glibc_nothing_is_done(monkeypatch):
    monkeypatch.setattr(machine.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(machine.ctypes, "CDLL", None)
    machine.reuse_memory.cache_clear()
    try:
        assert machine.reuse_memory() is False
    finally:
        machine.reuse_memory.cache_clear()


def test_threads_are_one_inside_and_as_before_after():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with machine.one_thread_each():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), machine.one_thread_each():
            1 / 0  # noqa: B018
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_asking_for_cores_loads_nothing_heavy():
    code = "import sys, imleak.machine as m; m.cores(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
