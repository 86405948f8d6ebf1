"""SONOS charge-trap cells of 40 nm with drift over five days and read noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from bitline.devices._fits import polynomial, saturating
from bitline.devices._sonos import DriftingSonos
from bitline.shapes import Cellwise

DRIFT_RANGE_NA = 1800.0


class SonosAgrawal2022(DriftingSonos):
    """SONOS cells of Agrawal et al., "Subthreshold operation of SONOS analog memory to enable accurate low-power neural
    network inference", IEDM 2022, 21.7; currents 0 .. 3200 nA just after programming, 0 .. 1800 nA later.

    Spread of programming and between devices sigma(I) = A (1 - exp(-I / B)) around the mean current I of the time, at 0
    to 5 days (Fig. 10a); mean drift, a polynomial of degree 10 in the target, added to it at 1 to 5 days (Fig. 10b);
    read noise sigma(I) = 12.58 nA (1 - exp(-I / 215.4 nA)) of the current at the time of reading (Fig. 11b). Between
    measured times drift and sigma are interpolated in the logarithm of time, from 0 to 1 day in time itself, which the
    publication says nothing about: more of the first day's change may lie in its first hours.

    The measured distributions are of many cells at one time. What a cell does from one time to the next is modelled: it
    keeps its programming error, and the growth of the spread is one more normal deviation of the cell, so that mean and
    sigma at every measured time are the measured ones for cells that were written once and not clipped.

    Examples:
        Cells just after programming, and a day later:

        >>> import torch
        >>> from bitline.numerics.draws import Draws
        >>> device, draws = SonosAgrawal2022(), Draws((0, 0, "conv1"))
        >>> target = torch.tensor([0.1, 0.5, 1.0])
        >>> cells = device.program(target, draws)
        >>> cells, device.aged(cells, target, 86400.0, draws)
        (tensor([0.1042, 0.5021, 1.0113]), tensor([0.1068, 0.5006, 0.9978]))
    """

    kind: Literal["sonos-agrawal-2022"] = "sonos-agrawal-2022"
    measured: ClassVar[tuple[float, float]] = (0.0, 3200.0)

    I_max_nA: Annotated[float, Field(ge=1e-3)] = 1800.0
    """Current of a cell at G_max and the read voltage."""
    times_days: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
    """Times of the spread; the drift has no entry for day 0."""
    spread_A_nA: tuple[float, ...] = (19.88665, 25.59102, 28.72753, 31.04318, 33.76214, 34.57909)
    """Spread of the largest currents at each time."""
    spread_B_nA: tuple[float, ...] = (176.3115, 186.85544, 193.56834, 198.90332, 204.77023, 207.34309)
    """Current scale at which the spread saturates at each time."""
    # fmt: off
    drift: tuple[tuple[float, ...], ...] = (
        (1.72684e-01, 5.72552e-02, -6.85715e-04, 3.50271e-06, -9.37682e-09, 1.40575e-11,
         -1.19803e-14, 5.41293e-18, -8.85448e-22, -1.66869e-25, 5.95180e-29),
        (2.50712e-01, 6.62195e-02, -6.83218e-04, 2.99442e-06, -6.78255e-09, 7.70482e-12,
         -3.04983e-15, -2.15919e-18, 2.94617e-21, -1.23359e-24, 1.85329e-28),
        (-1.75300e-02, 9.76883e-02, -9.63791e-04, 4.55551e-06, -1.22391e-08, 1.93786e-11,
         -1.85899e-14, 1.07659e-17, -3.58211e-21, 5.96785e-25, -3.30410e-29),
        (4.03338e-02, 1.03111e-01, -1.04740e-03, 4.83961e-06, -1.28132e-08, 1.99484e-11,
         -1.85139e-14, 1.00008e-17, -2.84944e-21, 3.01008e-25, 1.18747e-29),
        (3.19927e-01, 1.06596e-01, -1.04054e-03, 4.50290e-06, -1.10352e-08, 1.56477e-11,
         -1.27592e-14, 5.45513e-18, -7.26841e-22, -2.43893e-25, 7.14608e-29),
    )
    # fmt: on
    """Coefficients c0 .. c10 of the mean drift in nA, for a current in nA, at 1 .. 5 days."""
    noise_nA: float = 12.58037
    """Read noise of the largest currents."""
    noise_scale_nA: float = 215.36557
    """Current scale at which the read noise saturates."""

    @property
    def largest(self) -> float:
        return self.I_max_nA

    @property
    def _days(self) -> tuple[float, ...]:
        return self.times_days

    @property
    def _spreads(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return self.spread_A_nA, self.spread_B_nA

    def check(self, lowest: float, seconds: float) -> None:
        super().check(lowest, seconds)
        if seconds > 0 and self.largest > DRIFT_RANGE_NA and not self.extrapolate:
            raise ValueError(
                f"cell.device {self.kind!r} has I_max_nA = {self.largest:g}, but its drift was measured up to "
                f"{DRIFT_RANGE_NA:g} nA: use at most that, cell.time = 0, or cell.device.extrapolate = true"
            )

    @property
    def series(self) -> dict[str, Sequence[object]]:
        return {"spread_A_nA": self.spread_A_nA, "spread_B_nA": self.spread_B_nA, "drift": (0.0, *self.drift)}

    def read_noise(self, conductance: Cellwise, programmed: Cellwise, seconds: float) -> Cellwise:
        state = conductance.clamp(min=0) * self.largest
        return saturating(self.noise_nA, self.noise_scale_nA, state) / self.largest

    def _state(self, target: Cellwise) -> Cellwise:
        return super()._state(target.double())  # for powers up to the tenth

    def _shift(self, time: int, state: Cellwise) -> Cellwise:
        return torch.zeros_like(state) if time == 0 else polynomial(self.drift[time - 1], state)
