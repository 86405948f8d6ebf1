"""Combinations that no hardware has are refused with the settings at fault, and their neighbours are accepted."""

from __future__ import annotations

import math

import pytest

from bitline import Design
from bitline.design.views import key
from bitline.errors import DesignError

DIGITAL = {"inputs.accumulation": "digital"}
GUARANTEED = {"adc.range": "guaranteed", "cell.on_off_ratio": math.inf}
SLICES_ADDED, ARRAYS_ADDED = {"weights.accumulation": "analog"}, {"array.accumulation": "analog"}
ROW_DRIVEN = {"array.kind": "row-driven"}

REFUSED = [  # what is refused, what the message says, and what makes it possible
    ({**GUARANTEED, "adc.bits": 26}, r"27 bits \(Eq\. 2\)", {"adc.bits": 27}),
    ({**GUARANTEED, **DIGITAL, "adc.bits": 19, "adc.bits_saved": [1]}, "adc.bits_saved is", {"adc.bits_saved": [0]}),
    ({"adc.bits_saved": [1]}, "accumulation is 'analog'", DIGITAL),
    ({**DIGITAL, "adc.bits": 4, "adc.bits_saved": [4]}, "4 bits has none left", {"adc.bits": 5}),
    ({**DIGITAL, "inputs.accumulator.capacitor_mismatch": 0.1}, "has no accumulator", {"inputs.accumulation": "mixed"}),
    (
        {"inputs.accumulation": "mixed", "inputs.analog_slices": 1, "inputs.accumulator.effective_bits": 6},
        "analog_slices is 1",
        {"inputs.analog_slices": 2},
    ),
    ({"adc.range": "full", "adc.centred": True}, "adc.centred is set", {"adc.range": "calibrated"}),
    ({"adc.range": "full", "adc.ranges_per": ["column"]}, "adc.ranges_per is set", {"adc.range": "calibrated"}),
    ({"adc.range": "full", "adc.calibrated_on": "chip"}, "calibrated_on is set", {"adc.calibrated_on": "ideal"}),
    ({"adc.centred": True, "adc.ranges_per": ["column"]}, "adc.centred is true", {"adc.centred": False}),
    ({"adc.ranges_per": ["input-slice"]}, "has 'input-slice'", DIGITAL),
    ({"adc.ranges_per": ["partition"], **ARRAYS_ADDED}, "has 'partition'", {"array.accumulation": "digital"}),
    (
        {"weights.kind": "offset", "weights.flipped_columns": True, **SLICES_ADDED},
        "weights.accumulation is 'analog'",
        {"weights.accumulation": "digital"},
    ),
    (
        {"weights.kind": "offset", "weights.flipped_columns": True, **ARRAYS_ADDED},
        "array.accumulation is 'analog'",
        {"weights.flipped_columns": False},
    ),
    ({"weights.kind": "polarised", **ARRAYS_ADDED}, "is 'polarised'", {"array.accumulation": "digital"}),
    ({"array.kind": "gate-driven", "inputs.drivers.noise": 0.1, "inputs.slice_bits": 1}, "switch cells", ROW_DRIVEN),
    (
        {"inputs.drivers.noise": 0.1, "cell.current_voltage": "milo-2021"},
        "drivers.noise is 0.1",
        {"inputs.drivers.noise": 0},
    ),
    ({"inputs.drivers.mismatch": 0.1, "inputs.bits": "float"}, "mismatch is 0.1", {"inputs.drivers.mismatch": 0}),
    ({"inputs.bits": "float", "adc.range": "guaranteed"}, "inputs.bits is 'float'", {"adc.range": "calibrated"}),
    (
        {"inputs.bits": "float", "weights.bits": "float", "adc.range": "guaranteed"},
        "weights.bits and inputs.bits are 'float'",
        {"adc.range": "calibrated"},
    ),
    ({"inputs.bits": "float", "cell.current_voltage": "milo-2021"}, "worked out for each input voltage", ROW_DRIVEN),
    (
        {"inputs.range": "per-vector", "adc.range.relu_aware": True},
        "relu_aware is true",
        {"inputs.range": "percentile"},
    ),
    (
        {"cell.device": "pcm-joshi-2020", "array.kind": "gate-driven", "array.bit_line.G_max_uS": 10},
        r"25 uS by cell\.device 'pcm-joshi-2020' and 10 uS by array\.bit_line\.G_max_uS",
        {"array.bit_line.G_max_uS": 25},
    ),
    (
        {"array.kind": "gate-driven", "array.bit_line.G_max_uS": 25, "array.source_line.G_max_uS": 20},
        r"20 uS by array\.source_line\.G_max_uS",
        {"array.source_line.G_max_uS": 25},
    ),
    (
        {"cell.device": "pcm-joshi-2020", "cell.current_voltage": "milo-2021"},
        "225 uS by cell.current_voltage 'milo-2021'",
        {"cell.current_voltage.G_max_uS": 25},
    ),
]


@pytest.mark.parametrize(("settings", "words", "remedy"), REFUSED)
def test_what_no_hardware_has_is_refused_and_the_remedy_is_accepted(settings, words, remedy):
    with pytest.raises(DesignError, match=words):
        Design().with_settings(settings)
    Design().with_settings({**settings, **remedy})


def test_a_guarantee_says_when_currents_at_g_min_take_the_bits():
    """128 rows of bits take 8 bits, but with half of G_max from every other cell as many as 256 steps and none."""
    one_bit = {"weights.kind": "offset", "weights.bits_per_cell": 1, "inputs.slice_bits": 1, "array.rows": 128}
    settings = {**one_bit, **DIGITAL, "adc.range": "guaranteed", "adc.bits": 7}
    with pytest.raises(DesignError, match=r"takes 8 bits \(Eq\. 2\)"):
        Design().with_settings({**settings, "cell.on_off_ratio": math.inf})
    with pytest.raises(DesignError, match=r"takes 9 bits \(Eq\. 2, and currents at G_min\)"):
        Design().with_settings({**settings, "cell.on_off_ratio": 2.0})


def test_a_name_of_a_view_does_not_depend_on_the_order_of_settings():
    assert key({"adc": {"bits": 8, "kind": "ramp"}, "array": {}}) == key(
        {"array": {}, "adc": {"kind": "ramp", "bits": 8}}
    )


def test_copies_of_layers_take_as_many_arrays_again_if_nothing_else_is_said():
    assert Design().with_settings({"hardware.duplication": "balanced"}).hardware.duplication.extra_arrays == 1
