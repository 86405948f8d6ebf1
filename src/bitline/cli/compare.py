"""`bitline compare`: designs side by side, on the same chips and images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitline.cli import completion, options
from bitline.cli.commands import Commands
from bitline.cli.inputs import Source, check_compute, check_time, chosen_design
from bitline.cli.output import Output
from bitline.cli.table import Cell, Column, Table, cost_column, name, prose
from bitline.errors import DesignError
from bitline.numerics.labels import COMPARED
from bitline.numerics.summary import cut
from bitline.numerics.text import exact, number, with_article

if TYPE_CHECKING:
    from bitline.design import Design
    from bitline.evaluation.comparison import MeasuredDesign
    from bitline.numerics.two_way import Estimate

LONGEST = 40
"""Characters of a setting that are shown."""

app = Commands()


@app.command()
def compare(
    context: typer.Context,
    first: Annotated[
        str,
        typer.Argument(
            metavar="DESIGN",
            help="What the others are compared with: a name of 'bitline designs' or a .toml file.",
            autocompletion=completion.designs,
        ),
    ],
    others: Annotated[
        list[str],
        typer.Argument(metavar="OTHER...", help="One or more other designs.", autocompletion=completion.designs),
    ],
    set_: options.Settings = None,
    model: options.Model = "fashion-resnet",
    weights: options.Weights = None,
    data: options.Data = None,
    length: options.Length = None,
    metric: options.Metric = None,
    allow_code: options.AllowCode = False,
    chips: options.Chips = 5,
    images: options.Images = None,
    calibration_images: options.CalibrationImages = 200,
    batch: options.Batch = 64,
    seed: options.Seed = 0,
    time: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time since programming, of all designs: '1 day'; theirs if not given."),
    ] = None,
    compute: options.Compute = "cpu",
    threads: options.Threads = None,
) -> None:
    """Compare designs on the same chips and images, by accuracy or any measure.

    Shows the settings that differ, the difference in accuracy, or in what --metric names, with its 95 % interval over
    chips and images, and energy, area and latency as ratios to those of the first design. --set changes all designs
    alike.

    Examples:

      bitline compare differential offset --images 200
      bitline compare sonos-a sonos-e --chips 3 --images 500 --time "1 day"
    """
    from bitline.cost import library_of
    from bitline.cost.comparability import one_sided_parts
    from bitline.devices import format_duration
    from bitline.evaluation.comparison import compare_designs
    from bitline.evaluation.evaluate import Procedure
    from bitline.measures import measure_of

    output = Output.of(context)
    names = _told_apart([first, *others])
    check_time(context, set_)
    designs = [chosen_design(design, set_, allow_code) for design in (first, *others)]
    if time is not None:
        designs = [design.with_settings({"cell.time": time}) for design in designs]
    check_compute(compute)
    source = Source(model, weights, data, length)
    measure = measure_of(source.metric(metric))
    sample = source.shown(images, calibration_images)
    shown, labels, calibration = sample.given(measure, designs[0], compute)
    with output.progress() as tell:
        measured = compare_designs(
            sample.network.to(compute),
            designs,
            shown,
            labels,
            calibration,
            Procedure(chips, seed, progress=tell),
            batch,
            measure,
        )
    counted = f"{len(shown):,} {measure.sample}s"
    when = "" if time is None else f" after {format_duration(designs[0].cell.time)}"
    title = f"{model}, {counted} on the same {chips} chip{'s' * (chips > 1)}{when}; differences to {names[0]}"
    output.results(_settings(names, designs), _quality(names, measured, title), _cost(names, measured))
    costed = [(entry.cost, library_of(design)) for design, entry in zip(designs, measured, strict=True) if entry.cost]
    one_sided = one_sided_parts(costed)
    output.notes((*sample.notes, *one_sided, *(note for entry in measured for note in entry.notes)))


def _told_apart(names: Sequence[str]) -> list[str]:
    """The designs as they were named.

    Raises:
        DesignError: one is named twice.
    """
    twice = next((design for design in names if names.count(design) > 1), None)
    if twice is not None:
        raise DesignError(f"{twice!r} is compared with itself: give designs that differ")
    return list(names)


def _settings(names: Sequence[str], designs: Sequence[Design]) -> Table:
    from bitline.evaluation.comparison import differing_settings

    columns = (name("setting"), *(prose(design) for design in names))
    rows = [[setting, *map(_value, values)] for setting, values in differing_settings(designs).items()]
    return Table("settings", columns, rows, "settings that differ" if rows else "no setting differs")


def _value(value: Any) -> Cell:
    if value is None:
        return Cell(None, "-")
    if isinstance(value, list) and len(str(value)) > LONGEST:
        return Cell(value, f"{len(value)} values")
    return Cell(value, exact(value) if isinstance(value, float) else cut(str(value), LONGEST))


def _quality(names: Sequence[str], measured: Sequence[MeasuredDesign], title: str) -> Table:
    measure = measured[0].measure
    unit, change = measure.unit_of_change, measure.text_of_change
    columns = (
        name("design"),
        Column(measure.key, measure.name, measure.unit, measure.text),
        Column("low", "95 % from", measure.unit, measure.text),
        Column("high", "to", measure.unit, measure.text),
        Column("difference", "difference", unit, change),
        Column("difference_low", "95 % from", unit, change),
        Column("difference_high", "to", unit, change),
    )
    rows = []
    for design, entry in zip(names, measured, strict=True):
        found = entry.quality
        less = (
            (None, None, None) if entry is measured[0] else _with_ends(entry.less(measured[0]), measure.possible_change)
        )
        rows.append([design, *_with_ends(found, measure.possible), *less])
    return Table(measure.key, columns, rows, title)


def _with_ends(found: Estimate, limit: Callable[[float], float]) -> tuple[float | None, ...]:
    """A number and the ends of its interval, which are unknown for a single chip."""
    known = math.isfinite(found.interval()[0]) and all(spread.chips > 1 for spread in found.spreads)
    low, high = found.interval() if known else (math.nan, math.nan)
    return tuple(limit(value) if math.isfinite(value) else None for value in (found.value, low, high))


def _cost(names: Sequence[str], measured: Sequence[MeasuredDesign]) -> Table:
    columns: list[Column] = [name("design")]
    for key in COMPARED:
        columns += [cost_column(key), Column(f"{key.rpartition('_')[0]}_ratio", "ratio", "", _ratio)]
    totals = [entry.cost.totals() if entry.cost else {} for entry in measured]
    rows = []
    for design, own in zip(names, totals, strict=True):
        row: list[Any] = [design]
        for key in COMPARED:
            value, base = own.get(key), totals[0].get(key)
            row += [value, value / base if value is not None and base else None]
        rows.append(row)
    sample = with_article(measured[0].measure.sample)
    return Table("cost", tuple(columns), rows, f"cost of {sample}, and its ratio to that of {names[0]}")


def _ratio(value: float | None) -> str:
    return f"{number(value, 3)}x" if value is not None else ""
