"""Cells whose current rises faster than their voltage."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from bitline.devices.current_voltage import CurrentVoltage
from bitline.shapes import Cellwise


class SinhCurrent(CurrentVoltage):
    """I = G V_read sinh(V/V_0) / sinh(V_read/V_0), as through the gap of a filament (Guan, Yu and Wong, IEEE EDL
    33(10), 2012: I proportional to sinh(V/V_0)).

    At the read voltage a cell conducts G; at smaller ones, less than in proportion. For V_0 far above V_read the curve
    is a straight line with a cubic term, V^3 / (6 V_0^2).

    Examples:
        Half of the read voltage does not drive half of the current:

        >>> SinhCurrent(read_voltage_V=0.4, scale_V=0.25).current(torch.tensor([0.25, 1.0]), voltage=0.5)
        tensor([0.0935, 0.3738])
    """

    kind: Literal["sinh"] = "sinh"

    read_voltage_V: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.2
    """Row voltage of the largest input."""
    scale_V: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.25
    """V_0, above which currents rise exponentially; at least a fiftieth of the read voltage."""

    steepest: ClassVar[float] = 50.0
    """Largest V_read/V_0: exp(50) is well inside float32, and half of the voltage gives e^-25 of the current."""

    @model_validator(mode="after")
    def _check_steepness(self) -> Self:
        if self.read_voltage_V > self.steepest * self.scale_V:
            raise ValueError(
                f"cell.current_voltage.scale_V is {self.scale_V:g} and read_voltage_V is {self.read_voltage_V:g}, "
                f"{self.read_voltage_V / self.scale_V:g} times as large, and currents rise as e to that power: use a "
                f"scale_V of at least {self.read_voltage_V / self.steepest:.3g}"
            )
        return self

    @property
    def stated_read_V(self) -> float | None:
        return self.read_voltage_V

    def current(self, conductance: Cellwise, voltage: float | Tensor) -> Cellwise:
        largest = self.read_voltage_V / self.scale_V
        if isinstance(voltage, Tensor):
            return conductance * torch.sinh(voltage * largest) / math.sinh(largest)
        return conductance * (math.sinh(voltage * largest) / math.sinh(largest))
