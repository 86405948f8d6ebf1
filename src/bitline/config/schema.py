"""JSON Schemas of designs and studies, with which editors complete and check TOML files."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def editor_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a file.

    A part that has variants may also be the bare name of one of them, as in `adc.range = "full"`, and numbers may be
    the words 'inf' or '1 day' where the model reads such words.

    Args:
        model: what the file is read as.

    Examples:
        >>> from pydantic import BaseModel
        >>> class Wire(BaseModel):
        ...     segment: float = 0.0
        >>> editor_schema(Wire)["properties"]["segment"]["type"]
        'number'
    """
    schema = _with_bare_names(model.model_json_schema())
    return {"$schema": DIALECT, **schema}


def _with_bare_names(part: Any) -> Any:
    """A schema in which every choice between variants may be a word."""
    if isinstance(part, list):
        return [_with_bare_names(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    inner = {name: _with_bare_names(value) for name, value in part.items()}
    choices = inner.get("oneOf")
    if isinstance(choices, list) and any("$ref" in choice for choice in choices if isinstance(choice, dict)):
        inner.pop("oneOf")
        inner.pop("discriminator", None)
        inner["anyOf"] = [*choices, {"type": "string"}]
    return inner
