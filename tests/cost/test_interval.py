"""Intervals of costs, and what they say of the order of designs."""

import pytest
import torch
from small_cost import statistics
from torch import nn

from bitline import Design
from bitline.cost import Interval, Library, cost_intervals, explained, gather_statistics, network_cost, ranking
from bitline.cost.interval import intervals
from bitline.cost.scaling import at_node, supply_of
from bitline.errors import DesignError


def test_a_cost_lies_in_its_interval():
    totals = network_cost(statistics(), "sonos-a").totals()
    for name, interval in cost_intervals(statistics(), "sonos-a").items():
        assert totals[name] in interval


def test_independent_numbers_add_in_quadrature():
    """A product of two numbers that may each be twice as large or half as large."""
    library = Library.load("sonos-40nm")
    settings = {name: {"value": 1.0, "range": [1.0, 1.0], "source": "exact"} for name in library.quantities()}
    names = ("adder.energy_pJ", "shift_add.energy_pJ")
    settings |= {name: {"value": 1.0, "range": [0.5, 2.0], "source": ""} for name in names}
    exact = library.with_settings(settings)
    found = intervals(lambda other: {"product": other.adder.energy_pJ.value * other.shift_add.energy_pJ.value}, exact)
    assert found["product"].high == pytest.approx(2 ** (2**0.5))
    assert found["product"].low == pytest.approx(1 / found["product"].high)


def test_overlapping_designs_are_not_ranked():
    ends = {"a": Interval(1, 2), "b": Interval(1.5, 3), "c": Interval(2.5, 4), "d": Interval(5, 6)}
    assert ranking(ends, {"a": 1.5, "b": 2.0, "c": 3.0, "d": 5.5}) == (("a", "b", "c"), ("d",))


@pytest.mark.parametrize("what", ["energy", "area", "latency"])
def test_every_part_of_a_cost_is_explained(what):
    parts = explained(what, statistics(), "sonos-a")
    cost = network_cost(statistics(), "sonos-a")
    whole = {"energy": cost.energy_uJ, "area": cost.area_mm2, "latency": cost.latency_us}[what]
    values = {part.component: part.value for part in parts}
    assert sum(values.values()) == pytest.approx(whole)
    assert all(part.origin for part in parts)


def test_what_cannot_be_explained_is_refused():
    with pytest.raises(DesignError, match="there is no cost 'enery' to explain"):
        explained("enery", statistics(), "sonos-a")


def test_a_library_at_its_own_node_is_itself():
    library = Library.load("sram-28nm")
    assert at_node(library, 28, 0.9) is library


@pytest.mark.parametrize("name", ["sonos-40nm", "sram-28nm"])
def test_gates_shrink_and_capacitors_of_cells_do_not(name):
    library = Library.load(name)
    small = at_node(library, library.node_nm / 2, supply_of(library) / 2)
    before, after = library.quantities(), small.quantities()
    gates = {"adder.energy_pJ", "input_bit.energy_pJ", "converters.ramp.conversion_pJ"} & before.keys()
    capacitors = {"cells.capacitor_fF", "drivers.wire_fF_per_um"} & before.keys()
    assert gates and capacitors
    for quantity in gates:
        assert after[quantity].value == pytest.approx(before[quantity].value / 8)
        assert "carried from" in after[quantity].basis
    for quantity in capacitors:
        assert after[quantity].value == before[quantity].value


@pytest.mark.parametrize("rate", [1280, None])
def test_parts_whose_power_is_known_take_the_energy_of_as_much_work_at_another_node(rate):
    """Half the gate takes half the energy, in the same time where the rate is given and in half of it otherwise.

    Power went with the supply alone, as if clocks were faster, where the design's own rate kept the time.
    """
    found = gather_statistics(nn.Sequential(nn.Linear(128, 128)), "isaac", torch.rand(4, 128))
    base = Design.load("isaac").with_settings({"adc.rate_MS_per_s": rate})
    small = base.with_settings({"hardware.node_nm": 16, "hardware.supply_V": 0.9})
    first, small = (network_cost(found, design) for design in (base, small))
    assert small.latency_ns == pytest.approx(first.latency_ns * (1 if rate else 0.5))
    for name in ("input register", "eDRAM buffer", "ADCs", "row drivers"):
        assert small.energies_pJ[name] == pytest.approx(first.energies_pJ[name] / 2), name


def test_impossible_nodes_are_refused():
    with pytest.raises(DesignError, match="the node is 1 nm"):
        at_node(Library.load("sram-28nm"), 1)


def test_smaller_gates_are_faster_and_thinner_lines_resist_more():
    library = Library.load("sonos-40nm")
    before, after = library.quantities(), at_node(library, library.node_nm / 2).quantities()
    for name in ("slice_ns", "reduction_ns", "drivers.line_ohm", "clock_GHz"):
        faster = name.endswith("_ns")
        if name in before:
            assert after[name].value == pytest.approx(before[name].value * (0.5 if faster else 2)), name
    assert any(name.endswith("_ns") for name in before)


def test_a_share_of_all_is_explained_by_less_of_it():
    """Numbers are raised to see what depends on them; what cannot be raised is lowered."""
    library = Library.load("isaac-32nm").with_settings({"converters.sar.capacitor_share": 1.0})
    parts = explained("energy", statistics(), "isaac", library)
    values = {part.component: part.value for part in parts}
    assert sum(values.values()) == pytest.approx(network_cost(statistics(), "isaac", library).energy_uJ)
