"""Where the channels of weights and images lie in memory."""

from __future__ import annotations

import torch
from torch import nn

from bitline.arrays.integer.windows import has_windows_of_padding
from bitline.nn.contexts import analog_layers
from bitline.nn.convolution import AnalogConv2d


def put_channels_last(network: nn.Module) -> bool:
    """Lay weights out with channels last, so that PyTorch lays outputs out so, too; whether that was done.

    Not for padding as wide as kernels reach: such convolutions in this layout end the process with PyTorch 2.13.

    Args:
        network: its layers are analog.

    Examples:
        >>> put_channels_last(nn.Linear(3, 2))  # no images
        False
    """
    kernels = [layer for layer in analog_layers(network) if isinstance(layer, AnalogConv2d)]
    if not kernels or any(has_windows_of_padding(layer.product) for layer in kernels):
        return False
    lay_out(network, torch.channels_last)
    return True


def lay_out(network: nn.Module, layout: torch.memory_format) -> None:
    """Lay weights of images out in memory, in place; `network.to` refuses networks that have other kernels, too.

    Args:
        network: any.
        layout: of weights with four dimensions.

    Examples:
        >>> network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Conv3d(2, 3, 3))
        >>> lay_out(network, torch.channels_last)
        >>> network[0].weight.is_contiguous(memory_format=torch.channels_last)
        True
    """
    for value in (*network.parameters(), *network.buffers()):
        if value.ndim == 4:
            value.data = value.data.contiguous(memory_format=layout)
