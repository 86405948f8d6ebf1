"""Peak memory of one forward pass, analog against plain, on a CPU in a process for each."""

from __future__ import annotations

import gc
import math
import subprocess
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from bitline.design import Design
from bitline.evaluation.benchmarks import CASES, network_and_inputs
from bitline.nn import Calibration, conversion_of, convert
from bitline.numerics.freed_memory import give_back_freed_memory


def memory_ratio(
    device: str, network: str, case: str, batch: int, plain: nn.Module, analog: nn.Module, samples: Tensor
) -> float:
    """Growth of peak memory by one forward pass over that of the plain network; NaN where it cannot be known."""
    if device != "cpu":
        return _gpu_memory(analog, samples) / _gpu_memory(plain, samples)
    if not Path("/proc/self/clear_refs").exists():
        return math.nan
    return _memory(network, case, batch) / max(1, _memory(network, "plain", batch))


def _gpu_memory(model: nn.Module, samples: Tensor) -> int:
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    model(samples)
    return torch.cuda.max_memory_allocated() - before


def _memory(network: str, case: str, batch: int) -> int:
    """Growth of peak memory by one forward pass, in a process of its own, kilobytes."""
    command = [sys.executable, "-m", "bitline.evaluation.peak_memory", network, case, str(batch)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


@torch.no_grad()
def _report_memory(network: str, case: str, batch: int) -> None:
    plain, samples = network_and_inputs(network, batch)
    model = plain
    if case != "plain":
        settings = CASES[case][1]
        few = convert(plain, Design().with_settings(settings), samples[:1])
        calibration: Calibration = conversion_of(few).calibration
        model = convert(plain, Design().with_settings(settings), calibration)
    model(samples[:1])
    gc.collect()
    give_back_freed_memory()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _peak_kilobytes()
    model(samples)
    print(_peak_kilobytes() - before)


def _peak_kilobytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    _report_memory(sys.argv[1], sys.argv[2], int(sys.argv[3]))
