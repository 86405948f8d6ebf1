"""One array of a layer as a circuit: the cells, rows and grounds that the network is simulated with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bitline import Design, convert
from bitline.errors import ConversionError, DataError
from bitline.evaluation.ir_drop import ir_drop, most_rows
from bitline.evaluation.layer_array import ArrayPlace, layer_array

ONES = torch.ones(1, 24)
BASE = Design(
    inputs={"bits": 1, "signed": False, "range": {"kind": "given", "high": 1.0}},
    cell={"on_off_ratio": float("inf"), "resolution": 1_000_000},
    adc="none",
)
GATE = {"kind": "gate-driven", "columns": 4, "bit_line": {"segment": 2e-3}}
WIRES = {"segment": 2e-3, "terminal": 1e-2}


def network(signed: bool = False) -> nn.Module:
    """Six outputs of 24 inputs, the last of which weigh most."""
    layer = nn.Linear(24, 6, bias=False).requires_grad_(False)
    drawn = torch.randn(6, 24, generator=torch.manual_seed(0)) * torch.linspace(0.1, 1, 24)
    layer.weight.copy_(drawn if signed else drawn.abs())
    return nn.Sequential(layer)


@pytest.mark.parametrize("ground", ["bottom", "top", "both"])
@pytest.mark.parametrize(
    "array",
    [
        GATE,
        {**GATE, "row_order": "heaviest-at-foot"},
        {**GATE, "row_order": "heaviest-at-foot", "predistortion": 1.0},
        {**GATE, "source_line": WIRES, "source_feed": "head", "predistortion": 0.4},
        {**GATE, "lines": "interleaved", "predistortion": 0.5},
        {"kind": "row-driven", "columns": 4, "bit_line": WIRES, "word_line": WIRES},
    ],
    ids=["plain", "heaviest", "predistorted", "fed at the head", "interleaved", "row-driven"],
)
@pytest.mark.parametrize("curve", ["ohmic", "sinh"])
def test_outputs_are_those_of_the_network(array, ground, curve):
    """Rows lay upside down with a ground at the top, cells were not predistorted, and all column tiles were one."""
    float_network = network(signed=array.get("lines") == "interleaved")
    design = BASE.with_settings({"array": {**array, "ground": ground}, "cell.current_voltage": curve})
    ideal = design.with_settings({"array": {"kind": "ideal", "columns": 4}})
    found, expected = (convert(float_network, of, ONES)(ONES)[0].double().numpy() for of in (design, ideal))
    for tile, columns in enumerate((slice(0, 4), slice(4, 6))):
        drop = layer_array(float_network, design, ArrayPlace("0", tile=tile)).ir_drop(np.ones(24))
        scale = expected[columns] @ drop.ideal / (drop.ideal @ drop.ideal)
        np.testing.assert_allclose(scale * drop.ideal, expected[columns], rtol=2e-5, atol=2e-5)
        np.testing.assert_allclose(scale * drop.outputs, found[columns], rtol=1e-4, atol=1e-4)


def test_a_rule_for_the_layer_holds():
    """It was left out without a word."""
    design = BASE.with_settings({"array": GATE, "layers": [{"match": "0", "set": {"array.rows": 8}}]})
    shown = layer_array(network(), design, ArrayPlace("0", partition=2))
    assert shown.rule == "'0'" and shown.design.array.rows == 8
    assert shown.lines.cells.shape == (8, 4)
    whole = layer_array(network(), BASE.with_settings({"array": GATE}), ArrayPlace("0")).lines.cells
    np.testing.assert_array_equal(shown.lines.cells, whole[16:])


@pytest.mark.parametrize(
    ("rules", "place", "error", "words"),
    [
        ([], ArrayPlace("1"), DataError, "no matrix layer '1'"),
        ([], ArrayPlace("0", weight_slice=1), DataError, "1 weight slice on this design.* no weight slice 1"),
        ([], ArrayPlace("0", partition=3), DataError, "1 row partition on this design"),
        ([], ArrayPlace("0", tile=2), DataError, "2 column tiles on this design, counted from 0"),
        (
            [{"match": "0", "digital": True}],
            ArrayPlace("0"),
            DataError,
            "on no array: it stays digital by the rule '0'",
        ),
        ([{"match": "fc", "set": {"array.rows": 6}}], ArrayPlace("0"), ConversionError, "'fc' matches no layer"),
    ],
)
def test_arrays_that_a_design_does_not_have_are_refused(rules, place, error, words):
    with pytest.raises(error, match=words):
        layer_array(network(), BASE.with_settings({"array": GATE, "layers": rules}), place)


def test_each_matrix_of_a_layer_of_several_has_arrays():
    cell = nn.Sequential(nn.GRUCell(5, 3))
    assert layer_array(cell, BASE.with_settings({"array": GATE}), ArrayPlace("0.ih")).lines.cells.shape == (5, 4)


@pytest.mark.parametrize("curve", ["ohmic", "sinh"])
def test_rows_next_to_a_ground_at_the_top_are_kept(curve):
    """Those at the far end were, and cells were taken as ohmic."""
    rows = []
    for ground in ("bottom", "top"):
        settings = {"array": {**GATE, "row_order": "heaviest-at-foot", "ground": ground}}
        design = BASE.with_settings({**settings, "cell.current_voltage": curve})
        cells, cell = layer_array(network(), design, ArrayPlace("0")).lines.cells, design.cell
        found = most_rows(cells, np.ones(24), design.array, 0.03, None, cell.current_voltage)
        kept = cells[:found] if ground == "top" else cells[-found:]
        assert ir_drop(kept, np.ones(found), design.array, None, cell.current_voltage).worst <= 0.03
        rows.append(found)
    assert 0 < rows[0] == rows[1] < 24
