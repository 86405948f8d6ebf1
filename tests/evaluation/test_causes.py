"""What can make a design lose accuracy."""

import pytest

from bitline.design import Design
from bitline.design.settings import parse_settings
from bitline.evaluation.causes import ALL, RECALIBRATE, causes, typed

ALONE = {
    "drift": {"cell.device": "pcm-joshi-2020", "cell.time": "1 day"},
    "programming error": {"cell.device": {"kind": "state-independent", "alpha": 0.02}},
    "variation": {"cell.variation.row": 0.1},
    "read noise": {"cell.read_noise": {"kind": "state-independent", "alpha": 0.02}},
    "faults": {"cell.faults.stuck_low": 0.1},
    "cell levels": {"cell.levels": {"kind": "uniform", "count": 8}},
    "on/off ratio": {"cell.on_off_ratio": 10.0},
    "nonlinear cells": {"cell.current_voltage": "milo-2021", "inputs.slice_bits": 4},
    "wires": {"array.kind": "gate-driven", "array.bit_line.segment": 1e-4},
    "array circuit": {"array.kind": "charge-sharing", "array.mismatch": 0.02},
    "row drivers": {"inputs.drivers.noise": 0.1},
    "accumulator": {"inputs.accumulator.leakage": 0.1},
    "ADC circuit": {"adc.kind": "sar"},
    "ADC noise": {"adc.noise_steps": 1.0},
    "ADC levels": {"adc.bits": 4},
    "ADC clipping": {"adc.range.percentile": 90.0},
    "weight codes": {"weights.bits": 3},
    "weight clipping": {"weights.percentile": 90.0},
    "input codes": {"inputs.bits": 3},
    "input clipping": {"inputs.range.percentile": 90.0},
}
"""Settings that give a design one more thing to suffer from."""
ALSO = {"drift": ("programming error", "read noise", "on/off ratio")}
"""What comes with it."""


def test_every_cause_is_tried_here():
    assert set(ALONE) == {cause.name for cause in ALL}


@pytest.mark.parametrize("name", ALONE)
def test_a_design_has_the_causes_that_its_settings_bring(name):
    """Charges that are shared counted as wires; noise of ADCs and drivers, and what rows share, as nothing at all."""
    design = Design().with_settings(ALONE[name])
    (found,) = [cause for cause in causes(design) if cause.name == name]
    healthy = found.undone(design)
    assert healthy is not None and name not in {cause.name for cause in causes(healthy)}
    others = {cause.name for cause in causes(design)} - {cause.name for cause in causes(Design())}
    assert others <= {name, *ALSO.get(name, ())}


@pytest.mark.parametrize("name", ALONE)
def test_remedies_can_be_typed(name):
    """A word that only Python has was recommended for the command line."""
    design = Design().with_settings(ALONE[name])
    (found,) = [cause for cause in causes(design) if cause.name == name]
    for remedy in found.remedies(design):
        words = typed(remedy, 64).replace("--set ", "").split(" ")
        if remedy != RECALIBRATE and design.adc.kind == "uniform":
            assert design.with_settings(parse_settings(words))


@pytest.mark.parametrize("kind", ["sar", "flash", "ramp"])
def test_levels_of_a_circuit_can_be_too_few(kind):
    """16 bits are more than the circuits have, so that nothing was tried of theirs."""
    names = {cause.name for cause in causes(Design().with_settings({"adc.kind": kind, "adc.bits": 4}))}
    assert {"ADC levels", "ADC clipping"} <= names
