"""What a network costs on a design, as a value: by layer, by component, in total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from bitline.cost import shown
from bitline.cost.components import largest_first
from bitline.cost.efficiency import Efficiency, ratio

if TYPE_CHECKING:
    import pandas as pd

OUTSIDE = "(outside the arrays)"
"""Name of what belongs to no analog layer."""


@dataclass(frozen=True, repr=False)
class LayerCost:
    """Cost of one image in one layer.

    Attributes:
        name: as in the network, or `OUTSIDE`.
        macs: multiplications with addition.
        arrays: arrays of all copies of the matrix.
        copies: copies of the matrix.
        cores: cores of all copies.
        used: share of the cells of its arrays that hold weights.
        conversions: analog-to-digital conversions.
        energies_pJ: energy by component.
        time_ns: time from its first product to its last.
        interval_ns: time for which an image keeps its arrays: the next one can follow after it. It is less than
            `time_ns` where copies of the matrix work on different images, as those of products that need each other do.

    Examples:
        >>> energies = {"ADCs": 33.5, "cells": 0.5}
        >>> cost = LayerCost("fc", 640, 1, 1, 1, 0.0022, 10, energies, time_ns=336, interval_ns=336)
        >>> cost
        <LayerCost of fc: 3.4e-05 µJ, 1 array, 0.336 µs>
        >>> cost.energy_pJ
        34.0
    """

    name: str
    macs: float
    arrays: int
    copies: int
    cores: int
    used: float
    conversions: float
    energies_pJ: Mapping[str, float]
    time_ns: float
    interval_ns: float

    @property
    def energy_pJ(self) -> float:
        """Energy of all components together."""
        return sum(self.energies_pJ.values())

    def __repr__(self) -> str:
        return shown.name_of_layer(self)


@dataclass(frozen=True, repr=False)
class NetworkCost(Efficiency):
    """Cost of a network on a design, from `network_cost`.

    Attributes:
        design: name of the design.
        library: name of the component library.
        layers: analog layers in the order of the network, then what is outside of them.
        areas_mm2: area of all tiles and chips in use by component.
        tiles: tiles in use.
        chips: chips in use.
        latency_ns: from an image's first product to its last, one layer after the other.
        interval_ns: from one image to the next.
        notes: what rests on estimates and what is not counted.

    Examples:
        >>> layers = (LayerCost("fc", 640, 1, 1, 1, 0.0022, 10, {"ADCs": 33.5, "cells": 0.5}, 336, 336),)
        >>> cost = NetworkCost("mine", "circuits", layers, {"ADCs": 0.1, "cells": 0.3}, 1, 1, 336, 336)
        >>> print(cost)
        cost of an inference on mine, library circuits
          energy  3.4e-05 µJ  37.6 TOPS/W, 53.1 fJ per MAC
          area       0.4 mm²  0.00952 TOPS/mm², 1 array, 0.22 % of cells used
          latency   0.336 µs  2,976,190 inferences/s, 0.000101 W
          most energy  ADCs 99 %, cells 1 %
          most area    cells 75 %, ADCs 25 %
        >>> round(cost.TOPS_per_W, 2)
        37.65
    """

    SCALE: ClassVar[float] = 1e-6

    design: str
    library: str
    layers: tuple[LayerCost, ...]
    areas_mm2: Mapping[str, float]
    tiles: int
    chips: int
    latency_ns: float
    interval_ns: float
    notes: tuple[str, ...] = ()

    @cached_property
    def energies_pJ(self) -> dict[str, float]:
        """Energy of one image by component, largest first."""
        total: Counter[str] = Counter()
        for layer in self.layers:
            total.update(layer.energies_pJ)
        return largest_first(total)

    @property
    def energy_uJ(self) -> float:
        """Energy of one image in microjoules."""
        return 1e-6 * self.energy_pJ

    @property
    def macs(self) -> float:
        """Multiplications with addition of one image."""
        return sum(layer.macs for layer in self.layers)

    @property
    def operations(self) -> float:
        """Operations of one image; a multiplication with addition is two."""
        return 2 * self.macs

    @property
    def period_ns(self) -> float:
        """Time from one image to the next, `interval_ns`."""
        return self.interval_ns

    @property
    def energy_per_mac_fJ(self) -> float:
        """Femtojoules of each multiplication with addition."""
        return ratio(1e9 * self.energy_uJ, self.macs)

    @property
    def latency_us(self) -> float:
        """Time from an image to its result in microseconds."""
        return 1e-3 * self.latency_ns

    @property
    def images_per_s(self) -> float:
        """Throughput."""
        return ratio(1e9, self.interval_ns)

    @property
    def power_W(self) -> float:
        """Power at full throughput."""
        return ratio(1e3 * self.energy_uJ, self.interval_ns)

    @property
    def arrays(self) -> int:
        """Arrays of all layers and copies."""
        return sum(layer.arrays for layer in self.layers)

    @property
    def used(self) -> float:
        """Share of the cells of all arrays that hold weights."""
        return sum(layer.used * layer.arrays for layer in self.layers) / max(1, self.arrays)

    def totals(self) -> dict[str, float]:
        """The numbers that designs are compared by, with units in the names."""
        return {
            "energy_uJ": self.energy_uJ,
            "energy_per_mac_fJ": self.energy_per_mac_fJ,
            "TOPS_per_W": self.TOPS_per_W,
            "area_mm2": self.area_mm2,
            "TOPS_per_mm2": self.TOPS_per_mm2,
            "latency_us": self.latency_us,
            "images_per_s": self.images_per_s,
            "power_W": self.power_W,
            "arrays": self.arrays,
            "cells_used": self.used,
            "tiles": self.tiles,
            "chips": self.chips,
            "conversions": sum(layer.conversions for layer in self.layers),
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for each layer and component: energy in pJ and uJ of one image."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame(
            [
                {"design": self.design, "layer": layer.name, "component": name, "energy_pJ": value}
                for layer in self.layers
                for name, value in layer.energies_pJ.items()
                if value
            ]
        )

    def __repr__(self) -> str:
        return shown.name_of_network(self)

    def __str__(self) -> str:
        return shown.text_of_network(self)

    def _repr_html_(self) -> str:
        return shown.html_of_network(self)

    def layers_frame(self) -> pd.DataFrame:
        """One row for each layer."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame(
            [
                {
                    "layer": layer.name,
                    "macs": layer.macs,
                    "arrays": layer.arrays,
                    "copies": layer.copies,
                    "cores": layer.cores,
                    "cells_used": layer.used,
                    "conversions": layer.conversions,
                    "energy_uJ": 1e-6 * layer.energy_pJ,
                    "time_us": 1e-3 * layer.time_ns,
                    "interval_us": 1e-3 * layer.interval_ns,
                }
                for layer in self.layers
            ]
        )

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values, for JSON."""
        layers = [
            {
                **{key: value for key, value in vars(layer).items() if key != "energies_pJ"},
                "energies_pJ": _nonzero(layer),
            }
            for layer in self.layers
        ]
        return {
            "library": self.library,
            **self.totals(),
            "energies_pJ": self.energies_pJ,
            "areas_mm2": dict(self.areas_mm2),
            "layers": layers,
            "notes": list(self.notes),
        }


def _nonzero(layer: LayerCost) -> dict[str, float]:
    return {name: value for name, value in layer.energies_pJ.items() if value}
