"""Digests by which data and networks are known."""

import numpy as np
import pytest
import torch

from bitline.numerics.digest import data_digest, digestible, weights_digest


@pytest.mark.parametrize("wrap", [list, tuple, lambda parts: {"boxes": parts}, lambda parts: [parts]])
def test_large_arrays_are_told_apart(wrap):
    """NumPy and PyTorch write only the ends of arrays above 1000 elements."""
    targets = [np.zeros(2000), np.zeros(2000)]
    others = [np.zeros(2000), np.zeros(2000)]
    others[1][1000] = 1e-12
    assert data_digest(*digestible(wrap(targets))) != data_digest(*digestible(wrap(others)))
    assert data_digest(*digestible(wrap(targets))) == data_digest(*digestible(wrap([part.copy() for part in targets])))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.bool, torch.complex64, torch.int64])
def test_every_type_has_a_digest(dtype):
    """Weights and images in bfloat16 ended in a TypeError of NumPy."""
    ones = torch.ones(3, dtype=dtype)
    assert weights_digest({"weight": ones, "scale": ones[0]}) != weights_digest({"weight": ones, "scale": 0 * ones[0]})
    assert data_digest(ones) == data_digest(ones.clone()) != data_digest(0 * ones)
