"""A GPU gives what the CPU gives: to the bit where products are of whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from strategies import designs, inputs_for, matrices

from bitline import AnalogCore
from bitline.encode.input_slices import byte_slices
from bitline.layer.integer_plans import IntegerPlan
from bitline.nn.fingerprint import fingerprint
from bitline.numerics.draws import Draws
from bitline.numerics.histogram import Histogram
from bitline.numerics.quotient import quotient
from bitline.numerics.read_noise import standard_normal

pytestmark = pytest.mark.needs("a GPU")


def to_gpu(values: torch.Tensor) -> torch.Tensor:
    return values.to("cuda")


@settings(max_examples=150)
@given(designs(), matrices(), st.integers(0, 1000), st.booleans(), st.integers(1, 5))
def test_a_core_on_a_gpu_gives_the_same_bits_or_the_literal_chain(design, matrix, seed, signed, batch):
    inputs = torch.from_numpy(inputs_for(matrix.shape[1], batch, seed, signed)).float()
    weight = torch.from_numpy(matrix)
    cpu = AnalogCore(weight, design, calibration=inputs, seed=seed)
    gpu = AnalogCore(to_gpu(weight), design, calibration=cpu.calibration, seed=seed)
    result = (gpu @ to_gpu(inputs)).cpu()
    if isinstance(cpu.programmed.plan, IntegerPlan):
        assert torch.equal(result, cpu @ inputs)
        return
    expected = literal_chain(matrix, design, inputs.numpy(), cpu.calibration, draws=Draws((seed, 0, "core")))
    allowed = expected.slack + 2e-5 * expected.magnitude.max(initial=1e-6) + 1e-6
    assert (np.abs(result.numpy() - expected.outputs) <= allowed).all()


@pytest.mark.parametrize("number", [3.0, 49.0, 127.0, 255.0])
def test_quotients_are_rounded_right(number):
    values = torch.arange(1.0, 100_000.0)
    assert torch.equal(quotient(to_gpu(values), number).cpu(), values / number)


def test_read_noise_is_the_same_to_the_bit():
    samples = torch.tensor([0, 5, 1 << 50])
    expected = standard_normal(7, samples, 100_000)
    assert torch.equal(standard_normal(7, to_gpu(samples), 100_000).cpu(), expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_fingerprints_are_the_same(dtype):
    values = torch.randn(1000).to(dtype)
    assert fingerprint(to_gpu(values)) == fingerprint(values)


def test_slices_of_bytes_are_the_same():
    codes = torch.arange(256, dtype=torch.uint8)
    slices = [digits.clone() for digits in byte_slices(codes, 128, 7, 2)]
    for expected, found in zip(slices, byte_slices(to_gpu(codes), 128, 7, 2), strict=True):
        assert torch.equal(found.cpu(), expected)


def test_histograms_are_the_same():
    values = torch.randn(100_000)
    cpu, gpu = Histogram(), Histogram()
    cpu.update(values)
    gpu.update(to_gpu(values))
    assert torch.equal(gpu.counts, cpu.counts)
