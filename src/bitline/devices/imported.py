"""A user's own device, a Python class named by its import path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from bitline.config.imported import ImportedPart
from bitline.config.variants import Variant
from bitline.devices._device import Device
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise


class Imported(ImportedPart[Device], Device, extra="allow"):
    """A `Device` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`.

    Raises:
        DesignError: the device is used, and its code is not loaded.

    Examples:
        >>> import torch
        >>> device = Imported(kind="bitline.devices.state_proportional:StateProportional", alpha=0.02)
        >>> device.program(torch.tensor([0.1, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.1012, 0.5019, 1.0204])
    """

    SETTING: ClassVar[str] = "cell.device"
    BASE: ClassVar[type[Variant]] = Device

    def model_post_init(self, context: Any) -> None:
        super().model_post_init(context)
        for name in ("program", "aged", "read_noise", "check", "notes") if self.is_loaded else ():
            _check_arguments(self.kind, getattr(type(self.loaded), name), getattr(Device, name))

    @property
    def is_exact(self) -> bool:
        return self.loaded.is_exact

    @property
    def default_on_off_ratio(self) -> float:
        return self.loaded.default_on_off_ratio

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        return self.loaded.program(target, draws)

    def aged(self, programmed: Cellwise, target: Cellwise, seconds: float, draws: Draws) -> Cellwise:
        return self.loaded.aged(programmed, target, seconds, draws)

    def read_noise(self, conductance: Cellwise, programmed: Cellwise, seconds: float) -> Cellwise | None:
        return self.loaded.read_noise(conductance, programmed, seconds)

    def check(self, lowest: float, seconds: float) -> None:
        self.loaded.check(lowest, seconds)

    def notes(self, lowest: float, seconds: float) -> tuple[str, ...]:
        return self.loaded.notes(lowest, seconds)


def _check_arguments(kind: str, method: Callable[..., Any], wanted: Callable[..., Any]) -> None:
    """Refuse a method that bitline could not call.

    Raises:
        ValueError: the method takes other arguments; the message says which it must take.
    """
    names = list(inspect.signature(wanted).parameters)
    try:
        inspect.signature(method).bind(*names)
    except TypeError:
        found = ", ".join(inspect.signature(method).parameters)
        raise ValueError(
            f"cell.device is {kind!r}, whose {wanted.__name__} takes ({found}), but bitline calls it with "
            f"({', '.join(names)}): see bitline.devices.Device"
        ) from None
