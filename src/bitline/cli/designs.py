"""`bitline designs`: list and show designs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bitline.cli import completion
from bitline.cli.commands import Commands, PlainCommand
from bitline.cli.output import Output
from bitline.cli.table import Cell, Column, Table, name, prose

if TYPE_CHECKING:
    from bitline.design import Design

app = Commands()


@app.callback()
def designs(context: typer.Context) -> None:
    """List the designs that come with bitline, or show one.

    Each is a place to begin: change it with --set, or save what 'bitline designs show NAME' writes and edit it.
    """
    if context.invoked_subcommand is not None:
        return
    from bitline.design import Design, presets

    columns = (
        name("design"),
        name("weights"),
        Column("bits_per_cell", "cell", "bits", str),
        Column("rows", "rows"),
        name("inputs", unit="bits"),
        name("ADC", unit="bits"),
        prose("description"),
    )
    Output.of(context).results(Table("designs", columns, [_row(Design.load(preset)) for preset in presets()]))


def _row(design: Design) -> tuple[object, ...]:

    weights, inputs, adc = design.weights, design.inputs, design.adc
    return (
        design.name,
        weights.kind,
        Cell(weights.bits_per_cell, "all" if weights.bits_per_cell == "unsliced" else str(weights.bits_per_cell)),
        design.array.rows,
        f"{inputs.bits} by {inputs.slice_bits}, {inputs.accumulation}",
        f"{adc.bits} {adc.range.kind}" if adc.converts else "none",
        design.description,
    )


@app.command("settings")
def settings(
    context: typer.Context,
    part: Annotated[
        str,
        typer.Argument(metavar="[PART]", help="Only those whose names begin like this: 'adc', 'cell.device', ..."),
    ] = "",
) -> None:
    """List every setting of a design: its values, default and meaning.

    Examples:

      bitline designs settings adc.range
    """
    from bitline.config.described import described
    from bitline.config.messages import nearest
    from bitline.design import Design
    from bitline.errors import DesignError

    rows = described(Design)
    names = [row.name for row in rows]
    chosen = [row for row in rows if f"{row.name}.".startswith(f"{part}." if part else "")]
    if not chosen:
        parts = {name.rpartition(".")[0] for name in names}
        sections = dict.fromkeys(name.partition(".")[0] for name in names)
        raise DesignError(f"a design has no setting {part!r}{nearest(part, [*names, *parts], sections)}")
    columns = (name("setting"), name("default"), prose("meaning"))
    Output.of(context).results(Table("settings", columns, [(row.name, row.default, row.text) for row in chosen]))


@app.command("show", cls=PlainCommand)
def show(
    design: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A preset or a .toml file.", autocompletion=completion.designs),
    ],
) -> None:
    """Show a design as TOML with the meaning of every setting; save it, change it, use it with --design FILE."""
    from bitline.design import Design

    sys.stdout.write(Design.load(design).to_toml())
