"""PyTorch keeps the number of threads it was given, whatever kernels run."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from bitline.study import Study, sweep

PROGRAM = """
import torch
torch.set_num_threads({threads})
from bitline import AnalogCore, Design
matrix, inputs = torch.randn(8, 16), torch.rand(16, 4)
AnalogCore(matrix, Design(), calibration=inputs) @ inputs
import numba
print(torch.get_num_threads(), numba.get_num_threads())
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_kernels_leave_the_number_of_threads_alone(threads):
    program = PROGRAM.format(threads=threads)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    torch_threads, numba_threads = map(int, done.stdout.split())
    assert torch_threads == threads
    assert numba_threads <= threads


def test_work_in_this_process_leaves_its_threads_alone(tmp_path):
    before = torch.get_num_threads()
    study = Study(data={"images": 4, "calibration_images": 4}, run={"chips": 1})
    torch.set_num_threads(1)
    try:
        sweep(study, tmp_path / "store.sqlite", workers=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
