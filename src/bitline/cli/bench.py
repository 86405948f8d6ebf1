"""`bitline bench`: how fast the chain is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bitline.cli import options
from bitline.cli.commands import Commands
from bitline.cli.output import Output
from bitline.cli.table import Column, Table, name
from bitline.errors import BitlineError
from bitline.numerics.text import fixed, number, percent

if TYPE_CHECKING:
    from bitline.evaluation.speed import Machine, Timing

app = Commands()


@app.command()
def bench(
    context: typer.Context,
    cases: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Designs to measure; all if not given.")
    ] = None,
    network: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A network that comes with bitline; weights are random.",
            autocompletion=options.completion.networks,
        ),
    ] = "cifar-resnet20",
    batch: Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="Images of one pass.")] = 64,
    repeats: Annotated[
        int, typer.Option(min=1, max=100_000, metavar="N", help="Timed pairs of analog and plain passes.")
    ] = 15,
    compute: Annotated[
        list[str] | None,
        typer.Option("--compute", metavar="NAME", help="Where to compute: cpu or cuda; all there are if not given."),
    ] = None,
) -> None:
    """Measure speed and memory as ratios to plain PyTorch.

    Both run the same network in the same process. The limit is the time that the chain's operations or bytes take at
    the best rates of the processor, measured first.
    """
    from bitline.evaluation.speed import CASES, devices, measure, measure_machine
    from bitline.networks import find_network

    output = Output.of(context)
    _known(cases or [], tuple(CASES), "benchmark")
    _known(compute or [], devices(), "device")
    find_network(network)
    machines, timings = [], []
    with output.progress() as tell:
        for place in compute or devices():
            tell(f"measuring the best rates of {place}", 0, None)
            machine = measure_machine(place)
            machines.append(machine)
            chosen = list(cases or CASES)
            for index, case in enumerate(chosen):
                tell(f"{case} on {place}", index, len(chosen))
                timings.append((place, measure(case, machine, repeats, network, batch)))
    title = f"{network}, batch {batch}; time and memory in units of plain PyTorch's"
    output.results(_timings(timings, title), _machines(machines))
    for case in cases or CASES:
        output.note(f"{case}: {CASES[case][0]}")


def _timings(timings: list[tuple[str, Timing]], title: str) -> Table:
    columns = (
        name("design"),
        name("compute"),
        Column("ratio", "time", "x plain", lambda value: fixed(value, 2)),
        Column("images_per_s", "images/s"),
        Column("plain_images_per_s", "plain", "images/s"),
        Column("of_limit", "of limit", "%", lambda share: percent(share, 0)),
        name("bound"),
        Column("memory_ratio", "memory", "x plain", lambda value: fixed(value, 2)),
        Column("setup_s", "set-up", "s", lambda value: fixed(value, 1)),
    )
    rows = [
        (
            timing.case,
            place,
            timing.ratio,
            timing.images / timing.seconds,
            timing.images / timing.plain_seconds,
            timing.limit_seconds / timing.seconds,
            timing.bound,
            timing.memory_ratio,
            timing.setup_seconds,
        )
        for place, timing in timings
    ]
    return Table("timings", columns, rows, title)


def _machines(machines: list[Machine]) -> Table:
    columns = (
        name("compute"),
        Column("Gflop_per_s", "at best", "Gflop/s", lambda value: number(value, 3)),
        Column("GB_per_s", "at best", "GB/s", lambda value: number(value, 3)),
    )
    rows = [(machine.device, machine.flops / 1e9, machine.bandwidth / 1e9) for machine in machines]
    return Table("machines", columns, rows)


def _known(given: list[str], known: tuple[str, ...], what: str) -> None:
    unknown = [word for word in given if word not in known]
    if unknown:
        raise BitlineError(f"there is no {what} {unknown[0]!r} here: use one of {', '.join(known)}")
