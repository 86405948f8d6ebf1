"""`bitline results`: what a study found, as a table or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, refuse_idle
from bitline.cli.inputs import beside
from bitline.cli.output import Output, complain
from bitline.cli.study_tables import SHOWN, Shown, best_first, shown_parts, study_notes
from bitline.config.files import check_writable
from bitline.errors import StudyError

if TYPE_CHECKING:
    from bitline.cli.table import Table
    from bitline.study import DesignResult, Selection, StudyResult

app = Commands()


@app.command()
def results(
    context: typer.Context,
    store: options.StoreFile,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Only these designs: 'adc.bits>=6 and accuracy>90%'; may be repeated."),
    ] = None,
    pareto: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only the front of these columns, such as accuracy,energy_uJ."),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="NAME", help="Sort by a column, best first; -COLUMN: worst first.")
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(min=1, max=options.MOST, metavar="N", help=f"Designs to show at most; {SHOWN} in tables."),
    ] = None,
    earlier: Annotated[
        bool, typer.Option("--earlier", help="Also designs of earlier forms of the study, with what differs.")
    ] = False,
    to: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="Write a file in place of the table: csv, parquet or json.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; beside the store if not given.")
    ] = None,
    designs: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Also write the designs that are shown, each as a TOML file for --design."),
    ] = None,
) -> None:
    """Show the results of a study, best designs first, or write them as a file.

    Examples:

      bitline results study.sqlite
      bitline results study.sqlite --where "adc.bits>=6" --pareto accuracy,energy_uJ
      bitline results study.sqlite --sort energy_uJ --top 5 --json
      bitline results study.sqlite --to csv
      bitline results study.sqlite --pareto accuracy,energy_uJ --designs chosen
    """
    from bitline.study import Selection, export
    from bitline.study.export import check_export

    output = Output.of(context)
    if to is None:
        refuse_idle(context, "without --to", "out")
        if designs is not None:
            check_writable("--designs", designs / "design.toml")
        result = _read(store, earlier)
        selection = Selection(tuple(where or ()), _listed(pareto), sort or "")
        chosen = _chosen(result, selection)
        output.results(*_parts(result, selection, chosen, top))
        study_notes(result, output)
        if designs is not None:
            _write(chosen[: top or SHOWN], designs, output)
        for failure in result.failures:
            complain(f"failed: {failure}")
        return
    refuse_idle(context, "with --to", "where", "pareto", "sort", "top", "designs", "json", "csv")
    check_export(to)
    path = out or beside(store, to)
    check_writable("--out", path)
    export(_read(store, earlier), to, path)
    output.wrote(path)


def _read(store: Path, earlier: bool) -> StudyResult:
    from bitline.study import read_results

    result = read_results(store)
    return result.with_earlier() if earlier else result


def _chosen(result: StudyResult, selection: Selection) -> tuple[DesignResult, ...]:
    """The designs that were asked for, in the order that was asked for or the best first."""
    designs = selection.of(result)
    return designs if selection.sort else tuple(best_first(designs))


def _write(designs: tuple[DesignResult, ...], folder: Path, output: Output) -> None:
    """Write designs as files.

    Raises:
        StudyError: there are none.
    """
    from bitline.study import write_designs

    if not designs:
        raise StudyError("--designs: no design is shown")
    paths = write_designs(designs, folder)
    output.wrote(*paths[:3])
    more = len(paths[3:])
    if more:
        output.note(f"{more:,} more file{'s' * (more > 1)} in {folder}")


def _parts(
    result: StudyResult, selection: Selection, designs: tuple[DesignResult, ...], top: int | None
) -> list[Table | str]:
    """The designs that were asked for; `top` is a limit of JSON and CSV, too, where it is given."""
    count = len(designs)
    wanted = (*selection.pareto, *filter(None, [selection.sort.removeprefix("-")]))
    parts = shown_parts(result, Shown(designs[:top], top or SHOWN, tuple(dict.fromkeys(wanted))))
    if count < len(result.designs) or count > (top or count):
        parts.append(f"{min(count, top or count):,} of {len(result.designs):,} designs")
    return parts


def _listed(names: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",")) if names else ()
