"""Kernels for GPUs where there is no GPU: run by Triton's interpreter, and compiled for two generations of GPUs."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.needs("Triton")

READABLE = """
    import torch
    from bitline.arrays.integer.floating import FloatingMultiply
    from bitline.arrays.integer.tensor_cores import TensorCoreMultiply
    from bitline.arrays.integer.trial import is_exact
    from bitline.arrays.integer.windows import Windows
    from bitline.numerics.read_noise import noise_agrees
    from bitline.quantize.inputs import bytes_agree
    from bitline.readout.convert import conversions_agree

    assert noise_agrees("cpu")
    assert bytes_agree("cpu")
    assert conversions_agree("cpu")
    torch.manual_seed(0)
    cases = (
        ((40, 36, 3, 3), Windows((2, 1), (1, 1)), 2, 0),
        ((48, 1, 3, 3), Windows((2, 2), (1, 1), (2, 1)), 3, 128),
        ((130, 70, 1, 2), Windows((1, 1), (0, 2)), 1, 0),
    )
    for shape, windows, matrices, zero in cases:
        codes = torch.randint(0, 256, (1, matrices * shape[1], 6, 5)).to(torch.uint8)
        codes = codes.contiguous(memory_format=torch.channels_last)
        pieces = [(torch.randint(-128, 128, shape).to(torch.int8), 256.0**index) for index in range(3)]
        arguments = (pieces, windows, matrices, zero)
        assert torch.equal(TensorCoreMultiply(*arguments)(codes), FloatingMultiply(*arguments)(codes))
    assert is_exact(TensorCoreMultiply, (6, 20, 1, 1), Windows(), 1, 128)
"""

COMPILE = """
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource
    from bitline.arrays import _ladder_triton
    from bitline.arrays.integer import _bytes_triton
    from bitline.numerics import _read_noise_triton
    from bitline.quantize import _inputs_triton
    from bitline.readout import _convert_triton

    names = "divisor step low high zero segment foot start_s start_q"
    floats = dict.fromkeys(names.split(), "fp32")
    kernels = (
        (
            _bytes_triton._multiply,
            "codes:*u8 weights:*i8 shift:*i32 scales:*fp32 down:*i32 right:*i32 channel:*i32 result:*fp32 "
            "zero:i32 high:i32",
            {"PIECES": 2, "M": 64, "N": 32, "K": 32},
        ),
        (
            _convert_triton._convert,
            "sums:*fp32 scale:*fp32 low:*fp32 high:*fp32 factor:*fp32 start:*fp32 total:*fp32",
            {"ANEW": True, "DIVIDES": True, "N": _convert_triton.TOTALS},
        ),
        (_convert_triton._scale, "sums:*fp32 factor:*fp32 start:*fp32 total:*fp32", {"N": _convert_triton.TOTALS}),
        (_inputs_triton._input_bytes, "inputs:*fp32 codes:*u8 worst:*i32", {"N": _inputs_triton.INPUTS}),
        (_read_noise_triton._add_noise, "signals:*fp32 variance:*fp32 samples:*i64 key:i64", {"LANES": 64}),
        (
            _ladder_triton._ladder,
            "codes:*fp32 offset:*i64 base:*i64 given:*fp32 loading:*fp32 result:*fp32",
            {"CAREFUL": True, "P": _ladder_triton.POSITIONS, "L": _ladder_triton.LINES},
        ),
    )
    for kernel, types, constants in kernels:
        known = {**floats, **dict(entry.split(":") for entry in types.split())}
        signature = {name: "constexpr" if name in constants else known.get(name, "i32") for name in kernel.arg_names}
        source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
        compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32))
        assert compiled.asm["cubin"]
        if kernel is _bytes_triton._multiply:
            older = triton.compile(source, target=GPUTarget("cuda", 80, 32))
            for product, code in (("wgmma", compiled), ("mma.sync", older)):
                assert any(product in line and "s8.s8" in line for line in code.asm["ptx"].splitlines())
"""


def run(program: str, **environment: str) -> None:
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env={**os.environ, **environment}, check=True)


def test_kernels_equal_their_readable_versions():
    run(READABLE, TRITON_INTERPRET="1")


def test_kernels_compile_and_products_use_tensor_cores(tmp_path):
    run(COMPILE, TRITON_CACHE_DIR=str(tmp_path))
