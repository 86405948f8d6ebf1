"""Whole layers on lines with resistance: nonlinear cells, read noise, interleaved rows, and ranges of a real chip."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from strategies import inputs_for

from bitline import AnalogCore, Design, convert
from bitline.design.approximations import approximations
from bitline.errors import ApproximationWarning, DesignError
from bitline.numerics.draws import Draws

MILO = {"kind": "milo-2021", "read_voltage_V": 0.5}
NOISE = {"kind": "state-proportional", "alpha": 0.1}
READS = 100


def core_of(matrix, design, calibration, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ApproximationWarning)
        return AnalogCore(matrix, design, calibration=calibration, **kwargs)


@st.composite
def wired(draw: st.DrawFn) -> Design:
    """Designs with resistive lines of both kinds, all mappings, curves, slicings and ways to add inputs."""
    row_driven, curve = draw(st.booleans()), draw(st.sampled_from(["ohmic", MILO]))
    wire = {"segment": draw(st.sampled_from([1e-3, 1e-2])), "terminal": draw(st.sampled_from([0.0, 1e-2]))}
    weights = draw(st.sampled_from([{"kind": "differential"}, {"kind": "two-sided"}, {"kind": "offset"}]))
    sums = draw(st.sampled_from(["digital", "analog"]))
    weights = {**weights, "bits": 4, "bits_per_cell": draw(st.sampled_from(["unsliced", 2])), "accumulation": sums}
    lines = draw(st.sampled_from(["separate"] if weights["kind"] == "offset" else ["separate", "interleaved"]))
    array = {"kind": "row-driven" if row_driven else "gate-driven", "rows": 4, "columns": 2, "lines": lines}
    array["accumulation"] = sums
    array |= {"bit_line": wire, ("word_line" if row_driven else "source_line"): draw(st.sampled_from([wire, {}]))}
    accumulation = draw(st.sampled_from(["analog", "digital"]))
    inputs = {"bits": 3, "slice_bits": draw(st.integers(1, 2)) if row_driven else 1, "accumulation": accumulation}
    inputs["polarities"] = draw(st.sampled_from(["together", "separate"]))
    cell = {"device": "reram-milo-2021", "current_voltage": curve, "resolution": 1_000_000}
    adc = draw(st.sampled_from(["none", {"kind": "uniform", "bits": 9}]))
    return Design(weights=weights, inputs=inputs, array=array, cell=cell, adc=adc)


@settings(max_examples=6)
@given(wired(), st.booleans(), st.integers(0, 100))
def test_layers_equal_the_literal_chain(design, signed, seed):
    matrix = np.random.default_rng(seed).standard_normal((3, 5))
    inputs = inputs_for(5, 2, seed, signed).astype(np.float64)
    core = core_of(matrix, design, inputs)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((0, 0, "core")))
    allowed = expected.slack + 5e-6 * expected.magnitude.max() + 1e-9
    assert (np.abs(core @ inputs - expected.outputs) <= allowed).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"array": {"kind": "gate-driven", "bit_line": {"segment": 0.05}}},
        {"array": {"kind": "row-driven", "bit_line": {"segment": 0.05}, "word_line": {"segment": 0.05}}},
        {
            "array": {"kind": "row-driven", "bit_line": {"segment": 0.05}, "lines": "interleaved"},
            "inputs.slice_bits": 3,
        },
        {
            "array": {"kind": "row-driven", "bit_line": {"segment": 0.05}, "rows": 3, "accumulation": "analog"},
            "weights": {"kind": "differential", "bits_per_cell": 3, "accumulation": "analog"},
        },
    ],
    ids=["gate-driven", "row-driven", "interleaved", "sums"],
)
def test_noise_of_outputs_is_that_of_single_reads(changes):
    """Read noise on wires had the variance of ideal lines."""
    matrix = np.random.default_rng(1).standard_normal((2, 6)).astype(np.float32)
    inputs, calibration = inputs_for(6, 1, 2, signed=True), inputs_for(6, 20, 3, signed=True)
    base = {"adc": "none", "cell.read_noise": NOISE, "weights.bits": 6, "inputs.bits": 4}
    design = Design().with_settings({**base, **changes})
    core = core_of(matrix, design, calibration)
    repeated = inputs.repeat(READS, axis=1)
    fast = core @ inputs.repeat(20 * READS, axis=1)
    reads = np.random.default_rng(5)
    literal = literal_chain(matrix, design, repeated, core.calibration, draws=Draws((0, 0, "core")), reads=reads)
    np.testing.assert_allclose(fast.std(1), literal.outputs.std(1), rtol=5 / np.sqrt(2 * READS))
    error = literal.outputs.std(1) / np.sqrt(READS)
    assert (np.abs(fast.mean(1) - literal.outputs.mean(1)) < 6 * error).all()
    ideal = core_of(matrix, design.with_settings({"array.kind": "ideal"}), calibration) @ repeated
    assert (ideal.std(1) > 1.1 * fast.std(1)).all()
    assert not approximations(design)


@pytest.mark.parametrize("kind", ["gate-driven", "row-driven"])
def test_noise_on_wires_does_not_depend_on_batches(kind):
    matrix = np.random.default_rng(0).standard_normal((3, 6)).astype(np.float32)
    inputs = inputs_for(6, 6, 0, False)
    settings = {"adc.bits": 10, "cell.read_noise": NOISE, "array": {"kind": kind, "bit_line": {"segment": 1e-3}}}
    design = Design().with_settings(settings)
    core = core_of(matrix, design, inputs)
    parts = np.concatenate([core @ inputs[:, :2], core @ inputs[:, 2:]], axis=1)
    np.testing.assert_array_equal(core_of(matrix, design, inputs) @ inputs, parts)


def test_ranges_may_be_those_of_a_chip():
    """Ranges were calibrated without wires and noise, and there was no choice."""
    matrix = np.abs(np.random.default_rng(0).standard_normal((3, 40)))
    inputs = inputs_for(40, 200, 0, False).astype(np.float64)
    wires = {"kind": "gate-driven", "bit_line": {"segment": 2e-3}}
    base = {"array": wires, "cell.read_noise": NOISE, "adc.range": {"kind": "calibrated", "percentile": 100}}
    ideal, chip = (Design().with_settings({**base, "adc.calibrated_on": on}) for on in ("ideal", "chip"))
    levels = [core_of(matrix, design, inputs).calibration.levels for design in (ideal, chip)]
    tops = [high * step for (high,), (step,) in ((each.high, each.step) for each in levels)]
    seen = core_of(matrix, chip.with_settings({"adc": "none"}), inputs)
    assert tops[1] < 0.95 * tops[0]
    unit = seen.layer.step.numpy()[0] * seen.calibration.inputs.step * 127 * 255
    assert tops[1] == pytest.approx((seen @ inputs).max() / unit, rel=0.05)
    assert "calibrated without wires" in " ".join(approximations(ideal))
    assert "calibrated without" not in " ".join(approximations(chip))
    with pytest.raises(DesignError, match=r"adc\.calibrated_on is set.*'full'"):
        Design().with_settings({"adc.range": "full", "adc.calibrated_on": "chip"})


def test_interleaved_rows_carry_less_current_than_separate_ones():
    matrix = np.random.default_rng(0).standard_normal((8, 40))
    inputs = np.ones((40, 1))
    wires = {"kind": "row-driven", "bit_line": {"segment": 1e-3}, "word_line": {"segment": 1e-3}}
    base = {"adc": "none", "cell.device": "none", "inputs.bits": 1}
    ideal = core_of(matrix, Design().with_settings(base), inputs) @ inputs
    errors = [
        np.abs(
            core_of(matrix, Design().with_settings({**base, "array": {**wires, "lines": lines}}), inputs) @ inputs
            - ideal
        )
        for lines in ("separate", "interleaved")
    ]
    assert 0 < errors[1].mean() < errors[0].mean()
    with pytest.raises(DesignError, match="interleaved"):
        Design().with_settings({"weights.kind": "offset", "array": {**wires, "lines": "interleaved"}})


def test_without_converters_lines_are_solved_for_all_input_bits_at_once():
    matrix, inputs = np.random.default_rng(2).standard_normal((3, 6)), inputs_for(6, 4, 3, signed=True)
    array = {"kind": "gate-driven", "rows": 4, "bit_line": {"segment": 1e-2}}
    each, together = (
        core_of(matrix, Design(array=array, adc="none", inputs={"accumulation": how}), inputs)
        for how in ("digital", "analog")
    )
    assert each.programmed.plan.arithmetic.input_slices == 1
    assert np.array_equal(each @ inputs, together @ inputs)


PREDISTORTED = {"kind": "gate-driven", "bit_line": {"segment": 2e-3}, "predistortion": 1.0}


def test_each_group_is_predistorted_for_the_order_of_its_own_rows():
    """Heavy rows of one group were predistorted for the places of those of another."""
    design = Design(
        weights={"bits": 5, "largest": 1.0},
        inputs={"bits": 1, "signed": False, "range": {"kind": "given", "high": 1.0}},
        cell={"on_off_ratio": float("inf")},
        adc="none",
        array={**PREDISTORTED, "row_order": "heaviest-at-foot"},
    )
    ramp, drawn = torch.linspace(0.05, 0.6, 64).reshape(8, 8), torch.rand(2, 4, 8, 8, generator=torch.manual_seed(0))
    network = torch.nn.Sequential(torch.nn.Conv1d(16, 8, 8, groups=2, bias=False)).requires_grad_(False)
    network[0].weight.copy_(torch.cat([drawn[0] * ramp, drawn[1] * ramp.flip(0, 1)]))
    inputs = torch.ones(1, 16, 8)
    found, expected = (
        convert(network, of, inputs)(inputs) for of in (design, design.with_settings({"array": "ideal"}))
    )
    torch.testing.assert_close(found, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("levels", [{"kind": "uniform", "count": 4}, {"kind": "table", "values": [0.1, 0.2, 0.5, 1.0]}])
def test_predistorted_cells_are_at_levels_that_the_write_circuit_can_aim_at(levels):
    """Exact cells of four levels held 89 conductances."""
    design = Design(adc="none", cell={"on_off_ratio": 10, "levels": levels}, array=PREDISTORTED)
    matrix = np.random.default_rng(0).random((4, 64)).astype(np.float32)
    held, plain = (
        torch.unique(core_of(matrix, of, np.random.default_rng(1).random((64, 5))).cells().conductance)
        for of in (design, design.with_settings({"array": "ideal"}))
    )
    torch.testing.assert_close(held, plain, rtol=0, atol=5e-5)  # a step of the grid of cells with errors


def test_predistorted_cells_of_interleaved_lines_stay_above_G_min():
    """Cells whose supply the line raises were programmed below the lowest conductance that cells have."""
    design = Design(adc="none", cell={"on_off_ratio": 10}, array={**PREDISTORTED, "lines": "interleaved"})
    matrix = np.random.default_rng(0).random((4, 64)).astype(np.float32)
    held = core_of(matrix, design, np.random.default_rng(1).random((64, 5))).cells().conductance
    assert float(held.min()) == pytest.approx(0.1, abs=5e-5)
    assert bool((held[0] > 0.11).any())
