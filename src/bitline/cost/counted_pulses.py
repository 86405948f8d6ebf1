"""How many write pulses the cells of a layer take, counted on some of its weights."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from bitline.arrays import IdealArray
from bitline.cost.statistics import LayerStatistics
from bitline.design import Design
from bitline.devices import Variation
from bitline.layer.cells import program_cells
from bitline.layer.encoded import EncodedLayer
from bitline.numerics.draws import Draws
from bitline.placement import Placement
from bitline.shapes import Int

ROWS = 16
"""Rows whose weights are programmed, or more where there are few columns."""
INDEPENDENT, VARYING = (1, 256), (16, 64)
"""Dies, and columns on each of them: cells that do not vary together need one die."""
CANDIDATES = 512
"""Dies among which those are chosen that stand for all."""


def shares_with_more_pulses(layer: LayerStatistics, design: Design) -> tuple[tuple[float, ...], ...]:
    """Shares of the cells that get a second pulse, a third, ..., by cells whose errors have something in common.

    These are the cells of a word line where `cell.variation.row` is given, those of a die where only
    `cell.variation.die` is, and else all.

    Args:
        layer: one of the network.
        design: of this layer.
    """
    programming, variation = design.cell.programming, design.cell.variation
    if not programming.is_verified:
        return ((),)
    dies, columns = INDEPENDENT if variation.is_none else VARYING
    codes = _some_codes(layer, design, columns)
    plain = design.model_copy(update={"array": IdealArray(), "layers": ()})
    placement = Placement.on_one_array(*codes.shape[1:])
    programmed = [program_cells(codes, plain, placement, draws, layer.name) for draws in _dies(dies)]
    writes = torch.stack([cells.writes for cells in programmed if cells.writes is not None])
    groups = _varying_together(writes, variation)
    more = [(groups > pulses).double().mean(1) for pulses in range(1, int(groups.max()))]
    return tuple(map(tuple, torch.stack(more, 1).tolist())) if more else ((),)


def _some_codes(layer: LayerStatistics, design: Design, columns: int) -> Tensor:
    """Weight codes of rows and columns from all over the layer, (1, rows, columns)."""
    stored = EncodedLayer.of(layer.weight.float(), None, design, layer.product, layer.name).stored_codes()
    codes = stored.movedim(1, 0).flatten(1)[None]
    rows = ROWS * max(1, columns // codes.shape[2])
    return codes[:, :: -(-codes.shape[1] // rows), :: -(-codes.shape[2] // columns)].contiguous()


def _varying_together(
    writes: Int[Tensor, "dies lines slices 1 rows columns"], variation: Variation
) -> Int[Tensor, "groups cells"]:
    """Pulses of cells by what they vary together with."""
    if variation.row > 0:
        return writes.movedim(1, 4).flatten(4).flatten(0, 3)
    return writes.flatten(1) if variation.die > 0 else writes.reshape(1, -1)


@lru_cache
def _dies(count: int) -> tuple[Draws, ...]:
    """Random numbers of dies whose variation lies evenly in its distribution."""
    dies = [Draws(("pulses", number)) for number in range(CANDIDATES)]
    ordered = sorted(dies, key=lambda draws: float(draws.normal((1,), "die variation")))
    return tuple(ordered[(2 * index + 1) * CANDIDATES // (2 * count)] for index in range(count))
