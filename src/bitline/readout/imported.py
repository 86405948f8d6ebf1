"""A user's own converter, a Python class named by its import path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from bitline.config.imported import ImportedPart
from bitline.config.trust import heed, is_loadable
from bitline.config.variants import Variant
from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable
from bitline.readout.adc import Adc
from bitline.readout.architectures import CircuitAdc


class ImportedAdc(ImportedPart[CircuitAdc], Adc, extra="allow"):
    """A `CircuitAdc` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`.

    Settings that a file leaves out are those that the class sets by default, and unknown while it is not loaded.

    Raises:
        DesignError: the converter is used, and its code is not loaded.

    Examples:
        >>> adc = ImportedAdc(kind="bitline.readout.architectures.flash:FlashAdc", bits=4, resistor_mismatch=0.1)
        >>> adc.is_ideal, adc.tables(arrays=1, converters=2, draws=Draws((0,))).edges.shape
        (False, torch.Size([1, 2, 15]))
    """

    SETTING: ClassVar[str] = "adc.kind"
    BASE: ClassVar[type[Variant]] = CircuitAdc

    @model_validator(mode="before")
    @classmethod
    def _with_defaults_of_the_class(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "kind" not in data:
            return data
        kind = str(data["kind"])
        heed([kind])
        return {**cls.load(data).model_dump(), "kind": kind} if is_loadable(kind) else data

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]
        """Go through the settings that are known."""
        return ((name, value) for name, value in super().__iter__() if self._is_known(name))

    @model_serializer(mode="wrap")
    def _known_settings(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if self._is_known(name)}

    def _is_known(self, name: str) -> bool:
        return self.is_loaded or name in self.model_fields_set

    @property
    def is_ideal(self) -> bool:
        return self.loaded.is_ideal

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        return self.loaded.tables(arrays, converters, draws)
