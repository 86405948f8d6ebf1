"""What a person is told about a cost."""

from __future__ import annotations

import pytest
import torch
from small_cost import statistics
from torch import nn

from bitline import Design
from bitline.cost import Library, gather_statistics, network_cost
from bitline.cost.architectures import PublishedConverter
from bitline.cost.scaling import supply_of
from bitline.readout.architectures import RampAdc


def test_a_changed_number_is_an_estimate_and_shown_as_such():
    published = Library.load("isaac-32nm")
    changed = published.with_settings({"converters.sar.conversion_pJ": 3})
    assert changed.quantities()["converters.sar.conversion_pJ"].is_estimate
    counts = [
        next(int(note.split()[0]) for note in network_cost(statistics(), Design.load("isaac"), library).notes
             if "are estimates" in note)
        for library in (published, changed)
    ]  # fmt: skip
    assert counts[1] == counts[0] + 1


def test_converters_unknown_to_a_library_follow_a_law_and_a_note_names_the_remedy():
    cost = network_cost(statistics(), Design(adc={"kind": "flash", "bits": 5}))
    (note,) = [note for note in cost.notes if "2404.06553" in note]
    assert "no converter 'flash'" in note and "the law of its architecture" in note and "[converters.flash]" in note


class OwnAdc(RampAdc):
    """A converter of which bitline knows nothing."""


def test_a_converter_of_ones_own_costs_what_a_good_published_one_does():
    """Not what the best does, which is a hundredth: the note names the law and how to state one's own numbers."""
    library, name = Library.load("sonos-40nm"), f"{__name__}:OwnAdc"
    own = Design(adc={"kind": name, "bits": 7})
    cost = network_cost(statistics(), own)
    sar = network_cost(statistics(), own.with_settings({"adc": {"kind": "sar", "bits": 7}}))
    assert cost.energies_pJ["ADCs"] == sar.energies_pJ["ADCs"]
    (note,) = [note for note in cost.notes if "2404.06553" in note]
    assert "like a sar converter" in note and f'[converters."{name}"]' in note

    mine = {"kind": "sar", "bits": 7, "rate_MS_per_s": 50, "conversion_pJ": 1.2, "capacitor_share": 0.5, "area": 500}
    stated = Library(**{**library.model_dump(), "converters": {**library.model_dump()["converters"], name: mine}})
    known = network_cost(statistics(), own, stated)
    assert not any("2404.06553" in note for note in known.notes)
    law_pJ = PublishedConverter.of("sar", library.node_nm, supply_of(library)).energy_pJ(7)
    assert known.energies_pJ["ADCs"] / cost.energies_pJ["ADCs"] == pytest.approx(1.2 / law_pJ)


def test_spare_columns_take_area_and_load_their_rows():
    """Half as many columns again: cells and what a row's driver charges grow by a half, and nothing else does."""
    library = Library.load("sonos-40nm").with_settings({"drivers.logic_pJ": 0.0})
    plain, spared = (
        network_cost(
            statistics(), Design().with_settings({"array.columns": 16, "cell.faults.spare_columns": spares}), library
        )
        for spares in (0, 8)
    )
    assert spared.areas_mm2["cells"] == pytest.approx(1.5 * plain.areas_mm2["cells"])
    assert spared.energies_pJ["row drivers"] == pytest.approx(1.5 * plain.energies_pJ["row drivers"])
    same = [name for name in plain.energies_pJ if name != "row drivers"]
    assert [spared.energies_pJ[name] for name in same] == [plain.energies_pJ[name] for name in same]
    assert spared.latency_ns == plain.latency_ns
    assert any("switches" in note and "cell.faults.spare_columns" in note for note in spared.notes)


def test_what_is_added_for_a_centred_conversion_is_counted():
    plain, centred = (
        network_cost(statistics(), Design().with_settings({"adc.centred": value})) for value in (False, True)
    )
    outputs = sum(layer.products * layer.outputs for layer in statistics().layers)
    adder = Library.load(Design().hardware.library).adder.energy_pJ.value
    more = centred.energies_pJ["adders"] - plain.energies_pJ.get("adders", 0.0)
    assert more == pytest.approx(outputs * adder)
    assert centred.areas_mm2["adders"] > plain.areas_mm2.get("adders", 0.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"adc.centred": True}, "subtracts the mean of each column"),
        ({"adc.ranges_per": ["column"]}, "gain and offset stages"),
        ({"adc.ranges_per": ["partition"]}, "gain and offset stages"),
        ({"cell.drift_compensation": "column"}, "reads that measure gains"),
        ({"cell.drift_compensation": "layer"}, "reads that measure gains"),
    ],
)
def test_circuits_that_no_library_has_are_named(settings, words):
    (name,) = settings
    notes = network_cost(statistics(), Design().with_settings(settings)).notes
    assert [note for note in notes if note.startswith("not counted: ") and words in note and name in note]
    assert not any(note.startswith("not counted: ") for note in network_cost(statistics(), Design()).notes)


@pytest.mark.parametrize(
    ("settings", "factor", "own"),
    [
        ({"adc.rate_MS_per_s": 1000.0}, "256", "3.91"),  # 256 steps of a ramp at 1 GHz
        ({"adc.rate_MS_per_s": 1000.0, "adc.bits": 6}, "64", "15.6"),
        ({"adc": {"kind": "cyclic", "bits": 8, "rate_MS_per_s": 1000.0}}, "6.4", "156"),  # 7 steps of 0.64 ns at 28 nm
        ({"adc.rate_MS_per_s": 3.9}, None, None),
        ({"adc": {"kind": "ramp", "bits": 8, "rate_MS_per_s": 1e3}, "hardware.library": "isaac-32nm"}, "5.85", "171"),
    ],
)
def test_a_rate_beyond_the_circuits_own_is_named(settings, factor, own):
    """Times follow the design; energies and areas of converters do not depend on the rate, which a note says."""
    cost = network_cost(statistics(), Design().with_settings(settings))
    notes = [note for note in cost.notes if note.startswith("adc.rate_MS_per_s is ")]
    if factor is None:
        assert not notes
    else:
        (note,) = notes
        assert f"{factor} times the {own} that" in note


@pytest.mark.parametrize("slice_bits", [1, 4])
def test_converters_of_rows_that_cost_nothing_are_named_where_there_are_any(slice_bits):
    library = Library.load("sonos-40nm").with_settings({"row_dac_bit.energy_pJ": 0.0, "row_dac_bit.area_um2": 0.0})
    notes = network_cost(statistics(), Design(inputs={"slice_bits": slice_bits}), library).notes
    words = "rows are driven with 4 bits at once"
    assert any(words in note for note in notes) == (slice_bits == 4)
    assert not any("rows are driven with" in note for note in notes if words not in note)


@pytest.mark.parametrize(("settings", "is_told"), [({}, False), ({"cell.on_off_ratio": 10.0}, True)])
def test_cells_beside_groups_that_share_an_array_are_named(settings, is_told):
    network = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8))
    design = Design().with_settings({"cell.on_off_ratio": float("inf")} | settings)
    cost = network_cost(gather_statistics(network, design, torch.rand(2, 8, 6, 6)), design)
    assert any("groups of 0 share arrays" in note for note in cost.notes) == is_told
