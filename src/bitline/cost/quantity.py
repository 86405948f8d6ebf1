"""Numbers of component libraries: a value, how far it may lie off, and who published it."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from bitline.config.part import Part


class Quantity(Part):
    """A number with its source; the unit is in the name of what it belongs to. Without a source it is an estimate.

    Examples:
        >>> Quantity(value=2.4, range=(2.0, 2.6)).is_estimate
        True
        >>> Quantity(value=2.4, range=(30, 40))
        Traceback (most recent call last):
        pydantic_core._pydantic_core.ValidationError: ... use ends on both sides of the value, 2.4, or leave it out ...
    """

    LARGEST: ClassVar[float] = math.inf
    """No number of the kind is above it."""

    value: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """The number."""
    range: tuple[float, float] | None = None
    """Smallest and largest value that it may well have, on both sides of the number."""
    source: str = ""
    """Publication, table or equation; empty for an estimate."""
    basis: str = ""
    """What an estimate rests on."""

    @field_validator("range")
    @classmethod
    def _around_the_value(cls, ends: tuple[float, float] | None, info: ValidationInfo) -> tuple[float, float] | None:
        value = info.data.get("value")
        if ends is None or value is None:
            return ends
        low, high = ends
        if low > high:
            raise PydanticCustomError("range", f"write the smaller end first, [{high:g}, {low:g}]")
        if low < 0 or (low == 0 and value > 0):
            raise PydanticCustomError("range", "use ends above 0")
        if high > cls.LARGEST:
            raise PydanticCustomError("range", f"use ends of {cls.LARGEST:g} at most")
        if not low <= value <= high:
            raise PydanticCustomError("range", f"use ends on both sides of the value, {value:g}, or leave it out")
        return ends

    @property
    def is_estimate(self) -> bool:
        """Whether nobody published this number."""
        return not self.source


class Share(Quantity):
    """A `Quantity` that is a fraction of a whole: 1 at most, and so are the ends of its range.

    Examples:
        >>> Share(value=0.5).value
        0.5
        >>> Share(value=50)
        Traceback (most recent call last):
        pydantic_core._pydantic_core.ValidationError: ... Input should be less than or equal to 1 ...
    """

    LARGEST: ClassVar[float] = 1.0

    value: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    """The number, a fraction."""


def _from_number(value: Any) -> Any:
    if isinstance(value, str):
        raise PydanticCustomError("quantity", "use a number, or a table with value and source")
    return {"value": value} if isinstance(value, (int, float)) and not isinstance(value, bool) else value


AnyQuantity = Annotated[Quantity, BeforeValidator(_from_number)]
"""A `Quantity`, or a bare number, which is then an estimate."""


AnyShare = Annotated[Share, BeforeValidator(_from_number)]
"""A `Share`, or a bare number, which is then an estimate."""


def _positive(quantity: Quantity) -> Quantity:
    if quantity.value == 0:
        raise PydanticCustomError("rate", "use a number above 0")
    return quantity


AnyRate = Annotated[AnyQuantity, AfterValidator(_positive)]
"""An `AnyQuantity` that something is divided by, or that cannot be 0 in any circuit."""

NOTHING = Quantity(value=0.0, source="not used")
"""For what a library's circuits do not have."""
