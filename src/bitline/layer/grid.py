"""Signals as whole numbers: of exact cells in their digits, of others on the grid that conductances are resolved to.

Products of whole numbers are exact, so they do not depend on the order of a sum, and what lies in the middle between
two levels is rounded by rule. The ideal outputs of an array are whole multiples of one current. A level that spans
several of them has outputs exactly in the middle between it and the next: ties, which every converter of uniform
levels rounds to the even code. Digits as fractions of G_max are not exact in binary, and a sum of them falls to
either side of a tie. So where cells hold exactly their targets and a step is a simple fraction of the smallest
current, products are formed of whole numbers and divided by the step afterwards, once: a quotient of whole numbers
that are exact is rounded right, ties are ties, and neither the precision nor the order of the sum makes a difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch

from bitline.design import Design
from bitline.layer.arrays import LayerArrays, ProgrammedArrays
from bitline.layer.counted_cells import CountedArrays, ReadArrays
from bitline.layer.readings import WholeReadings, WholeTensor, line_readings
from bitline.numerics.quotient import quotient
from bitline.quantize import InputScale
from bitline.shapes import ReadingTensor

LARGEST_DENOMINATOR = 1 << 16
"""Of a step in units of the smallest current; 2^8 - 1 codes over a few hundred rows, for example."""
SAME = 2.0**-46
"""Relative difference that rounding in float64 may make of a step."""
ROUNDING = 16
"""Units in the last place of G/G_max that may separate a cell from its digit."""


@dataclass(frozen=True)
class Grid:
    """How readings of exact cells become whole numbers, and these become signals.

    Attributes:
        counts: (readings, sums, groups, rows, columns) readings as whole numbers, float64 or int32.
        weights: (slices,) what 1 counts in a sum; multiples of a power of two.
        divisor: sums for a signal of 1.
        step: G/G_max that a count stands for.
    """

    counts: WholeTensor
    weights: tuple[float, ...]
    divisor: int
    step: float

    @classmethod
    def of(cls, arrays: ProgrammedArrays, unit: Sequence[float]) -> Grid | None:
        """The grid of a layer; None where its cells have errors, or steps or digits are no simple fractions.

        Args:
            arrays: of the layer, on lines without resistance.
            unit: (slices,) signal that counts as 1.
        """
        readings = whole_readings(arrays) if arrays.cells.are_exact else None
        return None if readings is None else cls._of_fractions(arrays, readings, unit)

    @classmethod
    def whole(cls, arrays: ReadArrays, unit: Sequence[float]) -> Grid | None:
        """Like `of`, but for steps of any size, and for cells with errors, whose grid is that of `grid_step`.

        Args:
            arrays, unit: as for `of`.
        """
        readings = whole_readings(arrays)
        if readings is None:
            return None
        fractions = cls._of_fractions(arrays, readings, unit) if readings.are_exact else None
        if fractions is not None:
            return fractions
        top = arrays.slicing.top
        return cls(readings.counts, tuple(readings.step / (top * size) for size in unit), 1, readings.step)

    @classmethod
    def _of_fractions(cls, arrays: LayerArrays, readings: WholeReadings, unit: Sequence[float]) -> Grid | None:
        """The grid of exact cells; None where steps are no simple fractions, or sums of them not exact."""
        design = arrays.design
        steps = [simple_fraction(size * fineness(design) * arrays.slicing.top) for size in unit]
        if None in steps:
            return None
        known = [step for step in steps if step is not None]
        divisor = math.lcm(*(_odd(step.numerator) for step in known))
        weights = [divisor / step for step in known]
        largest = largest_count(design, arrays.partition.rows, arrays.inputs)
        precision = arrays.product_step.dtype
        if divisor > 1 and largest * max(weight.numerator for weight in weights) > exact_up_to(precision):
            return None
        return cls(readings.counts, tuple(map(float, weights)), divisor, readings.step)

    def lines(self) -> ReadingTensor:
        """What the readings of cells are in sums, (readings, sums, groups, rows, columns), float64."""
        weights = torch.tensor(self.weights, dtype=torch.float64, device=self.counts.device)
        return self.counts * weights[:, None, None, None]


def whole_readings(arrays: ReadArrays) -> WholeReadings | None:
    """Readings as whole numbers; None for cells that are not ohmic, exact cells whose digits are no whole numbers, and
    sums of slices that are none.

    Args:
        arrays: of a layer, on lines without resistance or with effective conductances.
    """
    if isinstance(arrays, CountedArrays):
        return arrays.readings
    design, cells = arrays.design, arrays.cells.conductance
    if not design.has_plain_currents:
        return None
    exact = arrays.cells.are_exact
    step = 1 / fineness(design) if exact else grid_step(design)
    lines = design.weights.readings
    if arrays.cells.steps is not None and design.weights.has_whole_readings:
        return WholeReadings.of(line_readings(arrays.cells.steps, lines), step, exact, design.weights)
    rounding = ROUNDING * torch.finfo(cells.dtype).eps / step
    if rounding > 0.25:
        return None
    readings = quotient(line_readings(cells.double(), lines), step)
    counts = readings.round()
    if float((readings - counts).abs().max()) > rounding * max(1.0, float(cells.abs().max())):
        return None
    return WholeReadings.of(counts, step, exact, design.weights)


def grid_step(design: Design) -> float:
    """Step of the grid that conductances with errors are resolved to, in G/G_max; an even part of a digit.

    Examples:
        >>> round(1 / grid_step(Design()))  # 127 digits of 196 steps
        24892
    """
    cell, top = design.cell, design.weights.top_digit
    return (1 - cell.window_low) / (top * max(2, 2 * (cell.resolution // (2 * top))))


def fineness(design: Design) -> float:
    """Whole numbers that G_max is worth, where readings of exact cells are whole numbers."""
    digits = design.weights.top_digit / (1 - design.cell.window_low)
    return digits * background(design).denominator / design.weights.reading_step


def background(design: Design) -> Fraction:
    """What the G_min of cells adds to a reading, in smallest differences; 0 where cells are subtracted."""
    ratio = design.cell.on_off_ratio or design.cell.device.default_on_off_ratio
    if design.weights.signed_readings or math.isinf(ratio):
        return Fraction(0)
    return design.weights.top_digit / (Fraction(repr(ratio)) - 1) / Fraction(design.weights.reading_step)


def largest_count(design: Design, rows: int, inputs: InputScale) -> float:
    """The largest sum of whole numbers in one conversion."""
    lines = design.bit_lines(rows, inputs)
    cells = sum(abs(radix) for radix in design.weights.added_radix)
    return float(rows * min(inputs.high, 2**lines.input_bits - 1) * fineness(design) * cells)


def exact_up_to(dtype: torch.dtype) -> float:
    """The largest whole number up to which all are exact."""
    return float(2 / torch.finfo(dtype).eps)


def simple_fraction(value: float) -> Fraction | None:
    """The fraction of whole numbers that a number stands for; None where there is no simple one."""
    fraction = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    return fraction if fraction > 0 and abs(float(fraction) / value - 1) < SAME else None


def _odd(number: int) -> int:
    """A number without its factors of two."""
    return number // (number & -number)
