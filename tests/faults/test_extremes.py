"""Settings at the ends of what they may be: outputs and costs are finite, and what lies beyond is refused by name.

Some ended in an overflow that passed for a fault of bitline's, others in outputs that are no numbers.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from bitline import AnalogCore, Design
from bitline.cost import gather_statistics, network_cost
from bitline.errors import DesignError

MATRIX = np.random.default_rng(0).normal(size=(3, 9)).astype(np.float32)
INPUTS = np.random.default_rng(1).random((9, 6)).astype(np.float32)
SINH = {"cell.current_voltage.kind": "sinh", "inputs.slice_bits": 4}
WIRES = {"array": {"kind": "row-driven", "rows": 9, "bit_line": {"segment": 1e-3}}}
PCM = {"cell.device": {"kind": "pcm-joshi-2020"}, "cell.time": 100.0}
DEVICES = {name: {"cell.device": {"kind": name, "alpha": 0.1}} for name in ("state-independent", "state-proportional")}
NOISES = {name: {"cell.read_noise": {"kind": name, "alpha": 0.1}} for name in DEVICES}

BEYOND = [
    ({**SINH, "cell.current_voltage.scale_V": 1e-4}, r"current_voltage\.scale_V is 0\.0001.*at least 0\.004"),
    ({**SINH, "cell.current_voltage.read_voltage_V": 20.0}, r"read_voltage_V is 20, 80 times.*at least 0\.4"),
    ({**PCM, "cell.device.read_time_s": 100.0}, r"read_time_s is 100, longer than drift_start_s, 20"),
    ({**PCM, "cell.device.noise_limit": 1e300}, r"noise_limit"),
    ({**PCM, "cell.device.noise_factor": -1.0}, r"noise_factor"),
    ({**PCM, "cell.device.G_max_uS": 1e-300}, r"G_max_uS"),
    ({"cell.device": {"kind": "sonos-xiao-2022"}, "cell.device.I_max_nA": 1e-300}, r"I_max_nA"),
    *(({**device, "cell.device.alpha": 1e300}, r"cell\.device\.alpha") for device in DEVICES.values()),
    *(({**noise, "cell.read_noise.alpha": 1e300}, r"cell\.read_noise\.alpha") for noise in NOISES.values()),
    *(({f"cell.variation.{of}": 1e300}, rf"cell\.variation\.{of}") for of in ("row", "column", "die")),
    ({"adc.noise_steps": 1e300}, r"adc\.noise_steps"),
    ({"weights.largest": 1e300}, r"weights\.largest"),
    ({"array.kind": "charge-sharing", "array.supply_V": 1e300}, r"array\.supply_V"),
    ({**WIRES, "array.bit_line.segment": 1e-300}, r"a wire has 1e-300 times.*use 0"),
    ({**WIRES, "array.bit_line.G_max_uS": 1e-300}, r"a wire has .* times.*use 0"),
]


@pytest.mark.parametrize(("settings", "words"), BEYOND, ids=lambda value: str(value)[:60])
def test_what_overflows_is_refused_by_name(settings, words):
    with pytest.raises(DesignError, match=words):
        Design().with_settings(settings)


AT_THE_END = [
    {**SINH, "cell.current_voltage.scale_V": 0.004},
    {**SINH, **WIRES, "cell.current_voltage.scale_V": 0.004},
    {**PCM, "cell.device.read_time_s": 20.0},
    {**PCM, "cell.device.noise_limit": 100.0, "cell.device.noise_factor": 100.0},
    {**PCM, "cell.device.G_max_uS": 1e-3},
    {"cell.device": {"kind": "sonos-xiao-2022", "I_max_nA": 1e-3}},
    *({**device, "cell.device.alpha": 100.0} for device in DEVICES.values()),
    *({**noise, "cell.read_noise.alpha": 100.0} for noise in NOISES.values()),
    {"cell.variation.row": 100.0, "cell.variation.column": 100.0, "cell.variation.die": 100.0},
    {"adc.noise_steps": 1e6},
    {"weights.largest": 1e30},
    {"array.kind": "charge-sharing", "array.supply_V": 1e3, "array.capacitor_fF": 1.0},
    {**WIRES, "array.bit_line.segment": 1e-30},
]


@pytest.mark.parametrize("settings", AT_THE_END, ids=lambda value: str(value)[:60])
def test_outputs_and_costs_are_finite_at_the_end(settings):
    design = Design().with_settings(settings)
    assert np.isfinite(AnalogCore(MATRIX, design, calibration=INPUTS) @ INPUTS).all()
    statistics = gather_statistics(nn.Sequential(nn.Linear(9, 3)), "differential", torch.from_numpy(INPUTS.T.copy()))
    cost = network_cost(statistics, design)
    assert all(math.isfinite(value) for value in (cost.energy_uJ, cost.area_mm2, cost.latency_us))
