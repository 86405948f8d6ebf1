"""Networks for which there is not enough memory."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from bitline import convert
from bitline.errors import ConversionError

NAMED = r"not enough memory to convert this .*MiB of weights.*bitline\.nn\.Part"


class Uncopyable(nn.Linear):
    """Raises an error when it is copied."""

    error: Exception

    def __deepcopy__(self, memo):
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: 12"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_copy_without_memory_is_said_to_be_one(error):
    network = Uncopyable(6, 4)
    network.error = error
    with pytest.raises(ConversionError, match=NAMED):
        convert(network, "differential", torch.randn(8, 6))


def test_a_copy_that_fails_otherwise_is_not():
    network = Uncopyable(6, 4)
    network.error = ValueError("no")
    with pytest.raises(ConversionError, match=r"cannot be copied \(no\) \(.*test_memory\.py:\d+\): make it copyable"):
        convert(network, "differential", torch.randn(8, 6))


@pytest.mark.parametrize("run", [1, 2], ids=["in the float network", "in the converted one"])
def test_a_network_that_runs_out_of_memory_is_not_called_unfaithful(run):
    class Hungry(nn.Module):
        runs = 0

        def forward(self, x):
            self.runs += isinstance(x, torch.Tensor)  # what traces the network counts for nothing
            if self.runs == run:
                raise MemoryError
            return x

    network = nn.Sequential(nn.Linear(6, 4), Hungry())
    with pytest.raises(ConversionError, match=NAMED):
        convert(network, "differential", torch.randn(8, 6))


LIMITED = """
import resource, torch
from torch import nn
from bitline import convert
from bitline.errors import ConversionError

network, inputs = nn.Sequential(*(nn.Linear(2048, 2048) for _ in range(4))).eval(), torch.randn(4, 2048)
convert(nn.Linear(8, 4), "differential", torch.randn(4, 8))  # what is loaded on the way
held = int(open("/proc/self/status").read().split("VmData:")[1].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (held + (ROOM << 20),) * 2)
try:
    convert(network, "differential", inputs)
except ConversionError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize("room", [32, 80], ids=["less than a copy", "a copy and little more"])
def test_the_limit_of_a_process(room):
    """64 MiB of weights."""
    command = [sys.executable, "-c", LIMITED.replace("ROOM", str(room))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("not enough memory to convert this Sequential with 64 MiB of weights")
