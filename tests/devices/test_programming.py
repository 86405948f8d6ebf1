"""Writing and verifying."""

from __future__ import annotations

import pytest
from programmed import cells_of, targets


def test_write_verify_keeps_cells_inside_the_tolerance_at_a_cost():
    base = {"cell.device": {"kind": "state-independent", "alpha": 0.05}, "cell.clip": "none"}
    once = cells_of(base)
    pulses = []
    for tolerance in (0.1, 0.05, 0.02):
        verify = {**base, "cell.programming": {"kind": "write-verify", "tolerance": tolerance, "iterations": 200}}
        cells = cells_of(verify)
        assert float((cells.conductance - targets()).abs().max()) <= tolerance + 1e-6
        assert cells.outside == 0
        pulses.append(cells.pulses)
    assert once.pulses == 1 < pulses[0] < pulses[1] < pulses[2]
    # a normal error of 5 % falls inside 2 % with probability 0.3108: 1 / 0.3108 writes on average
    assert pulses[2] == pytest.approx(1 / 0.3108, rel=0.02)


def test_write_verify_gives_up_and_says_so():
    base = {"cell.device": {"kind": "state-independent", "alpha": 0.05}, "cell.clip": "none"}
    cells = cells_of({**base, "cell.programming": {"kind": "write-verify", "tolerance": 0.02, "iterations": 2}})
    assert cells.outside == pytest.approx((1 - 0.3108) ** 2, rel=0.03)


def test_read_noise_limits_what_write_verify_reaches():
    base = {
        "cell.device": {"kind": "state-independent", "alpha": 0.05},
        "cell.programming": {"kind": "write-verify", "tolerance": 0.01, "iterations": 50},
    }
    errors = [
        float((cells_of({**base, "cell.read_noise": noise}).conductance - targets()).std())
        for noise in ("none", {"kind": "state-independent", "alpha": 0.03})
    ]
    assert errors[1] > 3 * errors[0]
