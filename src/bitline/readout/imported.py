"""A user's own converter, a Python class named by its import path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PrivateAttr, SerializerFunctionWrapHandler, model_serializer, model_validator

from bitline.config.imports import import_part
from bitline.config.trust import heed, is_loadable, refusal
from bitline.errors import DesignError
from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable
from bitline.readout.adc import Adc
from bitline.readout.architectures import CircuitAdc


class ImportedAdc(Adc):
    """A `CircuitAdc` of the user's, `kind = "package.module:Class"`; its fields stand beside `kind`.

    Where a file names a class whose code nobody allowed, the converter is what the file says and no more: what the
    class sets by default is unknown, and it cannot be used.

    Raises:
        DesignError: the converter is used, and its code is not loaded.

    Examples:
        >>> adc = ImportedAdc(kind="bitline.readout.architectures.flash:FlashAdc", bits=4, resistor_mismatch=0.1)
        >>> adc.is_ideal, adc.tables(arrays=1, converters=2, draws=Draws((0,))).edges.shape
        (False, torch.Size([1, 2, 15]))
    """

    model_config = ConfigDict(extra="allow")

    kind: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    """Where the class is: package.module:Class."""
    _loaded: CircuitAdc | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _with_defaults_of_the_class(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "kind" not in data:
            return data
        kind = str(data["kind"])
        heed([kind])
        return {**_load(data).model_dump(), "kind": kind} if is_loadable(kind) else data

    def model_post_init(self, context: Any) -> None:
        if is_loadable(self.kind):
            self._loaded = _load(self.model_dump())

    def __eq__(self, other: object) -> bool:
        """Whether both have the same settings; those that the class sets are known of a loaded one only."""
        return isinstance(other, ImportedAdc) and self.model_dump() == other.model_dump()

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]
        """Go through the settings that are known."""
        return ((name, value) for name, value in super().__iter__() if self._is_known(name))

    @model_serializer(mode="wrap")
    def _known_settings(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if self._is_known(name)}

    def _is_known(self, name: str) -> bool:
        return self.is_loaded or name in self.model_fields_set

    @property
    def is_loaded(self) -> bool:
        return self._loaded is not None

    @property
    def _adc(self) -> CircuitAdc:
        if self._loaded is None:
            raise DesignError(refusal(self.kind, "adc.kind"))
        return self._loaded

    @property
    def is_ideal(self) -> bool:
        return self._adc.is_ideal

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        return self._adc.tables(arrays, converters, draws)


def _load(data: dict[str, Any]) -> CircuitAdc:
    values = {name: value for name, value in data.items() if name != "kind"}
    return import_part(str(data["kind"]), CircuitAdc, "adc.kind", values)
