"""Component libraries of users: what they do not know is unknown in the results, too."""

from __future__ import annotations

import math

import pytest
from small_cost import statistics

from bitline.cost import Library, network_cost, sensitivity, unit_costs
from bitline.report.figures.cost import shares_figure


@pytest.mark.parametrize(("unit", "unknown"), [("area", "TOPS_per_mm2"), ("pJ", "TOPS_per_W")])
def test_libraries_may_know_energies_only_or_areas_only(unit, unknown):
    """Met in this project: without areas, `bitline cost` divided by zero, and `bitline run` after its evaluation."""
    library = Library.load("isaac-32nm")
    parts = {f"parts.{name}.{field}": 0.0 for name in library.parts for field in ("power_mW", "area_mm2")}
    numbers = {name: 0.0 for name in library.quantities() if unit in name}
    library = library.with_settings(parts | numbers)
    cost = network_cost(statistics(), "isaac", library)
    assert [name for name, value in cost.totals().items() if math.isnan(value)] == [unknown]
    core, *_ = unit_costs("isaac", library)
    assert math.isnan(getattr(core, unknown))
    assert "?" in str(cost)
    assert "?" in str(core)
    assert len(shares_figure(cost).data) >= len(cost.energies_pJ)
    changes = sensitivity(statistics(), "isaac", library)
    assert changes["area" if unit == "area" else "energy"].isna().all()
