"""`bitline explore`: the best designs of a study's axes."""

from __future__ import annotations

import dataclasses

import typer

from bitline.cli import options
from bitline.cli.commands import Commands
from bitline.cli.consent import allowed_study
from bitline.cli.inputs import beside
from bitline.cli.launch import Crew, tasks
from bitline.cli.output import Output
from bitline.cli.study_tables import complain_of, duration, study_notes, study_parts, write_report
from bitline.config.files import check_writable

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
    gpus: options.Gpus = 0.0,
    report: options.Report = None,
    allow_code: options.AllowCode = False,
) -> None:
    """Search the axes of a study for the designs that trade accuracy best against cost.

    Every design is screened on few images; the best are measured in full. What to trade off and how many designs to
    look at is in the study's [search] section. It can be interrupted and goes on like 'bitline sweep'.

    Examples:

      bitline explore study.toml --report front.html
    """
    from bitline import study as studies

    output = Output.of(context)
    crew = Crew(workers, executor, address, compute, gpus)
    crew.check(context)
    chosen = studies.Study.load(study)
    store = out or beside(study, "sqlite")
    check_writable("--out", store)
    check_writable("--report", *([report] if report else []))
    allowed_study(chosen, str(study), allow_code)
    with tasks(output, chosen.name) as progress:
        found = studies.explore(chosen, store, workers=crew.count, launch=crew.launch(), progress=progress)
    result = studies.read_results(store)
    best = set(found.front)
    front = dataclasses.replace(result, designs=tuple(design for design in result.designs if design.key in best))
    heading = (
        f"{found.looked_at} designs screened, {len(found.survivors)} measured in full; {len(best)} of them are on the "
        f"front of {', '.join(chosen.search.objectives)}:"
    )
    output.results(heading, *study_parts(front))
    study_notes(front, output)
    write_report(result, report, output)
    output.note(f"{duration(found.seconds)}; results in {store}")
    complain_of(found.failures)
