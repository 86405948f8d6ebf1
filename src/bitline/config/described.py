"""Every setting of a model of settings: its name, the values that it takes, its default and its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from shlex import quote
from typing import Any, get_origin

from pydantic import BaseModel

from bitline.config.meanings import meaning as meaning_of
from bitline.config.variants import IMPORTED, Variant, models_in, tag_of
from bitline.numerics.text import exact

LONG = 40
"""Characters of a list above which only its length is told."""
ENTRIES = " entries"
"""After the length of such a list."""
TYPES = {
    "boolean": "true or false",
    "string": "text",
    "integer": "whole number",
    "null": "not given",
    "object": "table",
}
UNITS = {
    "bits": "bits",
    "days": "days",
    "fF": "fF",
    "K": "K",
    "MS_per_s": "MS/s",
    "nA": "nA",
    "percentile": "%",
    "percentiles": "%",
    "s": "s",
    "steps": "steps of the ADC",
    "time": "s",
    "uS": "µS",
    "V": "V",
}
"""Units of settings by how their names end."""
BOUNDS = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}


@dataclass(frozen=True)
class Described:
    """One setting.

    Attributes:
        name: dotted, as --set takes it.
        condition: the kinds that its part must be of, as in 'adc.kind = ramp, sar'; empty where all have it.
        values: what it takes, in words.
        default: as a file would write it; empty where there is none.
        meaning: from the documentation of its field.
    """

    name: str
    condition: str
    values: str
    default: str
    meaning: str

    @property
    def text(self) -> str:
        """All of it but the name and the default, in words.

        Examples:
            >>> Described("adc.bits", "adc.kind = ramp", "whole number, at least 2", "8", "Resolution.").text
            'Resolution. Values: whole number, at least 2. Only where adc.kind = ramp.'
        """
        only = f"Only where {self.condition}." if self.condition else ""
        return " ".join(filter(None, (self.meaning, f"Values: {self.values}.", only)))

    @property
    def unit(self) -> str:
        """Of its number, from its name; empty where it has none, or one that only its meaning says.

        Examples:
            >>> Described("adc.thermal_noise.full_scale_V", "", "number, above 0", "1.0", "Voltage.").unit
            'V'
        """
        words = self.name.rpartition(".")[2].split("_")
        endings = ("_".join(words[start:]) for start in range(len(words)))
        return next((UNITS[ending] for ending in endings if ending in UNITS), "") if "number" in self.values else ""

    @property
    def arguments(self) -> str:
        """What sets it on the command line, with the kind that it needs; VALUE where it has no short default.

        Settings in a list of tables, such as rules for layers, are set in files alone.

        Examples:
            >>> Described("adc.bits", "adc.kind = ramp, sar", "whole number, at least 2", "8", "Resolution.").arguments
            '--set adc.kind=ramp --set adc.bits=8'
        """
        if "[]" in self.name:
            return ""
        kinds = [condition.split(", ")[0].replace(" = ", "=") for condition in filter(None, self.condition.split("; "))]
        choice = self.values.split(", ")[0] if self.name.endswith(".kind") else "VALUE"
        default = "" if self.default.endswith(ENTRIES) else self.default
        value = f"{self.name}={default or choice}"
        return " ".join(f"--set {quote(text)}" for text in (*kinds, value))


def described(model: type[BaseModel], prefix: str = "") -> list[Described]:
    """All settings of a model and of its parts, in their order.

    Args:
        model: of settings; its parts may come in variants.
        prefix: of their names.

    Examples:
        >>> class Wire(BaseModel):
        ...     segment: float = 1e-5
        >>> described(Wire)
        [Described(name='segment', condition='', values='number', default='1e-05', meaning='')]
    """
    schema = _schema(model)
    rows: list[Described] = []
    for name, field in model.model_fields.items():
        parts, several = list(models_in(field.annotation)), get_origin(field.annotation) in (list, tuple)
        meaning = " ".join(meaning_of(model, name).split())
        if name == "kind":
            continue
        if not parts:
            values = _values(schema["properties"][name], schema.get("$defs", {}))  # as in values_of, at once for all
            default = "" if field.is_required() else _written(field.get_default(call_default_factory=True))
            rows.append(Described(prefix + name, "", values, default, meaning))
        elif len(parts) == 1 and not issubclass(parts[0], Variant):
            rows += described(parts[0], f"{prefix}{name}{'[]' if several else ''}.")
        else:
            rows += _of_variants(f"{prefix}{name}", parts, field.default, meaning)
    return rows


def values_of(model: type[BaseModel], name: str) -> str:
    """What a setting takes, in words; empty where it is made of settings itself.

    Args:
        model: of settings.
        name: of one of its fields.

    Examples:
        >>> from pydantic import Field
        >>> class Wire(BaseModel):
        ...     rows: int = Field(1, ge=1)
        ...     share: float | None = Field(None, gt=0, le=1)
        >>> values_of(Wire, "rows"), values_of(Wire, "share")
        ('whole number, at least 1', 'number, above 0 and at most 1, or not given')
    """
    if list(models_in(model.model_fields[name].annotation)):
        return ""
    schema = _schema(model)
    return _values(schema["properties"][name], schema.get("$defs", {}))


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _of_variants(name: str, parts: list[type[BaseModel]], default: Any, meaning: str) -> Iterator[Described]:
    """The choice between variants, and the settings of each; one that several have is told once."""
    kinds = [tag_of(part) for part in parts]  # type: ignore[arg-type]
    yield Described(f"{name}.kind", "", ", ".join(kinds), getattr(default, "kind", ""), meaning)
    found: dict[Described, list[str]] = {}
    for kind, part in zip(kinds, parts, strict=True):
        for row in described(part, f"{name}."):
            found.setdefault(row, []).append(kind)
    configurable = sum(kind != IMPORTED and len(part.model_fields) > 1 for kind, part in zip(kinds, parts, strict=True))
    for row, of in found.items():
        own = [kind for kind in of if kind != IMPORTED] or of
        here = "" if len(own) == configurable > 1 else f"{name}.kind = {', '.join(own)}"
        yield replace(row, condition="; ".join(filter(None, (here, row.condition))))


def _values(schema: dict[str, Any], known: dict[str, Any]) -> str:
    """What a JSON Schema allows, in words."""
    if "$ref" in schema:
        return _values(known[schema["$ref"].rpartition("/")[2]], known)
    if "enum" in schema or "const" in schema:
        return ", ".join(map(str, schema.get("enum", [schema.get("const")])))
    if "anyOf" in schema:
        return ", or ".join(_values(choice, known) for choice in schema["anyOf"])
    kind = schema.get("type", "any")
    if kind == "array":
        inner: dict[str, Any] = schema.get("items") or next(iter(schema.get("prefixItems", [])), {})
        return f"list of {_of_several(_values(inner, known))}" if inner else "list"
    limits = _limits(schema)
    between = "" if not limits else " " if limits.startswith("from") else ", "
    return f"{TYPES.get(kind, kind)}{between}{limits}"


def _of_several(values: str) -> str:
    """Values in words, of the entries of a list."""
    if values.startswith("list"):
        return values.replace("list", "lists", 1)
    return values.replace("number", "numbers", 1).replace(", ", ", each ", 1) if "number" in values else values


def _limits(schema: dict[str, Any]) -> str:
    """The bounds of a number, in words."""
    if {"minimum", "maximum"} <= schema.keys():
        return f"from {exact(schema['minimum'])} to {exact(schema['maximum'])}"
    return " and ".join(f"{word} {exact(schema[key])}" for key, word in BOUNDS.items() if key in schema)


def _written(value: Any) -> str:
    """A value as a file would write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)) and len(str(value)) > LONG:
        return f"{len(value)}{ENTRIES}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_written, value))}]"
    return str(value)
