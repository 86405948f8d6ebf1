"""Stage 5 of the oracle: input slices added in analog, and converters."""

from __future__ import annotations

import math

import numpy as np
from oracle.layer import Layer, Place

from bitline.readout import Levels

NEAR_EDGE = 2e-3
"""Of a step: so close to the edge between two codes, a sum in float32 may fall to either side."""


def arrays_of_conversions(layer: Layer) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """(partition, weight slice) of the arrays whose currents are added before each conversion, by the number of its
    converters along both axes: one array each, unless slices of a weight or arrays below each other are added."""
    partitions, _, slices = layer.arrays
    together: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for partition in range(len(layer.partitions)):
        for k in range(layer.weight_slices):
            together.setdefault((min(partition, partitions - 1), min(k, slices - 1)), []).append((partition, k))
    return together


def add_currents(arrays: list[list[np.ndarray]], weights: list[float]) -> list[np.ndarray]:
    """Currents of every input slice, (columns, batch) each, added over arrays, each through a mirror of this ratio."""
    return [sum(ratio * u for ratio, u in zip(weights, each, strict=True)) for each in zip(*arrays, strict=True)]


def accumulate(layer: Layer, signals: list[np.ndarray], array: int) -> list[np.ndarray]:
    """What the converters of an array see, one signal for each conversion, least significant first.

    Charge is shared with one input slice after the other, V' = ((2^a - 1) C1 u + C2 V) / ((2^a - 1) C1 + C2), so that
    what is held counts 2^-a less with each (section 3.3). Full inputs of n slices would end at 1 - 2^-(a n), which
    counts as 1, also where a conversion sees fewer slices: the converter's reference stays what it is.
    """
    n, a = layer.accumulated, layer.slice_bits
    if n == 1:
        return signals
    leakage = layer.design.inputs.accumulator.leakage
    C1, C2 = capacitors(layer, array)
    C1 = (2**a - 1) * C1
    conversions = []
    for slices in layer.conversions:
        V = np.zeros_like(signals[0])
        for u in [signals[slice] for slice in slices]:
            V = (C1 * u + C2 * V * (1 - leakage)) / (C1 + C2)
        conversions.append(V / (1 - 2.0 ** (-a * n)))
    return conversions


def capacitors(layer: Layer, array: int) -> np.ndarray:
    """The two capacitors of every column's accumulator over their nominal values, (2, columns, 1)."""
    mismatch = layer.design.inputs.accumulator.capacitor_mismatch
    shape = (2, 1, math.prod(layer.arrays), layer.columns)
    if mismatch == 0:
        return np.ones((2, layer.columns, 1))
    errors = mismatch * layer.draws.of("accumulator").normal(shape, "capacitors").double().numpy()
    return 1 + errors[:, 0, array, :, None]


def convert(layer: Layer, signal: np.ndarray, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """The nearest level to every signal (columns, batch), and how far off it may be next to an edge."""
    levels, adc = layer.calibration.levels, layer.design.adc
    value, slack = np.array(signal), np.zeros_like(signal)
    if levels is None:
        return value, slack
    number = place.conversion % (len(layer.conversions) // len(layer.polarities))
    saved = adc.bits_saved[number] if number < len(adc.bits_saved) else 0
    coarser = 2**saved if layer.input_slices > layer.accumulated else 1
    curves = None if adc.kind == "uniform" else transfer_curves(layer, place.array(layer))
    for column in range(layer.columns):
        step, low, high = levels_of(levels, place, column)
        if curves is None:
            value[column], slack[column] = nearest_level(signal[column], step, low, high, coarser)
        else:
            value[column], slack[column] = looked_up(signal[column], step, low, *curves[column])
    return value, slack


def levels_of(levels: Levels, place: Place, column: int) -> tuple[float, int, int]:
    """Step, smallest and largest code of one converter."""
    extent = levels.shape or (1, 1, 1, 1, len(levels.step), 1)
    wanted = (place.conversion, 0, place.partition, place.reading, place.weight_slice, column)
    entry = np.ravel_multi_index([min(at, size - 1) for at, size in zip(wanted, extent, strict=True)], extent)
    return levels.step[entry], levels.low[entry], levels.high[entry]


def nearest_level(signal: np.ndarray, step: float, low: int, high: int, coarser: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels of an ideal converter, which may leave out all but every so many (`coarser`); a step of slack at edges."""
    step = step * coarser
    code = np.clip(np.rint(signal / step), math.ceil(low / coarser), math.floor(high / coarser))
    from_edge = np.abs(signal / step - np.floor(signal / step) - 0.5)
    return code * step, np.where(from_edge < NEAR_EDGE, step, 0.0)


def transfer_curves(layer: Layer, array: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(edges, codes) of the converter of every column for one conversion; neighbours on an array take turns.

    Args:
        array: number of the conversion, each with arrays of its own side by side.
    """
    adc, side_by_side = layer.design.adc, len(layer.tiles)
    each = math.ceil(max(map(len, layer.tiles)) / adc.columns_per_adc)
    drawn = adc.tables(math.prod(layer.arrays) * side_by_side, each, layer.draws.of("adc"))
    edges, codes = (numbers.double().numpy() for numbers in (drawn.edges, drawn.codes))
    found = {}
    for number, tile in enumerate(layer.tiles):
        for place, column in enumerate(tile):
            converter = array * side_by_side + number, place // adc.columns_per_adc
            found[column] = edges[converter], codes[converter]
    return [found[column] for column in range(layer.columns)]


def looked_up(
    signal: np.ndarray, step: float, low: int, edges: np.ndarray, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The code between two edges of a transfer curve; where an edge is near, all codes around it are possible."""
    value, slack = np.zeros_like(signal), np.zeros_like(signal)
    for sample, steps in enumerate(signal / step - low):
        value[sample] = (codes[(edges <= steps).sum()] + low) * step
        near = np.flatnonzero(np.abs(edges - steps) < NEAR_EDGE)
        if len(near):
            slack[sample] = np.ptp(codes[near[0] : near[-1] + 2]) * step
    return value, slack


def is_skipped(layer: Layer, voltages: list[np.ndarray]) -> np.ndarray:
    """(batch,) whether no row of an array has a voltage in a conversion, and the converter knows."""
    idle = ~np.any(voltages, axis=(0, 1))
    return idle & getattr(layer.design.adc, "skip_zero_inputs", False)
