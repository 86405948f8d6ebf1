"""Arrays of capacitors against arithmetic: charge of every cell of every read, area, settling."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bitline import Design, convert
from bitline.cost import Library, core_cost, explained, gather_statistics, network_cost
from bitline.errors import DesignError
from bitline.layer.chip import Chip
from bitline.quantize import input_codes

SHARING = {
    "array": {"kind": "charge-sharing", "rows": 8, "columns": 4, "capacitor_fF": 2.5, "supply_V": 0.7},
    "cell.on_off_ratio": math.inf,
    "adc": {"bits": 6, "range": "full"},
    "hardware.library": "sram-28nm",
}
INPUTS = torch.rand(20, 11, generator=torch.Generator().manual_seed(1)) ** 2


def network() -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(11, 6))


@pytest.mark.parametrize("slice_bits", [1, 2, 3])
@pytest.mark.parametrize("kind", ["differential", "offset"])
def test_a_read_takes_the_charge_of_every_capacitor(slice_bits, kind):
    """C w u V^2 for every cell and slice of the inputs, and the same for the gate that multiplies."""
    settings = {"weights": {"kind": kind, "bits_per_cell": 2}, "inputs": {"bits": 6, "slice_bits": slice_bits}}
    design = Design().with_settings({**SHARING, **settings})
    layer = convert(network(), design, INPUTS)[0]
    held = layer.encoded().program(Chip()).on_the_array.double()
    codes = input_codes(INPUTS, layer.calibration.inputs).long()
    top = 2**slice_bits - 1
    charges = sum(
        float(torch.einsum("bk,lsgkn->", ((codes >> shift) & top).double() / top, held))
        for shift in range(0, 6, slice_bits)
    )
    gate_fF = Library.load("sram-28nm").cells.gate_fF.value
    cost = network_cost(gather_statistics(network(), design, INPUTS), design)
    expected = 1e-3 * (2.5 + gate_fF) * 0.7**2 * charges / len(INPUTS)
    assert cost.energies_pJ["cells"] == pytest.approx(expected, rel=1e-5)


def test_capacitors_that_outgrow_their_cells_take_area():
    library = Library.load("sram-28nm").with_settings({"cells.area": 0.6, "cells.density_fF_per_um2": 1.5})
    areas = [
        core_cost(Design().with_settings({**SHARING, "array.capacitor_fF": own}), library, rows=8, columns=4)
        for own in (0.3, 0.9, 3.0)
    ]
    cells = [1e6 * cost.areas_mm2["cells"] / (8 * 4 * 2) for cost in areas]
    assert cells == pytest.approx([0.6, 0.6, 2.0])


def test_slices_last_until_capacitors_have_settled():
    """Half a step of 2^-6 after 7 ln 2 time constants, (R C)_line / pi^2 and that of a switch."""
    library = Library.load("sram-28nm").with_settings({"cells.line_ohm": 50.0, "cells.switch_kohm": 20.0})
    design = Design().with_settings({**SHARING, "array.rows": 512, "array.parasitic": 0.2})
    tau = 512 * 50 * 512 * 2.5e-15 * 1.2 / math.pi**2 + 20e3 * 2.5e-15
    converter = library.converters["sar"].time_ns(6)
    cost = core_cost(design, library, rows=512, columns=4)
    slices = design.inputs.code_bits
    assert cost.time_ns == pytest.approx(slices * 1e9 * 7 * math.log(2) * tau + converter, rel=1e-6)
    short = core_cost(design.with_settings({"array.rows": 4}), library, rows=4, columns=4)
    assert short.time_ns == pytest.approx(slices * library.slice_ns.value + converter)


def test_energy_is_traced_to_the_capacitors_of_the_design():
    design = Design().with_settings(SHARING)
    parts = explained("energy", gather_statistics(network(), design, INPUTS), design)
    cells = {part.quantity: part for part in parts if part.component == "cells"}
    gate_fF = Library.load("sram-28nm").cells.gate_fF.value
    assert cells["array.supply_V"].exponent == pytest.approx(2)
    assert cells["array.capacitor_fF"].exponent == pytest.approx(2.5 / (2.5 + gate_fF), rel=0.01)
    assert cells["array.capacitor_fF"].origin == "the design"
    assert set(cells) == {"array.supply_V", "array.capacitor_fF", "cells.gate_fF"}


def test_libraries_without_capacitors_get_cells_that_stand_in():
    """They were costed as resistors that conduct while a slice is applied."""
    design = Design().with_settings({**SHARING, "hardware.library": "sonos-40nm", "array.capacitor_fF": None})
    cost = network_cost(gather_statistics(network(), design, INPUTS), design)
    assert any("'sonos-40nm' has no capacitive cells: those of 'sram-28nm' stand in" in note for note in cost.notes)
    assert any("array.capacitor_fF is not given" in note and "1.2 fF" in note for note in cost.notes)
    own = network_cost(gather_statistics(network(), design, INPUTS), Design().with_settings(SHARING))
    assert not any("capacit" in note for note in own.notes)
    mixed = Design().with_settings({"layers": [{"match": "0", "set": {"array.kind": "charge-sharing"}}]})
    with pytest.raises(DesignError, match="some layers with array"):
        core_cost(mixed)
