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
