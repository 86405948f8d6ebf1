"""Inputs of a layer as its rows are driven with them, and outputs as they follow from that."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.arrays import Product
from bitline.layer.arrays import per_channel
from bitline.shapes import Float, LayerInputs, LayerOutputs, Outputs


@dataclass(frozen=True)
class DrivenInputs:
    """Inputs of a layer whose range is the same for all vectors.

    Examples:
        >>> DrivenInputs(torch.tensor([[3.0, -4.0]])).outputs(torch.tensor([[2.0]]), bias=None)
        tensor([[2.]])

    Attributes:
        values: (batch, groups * channels, *space), in units of the calibrated range.
    """

    values: LayerInputs

    def outputs(self, computed: LayerOutputs, bias: Outputs | None) -> LayerOutputs:
        """Outputs of the layer.

        Args:
            computed: what its arrays give for `values`.
            bias: of the layer, already in `computed` where all vectors have one range.
        """
        return computed


@dataclass(frozen=True)
class DividedInputs(DrivenInputs):
    """Vectors over their largest magnitudes, by which outputs are multiplied.

    Where codes have no sign, inputs below 0 count as 0, and the largest input is that of the others.

    Examples:
        >>> from bitline.arrays import MatrixProduct
        >>> vectors, product = torch.tensor([[3.0, -4.0], [0.0, 0.5]]), MatrixProduct(channels=2)
        >>> driven = DividedInputs.of(vectors, product, signed=True)
        >>> driven.values
        tensor([[ 0.7500, -1.0000],
                [ 0.0000,  1.0000]])
        >>> DividedInputs.of(vectors, product, signed=False).largest.flatten()
        tensor([3.0000, 0.5000])
        >>> driven.outputs(torch.tensor([[2.0], [2.0]]), bias=torch.tensor([10.0]))
        tensor([[18.],
                [11.]])

    Attributes:
        largest: (batch, groups, *space_out), 0 for vectors whose inputs all count as 0.
    """

    largest: Float[Tensor, "batch groups *space_out"]

    @classmethod
    def of(cls, inputs: LayerInputs, product: Product, signed: bool) -> DividedInputs:
        """Divide the vectors of a product.

        Args:
            inputs: (batch, groups * channels, *space).
            product: what they are multiplied in; windows that share inputs come to lie apart.
            signed: whether inputs below 0 have codes.

        Raises:
            DataError: inputs are smaller than the kernel.
        """
        space = product.filled_space(inputs)
        windows = product.windows(inputs)
        pairs = [size for pair in zip(space, product.kernel, strict=True) for size in pair]
        vectors = windows.reshape(len(inputs), product.groups, product.channels, *pairs)
        axes = (2, *range(4, vectors.ndim, 2))
        largest = vectors.abs().amax(axes, keepdim=True) if signed else vectors.amax(axes, keepdim=True).clamp(min=0)
        divided = vectors / torch.where(largest == 0, 1.0, largest)
        if not signed:  # a quotient of finite numbers stays finite
            divided = torch.where(vectors.isinf(), vectors, divided.clamp(min=-1))
        return cls(divided.reshape(windows.shape), largest.reshape(len(inputs), product.groups, *space))

    def outputs(self, computed: LayerOutputs, bias: Outputs | None) -> LayerOutputs:
        groups = self.largest.shape[1]
        by_group = computed.reshape(len(computed), groups, -1, *computed.shape[2:])
        outputs = (by_group * self.largest[:, :, None]).flatten(1, 2)
        return outputs if bias is None else outputs.add_(per_channel(bias, outputs))
