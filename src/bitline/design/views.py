"""Which settings of a design matter for what: the reference, the answers, the calibration, the cells.

Each view starts from all settings and leaves out those that make no difference, so a new setting matters everywhere
until it is left out here; a test changes every field of every variant and holds the views against the results. Where
two designs have the same view, what it stands for is computed once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from bitline.arrays import IdealArray
from bitline.design.design import Design, Inputs, LayerRule
from bitline.design.settings import flat
from bitline.devices import Cell
from bitline.encode import Differential, WeightMapping
from bitline.readout import NoAdc

View = dict[str, Any]
"""Settings as plain values."""
_NAMES = ("name", "description")


def reference(design: Design | str) -> Design:
    """The quantised reference: the same weight and input codes with exact sums, in every layer.

    It is the same for all designs with the same codes, whatever their arrays and converters are.

    Args:
        design: the accelerator, or the name of a preset.

    Examples:
        >>> exact = reference("sonos-a")
        >>> exact.cell.device.kind, exact.adc.kind, exact.weights.bits
        ('none', 'none', 8)
    """
    design = Design.of(design)
    rules = tuple(_reference_rule(design, rule) for rule in design.layers)
    weights, inputs = _code_settings(design)
    return Design(
        name=design.name,
        description=design.description,
        weights=weights,
        inputs=inputs,
        cell=Cell(),
        array=IdealArray(),
        adc=NoAdc(),
        layers=rules,
    )


def whole(design: Design) -> View:
    """All settings, whatever a design is called."""
    return unnamed(design.model_dump(mode="json"))


def unnamed(settings: Mapping[str, Any]) -> View:
    """Settings without the name and the description of their design, which make no difference.

    Examples:
        >>> unnamed({"name": "coarse", "description": "", "adc": {"bits": 4}})
        {'adc': {'bits': 4}}
    """
    return {name: value for name, value in settings.items() if name not in _NAMES}


def codes(design: Design) -> View:
    """What weight and input codes follow from, and with them the reference of a design without layer rules."""
    return _reference_codes(design)


def answers(design: Design) -> View:
    """What the outputs of a network on a chip depend on."""
    return _with_rules(design, _answers)


def calibration(design: Design) -> View:
    """What input scales and ADC levels depend on, besides the network and the calibration images."""
    has_levels = any(variant.adc.converts for variant in design.variants())
    return _with_rules(design, _calibration if has_levels else _input_range)


def record(design: Design) -> View:
    """What calibration images are seen through.

    Input ranges depend on the inputs alone. Signals at ADCs are those of exact cells on lines without resistance, in a
    network of exact layers: devices, noise, drift, wires and the bits of ADCs make no difference, unless ranges are
    calibrated on a chip (`adc.calibrated_on`).
    """
    watched = any(variant.needs_calibrated_adc for variant in design.variants())
    return _with_rules(design, _record if watched else _input_range)


def cells(design: Design) -> View:
    """What the mean conductances of cells depend on, besides their targets: not on the place of a cell."""
    unseen = ("variation", "faults", "current_voltage", "drift_compensation", "resolution")
    cell = _content(design)["cell"]
    stuck = {name: cell["faults"][name] for name in ("stuck_low", "stuck_high")}
    return {"cell": {name: value for name, value in cell.items() if name not in unseen} | {"faults": stuck}}


LATER: dict[tuple[str, str], Any] = {
    ("weights", "largest"): None,
    ("weights", "flipped_columns"): False,
    ("weights", "accumulation"): "digital",
    ("inputs", "signed"): "auto",
    ("inputs", "polarities"): "together",
    ("array", "partitions"): "equal",
    ("array", "accumulation"): "digital",
    ("array", "turns"): 1,
    ("read_noise", "renewed"): "read",
    ("hardware", "node_nm"): None,
    ("hardware", "supply_V"): None,
    ("hardware", "numbers"): {},
}
"""Settings that stores of before do not know, with the value that says what was done before there was a choice."""


def key(view: View) -> str:
    """A short name of a view: the same for equal ones only, and for those of before a setting was added.

    Examples:
        >>> key({"array": {"rows": 8, "partitions": "equal"}}) == key({"array": {"rows": 8}})
        True
        >>> key({"array": {"rows": 8, "partitions": "full"}}) == key({"array": {"rows": 8}})
        False
    """
    text = json.dumps(as_before(view), sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def by_setting(view: View) -> View:
    """A view by dotted names, the design's own settings without a prefix.

    Examples:
        >>> by_setting({"design": {"adc": {"bits": 8}}, "layers": []})
        {'adc.bits': 8, 'layers': []}
    """
    others = {name: value for name, value in view.items() if name != "design"}
    return flat({**view.get("design", {}), **others})


def differences(view: View, other: View) -> dict[str, tuple[Any, Any]]:
    """Settings in which two views differ, with the values of both, None where there is none; empty for one `key`.

    Examples:
        >>> differences({"adc": {"bits": 8, "centred": True}}, {"adc": {"bits": 3, "centred": True}})
        {'adc.bits': (8, 3)}
    """
    ours, theirs = (by_setting(json.loads(json.dumps(as_before(each), default=str))) for each in (view, other))
    names = dict.fromkeys((*ours, *theirs))
    both = {name: (ours.get(name), theirs.get(name)) for name in names}
    return {name: values for name, values in both.items() if values[0] != values[1]}


_INPUT_CODES = ("bits", "range", "signed")
"""Settings that input codes follow from."""
_AFFECTED = frozenset(section for section, _ in LATER)


def as_before(view: Any) -> Any:
    """A view without settings that came later, where they say what was done before.

    Examples:
        >>> as_before({"hardware": {"library": "isaac-32nm", "node_nm": None}})
        {'hardware': {'library': 'isaac-32nm'}}
    """
    if isinstance(view, dict):
        return {section: _section_as_before(section, part) for section, part in view.items()}
    return [as_before(part) for part in view] if isinstance(view, list) else view


def _section_as_before(section: str, part: Any) -> Any:
    if not isinstance(part, (dict, list)):
        return part
    found = as_before(part)
    if section not in _AFFECTED or not isinstance(part, dict):
        return found
    return {
        name: value for name, value in found.items() if (section, name) not in LATER or value != LATER[section, name]
    }


def _code_settings(design: Design) -> tuple[Differential, Inputs]:
    """What weight and input codes follow from, in the plainest way to compute with them."""
    weights = {name: getattr(design.weights, name) for name in WeightMapping.CODE_SETTINGS}
    return Differential(**weights), Inputs(**{name: getattr(design.inputs, name) for name in _INPUT_CODES})


def _reference_rule(design: Design, rule: LayerRule) -> LayerRule:
    if rule.digital:
        return LayerRule(match=rule.match, digital=True)
    weights, inputs = _code_settings(design.with_rule(rule))
    known = weights.model_dump(include=set(WeightMapping.CODE_SETTINGS))
    settings = {
        **{f"weights.{name}": value for name, value in known.items()},
        **{f"inputs.{name}": value for name, value in inputs.model_dump(include=set(_INPUT_CODES)).items()},
    }
    return LayerRule(match=rule.match, set=settings)


def _with_rules(design: Design, view: Callable[[Design], View]) -> View:
    """The view of a design's layers without a rule, and of those of each rule."""
    rules = [[rule.match, "digital" if rule.digital else view(design.with_rule(rule))] for rule in design.layers]
    plain = design.model_copy(update={"layers": ()}) if design.layers else design
    return {"design": view(plain), "layers": rules}


def _answers(design: Design) -> View:
    view = _content(design)
    view["adc"].pop("rate_MS_per_s", None)
    view["array"].pop("turns", None)
    return view


def _calibration(design: Design) -> View:
    if not design.adc.converts:
        return _reference_codes(design)
    if design.adc.calibrated_on == "chip":
        return _answers(design)
    content = _content(design)["adc"]
    chosen = {name: content[name] for name in (*_ADC_SIGNALS, "bits", "range", "bits_saved")}
    return {**_signals(design), "adc": chosen}


def _record(design: Design) -> View:
    if not design.needs_calibrated_adc:
        return _reference_codes(design)
    shown = _content(design) if design.adc.calibrated_on == "chip" else _signals(design)
    return {**shown, "adc": _adc_of_signals(design)}


def _input_range(design: Design) -> View:
    content = _content(design)["inputs"]
    return {"inputs": {name: content[name] for name in _INPUT_CODES}}


def _reference_codes(design: Design) -> View:
    content = _content(design)["weights"]
    return {**_input_range(design), "weights": {name: content[name] for name in WeightMapping.CODE_SETTINGS}}


_ADC_SIGNALS = ("ranges_per", "centred", "calibrated_on")


def _signals(design: Design) -> View:
    """Settings that the signals of exact cells on ideal lines depend on."""
    view = _content(design)
    for circuit in ("accumulator", "drivers"):
        view["inputs"].pop(circuit, None)
    if design.inputs.accumulation != "mixed":
        view["inputs"].pop("analog_slices", None)
    columns = {"columns": design.array.columns} if design.weights.has_unit_column else {}
    cell = {name: view["cell"][name] for name in ("levels", "current_voltage")}
    return {
        "weights": view["weights"],
        "inputs": view["inputs"],
        "cell": {"window_low": design.cell.window_low, **cell},
        "array": {**{name: view["array"][name] for name in ("rows", "partitions", "accumulation")}, **columns},
    }


def _adc_of_signals(design: Design) -> View:
    """Settings of the converters that decide what is counted of the signals."""
    content = _content(design)["adc"]
    kept = {name: content[name] for name in _ADC_SIGNALS}
    return {**kept, "samples": design.adc.range.keeps_samples, "relu_aware": design.adc.range.is_relu_aware}


_last: tuple[Design, View] | None = None
"""The design whose settings were asked for last, and what they are: views of a design are made one after another."""


def _content(design: Design) -> View:
    """Settings as plain values, without names and what only cost depends on; sections are the caller's to change."""
    global _last
    last = _last  # read once: another thread may ask for another design meanwhile
    if last is None or last[0] is not design:
        last = _last = design, design.model_dump(mode="json", exclude={*_NAMES, "hardware", "layers"})
    return {section: dict(values) for section, values in last[1].items()}
