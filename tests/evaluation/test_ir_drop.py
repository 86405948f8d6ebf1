"""What the resistance of wires does to arrays and to networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle.nodal import outputs_of

from bitline import Design, evaluate
from bitline.arrays import GateDrivenArray, IdealArray, RowDrivenArray
from bitline.devices.current_voltage import Milo2021
from bitline.errors import DataError, DesignError
from bitline.evaluation.ir_drop import ir_drop


def test_networks_on_row_driven_arrays_lose_accuracy_with_resistance(fashion):
    model, data = fashion
    part = data.split(100, 50)
    accuracies = []
    for segment in (0.0, 1e-5, 1e-3):
        array = {"kind": "row-driven", "word_line": {"segment": segment}, "bit_line": {"segment": segment}}
        design = Design.load("differential").with_settings({"array": array, "cell.device": "none"})
        accuracies.append(evaluate(model, design, part.images, part.labels, part.calibration, chips=1).mean)
    assert accuracies[0] >= accuracies[1] - 0.03 > accuracies[2] + 0.3


@pytest.mark.parametrize(
    ("cells", "inputs", "words"),
    [
        (np.ones((3, 2)), np.ones(4), "one for each row"),
        (np.ones(3), np.ones(3), r"\(rows, columns\)"),
        (-np.ones((3, 2)), np.ones(3), "0 or more"),
        (np.full((3, 2), np.nan), np.ones(3), "NaN"),
        (np.ones((3, 2)), np.full(3, 0.5), "on or off"),
    ],
)
def test_unusable_arrays_are_refused(cells, inputs, words):
    with pytest.raises(DataError, match=words):
        ir_drop(cells, inputs, GateDrivenArray())


CELLS = np.full((3, 2), 0.5)


def test_an_ideal_array_has_no_circuit():
    with pytest.raises(DesignError, match="'ideal', which has no wires to solve"):
        ir_drop(CELLS, np.ones(3), IdealArray())


@pytest.mark.parametrize("array", [GateDrivenArray(), RowDrivenArray()])
def test_circuits_are_checked_where_an_array_makes_them(array):
    with pytest.raises(DataError, match="one for each row"):
        array.circuit(CELLS, np.ones(4))


@pytest.mark.parametrize(
    ("array", "minus", "words"),
    [
        (GateDrivenArray(lines="interleaved"), CELLS[:, :1], r"\(3, 2\) and those of the opposite supply \(3, 1\)"),
        (GateDrivenArray(lines="interleaved"), -CELLS, "0 or more"),
        (RowDrivenArray(), CELLS, "lines of their own"),
    ],
)
def test_cells_of_the_opposite_supply_fit_or_are_refused(array, minus, words):
    with pytest.raises(DataError, match=words):
        ir_drop(CELLS, np.ones(3), array, minus)


def test_interleaved_cells_may_be_nonlinear():
    array, curve = GateDrivenArray(lines="interleaved", bit_line={"segment": 1e-3}), Milo2021()
    drop = ir_drop(CELLS, np.ones(3), array, CELLS / 2, curve)
    expected = outputs_of(
        array, CELLS, CELLS / 2, np.ones(3), lambda G, v: curve.current(*map(torch.tensor, (G, v))).numpy()
    )
    np.testing.assert_allclose(drop.solution.outputs, expected, rtol=0, atol=1e-6)


def test_integers_are_numbers():
    drop = ir_drop([[1, 0], [0, 1]], [1, 1], GateDrivenArray(lines="interleaved"), [[0, 1], [0, 0]])
    np.testing.assert_array_equal(drop.ideal, [1, 0])
