"""What cells conduct on average, against chips and values worked out by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from bitline import Design, convert
from bitline.cost import gather_statistics, network_cost
from bitline.cost.conductances import mean_conductance
from bitline.layer.chip import Chip


def cells_of(design: Design, model: nn.Module, inputs: torch.Tensor) -> float:
    cost = network_cost(gather_statistics(model, design, inputs), design)
    return cost.energies_pJ["cells"]


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({"stuck_high": 0.05}, [0.05 + 0.95 * 0.1, 0.05 + 0.95 * 0.55, 1.0]),
        ({"stuck_low": 0.2}, [0.1, 0.2 * 0.1 + 0.8 * 0.55, 0.2 * 0.1 + 0.8]),
        ({"stuck_low": 0.25, "stuck_high": 0.75}, [0.775, 0.775, 0.775]),
        ({"telegraph": 0.5, "telegraph_amplitude": 0.4}, [0.1, 0.55, 1.0]),
    ],
)
def test_stuck_cells_conduct_what_they_are_stuck_at(faults, expected):
    design = Design(cell={"on_off_ratio": 10, "faults": faults})
    assert mean_conductance(design, np.array([0.0, 0.5, 1.0])) == pytest.approx(expected, rel=1e-6)


def test_stuck_cells_do_not_drift():
    cell = {"device": "pcm-joshi-2020", "time": "1 day"}
    fresh = mean_conductance(Design(cell=cell), np.array([1.0]))
    stuck = mean_conductance(Design(cell={**cell, "faults": {"stuck_high": 0.5}}), np.array([1.0]))
    assert fresh < 0.8
    assert stuck == pytest.approx(0.5 + 0.5 * fresh, rel=1e-3)


def test_energy_of_cells_with_faults_is_that_of_chips():
    """Stuck cells cost nothing more: 15 % too little where cells of a differential pair conduct a third of G_max."""
    torch.manual_seed(0)
    model, inputs = nn.Sequential(nn.Linear(200, 40)), torch.ones(4, 200)
    energies, conducted = [], []
    for faults in ({}, {"stuck_high": 0.05, "stuck_low": 0.02}):
        design = Design(cell={"faults": faults})
        energies.append(cells_of(design, model, inputs))
        layer = convert(model, design, inputs)[0].encoded()
        chips = [layer.program(Chip(0, number)).on_the_array.mean() for number in range(8)]
        conducted.append(float(torch.stack(chips).double().mean()))
    assert energies[1] / energies[0] == pytest.approx(conducted[1] / conducted[0], rel=0.01)
    assert energies[1] / energies[0] > 1.1


def test_spare_columns_beside_stuck_cells_get_a_note():
    model, inputs = nn.Sequential(nn.Linear(20, 4)), torch.ones(2, 20)
    for faults, words in (({"stuck_high": 0.1}, 0), ({"stuck_high": 0.1, "spare_columns": 2}, 1)):
        design = Design(cell={"faults": faults})
        notes = network_cost(gather_statistics(model, design, inputs), design).notes
        assert sum("all of their stuck ones" in note for note in notes) == words
