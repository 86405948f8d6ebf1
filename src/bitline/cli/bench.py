"""`bitline bench`: how fast the chain is here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, refuse_idle
from bitline.cli.output import Output
from bitline.cli.table import Column, Table, name, prose
from bitline.errors import BitlineError
from bitline.numerics.text import fixed, number, percent

if TYPE_CHECKING:
    from bitline.evaluation.speed import Machine, Timing

app = Commands()


@app.command()
def bench(
    context: typer.Context,
    cases: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Designs to measure; all if not given.")
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="With random weights: minilm, smollm2 or lstm, on random sequences, or a network that comes with "
            "bitline; cifar-resnet20 and resnet50 if not given.",
            autocompletion=options.completion.benchmarked,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            min=1, max=100_000, metavar="N", help="Samples of one pass; as many as suit the network if not given."
        ),
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, max=100_000, metavar="N", help="Timed pairs of analog and plain passes.")
    ] = 15,
    compute: Annotated[
        list[str] | None,
        typer.Option("--compute", metavar="NAME", help="Where to compute: cpu or cuda; all there are if not given."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how each layer is evaluated, and why not faster; measure nothing.")
    ] = False,
    threads: options.Threads = None,
) -> None:
    """Measure speed and memory as ratios to plain PyTorch.

    Both run the same network in the same process. The limit is the time that the chain's operations or bytes take at
    the best rates of the processor, measured first.
    """
    from bitline.evaluation.benchmarks import CASES, MEASURED, timed_network
    from bitline.evaluation.speed import devices

    output = Output.of(context)
    if explain:
        refuse_idle(context, "with --explain", "repeats", "batch", "compute")
    _known(cases or [], tuple(CASES), "benchmark")
    _known(compute or [], devices(), "device")
    chosen = {wanted: batch or timed_network(wanted).samples for wanted in network or MEASURED}
    if explain:
        output.results(_plans(cases or list(CASES), list(chosen)))
        return
    timings, machines = _measured(output, _Selection(cases, chosen, tuple(compute or devices()), repeats))
    output.results(_timings(timings), _machines(machines))
    for case in cases or CASES:
        output.note(f"{case}: {CASES[case][0]}")


@dataclass(frozen=True)
class _Selection:
    """What is measured.

    Attributes:
        cases: names of designs; None for all, less the slowest on large networks.
        networks: names, and samples of one pass.
        devices: where to compute.
        repeats: timed pairs.
    """

    cases: list[str] | None
    networks: dict[str, int]
    devices: tuple[str, ...]
    repeats: int


@dataclass(frozen=True)
class _Measured:
    """A timing, and where it was measured."""

    network: str
    device: str
    timing: Timing


def _measured(output: Output, wanted: _Selection) -> tuple[list[_Measured], list[Machine]]:
    """Timings of every network, device and design, and the best rates of the devices."""
    from bitline.evaluation.benchmarks import usual_cases
    from bitline.evaluation.speed import measure, measure_machine

    timings, machines = [], []
    with output.progress() as tell:
        for device in wanted.devices:
            tell(f"measuring the best rates of {device}", 0, None)
            machine = measure_machine(device)
            machines.append(machine)
            for network, batch in wanted.networks.items():
                cases = wanted.cases or usual_cases(network)
                for index, case in enumerate(cases):
                    tell(f"{case} of {network} on {device}", index, len(cases))
                    timing = measure(case, machine, wanted.repeats, network, batch)
                    timings.append(_Measured(network, device, timing))
    return timings, machines


def _plans(cases: list[str], networks: list[str]) -> Table:
    """How layers are evaluated: those that are evaluated alike in one row."""
    from bitline.evaluation.speed import plans

    columns = (name("network"), name("design"), Column("layers", "layers"), prose("plan", "evaluated as"))
    rows: list[tuple[object, ...]] = []
    for network in networks:
        for case in cases:
            rows.extend((network, case, count, plan) for plan, count in Counter(plans(case, network).values()).items())
    return Table("plans", columns, rows, "How layers are evaluated")


def _timings(measured: list[_Measured]) -> Table:
    columns = (
        name("benchmark", "network, design"),
        name("compute"),
        Column("ratio", "time", "x plain", lambda value: fixed(value, 2)),
        Column("samples_per_s", "samples/s"),
        Column("plain_samples_per_s", "plain", "samples/s"),
        Column("of_limit", "of limit", "%", lambda share: percent(share, 0)),
        name("bound"),
        Column("memory_ratio", "memory", "x plain", lambda value: fixed(value, 2)),
        Column("setup_s", "set-up", "s", lambda value: fixed(value, 1)),
    )
    rows = [
        (
            f"{each.network} {timing.case}",
            each.device,
            timing.ratio,
            timing.samples / timing.seconds,
            timing.samples / timing.plain_seconds,
            timing.limit_seconds / timing.seconds,
            timing.bound,
            timing.memory_ratio,
            timing.setup_seconds,
        )
        for each in measured
        for timing in (each.timing,)
    ]
    keys = [column.key for column in columns]
    records = [
        {"network": each.network, "design": each.timing.case, **dict(zip(keys[1:], row[1:], strict=True))}
        for each, row in zip(measured, rows, strict=True)
    ]
    return Table("timings", columns, rows, "Time and memory in units of plain PyTorch's", records=records)


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
