"""`bitline chips`: the cost model beside published chips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bitline.cli.commands import Commands
from bitline.cli.inputs import check_picture
from bitline.cli.output import Output
from bitline.cli.table import Cell, Column, Table, name, prose
from bitline.numerics.text import fixed, number, percent

if TYPE_CHECKING:
    from bitline.cost.chips import Comparison

app = Commands()


@app.command()
def chips(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Picture to write: .png, .svg or .pdf.")
    ] = None,
) -> None:
    """Compare the energy and speed that costs give with those of published chips.

    NeuRRAM's library has two scales fitted to the chip: the time and the energy of a step. Nothing is fitted to the
    chips below, nor to the table of macros.

    Examples:

      bitline chips
      bitline chips --out chips.png
    """
    from bitline.cost.chips import compare_with_intervals
    from bitline.report.figures.chips import chips_figure
    from bitline.report.style import save

    output = Output.of(context)
    if out is not None:
        check_picture(out)
    with output.progress() as tell:
        tell("carrying the uncertainty of the libraries to every chip", 0, None)
        rows = list(compare_with_intervals())
    if out is not None:
        save(chips_figure(rows), out)
    output.results(_chips(rows), _agreements(rows))
    if out is not None:
        output.wrote(out)


def _chips(rows: Sequence[Comparison]) -> Table:
    """A row for each number; chip, point and quantity together say which, on a terminal of any width."""
    columns = (
        prose("number"),
        Column("chip_value", "chip", show=_short),
        Column("model_value", "model", show=_short),
        Column("low", "from", show=_short),
        Column("high", "to", show=_short),
        Column("ratio", "model / chip", show=lambda ratio: fixed(ratio, 2)),
    )
    values, records = [], []
    for row in rows:
        numbers = (row.chip_value, row.model_value, *_ends(row))
        is_hit = row.interval is not None and row.chip_value in row.interval
        ratio = Cell(row.ratio, fixed(row.ratio, 2) + ("  " if is_hit else " *"))
        values.append((f"{row.chip}, {row.point}: {row.quantity}", *numbers, ratio))
        which = {"chip": row.chip, "point": row.point, "quantity": row.quantity}
        records.append(which | dict(zip((column.key for column in columns[1:]), (*numbers, row.ratio), strict=True)))
    return Table("chips", columns, values, "* the chip lies outside of the model's interval", records=records)


def _ends(row: Comparison) -> tuple[float | None, float | None]:
    return (row.interval.low, row.interval.high) if row.interval else (None, None)


def _agreements(rows: Sequence[Comparison]) -> Table:
    from bitline.cost.chips import agreements

    columns = (
        name("name", "group"),
        Column("count", "numbers"),
        Column("mean_ratio", "mean ratio", show=lambda ratio: fixed(ratio, 2)),
        Column("mean_factor", "mean factor", show=lambda factor: fixed(factor, 2)),
        Column("worst_factor", "worst factor", show=lambda factor: fixed(factor, 2)),
        Column("within_two", "within 2", "%", lambda share: percent(share, 0)),
        Column("inside", "in interval", "%", lambda share: percent(share, 0)),
        prose("worst", "worst"),
    )
    found = [[getattr(agreement, column.key) for column in columns] for agreement in agreements(rows)]
    return Table("agreement", columns, found, "geometric means of model over chip, and of the factors between them")


def _short(value: float) -> str:
    return number(value, 3)
