"""Axes of a study, and values of them, that no design has: what is said of them, as they would vanish silently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from bitline.numerics.text import setting_text
from bitline.study.axes import Axis, combinations, meets, same
from bitline.study.point import in_line

MOST = 100_000
"""Combinations of the axes that decide about an axis; nothing is said of one that more of them decide about."""
NAMED = 5
"""Values that a setting has instead, as a note names them."""


def unused(axes: Sequence[Axis], known: dict[str, Any]) -> tuple[str, ...]:
    """What is said of axes and values of axes that no combination of the axes has; one sentence each.

    Args:
        axes: of a study, in order.
        known: settings of the base design by dotted name, for conditions.

    Examples:
        >>> slices = Axis(setting="weights.bits_per_cell", values=[1, 2], when={"weights.kind": "offset"})
        >>> unused([slices], {"weights.kind": "differential"})
        ('axis weights.bits_per_cell is in no design: weights.kind is never offset, only differential',)
        >>> unused([slices], {"weights.kind": "offset"})
        ()
    """
    return tuple(sentence for place in range(len(axes)) for sentence in _of_axis(axes, place, known))


def lost(impossible: Iterable[dict[str, Any]], possible: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """What is said of values that impossible combinations of axes have, and no possible one; one sentence a setting.

    Args:
        impossible: settings of the combinations that are impossible.
        possible: settings of the others.

    Examples:
        >>> lost([{"adc.bits": 3, "array.rows": 72}], [{"adc.bits": 6, "array.rows": 72}])
        ('no possible design has adc.bits = 3',)
    """
    left = {(name, repr(value)) for settings in possible for name, value in settings.items()}
    values: dict[str, dict[str, None]] = {}
    for settings in impossible:
        for name, value in settings.items():
            if (name, repr(value)) not in left:
                values.setdefault(name, {})[setting_text(value)] = None
    return tuple(f"no possible design has {name} = {_some_of(list(found))}" for name, found in values.items())


def _of_axis(axes: Sequence[Axis], place: int, known: dict[str, Any]) -> Iterator[str]:
    axis = axes[place]
    label = f"axis {', '.join(axis.settings)}"
    if axis.when:
        fixed = {name: known[name] for name in axis.when if name in known}
        before = [{**fixed, **settings} for settings in _some(_deciding(axes[:place], axis.when), known)]
        if len(before) == MOST:
            return
        if not any(meets(axis.when, settings) for settings in before):
            yield f"{label} is in no design: {_why(axis.when, before)}"
            return
        for name, wanted in axis.when.items():
            never = [value for value in _listed(wanted) if not any(same(found.get(name), value) for found in before)]
            if never:
                yield f"{label}: its condition also names {name} = {_choice(never)}, which no design has there"
    for step in _replaced(axes, place, known):
        yield f"{label}: {in_line(step)} is in no design, as a later axis sets {_shared(axes, place)} again"


def _replaced(axes: Sequence[Axis], place: int, known: dict[str, Any]) -> list[dict[str, Any]]:
    """Steps of an axis that later axes replace wherever it applies."""
    axis, later = axes[place], [other for other in axes[place + 1 :] if set(other.settings) & set(axes[place].settings)]
    if not later:
        return []
    names = {name for other in (axis, *later) for name in other.when}
    deciding = _deciding([other for other in axes if other is not axis and other not in later], names)
    chosen = [other for other in axes if other is axis or other in later or other in deciding]
    found = _some(chosen, known)
    if len(found) == MOST:
        return []
    return [step for step in axis.steps() if not any(step.items() <= settings.items() for settings in found)]


def _shared(axes: Sequence[Axis], place: int) -> str:
    """Settings of an axis that later axes set, too."""
    later = {name for other in axes[place + 1 :] for name in other.settings}
    return " and ".join(name for name in axes[place].settings if name in later)


def _deciding(axes: Sequence[Axis], names: Iterable[str]) -> list[Axis]:
    """The axes that decide about some settings: those that set them, or a setting that a condition of these names."""
    wanted = set(names)
    chosen: list[Axis] = []
    for axis in reversed(axes):
        if wanted & set(axis.settings):
            wanted |= set(axis.when)
            chosen.insert(0, axis)
    return chosen


def _some(axes: Sequence[Axis], known: dict[str, Any]) -> list[dict[str, Any]]:
    return list(islice(combinations(axes, known), MOST))


def _why(condition: dict[str, Any], before: list[dict[str, Any]]) -> str:
    """Why a condition is never met, by the settings that are never what it names."""
    reasons = [
        _never(name, _listed(wanted), before)
        for name, wanted in condition.items()
        if not any(meets({name: wanted}, settings) for settings in before)
    ]
    together = " and ".join(f"{name} = {_choice(_listed(wanted))}" for name, wanted in condition.items())
    return "; ".join(reasons) or f"no design has {together} at once"


def _never(name: str, wanted: Sequence[Any], before: list[dict[str, Any]]) -> str:
    found = list(dict.fromkeys(setting_text(settings[name]) for settings in before if name in settings))
    return f"{name} is never {_choice(wanted)}" + (f", only {_some_of(found)}" if found else "")


def _choice(values: Sequence[Any]) -> str:
    return _some_of([setting_text(value) for value in values])


def _some_of(words: Sequence[str]) -> str:
    """Words in a row, the first ones of many."""
    if len(words) > NAMED:
        return f"{', '.join(words[:NAMED])}, ... ({len(words)} values)"
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _listed(wanted: Any) -> Sequence[Any]:
    return wanted if isinstance(wanted, (list, tuple)) else [wanted]
