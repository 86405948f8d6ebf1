"""`bitline explore`: the best designs of a study's axes."""

from __future__ import annotations

import typer

from bitline.cli import options
from bitline.cli.commands import Commands
from bitline.cli.launch import Crew, tasks
from bitline.cli.study_run import StudyRun
from bitline.cli.study_tables import Shown, best_first, duration, shown_parts

app = Commands()


@app.command()
def explore(
    context: typer.Context,
    study: options.StudyFile,
    out: options.Store = None,
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
    """Search the axes of a study for the designs that trade accuracy best against cost.

    Every design is screened on few images; the best are measured in full. What to trade off and how many designs to
    look at is in the study's [search] section. It can be interrupted and goes on like 'bitline sweep'.

    Examples:

      bitline explore study.toml --report front.html
    """
    from bitline import study as studies

    run = StudyRun.of(context, Crew(workers, executor, address, compute, gpus))
    run.begin(allow_code, retry_failed)
    crew, chosen = run.crew, run.study
    with tasks(run.output, chosen.name) as progress:
        found = studies.explore(
            chosen,
            run.store,
            workers=crew.count,
            threads=threads,
            launch=crew.launch(run.output.note),
            progress=progress,
        )
    result = studies.read_results(run.store)
    best = set(found.front)
    front = Shown(best_first([design for design in result.designs if design.key in best]))
    asked = chosen.search.designs
    again = f" (of {asked}: it came upon no others that are possible)" if found.looked_at < asked else ""
    heading = (
        f"{found.looked_at} designs screened{again}, {len(found.survivors)} measured in full; {len(best)} of "
        f"them are on the front of {', '.join(chosen.search.objectives)}:"
    )
    run.end([heading, *shown_parts(result, front)], result, found.failures, duration(found.seconds))
