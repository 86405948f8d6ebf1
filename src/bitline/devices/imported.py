"""A user's own device, a Python class named by its import path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PrivateAttr

from bitline.config.imports import import_part
from bitline.config.trust import heed, is_loadable, refusal
from bitline.devices._device import Device
from bitline.errors import DesignError
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise


class Imported(Device):
    """A `Device` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`.

    Where a file names a class whose code nobody allowed, the device is what the file says and no more: it cannot be
    used.

    Raises:
        DesignError: the device is used, and its code is not loaded.

    Examples:
        >>> import torch
        >>> device = Imported(kind="bitline.devices.state_proportional:StateProportional", alpha=0.02)
        >>> device.program(torch.tensor([0.1, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.1012, 0.5019, 1.0204])
    """

    model_config = ConfigDict(extra="allow")

    kind: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    """Where the class is: package.module:Class."""
    _loaded: Device | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any) -> None:
        heed([self.kind])
        if not is_loadable(self.kind):
            return
        self._loaded = import_part(self.kind, Device, "cell.device", dict(self.__pydantic_extra__ or {}))
        for name in ("program", "aged", "read_noise", "check"):
            _check_arguments(self.kind, getattr(type(self._loaded), name), getattr(Device, name))

    def __eq__(self, other: object) -> bool:
        """Whether both are the same in a file; it makes no difference which of them are loaded."""
        return isinstance(other, Imported) and self.model_dump() == other.model_dump()

    @property
    def is_loaded(self) -> bool:
        return self._loaded is not None

    @property
    def _device(self) -> Device:
        if self._loaded is None:
            raise DesignError(refusal(self.kind, "cell.device"))
        return self._loaded

    @property
    def is_exact(self) -> bool:
        return self._device.is_exact

    @property
    def default_on_off_ratio(self) -> float:
        return self._device.default_on_off_ratio

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        return self._device.program(target, draws)

    def aged(self, programmed: Cellwise, target: Cellwise, seconds: float, draws: Draws) -> Cellwise:
        return self._device.aged(programmed, target, seconds, draws)

    def read_noise(self, conductance: Cellwise, programmed: Cellwise, seconds: float) -> Cellwise | None:
        return self._device.read_noise(conductance, programmed, seconds)

    def check(self, lowest: float, seconds: float) -> None:
        self._device.check(lowest, seconds)


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
