"""The product of inputs with all arrays of a layer at once.

A `Product` knows the shape of a layer: it lays weights given row by row out for one PyTorch call that evaluates every
group, partition and bit line, and restores the axes of the result.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from bitline.arrays.partition import Fill, Partition, partition_rows
from bitline.errors import DataError
from bitline.shapes import Float, Shaped

CONVOLUTIONS: dict[int, Callable[..., Tensor]] = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


@dataclass(frozen=True)
class Gathered:
    """Inputs of a layer, and which of them each row reads at each position of the output.

    Row i of group g reads, at position n, element `base[n] + offset[g, i]`.

    Attributes:
        elements: inputs with their padding, (batch, elements).
        offset: offset of each row, (groups, rows) int64.
        base: first element of each position, (positions,) int64.
        space: shape of the positions.

    Examples:
        >>> gathered = ConvolutionProduct(channels=1, kernel=(2,), stride=(1,), padding=(0,), dilation=(1,)).gather(
        ...     torch.tensor([[[5.0, 6.0, 7.0]]])
        ... )
        >>> gathered.elements[:, gathered.base[:, None] + gathered.offset[0]]
        tensor([[[5., 6.],
                 [6., 7.]]])
    """

    elements: Tensor
    offset: Tensor
    base: Tensor
    space: tuple[int, ...]


class Product(ABC):
    """A matrix-vector product repeated over batch and space, with a matrix for each group of channels.

    Examples:
        `MatrixProduct` and `ConvolutionProduct` are such products. Here a matrix of four rows is cut over two arrays,
        and their currents are columns of their own:

        >>> product = MatrixProduct(channels=4)
        >>> partition = product.partition(max_rows=2)
        >>> weights = product.lay_out(torch.ones(1, 4, 3), partition)  # groups, rows, lines
        >>> product.apply(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), weights, partition)
        tensor([[3., 3., 3., 7., 7., 7.]])
    """

    groups: int
    channels: int
    """Input channels of one group."""
    kernel: tuple[int, ...]

    @property
    def positions(self) -> int:
        """Kernel positions of one input channel."""
        return math.prod(self.kernel)

    @property
    def rows(self) -> int:
        """Matrix rows of one group."""
        return self.channels * self.positions

    def whole(self) -> Partition:
        """The partition of an array that is tall enough."""
        return self.partition(self.rows)

    def partition(self, max_rows: int, fill: Fill = "equal") -> Partition:
        """The row partitions of one group on arrays of `max_rows` rows; see `partition_rows`."""
        return partition_rows(self.channels, self.positions, max_rows, fill)

    def lay_out(
        self, weights: Shaped[Tensor, "groups rows each"], partition: Partition
    ) -> Shaped[Tensor, "products channels *kernel"]:
        """Arrange weights for `apply`.

        Args:
            weights: weights row by row, (groups, rows, lines).
            partition: how the rows are split over arrays.

        Returns:
            (groups * parts * lines, channels, *kernel), zero where a partition has no row.
        """
        groups, _rows, lines = weights.shape
        cells = weights.reshape(groups, self.channels, 1, self.positions, lines)
        if partition.pieces > 1:
            piece = torch.arange(self.positions, device=weights.device) // partition.rows
            mask = piece == torch.arange(partition.pieces, device=weights.device)[:, None]
            cells = cells * mask[:, :, None]
        cells = cells.reshape(groups, -1, self.positions, lines)
        missing = partition.parts * partition.channels - cells.shape[1]
        cells = functional.pad(cells, (0, 0, 0, 0, 0, missing))
        cells = cells.reshape(groups, partition.parts, partition.channels, self.positions, lines)
        return cells.permute(0, 1, 4, 2, 3).reshape(-1, partition.channels, *self.kernel).contiguous()

    def apply(
        self,
        inputs: Float[Tensor, "batch channels *space"],
        weights: Float[Tensor, "products piece_channels *kernel"],
        partition: Partition,
        bias: Float[Tensor, "products"] | None = None,
    ) -> Float[Tensor, "batch products *space_out"]:
        """Multiply.

        Args:
            inputs: (batch, groups * channels, *space).
            weights: what `lay_out` returned for the same partition.
            partition: how the rows are split over arrays.
            bias: what is added to each line, (groups * parts * lines,); nothing if None.

        Returns:
            (batch, groups * parts * lines, *space_out).
        """
        if partition.pieces > 1:
            inputs = inputs.repeat_interleave(partition.pieces, dim=1)
        missing = partition.parts * partition.channels - self.channels * partition.pieces
        if missing:
            batch, _, *space = inputs.shape
            grouped = inputs.reshape(batch, self.groups, -1, *space)
            grouped = functional.pad(grouped, (0, 0) * len(space) + (0, missing))
            inputs = grouped.reshape(batch, -1, *space)
        return self._multiply(inputs, weights, self.groups * partition.parts, bias)

    @abstractmethod
    def apart(self) -> Product:
        """The same product for inputs in which vectors that share values lie apart, as `windows` lays them out."""

    @abstractmethod
    def windows(self, inputs: Shaped[Tensor, "batch channels *space"]) -> Shaped[Tensor, "batch channels *windows"]:
        """Inputs with the vectors of all positions apart: windows side by side, with what padding adds to them.

        Args:
            inputs: (batch, groups * channels, *space).

        Returns:
            (batch, groups * channels, *windows), along each axis the output's positions times those of the kernel.
        """

    @abstractmethod
    def space(self, inputs: Tensor) -> tuple[int, ...]:
        """Shape of the positions of the output.

        Args:
            inputs: (batch, groups * channels, *space).
        """

    def filled_space(self, inputs: Tensor) -> tuple[int, ...]:
        """`space`, of which there is some.

        Raises:
            DataError: inputs are smaller than the kernel.
        """
        space, size = self.space(inputs), tuple(inputs.shape[2:])
        if min(space, default=1) < 1:
            what = f"the inputs of a layer are {size}, smaller than its kernel {self.kernel} with its padding"
            raise DataError(f"{what}: use larger images")
        return space

    @abstractmethod
    def gather(self, inputs: Tensor) -> Gathered:
        """Where the rows find their inputs, for arrays that are solved vector by vector.

        Args:
            inputs: (batch, groups * channels, *space).
        """

    @abstractmethod
    def _multiply(self, inputs: Tensor, weights: Tensor, matrices: int, bias: Tensor | None) -> Tensor:
        """Multiply each of `matrices` matrices, one for each group and partition, by its share of the inputs."""


@dataclass(frozen=True)
class MatrixProduct(Product):
    """y = W x for vectors x; inputs (batch, channels).

    Examples:
        >>> product = MatrixProduct(channels=2)
        >>> weights = product.lay_out(torch.tensor([[[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]]]), product.whole())
        >>> product.apply(torch.tensor([[4.0, 5.0]]), weights, product.whole())
        tensor([[ 4.,  5., 23.]])
    """

    channels: int
    groups: int = 1
    kernel: tuple[int, ...] = ()

    def apart(self) -> MatrixProduct:
        return self

    def windows(self, inputs: Shaped[Tensor, "batch channels"]) -> Shaped[Tensor, "batch channels"]:
        return inputs

    def space(self, inputs: Tensor) -> tuple[int, ...]:
        return ()

    def gather(self, inputs: Tensor) -> Gathered:
        rows = torch.arange(self.groups * self.channels, device=inputs.device).reshape(self.groups, -1)
        return Gathered(inputs, rows, torch.zeros(1, dtype=torch.int64, device=inputs.device), ())

    def _multiply(self, inputs: Tensor, weights: Tensor, matrices: int, bias: Tensor | None) -> Tensor:
        if matrices == 1:
            return functional.linear(inputs, weights, bias)
        shares = inputs.reshape(len(inputs), matrices, -1).transpose(0, 1)
        result = shares @ weights.reshape(matrices, -1, weights.shape[1]).transpose(1, 2)
        flat = result.transpose(0, 1).reshape(len(inputs), -1)
        return flat if bias is None else flat + bias


@dataclass(frozen=True)
class ConvolutionProduct(Product):
    """A convolution as sliding-window products (Xiao et al. 2022, section 4.2); inputs (batch, channels, *space).

    Examples:
        >>> product = ConvolutionProduct(channels=3, kernel=(3, 3), padding=(1, 1))
        >>> product.rows, product.space(torch.zeros(1, 3, 8, 8))
        (27, (8, 8))
    """

    channels: int
    """Input channels of one group."""
    kernel: tuple[int, ...]
    groups: int = 1
    stride: tuple[int, ...] = (1, 1)
    padding: tuple[int, ...] | str = (0, 0)
    dilation: tuple[int, ...] = (1, 1)
    lattice: tuple[tuple[int, int], ...] = ()
    """Along each axis, places from one input that can be other than 0 to the next, and the first of them."""

    def apart(self) -> ConvolutionProduct:
        ones = (1,) * len(self.kernel)
        return replace(self, stride=self.kernel, padding=(0,) * len(self.kernel), dilation=ones, lattice=())

    def windows(self, inputs: Shaped[Tensor, "batch channels *space"]) -> Shaped[Tensor, "batch channels *windows"]:
        gathered, axes = self.gather(inputs), len(self.kernel)
        positions = [size for pair in zip(gathered.space, (1,) * axes, strict=True) for size in pair]
        kernel = [size for pair in zip((1,) * axes, self.kernel, strict=True) for size in pair]
        places = gathered.offset.reshape(-1, *kernel) + gathered.base.reshape(positions)
        space = [count * size for count, size in zip(gathered.space, self.kernel, strict=True)]
        return gathered.elements[:, places].reshape(len(inputs), -1, *space)

    def space(self, inputs: Tensor) -> tuple[int, ...]:
        sizes = [size + sum(zeros) for size, zeros in zip(inputs.shape[2:], self.edges, strict=True)]
        return tuple((n - r - 1) // s + 1 for n, r, s in zip(sizes, self.reach, self.stride, strict=True))

    def gather(self, inputs: Tensor) -> Gathered:
        padded = functional.pad(inputs, [zeros for pair in reversed(self.edges) for zeros in pair])
        sizes = padded.shape[2:]
        strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
        space = self.space(inputs)
        steps = [d * s for d, s in zip(self.dilation, strides, strict=True)]
        jumps = [d * s for d, s in zip(self.stride, strides, strict=True)]
        channels = torch.arange(self.groups * self.channels) * math.prod(sizes)
        offset = channels[:, None] + _grid(self.kernel, steps)
        device = inputs.device
        return Gathered(
            padded.flatten(1), offset.reshape(self.groups, -1).to(device), _grid(space, jumps).to(device), space
        )

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Zeros before and after the inputs along each axis."""
        if self.padding == "same":
            return tuple((places // 2, places - places // 2) for places in self.reach)
        if isinstance(self.padding, str):
            return ((0, 0),) * len(self.kernel)
        return tuple((zeros, zeros) for zeros in self.padding)

    @property
    def reach(self) -> tuple[int, ...]:
        """Places from the first to the last input of a window along each axis."""
        return tuple(apart * (size - 1) for apart, size in zip(self.dilation, self.kernel, strict=True))

    def _multiply(self, inputs: Tensor, weights: Tensor, matrices: int, bias: Tensor | None) -> Tensor:
        convolve = CONVOLUTIONS[len(self.kernel)]
        return convolve(inputs, weights, bias, self.stride, self.padding, self.dilation, matrices)


def _grid(sizes: tuple[int, ...], strides: list[int]) -> Tensor:
    """Places of the points of a grid in a flat array, row by row."""
    places = torch.zeros(1, dtype=torch.int64)
    for size, stride in zip(sizes, strides, strict=True):
        places = (places[:, None] + torch.arange(size) * stride).flatten()
    return places
