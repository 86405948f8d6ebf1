"""The forms that a study had: what all of its designs begin with, which changes when somebody edits the study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bitline.design import views
from bitline.design.settings import flat
from bitline.numerics.summary import counted

if TYPE_CHECKING:
    from bitline.study.results import DesignResult
    from bitline.study.study import Study


def form_of(study: Study) -> str:
    """A short name of what the designs of a study begin with: its base designs, and what is set in all of them.

    Args:
        study: whose axes, images and chips make no difference.

    Examples:
        >>> from bitline.study import Study
        >>> few, many = (Study(design={"set": {"adc.bits": 6}}, run={"chips": chips}) for chips in (1, 9))
        >>> form_of(few) == form_of(many), form_of(few) == form_of(Study(design={"set": {"adc.bits": 7}}))
        (True, False)
    """
    return views.key({"bases": list(map(views.whole, study.bases())), "set": study.design.set})


def note_on_earlier(count: int) -> str:
    """What is said of designs of earlier forms.

    Args:
        count: of the designs.

    Examples:
        >>> print(note_on_earlier(2))
        2 designs of earlier forms of this study, with another [design], are kept and not shown: 'bitline results ...
    """
    verb = "is" if count == 1 else "are"
    return (
        f"{counted(count, 'design')} of earlier forms of this study, with another [design], {verb} kept and not shown: "
        "'bitline results STORE --earlier' shows all, with what differs (in Python: .with_earlier())"
    )


def told_apart(current: Sequence[DesignResult], earlier: Sequence[DesignResult]) -> tuple[DesignResult, ...]:
    """Designs of all forms, with the settings that only the earlier ones have beside those of the axes.

    Args:
        current: designs of the study as it is.
        earlier: designs of what it was.

    Examples:
        >>> from bitline.study import DesignResult
        >>> new, old = (DesignResult(key, "", {"adc.bits": 6}, {"adc": {"bits": 6}, "cell": {"alpha": alpha}})
        ...             for key, alpha in (("a", 0.3), ("b", 0.03)))
        >>> [design.settings for design in told_apart([new], [old])]
        [{'adc.bits': 6, 'cell.alpha': 0.3}, {'adc.bits': 6, 'cell.alpha': 0.03}]
    """
    designs = (*current, *earlier)
    values = [_values(design) for design in designs]
    now, before = values[: len(current)], values[len(current) :]
    names = dict.fromkeys(name for found in values for name in found)
    differing = [name for name in names if {found.get(name) for found in before} - {found.get(name) for found in now}]
    return tuple(
        replace(design, settings={**design.settings, **_untold(design, found, differing)})
        for design, found in zip(designs, values, strict=True)
    )


def _values(design: DesignResult) -> dict[str, Any]:
    """All settings of a design by dotted name, lists as text."""
    told = flat(views.unnamed(design.design))
    return {name: json.dumps(value) if isinstance(value, (list, dict)) else value for name, value in told.items()}


def _untold(design: DesignResult, values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Those of some settings that neither are a setting of the axes nor follow from one."""
    told = [name for setting in design.settings for name in names if f"{name}.".startswith(f"{setting}.")]
    return {name: values[name] for name in names if name in values and name not in told}
