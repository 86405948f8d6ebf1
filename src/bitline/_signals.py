"""Stage 4 of one layer: input codes to the signals at the ADCs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from bitline._histogram import Histogram
from bitline._layer_arrays import Arrays
from bitline._read_noise import add_read_noise
from bitline.arrays import GateDrivenArray
from bitline.arrays._ladder import Windows, ladder_products
from bitline.cells import line_readings

CHUNK = 1 << 21
"""Signals evaluated at once: large enough for the product, small enough for the last-level cache."""


class Signals(ABC):
    """The signals at the ADCs, for plans that convert them and for range calibration.

    Args:
        arrays: the layer.
        unit: (slices,) signal that counts as 1.
        slices: input slices that one signal is accumulated over.

    Attributes:
        added_variance: variance of noise that every signal has besides that of the cells' reads.
    """

    def __init__(self, arrays: Arrays, unit: Sequence[float], slices: int) -> None:
        self.arrays = arrays
        self.partition = arrays.partition
        self.product = arrays.product
        _, self.slices, self.groups, _, self.columns = arrays.cells.conductance.shape
        self.readings = len(arrays.design.weights.readings)
        self.input_slices = slices
        device = arrays.cells.conductance.device
        self.scale = 1 / (arrays.input_top * torch.tensor(unit, dtype=torch.float64, device=device))
        self.noise_key = arrays.noise_key
        self.added_variance = 0.0
        self.noise = None
        if arrays.cells.noise is not None:
            squares = arrays.squares(self.input_slices)
            self.noise = (squares, self._lay_out(squares.cells, power=2))

    @property
    def conversions(self) -> int:
        """Conversions of one column for one input slice: partitions x readings x slices."""
        return self.partition.parts * self.readings * self.slices

    @property
    @abstractmethod
    def evaluations(self) -> int:
        """Products that one set of signals takes."""

    @abstractmethod
    def currents(self, inputs: Tensor) -> Tensor:
        """Signals without read noise, (batch, groups * parts * readings * slices * columns, *space).

        Args:
            inputs: input codes or digits, (batch, groups * channels, *space).
        """

    def __call__(self, inputs: Tensor, samples: Tensor | None = None) -> tuple[Tensor, tuple[int, ...]]:
        """Signals (batch * groups, conversions, columns * space), and the spatial shape.

        Args:
            inputs: input codes or digits.
            samples: (batch,) int64, number of each sample for its read noise; without noise if not given.
        """
        signals = self.currents(inputs)
        if samples is not None and (self.noise is not None or self.added_variance):
            variance = self._variance(inputs, signals)
            flat, variance = (one.reshape(len(inputs), -1).contiguous() for one in (signals, variance))
            signals = add_read_noise(flat, variance, self.noise_key, samples).reshape(signals.shape)
        return signals.reshape(len(inputs) * self.groups, self.conversions, -1), tuple(signals.shape[2:])

    def _variance(self, inputs: Tensor, signals: Tensor) -> Tensor:
        """Variance of every signal: the cells' reads, and what is added to all signals."""
        if self.noise is None:
            return torch.full_like(signals, self.added_variance)
        squares, weights = self.noise
        return self.product.apply(squares.inputs(inputs), weights, self.partition) + self.added_variance

    def _lay_out(self, cells: Tensor, power: int = 1) -> Tensor:
        """What cells on ideal lines contribute to the signals, or, with power 2, to their variances."""
        lines = line_readings(cells, self.arrays.design, power).double() * (self.scale**power)[:, None, None, None]
        lines = lines.permute(2, 3, 0, 1, 4).reshape(self.groups, lines.shape[3], -1)
        return self.product.lay_out(lines.to(self.arrays.step.dtype), self.partition)

    def chunk(self, inputs: Tensor) -> int:
        """Batch entries of `inputs` to evaluate at once."""
        space = inputs[0, 0].numel() if inputs.ndim > 2 else 1
        each = self.groups * self.conversions * self.columns * space
        return max(1, CHUNK // each)


class IdealSignals(Signals):
    """Bit lines that sum the currents of their cells: products with all lines at once."""

    def __init__(self, arrays: Arrays, unit: Sequence[float], slices: int) -> None:
        super().__init__(arrays, unit, slices)
        self.drives = [(drive, self._lay_out(drive.cells)) for drive in arrays.drives(self.input_slices)]

    @property
    def evaluations(self) -> int:
        return len(self.drives)

    def currents(self, inputs: Tensor) -> Tensor:
        (drive, weights), *others = self.drives
        signals = self.product.apply(drive.inputs(inputs), weights, self.partition)
        for drive, weights in others:
            signals += self.product.apply(drive.inputs(inputs), weights, self.partition)
        return signals


class LadderSignals(Signals):
    """Bit lines of gate-driven cells with wire resistance, an input bit at a time.

    Read noise, where there is any, has the variance of lines without resistance.
    """

    def __init__(self, arrays: Arrays, unit: Sequence[float], slices: int) -> None:
        super().__init__(arrays, unit, slices)
        array = arrays.design.array
        assert isinstance(array, GateDrivenArray)
        self.wires = array.wires
        readings = arrays.design.weights.readings if array.lines == "separate" else ((1,),)
        self.mixing = torch.tensor(readings, dtype=arrays.step.dtype, device=arrays.step.device)
        dtype = arrays.step.dtype
        cells = arrays.cells.conductance.to(dtype)
        self.lines = []
        for group in range(self.groups):
            for rows in arrays.blocks:
                block = cells[:, :, group, rows]
                order = array.order(arrays.targets[:, :, group, rows], self.product.positions)
                self.lines.append((group, rows, order, *self._loads(block[:, :, order], array)))

    def _loads(self, block: Tensor, array: GateDrivenArray) -> tuple[Tensor, Tensor]:
        """What rows drive and what loads the lines, (rows, lines) each."""
        if array.lines == "interleaved":
            return _as_lines(block[:1] - block[1:]), _as_lines(block[:1] + block[1:])
        separate = _as_lines(block)
        return separate, separate

    @property
    def evaluations(self) -> int:
        return len(self.arrays.cells.conductance) * self.arrays.inputs.magnitude_bits

    def currents(self, inputs: Tensor) -> Tensor:
        gathered = self.product.gather(inputs)
        signals = torch.empty(
            len(inputs),
            len(self.lines),
            self.readings,
            self.slices,
            self.columns,
            len(gathered.base),
            dtype=inputs.dtype,
            device=inputs.device,
        )
        bits = max(1, int(inputs.abs().max()).bit_length())
        scale = self.scale.to(inputs)[:, None, None]
        for index, (group, rows, order, given, loading) in enumerate(self.lines):
            windows = Windows(gathered.offset[group, rows][order.to(gathered.offset.device)], gathered.base)
            currents = ladder_products(gathered.elements, windows, given, loading, self.wires, bits)
            lines = currents.reshape(len(inputs), -1, self.slices, self.columns, len(gathered.base))
            signals[:, index] = torch.einsum("rl,blscn->brscn", self.mixing, lines) * scale
        return signals.reshape(len(inputs), -1, *gathered.space)


def _as_lines(cells: Tensor) -> Tensor:
    """(lines, slices, rows, columns) as (rows, lines * slices * columns)."""
    return cells.permute(2, 0, 1, 3).flatten(1).contiguous()


def signals_of(arrays: Arrays, unit: Sequence[float], slices: int) -> Signals:
    """The signals of a layer's arrays, whatever their circuit."""
    array = arrays.design.array
    if isinstance(array, GateDrivenArray) and not array.wires.is_ideal:
        return LadderSignals(arrays, unit, slices)
    return IdealSignals(arrays, unit, slices)


def observe_signals(arrays: Arrays, codes: Tensor, seen: Sequence[Histogram]) -> None:
    """Count the signals at the ADCs of a layer on lines without resistance.

    Args:
        arrays: the layer, usually with exact cells.
        codes: input codes.
        seen: one histogram for each weight slice.
    """
    apart = arrays.conversions_apart
    plan = IdealSignals(arrays, [1.0] * arrays.design.weights.slices, arrays.accumulated_slices)
    for part in codes.split(max(1, plan.chunk(codes) // apart)):
        signals, _ = plan(part if apart == 1 else arrays.conversion_inputs(part).flatten(0, 1))
        by_slice = signals.reshape(len(signals), -1, plan.slices, signals.shape[-1])
        for index, histogram in enumerate(seen):
            histogram.update(by_slice[:, :, index])
