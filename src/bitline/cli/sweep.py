"""`bitline sweep`: all designs of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, refuse_idle
from bitline.cli.consent import allowed_study, consent_if_known
from bitline.cli.launch import Crew, tasks
from bitline.cli.output import Output
from bitline.cli.study_run import StudyRun
from bitline.cli.study_tables import duration, study_parts
from bitline.cli.table import Column, Table
from bitline.config.trust import module_of
from bitline.numerics.summary import counted

if TYPE_CHECKING:
    from bitline.study import Forecast

LOADING = "probed now; loading and the start of workers not counted"
"""What the forecast of time rests on."""

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
    threads: options.Threads = None,
    gpus: options.Gpus = 0.0,
    report: options.Report = None,
    allow_code: options.AllowCode = False,
    retry_failed: options.RetryFailed = False,
) -> None:
    """Evaluate all designs of a study.

    Every finished piece is kept: interrupt it with Ctrl-C, kill it, extend its axes or chips, run it again, and only
    what is missing is computed. A design that fails does not stop the others; it is named at the end, with status 1.

    Examples:

      bitline sweep study.toml --dry-run
      bitline sweep study.toml --workers 4 --report study.html
      bitline sweep study.toml --executor ray --address auto
    """
    from bitline import study as studies

    run = StudyRun.of(context, Crew(workers, executor, address, compute, gpus))
    crew, chosen, store = run.crew, run.study, run.store
    if dry_run:
        refuse_idle(context, "with --dry-run", "report", "retry_failed")
        allowed_study(chosen, str(study), allow_code, ask=consent_if_known)
        with run.output.progress() as tell:
            tell("probing", 0, None)
            forecast = studies.plan(chosen, store, crew.count, threads, crew.places[0])
        _show(run.output, forecast, crew.count)
        for module in dict.fromkeys(map(module_of, chosen.refused_code())):
            run.output.note(f"note: code of {module} was not run, so the time is unknown: --allow-code lets it run")
        return
    run.begin(allow_code, retry_failed)
    with tasks(run.output, chosen.name) as progress:
        summary = studies.sweep(
            chosen, store, workers=crew.count, threads=threads, launch=crew.launch(run.output.note), progress=progress
        )
    result = studies.read_results(store)
    run.end(study_parts(result), result, summary.failures, f"{summary.done} tasks in {duration(summary.seconds)}")


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
        Column("busy_s", "of one worker", show=duration),
    )
    row = (
        len(forecast.points), forecast.finished, forecast.tasks, forecast.images, workers, forecast.seconds,
        forecast.busy,
    )  # fmt: skip
    output.data(Table("forecast", columns, [row]))
    output.text(f"{forecast.counts}: {_time(forecast)} with {counted(workers, 'worker')}")
    if forecast.note:
        output.note(f"note: {forecast.note}")
    if forecast.busy:
        shown = ", ".join(f"{count}: {duration(forecast.busy / count)}" for count in (1, 8, 64, 512))
        output.text(
            f"in all {duration(forecast.busy)} of one worker ({LOADING}); shared evenly by so many workers on cores "
            f"or GPUs like this one, {shown}"
        )
