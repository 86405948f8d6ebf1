"""A user's own current against voltage, a Python class named by its import path."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from bitline.config.imported import ImportedPart
from bitline.config.variants import Variant
from bitline.devices.current_voltage import CurrentVoltage
from bitline.shapes import Cellwise


class ImportedCurrent(ImportedPart[CurrentVoltage], CurrentVoltage, extra="allow"):
    """A `CurrentVoltage` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`.

    Raises:
        DesignError: it is used, and its code is not loaded.

    Examples:
        >>> import torch
        >>> curve = ImportedCurrent(kind="bitline.devices.sinh_current:SinhCurrent", scale_V=0.1)
        >>> curve.current(torch.tensor([1.0]), voltage=0.5)
        tensor([0.3240])
    """

    SETTING: ClassVar[str] = "cell.current_voltage"
    BASE: ClassVar[type[Variant]] = CurrentVoltage

    @property
    def is_linear(self) -> bool:
        return self.is_loaded and self.loaded.is_linear

    def current(self, conductance: Cellwise, voltage: float | Tensor) -> Cellwise:
        return self.loaded.current(conductance, voltage)
