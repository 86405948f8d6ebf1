"""Why a design loses accuracy, and what may help: what `bitline run` says besides its results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bitline.cli.table import Column, Table, name
from bitline.numerics.summary import counted
from bitline.numerics.text import percent

if TYPE_CHECKING:
    from bitline.evaluation.diagnosed import Diagnosis
    from bitline.evaluation.result import Evaluation

LARGE = 0.1
"""Loss of a share from which on bitline looks for its cause without being asked."""
ENOUGH = 100
"""Samples of which a loss of that size is no accident."""


def is_large(result: Evaluation) -> bool:
    """Whether so much is lost of a share, such as accuracy, that its cause is worth a look."""
    loss = result.measure.sign * (result.float_value - result.mean)
    return result.measure.is_share and result.images >= ENOUGH and loss > LARGE


def why_parts(found: Diagnosis) -> list[Table | str]:
    """A diagnosis as a table and lines of text."""
    measure = found.measure
    columns = (
        name("without"),
        Column(measure.key, measure.name, measure.unit, measure.text),
        Column("regained", "of the loss", "%", lambda share: percent(share, 0)),
    )
    rows = [(undone.name, undone.value, found.regained(undone.value)) for undone in found.without]
    samples = f"{counted(found.images, measure.sample)} on one chip"
    title = f"{measure.name} with one cause undone, {samples}: {measure.shown(found.value)} as it is"
    lines = [f"why: {found.because}"]
    lines += [f"try: {remedy.name} ({measure.rounded(remedy.value)} on the same samples)" for remedy in found.remedies]
    return [Table("causes", columns, rows, title), "\n".join(lines)]


def why_tables(found: Diagnosis) -> list[Table]:
    """The lines below the table of causes, for programs."""
    measure = found.measure
    value = Column(measure.key, measure.name, measure.unit, measure.text)
    helps = [(remedy.name, remedy.value) for remedy in found.remedies]
    return [
        Table("why", (name("because"),), [(found.because,)]),
        Table("remedies", (name("options"), value), helps),
    ]


def spread_of_chips(result: Evaluation, when: str = "") -> str:
    """Median, worst chip and interval of the mean, with a word on chips that are few; at which of several times."""
    from bitline.evaluation.chip_spread import ChipSpread

    if len(result.chip_values) < 2:
        return "one chip says nothing about others: --chips 5 shows how much they differ"
    return f"of {len(result.chip_values)} chips{when}: {ChipSpread(result.measure, result.chip_values)}"
