"""Signals of lines that are solved with their wires, for every input slice of every vector."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bitline.arrays.nodal_lines import InputWindows
from bitline.layer.arrays import ProgrammedArrays
from bitline.layer.signals import Signals, added_up, per_signal
from bitline.shapes import AddedVariance, Currents, Float, LayerInputs


class SolvedSignals(Signals):
    """Arrays whose bit lines are solved for every input bit of every vector."""

    def __init__(self, arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> None:
        super().__init__(arrays, unit, slices)
        array, step = arrays.design.array, arrays.product_step
        self.mixing = _mixing(arrays).to(step)
        cells, targets = arrays.cells.conductance.to(step.dtype), arrays.cells.targets
        positions = self.product.positions
        self.bit_lines = [
            (group, rows, array.bit_lines(cells[:, :, group, rows], targets[:, :, group, rows], positions))
            for group in range(self.groups)
            for rows in arrays.row_slices
        ]

    @property
    def evaluations(self) -> int:
        return self.lines * self.arrays.inputs.magnitude_bits

    def currents(self, inputs: LayerInputs) -> Currents:
        gathered = self.product.gather(inputs)
        slices = self.arrays.design.weights.slices
        shape = (len(self.bit_lines), self.readings, slices, self.columns, len(gathered.base))
        signals = torch.empty(len(inputs), *shape, dtype=inputs.dtype, device=inputs.device)
        bits = _bits(inputs)
        for index, (group, rows, bit_lines) in enumerate(self.bit_lines):
            currents = bit_lines.currents(gathered.elements, gathered.offset[group, rows], gathered.base, bits)
            lines = currents.reshape(len(inputs), -1, *shape[2:])
            signals[:, index] = torch.einsum("rl,blsnm->brsnm", self.mixing, lines)
        return self._converted(signals).to(inputs).reshape(len(inputs), -1, *gathered.space)


class NodalSignals(Signals):
    """Arrays whose nodes are all solved for every input slice of every vector, for what depends on them.

    Args:
        inner: gives signals faster where only their noise takes all nodes; None where they do, too.
    """

    def __init__(
        self, arrays: ProgrammedArrays, unit: Sequence[float], slices: int, inner: Signals | None = None
    ) -> None:
        super().__init__(arrays, unit, slices)
        array, self.mixing = arrays.design.array, _mixing(arrays)
        self.inner, self._has_noise, self._like = inner, arrays.cells.noise is not None, arrays.product_step
        self.nodal_lines = [
            (group, rows, array.nodal_lines(arrays.block(group, rows)))
            for group in range(self.groups)
            for rows in arrays.row_slices
        ]
        if self._has_noise and self.driver_noise is not None:
            self.steady_variance = added_up(self.steady_variance, self._variance_of_voltages(arrays))

    def _variance_of_voltages(self, arrays: ProgrammedArrays) -> AddedVariance:
        """What reads have of the noise of voltages, which is that of every row by itself: variances are quadratic."""
        rows = [
            lines.of_voltages(torch.eye(rows.stop - rows.start, dtype=torch.float64))[1].sum(0)
            for _, rows, lines in self.nodal_lines
        ]
        each = self._mixed([variances[None, :, None] for variances in rows], power=2)
        return (each * self._power_of_drivers(arrays)).reshape(1, -1, 1).to(self._like)

    @property
    def is_noisy(self) -> bool:
        return self._has_noise

    @property
    def evaluations(self) -> int:
        return self.lines * self.arrays.slicing.slices if self.inner is None else self.inner.evaluations

    def currents(self, inputs: LayerInputs) -> Currents:
        return self._solved(inputs)[0] if self.inner is None else self.inner.currents(inputs)

    def _with_variance(self, inputs: LayerInputs, added: float | AddedVariance) -> tuple[Currents, Currents]:
        signals, variance = self._solved(inputs)
        signals = signals if self.inner is None else self.inner.currents(inputs)
        return signals, variance + per_signal(added, variance)

    def variance(self, inputs: LayerInputs, signals: Currents, added: float | AddedVariance) -> Currents:
        variance = self._solved(inputs)[1]
        return variance + per_signal(added, variance)

    def _solved(self, inputs: LayerInputs) -> tuple[Currents, Currents]:
        """Signals, and the variances of their noise."""
        gathered = self.product.gather(inputs)
        elements, offset, base = (found.cpu() for found in (gathered.elements, gathered.offset, gathered.base))
        bits = _bits(inputs)
        solved = [
            lines.solve(elements.double(), InputWindows(offset[group, rows], base), bits)
            for group, rows, lines in self.nodal_lines
        ]
        mixed = (
            self._mixed([lines.currents for lines in solved], power=1),
            self._mixed([lines.variances for lines in solved], power=2),
        )
        signals, variances = (values.reshape(len(inputs), -1, *gathered.space).to(self._like) for values in mixed)
        return signals, variances

    def _mixed(self, lines: Sequence[Float[Tensor, "batch solved positions"]], power: int) -> Tensor:
        """What conversions see of lines, (batch, blocks, readings, slices, columns, positions), or its variance."""
        slices = self.arrays.design.weights.slices
        apart = torch.stack([each.unflatten(1, (-1, slices, self.columns)) for each in lines], 1)
        return self._converted(torch.einsum("rl,bplsnm->bprsnm", self.mixing**power, apart), power)


def _mixing(arrays: ProgrammedArrays) -> Float[Tensor, "readings lines"]:
    """How currents of lines are added before the ADC, float64."""
    weights = ((1.0,),) if arrays.design.array.subtracts_on_the_line else arrays.design.weights.readings
    return torch.tensor(weights, dtype=torch.float64)


def _bits(inputs: LayerInputs) -> int:
    """Bits of the largest magnitude."""
    return max(1, int(inputs.abs().max()).bit_length())
