"""PyTorch keeps the number of threads it was given, whatever kernels run."""

from __future__ import annotations

import os
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


FORKS = """
import os, sys
from bitline import AnalogCore, Design
from bitline.errors import BitlineError
AnalogCore([[0.5, -1.0]], Design(), calibration=[1.0, 0.5])
if os.fork():
    os.wait()
else:
    try:
        print(AnalogCore([[0.5, -1.0]], Design(), calibration=[1.0, 0.5]) @ [1.0, 0.5])
    except BitlineError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="PyTorch and numba share GNU's OpenMP on Linux")
def test_kernels_refuse_to_run_in_a_forked_process_instead_of_ending_it():
    for layer, wanted in (("omp", 'start workers with "spawn"'), ("workqueue", "[0.0")):
        environment = {**os.environ, "NUMBA_THREADING_LAYER": layer, "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, env=environment)
        assert wanted in done.stdout, done
