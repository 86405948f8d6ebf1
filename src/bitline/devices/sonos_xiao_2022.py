"""SONOS charge-trap cells of 40 nm, as in the paper that bitline implements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bitline.devices._fits import piecewise_linear
from bitline.devices._sonos import DriftingSonos
from bitline.shapes import Cellwise


class SonosXiao2022(DriftingSonos):
    """Two-transistor SONOS cell read in the subthreshold region at V_G = 0 V, V_D = 0.1 V; currents 0 .. 1600 nA.

    Spread sigma(I) = B (1 - exp(-I / C)) around the mean current I of the time, and mean currents, after 0, 1, 2 and 5
    days (Xiao et al., "An Accurate, Error-Tolerant, and Energy-Efficient Neural Network Inference Engine Based on SONOS
    Analog Memory", IEEE TCAS-I 69(4), 1480-1493, 2022, Fig. 4d and 4e; the spread at day 0 is that of arXiv
    2109.01262v3, Fig. 22). Mean shift and sigma are interpolated linearly between measured currents, and in the
    logarithm of time between measured times, from 0 to 1 day in time itself; above 1585 nA the last segment of the
    shift goes on, and below 52 nA, where nothing was measured, the shift falls linearly to zero for a cell that is off.

    The published distributions are of many cells at one time. What a cell does from one time to the next is modelled:
    it keeps its programming error, shifts with the mean, and the growth of the spread is one more normal deviation of
    the cell, so that mean and sigma at every published time are the published ones for cells that were written once and
    not clipped.

    Examples:
        Cells just after programming, and a day later:

        >>> import torch
        >>> from bitline.numerics.draws import Draws
        >>> device, draws = SonosXiao2022(), Draws((0, 0, "conv1"))
        >>> target = torch.tensor([0.1, 0.5, 1.0])
        >>> cells = device.program(target, draws)
        >>> cells, device.aged(cells, target, 86400.0, draws)
        (tensor([0.1039, 0.5037, 1.0240]), tensor([0.1083, 0.4999, 0.9909]))
    """

    kind: Literal["sonos-xiao-2022"] = "sonos-xiao-2022"
    measured: ClassVar[tuple[float, float]] = (0.0, 1600.0)

    I_max_nA: Annotated[float, Field(ge=1e-3)] = 1600.0
    """Current of a cell at G_max and the read voltage."""
    spread_times_days: tuple[float, ...] = (0.0, 1.0, 2.0, 5.0)
    """Times of `spread_B_nA` and `spread_C_nA`."""
    spread_B_nA: tuple[float, ...] = (39.5656, 46.1065, 50.3982, 53.4358)
    """Spread of the largest currents at each time."""
    spread_C_nA: tuple[float, ...] = (1 / 0.00188704, 1 / 0.00203079, 1 / 0.00205587, 1 / 0.00217328)
    """Current scale at which the spread saturates at each time."""
    # fmt: off
    retention_nA: tuple[tuple[float, ...], ...] = (
        (52.36, 101.54, 151.1, 202.17, 254.18, 305.76, 361.97, 408.88,
         512.92, 607.13, 721.61, 825.66, 930.48, 1034.71, 1303.16, 1585.32),
        (54.94, 103.82, 155.11, 206.69, 259.1, 308.48, 363.51, 411.18,
         512.22, 601.67, 711.76, 817.82, 917.37, 1019.99, 1281.87, 1553.01),
        (56.51, 105.8, 157.73, 210.48, 262.89, 312.24, 369.76, 417.15,
         519.34, 604.93, 715.29, 814.42, 918.3, 1019.02, 1278.3, 1550.17),
        (58.44, 110.93, 162.27, 213.43, 273.47, 319.09, 377.16, 421.33,
         524.99, 608.45, 717.14, 819.56, 918.27, 1023.06, 1278.56, 1543.26),
    )
    # fmt: on
    """Mean currents at each time of the same 16 groups of cells."""

    @property
    def largest(self) -> float:
        return self.I_max_nA

    @property
    def _days(self) -> tuple[float, ...]:
        return self.spread_times_days

    @property
    def _spreads(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return self.spread_B_nA, self.spread_C_nA

    @property
    def series(self) -> dict[str, Sequence[object]]:
        return {name: getattr(self, name) for name in ("spread_B_nA", "spread_C_nA", "retention_nA")}

    def _shift(self, time: int, state: Cellwise) -> Cellwise:
        """Mean shift in nA since programming, zero for a cell that is off."""
        start = self.retention_nA[0]
        shifts = [later - first for first, later in zip(start, self.retention_nA[time], strict=True)]
        return piecewise_linear(state, (0.0, *start), (0.0, *shifts))
