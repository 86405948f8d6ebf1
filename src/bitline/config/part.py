"""The frozen, validated value that every part of a design is made of."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A frozen part of a design; unknown keys are errors, units are in the names."""

    RENAMED: ClassVar[dict[str, str]] = {}
    """Keys of earlier versions and what they are called now, for messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants", use_attribute_docstrings=True)
