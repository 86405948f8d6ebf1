"""The cost model beside published chips."""

import math

import pytest

from bitline import Design
from bitline.cost import Library, RowActivity, core_cost
from bitline.cost.chips import Macro, agreements, compare_chips, neurram_cost, neurram_design
from bitline.cost.scaling import supply_of


@pytest.fixture(scope="module")
def found():
    return {agreement.name: agreement for agreement in agreements(compare_chips())}


def test_neurram_is_within_15_per_cent_on_average():
    rows = [row for row in compare_chips() if row.group == "NeuRRAM"]
    for quantity in ("TOPS/W", "TOPS"):
        errors = [abs(row.ratio - 1) for row in rows if row.quantity == quantity]
        assert len(errors) == 10
        assert sum(errors) / 10 < 0.15


@pytest.mark.parametrize("part", ["word lines", "neurons and control", "input pulses"])
def test_parts_of_neurrams_energy(found, part):
    agreement = found[f"NeuRRAM fJ/op of {part}"]
    assert agreement.count == 8
    assert agreement.mean_factor < 1.2


@pytest.mark.parametrize("chip", ["Jia 2020", "Sinangil 2021", "AIMC1"])
def test_chips_that_nothing_is_fitted_to(chip):
    rows = [row for row in compare_chips() if row.chip == chip]
    assert rows
    assert all(row.factor < 2 for row in rows)


def test_the_table_surrounds_the_model(found):
    table = found["table TOPS/W of 1 bit"]
    assert table.count >= 30
    assert 0.5 < table.mean_ratio < 2


def test_bits_of_a_slice_are_integrated_again_and_again():
    """One phase of four bits takes 1 + 2 + 4 + 8 integrations, two phases 3 + 3; each conversion has one more step."""
    step = Library.load("reram-130nm").slice_ns.value
    assert neurram_cost(7, 5, phases=1).time_ns == pytest.approx(step * (15 + 7 + 1))
    assert neurram_cost(7, 5, phases=2).time_ns == pytest.approx(step * (3 + 3 + 7 + 5 + 2))


def test_the_core_of_neurram_is_a_design_like_others():
    design = neurram_design(6, 4)
    assert design.hardware.library == "reram-130nm"
    assert core_cost(design, rows=128, columns=256).areas_mm2["ADCs"] == pytest.approx(256 * 1270e-6)


def test_operations_of_one_bit_are_not_those_of_the_chip():
    """The table's trap: it counts an operation once for every bit of the input and of the weight."""
    row = next(row for row in compare_chips() if row.chip.startswith("Lee VLSI"))
    macro = Macro(
        node_nm=28, supply_V=0.9, rows=1152, input_bits=5, adc_bits=8, outputs=256, sums="charge", product="and"
    )
    assert row.model_value == pytest.approx(5 * macro.TOPS_per_W(Library.load("sram-28nm")))


def test_pulses_cost_the_drivers_more_than_levels():
    library = Library.load("sram-28nm")
    levels = Macro(node_nm=28, supply_V=0.9, rows=64, input_bits=4, adc_bits=4, outputs=16)
    pulses = levels.model_copy(update={"inputs": "pulses"})
    assert pulses.energies_pJ(library)["row drivers"] == pytest.approx(15 * levels.energies_pJ(library)["row drivers"])
    assert levels.energies_pJ(library)["row converters"] > 0 == pulses.energies_pJ(library)["row converters"]


def test_a_group_knows_its_worst(found):
    assert found["blind TOPS/W"].worst.startswith("AIMC2")
    assert math.isnan(found["blind TOPS/W"].inside)


@pytest.mark.parametrize("name", ["sonos-40nm", "reram-130nm", "isaac-32nm"])
def test_a_macro_costs_what_a_core_of_the_same_rows_does(name):
    """Cells conducted for 1 ns, and every output paid for the drivers and the whole array that it shares."""
    library, (rows, outputs) = Library.load(name), (128, 64)
    macro = Macro(node_nm=library.node_nm, supply_V=supply_of(library), rows=rows, adc_bits=8, outputs=outputs)
    bits = {"weights.kind": "offset", "weights.bits": 2, "weights.bits_per_cell": "unsliced", "inputs.bits": 1}
    design = Design().with_settings({**bits, "array.rows": rows, "array.columns": outputs})
    core = core_cost(design, library, rows=rows, columns=outputs, activity=RowActivity(0.5, 0.5, 0.5))
    energies = macro.energies_pJ(library)
    for component in ("cells", "row drivers", "integrators", "ADCs"):
        assert outputs * energies[component] == pytest.approx(core.energies_pJ[component])


def test_cells_of_a_macro_by_hand():
    """1,152 cells at half of 16 uS, 0.1 V and 10 ns; 576 driven rows of 256 cells and their logic, for 256 outputs."""
    macro = Macro(node_nm=40, supply_V=1.1, rows=1152, adc_bits=8, outputs=256)
    energies = macro.energies_pJ(Library.load("sonos-40nm"))
    assert energies["cells"] == pytest.approx(1152 * 0.5 * 16e-6 * 0.1**2 * 10e-9 * 1e12)
    wires_fF = 576 * (0.4 * 0.2 + 0.235)
    assert energies["row drivers"] == pytest.approx(1e-3 * wires_fF * 2.5**2 + 576 * 0.015 / 256)
