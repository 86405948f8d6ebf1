"""What operations multiply, counted by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from bitline.nn.products import product_of

ENDS = torch.tensor([2, 2, 8], dtype=torch.int32)
"""Where three groups of 8 rows end, one of which is empty."""


def ones(*shape: int) -> Tensor:
    return torch.ones(shape)


CALLS = {
    "mm": (lambda: ones(3, 4) @ ones(4, 5), 60, [(3, 4), (4, 5)]),
    "addmm": (lambda: torch.addmm(ones(3, 5), ones(3, 4), ones(4, 5)), 60, [(3, 4), (4, 5)]),
    "bmm": (lambda: ones(2, 3, 4) @ ones(2, 4, 5), 120, [(2, 3, 4), (2, 4, 5)]),
    "baddbmm": (lambda: torch.baddbmm(ones(2, 3, 5), ones(2, 3, 4), ones(2, 4, 5)), 120, [(2, 3, 4), (2, 4, 5)]),
    "addbmm": (lambda: torch.addbmm(ones(3, 5), ones(2, 3, 4), ones(2, 4, 5)), 120, [(2, 3, 4), (2, 4, 5)]),
    "baddbmm in place": (lambda: ones(2, 3, 5).baddbmm_(ones(2, 3, 4), ones(2, 4, 5)), 120, [(2, 3, 4), (2, 4, 5)]),
    "mm of complex numbers": (lambda: ones(3, 4).cfloat() @ ones(4, 5).cfloat(), 240, [(3, 4), (4, 5)]),
    "mv": (lambda: ones(3, 4) @ ones(4), 12, [(3, 4), (4,)]),
    "addmv": (lambda: torch.addmv(ones(3), ones(3, 4), ones(4)), 12, [(3, 4), (4,)]),
    "dot": (lambda: ones(4) @ ones(4), 4, [(4,), (4,)]),
    "convolution": (lambda: functional.conv1d(ones(1, 2, 8), ones(3, 2, 3)), 108, [(1, 2, 8), (3, 2, 3)]),
    "conv_tbc": (lambda: torch.conv_tbc(ones(8, 2, 3), ones(3, 3, 4), ones(4)), 432, [(8, 2, 3), (3, 3, 4)]),
    "mm of integers": (lambda: torch.ones(3, 4, dtype=int) @ torch.ones(4, 5, dtype=int), 60, [(3, 4), (4, 5)]),
    "a sparse mm": (lambda: torch.eye(4).to_sparse() @ ones(4, 3), 12, [(4, 4), (4, 3)]),
    "mm of a sparse one": (lambda: ones(3, 4) @ torch.eye(4).to_sparse(), 12, [(3, 4), (4, 4)]),
    "_sparse_addmm": (lambda: torch.sparse.mm(torch.eye(4).to_sparse(), ones(4, 3)), 12, [(4, 4), (4, 3)]),
    "a sparse mv": (lambda: torch.mv(torch.eye(4).to_sparse(), ones(4)), 4, [(4, 4), (4,)]),
    "_cdist_forward": (lambda: torch.cdist(ones(3, 8), ones(4, 8)), 96, [(3, 8), (4, 8)]),
    "_euclidean_dist": (lambda: torch.cdist(ones(30, 8), ones(40, 8)), 9600, [(30, 8), (40, 8)]),
    "attention": (
        lambda: functional.scaled_dot_product_attention(ones(1, 2, 3, 8), ones(1, 2, 5, 8), ones(1, 2, 5, 8)),
        2 * 3 * 5 * 16,
        [(1, 2, 3, 8), (1, 2, 5, 8), (1, 2, 5, 8)],
    ),
}
GROUPED = {
    "rows in groups": (lambda: functional.grouped_mm(ones(8, 16), ones(3, 16, 32), offs=ENDS), 8 * 16 * 32),
    "a matrix for each": (lambda: functional.grouped_mm(ones(3, 8, 16), ones(3, 16, 32)), 3 * 8 * 16 * 32),
    "columns in groups": (lambda: functional.grouped_mm(ones(3, 8, 16), ones(16, 8), offs=ENDS), 8 * 16 * 8),
    "sums in groups": (lambda: functional.grouped_mm(ones(4, 8), ones(8, 12), offs=ENDS), 4 * 8 * 12),
}


class Products(TorchDispatchMode):
    """Multiplications of every product, and the shapes of what it multiplies."""

    def __init__(self):
        super().__init__()
        self.macs, self.shapes = 0, []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        product = product_of(func, args)
        if product is not None:
            first = result[0] if isinstance(result, tuple) else result
            self.macs += product.macs(args, first)
            self.shapes += [tuple(value.shape) for value in product.multiplied(args)]
        return result


@pytest.mark.parametrize(("call", "macs", "factors"), CALLS.values(), ids=CALLS)
def test_multiplications_and_what_is_multiplied(call, macs, factors):
    with Products() as seen:
        call()
    assert seen.macs == macs
    assert seen.shapes == factors


@pytest.mark.skipif(not hasattr(functional, "grouped_mm"), reason="a PyTorch without them")
@pytest.mark.parametrize(("call", "macs"), GROUPED.values(), ids=GROUPED)
def test_multiplications_of_groups(call, macs):
    try:
        with Products() as seen:
            call()
    except (RuntimeError, NotImplementedError) as error:
        pytest.skip(f"not on this processor: {error}")
    assert seen.macs == macs


def test_other_distances_are_no_products():
    with Products() as seen:
        torch.cdist(ones(3, 8), ones(4, 8), p=1.0)
    assert seen.shapes == []
