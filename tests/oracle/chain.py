"""The oracle: the signal chain worked out one bit line, one digit and one conversion after the other, in float64.

Every function is one step of Xiao et al. 2022 (section 4 and Fig. 5; equations numbered as in arXiv 2109.01262v3), in
the order of the signal: quantise, encode, program, bit lines with read noise, accumulate, convert, recombine. Nothing
is merged, and nothing is fast. It shares with the package the settings of a design, the numbers of a calibration, and
what chance decides: programmed cells, capacitors, transfer curves of converters. All else is worked out again.

Symbols: W float weight, w weight code, X float input, x input code, b bits per cell, a input bits of a slice, k weight
slice, G conductance in units of G_max, u voltage of a row in units of the read voltage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from oracle.arrays import bit_lines
from oracle.charges import share_charge
from oracle.devices import Cells, lowest_conductance, program
from oracle.encode import append_unit_columns, columns_of_arrays, encode, input_digits, line_signs, turn
from oracle.layer import COMPLEMENTS, Layer, Place, cell_bits
from oracle.quantize import quantise_inputs, quantise_weights, ranges_of_vectors
from oracle.readout import accumulate, add_currents, arrays_of_conversions, convert, is_skipped

from bitline import Design, LayerCalibration
from bitline.numerics.draws import Draws


@dataclass(frozen=True)
class Literal:
    """What the chain gives, (outputs, batch) each.

    Attributes:
        outputs: the layer's outputs.
        slack: largest deviation that conversions near an edge between two codes allow.
        magnitude: sum of the absolute values of all terms, which rounding errors are relative to.
    """

    outputs: np.ndarray
    slack: np.ndarray
    magnitude: np.ndarray

    @property
    def largest(self) -> float:
        """The largest magnitude of all outputs."""
        return float(self.magnitude.max(initial=1e-6))


def literal_chain(
    matrix: np.ndarray,
    design: Design,
    inputs: np.ndarray,
    calibration: LayerCalibration,
    *,
    positions: int = 1,
    draws: Draws,
    bias: np.ndarray | None = None,
    reads: np.random.Generator | None = None,
) -> Literal:
    """Outputs of a layer, from one end of the chain to the other.

    Args:
        matrix: (outputs, rows) float weights.
        inputs: (rows, batch) float inputs.
        positions: kernel positions of an input channel.
        draws: random numbers of the chip and the layer.
        bias: (outputs,), added digitally.
        reads: random numbers for the read noise of every cell in every read.
    """
    refuse_what_is_left_out(design)
    codes, weight_step = quantise_weights(matrix, design)
    stored = append_unit_columns(codes, design)
    tiles = columns_of_arrays(len(codes), design)
    layer = Layer(design, calibration, matrix.shape[1], len(stored), tiles, positions, draws, reads)
    signs = line_signs(layer, stored)
    cells = program(turn(layer, encode(stored, design), stored, signs), design, draws)
    cells = share_charge(layer, cells)
    largest = ranges_of_vectors(inputs, design, calibration)
    x = quantise_inputs(inputs / largest.astype(inputs.dtype), calibration)
    sums = add_conversions(layer, cells, signs, input_digits(layer, x))
    product = remove_offset(layer, sums, signs, x, len(codes))
    unit = weight_step[:, None] * calibration.inputs.step * largest
    outputs = product.outputs * unit + (0 if bias is None else bias[:, None])
    return Literal(outputs, product.slack * unit, product.magnitude * unit)


def add_conversions(layer: Layer, cells: Cells, signs: np.ndarray, voltages: list[np.ndarray]) -> Literal:
    """Shift and add of everything that is converted, in units of weight code times input code (Eqs. 5 to 8).

    A conversion of weight slice k counts its place value, 2^(b k), times (2^b - 1) / (1 - G_min) in weight codes, and
    2^(a (t - n)) (2^(a n) - 1) in input codes, where n input slices share the accumulator's range and t is the number
    of the slice that follows the last one of the conversion. Where arrays are added before
    the ADC, it counts what the first of them would.
    """
    b, a, n = cell_bits(layer.design), layer.slice_bits, layer.accumulated
    sums, slack, magnitude = np.zeros((3, layer.columns, voltages[0].shape[-1]))
    for place, added in arrays_of_conversions(layer).items():
        partition, k = added[0]
        rows = sorted({row for own, _ in added for row in layer.partitions[own]})
        currents = [bit_lines(layer, cells, slice, layer.partitions[own], voltages) for own, slice in added]
        weights = [layer.place_value(slice) / layer.place_value(k) for _, slice in added]
        for reading, (sign, _) in enumerate(layer.readings):
            signals = add_currents([each[reading] for each in currents], weights)
            array = Place(place[0], reading, place[1], 0).array(layer)
            for l, signal in enumerate(accumulate(layer, signals, array)):
                value, near = convert(layer, signal, Place(place[0], reading, place[1], l))
                seen = layer.conversions[l]
                skipped = is_skipped(layer, [voltages[slice][0, 0][rows] for slice in seen])
                value[:, skipped], near[:, skipped] = 0, 0
                polarity, last = divmod(seen[-1], layer.input_slices)
                inputs = (-1) ** polarity * 2.0 ** (a * (last + 1 - n)) * (2 ** (a * n) - 1)
                factor = layer.place_value(k) * (2**b - 1) * inputs / (1 - lowest_conductance(layer.design))
                sums += sign * signs[partition, k][:, None] * factor * value
                slack += abs(factor) * near
                magnitude += abs(factor) * np.abs(signal)
    return Literal(sums, slack, magnitude)


def remove_offset(layer: Layer, sums: Literal, signs: np.ndarray, x: np.ndarray, outputs: int) -> Literal:
    """Take away what offset weights add: 2^(B_W-1) sum(x) (Eqs. 5 and 7), and what single lines do, currents of G_min.

    It is counted digitally, or is what the tile's unit column of zero weights has given.

    Args:
        sums: of all columns, unit columns included.
        signs: of the lines.
        x: input codes (rows, batch).
        outputs: columns without unit columns.
    """
    weights, low, b = layer.design.weights, lowest_conductance(layer.design), cell_bits(layer.design)
    if weights.kind not in ("offset", "polarised", *COMPLEMENTS):
        return sums
    if getattr(weights, "subtraction", None) == "unit-column":
        own = np.arange(outputs)
        unit = [tile[-1] for column in own for tile in layer.tiles if column in tile]
        return Literal(
            sums.outputs[own] - sums.outputs[unit],
            sums.slack[own] + sums.slack[unit],
            sums.magnitude[own] + sums.magnitude[unit],
        )
    lowest_digit = low / (1 - low) * (2**b - 1)
    flipped = getattr(weights, "flipped_columns", False)
    removed = np.zeros_like(sums.outputs) + (2 ** (weights.bits - 1) * x.sum(axis=0) if weights.kind == "offset" else 0)
    for partition, rows in enumerate(layer.partitions):
        for k in range(layer.weight_slices):
            # a flipped line gives (2^b - 1) sum(x) less than its digits, and the currents of G_min, all subtracted
            shown = signs[partition, k] * lowest_digit - (2**b - 1) * (flipped & (signs[partition, k] < 0))
            removed += layer.place_value(k) * shown[:, None] * x[rows].sum(axis=0)
    return Literal(sums.outputs - removed, sums.slack, sums.magnitude + np.abs(removed))


ONLY_AS_USUAL = (
    "weights.percentile",
    "inputs.accumulator.effective_bits",
    "inputs.drivers.noise",
    "cell.levels",
    "cell.programming",
    "cell.variation",
    "cell.time",
    "cell.faults",
    "cell.drift_compensation",
)
"""Settings that this chain knows no value of but the usual one."""


def refuse_what_is_left_out(design: Design) -> None:
    """A design with something that is not worked out here must not pass for one without it."""
    for name in ONLY_AS_USUAL:
        value, usual = design, Design()
        for part in name.split("."):
            value, usual = getattr(value, part), getattr(usual, part)
        assert value == usual, f"the literal chain leaves {name} out"
    assert design.array.kind in ("ideal", "gate-driven", "row-driven", "charge-sharing"), (
        f"the literal chain leaves {design.array.kind} arrays out"
    )
    assert getattr(design.array, "predistortion", None) is None, "the literal chain leaves predistortion out"
    assert not getattr(design.array, "capacitor_fF", None), "the literal chain leaves the noise of lines out"
    assert not getattr(design.adc, "noise", 0), "the literal chain leaves the noise of converters out"
