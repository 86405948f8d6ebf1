"""The frozen, validated value that every part of a design is made of."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from bitline.config.meanings import meaning
from bitline.errors import DesignError
from bitline.numerics.text import exact, type_in_words

NUMBERS = (int, float)
SEEMING = "seeming_number"
"""Type of the error about a value that is no number; its message begins with the name of the setting."""


class Part(BaseModel):
    """A frozen part of a design; unknown keys are errors, units are in the names.

    Numbers must be written as numbers: neither truth values nor texts are taken for them. They are finite where the
    field does not say `allow_inf_nan=True`; infinity may also be the word 'inf', as JSON has no other.
    """

    RENAMED: ClassVar[dict[str, str]] = {}
    """Keys of earlier versions and what they are called now, for messages."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        ser_json_inf_nan="constants",
    )

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise DesignError(
                f"{name} of {type_in_words(self)} stays as it is: make another one, as "
                "design.with_settings({'adc.bits': 5}) does of a design"
            )
        super().__setattr__(name, value)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema with what each setting means."""
        schema = handler(core_schema)
        for name, known in handler.resolve_ref_schema(schema).get("properties", {}).items():
            if meaning(cls, name):
                known.setdefault("description", meaning(cls, name))
        return schema

    @model_validator(mode="before")
    @classmethod
    def _check_numbers(cls, values: Any) -> Any:
        """Refuse what only seems to be a number, and would be converted to one."""
        if not isinstance(values, dict):
            return values
        for name in _number_fields(cls):
            value = values.get(name)
            if type(value) in NUMBERS or value is None:
                continue
            for entry in _entries(value):
                wrong = _seeming_number(entry)
                if wrong:
                    raise PydanticCustomError(SEEMING, "{error}", {"error": f"{name} is {value!r}: {wrong}"})
        return values


def _seeming_number(value: Any) -> str:
    """Why a value that pydantic would convert is no number; empty if it is one, or is not converted."""
    if isinstance(value, bool):
        return "it takes a number, not true or false"
    try:
        if not (isinstance(value, str) and math.isfinite(float(value))):
            return ""
        tomllib.loads(f"number = {value}")
    except tomllib.TOMLDecodeError:  # such as 06, which is a text for TOML
        return f"write {exact(float(value))}"
    except ValueError:
        return ""
    return "write the number without quotes"


@cache
def _number_fields(part: type[Part]) -> tuple[str, ...]:
    """Settings that take numbers, and neither texts nor truth values, and have no reader of their own."""
    return tuple(name for name, field in part.model_fields.items() if _takes_numbers(field))


def _takes_numbers(known: FieldInfo) -> bool:
    atoms = {atom for piece in (known.annotation, *known.metadata) for atom in _atoms(piece)}
    has_parts = any(isinstance(atom, type) and issubclass(atom, BaseModel) for atom in atoms)
    return not atoms.isdisjoint(NUMBERS) and not has_parts and atoms.isdisjoint((bool, str, Any, "a reader"))


def _atoms(annotation: Any) -> Iterator[Any]:
    """Types that an annotation is made of."""
    if hasattr(annotation, "func"):
        yield "a reader"
    inner = get_args(annotation)
    if not inner and isinstance(annotation, (type, type(Any))):
        yield annotation
    for part in inner:
        if not isinstance(part, str):  # the words of a Literal
            yield from _atoms(part)


def _entries(value: Any) -> Iterator[Any]:
    """A value, or those of a list or a table."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else None
    if inner is None:
        yield value
        return
    for part in inner:
        yield from _entries(part)
