"""The possible designs of a study's axes, and what is said of the impossible ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from bitline.config.variants import chosen_by_kind
from bitline.design import Design
from bitline.design.settings import TAG
from bitline.errors import DesignError, SettingError, StudyError
from bitline.numerics.garbage import without_collection
from bitline.numerics.summary import counted
from bitline.study.axes import BASE, Axis, check_conditions, crossed
from bitline.study.point import Point, in_line
from bitline.study.unused import lost, unused

if TYPE_CHECKING:
    from bitline.study.study import Study

SKIP = "; to leave out impossible combinations, set skip_impossible = true"
"""The end of a message about an impossible design of a study."""


@dataclass(frozen=True)
class Possible:
    """The possible designs of a study, and the combinations that are none.

    Attributes:
        points: the designs, those that differ in nothing but names only once.
        impossible: for the settings of each impossible combination, in words, why it is one.
        unused: what is said of axes, and values of axes, that no design has.

    Examples:
        >>> Possible((), {"weights.bits_per_cell = 12": "use 1 to 7"}).note
        '1 impossible combination of the axes is left out: weights.bits_per_cell = 12: use 1 to 7'
    """

    points: tuple[Point, ...]
    impossible: dict[str, str]
    unused: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What is to be said of impossible combinations and of what no design has; empty where there is neither."""
        return note_of(self.impossible, self.unused)


def note_of(impossible: dict[str, str], unused: Sequence[str] = ()) -> str:
    """A note on impossible combinations, with the first of them, and on what no design has; empty for neither.

    Args:
        impossible: for the settings of each, in words, why it is impossible.
        unused: what is said of axes, and values of axes, that no design has.

    Examples:
        >>> print(note_of({"adc.bits = 3": "too few", "adc.bits = 4": "too few"}))
        2 impossible combinations of the axes are left out, such as adc.bits = 3: too few
    """
    if not impossible:
        return "; ".join(unused)
    (settings, reason), several = next(iter(impossible.items())), len(impossible) > 1
    left_out = "are left out, such as" if several else "is left out:"
    count = counted(len(impossible), "impossible combination")
    return "; ".join([f"{count} of the axes {left_out} {settings}: {reason}", *unused])


def possible(study: Study) -> Possible:
    """All possible designs of a study.

    Args:
        study: whether impossible combinations are left out or refused is its `skip_impossible`.

    Raises:
        StudyError: a combination is impossible, or nothing is left.

    Examples:
        >>> from bitline.study import Study
        >>> study = Study(axes=[{"setting": "weights.bits_per_cell", "values": [2, 12]}], skip_impossible=True)
        >>> found = possible(study)
        >>> len(found.points), list(found.impossible)
        (1, ['weights.bits_per_cell = 12'])
    """
    points: dict[str, Point] = {}
    impossible: dict[str, str] = {}
    found: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    known = check_axes(study, values=study.skip_impossible)
    with without_collection():
        for settings in crossed(study.axes, known):
            try:
                point = study.point(settings)
            except DesignError as error:
                label = in_line(settings) or "base design"
                if not study.skip_impossible:
                    check_axes(study)  # what no combination could have is no matter of leaving some out
                    raise StudyError(f"study {study.name!r}, {label}: {error}{SKIP}") from None
                impossible[label] = str(error)
                found[False].append(settings)
            else:
                found[True].append(settings)
                points.setdefault(point.key, point)
    if not points:
        raise StudyError(nothing(study, impossible))
    several = lost(*found.values()) if len(impossible) > 1 else ()  # one combination is named anyway
    return Possible(tuple(points.values()), impossible, (*unused(study.axes, known), *several))


def nothing(study: Study, impossible: dict[str, str]) -> str:
    """What is said of a study without any possible design.

    Args:
        study: the study.
        impossible: for the settings of its combinations, in words, why they are impossible.

    Examples:
        >>> from bitline.study import Study
        >>> nothing(Study(name="bits"), {"adc.bits = 3": "too few"})
        "study 'bits' has no possible design: check its axes (adc.bits = 3: too few)"
    """
    reasons = [f"{settings}: {reason}" for settings, reason in impossible.items()][:1]
    return f"study {study.name!r} has no possible design: check its axes" + "".join(f" ({each})" for each in reasons)


def check_axes(study: Study, values: bool = True) -> dict[str, Any]:
    """Refuse axes with unknown settings, with values that their settings cannot have, or with unknown conditions.

    A value that is impossible only together with others is none of these. Settings that a variant alone has, such as
    those of one kind of converter, are known where another axis chooses that variant.

    Args:
        study: the study.
        values: whether settings and values are checked; they are by themselves where no combination may be impossible.

    Returns:
        Settings of the base design by dotted name, for the conditions of axes.

    Raises:
        StudyError: the axis, and what may have been meant.

    Examples:
        >>> from bitline.study import Study
        >>> check_axes(Study(name="bits", axes=[{"setting": "adc.bitz", "values": [6, 7]}]))
        Traceback (most recent call last):
        bitline.errors.StudyError: study 'bits', adc.bitz = 6: ... unknown key 'adc.bitz': did you mean 'bits'? ...
    """
    try:
        known = study.known()
    except DesignError as error:
        raise StudyError(f"study {study.name!r}: {error}") from None
    check_conditions(study.axes, known)
    for axis in study.axes if values else ():
        for step in axis.steps():
            reasons = list(_reasons(study, axis, step))
            if all(reasons):
                raise StudyError(f"study {study.name!r}, {in_line(step)}: {reasons[0]}")
    return known


def _reasons(study: Study, axis: Axis, step: dict[str, Any]) -> Iterator[str]:
    """Why a step of an axis is unknown, with each choice of variants; ends with '' where it is known with one."""
    for variants in _variants(study, axis, step):
        reason = _reason(study, {**variants, **step}, step)
        yield reason
        if not reason:
            return


def _reason(study: Study, settings: dict[str, Any], step: dict[str, Any]) -> str:
    try:
        study.point(settings)
    except SettingError as error:
        wrong = (_overlap(name, setting) for name in step for setting in error.settings)
        return str(error) if any(wrong) else ""
    except DesignError:  # together with the base design, or with the variants
        return ""
    return ""


def _overlap(name: str, other: str) -> bool:
    """Whether two dotted names are of the same setting, or one is of a section that has the other."""
    return name == other or name.startswith(f"{other}.") or other.startswith(f"{name}.")


def _variants(study: Study, axis: Axis, step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What other axes may set that decides which settings a section has: nothing first, then all their choices."""
    sections = {name.partition(".")[0] for name in step}
    choosing = [other.steps() for other in study.axes if other is not axis and _chooses(other.settings, sections)]
    for choices in product(*([{}, *steps] for steps in choosing)):
        yield {name: value for chosen in choices for name, value in chosen.items()}


def _chooses(settings: Iterable[str], sections: set[str]) -> bool:
    """Whether an axis chooses the base design, or variants in some sections."""
    return any(
        name == BASE or (name.partition(".")[0] in sections and (name.endswith(f".{TAG}") or name in VARIANTS))
        for name in settings
    )


VARIANTS = frozenset(chosen_by_kind(Design))
"""Settings whose kind an axis chooses also by their own name, such as adc = 'sar'."""
