"""Arrays and copies of matrices, counted by hand, and the budget for copies."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitline import Design
from bitline.arrays import ConvolutionProduct, MatrixProduct
from bitline.cost.mapping import ArrayMapping, copies_of
from bitline.cost.steps import Steps
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


LAYER = st.tuples(
    st.integers(1, 3),
    st.lists(st.sampled_from([1.0, 4.0, 9.0, 16.0, 25.0]), min_size=1, max_size=3),
    st.sampled_from([5.0, 7.3, 10.0, 20.0]),
)
"""Arrays, products of each step, and the time of one."""


@given(layers=st.lists(LAYER, min_size=1, max_size=3), extra=st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0]))
def test_no_other_copies_in_the_budget_make_the_slowest_layer_faster(layers, extra):
    """Copies were chosen for products / copies, where the fullest copy forms a whole number of them."""
    names = [str(index) for index in range(len(layers))]
    arrays, sizes, product_ns = (dict(zip(names, values, strict=True)) for values in zip(*layers, strict=True))
    steps = {name: Steps.of(products) for name, products in sizes.items()}
    budget = extra * sum(arrays.values())

    def slowest(copies):
        return max(steps[name].turns(count) * product_ns[name] for name, count in zip(names, copies, strict=True))

    def price(copies):
        return sum((count - 1) * arrays[name] for name, count in zip(names, copies, strict=True))

    most = [range(1, int(min(max(sizes[name]), budget // arrays[name] + 1)) + 1) for name in names]
    best = min(slowest(copies) for copies in itertools.product(*most) if price(copies) <= budget)
    found = copies_of(BalancedDuplication(extra_arrays=extra), arrays, steps, product_ns).values()
    assert price(found) <= budget
    assert slowest(found) == pytest.approx(best)
