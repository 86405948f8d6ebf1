"""Transposed convolutions as sliding-window products over inputs with zeros between them.

A transposed convolution is the convolution of the inputs, with stride - 1 zeros put between neighbours, by the kernel
turned round. Every output position is one product, as in any convolution: a matrix has a row for each input channel
and kernel position and a column for each output channel, and the sum over the kernel positions that meet an input is
made on the bit lines. Rows that meet one of the zeros are not driven and take part in nothing, so that of every kernel
axis one row in `stride` works at a time.

The other way, one product for each input position with a column for each output channel and kernel position, would
drive all rows, but convert every partial sum apart: as many conversions as the kernel has positions for each input, and
a digital addition for each where outputs overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional

from bitline.arrays import ConvolutionProduct
from bitline.nn.convolution import AnalogConvolution
from bitline.nn.guards import require_shape
from bitline.nn.uncompiled import uncompiled

TRANSPOSED: dict[int, Callable[..., Tensor]] = {
    1: functional.conv_transpose1d,
    2: functional.conv_transpose2d,
    3: functional.conv_transpose3d,
}

_asked: ContextVar[tuple[int, ...] | None] = ContextVar("output padding", default=None)
"""Of the call under way in this thread, where it asks for an output size."""


class AnalogTransposedConvolution(AnalogConvolution):
    """A transposed convolution with any stride, padding, output padding, dilation and groups.

    Examples:
        Of the nine rows of a 3 x 3 kernel, those that meet an input are driven: four at most with stride 2.

        >>> from bitline.design import Design
        >>> import torch
        >>> layer = AnalogConvTranspose2d.of(nn.ConvTranspose2d(1, 1, 3, stride=2), Design(), "up")
        >>> layer.arrange(torch.tensor([[[[5.0, 6.0]]]]))[0, 0, 2]
        tensor([0., 0., 5., 0., 6., 0., 0.])
    """

    output_padding: tuple[int, ...]
    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    padding: tuple[int, ...]
    _output_padding: Callable[..., list[int]]

    @property
    def outputs(self) -> int:
        return self.out_channels

    @property
    def matrix(self) -> Tensor:
        each = self.out_channels // self.groups
        grouped: Tensor = self.weight.reshape(self.groups, -1, each, *self.kernel_size)
        turned = grouped.transpose(1, 2).flip(tuple(range(3, grouped.ndim)))
        return turned.reshape(self.out_channels, -1)

    @property
    def product(self) -> ConvolutionProduct:
        ones = (1,) * self.dimensions
        return ConvolutionProduct(
            channels=self.in_channels // self.groups,
            kernel=tuple(self.kernel_size),
            groups=self.groups,
            stride=ones,
            padding=(0,) * self.dimensions,
            dilation=tuple(self.dilation),
            lattice=tuple((step, before % step) for step, before in zip(self.stride, self._before(), strict=True)),
        )

    def arrange(self, inputs: Tensor) -> Tensor:
        batch = self._batch(inputs)
        space = batch.shape[2:]
        apart = [(size - 1) * stride + 1 if size else 0 for size, stride in zip(space, self.stride, strict=True)]
        between = batch.new_zeros(*batch.shape[:2], *apart)
        places: list[slice] = [slice(None, None, stride) for stride in self.stride]
        between[(slice(None), slice(None), *places)] = batch
        return functional.pad(between, self._edges())

    def observed(self, inputs: Tensor) -> Tensor:
        return self._batch(inputs.detach())

    def float_forward(self, inputs: Tensor) -> Tensor:
        transposed = TRANSPOSED[self.dimensions]
        walk = (self.stride, self.padding, self._added, self.groups, self.dilation)
        return transposed(inputs, self.weight, self.bias, *walk)

    def uses(self, inputs: Tensor, outputs: Tensor) -> float:
        return inputs.numel() / self.in_channels

    @uncompiled
    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        if output_size is None:
            return super().forward(input)
        shape = (self.stride, self.padding, self.kernel_size, self.dimensions, self.dilation)
        asked = _asked.set(tuple(self._output_padding(input, list(output_size), *shape)))
        try:
            return super().forward(input)
        finally:
            _asked.reset(asked)

    @property
    def _added(self) -> tuple[int, ...]:
        """Output padding of this call: that of the layer, or what the output size that is asked for takes."""
        asked = _asked.get()
        return self.output_padding if asked is None else asked

    def _batch(self, inputs: Tensor) -> Tensor:
        batch = inputs if inputs.ndim == self.dimensions + 2 else inputs[None]
        require_shape(batch, self.dimensions + 2, self.in_channels, 1, self.name)
        return batch

    def _edges(self) -> list[int]:
        """Zeros before and after each axis, last axis first; negative where inputs are cut off."""
        edges: list[int] = []
        for before, more in zip(reversed(self._before()), reversed(self._added), strict=True):
            edges += [before, before + more]
        return edges

    def _before(self) -> list[int]:
        """Zeros before each axis; negative where inputs are cut off."""
        shape = zip(self.dilation, self.kernel_size, self.padding, strict=True)
        return [dilation * (size - 1) - padding for dilation, size, padding in shape]


class AnalogConvTranspose1d(AnalogTransposedConvolution, nn.ConvTranspose1d):  # type: ignore[misc]
    """`torch.nn.ConvTranspose1d` on analog arrays.

    Examples:
        >>> from bitline.design import Design
        >>> AnalogConvTranspose1d.of(nn.ConvTranspose1d(4, 8, 3, stride=2), Design(), "up")
        AnalogConvTranspose1d('up', rows=12, outputs=8, groups=1)
    """

    float_type: ClassVar[Any] = nn.ConvTranspose1d
    dimensions: ClassVar[int] = 1


class AnalogConvTranspose2d(AnalogTransposedConvolution, nn.ConvTranspose2d):  # type: ignore[misc]
    """`torch.nn.ConvTranspose2d` on analog arrays.

    Examples:
        >>> from bitline.design import Design
        >>> AnalogConvTranspose2d.of(nn.ConvTranspose2d(4, 8, 3, groups=2), Design(), "up")
        AnalogConvTranspose2d('up', rows=18, outputs=8, groups=2)
    """

    float_type: ClassVar[Any] = nn.ConvTranspose2d
    dimensions: ClassVar[int] = 2


class AnalogConvTranspose3d(AnalogTransposedConvolution, nn.ConvTranspose3d):  # type: ignore[misc]
    """`torch.nn.ConvTranspose3d` on analog arrays.

    Examples:
        >>> from bitline.design import Design
        >>> AnalogConvTranspose3d.of(nn.ConvTranspose3d(4, 8, 2), Design(), "up")
        AnalogConvTranspose3d('up', rows=32, outputs=8, groups=1)
    """

    float_type: ClassVar[Any] = nn.ConvTranspose3d
    dimensions: ClassVar[int] = 3
