"""A user's own converter, a Python class named by its import path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator
from torch import Tensor

from bitline.config.imported import ImportedPart
from bitline.config.trust import heed, is_loadable
from bitline.config.variants import Variant
from bitline.errors import DesignError
from bitline.numerics.draws import Draws
from bitline.numerics.text import type_in_words
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

    def model_post_init(self, context: Any) -> None:
        super().model_post_init(context)
        if self.is_loaded:
            self.method("tables").check_arguments(CircuitAdc)
            is_ideal = self.loaded.is_ideal
            if not isinstance(is_ideal, bool):
                said = "a method" if callable(is_ideal) else repr(is_ideal)
                method = self.method("is_ideal")
                raise ValueError(f"{method} is {said}: make it a @property that returns True or False")

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

    @property
    def approximations(self) -> tuple[str, ...]:
        return self.loaded.approximations if self.is_loaded else ()

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        """Transfer curves of the class, one for each converter.

        Raises:
            DesignError: they are none of converters of these bits.
        """
        found = self.loaded.tables(arrays, converters, draws)
        try:
            return _checked(found, self.bits, arrays, converters)
        except ValueError as error:
            raise DesignError(f"{self.method('tables')} returns {error}") from None


def _checked(table: Any, bits: int, arrays: int, converters: int) -> TransferTable:
    """Curves that can be looked up, with those that converters share for each of them.

    Raises:
        ValueError: with what is wrong, after "returns".
    """
    if not isinstance(table, TransferTable):
        raise ValueError(f"{type_in_words(table)}: return a TransferTable")
    edges, codes = (
        _for_each(values, what, arrays, converters) for what, values in (("edges", table.edges), ("codes", table.codes))
    )
    if codes.shape[-1] != edges.shape[-1] + 1 or edges.shape[-1] < 2**bits - 1:
        raise ValueError(
            f"{edges.shape[-1]} edges and {codes.shape[-1]} codes for {bits} bits: give {2**bits - 1} edges or more "
            "(one twice where a code is missing), and a code more than edges"
        )
    if not bool((edges[..., 1:] >= edges[..., :-1]).all()):
        raise ValueError("edges that do not ascend, or NaN: TransferTable.monotonic puts them in order")
    if not bool(((codes >= 0) & (codes < 2**bits) & (codes == codes.round())).all()):
        raise ValueError(f"codes that are no whole numbers from 0 to {2**bits - 1}")
    return TransferTable(edges.contiguous(), codes.contiguous())


def _for_each(values: Tensor, what: str, arrays: int, converters: int) -> Tensor:
    """Values of every converter of every array."""
    if values.ndim != 3 or values.shape[0] not in (1, arrays) or values.shape[1] not in (1, converters):
        raise ValueError(
            f"{what} of the shape {tuple(values.shape)}: give ({arrays}, {converters}, {what}), or 1s there"
        )
    return values.expand(arrays, converters, -1)
