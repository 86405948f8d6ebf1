"""How often input codes of a layer meet cells of each target in its products."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bitline.design import Design
from bitline.encode import WeightMapping
from bitline.encode.line_signs import by_row
from bitline.layer.cells import placement_of
from bitline.layer.encoded import EncodedLayer

if TYPE_CHECKING:
    from bitline.cost.statistics import LayerStatistics

CODE_BITS = 9
"""Bits of the weight codes that are counted as codes, if each cell follows from its code alone."""
MOST_STEPS = 1024
"""Steps of the conductance window that are told apart: every digit of cells of up to 9 bits, and of more the nearest
of these."""
AT_ONCE = 1 << 24
"""Matrix elements that are counted at once, which bounds the memory it takes."""


@dataclass(frozen=True)
class JointCounts:
    """How often inputs of one code meet cells of one target in a product, and how often rows have each input code.

    Attributes:
        pairs: (input codes, kinds), how often they meet in one matrix as it lies on arrays: all groups and unit
            columns. A kind is what cells are counted by: a weight code with all of its cells, or the target of one.
        stored: (cells, kinds), places in `targets` of the cells of each kind.
        rows: (input codes,), rows of the same.
        targets: (targets,), digits as fractions of the conductance window.
        cells: how many cells there are in all lines and slices.
    """

    pairs: np.ndarray
    stored: np.ndarray
    rows: np.ndarray
    targets: np.ndarray
    cells: int

    @classmethod
    def of(cls, layer: LayerStatistics, design: Design, pairs: np.ndarray, stored: np.ndarray) -> JointCounts:
        """Counts of a layer's cells.

        Args:
            layer: one of the network.
            design: of this layer.
            pairs: how often inputs meet each kind.
            stored: cells of each kind.
        """
        product, mapping = layer.product, design.weights
        on_arrays = placement_of(design, product, layer.outputs).array_columns
        rows = layer.frequencies.sum(0, dtype=np.float64) * layer.valid.sum(dtype=np.float64)
        cells = product.groups * product.rows * on_arrays * mapping.lines * mapping.slices
        return cls(pairs, stored, rows, _targets(mapping), cells)

    def sum(self, inputs: np.ndarray, conductances: np.ndarray) -> float:
        """Sum over all cells of something of their input times something of their target.

        Args:
            inputs: (input codes,).
            conductances: (targets,).
        """
        return float(inputs @ self.pairs @ conductances[self.stored].sum(0))

    def total(self, amounts: np.ndarray) -> float:
        """Sum over all cells of something of their input and their target together.

        Args:
            amounts: (input codes, targets).
        """
        return float((self.pairs * amounts[:, self.stored].sum(1)).sum())


def count_cells(layer: LayerStatistics, design: Design) -> JointCounts:
    """Input codes and cells together, cell by cell.

    Args:
        layer: one of the network.
        design: of this layer.
    """
    count = len(_targets(design.weights))
    return JointCounts.of(layer, design, _pairs(layer, _cells(_encoded(layer, design)), count), np.arange(count)[None])


def follows_from_codes(mapping: WeightMapping) -> bool:
    """Whether each cell depends on its weight code alone, and there are few enough codes to count them."""
    return mapping.follows_codes and mapping.code_bits <= CODE_BITS


def count_codes(layer: LayerStatistics, design: Design) -> np.ndarray:
    """Input codes and weight codes together, (input codes, weight codes), unit columns included.

    Args:
        layer: one of the network.
        design: of this layer; its weight codes and unit columns matter.
    """
    top = design.weights.top_code
    codes = (part.long() + top for part in _parts(_encoded(layer, design).stored_codes()))
    return _pairs(layer, codes, 2 * top + 1)


def cells_of_codes(layer: LayerStatistics, design: Design, counted: np.ndarray) -> JointCounts:
    """What `count_cells` returns, where cells follow from codes.

    Args:
        layer: one of the network.
        design: of this layer.
        counted: what `count_codes` returned for designs with the same weight codes and unit columns.
    """
    top = counted.shape[1] // 2
    digits = design.weights.digits(torch.arange(-top, top + 1).float())
    return JointCounts.of(layer, design, counted, _places(digits, len(_targets(design.weights))).flatten(0, 1).numpy())


def _encoded(layer: LayerStatistics, design: Design) -> EncodedLayer:
    return EncodedLayer.of(layer.weight.float(), None, design, layer.product, layer.name)


def _parts(codes: Tensor) -> tuple[Tensor, ...]:
    """Stored codes (groups, rows, columns) in parts of some columns."""
    return torch.split(codes, max(1, AT_ONCE // (codes.shape[0] * codes.shape[1])), dim=2)


def _cells(encoded: EncodedLayer) -> Iterator[Tensor]:
    """Place of each cell's target among those of the mapping, line by line and slice by slice, of some columns."""
    mapping, blocks = encoded.design.weights, encoded.row_slices
    targets = len(_targets(mapping))
    for codes in _parts(encoded.stored_codes()):
        signs = mapping.line_signs(codes, blocks, encoded.design.cell.window_low)
        digits = mapping.digits(codes)
        if signs is not None:
            digits = torch.where(by_row(signs.mirrored, blocks), mapping.mirrored_digits(codes), digits)
        yield from _places(digits, targets).flatten(0, 1)


def _pairs(layer: LayerStatistics, places: Iterable[Tensor], count: int) -> np.ndarray:
    """How often input codes meet places of cells, (input codes, places).

    Args:
        layer: one of the network.
        places: 0 .. count - 1 of cells, (groups, rows, columns) each.
        count: of places.
    """
    product = layer.product
    height = product.groups * product.rows
    rows = torch.arange(height).reshape(product.groups, product.rows, 1) * count
    found = np.zeros(height * count)
    for cells in places:
        found += torch.bincount((cells + rows).flatten(), minlength=len(found)).numpy()
    # a row's share of the products in which its position is inside the image
    seen = np.einsum("cpt,p->ct", found.reshape(-1, product.positions, count), layer.valid.astype(np.float64))
    return np.asarray(layer.frequencies.T.astype(np.float64) @ seen)


def _targets(mapping: WeightMapping) -> np.ndarray:
    """Digits that are told apart; cells of two-sided pairs hold halves."""
    steps = min(2 * mapping.top_digit, MOST_STEPS)
    return np.arange(steps + 1) / steps


def _places(digits: Tensor, count: int) -> Tensor:
    """The nearest of so many targets for fractions of the window."""
    return (digits * (count - 1)).round().long()
