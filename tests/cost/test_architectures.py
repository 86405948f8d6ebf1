"""Laws of converters by architecture."""

import pytest

from bitline import Design
from bitline.cost import Library, core_cost
from bitline.cost.architectures import LAWS, Process, PublishedConverter, bounded_pJ, least_pJ


def converter(kind):
    return PublishedConverter.of(kind, node_nm=28, supply_V=0.9)


def test_no_two_architectures_cost_the_same():
    design = Design.load("sonos-a")
    costs = [core_cost(design.with_settings({"adc.kind": kind})) for kind in LAWS]
    assert len({round(cost.energies_pJ["ADCs"], 6) for cost in costs}) == len(LAWS)
    assert len({round(cost.areas_mm2["ADCs"], 9) for cost in costs}) == len(LAWS)
    assert len({round(cost.time_ns, 6) for cost in costs}) == 3  # one step, as many as bits, one less


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_a_flash_has_a_comparator_for_every_edge(bits):
    ratio = converter("flash").energy_pJ(bits) / converter("flash").energy_pJ(2)
    assert ratio == pytest.approx((2**bits - 1) / 3)


def test_a_search_takes_a_step_for_each_bit_and_a_flash_one():
    assert converter("sar").time_ns(8) == pytest.approx(8 * converter("flash").time_ns(8))
    assert converter("cyclic").time_ns(8) == pytest.approx(7 * converter("pipeline").time_ns(8))


def test_matching_limits_the_capacitors_of_a_search():
    """Below 10 bits the smallest capacitor limits them: twice as much for a bit; above, matching: four times."""
    circuit = Process(28, 0.9)
    assert circuit.capacitors_fF(7) == pytest.approx(2 * circuit.capacitors_fF(6))
    assert circuit.capacitors_fF(13) == pytest.approx(4 * circuit.capacitors_fF(12))


def test_a_cyclic_converter_is_small_and_a_pipeline_fast():
    assert converter("cyclic").area_um2(10) < converter("pipeline").area_um2(10)
    assert converter("cyclic").time_ns(10) > converter("pipeline").time_ns(10)
    assert converter("cyclic").energy_pJ(10) > converter("pipeline").energy_pJ(10)


def test_noise_bounds_the_energy_of_every_converter():
    assert least_pJ(9) == pytest.approx(4 * least_pJ(8))
    ramp = Library.load("sonos-40nm").converters["ramp"]
    assert bounded_pJ(ramp, 8) == ramp.energy_pJ(8)
    cheap = Library.load("isaac-32nm").with_settings({"converters.sar.capacitor_share": 0}).converters["sar"]
    assert bounded_pJ(cheap, 16) == least_pJ(16) > cheap.energy_pJ(16)


@pytest.mark.parametrize("kind", LAWS)
def test_every_further_bit_takes_more_energy_and_area(kind):
    energies = [converter(kind).energy_pJ(bits) for bits in range(2, 17)]
    areas = [converter(kind).area_um2(bits) for bits in range(2, 17)]
    assert energies[0] > 0 and energies == sorted(set(energies))
    assert areas[0] > 0 and areas == sorted(set(areas))


def test_noise_asks_for_less_capacitance_at_a_higher_supply():
    """kT / C against the square of the full scale."""
    assert Process(28, 0.9).amplifier_fF(8) == pytest.approx(4 * Process(28, 1.8).amplifier_fF(8))


@pytest.mark.parametrize("kind", ["sar", "split-sar"])
def test_many_bits_take_four_times_the_capacitors_for_each(kind):
    """Matching decides; what the steps take is the same for each bit, and goes with the differences."""
    first, second, third = (
        converter(kind).energy_pJ(bits + 1) - converter(kind).energy_pJ(bits) for bits in (16, 17, 18)
    )
    assert (third - second) / (second - first) == pytest.approx(4)


def test_a_search_of_a_library_takes_half_the_time_for_half_the_bits():
    sar = Library.load("isaac-32nm").converters["sar"]
    assert sar.time_ns(8) == pytest.approx(2 * sar.time_ns(4))
