"""`bitline sweep`: all designs of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bitline.cli import options
from bitline.cli.commands import Commands
from bitline.cli.consent import allowed_study, consent_if_known
from bitline.cli.inputs import beside
from bitline.cli.launch import Crew, tasks
from bitline.cli.output import Output
from bitline.cli.study_tables import complain_of, duration, study_notes, study_parts, write_report
from bitline.cli.table import Column, Table
from bitline.config.files import check_writable
from bitline.config.trust import module_of

if TYPE_CHECKING:
    from bitline.study import Forecast

app = Commands()


@app.command()
def sweep(
    context: typer.Context,
    study: options.StudyFile,
    out: options.Store = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how much is left to do and how long it should take, and stop.")
    ] = False,
    workers: options.Workers = None,
    executor: options.Executor = "local",
    address: options.Address = None,
    compute: options.Compute = "cpu",
    gpus: options.Gpus = 0.0,
    report: options.Report = None,
    allow_code: options.AllowCode = False,
) -> None:
    """Evaluate all designs of a study.

    Every finished piece is kept: interrupt it with Ctrl-C, kill it, extend its axes or chips, run it again, and only
    what is missing is computed.

    Examples:

      bitline sweep study.toml --dry-run
      bitline sweep study.toml --workers 4 --report study.html
      bitline sweep study.toml --executor ray --address auto
    """
    from bitline import study as studies

    output = Output.of(context)
    crew = Crew(workers, executor, address, compute, gpus)
    crew.check(context)
    chosen = studies.Study.load(study)
    store = out or beside(study, "sqlite")
    if dry_run:
        allowed_study(chosen, str(study), allow_code, ask=consent_if_known)
        with output.progress() as tell:
            tell("probing", 0, None)
            forecast = studies.plan(chosen, store, crew.count)
        _show(output, forecast, crew.count)
        for module in dict.fromkeys(map(module_of, chosen.refused_code())):
            output.note(f"note: code of {module} was not run, so the time is unknown: --allow-code lets it run")
        return
    check_writable("--out", store)
    check_writable("--report", *([report] if report else []))
    allowed_study(chosen, str(study), allow_code)
    with tasks(output, chosen.name) as progress:
        summary = studies.sweep(chosen, store, workers=crew.count, launch=crew.launch(), progress=progress)
    result = studies.read_results(store)
    output.results(*study_parts(result))
    study_notes(result, output)
    write_report(result, report, output)
    output.note(f"{summary.done} tasks in {duration(summary.seconds)}; results in {store}")
    complain_of(summary.failures)
    if summary.failures:
        raise typer.Exit(1)


def _time(forecast: Forecast) -> str:
    return "time unknown" if forecast.seconds is None else f"about {duration(forecast.seconds)}"


def _show(output: Output, forecast: Forecast, workers: int) -> None:
    columns = (
        Column("designs", "designs"),
        Column("finished", "finished"),
        Column("tasks", "tasks", "left"),
        Column("images", "images", "left"),
        Column("workers", "workers"),
        Column("seconds", "time", show=duration),
    )
    row = (
        len(forecast.points), forecast.finished, forecast.tasks, forecast.images, workers, forecast.seconds,
    )  # fmt: skip
    output.data(Table("forecast", columns, [row]))
    output.text(
        f"{len(forecast.points)} designs, {forecast.finished} finished; {forecast.tasks} tasks and "
        f"{forecast.images:,} images left: {_time(forecast)} with {workers} worker{'s' * (workers > 1)}"
    )
