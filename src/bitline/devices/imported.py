"""A user's own device, a Python class named by its import path."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, PrivateAttr, ValidationError
from torch import Tensor

from bitline._imports import import_object
from bitline.devices._device import Device
from bitline.draws import Draws


class Imported(Device):
    """A `Device` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`."""

    model_config = ConfigDict(extra="allow")

    kind: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    """Where the class is: package.module:Class."""
    _device: Device = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        self._device = _load(self.kind, dict(self.__pydantic_extra__ or {}))

    @property
    def is_exact(self) -> bool:
        return self._device.is_exact

    @property
    def own_on_off_ratio(self) -> float:
        return self._device.own_on_off_ratio

    def program(self, target: Tensor, draws: Draws) -> Tensor:
        return self._device.program(target, draws)

    def aged(self, programmed: Tensor, target: Tensor, seconds: float, draws: Draws) -> Tensor:
        return self._device.aged(programmed, target, seconds, draws)

    def read_noise(self, conductance: Tensor, seconds: float) -> Tensor | None:
        return self._device.read_noise(conductance, seconds)

    def check(self, lowest: float, seconds: float) -> None:
        self._device.check(lowest, seconds)


def _load(path: str, settings: dict[str, Any]) -> Device:
    module_name, _, class_name = path.partition(":")
    try:
        found = import_object(path)
    except AttributeError:
        found = None
    except ImportError as error:
        raise ValueError(
            f"cell.device is {path!r}, but {module_name} cannot be imported ({error}): put it on PYTHONPATH"
        ) from None
    if not (isinstance(found, type) and issubclass(found, Device)):
        raise ValueError(
            f"cell.device is {path!r}, but {module_name} has no class {class_name!r} derived from "
            "bitline.devices.Device"
        )
    try:
        return found(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"cell.device {path!r}: {where}: {first['msg']}") from None
