"""Costs as values: totals, and what a person sees of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_cost import statistics
from synthetic import SIZES, evaluations

from bitline.cost import LayerCost, NetworkCost, UnitCost, core_cost, network_cost, unit_costs
from bitline.numerics.text import number


def test_a_cost_prints_as_a_few_lines_with_units():
    layers = (LayerCost("fc", 5e6, 3, 1, 1, 0.25, 1e4, {"ADCs": 6e6, "cells": 3e6, "adders": 1e6}, 2000.0, 2000.0),)
    areas = {"ADCs": 0.5, "cells": 1.0, "buffers": 0.4, "network": 0.1}
    cost = NetworkCost("mine", "circuits", layers, areas, 1, 1, 2000.0, 1000.0, ("numbers are estimates",))
    assert str(cost).splitlines() == [
        "cost of an inference on mine, library circuits",
        "  energy  10 µJ  1 TOPS/W, 2,000 fJ per MAC",
        "  area    2 mm²  5 TOPS/mm², 3 arrays, 25.00 % of cells used",
        "  latency  2 µs  1,000,000 inferences/s, 10 W",
        "  most energy  ADCs 60 %, cells 30 %, adders 10 %",
        "  most area    cells 50 %, ADCs 25 %, buffers 20 %",
        "  1 note on estimates and on what is not counted: see .notes",
    ]
    assert repr(cost) == "<NetworkCost of mine: 10 µJ, 2 mm², 2 µs>"
    assert repr(cost.layers) == "(<LayerCost of fc: 10 µJ, 3 arrays, 2 µs>,)"


sizes = st.sampled_from(SIZES)
names = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=90)


@given(name=names, component=names, energy=sizes, area=sizes, time=sizes)
def test_no_line_is_wider_than_80_columns(name, component, energy, area, time):
    layers = (LayerCost("fc", 1e6, 3000, 1, 1, 0.9996, 1e4, {component: energy, "cells": 1360e6}, time, time),)
    cost = NetworkCost(name, name, layers, {component: area, "cells": 1.0}, 1, 1, time, time, ("a", "b"))
    lines = str(cost).splitlines()
    assert len(lines) == 7
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("design", ["sonos-a", "isaac"])
def test_costs_of_networks_and_units_are_never_a_page(design):
    cost = network_cost(statistics(), design)
    for shown in (cost, *unit_costs(design), core_cost(design), evaluations()[0].cost):
        lines = str(shown).splitlines()
        assert len(lines) <= 8
        assert max(map(len, lines)) <= 80
        assert len(repr(shown)) <= 80
    for value, unit in ((cost.energy_uJ, "µJ"), (cost.area_mm2, "mm²"), (cost.latency_us, "µs")):
        assert f" {number(value, 3)} {unit}  " in str(cost)


def test_units_and_networks_have_the_same_efficiency_for_the_same_work():
    energies, areas = {"ADCs": 3.0, "cells": 4.0}, {"ADCs": 0.1, "cells": 0.3}
    unit = UnitCost("core", 2000.0, energies, 70.0, areas)
    layers = (LayerCost("fc", 1000.0, 1, 1, 1, 1.0, 1.0, energies, 70.0, 70.0),)
    network = NetworkCost("mine", "circuits", layers, areas, 1, 1, 70.0, 70.0)
    assert network.operations == unit.operations
    for name in ("energy_pJ", "area_mm2", "TOPS", "TOPS_per_mm2"):
        assert getattr(network, name) == getattr(unit, name)
    assert network.TOPS_per_W == pytest.approx(unit.TOPS_per_W)
    assert 1e3 * network.power_W == pytest.approx(unit.power_mW)
