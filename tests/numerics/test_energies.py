"""Energies of rows: right, and the same for any batch and layout."""

import pytest
import torch

from bitline.numerics.energies import energies


@pytest.mark.parametrize("shape", [(5, 3), (4, 7, 5, 3), (6, 40, 9), (3,)])
@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_energies_are_sums_of_squares(shape, precision):
    draws = torch.Generator().manual_seed(0)
    expected, found = (torch.randn(shape, dtype=precision, generator=draws) for _ in range(2))
    signal, error = energies(expected, found)
    rows = expected.reshape(len(expected), -1).double(), (found - expected).reshape(len(expected), -1).double()
    for sums, values in zip((signal, error), rows, strict=True):
        torch.testing.assert_close(sums, values.square().sum(1))


def test_rows_do_not_depend_on_each_other_or_on_the_layout_of_the_other_signal():
    draws = torch.Generator().manual_seed(0)
    expected, found = (torch.randn(6, 19, 7, 5, generator=draws) for _ in range(2))
    expected = expected.contiguous(memory_format=torch.channels_last)
    together = energies(expected, found)
    assert torch.equal(together, torch.cat([energies(expected[n : n + 1], found[n : n + 1]) for n in range(6)], dim=1))
    assert torch.equal(together, energies(expected, found.contiguous(memory_format=torch.channels_last)))
