"""Stage 4 of one layer: input codes to the signals at the ADCs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from bitline.arrays import GateDrivenArray
from bitline.arrays._ladder import Windows, ladder_products
from bitline.encode import input_slices
from bitline.layer.arrays import ProgrammedArrays
from bitline.layer.cells import line_readings
from bitline.layer.grid import Grid
from bitline.numerics.read_noise import add_read_noise

CHUNK = 1 << 19
"""Signals evaluated at once on a CPU: large enough for the product, small enough for the last-level cache."""
GPU_CHUNK = 1 << 27
"""On a GPU: large enough to keep it busy, half a gigabyte."""


class Signals(ABC):
    """The signals at the ADCs, for plans that convert them and for range calibration.

    Args:
        arrays: the layer.
        unit: (slices,) signal that counts as 1.
        slices: input slices that one signal is accumulated over.
    """

    def __init__(self, arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> None:
        self.arrays = arrays
        self.partition = arrays.partition
        self.product = arrays.product
        _, self.slices, self.groups, _, self.columns = arrays.cells.conductance.shape
        self.readings = len(arrays.design.weights.readings)
        self.input_slices = slices
        device = arrays.cells.conductance.device
        self.scale = 1 / (arrays.input_top * torch.tensor(unit, dtype=torch.float64, device=device))
        self.noise_key = arrays.noise_key
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

    def __call__(self, inputs: Tensor, sample: int | None = None, added_variance: float | Tensor = 0.0) -> Tensor:
        """Signals (batch * groups, conversions, columns, positions).

        Args:
            inputs: input codes or digits.
            sample: number of the first sample for its read noise; without noise if not given.
            added_variance: variance of noise besides that of the cells' reads, one number or one for each signal,
                (1, signals, 1).
        """
        signals = self.currents(inputs)
        noisy = self.noise is not None or isinstance(added_variance, Tensor) or added_variance > 0
        if sample is not None and noisy:
            samples = torch.arange(sample, sample + len(inputs), device=inputs.device)
            variance = self._variance(inputs, signals, added_variance)
            flat, variance = (one.reshape(len(inputs), -1).contiguous() for one in (signals, variance))
            signals = add_read_noise(flat, variance, self.noise_key, samples).reshape(signals.shape)
        return signals.reshape(len(inputs) * self.groups, self.conversions, self.columns, -1)

    def _variance(self, inputs: Tensor, signals: Tensor, added: float | Tensor) -> Tensor:
        """Variance of every signal: the cells' reads, and what is added."""
        if isinstance(added, Tensor):
            added = added.reshape(1, -1, *[1] * (signals.ndim - 2))
        if self.noise is None:
            return torch.zeros_like(signals) + added
        squares, weights = self.noise
        return self.product.apply(squares.inputs(inputs), weights, self.partition) + added

    def _lay_out(self, cells: Tensor, power: int = 1) -> Tensor:
        """What cells on ideal lines contribute to the signals, or, with power 2, to their variances."""
        return self._arrange(
            line_readings(cells, self.arrays.design, power).double() * (self.scale**power)[:, None, None, None]
        )

    def _arrange(self, lines: Tensor) -> Tensor:
        """Contributions of rows to readings, (readings, slices, groups, rows, columns), as the product takes them."""
        lines = lines.permute(2, 3, 0, 1, 4).reshape(self.groups, lines.shape[3], -1)
        return self.product.lay_out(lines.to(self.arrays.step.dtype), self.partition)

    def chunk(self, inputs: Tensor) -> int:
        """Batch entries of `inputs` to evaluate at once."""
        space = inputs[0, 0].numel() if inputs.ndim > 2 else 1
        each = self.groups * self.conversions * self.columns * space
        return max(1, (GPU_CHUNK if inputs.is_cuda else CHUNK) // each)


class IdealSignals(Signals):
    """Bit lines that sum the currents of their cells: products with all lines at once.

    Args:
        grid: of whole numbers, where there is one for these cells and this unit.
    """

    def __init__(self, arrays: ProgrammedArrays, unit: Sequence[float], slices: int, grid: Grid | None = None) -> None:
        super().__init__(arrays, unit, slices)
        drives = arrays.drives(self.input_slices)
        self.divisor = None if grid is None or grid.divisor == 1 else torch.tensor(grid.divisor).to(arrays.step)
        laid_out = [self._lay_out(drive.cells) for drive in drives] if grid is None else [self._arrange(grid.lines())]
        self.drives = list(zip(drives, laid_out, strict=True))

    @property
    def evaluations(self) -> int:
        return len(self.drives)

    def currents(self, inputs: Tensor) -> Tensor:
        (drive, weights), *others = self.drives
        signals = self.product.apply(drive.inputs(inputs), weights, self.partition)
        for drive, weights in others:
            signals += self.product.apply(drive.inputs(inputs), weights, self.partition)
        return signals if self.divisor is None else signals.div_(self.divisor)


class LadderSignals(Signals):
    """Bit lines of gate-driven cells with wire resistance, an input bit at a time.

    Read noise, where there is any, has the variance of lines without resistance.
    """

    def __init__(self, arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> None:
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


class UnevenlyAccumulated(Signals):
    """Signals of one input slice after another, added by accumulators whose weights are not exact powers of two.

    Read noise, where there is any, is weighted by exact powers.
    """

    def __init__(self, circuit: type[Signals], arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> None:
        super().__init__(arrays, unit, slices)
        self.inner = circuit(arrays, unit, 1)
        accumulators = (self.groups, self.conversions, self.columns)
        ratios = arrays.design.inputs.accumulator.ratios(
            slices, arrays.slice_bits, accumulators, arrays.draws.of("accumulator")
        )
        weights = 2.0 ** (arrays.slice_bits * torch.arange(slices, dtype=torch.float64))
        self.weights = (ratios.reshape(slices, -1) * weights[:, None]).to(arrays.step)

    @property
    def evaluations(self) -> int:
        return self.input_slices * self.inner.evaluations

    def currents(self, inputs: Tensor) -> Tensor:
        bits = self.arrays.slice_bits
        digits = input_slices(inputs, bits * self.input_slices, bits)
        total: Tensor | None = None
        for digit, weights in zip(digits, self.weights, strict=True):
            signals = self.inner.currents(digit)
            signals *= weights.reshape(1, -1, *[1] * (signals.ndim - 2))
            total = signals if total is None else total.add_(signals)
        assert total is not None
        return total


def _as_lines(cells: Tensor) -> Tensor:
    """(lines, slices, rows, columns) as (rows, lines * slices * columns)."""
    return cells.permute(2, 0, 1, 3).flatten(1).contiguous()


def signals_of(arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> Signals:
    """The signals of a layer's arrays, whatever their circuit."""
    array = arrays.design.array
    resistive = isinstance(array, GateDrivenArray) and not array.wires.is_ideal
    circuit = LadderSignals if resistive else IdealSignals
    if slices > 1 and not arrays.design.inputs.accumulator.has_exact_weights:
        return UnevenlyAccumulated(circuit, arrays, unit, slices)
    if resistive:
        return LadderSignals(arrays, unit, slices)
    return IdealSignals(arrays, unit, slices, Grid.of(arrays, unit))
