"""What the stages of the oracle have to know of one matrix on the arrays of one chip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bitline import Design, LayerCalibration
from bitline.numerics.draws import Draws

COMPLEMENTS = {"ones-complement": 0, "twos-complement": 1}
"""Kinds of weights whose top bit counts negatively, and what is added to the inverted bits of a negative weight."""


@dataclass(frozen=True)
class Layer:
    """One matrix on the arrays of a chip.

    Attributes:
        rows, columns: of the matrix, unit columns included.
        tiles: columns of each of the arrays that lie side by side, in their order there.
        positions: kernel positions of an input channel, whose rows lie side by side.
        draws: random numbers of the chip and the layer.
        reads: random numbers of read noise.
    """

    design: Design
    calibration: LayerCalibration
    rows: int
    columns: int
    tiles: list[list[int]]
    positions: int
    draws: Draws
    reads: np.random.Generator | None

    @property
    def partitions(self) -> list[list[int]]:
        """Rows of each array."""
        return row_groups(self.rows // self.positions, self.positions, self.design.array)

    @property
    def readings(self) -> list[tuple[int, tuple[int, ...]]]:
        """What is converted: its sign in the digital sum, and the sign of every line before the ADC (0: not in it)."""
        if self.design.weights.kind in ("offset", "polarised", *COMPLEMENTS):
            return [(1, (1,))]
        return [(1, (1, -1))] if self.design.weights.subtraction == "analog" else [(1, (1, 0)), (-1, (0, 1))]

    @property
    def weight_slices(self) -> int:
        magnitude = math.ceil(stored_bits(self.design) / cell_bits(self.design))
        return magnitude + (self.design.weights.kind in COMPLEMENTS)

    def place_value(self, k: int) -> float:
        """What a digit of weight slice k counts: 2^(b k), or for the sign bits of complements what they take away."""
        weights, b = self.design.weights, cell_bits(self.design)
        if weights.kind in COMPLEMENTS and k == self.weight_slices - 1:
            return -(2 ** (weights.bits - 1) - 1 + COMPLEMENTS[weights.kind]) / 2 ** (b - 1)
        return 2 ** (b * k)

    @property
    def slice_bits(self) -> int:
        """Input bits applied at once."""
        return min(self.design.inputs.slice_bits, self.calibration.inputs.magnitude_bits)

    @property
    def input_slices(self) -> int:
        return math.ceil(self.calibration.inputs.magnitude_bits / self.slice_bits)

    @property
    def accumulated(self) -> int:
        """Input slices that one conversion sees."""
        inputs = self.design.inputs
        mixed = min(self.input_slices, inputs.analog_slices)
        return {"analog": self.input_slices, "digital": 1, "mixed": mixed}[inputs.accumulation]

    @property
    def conversions(self) -> list[list[int]]:
        """Input slices that each conversion sees, least significant first: all see as many, from the most significant
        slice on, but the first, which sees those that are left; of each polarity after the other."""
        slices, n = list(range(self.input_slices)), self.accumulated
        once = [slices[max(0, end - n) : end] for end in range(len(slices), 0, -n)][::-1]
        turns = range(len(self.polarities))
        return [[turn * self.input_slices + slice for slice in seen] for turn in turns for seen in once]

    @property
    def polarities(self) -> tuple[int, ...]:
        """Signs of the inputs that are applied one after the other; (0,) where all are applied together."""
        separate = self.design.inputs.polarities == "separate" and self.calibration.inputs.signed
        return (1, -1) if separate else (0,)

    @property
    def arrays(self) -> tuple[int, int, int]:
        """(partitions, readings, weight slices), each combination with converters of its own."""
        partitions = 1 if self.design.array.accumulation == "analog" else len(self.partitions)
        slices = 1 if self.design.weights.accumulation == "analog" else self.weight_slices
        return partitions, len(self.readings), slices


@dataclass(frozen=True)
class Place:
    """Which conversion of a product it is, by its number along every axis."""

    partition: int
    reading: int
    weight_slice: int
    conversion: int

    def array(self, layer: Layer) -> int:
        """Number of the array."""
        return int(np.ravel_multi_index((self.partition, self.reading, self.weight_slice), layer.arrays))


def stored_bits(design: Design) -> int:
    """Bits of a weight that lie on cells: all where an offset is added, else those of the magnitude."""
    return design.weights.bits if design.weights.kind == "offset" else design.weights.bits - 1


def cell_bits(design: Design) -> int:
    """Weight bits on one cell, b."""
    return stored_bits(design) if design.weights.bits_per_cell == "unsliced" else design.weights.bits_per_cell


def row_groups(channels: int, positions: int, array: Any) -> list[list[int]]:
    """Rows of each partition: equal sizes, or as many as fit on all but the last.

    The rows of an input channel are together where an array holds them.
    """
    max_rows = array.rows
    if positions > max_rows:
        pieces = math.ceil(positions / max_rows)
        size = max_rows if array.partitions == "full" else math.ceil(positions / pieces)
        starts = [(c, c * positions + p * size) for c in range(channels) for p in range(pieces)]
        return [list(range(start, min(start + size, (c + 1) * positions))) for c, start in starts]
    parts = math.ceil(channels / (max_rows // positions))
    together = max_rows // positions if array.partitions == "full" else math.ceil(channels / parts)
    size = together * positions
    rows = list(range(channels * positions))
    return [rows[start : start + size] for start in range(0, len(rows), size)]
