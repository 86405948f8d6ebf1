"""Signals at the ADCs of any circuit, and those that accumulators with errors add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bitline.encode import input_slices
from bitline.layer.arrays import ProgrammedArrays, per_channel
from bitline.layer.driver_noise import AccumulatedDriverNoise
from bitline.layer.grid import Grid
from bitline.layer.line_products import DrivenProduct, is_whole
from bitline.layer.signals import LinearSignals, Signals, WholeSignals
from bitline.layer.solved_signals import NodalSignals, SolvedSignals
from bitline.shapes import AddedVariance, Currents, LayerInputs


class UnevenlyAccumulated(Signals):
    """Signals of one input slice after another, added by accumulators whose weights are not exact powers of two.

    Noise of every slice, whatever it comes from, counts with the weight of its slice.

    Args:
        inner: the signals of one input slice.
    """

    def __init__(self, inner: Signals, arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> None:
        super().__init__(arrays, unit, slices)
        self.inner = inner
        bits, accumulator = arrays.slicing.slice_bits, arrays.design.inputs.accumulator
        shape = (self.groups, self.conversions, self.columns)
        ratios = accumulator.ratios(slices, bits, shape, arrays.draws.of("accumulator"))
        weights = 2.0 ** (bits * torch.arange(slices, dtype=torch.float64))
        self.weights = (ratios.reshape(slices, -1) * weights[:, None]).to(arrays.product_step)
        if inner.steady_variance is not None:
            self.steady_variance = inner.steady_variance * self.weights.square().sum(0)[:, None]
        if inner.driver_noise is not None:
            self.driver_noise = AccumulatedDriverNoise(inner.driver_noise, self.weights)

    def _noise_of(self, arrays: ProgrammedArrays) -> tuple[DrivenProduct, ...]:
        return ()  # the inner signals know it

    def _line_variance(self, arrays: ProgrammedArrays) -> None:
        return None

    def _driver_noise_of(self, arrays: ProgrammedArrays) -> None:
        return None

    def share_of_power(self, slices: int) -> AddedVariance:
        powers = self.weights.square()
        return (powers[-slices:].sum(0) / powers.sum(0))[None, :, None]

    @property
    def is_noisy(self) -> bool:
        return self.inner.is_noisy

    @property
    def evaluations(self) -> int:
        return self.input_slices * self.inner.evaluations

    def currents(self, inputs: LayerInputs) -> Currents:
        return self._added_up(inputs, self.inner.currents, self.weights)

    def variance(self, inputs: LayerInputs, signals: Currents, added: float | AddedVariance) -> Currents:
        own = super().variance(inputs, signals, added)
        if not self.is_noisy:
            return own
        return own + self._added_up(
            inputs, lambda digit: self.inner.variance(digit, signals, 0.0), self.weights.square()
        )

    def _added_up(self, inputs: LayerInputs, of_digits: Callable[[Tensor], Currents], all_weights: Tensor) -> Currents:
        """Something of every input slice, times its weights."""
        bits = self.arrays.slicing.slice_bits
        digits = input_slices(inputs, bits * self.input_slices, bits)
        total: Tensor | None = None
        for digit, weights in zip(digits, all_weights, strict=True):
            signals = of_digits(digit)
            signals *= per_channel(weights, signals)
            total = signals if total is None else total.add_(signals)
        assert total is not None
        return total


def signals_of(arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> Signals:
    """The signals of a layer's arrays, whatever their circuit.

    Args:
        arrays: the layer.
        unit: (slices,) signal that counts as 1.
        slices: input slices that one signal is accumulated over.
    """
    if slices > 1 and not arrays.design.inputs.accumulator.has_exact_weights:
        return UnevenlyAccumulated(_circuit_of(arrays, unit, 1), arrays, unit, slices)
    return _circuit_of(arrays, unit, slices)


def _circuit_of(arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> Signals:
    if arrays.is_nodal:
        inner = None if arrays.design.bends_on_wires else _ohmic_circuit_of(arrays, unit, slices)
        return NodalSignals(arrays, unit, slices, inner)
    return _ohmic_circuit_of(arrays, unit, slices)


def _ohmic_circuit_of(arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> Signals:
    if not arrays.design.array.is_linear:
        return SolvedSignals(arrays, unit, slices)
    if is_whole(arrays):
        return WholeSignals(arrays, unit, slices, Grid.whole(arrays, unit))
    return LinearSignals(arrays, unit, slices, Grid.of(arrays, unit) if slices == arrays.slicing.accumulated else None)
