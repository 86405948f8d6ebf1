"""Stage 2 of the oracle: integer codes to digits on cells and on rows."""

from __future__ import annotations

import math

import numpy as np
from oracle.layer import COMPLEMENTS, Layer, cell_bits

from bitline import Design


def append_unit_columns(codes: np.ndarray, design: Design) -> np.ndarray:
    """A column of zero weights more for every tile of an array, where the offset is subtracted as a unit column."""
    if getattr(design.weights, "subtraction", None) != "unit-column":
        return codes
    return np.concatenate([codes, np.zeros((len(columns_of_arrays(len(codes), design)), codes.shape[1]), int)])


def columns_of_arrays(outputs: int, design: Design) -> list[list[int]]:
    """Columns of each array in their order there: weights fill one array after the other, up to the last column of
    each where that is its unit column. All unit columns are counted after the columns of weights."""
    has_unit = getattr(design.weights, "subtraction", None) == "unit-column"
    arrays: list[list[int]] = []
    for column in range(outputs):
        if not arrays or len(arrays[-1]) + has_unit == design.array.columns:
            arrays.append([])
        arrays[-1].append(column)
    return [[*own, outputs + number] if has_unit else own for number, own in enumerate(arrays)]


def encode(codes: np.ndarray, design: Design) -> np.ndarray:
    """Digits of weights over 2^b - 1, (lines, slices, rows, columns)."""
    digits = [[weight_digits(int(w), design) for w in column] for column in codes]
    return np.array(digits).transpose(2, 3, 1, 0)


def line_signs(layer: Layer, codes: np.ndarray) -> np.ndarray:
    """Whether the readings of each line are added (1) or subtracted (-1), (partitions, slices, columns).

    Flipped columns (Shafiee et al., ISCA 2016) are those whose digits on an array exceed half of the largest sum;
    polarised ones (Yuan et al., ISCA 2021) take the sign of the weights with the larger sum of squares.
    """
    weights, b = layer.design.weights, cell_bits(layer.design)
    signs = np.ones((len(layer.partitions), layer.weight_slices, len(codes)), int)
    for partition, rows in enumerate(layer.partitions):
        for column, own in enumerate(codes[:, rows].tolist()):
            if weights.kind == "polarised":
                signs[partition, :, column] = -1 if sum(w * abs(w) for w in own) < 0 else 1
            elif getattr(weights, "flipped_columns", False):
                digits = np.array([cut(w + 2 ** (weights.bits - 1), weights.bits, b) for w in own])
                signs[partition, :, column] = np.where(digits.sum(0) > len(rows) / 2 + 1e-9, -1, 1)
    return signs


def turn(layer: Layer, digits: np.ndarray, codes: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Digits as flipped and polarised lines hold them: inverted, and 0 for weights of the other sign.

    Args:
        digits: (lines, slices, rows, columns).
        codes: (columns, rows).
        signs: (partitions, slices, columns).
    """
    held = digits.copy()
    for partition, rows in enumerate(layer.partitions):
        for k in range(layer.weight_slices):
            own, sign = held[0, k, rows], signs[partition, k]
            if layer.design.weights.kind == "polarised":
                held[0, k, rows] = np.where(codes[:, rows].T * sign < 0, 0, own)
            else:
                held[0, k, rows] = np.where(sign < 0, 1 - own, own)
    return held


def weight_digits(w: int, design: Design) -> list[list[float]]:
    """The digits of one weight over 2^b - 1, [line][slice]."""
    bits, b = design.weights.bits, cell_bits(design)
    if design.weights.kind == "offset":  # Eqs. 5 and 7
        return [cut(w + 2 ** (bits - 1), bits, b)]
    if design.weights.kind in COMPLEMENTS:  # the complement of |w|, bit by bit, and 1 more of two's complement
        lower = w if w >= 0 else 2 ** (bits - 1) - 1 - abs(w) + COMPLEMENTS[design.weights.kind]
        return [[*cut(lower, bits - 1, b), (w < 0) * 2 ** (b - 1) / (2**b - 1)]]
    magnitude = cut(abs(w), bits - 1, b)
    if design.weights.kind == "polarised":
        return [magnitude]
    lowest = [0.0] * len(magnitude)
    if design.weights.kind == "differential":  # Eqs. 6 and 8, one-sided: the other cell stays at the lowest state
        return [magnitude, lowest] if w >= 0 else [lowest, magnitude]
    sign = 1 if w >= 0 else -1  # two-sided: one cell as far above the middle of the window as the other is below
    return [[(1 + sign * d) / 2 for d in magnitude], [(1 - sign * d) / 2 for d in magnitude]]


def cut(number: int, bits: int, b: int) -> list[float]:
    """Slices of b bits over 2^b - 1, least significant first."""
    top = 2**b - 1
    return [((number >> (b * k)) & top) / top for k in range(math.ceil(bits / b))]


def input_digits(layer: Layer, x: np.ndarray) -> list[np.ndarray]:
    """Voltages of rows, (weight slices, tiles, rows, batch) for every input slice, least significant first; signs are
    the inputs', or those of positive inputs and then those of the magnitudes of negative ones."""
    a, slices = layer.slice_bits, range(layer.input_slices)
    applied = [(x if polarity == 0 else np.maximum(polarity * x, 0)) for polarity in layer.polarities]
    return [np.sign(x) * driven(layer, (np.abs(x) >> (a * index)) & (2**a - 1)) for x in applied for index in slices]


def driven(layer: Layer, digits: np.ndarray) -> np.ndarray:
    """Voltages of the rows of every array for digits (rows, batch), (weight slices, tiles, rows, batch): bit k of a
    digit connects 2^k elements, each with an error."""
    a, mismatch = layer.slice_bits, layer.design.inputs.drivers.mismatch
    slices, tiles = layer.weight_slices, len(layer.tiles)
    errors = layer.draws.normal((slices, 1, layer.rows, tiles, a), "row drivers")[:, 0].double().numpy()
    volts = np.zeros((slices, tiles, *digits.shape))
    for weight_slice in range(slices):
        for tile in range(tiles):
            for k in range(a):
                weight = 2**k + mismatch * math.sqrt(2**k) * errors[weight_slice, :, tile, k]
                volts[weight_slice, tile] += weight[:, None] * ((digits >> k) & 1)
    return volts / (2**a - 1)
