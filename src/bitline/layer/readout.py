"""Stage 5 of one layer: the signals of one conversion to digital sums."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from bitline.layer.arrays import LayerArrays
from bitline.layer.line_signs import signed_columns
from bitline.layer.signals import Signals
from bitline.readout import (
    Levels,
    Sums,
    TransferTable,
    bits_saved,
    convert_and_add,
    convert_columns_and_add,
    lookup_and_add,
)
from bitline.shapes import ArrayColumns, AtAdcs, CodeFactors, DigitalSums, Float, Int, PerConversion


class Readout(ABC):
    """How the signals of one conversion become digital sums.

    Attributes:
        added_variance: variance of the converters' noise in units of the signals, one number or (1, groups *
            conversions * columns, 1).
    """

    added_variance: float | Tensor = 0.0

    @abstractmethod
    def accumulate(
        self, signals: AtAdcs, start: ArrayColumns | None = None, total: DigitalSums | None = None
    ) -> DigitalSums:
        """Convert signals and add their codes up.

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

    def __init__(self, factor: PerConversion) -> None:
        self.factor = factor

    @classmethod
    def of(cls, arrays: LayerArrays) -> list[Readout]:
        """The readout of each conversion of a product, the least significant first."""
        by_column, device = arrays.column_factors(), arrays.product_step.device
        weights = (_by_column(each.factors.to(device), arrays, by_column) for each in Conversion.all_of(arrays))
        return [cls(weight.to(arrays.product_step)) for weight in weights]

    def accumulate(
        self, signals: AtAdcs, start: ArrayColumns | None = None, total: DigitalSums | None = None
    ) -> DigitalSums:
        apart = signals.nan_to_num(nan=0.0).reshape(-1, *self.factor.shape, signals.shape[-1])
        parts = reduce(torch.add, (apart * self.factor[..., None]).unbind(2))  # in one order, whatever the batch
        return Sums.of(signals, len(self.factor), start, total).add(parts)


class SharedLevels(Readout):
    """Ideal converters whose levels differ by weight slice only; signals come in steps of them.

    Args:
        low, high: (conversions,) smallest and largest code.
        factor: (groups, conversions, columns) weight of a code.
        coarser: steps of these converters in one step of the signals.
        noise: standard deviation of noise, in steps of the signals.
    """

    def __init__(
        self,
        low: Float[Tensor, "conversions"],
        high: Float[Tensor, "conversions"],
        factor: PerConversion,
        coarser: float,
        noise: float,
    ) -> None:
        self.low, self.high = (low / coarser).ceil(), (high / coarser).floor()
        self.factor = factor * coarser
        self.coarser = coarser
        self.added_variance = noise**2

    @classmethod
    def of(cls, arrays: LayerArrays, levels: Levels) -> list[SharedLevels]:
        """The readout of each conversion of a product, the least significant first."""
        device, dtype = arrays.product_step.device, arrays.product_step.dtype
        count = arrays.partition.parts * len(arrays.design.weights.readings)
        low, high = (torch.tensor(codes, dtype=dtype).repeat(count).to(device) for codes in (levels.low, levels.high))
        steps, by_column = torch.tensor(levels.step, dtype=torch.float64), arrays.column_factors().cpu()
        noise = arrays.converter_noise
        return [
            cls(
                low,
                high,
                _by_column(conversion.factors * steps, arrays, by_column).to(device, dtype),
                conversion.coarser,
                noise,
            )
            for conversion in Conversion.all_of(arrays)
        ]

    def accumulate(
        self, signals: AtAdcs, start: ArrayColumns | None = None, total: DigitalSums | None = None
    ) -> DigitalSums:
        signals = signals if self.coarser == 1 else signals / self.coarser
        return convert_and_add(signals, self.low, self.high, self.factor, start, total)


class ColumnLevels(Readout):
    """Ideal converters whose levels differ from column to column, or that skip some conversions.

    Args:
        scale, low, high, factor: (groups, conversions, columns), see `convert_columns_and_add`.
        noise: standard deviation of noise, in steps of these levels.
    """

    def __init__(
        self, scale: PerConversion, low: PerConversion, high: PerConversion, factor: PerConversion, noise: float
    ) -> None:
        self.scale, self.low, self.high, self.factor = scale, low, high, factor
        self.added_variance = (noise / scale).square().reshape(1, -1, 1) if noise else 0.0

    @classmethod
    def of(cls, arrays: LayerArrays, signals: Signals, levels: Levels, unit: Sequence[float]) -> list[Readout]:
        """The readout of each conversion of a product, the least significant first."""
        columns, noise = _Columns.of(arrays, signals, levels, unit), arrays.converter_noise
        return [
            cls(
                columns.spread(columns.scales / each.coarser, each),
                columns.spread((columns.low / each.coarser).ceil(), each),
                columns.spread((columns.high / each.coarser).floor(), each),
                columns.spread(columns.weights(each) * each.coarser, each),
                noise / each.coarser,
            )
            for each in Conversion.all_of(arrays)
        ]

    def accumulate(
        self, signals: AtAdcs, start: ArrayColumns | None = None, total: DigitalSums | None = None
    ) -> DigitalSums:
        return convert_columns_and_add(signals, self.scale, self.low, self.high, self.factor, start, total)


class TransferCurves(Readout):
    """Converters whose circuits have errors, and so each its own transfer curve.

    Args:
        table, converter: see `lookup_and_add`.
        scale, low, factor: (groups, conversions, columns).
        noise: standard deviation of noise, in steps.
    """

    def __init__(
        self,
        table: TransferTable,
        converter: Int[Tensor, "groups conversions array_columns"],
        scale: PerConversion,
        low: PerConversion,
        factor: PerConversion,
        noise: float,
    ) -> None:
        self.table, self.converter = table, converter
        self.scale, self.low, self.factor = scale, low, factor
        self.added_variance = (noise / scale).square().reshape(1, -1, 1) if noise else 0.0

    @classmethod
    def of(cls, arrays: LayerArrays, signals: Signals, levels: Levels, unit: Sequence[float]) -> list[Readout]:
        """The readout of each conversion of a product, the least significant first."""
        columns, noise = _Columns.of(arrays, signals, levels, unit), arrays.converter_noise
        table, converter = _converters(arrays, signals)
        return [
            cls(
                table,
                converter,
                columns.spread(columns.scales, each),
                columns.spread(columns.low, each),
                columns.spread(columns.weights(each), each),
                noise,
            )
            for each in Conversion.all_of(arrays)
        ]

    def accumulate(
        self, signals: AtAdcs, start: ArrayColumns | None = None, total: DigitalSums | None = None
    ) -> DigitalSums:
        return lookup_and_add(signals, self.table, self.converter, self.scale, self.low, self.factor, start, total)


@dataclass(frozen=True)
class Conversion:
    """One of the conversions of a signal for one product.

    Attributes:
        index: counted from the least significant bits of the positive inputs.
        factors: (readings, slices) weight of a signal of 1 in the digital sum, float64.
        coarser: its converter's steps in one step of the levels, more than 1 where bits are saved.
    """

    index: int
    factors: CodeFactors
    coarser: float

    @classmethod
    def all_of(cls, arrays: LayerArrays) -> list[Conversion]:
        """The conversions of a product, the least significant first."""
        slicing = arrays.slicing
        coarser = [2.0**bits for bits in bits_saved(arrays.design.adc, slicing.places)] * slicing.polarities
        signed = arrays.code_factors().cpu() * (arrays.digits_per_G_max * slicing.top)
        return [cls(index, signed * slicing.radix(index), ratio) for index, ratio in enumerate(coarser)]


def readouts(arrays: LayerArrays, signals: Signals, levels: Levels, unit: Sequence[float]) -> list[Readout]:
    """The readout of each conversion of a product, the least significant first, for the converters of a design.

    Args:
        arrays: the layer.
        signals: what is converted.
        levels: of the converters.
        unit: (slices,) signal that counts as 1.
    """
    adc = arrays.design.adc
    if not adc.is_ideal:
        return TransferCurves.of(arrays, signals, levels, unit)
    if levels.is_shared and not adc.skip_zero_inputs:
        return list(SharedLevels.of(arrays, levels))
    return ColumnLevels.of(arrays, signals, levels, unit)


@dataclass(frozen=True)
class _Columns:
    """Levels of every column and conversion.

    Attributes:
        steps, low, high: of the levels, along `readout.levels.AXES`, float64.
        scales: converter steps in a signal of 1, along the same axes.
        by_column: what the digital sum of a column counts, (groups, parts or 1, 1, slices or 1, columns).
        shape: (groups, parts, readings, slices, columns).
        like: a tensor of the dtype and on the device of the result.
    """

    steps: Tensor
    low: Tensor
    high: Tensor
    scales: Tensor
    by_column: Tensor
    shape: tuple[int, ...]
    like: Tensor

    @classmethod
    def of(cls, arrays: LayerArrays, signals: Signals, levels: Levels, unit: Sequence[float]) -> _Columns:
        shape = (signals.groups, signals.partition.parts, signals.readings, signals.slices, signals.columns)
        steps, (low, high) = levels.steps(), levels.limits()
        scales = torch.tensor(list(unit), dtype=torch.float64)[:, None] / steps
        return cls(steps, low, high, scales, signed_columns(arrays).cpu(), shape, arrays.product_step)

    def weights(self, conversion: Conversion) -> Tensor:
        """Weight of a code in the digital sum, along the axes of the levels."""
        return conversion.factors[:, :, None] * self.steps * self.by_column

    def spread(self, values: Tensor, conversion: Conversion) -> PerConversion:
        """Values along the axes of the levels for every column of one conversion, (groups, conversions, columns)."""
        mine = values[conversion.index if len(values) > 1 else 0].expand(self.shape)
        return mine.reshape(self.shape[0], -1, self.shape[-1]).to(self.like.device, self.like.dtype).contiguous()


def _by_column(factors: CodeFactors, arrays: LayerArrays, by_column: ArrayColumns) -> PerConversion:
    """Factors (readings, slices) of each partition, times those of columns: (groups, conversions, columns)."""
    counted = factors.reshape(-1).repeat(arrays.partition.parts)[None, :, None] * by_column[:, None]
    return counted if (lines := arrays.line_signs) is None else counted * lines.by_conversion(len(factors)).to(counted)


def _converters(arrays: LayerArrays, signals: Signals) -> tuple[TransferTable, Tensor]:
    """The transfer curves of this chip's converters, and the converter of each column, counted over all arrays."""
    adc, at, device = arrays.design.adc, arrays.placement, arrays.product_step.device
    each = -(-at.columns_in_use // adc.columns_per_adc)
    table = adc.tables(at.packs * signals.conversions * at.tiles, each, arrays.draws.of("adc"))
    conversion = at.pack_of_group[:, None] * signals.conversions + torch.arange(signals.conversions)
    array = conversion[..., None] * at.tiles + at.tile_of_column
    converter = array * each + (at.place_of_column // adc.columns_per_adc)[:, None]
    return table.to(device), converter.to(device)
