"""The GPU kernel, run by Triton's interpreter where there is no GPU."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
    import torch
    from bitline.arrays._line_wires import LineWires
    from bitline.arrays._ladder import InputWindows, plain_products, start_of
    from bitline.arrays._ladder_triton import ladder_on_gpu

    torch.manual_seed(0)
    cases = ((LineWires(1e-3, 0.1), False), (LineWires(5.0), True), (LineWires(1e-2, 0, 0.2), False))
    for wires, careful in cases:
        codes = torch.randint(-15, 16, (2, 40)).float()
        windows = InputWindows(torch.randperm(30), torch.tensor([0, 3, 7]))
        given, loading = torch.rand(30, 70), torch.rand(30, 70)
        expected = plain_products(codes.double(), windows, given.double(), loading.double(), wires, 4)
        start = start_of(wires)
        arguments = (codes, windows.offset, windows.base, given, loading, (wires.segment, wires.foot, *start))
        result = ladder_on_gpu(*arguments, careful, 4)
        assert float((result - expected).abs().max()) < 1e-5 * float(expected.abs().max())
"""


@pytest.mark.needs("Triton")
def test_gpu_kernel_equals_the_readable_ladder():
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    subprocess.run([sys.executable, "-c", textwrap.dedent(PROGRAM)], env=environment, check=True)
