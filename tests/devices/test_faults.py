"""Stuck cells, cells with telegraph noise, spare columns."""

from __future__ import annotations

import pytest
import torch
from programmed import CODES, cells_of, targets


def test_stuck_cells_are_as_many_as_asked():
    cells = cells_of({"cell.faults": {"stuck_low": 0.1, "stuck_high": 0.05}, "cell.on_off_ratio": 10.0}).conductance
    target = targets({"cell.on_off_ratio": 10.0})
    changed = cells != target
    assert bool(((cells - 0.1).abs().minimum((cells - 1).abs()) < 1e-6)[changed].all())
    free = (target > 0.11) & (target < 0.99)
    assert float((cells == 1.0)[free].double().mean()) == pytest.approx(0.05, abs=0.006)
    assert float((cells < 0.1001)[free].double().mean()) == pytest.approx(0.1, abs=0.008)


def test_stuck_cells_stay_the_same_whatever_else_changes():
    faults = {"cell.faults": {"stuck_high": 0.05}}
    some = cells_of(faults).conductance == 1
    noisy = cells_of({**faults, "cell.device": {"kind": "state-proportional", "alpha": 0.01}}).conductance == 1
    free = targets() < 0.9
    assert torch.equal(some[free], noisy[free])


def test_spare_columns_repair_the_worst_columns():
    codes = CODES[:, :60, :20]
    settings = {"cell.faults": {"stuck_high": 0.01}, "array.columns": 10}

    def harm(spares: int) -> torch.Tensor:
        cells = cells_of({**settings, "cell.faults.spare_columns": spares}, codes, rows=30).conductance
        return (cells - targets(codes=codes)).abs().reshape(2, 1, 1, 2, 30, 2, 10).sum(4)

    without, two, many = harm(0), harm(2), harm(10)
    # every array of 10 columns has at most two columns repaired, and none is worse than before
    assert bool((two <= without + 1e-5).all())
    assert int((two < without - 1e-5).sum(-1).max()) <= 2
    assert float(two.sum()) < float(without.sum())
    assert float(many.sum()) < 0.5 * float(without.sum())


def test_telegraph_cells_jump_between_two_states():
    faults = {"cell.faults": {"telegraph": 0.2, "telegraph_amplitude": 0.3}}
    target = targets()
    known = target > 0.02
    now, later = ((cells_of({**faults, "cell.time": time}).conductance / target)[known] for time in (0, "1 hour"))
    states = now.mul(1000).round().unique().tolist()
    assert states == [850, 1000, 1150]
    assert float((now != 1).double().mean()) == pytest.approx(0.2, abs=0.01)
    moved = (now - later).abs() > 0.1
    assert torch.equal((now - 1).abs() > 0.1, (later - 1).abs() > 0.1)  # the same cells
    assert float(moved.double().mean()) == pytest.approx(0.1, abs=0.01)
