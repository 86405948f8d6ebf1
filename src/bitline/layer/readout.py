"""Stage 5 of one layer: the signals of one input slice to digital sums."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from bitline.layer.arrays import ProgrammedArrays
from bitline.layer.signals import Signals
from bitline.readout import (
    Adc,
    Levels,
    Sums,
    TransferTable,
    convert_and_add,
    convert_columns_and_add,
    lookup_and_add,
)


class Readout(ABC):
    """How the signals of one input slice become digital sums.

    Attributes:
        added_variance: variance of the converters' noise in units of the signals, one number or (1, groups *
            conversions * columns, 1).
    """

    added_variance: float | Tensor = 0.0

    @abstractmethod
    def __call__(self, signals: Tensor, start: Tensor | None = None, total: Tensor | None = None) -> Tensor:
        """Convert and add.

        Args:
            signals: (blocks, conversions, columns, positions), contiguous.
            start: (groups, columns) that the sums start at; without it they go on from `total`, or from 0 if that is
                not given either.
            total: (blocks, columns, positions), contiguous, to be written; a new tensor if not given.

        Returns:
            Digital sums (blocks, columns, positions).
        """


class NoConversion(Readout):
    """No ADC: signals are added as they are.

    Args:
        factor: (groups, conversions, columns) weight of a signal in the sum.
    """

    def __init__(self, factor: Tensor) -> None:
        self.factor = factor

    def __call__(self, signals: Tensor, start: Tensor | None = None, total: Tensor | None = None) -> Tensor:
        apart = signals.nan_to_num(nan=0.0).reshape(-1, *self.factor.shape, signals.shape[-1])
        parts = torch.einsum("bgqcp,gqc->bgcp", apart, self.factor)
        return Sums.of(signals, len(self.factor), start, total).add(parts)


class SharedLevels(Readout):
    """Ideal converters whose levels differ by weight slice only; signals come in steps of them.

    Args:
        low, high: (conversions,) smallest and largest code.
        factor: (groups, conversions, columns) weight of a code.
        coarser: steps of these converters in one step of the signals.
        noise: standard deviation of noise, in steps of the signals.
    """

    def __init__(self, low: Tensor, high: Tensor, factor: Tensor, coarser: float, noise: float) -> None:
        self.low, self.high = (low / coarser).ceil(), (high / coarser).floor()
        self.factor = factor * coarser
        self.coarser = coarser
        self.added_variance = noise**2

    def __call__(self, signals: Tensor, start: Tensor | None = None, total: Tensor | None = None) -> Tensor:
        own = signals if self.coarser == 1 else signals / self.coarser
        return convert_and_add(own, self.low, self.high, self.factor, start, total)


class ColumnLevels(Readout):
    """Ideal converters with levels of every column's own, or converters that skip some conversions.

    Args:
        scale, low, high, factor: (groups, conversions, columns), see `convert_columns_and_add`.
        noise: standard deviation of noise, in steps.
    """

    def __init__(self, scale: Tensor, low: Tensor, high: Tensor, factor: Tensor, noise: float) -> None:
        self.scale, self.low, self.high, self.factor = scale, low, high, factor
        self.added_variance = (noise / scale).square().reshape(1, -1, 1) if noise else 0.0

    def __call__(self, signals: Tensor, start: Tensor | None = None, total: Tensor | None = None) -> Tensor:
        return convert_columns_and_add(signals, self.scale, self.low, self.high, self.factor, start, total)


class TransferCurves(Readout):
    """Converters with transfer curves of their own.

    Args:
        table, converter: see `lookup_and_add`.
        scale, low, factor: (groups, conversions, columns).
        noise: standard deviation of noise, in steps.
    """

    def __init__(
        self, table: TransferTable, converter: Tensor, scale: Tensor, low: Tensor, factor: Tensor, noise: float
    ) -> None:
        self.table, self.converter = table, converter
        self.scale, self.low, self.factor = scale, low, factor
        self.added_variance = (noise / scale).square().reshape(1, -1, 1) if noise else 0.0

    def __call__(self, signals: Tensor, start: Tensor | None = None, total: Tensor | None = None) -> Tensor:
        levels = (self.table, self.converter, self.scale, self.low, self.factor)
        return lookup_and_add(signals, *levels, start, total)


def readouts(arrays: ProgrammedArrays, signals: Signals, levels: Levels, unit: Sequence[float]) -> list[Readout]:
    """The readout of each conversion of a product, least significant input slice first.

    Args:
        arrays: the layer.
        signals: what is converted.
        levels: of the converters.
        unit: (slices,) signal that counts as 1.
    """
    adc = arrays.design.adc
    assert isinstance(adc, Adc)
    apart = arrays.conversions_apart
    parts, readings = signals.partition.parts, signals.readings
    noise = arrays.converter_noise
    saved = [2.0**bits for bits in adc.bits_saved[:apart]] if apart > 1 else []
    coarser = saved + [1.0] * (apart - len(saved))
    device, dtype = arrays.step.device, arrays.step.dtype
    signed = arrays.code_factors().cpu() * (arrays.gain * arrays.input_top)
    factors = [signed * arrays.input_radix(index) for index in range(apart)]
    by_column = arrays.column_factors().cpu()

    if levels.is_shared and adc.is_ideal and not adc.skip_zero_inputs:
        count = parts * readings
        low, high = (torch.tensor(one, dtype=dtype).repeat(count).to(device) for one in (levels.low, levels.high))
        steps = torch.tensor(levels.step, dtype=torch.float64)
        return [
            SharedLevels(low, high, _by_column(factor * steps, parts, by_column).to(device, dtype), ratio, noise)
            for factor, ratio in zip(factors, coarser, strict=True)
        ]

    shape = (signals.groups, parts, readings, signals.slices, signals.columns)
    steps, (low, high) = levels.steps(), levels.limits()
    scales = torch.tensor(list(unit), dtype=torch.float64)[:, None] / steps

    def spread(values: Tensor, index: int) -> Tensor:
        own = values[index if len(values) > 1 else 0].expand(shape)
        return own.reshape(shape[0], -1, shape[-1]).to(device, dtype).contiguous()

    def weights(index: int) -> Tensor:
        return factors[index][:, :, None] * steps * by_column[:, None, None, None]

    if adc.is_ideal:
        return [
            ColumnLevels(
                spread(scales / ratio, index),
                spread((low / ratio).ceil(), index),
                spread((high / ratio).floor(), index),
                spread(weights(index) * ratio, index),
                noise,
            )
            for index, ratio in enumerate(coarser)
        ]
    table, converter = _converters(arrays, signals, adc)
    return [
        TransferCurves(
            table, converter, spread(scales, index), spread(low, index), spread(weights(index), index), noise
        )
        for index in range(apart)
    ]


def added_up(arrays: ProgrammedArrays, signals: Signals) -> list[Readout]:
    """The readout of each conversion of a product without an ADC, least significant input slice first."""
    signed = arrays.code_factors() * (arrays.gain * arrays.input_top)
    factor = _by_column(signed, signals.partition.parts, arrays.column_factors()).to(arrays.step)
    return [NoConversion(factor * arrays.input_radix(index)) for index in range(arrays.conversions_apart)]


def _by_column(factor: Tensor, parts: int, by_column: Tensor) -> Tensor:
    """Factors (readings, slices) of each partition, times those of columns: (groups, conversions, columns)."""
    return factor.reshape(-1).repeat(parts)[None, :, None] * by_column[:, None]


def _converters(arrays: ProgrammedArrays, signals: Signals, adc: Adc) -> tuple[TransferTable, Tensor]:
    """The transfer curves of this chip's converters, and the converter of each column in its array."""
    device = arrays.step.device
    columns, width = signals.columns, min(arrays.design.array.columns, signals.columns)
    each = -(-width // adc.columns_per_adc)
    place = torch.arange(columns)
    converter = place // width * each + place % width // adc.columns_per_adc
    table = adc.tables(signals.groups * signals.conversions, int(converter[-1]) + 1, arrays.draws.of("adc"))
    return table.to(device), converter.to(device)
