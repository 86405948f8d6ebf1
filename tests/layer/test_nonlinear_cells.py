"""Cells whose current is not proportional to the voltage of their row."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from strategies import inputs_for

from bitline import AnalogCore, Design
from bitline.numerics.draws import Draws


@settings(max_examples=40)
@given(
    st.sampled_from(["analog", "digital", "mixed"]),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(["differential", "offset"]),
    st.booleans(),
    st.integers(0, 100),
    st.sampled_from(
        [
            {"kind": "milo-2021", "read_voltage_V": 0.5},
            {"kind": "sinh", "scale_V": 0.1},
            {"kind": "own_parts:Saturating", "slope": 2.0},
        ]
    ),
    st.sampled_from(["digital", "analog"]),
    st.sampled_from(["together", "separate"]),
)
def test_nonlinear_cells_equal_the_literal_chain(
    accumulation, slice_bits, signed, mapping, adc, seed, curve, sums, polarities
):
    matrix = np.random.default_rng(seed).standard_normal((4, 11)).astype(np.float32)
    inputs = inputs_for(11, 3, seed, signed)
    design = Design().with_settings(
        {
            "weights": {"kind": mapping, "bits_per_cell": 3, "accumulation": sums},
            "inputs": {
                "bits": 5,
                "slice_bits": slice_bits,
                "accumulation": accumulation,
                "polarities": polarities,
            },
            "cell.device": {"kind": "reram-milo-2021"},
            "cell.current_voltage": curve,
            "array": {"rows": 6, "partitions": "full" if seed % 2 else "equal", "accumulation": sums},
            **({} if adc else {"adc": "none"}),
        }
    )
    core = AnalogCore(matrix, design, calibration=inputs)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((0, 0, "core")))
    allowed = expected.slack + 2e-5 * expected.magnitude.max() + 1e-6
    assert (np.abs(core @ inputs - expected.outputs) <= allowed).all()
    if not adc and slice_bits > 1:  # all curves agree at full voltage but the measured one
        ohmic = AnalogCore(matrix, design.with_settings({"cell.current_voltage": "ohmic"}), calibration=inputs) @ inputs
        assert np.abs(ohmic - expected.outputs).max() > 2e-4 * np.abs(ohmic).max()
