"""`bitline results`: what a study found, as a table or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, refuse_idle
from bitline.cli.inputs import beside
from bitline.cli.output import Output, complain
from bitline.cli.study_tables import SHOWN, study_notes, study_parts
from bitline.config.files import check_writable

app = Commands()


@app.command()
def results(
    context: typer.Context,
    store: options.StoreFile,
    top: Annotated[int, typer.Option(min=1, max=options.MOST, metavar="N", help="Designs to show at most.")] = SHOWN,
    to: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="Write a file in place of the table: csv, parquet or json.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; beside the store if not given.")
    ] = None,
) -> None:
    """Show the results of a study, best designs first, or write them as a file.

    Examples:

      bitline results study.sqlite
      bitline results study.sqlite --to csv
    """
    from bitline.study import export, read_results
    from bitline.study.export import check_export

    output = Output.of(context)
    if to is None:
        refuse_idle(context, "without --to", "out")
        result = read_results(store)
        output.results(*study_parts(result, top))
        study_notes(result, output)
        for failure in result.failures:
            complain(f"failed: {failure}")
        return
    refuse_idle(context, "with --to", "top", "json", "csv")
    check_export(to)
    path = out or beside(store, to)
    check_writable("--out", path)
    export(read_results(store), to, path)
    output.wrote(path)
