"""How the current of a cell depends on the voltage of its row."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from bitline.config.variants import Variant
from bitline.devices._fits import polynomial
from bitline.devices.full_scale import FullScale
from bitline.shapes import Cellwise


class CurrentVoltage(Variant):
    """How the current of a cell follows from its conductance and the voltage of its row.

    A class of the user's own gives `current`, and its fields; a design names it by `kind = "package.module:Class"`.
    Currents are smooth functions of the voltage, since arrays with wires are solved by Newton's method, which
    differentiates `current` by PyTorch.

    Examples:
        >>> class Saturating(CurrentVoltage):
        ...     def current(self, conductance, voltage):
        ...         return conductance * torch.as_tensor(voltage).tanh() / math.tanh(1)
        >>> import math, torch
        >>> Saturating().current(torch.tensor([0.2, 1.0]), voltage=0.5)
        tensor([0.1214, 0.6068])
    """

    @property
    def is_linear(self) -> bool:
        """Whether currents are proportional to voltages."""
        return False

    @property
    def full_scale(self) -> FullScale | None:
        """What a cell conducts at G_max, where the curve depends on it."""
        return None

    @property
    def stated_read_V(self) -> float | None:
        """Row voltage of the largest input, where the curve depends on it."""
        return None

    def current(self, conductance: Cellwise, voltage: float | Tensor) -> Cellwise:
        """Currents in units of G_max V_read.

        Args:
            conductance: G/G_max, any shape.
            voltage: V/V_read, -1 .. 1, the same for all cells or a tensor with the voltage of each.
        """
        raise NotImplementedError

    def notes(self) -> tuple[str, ...]:
        """What a reader of results should know; one sentence each."""
        return ()


class Ohmic(CurrentVoltage):
    """I = G V.

    Examples:
        >>> import torch
        >>> Ohmic().current(torch.tensor([0.2, 1.0]), voltage=0.5)
        tensor([0.1000, 0.5000])
    """

    kind: Literal["ohmic"] = "ohmic"

    @property
    def is_linear(self) -> bool:
        return True

    def current(self, conductance: Cellwise, voltage: float | Tensor) -> Cellwise:
        return conductance * voltage


class Milo2021(CurrentVoltage):
    """I = G V + N2 V^2 + N3 V^3, for G from 50 to 225 uS and V between +-0.5 V (Milo et al., IEEE IRPS 2021).

    N2 and N3 in A/V^2 and A/V^3 are polynomials in log10(G / S); conductances outside of the measured range have the
    N2 and N3 of its nearest end, so that a cell without conductance still draws their current. Meant for cells whose
    input is a voltage on the row.

    Examples:
        Half of the read voltage does not drive half of the current:

        >>> import torch
        >>> cells = torch.tensor([0.25, 1.0])
        >>> Milo2021().current(cells, voltage=0.5) / Milo2021().current(cells, voltage=1.0)
        tensor([0.5253, 0.5004])
    """

    kind: Literal["milo-2021"] = "milo-2021"
    measured_S: ClassVar[tuple[float, float]] = (50e-6, 225e-6)

    read_voltage_V: Annotated[float, Field(gt=0, le=0.5)] = 0.2
    """Row voltage of the largest input."""
    G_max_uS: Annotated[float, Field(gt=0)] = 225.0
    """Conductance of a cell at G_max."""
    N2: tuple[float, ...] = (0.007063, 0.005711, 0.001541, 0.0001388)
    """Coefficients of N2, c0 first."""
    N3: tuple[float, ...] = (1.2968e-3, 6.7919e-4, 8.8710e-05)
    """Coefficients of N3, c0 first."""

    @property
    def full_scale(self) -> FullScale | None:
        return FullScale(self.G_max_uS, "uS")

    @property
    def stated_read_V(self) -> float | None:
        return self.read_voltage_V

    def current(self, conductance: Cellwise, voltage: float | Tensor) -> Cellwise:
        largest = self.G_max_uS * 1e-6
        log = (conductance.double() * largest).clamp(*self.measured_S).log10()
        volts = voltage * self.read_voltage_V
        bend = polynomial(self.N2, log) * volts**2 + polynomial(self.N3, log) * volts**3
        return conductance * voltage + (bend / (largest * self.read_voltage_V)).to(conductance.dtype)
