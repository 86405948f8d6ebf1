"""Designs that differ from one in some settings, with the sections that they have in common made once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bitline.config.file_state import FileState
from bitline.config.part import Part
from bitline.design import Design
from bitline.design.settings import flat, of_design

FileStates = tuple[tuple[str, FileState], ...]
"""Files by name, with what tells without reading them that they have changed."""


class VariedDesigns:
    """Makes designs from a base; sections that are changed alike are the same object in all of them.

    A study of 100,000 designs has few different sections: sharing them takes a fifth of the time and of the memory.

    Args:
        base: what the designs begin with.

    Examples:
        >>> designs = VariedDesigns(Design())
        >>> few, many = (designs.design({"adc.bits": 6, "array.rows": rows}) for rows in (72, 144))
        >>> few.adc is many.adc, many.array.rows
        (True, 144)
    """

    def __init__(self, base: Design) -> None:
        self.base = base
        self._sections: dict[tuple[str, str], Part | Any] = {}

    def design(self, settings: dict[str, Any]) -> Design:
        """The base with some settings.

        Args:
            settings: values by dotted name.

        Raises:
            DesignError: an unknown name or impossible value.
        """
        if self.base.code:  # classes of the user's, which change when their modules are loaded anew
            return self.base.with_settings(settings)
        changes: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in settings.items():
            files = states_of(_words({name: value}))
            changes[of_design(name).partition(".")[0]].append(f"{name} = {value!r} {files or ''}")
        places = {section: (section, "\n".join(changed)) for section, changed in changes.items()}
        if all(place in self._sections for place in places.values()):
            return self.base.with_sections({section: self._sections[place] for section, place in places.items()})
        design = self.base.with_settings(settings)
        if design.code:
            return design
        known = {
            section: self._sections.setdefault(place, getattr(design, section)) for section, place in places.items()
        }
        return self.base.with_sections(known)


KEPT = 64
"""Base designs that are kept."""
_known: dict[str, tuple[FileStates, VariedDesigns]] = {}


def varied(base: str) -> VariedDesigns:
    """Designs that vary a base, kept for as long as the files that it is read from stay as they are.

    Args:
        base: name of a preset, or a file.

    Raises:
        DesignError: there is no such design, or it is not valid.

    Examples:
        >>> varied("offset").base.weights.kind, varied("offset") is varied("offset")
        ('offset', True)
    """
    if base not in _known or states_of(name for name, *_ in _known[base][0]) != _known[base][0]:
        states = states_of([base])  # before it is read
        design = Design.load(base)
        settings = [design.model_dump(mode="json"), *(rule.set for rule in design.layers)]
        files = [word for part in settings for word in _words(part)]
        if len(_known) >= KEPT:
            _known.clear()
        _known[base] = (states + states_of(file for file in files if file != base), VariedDesigns(design))
    return _known[base][1]


def states_of(names: Iterable[str]) -> FileStates:
    """The states of those names that are files."""
    states = ((name, FileState.at(Path(name))) for name in names)
    return tuple((name, state) for name, state in states if state.text)


def _words(settings: dict[str, Any]) -> list[str]:
    """Values of settings that may be names of files."""
    return [value for value in flat(settings).values() if isinstance(value, str) and ("." in value or "/" in value)]
