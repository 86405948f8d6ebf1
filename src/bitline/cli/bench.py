"""`bitline bench`: how fast the chain is here."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Column, Table

from bitline.cli.parameters import console
from bitline.errors import BitlineError
from bitline.numerics.text import fixed, number, percent

HEADS = ("x plain", "images/s", "plain", "of limit", "bound", "memory", "set-up s")


def bench(
    cases: Annotated[list[str] | None, typer.Argument(help="Designs to measure; all if not given.")] = None,
    network: Annotated[str, typer.Option(help="A network that comes with bitline; weights are random.")] = (
        "cifar-resnet20"
    ),
    batch: Annotated[int, typer.Option(min=1, help="Images of one pass.")] = 64,
    repeats: Annotated[int, typer.Option(min=1, help="Timed pairs of analog and plain passes.")] = 15,
    device: Annotated[list[str] | None, typer.Option(help="'cpu' or 'cuda'; all there are if not given.")] = None,
) -> None:
    """Measure speed and memory as ratios to plain PyTorch running the same network in the same process.

    The limit is the time that the chain's operations or bytes take at the best rates of the device, measured first.
    """
    from bitline.evaluation.speed import CASES, devices, measure, measure_machine
    from bitline.networks import find_network

    _known(cases or [], tuple(CASES), "benchmark")
    _known(device or [], devices(), "device")
    find_network(network)
    title = f"{network}, batch {batch}; time and memory in units of plain PyTorch's"
    table = Table(Column("device", no_wrap=True), Column("design", no_wrap=True), *HEADS, title=title)
    rates = []
    for place in device or devices():
        with console.status(f"measuring the best rates of {place}"):
            machine = measure_machine(place)
        rates.append(
            f"{place}: {number(machine.flops / 1e9, 3)} Gflop/s, {number(machine.bandwidth / 1e9, 3)} GB/s at best"
        )
        for case in cases or CASES:
            with console.status(f"measuring {case} on {place}"):
                one = measure(case, machine, repeats, network, batch)
            table.add_row(
                place,
                case,
                fixed(one.ratio, 2),
                number(one.images / one.seconds),
                number(one.images / one.plain_seconds),
                f"{percent(one.limit_seconds / one.seconds, 0)} %",
                one.bound,
                fixed(one.memory_ratio, 2),
                fixed(one.setup_seconds, 1),
            )
    console.print(table)
    console.print("\n".join([*rates, *(f"{case}: {CASES[case][0]}" for case in cases or CASES)]), highlight=False)


def _known(given: list[str], known: tuple[str, ...], what: str) -> None:
    unknown = [one for one in given if one not in known]
    if unknown:
        raise BitlineError(f"there is no {what} {unknown[0]!r} here: use one of {', '.join(known)}")
