"""What a person is told about a cost."""

from __future__ import annotations

from small_cost import statistics

from bitline import Design
from bitline.cost import Library, network_cost


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


def test_converters_unknown_to_a_library_come_from_the_survey():
    cost = network_cost(statistics(), Design(adc={"kind": "flash", "bits": 5}))
    assert any("flash" in note and "2404.06553" in note for note in cost.notes)
