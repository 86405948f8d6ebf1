"""Flipped columns and polarised fragments: lines that the digital sum adds or subtracts."""

from __future__ import annotations

import itertools
import math
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline import AnalogCore, Design, conversion_of, convert
from bitline.cost import core_cost
from bitline.encode import Offset, Polarised
from bitline.encode.registry import AnyWeights
from bitline.errors import ApproximationWarning, DesignError
from bitline.layer.cells import line_targets

ISAAC = {"weights.kind": "offset", "weights.bits": 8, "weights.bits_per_cell": 2, "inputs.accumulation": "digital"}
EXACT = {"cell.device": "none", "cell.on_off_ratio": math.inf, "inputs.range.percentile": 100}


@st.composite
def stored(draw: st.DrawFn, bits: int = 5) -> tuple[torch.Tensor, tuple[slice, ...]]:
    """Codes (1, rows, columns) of skewed columns, and the rows of each partition."""
    rng, rows = np.random.default_rng(draw(st.integers(0, 999))), draw(st.integers(1, 5))
    parts, top = draw(st.integers(1, 3)), 2 ** (bits - 1) - 1
    codes = np.clip(rng.integers(-top, top + 1, (1, rows * parts, 4)) + rng.integers(-top, top + 1, 4), -top, top)
    return torch.tensor(codes).double(), tuple(slice(rows * part, rows * (part + 1)) for part in range(parts))


@settings(max_examples=25)
@given(stored(), st.integers(1, 5))
def test_a_flipped_column_never_exceeds_half_of_the_full_range(columns, bits_per_cell):
    codes, blocks = columns
    design = Design().with_settings(
        {"weights": {"kind": "offset", "bits": 5, "bits_per_cell": bits_per_cell, "flipped_columns": True}}
    )
    signs = design.weights.line_signs(codes, blocks, 0.0)
    targets = line_targets(codes, design.with_settings({"cell.on_off_ratio": math.inf}), signs, blocks)
    for rows in blocks:
        assert targets[0, :, :, rows].sum(2).max() <= (rows.stop - rows.start) / 2 + 1e-9


MAPPINGS = [*(kind(bits=5) for kind in get_args(get_args(AnyWeights)[0])), Offset(bits=5, flipped_columns=True)]


@settings(max_examples=20)
@given(st.sampled_from(MAPPINGS), stored())
def test_mappings_whose_cells_follow_from_codes_have_no_signs_by_column(weights, columns):
    is_free = weights.line_signs(*columns, 0.0) is None and weights.keeps_all
    assert weights.follows_codes == is_free


@settings(max_examples=6)
@given(st.sampled_from(["none", "guaranteed"]), st.integers(1, 4), st.booleans(), st.integers(0, 99))
def test_flipped_columns_give_exactly_the_outputs_of_plain_ones(adc, bits_per_cell, signed, seed):
    rng = np.random.default_rng(seed)
    matrix = (rng.integers(-127, 128, (3, 20)) + rng.integers(-90, 90, (3, 1))).clip(-127, 127).astype(np.float32)
    inputs = rng.integers(-127 if signed else 0, 128, (20, 4)).astype(np.float32)
    matrix[0, 0], inputs[0, 0] = 127, 127
    readout = {"adc": "none"} if adc == "none" else {"adc.bits": 12, "adc.range": adc}
    base = {
        **ISAAC,
        **EXACT,
        **readout,
        "array.rows": 7,
        "weights.bits_per_cell": bits_per_cell,
        "inputs.bits": 7 + signed,
    }
    plain, flipped = (
        AnalogCore(matrix, Design().with_settings({**base, "weights.flipped_columns": flip}), calibration=inputs)
        @ inputs
        for flip in (False, True)
    )
    assert np.array_equal(plain, flipped)
    assert np.array_equal(plain, matrix @ inputs)


def test_flipped_columns_save_a_bit_of_the_guarantee():
    """ISAAC: 128 rows of 2-bit cells and one-bit inputs take 8 bits instead of 9."""
    plain = Design().with_settings({**ISAAC, "cell.on_off_ratio": math.inf, "array.rows": 128})
    flipped = plain.with_settings({"weights.flipped_columns": True})
    assert (plain.guaranteed_bits, flipped.guaranteed_bits) == (9, 8)
    assert (plain.full_precision_bits, flipped.full_precision_bits) == (9, 8)
    with pytest.raises(DesignError, match="takes 8 bits"):
        flipped.with_settings({"adc.bits": 7, "adc.range": "guaranteed"})
    with pytest.raises(DesignError, match="flipped_columns is true"):
        flipped.with_settings({"weights.subtraction": "unit-column"})


def test_costs_count_an_addition_for_each_flipped_reading():
    plain = Design().with_settings({**ISAAC, "cell.on_off_ratio": math.inf})
    flipped = plain.with_settings({"weights.flipped_columns": True})
    costs = [core_cost(design, rows=1152, columns=256).energies_pJ for design in (plain, flipped)]
    assert costs[0]["ADCs"] == costs[1]["ADCs"]
    rest, slices = 1152 / 256, 4  # the inputs are summed up once for all columns
    assert costs[1]["adders"] / costs[0]["adders"] == pytest.approx(
        (slices - 1 + 1 + slices + rest) / (slices - 1 + 1 + rest)
    )


@settings(max_examples=15)
@given(stored(bits=3))
def test_a_polarised_fragment_is_the_nearest_with_one_sign(columns):
    codes, blocks = columns
    kept = Polarised(bits=3).kept(codes, blocks)
    for rows, column in itertools.product(blocks, range(4)):
        own, stored_codes = codes[0, rows, column], kept[0, rows, column]
        assert (stored_codes >= 0).all() or (stored_codes <= 0).all()
        distances = [float((own - own.clamp(min=0)).square().sum()), float((own - own.clamp(max=0)).square().sum())]
        assert float((own - stored_codes).square().sum()) == min(distances)


@pytest.mark.filterwarnings("ignore::bitline.errors.ApproximationWarning")
@pytest.mark.parametrize("readout", [{"adc": "none"}, {"adc.bits": 10, "adc.range": "guaranteed"}])
def test_polarised_cells_give_the_product_of_the_nearest_weights(readout):
    rng = np.random.default_rng(3)
    matrix, inputs = (rng.integers(low, 128, size).astype(np.float32) for low, size in ((-127, (4, 20)), (0, (20, 5))))
    matrix[0, 0], inputs[0, 0] = 127, 127
    weights = {
        "weights.kind": "polarised",
        "weights.bits_per_cell": 2,
        "inputs.bits": 7,
        "inputs.accumulation": "digital",
    }
    core = AnalogCore(
        matrix, Design().with_settings({**weights, **EXACT, **readout, "array.rows": 8}), calibration=inputs
    )
    assert np.array_equal(core @ inputs, core.layer.stored_codes()[0].T.numpy() @ inputs)


def test_what_polarising_loses_is_reported():
    matrix = torch.tensor([[3.0, 4.0, -7.0, 1.0]])  # its codes, the last of which is lost
    design = Design().with_settings({"weights.kind": "polarised", "weights.bits": 4, "array.rows": 2, "adc": "none"})
    with pytest.warns(ApproximationWarning, match="layer 'core', with 1.33 % of the sum of squares"):
        AnalogCore(matrix, design, calibration=torch.ones(4))
    network = torch.nn.Sequential(torch.nn.Linear(4, 1, bias=False))
    network[0].weight.data = matrix
    remarks = conversion_of(convert(network, design, torch.rand(8, 4))).notes
    assert any("polarised" in remark for remark in remarks)
    whole = Design().with_settings({"weights.kind": "polarised", "array.rows": 2})
    network[0].weight.data = matrix.abs()
    assert not any("polarised" in text for text in conversion_of(convert(network, whole, torch.rand(8, 4))).notes)


def test_weights_that_are_all_zero_lose_nothing():
    assert Polarised(bits=3).lost_share(torch.zeros(1, 4, 2), (slice(0, 2), slice(2, 4))) == 0


def test_the_background_of_polarised_lines_is_removed_array_by_array():
    assert Polarised().removals(0.0, partitions=8) == 0
    assert Polarised().removals(0.1, partitions=8) == 8
    assert Offset(flipped_columns=True, bits_per_cell=2).removals(0.0, partitions=8) == 1 + 8 * 4
