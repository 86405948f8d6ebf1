"""How often the windows of a convolution see each of its inputs.

Windows see the rim of an image less often than its middle, where things usually are, and none of them may see some
places between strides. A transposed convolution puts zeros between its inputs and around them. What drives the rows
follows from the inputs as the windows see them, and not from a mean over everything that was laid out.
"""

from __future__ import annotations

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
    return (marks.cpu() * _rows_at(product, marks.shape)).flatten()


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


def _rows_at(product: ConvolutionProduct, space: tuple[int, ...]) -> Tensor:
    """Rows of one channel that meet each place over all windows, (*space) int64."""
    along = zip(space, product.edges, product.kernel, product.stride, product.dilation, strict=True)
    rows = torch.ones((), dtype=torch.int64)
    for size, (before, after), count, stride, dilation in along:
        last = size + before + after - dilation * (count - 1)
        places = (torch.arange(0, last, stride)[:, None] + torch.arange(count) * dilation - before).flatten()
        inside = places[(places >= 0) & (places < size)]
        rows = rows[..., None] * torch.bincount(inside, minlength=size)
    return rows
