"""Values rounded to multiples of a step."""

import pytest
import torch

from bitline.numerics.quotient import quotient
from bitline.numerics.whole_steps import whole_steps


@pytest.mark.parametrize("step", [1 / 24892, 0.25, 0.1])
@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_kernel_equals_the_readable_rounding(step, precision):
    values = torch.randn(3, 4097, dtype=precision, generator=torch.Generator().manual_seed(0))
    values[0] = torch.arange(4097) * step / 2  # halves are among them
    counts, rounded = whole_steps(values, step)
    expected = quotient(values.double(), step).round()
    assert counts.dtype == torch.int32 and torch.equal(counts.double(), expected)
    assert torch.equal(rounded, expected.mul(step).to(precision))
