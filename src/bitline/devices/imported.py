"""A user's own device, a Python class named by its import path."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, ClassVar

from bitline.config.imported import ImportedPart
from bitline.config.users_methods import UsersMethod
from bitline.config.variants import Variant
from bitline.devices._device import Device
from bitline.devices.full_scale import FullScale, check_full_scale
from bitline.devices.users_oddities import oddities_of_programming
from bitline.devices.users_results import CONDUCTANCES, SIGMAS, checked, like, unchanged
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise


class Imported(ImportedPart[Device], Device, extra="allow"):
    """A `Device` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`.

    What its methods return is checked before anything is computed with it.

    Raises:
        DesignError: the device is used, and its code is not loaded.
        DeviceError: a method returns what is not a number for each cell that a device can have.

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
        if self.is_loaded:
            for name in ("program", "aged", "read_noise", "check", "notes"):
                self.method(name).check_arguments(Device)
            _check_properties(self.loaded, self.kind)

    @property
    def is_exact(self) -> bool:
        return self.loaded.is_exact

    @property
    def default_on_off_ratio(self) -> float:
        return float(self.loaded.default_on_off_ratio)

    @property
    def full_scale(self) -> FullScale | None:
        return self.loaded.full_scale

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        method = self.method("program")
        with unchanged(method, target=target):
            result = self.loaded.program(target, draws)
        return like(checked(result, CONDUCTANCES, method, target=target), target)

    def aged(self, programmed: Cellwise, target: Cellwise, seconds: float, draws: Draws) -> Cellwise:
        method = self.method("aged")
        with unchanged(method, programmed=programmed, target=target):
            result = self.loaded.aged(programmed, target, seconds, draws)
        return like(checked(result, CONDUCTANCES, method, programmed=programmed), programmed)

    def read_noise(self, conductance: Cellwise, programmed: Cellwise, seconds: float) -> Cellwise | None:
        method = self.method("read_noise")
        with unchanged(method, conductance=conductance, programmed=programmed):
            result = self.loaded.read_noise(conductance, programmed, seconds)
        return None if result is None else like(checked(result, SIGMAS, method, conductance=conductance), conductance)

    @property
    def noise_lasts(self) -> bool:
        return bool(self.loaded.noise_lasts)

    def check(self, lowest: float, seconds: float) -> None:
        self.loaded.check(lowest, seconds)

    def notes(self, lowest: float, seconds: float) -> tuple[str, ...]:
        return (
            *self.loaded.notes(lowest, seconds),
            *oddities_of_programming(self.method("program"), lowest, self.program),
        )


def _check_properties(device: Device, kind: str) -> None:
    """Refuse properties of another type than they must have, such as methods without `@property`.

    Raises:
        ValueError: `is_exact` is not true or false, `default_on_off_ratio` no number, or `full_scale` no `FullScale`.
    """
    exact, ratio = device.is_exact, device.default_on_off_ratio
    if not isinstance(exact, bool):
        method = UsersMethod("cell.device", kind, device, "is_exact")
        raise ValueError(f"{method} is {_shown(exact)}: make it a @property that returns True or False")
    if isinstance(ratio, bool) or not isinstance(ratio, Real) or math.isnan(ratio):
        method = UsersMethod("cell.device", kind, device, "default_on_off_ratio")
        raise ValueError(
            f"{method} is {_shown(ratio)}: make it a @property that returns G_max / G_min, math.inf for cells that can "
            "be switched off"
        )
    check_full_scale(UsersMethod("cell.device", kind, device, "full_scale"), device.full_scale)


def _shown(value: Any) -> str:
    return "a method" if callable(value) else repr(value)
