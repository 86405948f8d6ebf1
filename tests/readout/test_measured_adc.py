"""Converters from tables of measured INL, DNL and transition levels."""

import numpy as np
import pytest
import torch

from bitline import AnalogCore, Design
from bitline.design.approximations import approximations
from bitline.errors import DesignError
from bitline.numerics.draws import Draws
from bitline.readout.architectures import MeasuredAdc
from bitline.readout.curves import curves_of

BITS, CODES = 5, 32
ENDS = np.zeros(1)


@pytest.fixture
def inl():
    """INL of three converters whose first and last transition are where they should be, (3, codes - 1)."""
    inner = np.random.default_rng(0).normal(0, 0.3, (3, CODES - 3)).round(3)
    return np.pad(inner, ((0, 0), (1, 1)))


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(rows, separator=",", name="curves.csv"):
        (tmp_path / name).write_text("\n".join(separator.join(map(str, row)) for row in rows), encoding="utf-8")
        return name

    return write


def wide(values, header, first=1):
    columns = [header.format(number + 1) for number in range(len(values))]
    return [("code", *columns), *((first + place, *row) for place, row in enumerate(values.T))]


def edges_of(inl):
    return np.arange(CODES - 1) + 0.5 + inl


FORMS = {
    "INL of all codes": lambda inl: wide(np.pad(inl, ((0, 0), (1, 0))), "INL {} (LSB)", first=0),
    "INL of transitions": lambda inl: wide(inl, "INL_{}"),
    "DNL": lambda inl: wide(np.diff(edges_of(inl)) - 1, "DNL converter {}"),
    "DNL of all codes": lambda inl: wide(np.pad(np.diff(edges_of(inl)) - 1, ((0, 0), (1, 1))), "DNL {} [LSB]", first=0),
    "levels": lambda inl: wide(2.5 * edges_of(inl) - 40, "transition {} (mV)"),
    "rows": lambda inl: [
        ("converter", "Code", "INL (steps)"),
        *((name, code + 1, value) for name, curve in zip("abc", inl, strict=True) for code, value in enumerate(curve)),
    ],
    "INL beside DNL": lambda inl: [("code", "INL 1", "DNL 1"), *((k + 1, v, 9) for k, v in enumerate(inl[0]))],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_table_gives_the_same_curves(written, inl, form):
    adc = MeasuredAdc(file=written(FORMS[form](inl)))
    found = adc.tables(arrays=4, converters=30, draws=Draws((0,))).edges.flatten(0, 1)
    wanted = torch.from_numpy(edges_of(inl[:1] if form == "INL beside DNL" else inl)).cummax(-1).values
    distances = (found[:, None] - wanted[None]).abs().amax(-1)
    assert adc.bits == BITS
    assert float(distances.amin(1).max()) < 1e-5
    assert set(distances.argmin(1).tolist()) == set(range(len(wanted)))


def test_decimal_commas(written, inl):
    rows = [("code", "INL"), *((code + 1, str(value).replace(".", ",")) for code, value in enumerate(inl[0]))]
    assert float(curves_of(MeasuredAdc(file=written(rows, ";")), 1).inl.abs().max()) == pytest.approx(
        np.abs(inl[0]).max()
    )


def test_a_flawless_table_is_the_ideal_converter(written):
    file = written(wide(np.zeros((1, 255)), "INL"))
    torch.manual_seed(0)
    matrix, inputs = torch.randn(8, 40), torch.rand(40, 20)
    ideal = Design().with_settings({"cell.device": "none"})
    measured = ideal.with_settings({"adc.kind": "measured", "adc.file": file})
    results = [AnalogCore(matrix, design, calibration=inputs) @ inputs for design in (ideal, measured)]
    torch.testing.assert_close(*results)
    assert approximations(measured) == (f"{file} has one measured converter: all converters of a chip have its errors",)


def test_another_file_may_have_other_bits(written, inl):
    files = [written(wide(np.zeros((2, 2**bits - 1)), "INL {}"), name=f"{bits}.csv") for bits in (4, 6)]
    first = Design().with_settings({"adc.kind": "measured", "adc.file": files[0]})
    second = first.with_settings({"adc.file": files[1]})
    assert (first.adc.bits, second.adc.bits) == (4, 6)
    assert Design.from_toml(first.to_toml()) == first
    with pytest.raises(DesignError, match=r"adc\.bits is 5, and adc\.file .6\.csv. has converters of 6 bits"):
        second.with_settings({"adc.bits": 5})
    written(wide(np.ones((2, 15)), "INL {}"), name="4.csv")
    with pytest.raises(DesignError, match="has changed since the design was saved"):
        Design.from_toml(first.to_toml())


WRONG = {
    "no such file": ("missing.csv", "there is no such file"),
    "percent": ([("code", "INL (%FS)"), (1, 0), (2, 0), (3, 0)], "has INL in '%FS': give it in steps"),
    "a code left out": ([("code", "INL"), (1, 0), (3, 0)], "has no INL for code 2"),
    "no power of two": ([("code", "INL"), *((code, 0) for code in range(50))], "has a largest code of 49"),
    "no quantity": ([("code", "y"), (1, 0)], "has the columns code, y: it needs 'code' and"),
    "no code": ([("x", "INL"), (1, 0)], "has the columns x, INL: it needs 'code' and"),
    "twice": ([("code", "INL"), (1, 0), (1, 0)], "has 'INL' twice for a code"),
    "a word": ([("code", "INL"), (1, 0), (2, "n/a"), (3, 0)], "has no INL for code 2"),
    "half a code": ([("code", "INL"), (1.5, 0)], "'code' must be whole numbers"),
    "backwards": ([("code", "level transition"), (1, 3), (2, 2), (3, 1)], "the last code begins no later than code 1"),
    "too many": ([("code", "INL"), (1 << 15, 0)], "converters of up to 14 bits are simulated"),
    "resolutions": (
        [("adc", "code", "INL"), *(("a", c, 0) for c in range(8)), *(("b", c, 0) for c in range(16))],
        "has converters of several resolutions",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_tables_that_are_none_are_refused(written, case):
    rows, message = WRONG[case]
    file = rows if isinstance(rows, str) else written(rows)
    with pytest.raises(DesignError, match=message.replace("(", r"\(")):
        Design().with_settings({"adc.kind": "measured", "adc.file": file})


def test_a_table_that_changed_is_refused(written, inl):
    design = Design().with_settings({"adc": {"kind": "measured", "file": written(wide(inl, "INL {}"))}})
    written(wide(2 * inl, "INL {}"))
    with pytest.raises(DesignError, match=r"adc\.file 'curves\.csv' has changed since the design was made"):
        AnalogCore(torch.ones(2, 3), design, calibration=torch.rand(3, 8))
