"""Validation errors in words that a user can act on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bitline.config.part import SEEMING
from bitline.config.variants import models_in
from bitline.numerics.text import type_in_words

BRANCH = re.compile(r"constrained-\w+|literal\[.*\]|int|float|str")
"""How pydantic calls the choices of a setting that is a number or a word."""

TOGETHER = ("value_error", "assertion_error", "missing")
"""Types of problems that may be due to other settings: what validators of whole sections and designs find."""

FEW = 3
"""Kinds that are named in a sentence; more are a list."""
LONGEST = 80
"""Characters of a value that a message shows."""
SECTIONS = frozenset({"model_type", "model_attributes_type", "dict_type", "dataclass_type"})
"""Kinds of problems where something else stands in the place of a section."""
LISTS = frozenset({"tuple_type", "list_type"})
"""Kinds of problems where something else stands in the place of a list."""
BOUNDS = {
    "less_than_equal": "{} at most",
    "less_than": "less than {}",
    "greater_than_equal": "{} or more",
    "greater_than": "more than {}",
}
"""What to use instead of a number beyond a limit, by pydantic's name of the problem."""


def nearest(word: str, names: Iterable[str], listed: Iterable[str] | None = None) -> str:
    """The end of a message about an unknown name: the most similar valid name, or all of them.

    Args:
        word: the unknown name.
        names: the valid names.
        listed: what is named where nothing is similar, if all names are too many.

    Examples:
        >>> nearest("ofset", ["differential", "offset"])
        ": did you mean 'offset'?"
        >>> nearest("xyz", ["differential", "offset"])
        ': use one of differential, offset'
        >>> nearest("PCMJoshi", ["pcm-joshi-2020", "pcm-buchel-2025"])
        ": did you mean 'pcm-joshi-2020'?"
    """
    names = list(names)
    close = get_close_matches(word, names, n=1, cutoff=0.5) or _spelt_alike(word, names)
    return (
        f": did you mean {close[0]!r}?" if close else f": use one of {', '.join(names if listed is None else listed)}"
    )


def _spelt_alike(word: str, names: list[str]) -> list[str]:
    """The most similar name if capitals, hyphens and the like make no difference."""
    plain = {re.sub(r"[\W_]", "", name.lower()): name for name in reversed(names)}
    close = get_close_matches(re.sub(r"[\W_]", "", word.lower()), plain, n=1, cutoff=0.5)
    return [plain[name] for name in close]


def first_line(error: BaseException, most: int = 500) -> str:
    """What an error says, in one line.

    Args:
        error: any exception.
        most: largest number of characters of the line.

    Returns:
        The first line of its message, or its type if the message is empty.

    Examples:
        >>> first_line(ValueError("damaged\\nsee below"), 80), first_line(EOFError(), 80)
        ('damaged', 'EOFError')
    """
    said = str(error).strip()
    return said.splitlines()[0][:most] if said else type(error).__name__


def explain(error: ValidationError, model: type[BaseModel], data: dict[str, Any]) -> str:
    """The first problem of a validation error as one message with the name, the value and the remedy.

    Args:
        error: what validation raised.
        model: class that was validated.
        data: the values that it was given; a `name` among them appears in the message, unless it is the default.

    Examples:
        >>> class Wire(BaseModel, extra="forbid"):
        ...     segment: float = 0.0
        >>> try:
        ...     Wire(segmnt=1e-5)
        ... except ValidationError as error:
        ...     explain(error, Wire, {"segmnt": 1e-5})
        "unknown key 'segmnt': did you mean 'segment'?"
    """
    problem = _first(error.errors())
    path, owner = _place(problem["loc"], model)
    message = _message(problem, path, owner, model) + _alternative(problem, error.errors(), model)
    name = data.get("name")
    is_named = isinstance(name, str) and name not in ("", getattr(model.model_fields.get("name"), "default", ""))
    return f"design {name!r}: {message}" if is_named else message


def wrong_settings(error: ValidationError, model: type[BaseModel]) -> tuple[str, ...]:
    """Dotted names of the settings that are unknown or have values of the wrong kind, whatever the others are.

    Args:
        error: what validation raised.
        model: class that was validated.

    Examples:
        >>> class Wire(BaseModel, extra="forbid"):
        ...     segment: float = 0.0
        >>> try:
        ...     Wire(segmnt=1e-5)
        ... except ValidationError as error:
        ...     wrong_settings(error, Wire)
        ('segmnt',)
    """
    problems = (problem for problem in error.errors() if problem["type"] not in TOGETHER)
    return tuple(_place(problem["loc"], model)[0] for problem in problems)


def _alternative(problem: ErrorDetails, problems: list[ErrorDetails], model: type[BaseModel]) -> str:
    """The words that are accepted, too, where a number was expected."""
    path, _ = _place(problem["loc"], model)
    own = problem.get("ctx", {}).get("expected")
    words = (other["ctx"]["expected"] for other in problems if other["type"] == "literal_error"
             and _place(other["loc"], model)[0] == path)  # fmt: skip
    return "".join(f", or {expected}" for expected in dict.fromkeys(words) if expected != own)


def _first(problems: list[ErrorDetails]) -> ErrorDetails:
    """The first problem; of a missing key the one that was written in its place, if there is one."""
    first = problems[0]
    if first["type"] != "missing":
        return first
    section = first["loc"][:-1]
    strange = (other for other in problems if other["type"] == "extra_forbidden" and other["loc"][:-1] == section)
    return next(strange, first)


def _message(problem: ErrorDetails, path: str, owner: type[BaseModel], model: type[BaseModel]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        section, _, key = path.rpartition(".")
        renamed = getattr(owner, "RENAMED", {}).get(key)
        if renamed:
            return f"{path} is called {section}{'.' * bool(section)}{renamed} since bitline 0.2: write that"
        if kinds := _kinds_with(key, section, model):
            chosen = " or ".join(kinds) if len(kinds) <= FEW else f"one of {', '.join(kinds)}"
            return f"{path} exists only where {section}.kind is {chosen}: choose that, or leave {key} out"
        return f"unknown key {path!r}{nearest(key, owner.model_fields)}" + (f" (in [{section}])" if section else "")
    if kind == "missing":
        return f"{path} is missing: give it a value"
    if kind == "union_tag_invalid":
        names = [name.strip("' ") for name in str(context.get("expected_tags", "")).split(",")]
        tag = str(context["discriminator"]).strip("'").removesuffix("()")
        if not isinstance(problem["input"], (dict, BaseModel)):
            return f"{path} is {_shown(problem['input'])}{nearest('', names)}"
        return f"{path}.{tag} is {context.get('tag')!r}{nearest(str(context.get('tag')), names)}"
    if kind == "union_tag_not_found":
        tag = str(context["discriminator"]).strip("'").removesuffix("()")
        return f"{path} has no {tag}: give {path}.{tag} = one of {', '.join(_tags(path, owner))}"
    if kind in BOUNDS:
        (limit,) = context.values()
        limit = f"{limit:g}" if isinstance(limit, float) else limit
        return f"{path} is {_shown(problem['input'])}: use {BOUNDS[kind].format(limit)}"
    if kind in LISTS:
        table = isinstance(problem["input"], dict)
        how = f"write [[{path}]] for each" if table else f"write [{_shown(problem['input'])}]"
        return f"{path} is {_shown(problem['input'])}, but it is a list: {how}"
    if kind in SECTIONS:
        return f"{path} is {_shown(problem['input'])}, but it is a section: write [{path}] and its settings below"
    if kind == SEEMING:
        return f"{path}.{context['error']}" if problem["loc"] else str(context["error"])
    if kind == "value_error":
        return str(context["error"])
    text = problem["msg"]
    return f"{path} is {_shown(problem['input'])}: {text[0].lower()}{text[1:]}"


def _shown(value: Any) -> str:
    """A value as Python writes it, or what it is where that takes more than a line."""
    text = repr(value)
    return text if len(text) <= LONGEST and "\n" not in text else type_in_words(value)


def _place(location: tuple[int | str, ...], model: type[BaseModel]) -> tuple[str, type[BaseModel]]:
    """The dotted name of a location without the tags of variants, and the model that holds its last key."""
    names: list[str] = []
    candidates: list[type[BaseModel]] = [model]
    owner, is_key = model, False
    for step in location:
        if is_key:
            names.append(str(step))
            is_key = False
            continue
        tagged = [candidate for candidate in candidates if _tag(candidate) == step] if len(candidates) > 1 else []
        if tagged:
            candidates = tagged
            owner = tagged[0]
            continue
        if not candidates and names and BRANCH.fullmatch(str(step)):
            continue
        if isinstance(step, int):
            names[-1:] = [f"{names[-1]}[{step}]"] if names else [str(step)]
            continue
        owner = candidates[0] if candidates else owner
        names.append(step)
        field = owner.model_fields.get(step)
        candidates = list(models_in(field.annotation)) if field is not None else []
        is_key = field is not None and get_origin(field.annotation) is dict
    return ".".join(names) or "the design", owner


def _kinds_with(key: str, section: str, model: type[BaseModel]) -> list[str]:
    """The variants of a section that have a setting of this name."""
    found = [model]
    for step in filter(None, section.split(".")):
        fields = [part.model_fields[step] for part in found if step in part.model_fields]
        found = [part for field in fields for part in models_in(field.annotation)]
    kinds = (_tag(part) for part in found if len(found) > 1 and key in part.model_fields)
    return [kind for kind in dict.fromkeys(kinds) if isinstance(kind, str) and kind]


def _tags(path: str, owner: type[BaseModel]) -> list[str]:
    """The variants of the last setting of a path that the owner has."""
    field = next((owner.model_fields[name] for name in reversed(path.split(".")) if name in owner.model_fields), None)
    return [] if field is None else [str(_tag(each)) for each in models_in(field.annotation)]


def _tag(model: type[BaseModel]) -> Any:
    field = model.model_fields.get("kind")
    return field.default if field is not None else None
