"""Numbers that users give to a core: right in whatever container, or refused with the thing and the remedy."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from bitline import AnalogCore, Design, LayerCalibration
from bitline.errors import CalibrationError, ConversionError, DataError, GuaranteeWarning
from bitline.quantize import InputScale, input_codes, weight_codes

FINE = Design().with_settings({"cell.device": "none", "adc": "none", "weights.bits": 14, "inputs.bits": 14})
MATRIX = np.random.default_rng(0).integers(-8, 9, (3, 6)).astype(float)
INPUTS = np.random.default_rng(1).integers(0, 9, (6, 5)).astype(float)
MATRIX[0, 0], INPUTS[0, 0] = 8, 8

REAL = {
    "float32": lambda x: x.astype(np.float32),
    "float16": lambda x: x.astype(np.float16),
    "long double": lambda x: x.astype(np.longdouble),
    "big-endian": lambda x: x.astype(">f8"),
    "int8": lambda x: x.astype(np.int8),
    "int64": lambda x: x.astype(np.int64),
    "big-endian integers": lambda x: x.astype(">i2"),
    "backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "columns first": np.asfortranarray,
    "a mask over nothing": np.ma.masked_array,
    "lists": lambda x: x.tolist(),
    "lists of integers": lambda x: x.astype(int).tolist(),
    "table": pd.DataFrame,
    "tensor": torch.tensor,
    "bfloat16": lambda x: torch.tensor(x).bfloat16(),
    "integer tensor": lambda x: torch.tensor(x).int(),
    "with gradient": lambda x: torch.tensor(x, requires_grad=True),
    "parameter": lambda x: torch.nn.Parameter(torch.tensor(x)),
}
UNUSABLE = {
    "complex": (lambda x: x + 1j, "complex.*real and imaginary"),
    "complex tensor": (lambda x: torch.tensor(x + 1j), "complex.*real and imaginary"),
    "complex lists": (lambda x: (x + 1j).tolist(), "complex"),
    "objects": (lambda x: x.astype(object), "object, not numbers: pass an array of float32"),
    "text": (lambda x: x.astype(str), "not numbers"),
    "dates": (lambda x: x.astype("datetime64[s]"), "not numbers"),
    "records": (lambda x: np.zeros(x.shape, [("a", "f4")]), "not numbers"),
    "mask": (lambda x: np.ma.masked_greater(x, 3), r"masked.*\.filled"),
    "ragged lists": (lambda x: [[1.0, 2.0], [1.0]], "no array of numbers"),
    "nothing of the kind": (lambda x: object(), "not numbers"),
    "sparse tensor": (lambda x: torch.tensor(x).to_sparse(), r"sparse.*\.to_dense"),
    "meta": (lambda x: torch.tensor(x).to("meta"), "'meta'"),
    "quantised": (lambda x: torch.quantize_per_tensor(torch.tensor(x).float(), 1.0, 0, torch.qint8), r"\.dequantize"),
    "missing values": (lambda x: pd.DataFrame(x).astype(object).where(pd.DataFrame(x) > 1, None), "not numbers"),
}


@pytest.mark.parametrize("kind", REAL)
def test_real_numbers_of_every_kind_give_the_same_product(kind):
    """Big-endian, reversed and half-precision arrays ended in tracebacks of PyTorch."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        core = AnalogCore(REAL[kind](MATRIX), FINE, calibration=REAL[kind](INPUTS))
        result = core @ REAL[kind](INPUTS)
    assert isinstance(result, torch.Tensor) == isinstance(REAL[kind](INPUTS), torch.Tensor)
    assert not (isinstance(result, torch.Tensor) and result.requires_grad)
    assert str(result.dtype).endswith(str(core.layer.step.dtype)[6:])  # the precision of the core
    np.testing.assert_allclose(np.asarray(result), MATRIX @ INPUTS, atol=2e-3 * np.abs(MATRIX @ INPUTS).max())


@pytest.mark.parametrize("kind", UNUSABLE)
def test_what_is_no_array_of_real_numbers_is_refused(kind):
    """The imaginary part of a complex matrix or input was dropped."""
    make, words = UNUSABLE[kind]
    with pytest.raises(ConversionError, match=r"matrix of core 'fc'.*" + words):
        AnalogCore(make(MATRIX), FINE, calibration=INPUTS, name="fc")
    with pytest.raises(DataError, match=r"calibration inputs of core 'fc'.*" + words):
        AnalogCore(MATRIX, FINE, calibration=make(INPUTS), name="fc")
    core = AnalogCore(MATRIX, FINE, calibration=INPUTS, name="fc")
    with pytest.raises(DataError, match=r"inputs of core 'fc'.*" + words):
        core @ make(INPUTS)
    assert core.reads == 0


@pytest.mark.parametrize("matrix", [np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(3), 5.0])
def test_a_matrix_has_outputs_and_rows(matrix):
    """Matrices without an output or a row ended in errors about zero weights or in tracebacks."""
    with pytest.raises(ConversionError, match="a matrix is"):
        AnalogCore(matrix, FINE, calibration=np.ones(3))


@pytest.mark.parametrize("design", [{}, {"adc.range": "full"}, {"adc": "none"}, {"array.kind": "gate-driven"},
                                    {"adc": {"kind": "sar", "capacitor_mismatch": 0.1}},
                                    {"cell.read_noise": {"kind": "state-proportional", "alpha": 0.1}}])  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("ignore::bitline.errors.ApproximationWarning")
def test_inputs_are_judged_before_any_work(design, dtype):
    """NaN went through calibration without an ADC, and an empty batch ended in a traceback."""
    matrix, inputs = MATRIX.astype(dtype), INPUTS.astype(dtype)
    core = AnalogCore(matrix, Design().with_settings({"cell.device": "none", **design}), calibration=inputs)
    for value in (np.nan, np.inf, -np.inf):
        bad = inputs.copy()
        bad[2, 3] = value
        with pytest.raises(DataError, match=r"inputs of core 'core' hold NaN or infinite values, 1 of 30"):
            core @ bad
        with pytest.raises(DataError, match=r"calibration inputs of core 'core' hold NaN"):
            AnalogCore(matrix, core.layer.design, calibration=bad)
    for shape in ((), (5,), (5, 6), (6, 5, 1)):
        with pytest.raises(DataError, match=r"\(6,\) or \(6, batch\)"):
            core @ np.ones(shape)
    assert core.reads == 0
    empty = core @ inputs[:, :0]
    assert empty.shape == (3, 0)
    assert (core @ torch.tensor(inputs[:, :0])).shape == (3, 0)
    with pytest.raises(CalibrationError, match="no calibration inputs"):
        AnalogCore(matrix, core.layer.design, calibration=inputs[:, :0])


def test_numbers_too_large_for_a_core_are_called_that():
    """Doubles beyond float32 became infinite on the way into a float32 core."""
    core = AnalogCore(MATRIX.astype(np.float32), FINE, calibration=INPUTS)
    with pytest.raises(DataError, match=r"go up to 1e\+300, too large for torch\.float32"):
        core @ np.full(6, 1e300)
    with pytest.raises(ConversionError, match="NaN or infinite weights"):
        AnalogCore(MATRIX * np.nan, FINE, calibration=INPUTS)


def test_codes_are_made_of_real_numbers_only():
    """The stage of quantisation dropped imaginary parts, too."""
    with pytest.raises(DataError, match="complex"):
        input_codes(torch.ones(2, dtype=torch.complex64), InputScale(1.0, 8, False))
    with pytest.raises(ConversionError, match="complex"):
        weight_codes(torch.ones(2, 2, dtype=torch.complex64), 8)
    assert input_codes(torch.tensor([1, 2, 300]), InputScale(1.0, 8, False)).tolist() == [1, 2, 255]
    assert weight_codes(torch.tensor([[True, False]]), 8)[0].tolist() == [[127, 0]]


def test_the_calibration_of_another_design_is_refused():
    """A calibration without levels made a design with ADCs compute without them."""
    exact = AnalogCore(MATRIX, FINE, calibration=INPUTS).calibration
    with pytest.raises(CalibrationError, match="input codes of 14 bits, and its design has 8 bits"):
        AnalogCore(MATRIX, Design(), calibration=exact)
    exact = AnalogCore(MATRIX, Design().with_settings({"adc": "none"}), calibration=INPUTS).calibration
    with pytest.raises(CalibrationError, match="no ADC levels"):
        AnalogCore(MATRIX, Design(), calibration=exact)
    sliced = Design().with_settings({"weights.bits_per_cell": 2})
    levels = AnalogCore(MATRIX, sliced, calibration=INPUTS).calibration.levels
    with pytest.raises(CalibrationError, match="4 weight slices"):
        AnalogCore(MATRIX, Design(), calibration=LayerCalibration(exact.inputs, levels))


def test_a_core_warns_of_a_guarantee_that_it_cannot_keep():
    """Offset cells with signed inputs lacked a bit, and nothing said so."""
    settings = {
        "weights.kind": "offset",
        "inputs.accumulation": "digital",
        "array.rows": 6,
        "adc.range": "guaranteed",
    }
    base = Design().with_settings({**settings, "cell.device": "none", "adc.bits": 32})
    design = base.with_settings({"adc.bits": base.guaranteed_bits})
    with pytest.warns(GuaranteeWarning, match="signed inputs.*adc.bits = 12") as seen:
        AnalogCore(MATRIX, design, calibration=-INPUTS)
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AnalogCore(MATRIX, design, calibration=INPUTS)
