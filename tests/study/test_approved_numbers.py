"""Numbers that a small network gives on shipped designs and devices are those of the versions that stores know.

A change of them needs a line in `bitline.design.changes`, or a later version of costs: without it, stores mix results
of before and after the change.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import nn

from bitline import Design, convert, program
from bitline.cost import Statistics, network_cost
from bitline.design import presets, views
from bitline.design.changes import CHANGES, COSTS_VERSION, changes_of
from bitline.devices.registry import AnyDevice
from bitline.errors import DesignError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

APPROVED = Path(__file__).with_name("approved_numbers.json")
APPROVE = "BITLINE_APPROVE"
"""'1' approves numbers of which stores are told; 'draws' those that change by roundings or by other draws alone."""

TOLERANCE = {"outputs": 1e-4, "costs": 1e-6}
"""Of the largest output, and of each cost. Other machines round sums of real numbers differently, and may move a cell
by a step of its grid, which is 4e-5 of its range."""

DIGITAL = {"inputs.accumulation": "digital"}
OTHERS: dict[str, dict[str, Any]] = {
    "mixed accumulation": {"inputs.accumulation": "mixed"},
    "per-vector": {"inputs.range": "per-vector"},
    "slices": {"weights.bits_per_cell": 2, "adc.range": "least-error", **DIGITAL},
    "best output": {"adc.range": "best-output", "inputs.range": "least-error", "adc.bits": 5},
    "full range": {"adc.range": "full", "cell.on_off_ratio": 10.0, "adc.noise_steps": 0.3},
    "guaranteed": {"adc.range": "guaranteed", "adc.bits": 27},
    "aligned": {"adc.range": "aligned", "weights.kind": "offset", "weights.bits_per_cell": 2, **DIGITAL},
    "partitions": {"array.rows": 9, "array.columns": 4, "adc.ranges_per": ("partition",), "adc.centred": True},
    "unit column": {"weights.kind": "offset", "weights.subtraction": "unit-column", "array.columns": 4},
    "two-sided": {"weights.kind": "two-sided"},
    "accumulator": {"inputs.accumulator": {"capacitor_mismatch": 0.05, "leakage": 0.01}, "inputs.drivers.noise": 0.02},
    "drivers": {
        "inputs": {"slice_bits": 2, "drivers": {"mismatch": 0.1, "noise": 0.02}},
        "cell.read_noise": {"kind": "state-independent", "alpha": 0.05},
    },
    "long codes": {"inputs.bits": 18, "cell.read_noise": {"kind": "state-independent", "alpha": 0.05}, **DIGITAL},
    "ReLU-aware": {"adc.range.relu_aware": True, "adc.bits": 5},
    "saved bits": {"adc.bits_saved": (3, 2, 1), "adc.noise_steps": 0.3, "adc.skip_zero_inputs": True, **DIGITAL},
    "curved": {"cell.current_voltage": "sinh", "cell.read_noise": {"kind": "state-proportional", "alpha": 0.05}},
    "cells": {
        "cell.levels": {"kind": "uniform", "count": 9},
        "cell.programming": {"kind": "write-verify", "tolerance": 0.02},
        "cell.device": {"kind": "state-independent", "alpha": 0.1},
        "cell.variation": {"row": 0.1, "column": 0.1, "die": 0.05},
        "cell.faults": {"stuck_low": 0.1, "stuck_high": 0.05, "spare_columns": 1},
    },
    "gate-driven": {"array.kind": "gate-driven", "array.bit_line.segment": 1e-3, "cell.on_off_ratio": 20.0},
    "predistorted": {
        "array": {"kind": "gate-driven", "bit_line": {"segment": 5e-3}, "lines": "interleaved", "predistortion": 0.5},
        "array.row_order": "heaviest-at-foot",
        "cell.current_voltage": "sinh",
        "cell.levels": {"kind": "uniform", "count": 9},
        "cell.on_off_ratio": 20.0,
    },
    "row-driven": {"array.kind": "row-driven", "array.word_line.segment": 1e-3, "array.bit_line.segment": 1e-3},
    "charge-sharing": {"array": {"kind": "charge-sharing", "mismatch": 0.1, "parasitic": 0.5, "capacitor_fF": 0.1}},
    "compensated": {"cell.device": "pcm-nandakumar-2019", "cell.time": "1 hour", "cell.drift_compensation": "column"},
    "flash": {"adc": {"kind": "flash", "resistor_mismatch": 0.05, "comparator_offset_steps": 0.5, "bits": 6}},
    "sar": {"adc": {"kind": "sar", "capacitor_mismatch": 0.05, "thermal_noise": {"capacitance_fF": 0.5}}},
    "split SAR": {"adc": {"kind": "split-sar", "capacitor_mismatch": 0.05, "bridge_error": 0.05}},
    "ramp": {"adc": {"kind": "ramp", "comparator_offset_steps": 2.0, "columns_per_adc": 2}},
    "pipeline": {"adc": {"kind": "pipeline", "capacitor_mismatch": 0.01, "amplifier_gain": 1000.0}},
    "cyclic": {"adc": {"kind": "cyclic", "capacitor_mismatch": 0.01}},
    "copies": {"hardware.duplication": {"kind": "balanced", "extra_arrays": 5.0}},
}
"""What no preset and no device has."""

FROM_FILES = ("measurements-fit", "measurements-resampled")


@cache
def designs() -> dict[str, Design]:
    """By name: presets, devices fresh and after a day, and the rest."""
    found = {f"preset {name}": Design.load(name) for name in presets()}
    for part in get_args(get_args(AnyDevice)[0]):
        kind = part.model_fields["kind"].default
        if not isinstance(kind, str) or kind in FROM_FILES:
            continue
        for time in (0.0, 86_400.0):
            try:
                cell = {"cell.device.kind": kind, "cell.time": time}
                found[f"device {kind}, {time:g} s"] = Design().with_settings(cell)
            except DesignError:  # no drift is known
                continue
    return found | {name: Design().with_settings(settings) for name, settings in OTHERS.items()}


@cache
def network() -> nn.Module:
    """With numbers that are the same everywhere: a generator that NumPy keeps, and fractions of powers of two."""
    numbers = np.random.RandomState(3)
    layers = nn.Sequential()
    layers.conv1 = nn.Conv2d(2, 4, 3, padding=1)
    layers.relu1 = nn.ReLU()
    layers.conv2 = nn.Conv2d(4, 4, 3, stride=2, groups=2)
    layers.relu2 = nn.ReLU()
    layers.up = nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1)
    layers.relu3 = nn.ReLU()
    layers.flatten = nn.Flatten()
    layers.fc = nn.Linear(18, 3)
    with torch.no_grad():
        for weight in layers.parameters():
            weight.copy_(torch.from_numpy(np.round(16 * numbers.standard_normal(tuple(weight.shape))) / 64))
    return layers.eval()


def images(design: Design) -> torch.Tensor:
    """With both signs, where codes have a bit for it."""
    drawn = torch.from_numpy(np.round(16 * np.random.RandomState(4).standard_normal((6, 2, 6, 6))) / 16).float()
    return drawn.abs() if design.inputs.bits == 1 else drawn


def numbers_of(design: Design) -> dict[str, Any]:
    """Outputs, and energy, area and latency."""
    with torch.no_grad():
        analog = program(convert(network(), design, images(design)), seed=0, chip=0)
        outputs = analog(images(design)[:3]).flatten().tolist()
    try:
        cost = network_cost(Statistics.of(analog, images(design)), design).to_dict()
        costs = [cost[name] for name in ("energy_uJ", "area_mm2", "latency_us")]
    except DesignError:
        costs = []
    return {"outputs": _short(outputs, 6), "costs": _short(costs, 9)}


def _short(values: list[float], digits: int) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values]


@cache
def found() -> dict[str, Any]:
    cases = {name: numbers_of(design) for name, design in designs().items()}
    return {"changes": [change.name for change in CHANGES], "costs version": COSTS_VERSION, "cases": cases}


def known() -> dict[str, Any]:
    return json.loads(APPROVED.read_text("utf-8"))


def differ(of: str, now: list[float], then: list[float]) -> bool:
    if len(now) != len(then):
        return True
    scale = np.abs(then).max() if of == "outputs" else np.abs(then)
    return bool((np.abs(np.subtract(now, then)) > TOLERANCE[of] * scale).any())


def changed(of: str) -> list[str]:
    """Cases whose answers or costs are others than those that were approved."""
    before, pairs = known()["cases"], found()["cases"].items()
    both = [(name, now[of], before[name][of]) for name, now in pairs if name in before]
    return [name for name, now, then in both if differ(of, now, then)]


def unannounced() -> list[str]:
    """Cases whose answers changed without a new line that holds for their designs."""
    new = {change.name for change in CHANGES} - set(known()["changes"])
    told = {name: {change.name for change in changes_of(views.answers(design))} for name, design in designs().items()}
    return [name for name in changed("outputs") if not new & told[name] and os.environ.get(APPROVE) != "draws"]


def unnumbered() -> list[str]:
    """Cases whose costs changed without another version."""
    return changed("costs") if known()["costs version"] == COSTS_VERSION else []


def test_answers_change_with_a_line_that_holds_for_their_designs():
    assert not unannounced(), (
        "their answers changed, and stores would mix them with those of before: add a line to CHANGES in "
        f"bitline/design/changes.py that applies to these designs, or mend the change ({APPROVE}=draws approves it "
        "where numbers change by roundings or by other draws of the same distribution alone)"
    )


def test_costs_change_with_their_version():
    assert not unnumbered(), (
        "their costs changed, and stores would mix them with those of before: raise COSTS_VERSION in "
        "bitline/design/changes.py, or mend the change"
    )


def test_numbers_and_versions_are_those_that_were_approved():
    """Versions, too, as a line of now is no excuse for what changes next."""
    if os.environ.get(APPROVE) and not (unannounced() or unnumbered()):
        APPROVED.write_text(as_text(found()), "utf-8")
    others = {*changed("outputs"), *changed("costs"), *(found()["cases"].keys() ^ known()["cases"].keys())}
    others |= {name for name in ("changes", "costs version") if found()[name] != known()[name]}
    assert not others, f"look at what changed, and if it is right run {APPROVE}=1 pytest {Path(__file__).name}"


def as_text(content: dict[str, Any]) -> str:
    """JSON with a line for each case."""
    cases = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in content["cases"].items())
    head = [f"{json.dumps(name)}: {json.dumps(content[name])}" for name in ("changes", "costs version")]
    return "{" + ",\n".join([*head, f'"cases": {{\n{cases}\n}}']) + "}\n"
