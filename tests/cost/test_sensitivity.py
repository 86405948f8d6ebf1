"""Which number of a library matters most."""

from __future__ import annotations

import pytest
from small_cost import SMALL, statistics

from bitline import Design
from bitline.cost import network_cost, sensitivity
from bitline.errors import DesignError


def test_sensitivity_orders_numbers_by_what_they_change():
    frame = sensitivity(statistics(), Design().with_settings({**SMALL, "inputs.accumulation": "digital"}))
    changes = (frame["energy"] - 1).abs()
    assert changes.is_monotonic_decreasing
    assert (frame["energy"] >= 1).all()
    ramp = frame.set_index("quantity").loc["converters.ramp.conversion_pJ"]
    cost = network_cost(statistics(), Design().with_settings({**SMALL, "inputs.accumulation": "digital"}))
    share = cost.energies_pJ["ADCs"] / sum(cost.energies_pJ.values())
    assert ramp["energy"] == pytest.approx(1 + share)


@pytest.mark.parametrize("factor", [0, -1, float("inf")])
def test_impossible_factors_are_refused(factor):
    with pytest.raises(DesignError, match="factor"):
        sensitivity(statistics(), Design(), factor=factor)
