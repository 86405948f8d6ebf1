"""G_max of cells: that of the design's device, curve or wires, and of the library where the design has none."""

from __future__ import annotations

from typing import ClassVar

import pytest
from small_cost import SMALL, statistics

from bitline import Design
from bitline.cost import Library, core_cost, explained, network_cost
from bitline.devices import CurrentVoltage, Device, FullScale
from bitline.errors import DesignError

PLAIN = Design().with_settings(SMALL)
GATES = {"array.kind": "gate-driven", "array.bit_line.segment": 0.0}


class Mine(Device):
    """A device of 50 nS."""

    G_nS: float = 50.0

    @property
    def full_scale(self):
        return FullScale(self.G_nS, "nS")

    def program(self, target, draws):
        return target


class Wrong(Mine):
    """A device whose G_max has no unit."""

    full_scale: ClassVar = 50.0


class Curve(CurrentVoltage):
    """Ohmic, at 0.3 V."""

    stated_read_V: ClassVar = 0.3

    def current(self, conductance, voltage):
        return conductance * voltage


def cells_pJ(settings, library="sonos-40nm"):
    """Energy of the cells of a core, all of them at half of G_max."""
    return core_cost(PLAIN.with_settings(settings), Library.load(library), rows=20, columns=4).energies_pJ["cells"]


@pytest.mark.parametrize(
    ("settings", "siemens", "volts"),
    [
        ({}, 16e-6, 0.1),
        ({"cell.device": {"kind": "state-proportional", "alpha": 0.02}}, 16e-6, 0.1),
        ({"cell.device": "reram-milo-2021"}, 225e-6, 0.1),
        ({"cell.device": "pcm-joshi-2020"}, 25e-6, 0.1),
        ({"cell.device": {"kind": "pcm-joshi-2020", "G_max_uS": 2.5}}, 2.5e-6, 0.1),
        ({"cell.device": "sonos-xiao-2022"}, 1600e-9 / 0.1, 0.1),
        ({"cell.device": {"kind": "sonos-xiao-2022", "I_max_nA": 100}}, 100e-9 / 0.1, 0.1),
        ({"cell.device": f"{__name__}:Mine"}, 50e-9, 0.1),
        ({"cell.current_voltage": "milo-2021"}, 225e-6, 0.2),
        ({"cell.current_voltage": {"kind": "sinh", "read_voltage_V": 0.4}}, 16e-6, 0.4),
        ({"cell.current_voltage": f"{__name__}:Curve"}, 16e-6, 0.3),
        ({"cell.device": "sonos-xiao-2022", "cell.current_voltage": "sinh"}, 1600e-9 / 0.2, 0.2),
        ({**GATES, "array.bit_line.G_max_uS": 10.0}, 10e-6, 0.1),
    ],
    ids=str,
)
def test_cells_conduct_what_the_design_states(settings, siemens, volts):
    """G V^2 for 10 ns a slice, whatever the library's own cells conduct."""
    design = PLAIN.with_settings(settings)
    reads = 20 * 4 * 2 * design.weights.slices * design.inputs.code_bits
    assert cells_pJ(settings) == pytest.approx(0.5 * reads * siemens * volts**2 * 10e-9 * 1e12)


def table(path, headers):
    rows = [f"{target},{target + error}" for target in (0.02, 0.5, 1.0) for error in (-0.02, -0.01, 0, 0.01, 0.02)]
    path.write_text("\n".join([headers, *rows]), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("headers", "settings", "siemens"),
    [
        ("target,measured", {}, 16e-6),
        ("target,measured", {"cell.device.unit": "a.u."}, 16e-6),
        ("target,measured", {"cell.device.unit": "uS"}, 1e-6),
        ("target (uS),measured (uS)", {}, 1e-6),
        ("target (uS),measured (uS)", {"cell.device.unit": "a.u."}, 1e-6),
        ("I_target (nA),I_read (nA)", {}, 1e-9 / 0.1),
        ("target,measured", {**GATES, "array.bit_line.G_max_uS": 10.0}, 10e-6),
    ],
)
def test_tables_state_a_conductance_where_they_have_a_unit(tmp_path, headers, settings, siemens):
    """Targets from 0 to 1 without a unit were taken as uS, and cells took a sixteenth of their energy."""
    settings = {"cell.device": table(tmp_path / "cells.csv", headers), "cell.on_off_ratio": 50.0} | settings
    design = PLAIN.with_settings(settings)
    reads = 20 * 4 * 2 * design.weights.slices * design.inputs.code_bits
    assert cells_pJ(settings) == pytest.approx(0.5 * reads * siemens * 0.1**2 * 10e-9 * 1e12)
    notes = [note for note in network_cost(statistics(), design).notes if "names no unit" in note]
    assert len(notes) == (siemens == 16e-6)
    assert all("costed with the 16 uS at G_max of library 'sonos-40nm'" in note for note in notes)
    assert Design.from_toml(design.to_toml()) == design


def test_ten_times_less_conductance_costs_ten_times_less():
    """With phase-change cells of 2.5 uS it was more than with those of 25 uS, whose errors are smaller."""
    much, little = (
        network_cost(statistics(), PLAIN.with_settings({"cell.device": "pcm-joshi-2020", **more})).energies_pJ["cells"]
        for more in ({}, {"cell.device.G_max_uS": 2.5})
    )
    assert little == pytest.approx(0.1 * much, rel=0.15)


def told(settings, **more):
    """Notes about cells."""
    cost = network_cost(statistics(), PLAIN.with_settings(settings), **more)
    return [note for note in cost.notes if "cells" in note]


def test_notes_say_which_conductance_is_costed():
    (note,) = told({"cell.device": "pcm-joshi-2020"})
    assert note == (
        "cells conduct 25 uS at G_max, as cell.device 'pcm-joshi-2020' says; the 16 uS of library 'sonos-40nm' are not "
        "used"
    )
    assert told({}) == told({"cell.device": "sonos-xiao-2022"}) == []
    (note,) = told({"cell.device": "reram-milo-2021"}, library=Library.load("isaac-32nm"))
    assert "whatever they conduct: the 225 uS of cell.device 'reram-milo-2021' make no difference" in note


def test_wires_beside_a_current_are_compared_at_the_read_voltage():
    settings = {"cell.device": "sonos-xiao-2022", **GATES}
    (note,) = told({**settings, "array.bit_line.G_max_uS": 10.0})
    assert "use array.bit_line.G_max_uS = 16" in note
    assert told({**settings, "array.bit_line.G_max_uS": 16.0}) == []


def test_energy_is_traced_to_the_device_of_each_layer():
    rule = {"match": "0", "set": {"cell.device": "reram-milo-2021"}}
    design = PLAIN.with_settings({"layers": [rule]})
    cells = {part.quantity: part for part in explained("energy", statistics(), design) if part.component == "cells"}
    device, library = cells["cell.device.G_max_uS"], cells["cells.G_max_uS"]
    cost = network_cost(statistics(), design)
    share = cost.layers[0].energies_pJ["cells"] / cost.energies_pJ["cells"]
    assert device.exponent == pytest.approx(share) and library.exponent == pytest.approx(1 - share, rel=0.01)
    assert (device.number.value, device.origin) == (225.0, "cell.device 'reram-milo-2021'")


def test_what_no_full_scale_is_is_refused():
    with pytest.raises(DesignError, match=r"whose full_scale is 50.0: make it a @property that returns FullScale"):
        Design(cell={"device": f"{__name__}:Wrong"})
