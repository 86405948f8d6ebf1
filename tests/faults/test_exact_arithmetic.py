"""Exact cells and ideal converters give what whole numbers give: every tie between two levels is rounded to even.

The chain is worked out again with fractions of whole numbers, without any rounding but that of the converters.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.layer import row_groups
from torch import nn

from bitline import AnalogCore, Design, convert
from bitline.encode import input_slices
from bitline.errors import DesignError
from bitline.quantize import InputScale, input_codes

RATIOS = [math.inf, 100.0, 10.0, 3.7, 3.0, 2.0]


def digits_of(codes: np.ndarray, design: Design) -> list[list[np.ndarray]]:
    """Digits [line][slice] of weight codes, as fractions."""
    weights = design.weights
    cell, top = weights.cell_bits, 2**weights.cell_bits - 1
    cut = lambda whole: [(whole >> (cell * k)) & top for k in range(weights.slices)]  # noqa: E731
    if weights.kind == "offset":
        return [cut(codes + 2 ** (weights.bits - 1))]
    if weights.kind == "differential":
        return [cut(np.maximum(codes, 0)), cut(np.maximum(-codes, 0))]
    signed = [np.sign(codes) * digit for digit in cut(np.abs(codes))]
    half = np.vectorize(lambda number: Fraction(int(number), 2))
    return [[half(top + digit) for digit in signed], [half(top - digit) for digit in signed]]


class Exact:
    """The outputs of a core in units of weight code times input code, in whole numbers."""

    def __init__(self, core: AnalogCore, design: Design, codes: np.ndarray) -> None:
        self.design, self.levels = design, core.calibration.levels
        weights, scale = design.weights, core.calibration.inputs
        stored = core.layer.codes.numpy().astype(int).T  # rows, columns
        tile = max(1, design.array.columns - 1) if weights.has_unit_column else 1
        units = -(-stored.shape[1] // tile) if weights.has_unit_column else 0
        lines = digits_of(np.pad(stored, ((0, 0), (0, units))), design)
        ratio = design.cell.on_off_ratio
        low = Fraction(0) if math.isinf(ratio) else 1 / Fraction(str(ratio))
        self.window = 1 - low
        self.background = low / self.window * weights.top_digit
        slice_bits = min(design.inputs.slice_bits, scale.magnitude_bits)
        slices = -(-scale.magnitude_bits // slice_bits)
        together = design.inputs.slicing(scale.magnitude_bits, scale.signed).accumulated
        self.input_top = 2 ** (slice_bits * together) - 1
        seen = slice_bits * together
        empty = slice_bits * (-slices % together)  # bits that the first conversion has less
        shares = input_slices(torch.tensor(codes * 2**empty).double(), scale.magnitude_bits + empty, seen)
        self.work = 0  # largest whole number in a sum
        total = np.zeros((stored.shape[1] + units, codes.shape[1]), dtype=object)
        for number, share in enumerate(shares):
            digits = share.numpy().astype(int)
            saved = (design.adc.bits_saved + (0,) * slices)[number] if together < slices else 0
            for part in self._parts(len(stored)):
                for place, added in enumerate(self._added_slices()):
                    for sign, cells in zip(weights.reading_signs, self._readings(lines, added, part), strict=True):
                        radix = 2 ** (weights.cell_bits * added[0]) * Fraction(2 ** (seen * number), 2**empty)
                        converted = self._convert(cells, digits[part], place, 2**saved)
                        total = total + int(sign) * radix * converted
        if units:
            total = total[:-units] - total[-units:][np.arange(stored.shape[1]) // tile]
        elif weights.kind == "offset":
            background = self.background * sum(weights.radix)
            total = total - (2 ** (weights.bits - 1) + background) * codes.sum(0)
        self.outputs = total.astype(float)

    def _parts(self, rows: int) -> list[list[int]]:
        """Rows that are converted together."""
        parts = row_groups(rows, 1, self.design.array)
        return [list(range(rows))] if self.design.array.accumulation == "analog" else parts

    def _added_slices(self) -> list[list[int]]:
        """Slices that are converted together."""
        slices = range(self.design.weights.slices)
        return [list(slices)] if self.design.weights.accumulation == "analog" else [[k] for k in slices]

    def _readings(self, lines: list, added: list[int], part: list[int]) -> list[np.ndarray]:
        weight = lambda k: 2 ** (self.design.weights.cell_bits * (k - added[0]))  # noqa: E731
        cells = [sum(weight(k) * (line[k][part] + self.background) for k in added) for line in lines]
        return [cells[0] - cells[1]] if self.design.weights.signed_readings else cells

    def _convert(self, cells: np.ndarray, digits: np.ndarray, k: int, coarser: int) -> np.ndarray:
        unit = float(self.window) / self.design.weights.top_digit / self.input_top
        step = Fraction(self.levels.step[k] / unit).limit_denominator(1 << 24)
        assert abs(float(step) * unit / self.levels.step[k] - 1) < 1e-14
        low, high = math.ceil(self.levels.low[k] / coarser), math.floor(self.levels.high[k] / coarser)
        parts = [[Fraction(cell) / step for cell in row] for row in cells]
        whole = math.lcm(*(part.denominator for row in parts for part in row))
        counts = np.array([[int(part * whole) for part in row] for row in parts])
        self.work = max(self.work, int(np.abs(counts).max()) * len(counts) * int(np.abs(digits).max()))
        codes = half_to_even(counts.T @ digits, whole * coarser)
        return np.clip(codes, low, high).astype(object) * (step * coarser)


def half_to_even(numerator: np.ndarray, denominator: int) -> np.ndarray:
    """Quotients of whole numbers, rounded."""
    code, rest = np.divmod(2 * numerator + denominator, 2 * denominator)
    return code - ((rest == 0) & (code % 2 == 1))


@st.composite
def exact_designs(draw: st.DrawFn, policies: list[str], ratios: list[float] = RATIOS) -> Design:
    mapping = draw(st.sampled_from(["differential", "two-sided", "offset"]))
    bits = draw(st.integers(2, 6))
    stored = bits if mapping == "offset" else bits - 1
    input_bits = draw(st.integers(2, 5))  # one of them the sign of signed inputs
    settings = {
        "weights.kind": mapping,
        "weights.bits": bits,
        "weights.bits_per_cell": draw(st.integers(1, stored)),
        "weights.accumulation": draw(st.sampled_from(["digital", "analog"])),
        "weights.subtraction": draw(
            st.sampled_from(["digital", "unit-column"] if mapping == "offset" else ["analog", "digital"])
        ),
        "inputs.bits": input_bits,
        "inputs.range.percentile": 100,
        "inputs.slice_bits": draw(st.integers(1, input_bits)),
        "inputs.accumulation": draw(st.sampled_from(["analog", "digital", "mixed"])),
        "cell.device": "none",
        "cell.on_off_ratio": draw(st.sampled_from(ratios)),
        "array.rows": draw(st.sampled_from([3, 7, 12, 16])),
        "array.columns": draw(st.sampled_from([2, 256])),
        "array.accumulation": draw(st.sampled_from(["digital", "analog"])),
        "adc.bits": draw(st.integers(2, 9)),
        "adc.range": draw(st.sampled_from(policies)),
        "adc.skip_zero_inputs": draw(st.booleans()),
    }
    if settings["adc.range"] == "guaranteed":
        settings["adc.bits"] = Design().with_settings({**settings, "adc.range": "full"}).guaranteed_bits
    elif Design().with_settings(settings).inputs.slicing(input_bits, signed=False).conversions > 1:
        saved = [(), (1,), (2, 1)] if settings["adc.bits"] > 2 else [(), (1,)]
        settings["adc.bits_saved"] = draw(st.sampled_from(saved))
    return Design().with_settings(settings)


def made(
    design: Design, dtype: type, seed: int, signed: bool, rows: int = 20
) -> tuple[AnalogCore, np.ndarray, np.ndarray]:
    """A core, inputs, and their codes."""
    random = np.random.default_rng(seed)
    top, high = 2 ** (design.weights.bits - 1) - 1, 2 ** (design.inputs.bits - signed) - 1
    matrix = random.integers(-top, top + 1, (4, rows)).astype(dtype)
    matrix[0, 0] = top
    codes = random.integers(-high if signed else 0, high + 1, (rows, 12))
    codes[:, 0] = 0
    codes[0, 1] = -high if signed else high
    inputs = codes.astype(dtype)
    core = AnalogCore(matrix, design, calibration=inputs)
    assert core.calibration.inputs.step == 1
    return core, inputs, codes


@settings(max_examples=100)
@given(exact_designs(["aligned", "full", "guaranteed"]), st.sampled_from([np.float32, np.float64]),
       st.integers(0, 1000), st.booleans())  # fmt: skip
def test_codes_are_those_of_whole_numbers(design, dtype, seed, signed):
    """A float64 matrix with adc.range = "aligned" rounded most ties up: a mean error of 0.45 sigma."""
    core, inputs, codes = made(design, dtype, seed, signed)
    expected = Exact(core, design, codes)
    if expected.work >= 1 << 22:  # more than float32 holds exactly in every order of a sum
        core, inputs, codes = made(design, np.float64, seed, signed)
        expected = Exact(core, design, codes)
    largest = np.abs(expected.outputs).max() + 2**design.weights.bits * np.abs(codes).sum(0).max()
    np.testing.assert_allclose(core @ inputs, expected.outputs, rtol=0, atol=2e-6 * largest)
    alone = np.stack([core @ column for column in inputs.T[:3]], 1)
    np.testing.assert_allclose(alone, expected.outputs[:, :3], rtol=0, atol=2e-6 * largest)


@settings(max_examples=60)
@given(exact_designs(["guaranteed"], [math.inf, 100.0, 4.0, 2.0]), st.sampled_from([np.float32, np.float64]),
       st.integers(0, 1000), st.booleans())  # fmt: skip
def test_a_guaranteed_range_loses_nothing_or_says_so(design, dtype, seed, signed):
    """With a finite on/off ratio, or signed inputs of offset cells, steps were doubled and nothing said so."""
    core, inputs, codes = made(design, dtype, seed, signed)
    matrix = core.layer.codes.numpy().astype(int)
    says_so = core.layer.shortfall(core.calibration.inputs) is not None
    expected = matrix @ codes
    largest = np.abs(expected).max() + 2**design.weights.bits * np.abs(codes).sum(0).max()
    assert says_so or np.abs(core @ inputs - expected).max() <= 2e-6 * largest


GUARANTEED = {"adc.range": "guaranteed", "cell.device": "none", "inputs.accumulation": "digital",
              "inputs.range.percentile": 100, "array.rows": 64}  # fmt: skip


OFFSET = {"weights.kind": "offset", "weights.bits_per_cell": 2}
LINES_APART = {"weights.subtraction": "digital"}


@pytest.mark.parametrize(("settings", "signed", "words"), [
    ({"cell.on_off_ratio": 100.0, "adc.bits": 14}, False, []),
    ({"cell.on_off_ratio": 100.0, "adc.bits": 14}, True, []),
    ({**OFFSET, "adc.bits": 8}, False, []),
    ({**OFFSET, "adc.bits": 8}, True, ["signed", "9 bits", "adc.bits = 9"]),
    ({**OFFSET, "adc.bits": 9}, True, []),
    ({**OFFSET, "adc.bits": 10, "inputs.accumulation": "analog", "array.rows": 1}, True, []),  # a sign is one of 8 bits
    ({**OFFSET, "cell.on_off_ratio": 10.0, "adc.bits": 16}, False, ["on/off ratio of 10", "half a step"]),
    ({**LINES_APART, "cell.on_off_ratio": 10.0, "adc.bits": 16}, False, []),
    ({**LINES_APART, "cell.on_off_ratio": 3.0, "weights.bits": 2, "adc.bits": 9}, False, ["on/off ratio of 3"]),
    ({**LINES_APART, "weights.kind": "two-sided", "adc.bits": 16}, True, []),
])  # fmt: skip
def test_a_layer_says_what_its_guarantee_lacks(settings, signed, words):
    """Offset cells with signed inputs lacked a bit, and no note said so."""
    core, inputs, codes = made(Design().with_settings({**GUARANTEED, **settings}), np.float64, 1, signed, rows=64)
    message = core.layer.shortfall(core.calibration.inputs)
    assert (message is None) == (not words)
    assert all(word in (message or "") for word in [*words, "core" if words else ""])
    if not words:
        np.testing.assert_allclose(core @ inputs, core.layer.codes.numpy().astype(int) @ codes, atol=1e-6)


@pytest.mark.parametrize(("settings", "words"), [
    ({**OFFSET, "cell.on_off_ratio": 50.0}, ["ratio of 50", "adc.range = 'aligned'", "adc.range = 'calibrated'"]),
    ({"weights.kind": "twos-complement", "cell.on_off_ratio": 50.0}, ["on/off ratio of 50"]),
    (OFFSET, []),
    ({"cell.on_off_ratio": 50.0}, []),
])  # fmt: skip
def test_a_layer_says_that_currents_at_g_min_fall_between_aligned_levels(settings, words):
    """Outputs were off by a tenth of their deviation with any number of bits, and nothing said so."""
    design = Design().with_settings({**GUARANTEED, "adc.range": "aligned", "adc.bits": 14, **settings})
    core, inputs, codes = made(design, np.float64, 1, False, rows=64)
    message = core.layer.shortfall(core.calibration.inputs)
    assert (message is None) == (not words)
    assert all(word in (message or "") for word in words)
    error = core @ inputs - core.layer.codes.numpy().astype(int) @ codes
    assert (np.abs(error).max() > 1) == bool(words)


def test_a_guarantee_takes_the_levels_of_currents_at_g_min():
    """120 rows of bits take 7 bits (Eq. 2), but with a tenth of G_max from every other cell 133 levels."""
    design = {**GUARANTEED, "weights.kind": "offset", "weights.bits_per_cell": 1, "cell.on_off_ratio": 10.0}
    with pytest.raises(DesignError, match=r"adc\.bits = 8"):
        Design().with_settings({**design, "array.rows": 120, "adc.bits": 7})
    assert Design().with_settings({**design, "array.rows": 120, "adc.bits": 8}).guaranteed_bits == 8


def test_a_guarantee_leaves_no_bits_to_save():
    """adc.bits_saved takes away the levels that adc.range = "guaranteed" promises."""
    with pytest.raises(DesignError, match="leave one of them out"):
        Design().with_settings({**GUARANTEED, "adc.bits": 16, "adc.bits_saved": [1]})


@given(
    st.integers(1, 255),
    st.sampled_from([3.0, 5.0, 7.0, 1.5, 41.0, 0.25]),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_halves_of_a_step_have_even_input_codes(code, step, dtype):
    """A product with 1 / step missed a tenth of the halves of steps that are exact, in float32."""
    inputs = torch.tensor([(code - 0.5) * step], dtype=dtype)
    assert int(input_codes(inputs, InputScale(step, 8, False))) == round(code - 0.5)


NARROW = [
    (nn.Conv2d(1, 32, (4, 3), stride=(1, 3), dilation=(2, 1), padding=(2, 0)), (11, 4)),
    (nn.Conv2d(1, 4, (3, 5), stride=(1, 2), padding=(1, 0)), (6, 6)),
    (nn.Conv2d(1, 37, (1, 3), stride=(1, 3), dilation=(2, 1)), (7, 4)),
    (nn.Conv2d(2, 60, (3, 3), stride=(1, 3), dilation=(2, 1), groups=2), (10, 4)),
    (nn.Conv2d(2, 34, (5, 4), stride=(1, 2), padding=(4, 0), groups=2), (9, 5)),
]
"""Kernels of one channel that step sideways and have one place in a row: oneDNN's sums of bytes were all wrong."""
PADDED = [
    (nn.Conv2d(2, 4, (2, 1), stride=(3, 3), dilation=(1, 2), padding=(0, 2)), (5, 1)),
    (nn.Conv2d(6, 12, 1, stride=(2, 3), padding=2, groups=3), (5, 1)),
    (nn.Conv1d(6, 34, 1, stride=2, padding=3), (1,)),
]
"""Padding as wide as kernels reach: oneDNN's products of bytes ended the process."""


@pytest.mark.parametrize("layer, space", [*NARROW, *PADDED])
def test_layers_of_any_shape_have_the_products_of_floating_point(monkeypatch, layer, space):
    """Outputs of the first kind were wrong by three quarters of the largest one, without a word."""
    x = torch.rand(4, layer.in_channels, *space, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = convert(layer.eval(), "ideal", x)(x)
        monkeypatch.setenv("BITLINE_PRODUCTS", "float")
        assert torch.equal(found, convert(layer.eval(), "ideal", x)(x))
        assert float((found - layer(x)).abs().max()) < 0.02 * float(layer(x).abs().max())
