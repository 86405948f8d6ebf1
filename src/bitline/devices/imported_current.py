"""A user's own current against voltage, a Python class named by its import path."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from bitline.config.imported import ImportedPart
from bitline.config.users_methods import UsersMethod
from bitline.config.variants import Variant
from bitline.devices.current_voltage import CurrentVoltage
from bitline.devices.full_scale import FullScale, check_full_scale
from bitline.devices.users_oddities import oddities_of_currents
from bitline.devices.users_results import CURRENTS, checked, unchanged
from bitline.errors import DeviceError
from bitline.shapes import Cellwise


class ImportedCurrent(ImportedPart[CurrentVoltage], CurrentVoltage, extra="allow"):
    """A `CurrentVoltage` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`.

    Raises:
        DesignError: it is used, and its code is not loaded.
        DeviceError: `current` returns what is not a finite current for each cell, or cannot be differentiated.

    Examples:
        >>> import torch
        >>> curve = ImportedCurrent(kind="bitline.devices.sinh_current:SinhCurrent", scale_V=0.1)
        >>> curve.current(torch.tensor([1.0]), voltage=0.5)
        tensor([0.3240])
    """

    SETTING: ClassVar[str] = "cell.current_voltage"
    BASE: ClassVar[type[Variant]] = CurrentVoltage

    def model_post_init(self, context: Any) -> None:
        super().model_post_init(context)
        if self.is_loaded:
            self.method("current").check_arguments(CurrentVoltage)
            check_full_scale(UsersMethod(self.SETTING, self.kind, self.loaded, "full_scale"), self.full_scale)

    @property
    def is_linear(self) -> bool:
        return self.is_loaded and self.loaded.is_linear

    @property
    def full_scale(self) -> FullScale | None:
        return self.loaded.full_scale

    @property
    def stated_read_V(self) -> float | None:
        return self.loaded.stated_read_V

    def current(self, conductance: Cellwise, voltage: float | Tensor) -> Cellwise:
        method, arguments = self.method("current"), {"conductance": conductance}
        if isinstance(voltage, Tensor):
            arguments["voltage"] = voltage
        with unchanged(method, **arguments):
            result = self.loaded.current(conductance, voltage)
        result = checked(result, CURRENTS, method, **arguments)
        if torch.is_grad_enabled() and conductance.requires_grad and not result.requires_grad:
            raise DeviceError(
                f"{method} cannot be differentiated by PyTorch, which arrays with wires or read noise need: compute "
                "with functions of torch, without .detach(), .numpy() or rounding"
            )
        return result

    def notes(self) -> tuple[str, ...]:
        return (*self.loaded.notes(), *oddities_of_currents(self.method("current"), self.current))
