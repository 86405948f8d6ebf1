"""`bitline report`: the report of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, PlainCommand
from bitline.cli.inputs import beside, check_text
from bitline.cli.output import Output

app = Commands()


@app.command(cls=PlainCommand)
def report(
    context: typer.Context,
    store: options.StoreFile,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="HTML file; beside the store if not given.")] = None,
    figures: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="Also write figures for papers: pdf, svg or png.")
    ] = None,
) -> None:
    """Write the report of a study: one HTML file that opens offline.

    Examples:

      bitline report study.sqlite --figures pdf
    """
    from bitline.report.figures.study_print import check_format, write_figures
    from bitline.report.study_page import write_study
    from bitline.study import read_results

    output = Output.of(context)
    path = out or beside(store, "html")
    check_text("--out", path, ".html")
    if figures is not None:
        check_format(figures)
    result = read_results(store)
    write_study(path, result)
    written = [path]
    if figures is not None:
        written += write_figures(path.parent, path.stem, result, figures)
    for file in written:
        output.wrote(file)
