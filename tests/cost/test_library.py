"""Component libraries: files, sources and messages."""

from __future__ import annotations

import pytest
from small_cost import statistics

from bitline import Design
from bitline.cost import Library, libraries, network_cost
from bitline.cost.components import COMPONENTS
from bitline.cost.interval import bounds
from bitline.cost.library import UnitCircuit
from bitline.errors import DesignError


@pytest.mark.parametrize("name", libraries())
def test_libraries_read_back_and_name_their_sources(name, tmp_path):
    library = Library.load(name)
    path = tmp_path / "own.toml"
    path.write_text(library.to_toml(), encoding="utf-8")
    assert Library.load(path) == library
    assert all(quantity.source or quantity.basis for quantity in library.quantities().values())
    for name_of_number, quantity in library.quantities().items():
        if quantity.range is not None:
            low, high = quantity.range
            assert low <= quantity.value <= high, name_of_number


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"integrater.energy_pJ": 1}, ["integrater", "integrator"]),
        ({"integrator.energy_pJ": -1}, ["integrator.energy_pJ", "-1"]),
        ({"cells.kind": "foo"}, ["cells.kind", "ohmic"]),
        ({"converter": "sar"}, ["sar", "ramp"]),
        ({"converters.ramp.clock_GHz": 0}, ["clock_GHz", "above 0"]),
        ({"slice_ns": "ten"}, ["slice_ns", "ten", "number"]),
    ],
)
def test_bad_numbers_of_a_library_are_named(change, words):
    with pytest.raises(DesignError) as caught:
        Library.load("sonos-40nm").with_settings(change)
    assert all(word in str(caught.value) for word in words)


def test_a_converter_without_kind_is_asked_for_it():
    """By its own name, which is that of a kind, too."""
    with pytest.raises(DesignError, match=r"converters\.sar has no kind: give converters\.sar\.kind = one of ramp"):
        Library.load("sonos-40nm").with_settings({"converters.sar.conversion_pJ": 1.2})


def test_numbers_beyond_their_limits_say_the_limit():
    with pytest.raises(DesignError, match=r"energy_pJ.value is -1(.0)?: use 0(.0)? or more"):
        Library.load("sonos-40nm").with_settings({"integrator.energy_pJ": -1})


@pytest.mark.parametrize(
    ("ends", "remedy"),
    [
        ([2.6, 2.0], r"is \[2.6, 2.0\]: write the smaller end first, \[2, 2.6\]"),
        ([30, 40], r"is \[30, 40\]: use ends on both sides of the value, 2.4, or leave it out"),
        ([0.1, 0.2], "use ends on both sides of the value"),
        ([-5, 3], "use ends above 0"),
        ([0, 3], "use ends above 0"),
        ([0, 0], "use ends above 0"),
    ],
)
def test_ranges_that_nothing_can_have_are_refused(ends, remedy):
    """A swapped range was an interval without width, by which designs were ranked."""
    settings = {"subtractor.energy_pJ": {"value": 2.4, "range": ends}}
    with pytest.raises(DesignError, match=rf"component library 'sonos-40nm': subtractor.energy_pJ.range .*{remedy}"):
        Library.load("sonos-40nm").with_settings(settings)


@pytest.mark.parametrize("ends", [[2.4, 2.4], [2.0, 2.6], [2.4, 9]])
def test_ranges_around_a_value_are_taken(ends):
    changed = Library.load("sonos-40nm").with_settings({"subtractor.energy_pJ": {"value": 2.4, "range": ends}})
    found = bounds(changed.subtractor.energy_pJ)
    assert (found.low, found.high) == tuple(ends)


@pytest.mark.parametrize(
    ("name", "value"), [("node_nm", 0), ("node_nm", -40), ("node_nm", float("nan")), ("slice_ns", 0), ("supply_V", 0)]
)
def test_what_is_divided_by_is_above_0(name, value):
    """A node of 0 nm was loaded, and ended as a fault of bitline's where a published converter was costed."""
    with pytest.raises(DesignError, match=rf"component library 'sonos-40nm': {name} is {value}: "):
        Library.load("sonos-40nm").with_settings({name: value})


@pytest.mark.parametrize(
    ("library", "share"), [("isaac-32nm", "converters.sar.capacitor_share"), ("sram-28nm", "cells.activity")]
)
def test_shares_are_fractions(library, share):
    """50 for 50 % gave energies below 0, or 100 times too large, without a word."""
    found = Library.load(library)
    for wrong, remedy in (
        (50, "use 1 at most"),
        (-0.5, "use 0 or more"),
        ({"value": 0.5, "range": [0.4, 2]}, "1 at most"),
    ):
        with pytest.raises(DesignError, match=rf"{share}.* {remedy}"):
            found.with_settings({share: wrong})
    changed = found.with_settings({share: 0.8})
    assert bounds(changed.quantities()[share]).high == 1


FULL = {
    name: {"energy_pJ": 1.0, "area_um2": 100.0}
    for name, field in Library.model_fields.items()
    if field.annotation is UnitCircuit
}
"""Every circuit that a library may have, none of them free."""
SEVERAL = (
    {"inputs.slice_bits": 2, "inputs.accumulation": "mixed", "weights.bits_per_cell": 2},
    {"inputs.range": "per-vector", "layers": [{"match": "6", "digital": True}]},
)


@pytest.mark.parametrize("circuit", FULL)
def test_energy_and_area_of_every_circuit_count(circuit):
    """The area of converters of rows was in libraries, and no cost had it."""
    library = Library.load("sonos-40nm").with_settings(FULL)
    designs = [Design.load("differential").with_settings(settings) for settings in SEVERAL]
    before = [network_cost(statistics(), design, library) for design in designs]
    for number, total in (("energy_pJ", "energy_uJ"), ("area_um2", "area_mm2")):
        changed = library.with_settings({f"{circuit}.{number}": 1000.0})
        after = [network_cost(statistics(), design, changed) for design in designs]
        assert any(getattr(a, total) > getattr(b, total) for a, b in zip(after, before, strict=True)), number


@pytest.mark.parametrize("name", ["ADCs", "network"])
def test_a_part_with_the_name_of_a_component_is_refused(name):
    """Its energy took the place of the component's, whose area was added to its own."""
    part = {"unit": "tile", "power_mW": 0.001, "area_mm2": 0.01}
    with pytest.raises(DesignError, match=f"parts has '{name}', the name of a component .* such as 'fixed {name}'"):
        Library.load("sonos-40nm").with_settings({"parts": {name: part}})


@pytest.mark.parametrize("settings", SEVERAL)
def test_the_names_of_all_components_are_known(settings):
    cost = network_cost(statistics(), Design.load("differential").with_settings(settings))
    parts = (
        cost.energies_pJ.keys() | cost.areas_mm2.keys() | {name for layer in cost.layers for name in layer.energies_pJ}
    )
    assert parts <= COMPONENTS
