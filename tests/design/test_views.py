"""What a view of a design says makes no difference makes none, and what it keeps does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from every_setting import changes, models

from bitline import AnalogCore, Design, convert
from bitline.arrays import MatrixProduct
from bitline.cost.conductances import mean_conductance
from bitline.design import reference, views
from bitline.layer.encoded import EncodedLayer
from bitline.layer.matrix import calibrate_layer
from bitline.numerics.histogram import Histogram
from bitline.quantize import input_codes, weight_codes
from bitline.readout import FullRange, Levels

pytestmark = pytest.mark.filterwarnings("ignore::bitline.errors.ApproximationWarning")

DIGITAL = {"inputs.accumulation": "digital"}
BEST_OF_TWO = {"kind": "best-output", "percentiles": [90.0, 100.0]}
RESISTIVE = {"array.kind": "gate-driven", "array.bit_line.segment": 3e-2, "array.rows": 8}
CONTEXTS: dict[str, dict[str, Any]] = {
    "default": {"cell.device": {"kind": "state-proportional", "alpha": 0.1}, "hardware.duplication": "balanced"},
    "no ADC": {"adc.kind": "none", "cell.device": {"kind": "state-independent", "alpha": 0.1}},
    "sliced": {"weights.bits_per_cell": 4, "adc.range": BEST_OF_TWO, "adc.bits": 4, **DIGITAL},
    "digital subtraction": {"weights.subtraction": "digital", "adc.range": "least-error", "weights.scale": "channel"},
    "offset": {"weights.kind": "offset", "weights.bits_per_cell": 2, "cell.on_off_ratio": 20.0, **DIGITAL},
    "signed": {"inputs.signed": True, "weights.kind": "offset"},
    "unit column": {
        "weights.kind": "offset",
        "weights.subtraction": "unit-column",
        "array.columns": 4,
        "array.rows": 8,
        "adc.range.percentile": 80.0,
        "cell.device": {"kind": "state-independent", "alpha": 0.1},
    },
    "two-sided": {"weights.kind": "two-sided", "adc.range": "full", "cell.on_off_ratio": 10.0},
    "guaranteed": {"adc.range": "guaranteed", "adc.bits": 27},
    "given": {"adc.range": {"kind": "given", "low": -4.0, "high": 6.0}},
    "given high": {"adc.range": {"kind": "given", "high": 1.5}},
    "aligned": {"adc.range": "aligned", "weights.kind": "offset", "weights.bits_per_cell": 2, **DIGITAL},
    "mixed": {"inputs.accumulation": "mixed", "adc.bits_saved": (1,), "adc.ranges_per": ("input-slice",)},
    "two bits at once": {"inputs.slice_bits": 2, "adc.centred": True, "cell.current_voltage": "milo-2021", **DIGITAL},
    "curved": {
        "inputs.slice_bits": 3,
        "inputs.range": {"kind": "given", "high": 3.0},
        "cell.current_voltage": "sinh",
        **DIGITAL,
    },
    "accumulator": {
        "inputs.accumulator": {"capacitor_mismatch": 0.05, "effective_bits": 6},
        "inputs.range": "least-error",
    },
    "cells": {
        "cell.device": {"kind": "state-independent", "alpha": 0.1},
        "cell.levels": {"kind": "uniform", "count": 9},
        "cell.programming": {"kind": "write-verify", "tolerance": 0.02},
        "cell.variation": {"row": 0.1, "column": 0.1},
        "cell.faults": {"stuck_low": 0.1, "telegraph": 0.1, "telegraph_amplitude": 0.3},
        "cell.read_noise": {"kind": "state-independent", "alpha": 0.02},
        "cell.on_off_ratio": 20.0,
    },
    "level table": {"cell.levels": {"kind": "table", "values": [0, 0.2, 1]}, "cell.device.kind": "sonos-xiao-2022"},
    "drift": {"cell.device.kind": "pcm-nandakumar-2019", "cell.time": "1 hour", "cell.drift_compensation": "column"},
    "proportional noise": {
        "cell.read_noise": {"kind": "state-proportional", "alpha": 0.05},
        "cell.device": {"kind": "charge-sharing", "alpha": 0.1, "parasitic": 0.5},
    },
    "ladder": {**RESISTIVE, "cell.device.kind": "sonos-agrawal-2022", "array.bit_line.terminal": 1e-2},
    "interleaved": {**RESISTIVE, "array.lines": "interleaved", "array.predistortion": 0.5},
    "mesh": {
        "array.kind": "row-driven",
        "array.rows": 8,
        "array.word_line": {"segment": 2e-2, "terminal": 1e-2},
        "array.bit_line": {"segment": 2e-2, "terminal": 1e-2},
    },
    "capacitors": {
        "array": {"kind": "charge-sharing", "rows": 12, "mismatch": 0.1, "parasitic": 0.5, "capacitor_fF": 0.1}
    },
    "ohms": {
        **RESISTIVE,
        "array.bit_line.segment": 1000,
        "array.bit_line.G_max_uS": 20,
        "array.source_line.segment": 1e-2,
    },
    "few bits": {"inputs.bits": 3, "inputs.range": {"kind": "least-error"}, "adc.bits": 3, "adc.range": "least-error"},
    "few input bits": {"inputs.bits": 3, "adc.bits": 3, "adc.range": BEST_OF_TWO},
    "saved": {
        "adc.bits_saved": (3, 3, 3, 3, 3, 3),
        "adc.bits": 5,
        "adc.range": {"kind": "best-output", "percentiles": [60.0, 75.0, 85.0, 95.0, 100.0]},
        **DIGITAL,
    },
    "aged": {"cell.device": "sonos-xiao-2022", "cell.time": "2 days"},
    "aged too": {"cell.device": "sonos-agrawal-2022", "cell.time": "36 hours", "cell.drift_compensation": "layer"},
    "ramp": {"adc.kind": "ramp", "adc.comparator_offset_steps": 2.0, "adc.columns_per_adc": 2, "adc.noise_steps": 0.3},
    "sar": {"adc.kind": "sar", "adc.thermal_noise": {"capacitance_fF": 0.5}, "adc.ranges_per": ("column",)},
    "split SAR": {
        "adc.kind": "split-sar",
        "adc.skip_zero_inputs": True,
        "adc.comparator_offset_steps": 2.0,
        "adc.ranges_per": ("partition",),
        "array.rows": 8,
    },
    "pipeline": {"adc.kind": "pipeline"},
    "cyclic": {"adc.kind": "cyclic"},
    "flash": {"adc.kind": "flash"},
}
"""Designs that, together, have every variant of every section, with settings that let the others matter."""

RNG = np.random.default_rng(0)
MATRIX = torch.from_numpy(RNG.standard_t(3, (5, 20)).astype(np.float32))
INPUTS = torch.from_numpy(np.maximum(RNG.standard_t(2, (20, 12)), 0).astype(np.float32))
INPUTS[:8, :3] = 0


@cache
def design_of(context: str) -> Design:
    return Design(name=context).with_settings(CONTEXTS[context])


@cache  # most of what is tried is refused, which takes as long
def changes_of(context: str) -> tuple[tuple[str, Design], ...]:
    return tuple(changes(design_of(context)))


@lru_cache(maxsize=4)  # answers and calibrations of the same designs are looked at by turns
def core(design: Design) -> AnalogCore:
    return AnalogCore(MATRIX, design, calibration=INPUTS)


def answer(design: Design) -> Any:
    return (core(design) @ INPUTS).numpy().tobytes()


def calibration(design: Design) -> Any:
    return core(design).calibration


def record(design: Design) -> Any:
    layer = EncodedLayer.of(MATRIX, None, design, MatrixProduct(20), "core")
    scale = calibrate_layer(layer, INPUTS.T).inputs
    if not design.needs_calibrated_adc:
        return scale
    seen, codes = layer.histograms(scale), layer.input_codes(INPUTS.T.contiguous(), scale)
    if seen.is_centred:
        seen.learn_centres(codes)
    seen.add(codes)
    counted = []

    def policy(signals: Sequence[Histogram]) -> Levels:
        counted.extend(histogram.counts.numpy().tobytes() for histogram in signals)
        return FullRange().levels(design.adc.bits, layer.bit_lines(scale), None)

    seen.levels(policy)
    slices = [histogram.counts.numpy().tobytes() for histogram in seen.by_slice]
    return scale, slices, counted, seen.centres().numpy().tobytes(), len(seen.sample), seen.shape


def cells(design: Design) -> Any:
    return mean_conductance(design, np.linspace(0, 1, 6)).tobytes()


NOT_HERE = {
    "adc.range.relu_aware": "needs a layer that a ReLU follows",
    "array.source_line.G_max_uS": "is that of the bit lines, too: one that differs is refused",
    "cell.device.extrapolate": "lets later times pass",
    "cell.device.noise_limit": "limits the noise of conductances smaller than those here",
}
"""Settings that cannot be seen to matter in one core, and why."""
NOISE = ("noise_exponent", "noise_factor", "noise_nA", "noise_scale_nA", "read_time_s")
"""Of devices: read noise, which is no part of the mean conductance, but they are a device's own business."""

PURPOSES: dict[str, tuple[Callable[[Design], Any], Callable[[Design], Any]]] = {
    "answers": (views.answers, answer),
    "calibration": (views.calibration, calibration),
    "record": (views.record, record),
    "cells": (views.cells, cells),
}


@pytest.mark.parametrize("purposes", [("answers", "calibration"), ("record",), ("cells",)], ids=" and ".join)
def test_a_view_is_equal_exactly_where_the_result_is(purposes):
    """A list of settings forgot one: the digital reference kept a mismatch, calibrations forgot bits_saved."""
    matters: dict[tuple[str, str], bool] = {}  # of settings that a view keeps: whether they were seen to
    for context in CONTEXTS:
        design = design_of(context)
        before = {purpose: (view(design), result(design)) for purpose, (view, result) in PURPOSES.items()}
        left_out: set[tuple[str, str]] = set()  # tried once in each context: there are many
        for (name, changed), purpose in itertools.product(changes_of(context), purposes):
            (view, result), (own, expected) = PURPOSES[purpose], before[purpose]
            if view(changed) == own:
                if (purpose, name) in left_out:
                    continue
                left_out.add((purpose, name))
                assert result(changed) == expected, (
                    f"{purpose} of {context!r} depends on {name}, which its view leaves out"
                )
            elif not matters.setdefault((purpose, name), False):
                matters[purpose, name] = result(changed) != expected
    for purpose in purposes:
        excused = {*NOT_HERE, *(f"cell.device.{name}" for name in NOISE if purpose == "cells")}
        idle = sorted(name for of, name in matters if of == purpose and not matters[of, name] and name not in excused)
        assert not idle, f"{purpose}: never seen to make a difference, but part of the view: {idle}"


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_reference_is_the_product_of_the_codes(context):
    """Whatever the hardware is, and whatever of it changes: capacitor mismatch stayed in the digital network."""
    for name, design in ("", design_of(context)), *changes_of(context):
        weights, inputs = design.weights, design.inputs
        w, step = weight_codes(MATRIX, **weights.coding)
        scale = inputs.scale(seen_inputs())
        largest = INPUTS.abs().amax(0) if inputs.range.is_per_vector else torch.ones(INPUTS.shape[1])
        x = input_codes(INPUTS / largest, scale)
        expected = (w.long() @ x.long()).double() * step.double()[:, None] * scale.step * largest
        torch.testing.assert_close(
            product(reference(design)), expected, rtol=0, atol=1e-5 * float(expected.abs().max()), msg=name
        )


@lru_cache(maxsize=4)  # most changes leave the reference as it is
def product(design: Design) -> torch.Tensor:
    return (core(design) @ INPUTS).double()


@lru_cache(maxsize=1)
def seen_inputs() -> Histogram:
    histogram = Histogram()
    histogram.update(INPUTS)
    return histogram


def test_every_setting_is_tried():
    tried = {name for context in CONTEXTS for name, _ in changes_of(context)}
    known = set(settings_of(Design))
    assert sorted(known - tried) == []


OF_FILES = ("file", "content", "options", "columns", "unit", "largest_state", "mean_degree", "sigma_degree")
"""Settings of devices and converters that take a file or a class of the user's."""


def settings_of(model: Any, prefix: str = "") -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        if name in ("layers", "kind"):
            continue
        inner = list(models(field.annotation))
        names += [prefix + name] if not inner else [n for each in inner for n in settings_of(each, f"{prefix}{name}.")]
    takes_files = ("cell.device.", "adc.")
    return [name for name in names if not (name.startswith(takes_files) and set(name.split(".")) & set(OF_FILES))]


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_rule_leaves_nothing_analog_in_the_reference(context):
    """Wires that a layer rule asked for stayed in the digital network."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(20, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3)).eval()
    plain = design_of(context).with_settings({"weights.scale": "channel", "weights.percentile": 99.0})
    whole = plain.model_dump(exclude={"name", "description", "layers", "hardware"})
    codes = {f"inputs.{name}": whole["inputs"][name] for name in ("bits", "range", "signed")}
    codes |= {f"weights.{name}": whole["weights"][name] for name in ("bits", "scale", "percentile")}
    ruled, wanted = (Design(layers=[{"match": "2", "set": settings}]) for settings in (whole, codes))
    x = INPUTS.T.contiguous()
    got, expected = (convert(network, reference(design), x)(x) for design in (ruled, wanted))
    assert torch.equal(got, expected)
