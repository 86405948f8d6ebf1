"""The frozen, validated value that every part of a design is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Part(BaseModel):
    """A frozen part of a design; unknown keys are errors, units are in the names."""

    RENAMED: ClassVar[dict[str, str]] = {}
    """Keys of earlier versions and what they are called now, for messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants", use_attribute_docstrings=True)


def shorthand(tag: str, default: str) -> BeforeValidator:
    """Let a variant be written as its bare name, and fill in the default variant where none is named.

    `adc.range = "full"` then means `adc.range = { kind = "full" }`.

    Args:
        tag: the key that tells the variants apart.
        default: the variant meant by a table without that key.
    """

    def expand(value: Any) -> Any:
        if isinstance(value, str):
            return {tag: value}
        if isinstance(value, dict) and tag not in value:
            return {tag: default, **value}
        return value

    return BeforeValidator(_named(expand, tag))


IMPORTED = "package.module:Class"
"""Tag of a variant whose class is a user's; messages list it among the names to choose from."""


def kind(value: Any) -> str:
    """Tag of a variant chosen by `kind`. Messages show the name of this function as that of the key."""
    name = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return IMPORTED if ":" in str(name) else str(name)


def _named(function: Callable[[Any], Any], tag: str) -> Callable[[Any], Any]:
    function.__name__ = f"shorthand_{tag}"
    return function
