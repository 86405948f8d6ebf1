"""The C library keeps freed memory for the next tensors."""

import ctypes
import subprocess
import sys

import pytest

from bitline.numerics import freed_memory

LAYER_AFTER_LAYER = """
import resource, bitline, torch
def fill():
    outputs = [torch.empty(3_200_000).fill_(1.0) for _ in range(4)]
    return float(sum(output[0] for output in outputs))
for _ in range(10):
    fill()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    fill()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PAGES = 10 * 4 * 12_800_000 // 4096
"""That forty tensors of 12.8 MB take, if all are new; about as many as it is where the C library decides."""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="not the C library of GNU")
def test_tensors_of_a_layer_find_the_memory_of_the_layer_before(monkeypatch):
    for name in freed_memory.CHOICES:
        monkeypatch.delenv(name, raising=False)
    said = subprocess.run([sys.executable, "-c", LAYER_AFTER_LAYER], capture_output=True, text=True, check=True).stdout
    assert int(said) < PAGES / 20


@pytest.mark.parametrize("name", freed_memory.CHOICES)
def test_what_the_user_chose_stays(name, monkeypatch):
    monkeypatch.setenv(name, "1")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: pytest.fail("the C library was asked"))
    freed_memory.keep_freed_memory()
