"""`bitline libraries`: list and show component libraries."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bitline.cli import completion
from bitline.cli.commands import Commands, PlainCommand
from bitline.cli.output import Output
from bitline.cli.table import Column, Table, name, prose
from bitline.numerics.text import exact

app = Commands()


@app.callback()
def libraries(context: typer.Context) -> None:
    """List the component libraries that costs are computed with, or show one.

    A design names its library with hardware.library: one of these, or a .toml file of your own.
    """
    if context.invoked_subcommand is not None:
        return
    from bitline.cost import Library
    from bitline.cost import libraries as known

    columns = (
        name("library"),
        Column("node_nm", "node", "nm", exact),
        Column("numbers", "numbers"),
        Column("estimates", "of them", "estimates"),
        prose("description"),
    )
    rows = []
    for library in map(Library.load, known()):
        quantities = library.quantities().values()
        guesses = sum(quantity.is_estimate for quantity in quantities)
        rows.append((library.name, library.node_nm, len(quantities), guesses, library.description))
    Output.of(context).results(Table("libraries", columns, rows))


@app.command("show", cls=PlainCommand)
def show(
    library: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A component library or a .toml file.", autocompletion=completion.libraries
        ),
    ],
) -> None:
    """Show a component library as TOML with the source of every number; save it, change it, and name the file."""
    from bitline.cost import Library

    sys.stdout.write(Library.load(library).to_toml())
