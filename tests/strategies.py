"""Random designs, matrices and inputs."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from bitline import Design

ROWS = [3, 4, 7, 16, 64, 1152]
MOST_ADC_BITS = 31
"""One less than an ADC can have, for tests that add a bit."""


@st.composite
def designs(draw: st.DrawFn, adc: bool | None = None) -> Design:
    """Designs of every mapping, slicing, cell and range; with an ADC, without one, or (None) either."""
    one_line = ["twos-complement", "ones-complement", "polarised"]
    mapping = draw(st.sampled_from(["differential", "two-sided", "offset", *one_line]))
    bits = draw(st.integers(2, 9))
    stored = bits if mapping == "offset" else bits - 1
    subtractions = ["digital", "unit-column"] if mapping == "offset" else ["analog", "digital"]
    subtraction: dict[str, object] = {} if mapping in one_line else {"subtraction": draw(st.sampled_from(subtractions))}
    sums = {name: draw(st.sampled_from(["digital", "analog"])) for name in ("weights", "array")}
    if mapping == "polarised":
        sums["array"] = "digital"
    if mapping == "offset" and subtraction["subtraction"] == "digital" and "analog" not in sums.values():
        subtraction["flipped_columns"] = draw(st.booleans())
    input_bits = draw(st.integers(2, 8))
    slice_bits = draw(st.integers(1, input_bits))
    accumulation = draw(st.sampled_from(["analog", "digital", "mixed"]))
    kind = draw(st.sampled_from(["none", "state-independent", "state-proportional"]))
    error = {"kind": kind}
    if kind != "none":
        error |= {
            "alpha": draw(st.sampled_from([0.02, 0.2])),
            "distribution": draw(st.sampled_from(["normal", "uniform"])),
        }
    with_adc = draw(st.booleans()) if adc is None else adc
    policy = draw(st.sampled_from(["calibrated", "full", "guaranteed"]))
    base = {
        "weights": {
            "kind": mapping,
            "bits": bits,
            "bits_per_cell": draw(st.one_of(st.just("unsliced"), st.integers(1, stored))),
            "scale": draw(st.sampled_from(["layer", "channel"])),
            "accumulation": sums["weights"],
            **subtraction,
        },
        "inputs": {
            "bits": input_bits,
            "slice_bits": slice_bits,
            "accumulation": accumulation,
            "analog_slices": draw(st.integers(1, 4)),
            "polarities": draw(st.sampled_from(["together", "separate"])),
        },
        "cell": {
            "on_off_ratio": draw(st.sampled_from([math.inf, 10.0, 100.0])),
            "device": error,
            "clip": draw(st.sampled_from(["zero", "window", "none"])),
        },
        "array": {"columns": draw(st.sampled_from([2, 5, 256])), "accumulation": sums["array"]},
        "adc": {"kind": "none"},
    }
    adc_bits = dict.fromkeys(ROWS, draw(st.integers(3, 12)))
    if with_adc and policy == "guaranteed":
        adc_bits = guaranteed_bits(Design(**base))
    rows = draw(st.sampled_from([rows for rows, bits in adc_bits.items() if bits <= MOST_ADC_BITS]))
    base["array"] |= {"rows": rows, "partitions": draw(st.sampled_from(["equal", "full"]))}
    if with_adc:
        base["adc"] = {"kind": "uniform", "bits": adc_bits[rows], "range": {"kind": policy}}
    return Design(**base)


def guaranteed_bits(design: Design) -> dict[int, int]:
    """ADC bits for the guaranteed range by number of rows (Eq. 2 of the paper): 25 or fewer for 3 rows, 34 for 1152."""
    return {rows: design.with_settings({"array.rows": rows}).guaranteed_bits for rows in ROWS}


@st.composite
def matrices(draw: st.DrawFn, channels: int | None = None, positions: int = 1) -> np.ndarray:
    rows = (draw(st.integers(1, 20)) if channels is None else channels) * positions
    outputs = draw(st.integers(1, 6))
    seed = draw(st.integers(0, 2**31))
    matrix = np.random.default_rng(seed).standard_t(3, (outputs, rows)).astype(np.float32)
    if draw(st.booleans()):
        matrix[:, :: max(2, rows // 3)] = 0
    if not matrix.any():
        matrix[0, 0] = 1
    return matrix


def inputs_for(rows: int, batch: int, seed: int, signed: bool) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal((rows, batch)).astype(np.float32)
    return values if signed else np.maximum(values, 0)
