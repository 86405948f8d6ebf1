"""The whole signal chain as literally as possible: loops over bits, lines and arrays in float64, no fusion.

It shares with the package only the design, the random numbers and the device model: digits, partitions, ADC codes and
sums are worked out again from the paper's equations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from bitline import Design
from bitline.layer.matrix import LayerCalibration
from bitline.numerics.draws import Draws

NEAR_EDGE = 2e-3  # of a step: float32 may fall on either side of a code's edge


@dataclass
class Literal:
    outputs: np.ndarray  # (outputs, batch)
    slack: np.ndarray  # largest deviation that conversions near a code's edge allow
    magnitude: np.ndarray  # scale of the sums, for rounding errors


def weight_digits(code: int, design: Design) -> list[list[float]]:
    """Fraction of the window for [line][slice]."""
    weights = design.weights
    bits, cell = weights.bits, weights.cell_bits
    top = 2**cell - 1
    sliced = lambda value, count: [((value >> (cell * k)) & top) / top for k in range(count)]  # noqa: E731
    if weights.kind == "offset":
        return [sliced(code + 2 ** (bits - 1), math.ceil(bits / cell))]
    count = math.ceil((bits - 1) / cell)
    magnitude = sliced(abs(code), count)
    zero = [0.0] * count
    if weights.kind == "differential":
        return [magnitude, zero] if code >= 0 else [zero, magnitude]
    sign = 1 if code >= 0 else -1
    return [[(1 + sign * d) / 2 for d in magnitude], [(1 - sign * d) / 2 for d in magnitude]]


def row_groups(channels: int, positions: int, max_rows: int) -> list[list[int]]:
    """Rows of each partition: whole channels together, equal sizes."""
    if positions > max_rows:
        pieces = math.ceil(positions / max_rows)
        size = math.ceil(positions / pieces)
        return [
            list(range(c * positions + p * size, min(c * positions + (p + 1) * size, (c + 1) * positions)))
            for c in range(channels)
            for p in range(pieces)
        ]
    parts = math.ceil(channels / (max_rows // positions))
    size = math.ceil(channels / parts) * positions
    rows = list(range(channels * positions))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def to_levels(signal, size, low, high, coarser) -> tuple[np.ndarray, np.ndarray]:
    """Nearest level, and a step where the signal lies on the edge between two."""
    size = size * coarser
    code = np.clip(np.rint(signal / size), math.ceil(low / coarser), math.floor(high / coarser))
    distance = np.abs(signal / size - np.floor(signal / size) - 0.5)
    return code * size, np.where(distance < NEAR_EDGE, size, 0.0)


def line_by_nodal_analysis(plus, minus, voltages, segment, terminal, both_ends) -> float:
    """Current of one bit line into its virtual grounds: Kirchhoff's laws at every node, as a dense system."""
    count = len(plus)
    load = plus + (0 if minus is None else minus)
    given = plus - (0 if minus is None else minus)
    on = np.abs(voltages) > 0
    matrix = np.diag(np.where(on, load, 0.0))
    injected = np.where(on, given * voltages, 0.0)
    for i in range(count - 1):
        matrix[i, i] += 1 / segment
        matrix[i + 1, i + 1] += 1 / segment
        matrix[i, i + 1] -= 1 / segment
        matrix[i + 1, i] -= 1 / segment
    end = 1 / (segment + terminal)
    matrix[-1, -1] += end
    if both_ends:
        matrix[0, 0] += end
    nodes = np.linalg.solve(matrix, injected)
    return float(nodes[-1] * end + (nodes[0] * end if both_ends else 0.0))


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
    """Outputs for `inputs` (rows, batch) of `matrix` (outputs, rows); `reads` draws the read noise of every cell."""
    matrix = matrix.astype(np.float64)
    weights = design.weights
    top = 2 ** (weights.bits - 1) - 1
    outputs, rows = matrix.shape
    if weights.scale == "layer":
        step = np.full(outputs, np.abs(matrix).max() / top)
    else:
        largest = np.abs(matrix).max(axis=1)
        step = np.where(largest > 0, largest / top, 1.0)
    codes = np.rint((torch.tensor(matrix).float() / torch.tensor(step).float()[:, None]).numpy()).astype(int)

    has_unit = weights.kind == "offset" and weights.subtraction == "unit-column"
    tile = max(1, design.array.columns - 1)
    tiles = math.ceil(outputs / tile) if has_unit else 0
    stored = np.concatenate([codes, np.zeros((tiles, rows), int)])

    low = design.cell.window_low
    digits = np.array(
        [[weight_digits(int(code), design) for code in column] for column in stored]
    )  # column,row,line,slice
    target = low + (1 - low) * digits.transpose(2, 3, 1, 0)[:, :, None]  # line,slice,group,row,column
    cells = design.cell.device.program(torch.tensor(target).float(), draws).double().numpy()
    if design.cell.clip == "zero":
        cells = np.maximum(cells, 0)
    if design.cell.clip == "window":
        cells = np.clip(cells, low, 1)
    sigma = design.cell.read_noise.sigma(torch.tensor(cells), torch.tensor(cells), design.cell.device, design.cell.time)
    cells = cells[:, :, 0]
    sigma = None if sigma is None else sigma.numpy()[:, :, 0]
    curve = design.cell.current_voltage

    array = design.array
    gated = array.kind == "gate-driven"
    segment = array.bit_line.segment + array.source_line.segment if gated else 0.0
    terminal = array.bit_line.terminal + array.source_line.terminal if gated else 0.0

    def wired_currents(k: int, part: list[int], drive: np.ndarray) -> list[np.ndarray]:
        """Currents of each line, (columns, batch), by nodal analysis of every bit line for every input."""
        order = list(range(len(part)))
        if array.row_order == "position":
            order.sort(key=lambda i: (i % positions, i // positions))
        if array.row_order == "heaviest-at-foot":
            sums = target[:, :, 0][:, :, part].sum(axis=(0, 1, 3))
            order = list(np.argsort(np.round(sums, 4), kind="stable"))
        elif array.ground == "top":
            order.reverse()
        rows_in_order = [part[i] for i in order]
        voltages = drive[order]
        interleaved = array.lines == "interleaved"
        wires = [(cells[0], cells[1])] if interleaved else [(one, None) for one in cells]
        return [
            np.array(
                [
                    [
                        line_by_nodal_analysis(
                            plus[k][rows_in_order, column],
                            None if minus is None else minus[k][rows_in_order, column],
                            voltages[:, b],
                            segment,
                            terminal,
                            array.ground == "both",
                        )
                        for b in range(drive.shape[1])
                    ]
                    for column in range(cells.shape[-1])
                ]
            )
            for plus, minus in wires
        ]

    def line_current(line: int, k: int, part: list[int], drive: np.ndarray) -> np.ndarray:
        """Currents (columns, batch) for row voltages (rows, batch), every cell read once for every column of inputs."""
        currents = np.zeros((cells.shape[-1], drive.shape[1]))
        for b in range(drive.shape[1]):
            read = cells[line, k][part]
            if sigma is not None:
                read = read + sigma[line, k][part] * reads.standard_normal(read.shape)
            if curve.is_linear:
                currents[:, b] = read.T @ drive[:, b]
                continue
            for row, voltage in enumerate(drive[:, b]):
                currents[:, b] += curve.current(torch.tensor(read[row]), float(voltage)).numpy()
        return currents

    scale = calibration.inputs
    x = np.clip(np.rint((torch.tensor(inputs).float() / scale.step).numpy()), scale.low, scale.high).astype(int)
    slice_bits = min(design.inputs.slice_bits, scale.magnitude_bits)
    slices = math.ceil(scale.magnitude_bits / slice_bits)
    digit_top = 2**slice_bits - 1
    x_digits = [np.sign(x) * ((np.abs(x) >> (slice_bits * t)) & digit_top) for t in range(slices)]

    top_digit = 2**weights.cell_bits - 1
    cell_slices = cells.shape[1]
    sums = np.zeros((len(stored), x.shape[1]))
    slack = np.zeros_like(sums)
    magnitude = np.zeros_like(sums)

    curves = None
    if calibration.levels is not None and not design.adc.is_ideal:
        parts = len(row_groups(rows // positions, positions, design.array.rows))
        readings_count = 2 if len(cells) == 2 and weights.subtraction == "digital" else 1
        width = min(design.array.columns, len(stored))
        each = math.ceil(width / design.adc.columns_per_adc)
        converter = [c // width * each + c % width // design.adc.columns_per_adc for c in range(len(stored))]
        conversions_count = parts * readings_count * cell_slices
        curves = design.adc.tables(conversions_count, converter[-1] + 1, draws.of("adc"))

    conversions_in_all = (
        len(row_groups(rows // positions, positions, design.array.rows))
        * (2 if len(cells) == 2 and weights.subtraction == "digital" else 1)
        * cell_slices
    )
    accumulator = design.inputs.accumulator
    capacitors = np.zeros((2, 1, conversions_in_all, len(stored)))
    if accumulator.capacitor_mismatch:
        drawn = draws.of("accumulator").normal(capacitors.shape, "capacitors")
        capacitors = accumulator.capacitor_mismatch * drawn.double().numpy()

    def accumulate(currents: list[np.ndarray], array_index: int) -> np.ndarray:
        """Charge shared step by step; the result as if weights were powers of two with sum 1."""
        if len(currents) == 1:
            return currents[0]
        taken = (2**slice_bits - 1) * (1 + capacitors[0, 0, array_index])[:, None]
        held = (1 + capacitors[1, 0, array_index])[:, None]
        voltage = np.zeros_like(currents[0])
        for current in currents:
            voltage = (taken * current + held * voltage * (1 - accumulator.leakage)) / (taken + held)
        return voltage / (1 - 2.0 ** (-slice_bits * len(currents)))

    def convert(
        signal: np.ndarray, k: int, array_index: int, coarser: int, place: tuple[int, int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        if calibration.levels is None:
            return signal, np.zeros_like(signal)
        if calibration.levels.shape:
            steps, (lows, highs) = calibration.levels.steps(), calibration.levels.limits()
            conversion, part, reading = place
            value, near = np.zeros_like(signal), np.zeros_like(signal)
            for column in range(len(stored)):
                wanted = (conversion, 0, part, reading, k, column)
                own = tuple(min(i, size - 1) for i, size in zip(wanted, steps.shape, strict=True))
                value[column], near[column] = to_levels(
                    signal[column], float(steps[own]), float(lows[own]), float(highs[own]), coarser
                )
            return value, near
        size = calibration.levels.step[k]
        if curves is not None:
            value, near = np.zeros_like(signal), np.zeros_like(signal)
            for column in range(len(stored)):
                edges = curves.edges[array_index, converter[column]].double().numpy()
                codes_given = curves.codes[array_index, converter[column]].double().numpy()
                for b in range(signal.shape[1]):
                    x = signal[column, b] / size - calibration.levels.low[k]
                    place = int((edges <= x).sum())
                    value[column, b] = (codes_given[place] + calibration.levels.low[k]) * size
                    close = np.flatnonzero(np.abs(edges - x) < NEAR_EDGE)
                    if len(close):
                        spread = codes_given[close[0] : close[-1] + 2]
                        near[column, b] = (spread.max() - spread.min()) * size
            return value, near
        return to_levels(signal, size, calibration.levels.low[k], calibration.levels.high[k], coarser)

    for part_index, part in enumerate(row_groups(rows // positions, positions, design.array.rows)):
        for k in range(cell_slices):
            if gated and segment + terminal > 0:
                lines = list(zip(*[wired_currents(k, part, digit[part]) for digit in x_digits], strict=True))
            else:
                lines = [
                    [line_current(line, k, part, digit[part] / digit_top) for digit in x_digits]
                    for line in range(len(cells))
                ]
            if len(lines) == 1:
                readings = [(1, lines[0])]
            elif weights.subtraction == "analog":
                readings = [(1, [plus - minus for plus, minus in zip(*lines, strict=True)])]
            else:
                readings = [(1, lines[0]), (-1, lines[1])]
            for reading_index, (sign, currents) in enumerate(readings):
                array_index = (part_index * len(readings) + reading_index) * cell_slices + k
                together = {"analog": slices, "digital": 1, "mixed": min(slices, design.inputs.analog_slices)}
                together = together[design.inputs.accumulation]
                total_weight = sum(2 ** (slice_bits * t) for t in range(together))
                conversions = [
                    (
                        total_weight * 2 ** (slice_bits * first),
                        accumulate(
                            list(currents[first : first + together])
                            + [0 * currents[0]] * max(0, first + together - slices),
                            array_index,
                        ),
                    )
                    for first in range(0, slices, together)
                ]
                saved = getattr(design.adc, "bits_saved", ())
                for conversion, (weight, signal) in enumerate(conversions):
                    coarser = 2 ** saved[conversion] if conversion < len(saved) and len(conversions) > 1 else 1
                    value, near = convert(signal, k, array_index, coarser, (conversion, part_index, reading_index))
                    if getattr(design.adc, "skip_zero_inputs", False):
                        given = x_digits[conversion * together : (conversion + 1) * together]
                        idle = sum(np.abs(digit[part]).sum(axis=0) for digit in given) == 0
                        value[:, idle], near[:, idle] = 0, 0
                    factor = 2 ** (weights.cell_bits * k) * weight * digit_top * top_digit / (1 - low)
                    sums += sign * factor * value
                    slack += factor * near
                    magnitude += factor * np.abs(signal)

    if has_unit:
        unit = outputs + np.arange(outputs) // tile
        result = sums[:outputs] - sums[unit]
        slack = slack[:outputs] + slack[unit]
        magnitude = magnitude[:outputs] + magnitude[unit]
    elif weights.kind == "offset":
        background = low / (1 - low) * top_digit * sum(2 ** (weights.cell_bits * k) for k in range(cell_slices))
        removed = (2 ** (weights.bits - 1) + background) * x.sum(axis=0)
        result = sums - removed
        magnitude = magnitude + np.abs(removed)
    else:
        result = sums
    unit_step = step[:, None] * scale.step
    result = result * unit_step + (0 if bias is None else bias[:, None])
    return Literal(result, slack * unit_step, magnitude * unit_step)
