"""A saved network loads into one of the same design, and no other."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bitline import Design, conversion_of, convert, program
from bitline.design import LayerRule
from bitline.errors import CalibrationError
from bitline.nn import Calibration, record

DESIGN = Design.load("differential")


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4)).eval()


X = torch.randn(100, 16, generator=torch.Generator().manual_seed(0))


def analog(settings: dict[str, object], x: Tensor = X) -> nn.Module:
    return convert(network(), DESIGN.with_settings(settings), x)


OTHERS = [
    ({"adc.bits": 3}, "'0' is that of a design with adc.bits 8, and its design has 3"),
    ({"inputs.bits": 4}, "inputs.bits 8, and its design has 4"),
    ({"weights.bits": 4}, "weights.bits 8, and its design has 4"),
    ({"array.rows": 8}, "array.rows 1152, and its design has 8"),
    ({"inputs.range.percentile": 90.0}, "inputs.range.percentile 99.99, and its design has 90.0"),
    ({"adc": "none"}, "with ADCs, and its design has none"),
]


@pytest.mark.parametrize(("settings", "message"), OTHERS)
def test_a_state_of_another_design_is_refused_and_changes_no_answer(settings, message):
    other = analog(settings)
    with torch.no_grad():
        before = other(X)
        with pytest.raises(CalibrationError, match=message):
            other.load_state_dict(program(analog({}), chip=2).state_dict())
        assert torch.equal(other(X), before)


def test_weights_stay_where_the_state_of_any_layer_is_refused():
    other = analog({})
    before = {name: value.clone() for name, value in other.state_dict().items()}
    state = {name: value * 2 if value.is_floating_point() else value for name, value in before.items()}
    state["2._extra_state"] = analog({"adc.bits": 3})[2].get_extra_state()
    with pytest.raises(CalibrationError, match=r"the state of layer '2' is that of a design with adc\.bits 3"):
        other.load_state_dict(state)
    whole = nn.ModuleDict({"inside": other})
    with pytest.raises(CalibrationError, match="the state of layer '2'"):
        whole.load_state_dict({f"inside.{name}": value for name, value in state.items()})
    assert all(torch.equal(value, before[name]) for name, value in other.state_dict().items())


def test_a_state_loads_where_its_calibration_does_not_depend_on_the_difference():
    saved = analog({})
    other = analog({"cell.faults.stuck_low": 0.01}, 3 * X)
    other.load_state_dict(saved.state_dict())
    assert other[0].calibration == saved[0].calibration


def as_before(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state as it was before it said which design it is for."""
    found = copy.copy(state)
    for name in state:
        if name.endswith("_extra_state"):
            content = json.loads(bytes(state[name].tolist()))
            del content["made for"]
            found[name] = torch.tensor(list(json.dumps(content).encode()), dtype=torch.uint8)
    return found


def test_rules_for_other_layers_do_not_matter():
    images = torch.rand(16, 16)
    plain = convert(network(), DESIGN, images)
    for settings, message in (({"cell.device.alpha": 0.1}, None), ({"adc.bits": 5}, r"layer '2'.*adc\.bits 8")):
        ruled = DESIGN.model_copy(update={"layers": (LayerRule(match="2", set=settings),)})
        other = convert(network(), ruled, images)
        if message is None:
            other.load_state_dict(plain.state_dict())
        else:
            with pytest.raises(CalibrationError, match=message):
                other.load_state_dict(plain.state_dict())


def test_older_states_load_unless_they_cannot_be_of_this_design():
    saved, again = analog({}), analog({}, 3 * X)
    again.load_state_dict(as_before(saved.state_dict()))
    with torch.no_grad():
        assert torch.equal(again(X), saved(X))
    with pytest.raises(CalibrationError, match="has 256 ADC levels, and its design has ADCs of 3 bits"):
        analog({"adc.bits": 3}).load_state_dict(as_before(saved.state_dict()))
    with pytest.raises(CalibrationError, match="input codes of 8 bits, and its design has 4 bits"):
        analog({"inputs.bits": 4}).load_state_dict(as_before(saved.state_dict()))


def test_a_calibration_with_more_levels_than_the_converter_has_is_refused():
    known = Calibration(conversion_of(analog({})).calibration.layers)
    with pytest.raises(CalibrationError, match="256 ADC levels"):
        convert(network(), DESIGN.with_settings({"adc.bits": 3}), known)


DECISIVE = {
    "weights.kind": ("offset", "weights.kind = 'differential', and its design has 'offset'"),
    "array.rows": (16, "array.rows = 1152, and its design has 16"),
    "inputs.range": ("least-error", "inputs.range.kind = 'percentile', and its design has 'least-error'"),
}
"""Settings that calibrations depend on, and another value of each."""


@pytest.mark.parametrize("setting", DECISIVE)
@pytest.mark.parametrize("kind", ["calibration", "record"])
def test_a_calibration_of_other_settings_is_refused(setting, kind):
    """Signals of another mapping chose ranges, without a word: outputs were off by as much as they are."""
    known = conversion_of(analog({})).calibration if kind == "calibration" else record(network(), DESIGN, X)
    value, words = DECISIVE[setting]
    with pytest.raises(CalibrationError, match=f"the {kind} of layer .* was made with {re.escape(words)}"):
        convert(network(), DESIGN.with_settings({setting: value}), known)


@pytest.mark.parametrize("kind", ["calibration", "record"])
def test_a_calibration_of_another_network_with_the_same_names_is_refused(kind):
    wide, narrow = (nn.Sequential(nn.Linear(32, 4), nn.ReLU(), nn.Linear(4, size)) for size in (10, 5))
    seen = record(wide, DESIGN, torch.rand(8, 32))
    known = seen if kind == "record" else conversion_of(convert(wide, DESIGN, seen)).calibration
    with pytest.raises(CalibrationError, match=f"the {kind} of layer '2' is for one with outputs = 10.* has 5"):
        convert(narrow, DESIGN, known)


def test_a_record_serves_designs_that_show_the_same_signals():
    """Bits of ADCs, devices and whether there are converters make no difference to what calibration inputs show."""
    seen = record(network(), DESIGN, X)
    for settings in (
        {"adc.bits": 4},
        {"adc.kind": "none"},
        {"cell.device": {"kind": "state-proportional", "alpha": 0.1}},
    ):
        design = DESIGN.with_settings(settings)
        assert torch.equal(convert(network(), design, seen)(X), convert(network(), design, X)(X))


def otherwise(state: dict[str, Tensor], change: Callable[[dict[str, Any]], None]) -> dict[str, Tensor]:
    """A state whose first layer says something else."""
    content = json.loads(bytes(state["0._extra_state"].tolist()))
    change(content)
    return {**state, "0._extra_state": torch.tensor(list(json.dumps(content).encode()), dtype=torch.uint8)}


NO_STATES = [
    lambda content: content["calibration"]["inputs"].update(step=math.nan),
    lambda content: content["calibration"]["inputs"].update(magnitude_bits=1.5),
    lambda content: content["calibration"]["inputs"].pop("step"),
    lambda content: content["calibration"]["levels"].update(step=[math.inf]),
    lambda content: content["calibration"]["levels"].update(low="x"),
    lambda content: content.update(calibration=[]),
    lambda content: content.update(correction={"gain": [math.nan] * 32, "offset": [0.0] * 32}),
    lambda content: content["chip"].update(number="x"),
    lambda content: content.pop("chip"),
]


@pytest.mark.parametrize("change", NO_STATES)
def test_states_hold_numbers(change):
    """NaN was loaded without a word, and all outputs were NaN; what was missing was a traceback."""
    known = analog({})
    with torch.no_grad():
        before = known(X)
        with pytest.raises(CalibrationError, match="cannot read the state of layer '0'"):
            known.load_state_dict(otherwise(known.state_dict(), change))
        assert torch.equal(known(X), before)


def test_states_that_are_no_json_are_refused():
    known = analog({})
    state = {**known.state_dict(), "0._extra_state": torch.zeros(3, dtype=torch.uint8)}
    with pytest.raises(CalibrationError, match="cannot read the state of layer '0'"):
        known.load_state_dict(state)
