"""What numbers of the cost are called where people read them, with their units: one registry for all tables."""

from __future__ import annotations

from dataclasses import dataclass

from bitline.numerics.text import with_article


@dataclass(frozen=True)
class Label:
    """What a number or a word is called.

    Attributes:
        name: at an axis or above a column.
        unit: behind a number; empty where it has none.
        short: in a list of several settings, where the name is long.

    Examples:
        >>> Label("ADC resolution", "bits", "ADC bits").head
        'ADC resolution (bits)'
    """

    name: str
    unit: str = ""
    short: str = ""

    @property
    def head(self) -> str:
        """Name and unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def word(self) -> str:
        """The name where there is little room."""
        return self.short or self.name

    @property
    def brief(self) -> Label:
        """The same where there is little room: no unit behind a name that is one.

        Examples:
            >>> Label("efficiency", "TOPS/W", "TOPS/W").brief.head, Label("energy of a MAC", "fJ", "per MAC").brief.head
            ('TOPS/W', 'per MAC (fJ)')
        """
        return Label(self.word, "" if self.word == self.unit else self.unit)


INFERENCE = "inference"
"""What costs are of where nothing says what the samples of the network are called."""

COSTS = {
    "energy_uJ": Label("energy of {a_sample}", "µJ", "energy"),
    "energy_per_mac_fJ": Label("energy of a MAC", "fJ", "energy per MAC"),
    "TOPS_per_W": Label("efficiency", "TOPS/W", "TOPS/W"),
    "area_mm2": Label("area", "mm²"),
    "TOPS_per_mm2": Label("density", "TOPS/mm²", "TOPS/mm²"),
    "latency_us": Label("latency of {a_sample}", "µs", "latency"),
    "images_per_s": Label("throughput", "{sample}s/s", "{sample}s/s"),
    "power_W": Label("power", "W"),
    "arrays": Label("arrays"),
    "cells_used": Label("cells used", "fraction"),
    "conversions": Label("conversions of {a_sample}", short="conversions"),
}
"""Numbers of the cost, by their names in result tables, with a place for what a sample is called."""
COMPARED = ("energy_uJ", "area_mm2", "latency_us")
"""Costs that designs are compared by."""
LARGE = ("TOPS_per_W", "TOPS_per_mm2", "images_per_s", "cells_used")
"""Costs that are to be large."""


def label_of_cost(name: str, sample: str = INFERENCE) -> Label:
    """What a number of the cost is called.

    Args:
        name: as result tables have it.
        sample: what a sample of the network is called, as `Measure.sample` says it.

    Examples:
        >>> label_of_cost("energy_per_mac_fJ").head, label_of_cost("images_per_s", "sample").head
        ('energy of a MAC (fJ)', 'throughput (samples/s)')
        >>> label_of_cost("energy_uJ").head, label_of_cost("energy_uJ", "image").head
        ('energy of an inference (µJ)', 'energy of an image (µJ)')
    """
    label = COSTS.get(name) or Label(name.replace("_", " "))
    words = {"sample": sample, "a_sample": with_article(sample)}
    return Label(*(text.format(**words) for text in (label.name, label.unit, label.short)))
