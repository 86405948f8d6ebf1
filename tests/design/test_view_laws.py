"""What views say in a few words; `test_views.py` holds every setting against the results."""

from __future__ import annotations

import pytest

from bitline import Design
from bitline.design import views

BASE = Design()
OTHER_DEVICE = {"cell.device": {"kind": "state-proportional", "alpha": 0.2}}


def test_only_ranges_of_a_chip_depend_on_its_cells():
    for settings, depends in (({}, False), ({"adc.calibrated_on": "chip"}, True)):
        design = BASE.with_settings(settings)
        other = design.with_settings(OTHER_DEVICE)
        assert (views.calibration(design) != views.calibration(other)) == depends
        assert (views.record(design) != views.record(other)) == depends


def test_calibration_images_are_seen_through_the_weights_only_where_an_adc_needs_them():
    other = {"weights.kind": "offset"}
    assert views.record(BASE) != views.record(BASE.with_settings(other))
    full = BASE.with_settings({"adc.range": "full"})
    assert views.record(full) == views.record(full.with_settings(other))


@pytest.mark.parametrize(("place", "before"), views.LATER.items())
def test_a_setting_that_came_later_leaves_keys_as_they_were(place, before):
    section, name = place
    known = {"design": {section: {"rows": 8}}, "layers": [["conv", {section: {"rows": 8}}]]}
    said = {"design": {section: {"rows": 8, name: before}}, "layers": [["conv", {section: {"rows": 8, name: before}}]]}
    other = {"design": {section: {"rows": 8, name: "other"}}, "layers": [["conv", {section: {"rows": 8}}]]}
    assert views.key(said) == views.key(known) != views.key(other)
