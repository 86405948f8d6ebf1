"""The readings of programmed cells as whole numbers, made in one pass from weight codes and random numbers.

`program_cells` is the reference: it fills a tensor of all cells for every step, from targets to the grid. Products of
whole numbers take only the readings, and where a cell follows from its code and one normal number, these come out the
same, to the bit, with nothing in between that is larger than a cache.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bitline.arrays import Array
from bitline.design import Cell, Design
from bitline.devices import NormalError, Once
from bitline.layer.arrays import LayerArrays, ProgrammedArrays
from bitline.layer.cells import TABLE_BITS, target_table
from bitline.layer.readings import WholeReadings
from bitline.numerics.draws import Draws
from bitline.numerics.normal_stream import NormalStream, is_numpys
from bitline.placement import Placement
from bitline.shapes import Int, Shaped

MOST_STEPS = 1 << 28
"""Steps of the grid below which readings are surely whole numbers of 32 bits."""
PROBE = torch.tensor([0.5])
"""A cell for questions that have the same answer for all."""


@dataclass(frozen=True)
class CountedArrays(LayerArrays):
    """Arrays of whose cells nothing is known but the readings, as whole numbers; they are read without noise.

    Attributes:
        readings: of all cells.
    """

    readings: WholeReadings


ReadArrays = ProgrammedArrays | CountedArrays
"""What plans of whole numbers are made from."""


def counted_readings(
    codes: Int[Tensor, "outputs rows"], placement: Placement, design: Design, draws: Draws, step: float
) -> WholeReadings | None:
    """Readings of the cells that `program_cells` programs, in steps of a grid; None where they take every step of it.

    Args:
        codes: weight codes of all groups, contiguous, on the CPU.
        placement: of the layer on its arrays.
        design: at the age of the chip.
        draws: random numbers of this chip and layer.
        step: of the grid, in G/G_max.
    """
    if not is_plain(design) or not is_numpys():
        return None
    table = target_table(design, PROBE, design.weights.digits)
    error = design.cell.device.normal_error(table)
    if error is None:
        return None
    places, stream = _places(codes, placement, design), draws.normal_stream("programming error")
    counts = _counts(places, table, error, design, stream, step)
    return None if counts is None else WholeReadings.of(counts, step, False, design.weights)


def is_plain(design: Design) -> bool:
    """Whether what a cell holds follows from its code and the error of its device alone, and is read without noise.

    Examples:
        >>> design = Design.load("differential")
        >>> is_plain(design), is_plain(design.with_settings({"cell.faults.stuck_low": 0.01}))
        (True, False)
    """
    weights, array = design.weights, design.array
    return (
        weights.code_bits <= TABLE_BITS
        and weights.follows_codes
        and weights.has_whole_readings
        and design.has_plain_currents
        and not array.has_wires
        and all(_owner(type(array), name) is Array for name in ("predistorted", "effective_conductances", "shares"))
        and _is_fresh(design.cell)
    )


def _is_fresh(cell: Cell) -> bool:
    """Whether cells are what their device's error made of them, and nothing happened since."""
    device = cell.device
    return (
        not device.is_exact
        and _owner(type(device), "program") is _owner(type(device), "normal_error")
        and cell.programming == Once()
        and cell.variation.is_none
        and cell.faults.is_none
        and cell.time == 0
        and device.aged(PROBE, PROBE, 0.0, Draws(())) is PROBE
        and cell.drift_compensation == "none"
        and cell.read_noise.sigma(PROBE, PROBE, device, 0.0) is None
    )


def _owner(kind: type, name: str) -> type:
    """The class that a method comes from."""
    return next(base for base in kind.__mro__ if name in vars(base))


def _places(
    codes: Int[Tensor, "outputs rows"], placement: Placement, design: Design
) -> Shaped[Tensor, "groups rows array_columns"]:
    """Places of the codes in tables of all codes, as they lie on arrays, uint8 or uint16."""
    from bitline.layer._counted_cells_numba import stored_places

    kind = {1: np.uint8, 2: np.uint16}[codes.itemsize]
    groups, rows = len(codes) // placement.columns, codes.shape[1]
    places = np.empty((groups, rows, placement.array_columns), kind)
    by_eight = codes.itemsize == 1 and rows % 8 == 0 and placement.columns % 8 == 0 and not placement.unit_columns
    stored_places(codes.numpy().view(kind), kind(design.weights.top_code), placement.columns, by_eight, places)
    return torch.from_numpy(places)


def _counts(
    places: Shaped[Tensor, "groups rows array_columns"],
    table: Tensor,
    error: NormalError,
    design: Design,
    stream: NormalStream,
    step: float,
) -> Int[Tensor, "readings slices groups rows array_columns"] | None:
    """Readings of every slice in steps; None where all cells are at their targets, or hold very many steps."""
    from bitline.layer._counted_cells_numba import count_cells

    weights, window = design.weights, tuple(map(np.float32, design.cell.clip_limits))
    counts = np.empty((len(weights.readings), table.shape[1], places.numel()), np.int32)
    met, flat = np.zeros(3, np.int64), places.numpy().reshape(-1)
    for line in range(len(table)):
        counted = np.array([reading[line] for reading in weights.readings], np.int32)
        are_first = np.array([not any(reading[:line]) for reading in weights.readings])
        for index in range(table.shape[1]):
            spread = _by_code(error, line, index)
            own = (flat, table[line, index].numpy(), spread, error.is_relative, window, step)
            count_cells(*own, counted, are_first, counts[:, index], stream.buffers, met)
    missed, least, largest = met
    if not missed or max(-least, largest) >= MOST_STEPS:
        return None
    return torch.from_numpy(counts).view(*counts.shape[:2], *places.shape)


def _by_code(error: NormalError, line: int, index: int) -> np.ndarray:
    """The error's spread on a line and slice by code, (codes,), or of all, (1,), float32."""
    if isinstance(error.spread, Tensor):
        return error.spread[line, index].numpy()
    return np.array([error.spread], np.float32)
