"""How often the windows of a convolution see each of its inputs, and how many they fetch.

Windows see the rim of an image less often than its middle, where things usually are, and none of them may see some
places between strides. A transposed convolution puts zeros between its inputs and around them. What drives the rows
follows from the inputs as the windows see them, and not from a mean over everything that was laid out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from bitline.arrays import ConvolutionProduct
from bitline.nn.layer import AnalogLayer


def times_seen(layer: AnalogLayer, inputs: Tensor) -> Tensor | None:
    """How many rows of one input channel meet each place that a layer's inputs are laid out on, over all windows.

    Args:
        layer: analog.
        inputs: of the layer.

    Returns:
        (places,) int64, 0 for zeros that `arrange` adds; None where windows lie apart, and all count alike.

    Examples:
        >>> from bitline.design import Design
        >>> from bitline.nn import AnalogConvTranspose2d
        >>> from torch import nn
        >>> layer = AnalogConvTranspose2d.of(nn.ConvTranspose2d(1, 1, (1, 4), stride=2, padding=(0, 1)), Design(), "up")
        >>> times_seen(layer, torch.ones(1, 1, 1, 3))  # the inputs lie on places 2, 4 and 6 of nine
        tensor([0, 0, 3, 0, 4, 0, 3, 0, 0])
    """
    product = _windows(layer)
    if product is None:
        return None
    marks = _marks(layer, inputs)
    rows = [_windows_along(product, axis, size)[0] for axis, size in enumerate(marks.shape)]
    return (marks.cpu() * _grid_of(rows)).flatten()


def values_fetched(layer: AnalogLayer, inputs: Tensor) -> int:
    """Input values that the windows of a layer have to fetch, each keeping what the one before it in its line had.

    Windows slide along the last axis. The first of a line fetches everything, the next one what is new to it; none
    fetches what a convolution adds around its inputs or between them. Windows whose places lie between those of the
    window before them, such as those of a convolution with a dilation of 2 and a stride of 1, share nothing with it.

    Args:
        layer: analog.
        inputs: of the layer.

    Examples:
        >>> from bitline.design import Design
        >>> from bitline.nn import AnalogConv1d
        >>> from torch import nn
        >>> slide = AnalogConv1d.of(nn.Conv1d(1, 1, 3), Design(), "conv")
        >>> spread = AnalogConv1d.of(nn.Conv1d(1, 1, 3, dilation=2), Design(), "conv")
        >>> values_fetched(slide, torch.ones(1, 1, 8)), values_fetched(spread, torch.ones(1, 1, 8))
        (8, 12)
    """
    product = layer.product
    if not isinstance(product, ConvolutionProduct):
        return inputs.numel()
    marks = _marks(layer, inputs)
    along = [_windows_along(product, axis, size) for axis, size in enumerate(marks.shape)]
    fetched = [rows for rows, _ in along[:-1]] + [new for _, new in along[-1:]]
    samples = len(inputs) if inputs.ndim == len(product.kernel) + 2 else 1
    return samples * product.groups * product.channels * int((marks.cpu() * _grid_of(fetched)).sum())


def share_met(layer: AnalogLayer, inputs: Tensor) -> Tensor:
    """Share of the windows whose row of each kernel position meets an input, and no zero beside the inputs.

    Args:
        layer: analog.
        inputs: of the layer.

    Returns:
        (kernel positions,) float32; ones where windows lie apart, whose codes are counted with such zeros.

    Examples:
        >>> from bitline.design import Design
        >>> from bitline.nn import AnalogConv1d
        >>> from torch import nn
        >>> share_met(AnalogConv1d.of(nn.Conv1d(1, 1, 3, padding=1), Design(), "conv"), torch.ones(1, 1, 4))
        tensor([0.7500, 1.0000, 0.7500])
    """
    product = _windows(layer)
    if product is None:
        return torch.ones(layer.product.positions)
    single = replace(product, channels=1, groups=1)
    seen = single.gather(_marks(layer, inputs)[None, None].float())
    offsets, elements = seen.offset[0].tolist(), seen.elements[0]
    return torch.stack([elements[seen.base + offset].mean() for offset in offsets]).cpu()


def _windows(layer: AnalogLayer) -> ConvolutionProduct | None:
    """The product of a layer whose windows share inputs."""
    product = layer.product
    is_shared = isinstance(product, ConvolutionProduct) and not layer.design.inputs.range.is_per_vector
    return product if isinstance(product, ConvolutionProduct) and is_shared else None


def _marks(layer: AnalogLayer, inputs: Tensor) -> Tensor:
    """Places of a layer's inputs as they are laid out, (*space) bool; they are those of any channel."""
    batch = inputs[:1] if inputs.ndim == len(layer.product.kernel) + 2 else inputs
    return layer.arrange(torch.ones_like(batch))[0, 0] != 0


def _windows_along(product: ConvolutionProduct, axis: int, size: int) -> tuple[Tensor, Tensor]:
    """Windows along one axis that have each place, and those of them whose predecessor has not, (size,) int64."""
    before, after = product.edges[axis]
    count, stride, dilation = product.kernel[axis], product.stride[axis], product.dilation[axis]
    last = size + before + after - dilation * (count - 1)
    places = torch.arange(0, last, stride)[:, None] + torch.arange(count) * dilation - before
    is_new = torch.ones(places.shape, dtype=torch.bool)
    is_new[1:] = torch.arange(count) * dilation > dilation * (count - 1) - stride
    if stride % dilation:
        is_new[:] = True
    inside = (places >= 0) & (places < size)
    return torch.bincount(places[inside], minlength=size), torch.bincount(places[inside & is_new], minlength=size)


def _grid_of(along: Sequence[Tensor]) -> Tensor:
    """Products of numbers along each axis, at each point of the grid that they span."""
    grid = torch.ones((), dtype=torch.int64)
    for numbers in along:
        grid = grid[..., None] * numbers
    return grid
