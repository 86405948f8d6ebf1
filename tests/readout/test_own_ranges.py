"""Ranges of columns, partitions and input slices, and centring."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from strategies import designs, inputs_for, matrices

from bitline import AnalogCore, Design, conversion_of, convert
from bitline.errors import DesignError
from bitline.layer import signal_histograms
from bitline.layer.signal_histograms import ENOUGH
from bitline.numerics.draws import Draws


@st.composite
def own_ranges(draw: st.DrawFn) -> Design:
    design = draw(designs(adc=False))
    accumulation = design.inputs.accumulation
    axes = ["column"] + ([] if accumulation == "analog" else ["input-slice"])
    axes += [] if design.array.adds_partitions else ["partition"]
    chosen = draw(st.lists(st.sampled_from(axes), unique=True))
    settings = {
        "adc": {
            "kind": "uniform",
            "bits": draw(st.integers(3, 9)),
            "range": draw(st.sampled_from(["calibrated", "aligned", "least-error"])),
            "ranges_per": chosen,
            "centred": "column" not in chosen and draw(st.booleans()),
            "skip_zero_inputs": draw(st.booleans()),
        }
    }
    accumulates = accumulation == "analog" or (accumulation == "mixed" and design.inputs.analog_slices > 1)
    if accumulates and draw(st.booleans()):
        settings["inputs.accumulator"] = {
            "capacitor_mismatch": draw(st.sampled_from([0.0, 0.01, 0.05])),
            "leakage": draw(st.sampled_from([0.0, 0.01])),
        }
    return design.with_settings(settings)


@settings(max_examples=150, deadline=None)
@given(own_ranges(), matrices(), st.integers(0, 1000), st.booleans())
def test_the_chain_equals_the_literal_chain(design, matrix, seed, signed):
    inputs = inputs_for(matrix.shape[1], 3, seed, signed)
    with mock.patch.object(signal_histograms, "ENOUGH", 1):  # every column has a range of its own
        core = AnalogCore(matrix, design, calibration=inputs, seed=seed)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((seed, 0, "core")))
    allowed = expected.slack + 2e-5 * expected.magnitude.max(initial=1e-6) + 1e-6
    assert (np.abs(core @ inputs - expected.outputs) <= allowed).all()


def error_of(design: Design, matrix: np.ndarray, inputs: np.ndarray) -> float:
    core = AnalogCore(matrix, design, calibration=inputs)
    exact = AnalogCore(matrix, design.with_settings({"adc": "none"}), calibration=core.calibration)
    return float(np.square(core @ inputs - exact @ inputs).mean())


def test_own_ranges_and_centring_cut_the_error_of_uneven_columns():
    rng = np.random.default_rng(0)
    matrix = (rng.standard_normal((12, 64)) * np.logspace(-2, 0, 12)[:, None] + np.linspace(-2, 2, 12)[:, None]) / 8
    inputs = np.maximum(rng.standard_normal((64, 2000)) + 1, 0)
    base = Design().with_settings({"adc.bits": 5, "adc.range": "least-error"})
    shared = error_of(base, matrix, inputs)
    assert error_of(base.with_settings({"adc.ranges_per": ["column"]}), matrix, inputs) < 0.2 * shared
    assert error_of(base.with_settings({"adc.centred": True}), matrix, inputs) < 0.3 * shared


def test_input_slices_of_their_own_cut_the_error_of_small_digits():
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((8, 64))
    inputs = np.maximum(rng.standard_normal((64, 1000)), 0) ** 3
    base = Design().with_settings({"adc.bits": 5, "adc.range": "least-error", "inputs.accumulation": "digital"})
    assert error_of(base.with_settings({"adc.ranges_per": ["input-slice"]}), matrix, inputs) < error_of(
        base, matrix, inputs
    )


@pytest.mark.parametrize("policy", ["calibrated", "aligned", "least-error", {"kind": "calibrated", "percentile": 100}])
@pytest.mark.parametrize(("images", "own"), [(ENOUGH - 1, False), (ENOUGH, True)])
def test_a_column_that_showed_few_signals_has_the_range_of_its_layer(policy, images, own):
    rng = np.random.default_rng(2)
    matrix = rng.standard_normal((6, 32)) * np.logspace(-2, 0, 6)[:, None]
    inputs = np.maximum(rng.standard_normal((32, images)), 0)
    design = Design().with_settings({"adc.range": policy})
    shared = AnalogCore(matrix, design, calibration=inputs).calibration.levels
    by_column = design.with_settings({"adc.ranges_per": ["column"]})
    columns = AnalogCore(matrix, by_column, calibration=inputs).calibration.levels
    assert columns.extent[5] == 6
    assert (len(set(columns.step)) > 1) == own
    assert own or set(columns.step) == set(shared.step)


def accuracy(fashion, design: Design, images: int) -> tuple[float, tuple[str, ...]]:
    network, data = fashion
    sample = data.split(images=400, calibration=images)
    analog = convert(network, design, sample.calibration)
    with torch.no_grad():
        right = analog(sample.images).argmax(1) == sample.labels
    return 100 * float(right.double().mean()), conversion_of(analog).notes


@pytest.mark.parametrize("images", [20, 200])
def test_ranges_of_columns_lose_no_accuracy_where_calibration_images_are_few(fashion, images):
    design = Design().with_settings({"adc.bits": 8})
    shared, quiet = accuracy(fashion, design, images)
    columns, notes = accuracy(fashion, design.with_settings({"adc.ranges_per": ["column"]}), images)
    assert columns >= shared - 0.5
    assert not any("adc.ranges_per" in note for note in quiet)
    assert [f"down to {images} in layer" in note for note in notes if "adc.ranges_per" in note] == [True]


@pytest.mark.parametrize("cell_bits", ["unsliced", 2])
def test_the_best_output_is_no_worse_than_its_candidates(cell_bits):
    rng = np.random.default_rng(1)
    matrix, inputs = rng.standard_t(3, (10, 80)), np.maximum(rng.standard_t(3, (80, 16)), 0)
    base = Design().with_settings({"adc.bits": 6, "weights.bits": 9, "weights.bits_per_cell": cell_bits})
    best = error_of(base.with_settings({"adc.range": "best-output"}), matrix, inputs)
    others = [{"kind": "least-error"}, *({"kind": "calibrated", "percentile": p} for p in (99.0, 99.98, 100.0))]
    for policy in others:
        assert best <= error_of(base.with_settings({"adc.range": policy}), matrix, inputs) * (1 + 1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"adc.ranges_per": ["column"], "adc.range": "full"}, "adc.range = 'calibrated'"),
        ({"adc.ranges_per": ["column"], "adc.centred": True}, "leave one of them out"),
        ({"adc.ranges_per": ["input-slice"]}, "inputs.accumulation = 'digital'"),
        ({"inputs.accumulation": "digital", "inputs.accumulator.leakage": 0.1}, "leave inputs.accumulator out"),
        ({"adc.ranges_per": ["columns"]}, "adc.ranges_per"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(DesignError, match=message):
        Design().with_settings(settings)
