"""A user's own converter, a Python class named by its import path."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, PrivateAttr, model_validator

from bitline.config.imports import import_part
from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable
from bitline.readout.adc import Adc
from bitline.readout.architectures import CircuitAdc


class ImportedAdc(Adc):
    """A `CircuitAdc` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`.

    Examples:
        >>> adc = ImportedAdc(kind="bitline.readout.architectures.flash:FlashAdc", bits=4, resistor_mismatch=0.1)
        >>> adc.is_ideal, adc.tables(arrays=1, converters=2, draws=Draws((0,))).edges.shape
        (False, torch.Size([1, 2, 15]))
    """

    model_config = ConfigDict(extra="allow")

    kind: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    """Where the class is: package.module:Class."""
    _adc: CircuitAdc = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _with_defaults_of_the_class(cls, data: Any) -> Any:
        return {**_load(data).model_dump(), "kind": data["kind"]} if isinstance(data, dict) and "kind" in data else data

    def model_post_init(self, context: Any) -> None:
        self._adc = _load(self.model_dump())

    @property
    def is_ideal(self) -> bool:
        return self._adc.is_ideal

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        return self._adc.tables(arrays, converters, draws)


def _load(data: dict[str, Any]) -> CircuitAdc:
    values = {name: value for name, value in data.items() if name != "kind"}
    return import_part(str(data["kind"]), CircuitAdc, "adc.kind", values)
