"""Work outside the arrays, counted by hand."""

from __future__ import annotations

import pytest
import torch
from small_cost import statistics
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from bitline import Design
from bitline.cost import gather_statistics, network_cost


def test_work_outside_the_arrays_is_counted():
    digital = statistics().digital
    assert digital.activations == 6 * 64 + 6 * 16
    assert digital.poolings == 6 * 16
    assert digital.unknown == ()


LAYERS = [
    (nn.Linear(7, 5), (3, 7)),
    (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (4, 9, 8)),
    (nn.Conv1d(3, 2, 4, dilation=2), (3, 20)),
    (nn.ConvTranspose2d(8, 4, 2, stride=1), (8, 4, 4)),
    (nn.ConvTranspose2d(8, 4, 2, stride=2), (8, 4, 4)),
    (nn.ConvTranspose2d(8, 4, 4, stride=4), (8, 4, 4)),
    (nn.ConvTranspose2d(8, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (8, 4, 5)),
    (nn.ConvTranspose1d(3, 2, 5, stride=3, dilation=2), (3, 7)),
    (nn.ConvTranspose3d(2, 3, 2, stride=2), (2, 2, 3, 3)),
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda value: str(value)[:40])
def test_multiplications_are_those_that_pytorch_counts(layer, shape):
    """On arrays and digitally; zeros that are put between the inputs of a transposed convolution are no operations."""
    images = torch.rand(4, *shape)
    with FlopCounterMode(display=False) as counter:
        outputs = layer(images[:1])
    network = nn.Sequential(layer, nn.Flatten(), nn.Linear(outputs.numel(), 1))
    on_arrays = gather_statistics(network, "differential", images)
    assert 2 * on_arrays.layers[0].macs == counter.get_total_flops()
    digital = Design.load("differential").with_settings({"layers": [{"match": "0", "digital": True}]})
    assert 2 * gather_statistics(network, digital, images).digital.macs == counter.get_total_flops()


def test_inserted_zeros_cost_energy_and_are_no_work():
    """A stride of 4 gives 16 outputs for each input of a kernel of 4 x 4: what arrays do is what they did before."""
    layer, images = nn.ConvTranspose2d(8, 4, 4, stride=4), torch.rand(8, 8, 4, 4)
    statistics = gather_statistics(nn.Sequential(layer), "differential", images)
    cost = network_cost(statistics, "differential")
    assert cost.macs == 16 * 8 * 4 * 16
    assert statistics.layers[0].products == 16 * 16
    assert cost.totals()["conversions"] == 16 * 16 * 4
    assert cost.energy_per_mac_fJ == pytest.approx(1e9 * cost.energy_uJ / 8192)
