"""One array of a layer as a circuit has it: the cells that a chip holds, row by row from the top."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from bitline.config.messages import nearest
from bitline.design import Design
from bitline.errors import DataError
from bitline.evaluation.ir_drop import IrDrop, ideal_outputs, ir_drop
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer
from bitline.nn import fold_batch_norm
from bitline.nn.registry import analog_form, take_apart
from bitline.nn.rules import check_rules, design_of, names_of


@dataclass(frozen=True)
class ArrayPlace:
    """Which array of a network: of its layer's first group and, where each cell of a pair has a line, the first lines.

    Attributes:
        layer: name of the layer.
        weight_slice: lowest bits first.
        partition: row partition.
        tile: column tile.
    """

    layer: str
    weight_slice: int = 0
    partition: int = 0
    tile: int = 0


@dataclass(frozen=True)
class Lines:
    """Cells of lines side by side.

    Attributes:
        cells: mean G/G_max of reads, (rows, columns), row 0 at the top.
        minus: cells of the opposite supply where lines are interleaved, same shape.
    """

    cells: np.ndarray
    minus: np.ndarray | None = None


@dataclass(frozen=True)
class LayerArray:
    """One array of a layer.

    Attributes:
        design: of the layer, with the rule that holds for it.
        rule: in words; empty where none holds for the layer.
        lines: what the array holds.
        wanted: what it would hold if lines had no resistance; the same object unless cells are predistorted.
    """

    design: Design
    rule: str
    lines: Lines
    wanted: Lines

    @property
    def is_predistorted(self) -> bool:
        """Whether cells are programmed for the wires of this array."""
        return self.wanted is not self.lines

    def ir_drop(self, inputs: np.ndarray) -> IrDrop:
        """The solved array, against the outputs that are wanted of it.

        Args:
            inputs: as for `evaluation.ir_drop.ir_drop`.
        """
        curve = self.design.cell.current_voltage
        drop = ir_drop(self.lines.cells, inputs, self.design.array, self.lines.minus, curve)
        if not self.is_predistorted:
            return drop
        return replace(drop, ideal=ideal_outputs(self.wanted.cells, inputs, self.wanted.minus, curve))


def layer_array(network: nn.Module, design: Design, place: ArrayPlace, seed: int = 0) -> LayerArray:
    """The cells of one array of a network, programmed as those that the network is simulated with.

    Args:
        network: in floating point; its batch norms are folded and its layers of several matrices taken apart, in place.
        design: the accelerator, with its layer rules.
        place: of the array.
        seed: of the chip.

    Raises:
        DataError: there is no such layer or array, or the layer stays digital.
        ConversionError: a rule matches no layer, or the layer cannot be mapped.

    Examples:
        Rows that conduct most lie next to the virtual ground:

        >>> import torch
        >>> network = nn.Sequential(nn.Linear(3, 1))
        >>> network[0].weight.data = torch.tensor([[0.2, 0.8, 1.0]])
        >>> wires = {"kind": "gate-driven", "row_order": "heaviest-at-foot", "ground": "top"}
        >>> design = Design(cell={"on_off_ratio": 100}, array=wires)
        >>> layer_array(network, design, ArrayPlace("0")).lines.cells.round(2).tolist()
        [[1.0], [0.81], [0.2]]
    """
    fold_batch_norm(network)
    take_apart(network, design)
    places = names_of(network)
    check_rules(network, design, places, analog_form)
    found = {name: module for module, names in places.items() if analog_form(module) is not None for name in names}
    if place.layer not in found:
        raise DataError(f"{type(network).__name__} has no matrix layer {place.layer!r}{nearest(place.layer, found)}")
    module = found[place.layer]
    rule, own, form = design.rule_for(place.layer), design_of(design, places[module]), analog_form(module)
    if own is None or form is None:
        raise DataError(
            f"layer {place.layer!r} is on no array: it stays digital by the rule {rule.title if rule else ''} of "
            f"design {design.name!r}"
        )
    encoded, chip = form.of(module, own, places[module][0]).encoded(), Chip(seed)
    _check(place, encoded)
    plain = own.array.without_predistortion()
    held = wanted = _lines(encoded, place, chip)
    if plain is not own.array:
        wanted = _lines(replace(encoded, design=own.model_copy(update={"array": plain})), place, chip)
    return LayerArray(own, rule.title if rule else "", held, wanted)


def _check(place: ArrayPlace, encoded: EncodedLayer) -> None:
    """Refuse an array that a layer does not have.

    Raises:
        DataError: how many there are.
    """
    placement = encoded.placement
    for what, number, count in (
        ("weight slice", place.weight_slice, encoded.design.weights.slices),
        ("row partition", place.partition, len(placement.row_slices)),
        ("column tile", place.tile, placement.tiles),
    ):
        if not 0 <= number < count:
            raise DataError(
                f"layer {place.layer!r} has {count} {what}{'' if count == 1 else 's'} on this design, counted from 0: "
                f"there is no {what} {number}"
            )


def _lines(encoded: EncodedLayer, place: ArrayPlace, chip: Chip) -> Lines:
    array, placement = encoded.design.array, encoded.placement
    cells, rows = encoded.held(chip), placement.row_slices[place.partition]
    order = array.rows_from_the_top(cells.targets[:, :, 0, rows], encoded.product.positions)
    held = cells.conductance[:, place.weight_slice, 0, rows][:, order][..., placement.columns_of(place.tile)]
    first, *others = (line.double().cpu().numpy() for line in held)
    return Lines(first, others[0] if array.subtracts_on_the_line else None)
