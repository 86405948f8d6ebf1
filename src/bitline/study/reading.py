"""Reading a store as the results of its study."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from bitline.config.arguments import checked
from bitline.config.trust import reading_a_file
from bitline.design import views
from bitline.errors import StudyError
from bitline.numerics.garbage import without_collection
from bitline.numerics.summary import counted
from bitline.study.code import Code
from bitline.study.coverage import FinishedWork, enough
from bitline.study.forms import note_on_earlier
from bitline.study.outdated import note_on_outdated, outdated
from bitline.study.results import DesignResult, StudyResult
from bitline.study.rows import StoredDesign, damaged, values_of
from bitline.study.store import CODE, DEVICES, FORM, LEFT_OUT, MEMORY, NOTES, Store
from bitline.study.stored_costs import note_on_old_costs
from bitline.study.stored_json import NOTHING, StoredCost, StoredSettings
from bitline.study.stored_layers import StoredLayers
from bitline.study.study import Study
from bitline.study.workload import unnoticed

Values = TypeVar("Values")
DOTTED = re.compile(r"\w+(\.\w+)*")
"""Names of settings, as studies write them."""


@checked(StudyError)
def read_results(path: str | Path) -> StudyResult:
    """Read a store; another process may be writing to it.

    Args:
        path: SQLite file that `sweep` or `explore` has made.

    Raises:
        StudyError: there is no such store, no study was run on it yet, it is damaged, or its results are of another
            version of bitline.

    Examples:
        >>> read_results("nowhere.sqlite")
        Traceback (most recent call last):
        bitline.errors.StudyError: there is no store of results nowhere.sqlite: run the study first, ...
    """
    path = Path(path)
    with without_collection(), Store.reading(path) as store:
        facts = store.facts()
        if "study" not in facts:
            raise StudyError(f"the store {path} holds no study yet: run one with 'bitline sweep'")
        study = _study(path, facts.pop("study"))
        wanted = _fact(path, facts, "points", "[]", list)
        code = _code(path, facts)
        contents = _Contents(store, study, images=_images(path, facts))
        order = {str(key): index for index, key in enumerate(wanted)}
        designs = sorted(store.designs(), key=lambda design: order.get(design.key, len(order)))
        contents.look_at(designs)
        changed = outdated(store, designs)
        known = [design for design in designs if design.key not in changed]
        newest = known if len(designs) == len(order) else list(_current(known, order, store))
        earlier = _earlier(newest, order, store.forms(), facts.pop(FORM, ""))
        waiting = _waiting(changed, designs, (design for design in newest if design.key in order))
        replaced = len(designs) - len(newest) - len(waiting)
        left_out = _LeftOut(waiting, replaced, len(earlier), contents.with_old_costs(newest))
        return StudyResult(
            study=study,
            facts=facts | {f"code of {name}": text for name, (text, *_) in code.items()},
            sessions=tuple(store.sessions()),
            designs=tuple(contents.result(design) for design in newest if design.key not in earlier),
            float_value=contents.finished.coverage("float").accuracy(contents.images),
            notes=(
                *_notes(store, facts, code, left_out),
                *_unpriced(contents.costs.get(row.key, {}) for row in newest),
            ),
            error=contents.finished.failures.get("", ""),
            earlier=tuple(contents.result(design) for design in newest if design.key in earlier),
        )


def _study(path: Path, text: str) -> Study:
    """The study that was run last.

    Raises:
        StudyError: this bitline cannot read it.
    """
    try:
        with reading_a_file():
            return Study(**tomllib.loads(text))
    except (ValueError, TypeError, RecursionError, StudyError) as error:
        raise damaged(path, "its study", str(error)) from None


def _images(path: Path, facts: dict[str, str]) -> int:
    """How many images the study classifies.

    Raises:
        StudyError: the store does not say it.
    """
    said = facts.get("images", "")
    if not re.fullmatch(r"[1-9][0-9]{0,14}", said):
        raise damaged(path, "its fact 'images'", f"{said!r} is no number of images")
    return int(said)


def _fact(path: Path, facts: dict[str, str], name: str, default: str, kind: type[Values]) -> Values:
    """A fact that is JSON, taken out of the others.

    Raises:
        StudyError: it is something else.
    """
    try:
        return values_of(facts.pop(name, default), kind)
    except ValueError as error:
        raise damaged(path, f"its fact {name!r}", str(error)) from None


def _code(path: Path, facts: dict[str, str]) -> dict[str, list[str]]:
    """For each class of the user's its code, and the modules of it of which there is no file.

    Raises:
        StudyError: the store says something else.
    """
    code = _fact(path, facts, CODE, "{}", dict)
    for name, said in code.items():
        if not (isinstance(said, list) and said and all(isinstance(text, str) for text in said)):
            raise damaged(path, f"its fact {CODE!r}", f"the code of {name} is {said!r}")
    return code


def _current(designs: list[StoredDesign], order: dict[str, int], store: Store) -> Iterator[StoredDesign]:
    """Designs without those that were measured anew since, with other code of the user's."""
    settings = {design.key: _settings(store.design(design.key)) for design in designs}
    newest = {settings[design.key]: design.key for design in designs}
    newest |= {settings[design.key]: design.key for design in designs if design.key in order}
    for design in designs:
        if newest[settings[design.key]] == design.key:
            yield design


def _earlier(designs: list[StoredDesign], order: dict[str, int], forms: dict[str, str], now: str) -> set[str]:
    """Keys of the designs that the axes of a study gave when it had another form, and do not give now.

    Designs that were given one by one are of no form: several studies share a store then. Those of other studies that
    the settings of the axes do not tell from one of this study, or from each other, are taken for earlier ones, too.
    """
    others = [design for design in designs if design.key not in order]
    if not others:
        return set()
    found = {design.key for design in others if forms.get(design.key, now) != now}
    told = {_told(design): design.key for design in designs if design.key not in found}
    told |= {_told(design): design.key for design in designs if design.key in order}
    return found | {design.key for design in others if told.get(_told(design), design.key) != design.key}


def _waiting(
    changed: dict[str, tuple[str, ...]], designs: list[StoredDesign], shown: Iterable[StoredDesign]
) -> dict[str, tuple[str, ...]]:
    """Those designs whose numbers changed that were not measured anew since, as far as tables tell."""
    if not changed:
        return {}
    told = {_told(design) for design in shown}
    return {row.key: changed[row.key] for row in designs if row.key in changed and _told(row) not in told}


def _told(design: StoredDesign) -> str:
    """What a table says of a design."""
    return json.dumps(design.settings, sort_keys=True)


def _settings(design: dict[str, Any]) -> bytes:
    """A digest of all settings of a design but its name and description."""
    return hashlib.blake2b(json.dumps(views.unnamed(design), sort_keys=True).encode(), digest_size=16).digest()


class _LeftOut(NamedTuple):
    """What is not shown of a store, or shown as it was.

    Attributes:
        waiting: what changed in the numbers of designs that were not measured anew since, by key.
        replaced: number of designs that were measured anew since.
        earlier: number of designs of earlier forms of the study.
        costs: number of designs that are shown with costs of an earlier version.
    """

    waiting: dict[str, tuple[str, ...]]
    replaced: int
    earlier: int
    costs: int


def _notes(store: Store, facts: dict[str, str], code: dict[str, list[str]], left_out: _LeftOut) -> Iterator[str]:
    """What is to be known of the results."""
    yield from (facts[name] for name in (NOTES, MEMORY, LEFT_OUT) if facts.get(name))
    yield from json.loads(facts.get(DEVICES, "[]"))
    if left_out.waiting:
        yield note_on_outdated(len(left_out.waiting), [what for found in left_out.waiting.values() for what in found])
    if left_out.replaced:
        what = counted(left_out.replaced, "design")
        yield f"results of {what} with earlier code or another component library are left out"
    if left_out.earlier:
        yield note_on_earlier(left_out.earlier)
    if left_out.costs:
        yield note_on_old_costs(left_out.costs)
    for what in store.differences():
        yield (
            f"not all results were computed with the same: {what}; sums are rounded differently, and a signal on the "
            "edge between two levels may fall to the other side"
        )
    for name, (_, *unseen) in code.items():
        yield from unnoticed(name, Code((), "", tuple(unseen)))


def _unpriced(costs: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Why designs have no energy, area and latency, each reason once."""
    missing = (cost.get("notes", []) for cost in costs if cost and "energy_uJ" not in cost)
    for reason, count in Counter(notes[0] for notes in missing if notes).items():
        yield f"{counted(count, 'design')} with {reason}"


class _Contents:
    """What a store has of all designs, by their keys."""

    def __init__(self, store: Store, study: Study, images: int) -> None:
        self.measure = study.measure
        shards, self.costs = store.shards(measure=self.measure), store.totals()
        self.store, self.study, self.images, self.path = store, study, images, store.path.absolute()
        self.finished = FinishedWork(shards, failures=store.failures(), measure=self.measure)
        self.costed = store.costed()
        self.seconds: dict[str, float] = defaultdict(float)
        for shard in shards:
            self.seconds[shard.key] += shard.seconds
        self.references: dict[str, float | None] = {}

    def look_at(self, designs: Collection[StoredDesign]) -> None:
        """Check the settings of all designs, and note what they have where the study has words, or nothing yet."""
        names = {name: None for row in designs for name in row.settings}
        self.missing = [name for name in names if any(name not in row.settings for row in designs)]
        worded = {name: None for row in designs for name, value in row.settings.items() if isinstance(value, str)}
        asked = [name for name in names if name in worded or name in self.missing]
        self.values = self.store.settings_at([name for name in asked if DOTTED.fullmatch(name)])

    def _settings(self, design: StoredDesign) -> dict[str, Any]:
        """What the axes set, and the design's own values of what only other axes set, as before one was added."""
        own = self.values.get(design.key, NOTHING)
        added = {name: own.get(name) for name in self.missing if name not in design.settings}
        told = {name: value for name, value in added.items() if isinstance(value, (int, float, str))}
        return design.settings | told if told else design.settings

    def with_old_costs(self, designs: Iterable[StoredDesign]) -> int:
        """How many designs have a cost of an earlier version."""
        return sum(design.key in self.costs and design.key not in self.costed for design in designs)

    def result(self, design: StoredDesign) -> DesignResult:
        """What is known of a design of the store."""
        key, finished, run = design.accuracy_key, self.finished, self.study.run
        values = finished.chip_values(key, self.images)
        count = enough(values, run.chips, run.stop, self.measure)
        chips = tuple(values[:count])  # of a run with more chips, or of workers that measured at once, there are more
        reach, value = (self.images, math.nan) if chips else finished.coverage("analog", key).reach(self.images)
        totals = self.costs.get(design.key)
        return DesignResult(
            key=design.key,
            name=design.name,
            settings=self._settings(design),
            design=StoredSettings(self.path, design.key, self.values.get(design.key, NOTHING)),
            images=reach,
            chip_values=chips,
            reference_value=self._reference(design.reference_key),
            cost=None if totals is None else StoredCost(self.path, design.key, totals),
            screened=value if reach and not chips else None,
            layers=StoredLayers(self.path, key, min(run.compared_chips, max(1, len(chips)))),
            seconds=self.seconds[key],
            finished=count is not None and design.key in self.costed,
            error=finished.failures.get(key, ""),
            measure=self.measure,
        )

    def _reference(self, key: str) -> float | None:
        """The measure of a quantised reference, which many designs share."""
        if key not in self.references:
            self.references[key] = self.finished.coverage("reference", key).accuracy(self.images)
        return self.references[key]
