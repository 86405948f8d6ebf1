"""The library of a design: its name, its node and numbers of its own, as settings like others."""

from __future__ import annotations

import pytest
from small_cost import SMALL, statistics

from bitline import Design
from bitline.cost import Library, at_node, library_of, network_cost
from bitline.errors import DesignError
from bitline.study.point import Point

PLAIN = Design().with_settings(SMALL)


def test_a_design_without_numbers_has_the_library_and_the_key_of_before():
    assert library_of(PLAIN) == Library.load("sonos-40nm")
    assert Point.of({}, Design()).key == "18a75ffeb22dd598ccfa4714"


@pytest.mark.parametrize(
    ("settings", "library"),
    [
        ({"hardware.node_nm": 28}, at_node(Library.load("sonos-40nm"), 28)),
        ({"hardware.node_nm": 28, "hardware.supply_V": 0.8}, at_node(Library.load("sonos-40nm"), 28, 0.8)),
        ({"hardware.supply_V": 0.9}, at_node(Library.load("sonos-40nm"), 40, 0.9)),
        ({"library.cells.G_max_uS": 20}, Library.load("sonos-40nm").with_settings({"cells.G_max_uS": 20})),
        (
            {"hardware.library": "isaac-32nm", "library.converters.sar.conversion_pJ": 3, "hardware.node_nm": 22},
            at_node(Library.load("isaac-32nm"), 22).with_settings({"converters.sar.conversion_pJ": 3}),
        ),
    ],
    ids=str,
)
def test_node_and_numbers_are_settings(settings, library):
    """Numbers are those at the node: they take the place of what scaling makes of the library's."""
    design = PLAIN.with_settings(settings)
    assert library_of(design) == library
    assert Design.from_toml(design.to_toml()) == design
    assert network_cost(statistics(), design) == network_cost(statistics(), PLAIN, library)
    points = Point.of({}, PLAIN), Point.of(settings, design)
    assert points[0].key != points[1].key and points[0].accuracy_key == points[1].accuracy_key


def test_both_names_of_a_number_are_one():
    short, long = (
        PLAIN.with_settings({f"{name}.cells.G_max_uS": 20, f"{name}.adder.energy_pJ": 0.2})
        for name in ("library", "hardware.numbers")
    )
    assert short == long
    assert short.with_settings({"library.adder.energy_pJ": 0.3}).hardware.numbers == {
        "cells": {"G_max_uS": 20},
        "adder": {"energy_pJ": 0.3},
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"library.cells.G_max": 20}, "'sonos-40nm': unknown key 'cells.G_max': did you mean 'G_max_uS'"),
        ({"library.adder.energy_pJ": -1}, r"adder\.energy_pJ\.value is -1"),
        ({"hardware.node_nm": 1}, "hardware.node_nm is 1: use 3 or more"),
        ({"hardware.supply_V": 0}, "hardware.supply_V is 0: use more than 0"),
    ],
)
def test_wrong_numbers_are_refused(settings, words):
    with pytest.raises(DesignError, match=words):
        library_of(PLAIN.with_settings(settings))
