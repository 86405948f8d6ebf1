"""What a person is told about a cost."""

from __future__ import annotations

import pytest
from small_cost import statistics

from bitline import Design
from bitline.cost import Library, network_cost
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
    law_pJ = PublishedConverter.of("sar", library.node_nm, supply_of(library)).energy_pJ(7, None)
    assert known.energies_pJ["ADCs"] / cost.energies_pJ["ADCs"] == pytest.approx(1.2 / law_pJ)
