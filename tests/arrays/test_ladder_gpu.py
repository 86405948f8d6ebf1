"""Ladders on a GPU equal the readable ladder."""

from __future__ import annotations

import pytest
import torch

from bitline.arrays._ladder import InputWindows, ladder_products, plain_products
from bitline.arrays._line_wires import OPEN, LineWires

pytestmark = pytest.mark.needs("a GPU")


def to_gpu(values: torch.Tensor) -> torch.Tensor:
    return values.to("cuda")


@pytest.mark.parametrize("wires", [LineWires(1e-3, 0.1), LineWires(5.0), LineWires(1e-2, 0, 0.2)])
def test_ladders_equal_the_readable_one(wires):
    codes, windows = torch.randint(-15, 16, (2, 40)).float(), InputWindows(torch.randperm(30), torch.tensor([0, 3, 7]))
    given, loading = torch.rand(30, 70), torch.rand(30, 70)
    exact = (codes.double(), windows, given.double(), loading.double())
    foot = plain_products(*exact, wires, 4)
    if wires.head != OPEN:
        flipped = InputWindows(windows.offset.flip(0), windows.base)
        other = wires.reversed()
        foot += plain_products(exact[0], flipped, exact[2].flip(0), exact[3].flip(0), other, 4)
    placed = InputWindows(to_gpu(windows.offset), to_gpu(windows.base))
    result = ladder_products(*(to_gpu(codes), placed, to_gpu(given), to_gpu(loading)), wires, 4).cpu()
    assert float((result - foot).abs().max()) < 1e-5 * float(foot.abs().max())
