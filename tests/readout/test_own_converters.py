"""What a converter of the user's says of its curves is looked at before signals are looked up in them."""

from __future__ import annotations

import pytest
import torch

from bitline import AnalogCore, Design
from bitline.errors import DesignError
from bitline.numerics.draws import Draws
from bitline.readout import CircuitAdc, TransferTable, ideal_edges

torch.manual_seed(0)
MATRIX, INPUTS = torch.randn(16, 40), torch.rand(40, 20)


class Ramp(CircuitAdc):
    """Bent alike in all converters of an array; `form` says how the table is given."""

    form: str = "shared"

    @property
    def is_ideal(self) -> bool:
        return False

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        ideal = ideal_edges(self.bits)
        place = ideal / 2**self.bits
        table = TransferTable.monotonic(ideal + draws.normal((arrays, 1, 1), "ramp") * place * (1 - place))
        edges, codes = table.edges, table.codes
        return {
            "shared": table,
            "whole": TransferTable(edges.expand(-1, converters, -1).contiguous(), codes.expand(-1, converters, -1)),
            "one array": TransferTable(edges[:1, :, :], codes),
            "flat": TransferTable(edges[0, 0], codes[0, 0]),
            "too many arrays": TransferTable(edges.repeat(3, 1, 1), codes.repeat(3, 1, 1)),
            "few edges": TransferTable(edges[..., 1:], codes[..., 1:]),
            "few codes": TransferTable(edges, codes[..., 1:]),
            "descending": TransferTable(edges.flip(-1), codes),
            "NaN": TransferTable(edges * torch.nan, codes),
            "large codes": TransferTable(edges, codes + 1000),
            "halves": TransferTable(edges, codes / 2),
            "a tensor": edges,
        }[self.form]  # type: ignore[return-value]


def core(form: str, bits: int = 6) -> AnalogCore:
    settings = {
        "cell.device": "none",
        "array.rows": 20,
        "adc": {"kind": f"{__name__}:Ramp", "bits": bits, "form": form},
    }
    return AnalogCore(MATRIX, Design().with_settings(settings), calibration=INPUTS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_curves_that_converters_share_are_those_of_each(dtype):
    """A table with 1 in the middle, as the guide has it, was read beyond its end."""
    inputs = INPUTS.to(dtype)
    shared, whole = (core(form) @ inputs for form in ("shared", "whole"))
    assert torch.equal(shared, whole)
    assert float((shared - MATRIX.to(dtype) @ inputs).std()) < 0.5
    assert torch.isfinite(core("one array") @ inputs).all()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("flat", r"edges of the shape \(63,\): give \(2, "),
        ("too many arrays", "edges of the shape"),
        ("few edges", "62 edges and 63 codes for 6 bits: give 63 edges or more"),
        ("few codes", "63 edges and 63 codes"),
        ("descending", "edges that do not ascend"),
        ("NaN", "edges that do not ascend, or NaN"),
        ("large codes", "codes that are no whole numbers from 0 to 63"),
        ("halves", "codes that are no whole numbers"),
        ("a tensor", "a Tensor: return a TransferTable"),
    ],
)
def test_curves_that_are_none_are_refused(form, words):
    line = r"test_own_converters:Ramp', whose tables \(.*test_own_converters.py:\d+\)"
    with pytest.raises(DesignError, match=f"{line} returns {words}"):
        core(form) @ INPUTS


class Few(CircuitAdc):
    """Takes fewer arguments than it is called with."""

    @property
    def is_ideal(self) -> bool:
        return False

    def tables(self, arrays: int) -> TransferTable:  # type: ignore[override]
        return TransferTable.monotonic(ideal_edges(self.bits).expand(arrays, 1, -1))


class Always(CircuitAdc):
    """Was taken as ideal, as a method is true."""

    def is_ideal(self) -> bool:  # type: ignore[override]
        return False


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "Few",
            r"whose tables \(.*:\d+\) takes \(self, arrays\), but bitline calls it with \(self, arrays, converters, ",
        ),
        ("Always", r"whose is_ideal \(.*:\d+\) is a method: make it a @property"),
    ],
)
def test_methods_that_cannot_be_called_are_refused(name, words):
    with pytest.raises(DesignError, match=words):
        Design().with_settings({"adc.kind": f"{__name__}:{name}"})
