"""What time does to cells, and what makes up for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from programmed import cells_of, targets


@pytest.mark.parametrize("device", ["sonos-xiao-2022", "sonos-agrawal-2022", "pcm-joshi-2020", "pcm-nandakumar-2019"])
def test_the_same_cells_age(device):
    """Ageing continues what was programmed: cells at two times are the same chip, and different from another."""
    base = {"cell.device": device}
    fresh = cells_of(base).conductance
    soon, late = (cells_of({**base, "cell.time": time}).conductance for time in ("1 hour", "1 day"))
    other = cells_of({**base, "cell.time": "1 day"}, chip=1).conductance
    target = targets(base)
    state = (target > 0.45) & (target < 0.55)  # about one state, so that what cells differ by is their own
    correlation = lambda a, b: np.corrcoef((a - target)[state], (b - target)[state])[0, 1]  # noqa: E731
    assert correlation(fresh, soon) > 0.5
    assert correlation(soon, late) > 0.5
    assert abs(correlation(late, other)) < 0.2
    assert not torch.equal(soon, late)


def test_cells_just_programmed_do_not_drift():
    for device in ("sonos-xiao-2022", "sonos-agrawal-2022", "pcm-joshi-2020"):
        assert torch.equal(
            cells_of({"cell.device": device}).conductance, cells_of({"cell.device": device, "cell.time": 0}).conductance
        )


@pytest.mark.parametrize("kind", ["layer", "column"])
def test_drift_compensation_restores_the_total_current(kind):
    settings = {"cell.device": "pcm-joshi-2020", "cell.time": "1 day"}
    fresh = cells_of({"cell.device": "pcm-joshi-2020"}).conductance
    cells = cells_of({**settings, "cell.drift_compensation": kind})
    assert cells.conductance.sum() < 0.9 * fresh.sum()
    restored = cells.conductance * cells.drift_gain
    over = (0, 1, 2, 3, 4) if kind == "layer" else (0, 1, 2, 3)
    torch.testing.assert_close(restored.sum(over), fresh.sum(over), rtol=1e-4, atol=1e-3)
    assert cells_of(settings).drift_gain is None
