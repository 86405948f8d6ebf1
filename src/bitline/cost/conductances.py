"""Mean conductances of cells by what they are meant to hold, after programming and ageing."""

from __future__ import annotations

import numpy as np
import torch

from bitline.arrays import IdealArray
from bitline.design import Design, views
from bitline.devices.faults import Faults
from bitline.devices.variation import Variation
from bitline.layer.cells import conductances_of, program_targets
from bitline.numerics.draws import Draws
from bitline.placement import Placement

PROGRAMMED = 1 << 16
"""Cells that are programmed to find the mean conductances of all targets together."""


def mean_conductance(design: Design, digits: np.ndarray) -> np.ndarray:
    """Mean G/G_max of cells after programming and ageing, stuck ones included, (digits,).

    What is fixed by a cell's place is left out: variation that rows, columns and dies share has the mean 1, wires lower
    voltages, and spare columns stand in for some stuck cells. Telegraph noise has the mean of its two states, which are
    as far above what a cell holds as below.

    Args:
        design: of a layer: its cells and the time since programming.
        digits: (digits,), as fractions of the conductance window.

    Examples:
        >>> mean_conductance(Design(cell={"on_off_ratio": 10}), np.array([0.0, 0.5, 1.0])).round(2)
        array([0.1 , 0.55, 1.  ])

        One cell in ten is stuck at G_max:

        >>> cell = {"on_off_ratio": 10, "faults": {"stuck_high": 0.1}}
        >>> mean_conductance(Design(cell=cell), np.array([0.0, 0.5, 1.0])).round(3)
        array([0.19 , 0.595, 1.   ])
    """
    faults = design.cell.faults
    mean = (1 - faults.stuck_low - faults.stuck_high) * _mean(design, digits, Faults())
    stuck = ((faults.stuck_low, Faults(stuck_low=1.0)), (faults.stuck_high, Faults(stuck_high=1.0)))
    for share, all_stuck in stuck:
        if share:
            mean = mean + share * _mean(design, np.zeros(1), all_stuck)
    return mean


def _mean(design: Design, digits: np.ndarray, faults: Faults) -> np.ndarray:
    """Mean G/G_max of programmed and aged cells of which all have these faults, (digits,)."""
    cell = design.cell.model_copy(update={"variation": Variation(), "faults": faults})
    plain = design.model_copy(update={"cell": cell, "array": IdealArray(), "layers": ()})
    repeats = 1 if cell.device.is_exact else max(1, PROGRAMMED // len(digits))
    targets = conductances_of(torch.as_tensor(digits, dtype=torch.float32), plain)
    many, placement = targets.expand(1, 1, 1, repeats, -1), Placement.on_one_array(repeats, len(targets))
    cells = program_targets(many, plain, placement, Draws(("mean conductance",)), "cells")
    return cells.conductance.double().mean((0, 1, 2, 3)).numpy()


_conductances: dict[tuple[str, int], np.ndarray] = {}


def remembered_conductance(design: Design, targets: np.ndarray) -> np.ndarray:
    """`mean_conductance` of evenly spaced targets, remembered for designs with the same cells.

    Args:
        design: of a layer.
        targets: (targets,), from 0 to 1 in equal steps.
    """
    key = (views.key(views.cells(design)), len(targets))
    found = _conductances.get(key)
    if found is None:
        if len(_conductances) >= 256:
            _conductances.clear()
        found = _conductances[key] = mean_conductance(design, targets)
    return found
