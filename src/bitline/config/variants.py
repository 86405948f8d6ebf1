"""Parts of a design that come in several variants, told apart by their `kind`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from bitline.config.part import Part

IMPORTED = "package.module:Class"
"""Tag of a variant whose class is a user's; messages list it among the names to choose from."""


class Variant(Part):
    """One of several choices for a part of a design. A variant gives its `kind` a literal type and default.

    Examples:
        >>> from typing import Literal
        >>> class Quiet(Variant):
        ...     kind: Literal["quiet"] = "quiet"
        >>> Quiet().kind
        'quiet'
    """

    kind: str = ""
    """Which variant it is; a user's own class needs none, because designs name it by its import path."""

    @property
    def is_loaded(self) -> bool:
        """Whether its code is at hand: a class that only a file names is not loaded until someone allows it."""
        return True


@dataclass(frozen=True)
class Variants:
    """Annotation that lets a union of variants be chosen by `kind`, or by the bare name of one of them.

    `adc.range = "full"` then means `adc.range = { kind = "full" }`. The tags are those of the classes themselves, so a
    new variant is one more class in the union.

    Examples:
        >>> from bitline.readout import AnyRange
        >>> from pydantic import TypeAdapter
        >>> TypeAdapter(AnyRange).validate_python("full")
        FullRange(kind='full')
        >>> TypeAdapter(AnyRange).validate_python({"percentile": 99.9}).kind
        'calibrated'

    Attributes:
        default: the variant that a table without `kind` means.
    """

    default: str

    def __get_pydantic_core_schema__(self, union: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {tag_of(variant): handler.generate_schema(variant) for variant in get_args(union)}
        tagged = core_schema.tagged_union_schema(choices, discriminator=kind)
        return core_schema.no_info_before_validator_function(self.expanded, tagged)

    def expanded(self, value: Any) -> Any:
        """A value with its `kind`."""
        if isinstance(value, str):
            return {"kind": value}
        if isinstance(value, dict) and "kind" not in value:
            return {"kind": self.default, **value}
        return value


def tag_of(variant: type[Part]) -> str:
    """The kind that chooses a variant, or what stands for the import path of a user's class.

    Examples:
        >>> from bitline.readout import UniformAdc
        >>> tag_of(UniformAdc)
        'uniform'
    """
    default = variant.model_fields["kind"].default
    return default if isinstance(default, str) and default else IMPORTED


def kind(value: Any) -> str:
    """Tag of a value. Messages show the name of this function as that of the key."""
    name = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return IMPORTED if ":" in str(name) else str(name)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation names: one, or those of a union.

    Examples:
        >>> from bitline.readout import AnyRange, CalibratedRange
        >>> CalibratedRange in models_in(AnyRange), list(models_in(int))
        (True, [])
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def chosen_by_kind(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted names of the settings that come in variants, in a model and in what it is made of.

    Args:
        model: such as a design.
        prefix: of the names.

    Examples:
        >>> from bitline.design import Inputs
        >>> list(chosen_by_kind(Inputs, "inputs."))
        ['inputs.range']
    """
    for name, field in model.model_fields.items():
        if any(isinstance(what, Variants) for what in field.metadata):
            yield prefix + name
        for part in models_in(field.annotation):
            yield from chosen_by_kind(part, f"{prefix}{name}.")
