"""Which number of a component library matters most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bitline.config.arguments import checked
from bitline.cost.designs import design_and_library
from bitline.cost.efficiency import ratio
from bitline.cost.library import Library
from bitline.cost.network import network_cost
from bitline.cost.statistics import Statistics
from bitline.design import Design
from bitline.errors import DesignError

if TYPE_CHECKING:
    import pandas as pd


@checked(DesignError)
def sensitivity(
    statistics: Statistics, design: Design | str, library: Library | None = None, factor: float = 2.0
) -> pd.DataFrame:
    """What each number of the library does to the cost of a network when it alone is multiplied.

    Args:
        statistics: of the network.
        design: the accelerator.
        library: circuits; those that the design names if not given.
        factor: by which every number is multiplied in turn; a share becomes 1 at most.

    Returns:
        One row for each number, the largest change of energy first: `quantity`, `value`, `is_estimate`, and the ratios
        `energy`, `area`, `latency` and `interval` of the changed to the unchanged cost, NaN where the latter is 0.

    Raises:
        DesignError: the design has no converter, there is no such library, or the factor is not above 0.

    Examples:
        >>> from bitline.cost import gather_statistics
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(64, 10))
        >>> _ = torch.nn.init.eye_(network[0].weight)
        >>> statistics = gather_statistics(network, "sonos-a", torch.linspace(0, 1, 640).reshape(10, 64))
        >>> frame = sensitivity(statistics, "sonos-a")
        >>> frame[["quantity", "energy", "area"]].head(3).round(2)
                       quantity  energy  area
        0      drivers.supply_V    2.21   1.0
        1       drivers.cell_fF    1.30   1.0
        2  buffer_bit.energy_pJ    1.29   1.0
    """
    import pandas as pd  # here, for the start-up of what does not need it

    if not 0 < factor < math.inf:
        raise DesignError(f"factor is {factor}: give a number above 0, such as 2")
    design, library = design_and_library(design, library)
    base = network_cost(statistics, design, library)
    rows = []
    for name, quantity in library.quantities().items():
        changed = library.with_settings({name: min(factor * quantity.value, quantity.LARGEST)})
        cost = network_cost(statistics, design, changed)
        rows.append(
            {
                "quantity": name,
                "value": quantity.value,
                "is_estimate": quantity.is_estimate,
                "energy": ratio(cost.energy_uJ, base.energy_uJ),
                "area": ratio(cost.area_mm2, base.area_mm2),
                "latency": ratio(cost.latency_ns, base.latency_ns),
                "interval": ratio(cost.interval_ns, base.interval_ns),
            }
        )
    frame = pd.DataFrame(rows)
    return frame.sort_values("energy", key=lambda ratio: (ratio - 1).abs(), ascending=False, ignore_index=True)
