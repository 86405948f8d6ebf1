"""Arrays and copies of matrices, counted by hand, and the budget for copies."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bitline import Design
from bitline.arrays import ConvolutionProduct, MatrixProduct
from bitline.cost.mapping import ArrayMapping, copies_of
from bitline.design.hardware import BalancedDuplication


def test_mapping_of_matrices_and_grouped_convolutions():
    tall = ArrayMapping.of(MatrixProduct(2500), 600, Design())
    assert (tall.partitions, tall.tiles, tall.arrays) == (3, 3, 9)
    assert tall.used == pytest.approx(2500 * 600 / (9 * 1152 * 256))
    sliced = ArrayMapping.of(MatrixProduct(100), 10, Design(weights={"bits": 9, "bits_per_cell": 1}))
    assert sliced.arrays == sliced.slices == 8
    depthwise = ArrayMapping.of(ConvolutionProduct(1, (3, 3), groups=300), 300, Design())
    assert (depthwise.packed, depthwise.arrays) == (128, 3)
    unit = ArrayMapping.of(MatrixProduct(128), 256, Design.load("isaac"))
    assert (unit.columns, unit.tiles, unit.arrays) == (258, 2, 16)


@given(times=st.lists(st.floats(1, 1e4), min_size=1, max_size=8), extra=st.floats(0, 20), seed=st.integers(0, 1000))
def test_copies_keep_to_the_budget_and_shorten_the_slowest_layer(times, extra, seed):
    generator = torch.Generator().manual_seed(seed)
    names = [str(index) for index in range(len(times))]
    arrays = {name: int(torch.randint(1, 9, (), generator=generator)) for name in names}
    products = {name: float(torch.randint(1, 50, (), generator=generator)) for name in names}
    duration = dict(zip(names, times, strict=True))
    copies = copies_of(BalancedDuplication(extra_arrays=extra), arrays, products, duration)
    assert sum((copies[name] - 1) * arrays[name] for name in names) <= extra * sum(arrays.values()) + 1e-9
    assert all(1 <= copies[name] <= products[name] for name in names)
    slowest = max(duration[name] / copies[name] for name in names)
    assert slowest <= max(times) * (1 + 1e-9)
    bottleneck = max(names, key=lambda name: duration[name] / copies[name])
    more = {name: max(1, math.ceil(duration[name] / slowest * (1 + 1e-6))) for name in names}
    price = sum((more[name] - 1) * arrays[name] for name in names)
    assert price > extra * sum(arrays.values()) - 1e-6 or copies[bottleneck] >= products[bottleneck] or slowest == 0
