"""Gate-driven bit lines: every solver against Kirchhoff's laws, and what wires do to currents."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from oracle.code_edges import assert_equal_up_to_code_edges
from oracle.wires import LineWire, wired_current
from strategies import inputs_for, matrices
from torch.nn import functional

from bitline import AnalogCore, Design
from bitline.arrays import ConvolutionProduct, MatrixProduct
from bitline.arrays._ladder import InputWindows, ladder_products, plain_ladder, plain_products
from bitline.arrays._ladder_numba import WIDTHS
from bitline.arrays._line_wires import OPEN, LineWires
from bitline.errors import DesignError
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer
from bitline.numerics.draws import Draws

segments = st.sampled_from([1e-6, 1e-4, 1e-2, 0.5, 20.0])
terminals = st.sampled_from([0.0, 1e-3, 1.0])


@st.composite
def wires(draw):
    terminal = draw(terminals)
    return LineWires(draw(segments), terminal, draw(st.sampled_from([OPEN, terminal])))


def random_array(rows: int, lines: int, seed: int, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    cells = torch.rand(rows, lines, generator=generator, dtype=dtype)
    return cells * (torch.rand(rows, lines, generator=generator) < 0.7)


@settings(max_examples=100)
@given(wires(), st.integers(1, 30), st.integers(1, 4), st.booleans(), st.booleans(), st.integers(0, 10_000))
def test_the_ladder_obeys_kirchhoff(wire, rows, lines, signed, interleaved, seed):
    rng = np.random.default_rng(seed)
    plus, minus = random_array(rows, lines, seed), random_array(rows, lines, seed + 1)
    given_cells, loading = (plus - minus, plus + minus) if interleaved else (plus, plus)
    drive = rng.integers(-1 if signed else 0, 2, (3, rows))
    line_wire = LineWire(wire.segment, wire.foot, wire.head != OPEN)
    expected = wired_current(plus.numpy(), minus.numpy() if interleaved else None, drive.T, line_wire).T
    result = plain_ladder(torch.tensor(drive), given_cells, loading, wire).numpy()
    np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max() + 1e-12)


@settings(max_examples=60)
@given(
    wires(),
    st.integers(1, 200),
    st.one_of(st.integers(1, WIDTHS[0]), st.integers(1, 150)),
    st.integers(1, 8),
    st.booleans(),
    st.integers(0, 1000),
)
def test_kernel_equals_the_readable_ladder(wire, rows, lines, bits, signed, seed):
    rng = np.random.default_rng(seed)
    cells = random_array(rows, lines, seed)
    codes = torch.tensor(rng.integers(-(2**bits - 1) if signed else 0, 2**bits, (2, rows + 5))).double()
    windows = InputWindows(torch.tensor(rng.permutation(rows)), torch.tensor([0, 5]))
    expected = sum(
        plain_products(codes, one, *two, bits)
        for one, two in [
            (windows, (cells, cells, wire)),
            *(
                [
                    (
                        InputWindows(windows.offset.flip(0), windows.base),
                        (cells.flip(0), cells.flip(0), wire.reversed()),
                    )
                ]
                if wire.head != OPEN
                else []
            ),
        ]
    )
    scale = float(expected.abs().max()) + 1e-12
    if lines <= WIDTHS[0]:  # widths differ in how far loops go, and each takes seconds to compile
        result = ladder_products(codes, windows, cells, cells, wire, bits)
        assert float((result - expected).abs().max()) <= 1e-11 * scale * max(1, rows / 10)
    single = ladder_products(codes.float(), windows, cells.float(), cells.float(), wire, bits)
    assert float((single - expected).abs().max()) <= 1e-5 * scale


def test_numbers_stay_finite_where_wires_dominate():
    """A float32 product of 1 + r G over the line would overflow."""
    cells = torch.ones(1152, 3)
    codes = torch.ones(1, 1152)
    windows = InputWindows(torch.arange(1152), torch.zeros(1, dtype=torch.int64))
    wire = LineWires(10.0)
    result = ladder_products(codes, windows, cells, cells, wire, 1)
    expected = plain_ladder(codes.double(), cells.double(), cells.double(), wire)
    torch.testing.assert_close(result[:, :, 0].double(), expected, rtol=1e-5, atol=0)


@settings(max_examples=60)
@given(st.integers(1, 25), st.integers(1, 3), st.integers(0, 1000), st.sampled_from([1e-4, 1e-2, 1.0]))
def test_wires_take_current_away_and_more_of_them_take_more(rows, lines, seed, segment):
    cells = random_array(rows, lines, seed)
    drive = torch.ones(1, rows)
    ideal = cells.sum(0)
    thin = plain_ladder(drive, cells, cells, LineWires(segment))
    thinner = plain_ladder(drive, cells, cells, LineWires(2 * segment))
    both = plain_ladder(drive, cells, cells, LineWires(segment, 0.0, 0.0))
    assert bool((thinner <= thin * (1 + 1e-12)).all() and (thin <= both * (1 + 1e-12)).all())
    assert bool((both <= ideal * (1 + 1e-12)).all())


SUBTRACTIONS = {
    "differential": ["analog", "digital"],
    "two-sided": ["analog", "digital"],
    "offset": ["digital", "unit-column"],
}
WITHOUT_UNIT_COLUMN = {**SUBTRACTIONS, "offset": ["digital"]}


@st.composite
def wired_designs(draw, subtractions=SUBTRACTIONS):
    mapping = draw(st.sampled_from(sorted(subtractions)))
    subtraction = draw(st.sampled_from(subtractions[mapping]))
    bits = draw(st.integers(2, 6))
    stored = bits if mapping == "offset" else bits - 1
    interleaved = subtraction == "analog" and draw(st.booleans())
    adc = draw(st.sampled_from([None, 4, 9]))
    source = draw(st.sampled_from([0.0, 1e-2]))
    return Design(
        weights={
            "kind": mapping,
            "bits": bits,
            "bits_per_cell": draw(st.one_of(st.just("unsliced"), st.integers(1, stored))),
            "subtraction": subtraction,
        },
        inputs={
            "bits": draw(st.integers(2, 5)),
            "accumulation": draw(st.sampled_from(["analog", "digital", "mixed"])),
            "polarities": draw(st.sampled_from(["together", "separate"])),
        },
        cell={"on_off_ratio": draw(st.sampled_from([np.inf, 10.0])), "device": draw(st.sampled_from(["none", NOISE]))},
        array={
            "kind": "gate-driven",
            "rows": draw(st.sampled_from([3, 8, 1152])),
            "columns": 5,
            "bit_line": {"segment": draw(st.sampled_from([1e-4, 1e-2, 0.3])), "terminal": draw(terminals)},
            "source_line": {"segment": source},
            "source_feed": draw(st.sampled_from(["foot", "head"])),
            "ground": draw(st.sampled_from(["bottom", "top", "both"])),
            "lines": "interleaved" if interleaved else "separate",
            "row_order": draw(st.sampled_from(["channel", "position", "heaviest-at-foot"])),
        },
        adc={"kind": "none"} if adc is None else {"kind": "uniform", "bits": adc},
    )


NOISE = {"kind": "state-proportional", "alpha": 0.1}


@settings(max_examples=120)
@given(wired_designs(), matrices(), st.integers(0, 1000), st.booleans())
def test_every_plan_equals_the_literal_chain_with_wires(design, matrix, seed, signed):
    inputs = inputs_for(matrix.shape[1], 3, seed, signed)
    core = AnalogCore(matrix, design, calibration=inputs, seed=seed)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((seed, 0, "core")))
    assert_equal_up_to_code_edges(core @ inputs, expected, 3e-5 * expected.largest)


@settings(max_examples=40)
@given(
    st.data(), wired_designs(WITHOUT_UNIT_COLUMN), st.integers(1, 4), st.sampled_from([1, 2, 3]), st.integers(0, 1000)
)
def test_convolutions_with_wires_equal_the_literal_chain(data, design, channels, size, seed):
    positions = size * size
    matrix = data.draw(matrices(channels=channels, positions=positions))
    rng = np.random.default_rng(seed)
    images = torch.tensor(np.maximum(rng.standard_normal((2, channels, 4, 5)), 0)).float()
    product = ConvolutionProduct(channels, (size, size), stride=(2, 1), padding=(1, 0))
    unfolded = functional.unfold(images, size, padding=(1, 0), stride=(2, 1)).transpose(0, 1)
    layer = EncodedLayer.of(torch.tensor(matrix), None, design, product, "layer")
    calibration = calibrate_layer(layer, images)
    result = ProgrammedLayer(layer, calibration, Chip(seed)).multiply(images)
    expected = literal_chain(
        matrix,
        design,
        unfolded.reshape(matrix.shape[1], -1).numpy(),
        calibration,
        positions=positions,
        draws=Draws((seed, 0, "layer")),
    )
    assert_equal_up_to_code_edges(
        result.transpose(0, 1).reshape(len(matrix), -1).numpy(), expected, 3e-5 * expected.largest
    )


@pytest.mark.parametrize(
    "product",
    [
        MatrixProduct(12),
        ConvolutionProduct(4, (3,), groups=3, stride=(2,), padding=(1,), dilation=(2,)),
        ConvolutionProduct(4, (3, 2), groups=3, stride=(2, 1), padding=(2, 1), dilation=(1, 2)),
        ConvolutionProduct(4, (3, 4), groups=3, padding="same"),
        ConvolutionProduct(4, (2, 2), groups=3, padding="valid"),
    ],
)
def test_rows_find_the_inputs_that_the_product_multiplies(product):
    space = (9, 8)[: len(product.kernel)]
    inputs = torch.randn(2, product.groups * product.channels, *space)
    gathered = product.gather(inputs)
    weights = torch.randn(product.groups, product.rows, 5)
    expected = product.apply(inputs, product.lay_out(weights, product.whole()), product.whole())
    rows = gathered.elements[:, gathered.base[:, None, None] + gathered.offset]  # batch, position, group, row
    result = torch.einsum("bpgr,grn->bgnp", rows, weights).reshape(expected.shape)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)


def test_wires_without_resistance_are_ideal_lines():
    matrix = np.random.default_rng(0).standard_normal((6, 40)).astype(np.float32)
    inputs = inputs_for(40, 5, 0, False)
    gated = Design().with_settings({"array": {"kind": "gate-driven", "bit_line": {"segment": 0.0}}})
    results = [AnalogCore(matrix, one, calibration=inputs) @ inputs for one in (Design(), gated)]
    np.testing.assert_array_equal(*results)


def test_ohms_and_multiples_of_cells_agree():
    normalised = Design().with_settings({"array": {"kind": "gate-driven", "bit_line": {"segment": 1e-4}}})
    ohms = Design().with_settings({"array": {"kind": "gate-driven", "bit_line": {"segment": 2.0, "G_max_uS": 50.0}}})
    assert ohms.array.wires.segment == pytest.approx(normalised.array.wires.segment)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"array": {"bit_line": {"segment": -1}}}, "array.bit_line.segment is -1"),
        ({"array": {"bit_line": {"segment": float("inf")}}}, "array.bit_line.segment is inf"),
        ({"array": {"bit_line": {"segment": 1e7}}}, "multiples of 1/G_max"),
        ({"inputs": {"slice_bits": 2}}, "inputs.slice_bits = 1"),
        ({"array": {"lines": "interleaved"}, "weights": {"kind": "offset"}}, "subtracts on the line"),
        ({"array": {"lines": "interleaved"}, "weights": {"subtraction": "digital"}}, "weights.subtraction = 'analog'"),
    ],
)
def test_impossible_wires_are_refused(settings, words):
    array = {"kind": "gate-driven", **settings.get("array", {})}
    with pytest.raises(DesignError, match=words):
        Design().with_settings({**settings, "array": array})
