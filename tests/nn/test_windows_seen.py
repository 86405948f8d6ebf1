"""Places of a layer's inputs are counted as its windows meet them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import Design, analog_layers, convert
from bitline.nn.windows_seen import share_met, times_seen

LAYERS = [
    (nn.ConvTranspose2d(2, 3, (4, 3), stride=(2, 3), padding=(1, 0), output_padding=(1, 2)), (2, 3, 4)),
    (nn.ConvTranspose2d(2, 2, 3, stride=2, padding=4, dilation=2, groups=2), (2, 5, 4)),
    (nn.ConvTranspose1d(2, 3, 5, stride=3), (2, 4)),
    (nn.ConvTranspose3d(1, 1, 2, stride=2), (1, 2, 3, 2)),
    (nn.Conv2d(2, 2, 3, padding=1), (2, 5, 4)),
    (nn.Conv2d(2, 2, 3, stride=4, padding=1, groups=2), (2, 9, 8)),
    (nn.Conv1d(1, 1, 3, dilation=2), (1, 9)),
]


@pytest.mark.parametrize(("float_layer", "shape"), LAYERS)
def test_places_are_those_that_windows_gather(float_layer, shape):
    inputs = torch.rand(2, *shape) + 1
    layer = next(analog_layers(convert(nn.Sequential(float_layer), "differential", inputs)))
    arranged = layer.arrange(torch.ones_like(inputs[:1]))
    gathered = layer.product.gather(torch.arange(1, arranged[0].numel() + 1).reshape(arranged.shape))
    of_channel = gathered.offset[0, : layer.product.positions]
    places = gathered.elements[0][gathered.base[:, None] + of_channel].long()  # 0 is padding
    counted = torch.bincount(places.flatten(), minlength=1 + arranged[0, 0].numel())[1:]
    assert torch.equal(times_seen(layer, inputs), counted * arranged[0, 0].flatten().long())
    met = torch.cat([torch.zeros(1), arranged[0, 0].flatten()])[places].mean(0)
    torch.testing.assert_close(share_met(layer, inputs), met)


def test_reflected_inputs_are_inputs():
    layer = convert(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), "differential", torch.ones(1, 1, 4, 4))
    along = torch.tensor([1, 2, 3, 3, 2, 1])
    assert torch.equal(times_seen(layer, torch.ones(1, 1, 4, 4)), torch.outer(along, along).flatten())
    assert share_met(layer, torch.ones(1, 1, 4, 4)).tolist() == [1.0] * 9


def test_windows_that_lie_apart_count_as_they_lie():
    design = Design().with_settings({"inputs.range": "per-vector"})
    layer = convert(nn.ConvTranspose2d(1, 1, 2, stride=2), design, torch.ones(1, 1, 4, 4))
    assert times_seen(layer, torch.ones(1, 1, 4, 4)) is None
    assert share_met(layer, torch.ones(1, 1, 4, 4)).tolist() == [1.0] * 4
