"""TOML files of designs."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel

from bitline.config.meanings import meaning
from bitline.errors import DesignError

DEEPEST = 50
"""How deeply tables and lists of a file may be nested; those of designs and studies are a few deep."""


def read(path: Path) -> str:
    """Text of a file.

    Raises:
        DesignError: the file cannot be read, or is not UTF-8 text.

    Examples:
        >>> read(Path("missing.toml"))
        Traceback (most recent call last):
        bitline.errors.DesignError: cannot read missing.toml: No such file or directory
    """
    try:
        return path.read_text(encoding="utf-8-sig")  # editors of Windows mark the encoding
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DesignError(f"cannot read {path}: {reason}") from None


def parse(text: str, origin: str) -> dict[str, Any]:
    """Values of TOML text.

    Args:
        text: what the file contains.
        origin: what messages call it.

    Raises:
        DesignError: it is not valid TOML, is nested too deeply, or has numbers with too many digits.

    Examples:
        >>> parse("adc = { bits = 6 }", "my_design.toml")
        {'adc': {'bits': 6}}
        >>> parse("adc = { bits = 6", "my_design.toml")
        Traceback (most recent call last):
        bitline.errors.DesignError: my_design.toml is not valid TOML: Unclosed inline table (at end of document)
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DesignError(f"{origin} is not valid TOML: {error}") from None
    except RecursionError:
        raise DesignError(f"{origin} is nested more than {DEEPEST} deep: leave out the outer brackets") from None
    except ValueError:  # of Python's limit on the digits of integers
        raise DesignError(f"{origin} has a number of more than 4,000 digits: write fewer") from None
    if _depth(values) > DEEPEST:
        raise DesignError(f"{origin} is nested more than {DEEPEST} deep: leave out the outer brackets")
    return values


def _depth(values: Any) -> int:
    """How deeply tables and lists are nested; without recursion, whose depth is limited."""
    depth, inside = 0, [values]
    while inside:
        depth += 1
        tables = [value for value in inside if isinstance(value, dict)]
        lists = [value for value in inside if isinstance(value, list)]
        inside = [part for table in tables for part in table.values()] + [part for entry in lists for part in entry]
    return depth


def annotated(model: BaseModel) -> str:
    """A model as TOML with the meaning of every key as a comment.

    Examples:
        >>> from pydantic import Field
        >>> class Wire(BaseModel):
        ...     segment: float = Field(0.0, description="Resistance between neighbouring cells.")
        ...     G_max_uS: float | None = Field(None, description="Conductance of a cell at G_max.")
        >>> print(annotated(Wire(segment=1e-5)))
        # Resistance between neighbouring cells.
        segment = 1e-05
        # Conductance of a cell at G_max.
        # G_max_uS =
        <BLANKLINE>
    """
    sections = [(name, value) for name, value in model if _is_section(value)]
    return "\n".join([_plain_text(model), *(_section_text(type(model), "", name, value) for name, value in sections)])


def _section_text(owner: type[BaseModel], path: str, name: str, value: Any) -> str:
    """A section of a model with its header; designs share most of theirs, so that texts are kept."""
    if not isinstance(value, BaseModel):
        document = tomlkit.document()
        rules = tomlkit.aot()
        for rule in value:
            rules.append(tomlkit.item(rule.model_dump(exclude_defaults=True)))
        document.add(name, rules)
        return tomlkit.dumps(document)
    return _kept_text(_Section(owner, type(value), f"{path}{name}", name, value, repr(value)))


@dataclass(frozen=True)
class _Section:
    """A section of a model; two are the same if they say the same."""

    owner: type[BaseModel]
    kind: type[BaseModel]
    path: str
    name: str
    value: BaseModel = field(compare=False)
    content: str


@lru_cache(maxsize=512)
def _kept_text(section: _Section) -> str:
    value, path = section.value, section.path
    head = [f"[{path}]\n", *(f"# {line.strip()}\n" for line in meaning(section.owner, section.name).splitlines())]
    inner = [_section_text(type(value), f"{path}.", name, part) for name, part in value if _is_section(part)]
    return "\n".join(["".join(head) + _plain_text(value), *inner])


def _plain_text(model: BaseModel) -> str:
    """What comes before the sections of a model."""
    document = tomlkit.document()
    _fill(document, model)
    return tomlkit.dumps(document)


def _fill(table: Any, model: BaseModel) -> None:
    """Settings that are no sections, with their meanings."""
    plain = {name: value for name, value in model if not _is_section(value)}
    for name, value in plain.items():
        for line in meaning(type(model), name).splitlines():
            table.add(tomlkit.comment(line.strip()))
        if value is None:
            table.add(tomlkit.comment(f"{name} ="))
        else:
            table.add(name, _plain(value))


def _is_section(value: object) -> bool:
    return isinstance(value, BaseModel) or (
        isinstance(value, tuple) and bool(value) and isinstance(value[0], BaseModel)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        inline.update({name: _plain(entry) for name, entry in value.items()})
        return inline
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value
