"""What the resistance of wires does to arrays and to networks."""

from __future__ import annotations

import numpy as np
import pytest

from bitline import Design, evaluate
from bitline.arrays import GateDrivenArray
from bitline.errors import DataError
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
