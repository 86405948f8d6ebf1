"""Variation that rows, columns and dies share."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from programmed import cells_of, targets


@pytest.mark.parametrize(("what", "axis"), [("row", 3), ("column", 4), ("die", None)])
def test_neighbours_share_their_variation(what, axis):
    settings = {f"cell.variation.{what}": 0.1}
    ratio = cells_of(settings).conductance / targets()
    known = targets() > 0.02
    deviations = ratio[known] - 1
    if what == "die":
        assert float(deviations.std()) < 1e-5
        dies = [float((cells_of(settings, chip=t).conductance / targets())[known].mean()) for t in range(200)]
        assert np.std(dies) == pytest.approx(0.1, rel=0.2)
        return
    assert float(deviations.std()) == pytest.approx(0.1, rel=0.25)
    along = (ratio - 1).where(known, torch.nan).movedim(axis, 0).flatten(1)
    if what == "column":
        along = (ratio - 1).where(known, torch.nan).movedim(3, -1).flatten(0, -2)
    spread = torch.tensor([float(one[~one.isnan()].std()) for one in along if (~one.isnan()).sum() > 2])
    assert float(spread.max()) < 1e-5
