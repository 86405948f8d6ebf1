"""Conductances that a write circuit can aim at."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from programmed import targets

from bitline import Design
from bitline.errors import DesignError


@given(st.integers(2, 200), st.sampled_from([1.0, 10.0]))
@settings(max_examples=30)
def test_uniform_levels_are_few_and_nearest(count, low_ratio):
    design = {"cell.levels": {"kind": "uniform", "count": count}, "cell.on_off_ratio": 1e9 if low_ratio == 1 else 10.0}
    continuous = targets({"cell.on_off_ratio": design["cell.on_off_ratio"]})
    snapped = targets(design)
    low = 1 / design["cell.on_off_ratio"]
    assert len(snapped.unique()) <= count
    assert float((snapped - continuous).abs().max()) <= (1 - low) / (count - 1) / 2 + 1e-6


def test_a_level_table_gives_its_nearest_value():
    values = [0.0, 0.07, 0.4, 1.0]
    snapped = targets({"cell.levels": {"kind": "table", "values": values}})
    distances = (targets()[..., None] - torch.tensor(values)).abs()
    torch.testing.assert_close((snapped - targets()).abs(), distances.min(-1).values)
    with pytest.raises(DesignError, match="ascending"):
        Design().with_settings({"cell.levels": {"kind": "table", "values": [0.5, 0.1]}})
