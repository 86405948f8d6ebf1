"""`bitline adc`: transfer curves of converters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, refuse_idle
from bitline.cli.consent import allowed_design
from bitline.cli.inputs import check_picture
from bitline.cli.output import Output
from bitline.cli.table import Cell, Column, Table, name
from bitline.errors import DesignError
from bitline.numerics.summary import counted
from bitline.numerics.text import fixed, number

if TYPE_CHECKING:
    from torch import Tensor

    from bitline.readout import AnyAdc
    from bitline.readout.curves import Curves

MOST_BITS = 14
"""Of a converter whose curves are drawn."""

MOST_POINTS = 1 << 24
"""Codes of all converters that are drawn together."""

app = Commands()


@app.command()
def adc(
    context: typer.Context,
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help="uniform, ramp, sar, split-sar, pipeline, cyclic, flash or measured; that of the design if not given.",
        ),
    ] = None,
    design: options.DesignName = "differential",
    set_: options.Settings = None,
    allow_code: options.AllowCode = False,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Show effective bits, energy, area and time of all architectures side by side; no picture.",
        ),
    ] = False,
    converters: Annotated[int, typer.Option(min=1, max=options.MOST, metavar="N", help="Converters to draw.")] = 64,
    seed: options.Seed = 0,
    out: options.Picture = Path("adc.png"),
) -> None:
    """Show what the errors of a converter's circuit do.

    Prints INL, DNL, missing codes and effective bits, and draws them and the transfer curve.

    Examples:

      bitline adc sar --set adc.capacitor_mismatch=0.05
      bitline adc --compare --set adc.bits=6
      bitline adc ramp --set adc.bits=6 --set adc.comparator_offset_steps=0.5
    """
    from bitline.readout.curves import curves_of
    from bitline.report.figures.adc import adc_figure
    from bitline.report.style import save

    output = Output.of(context)
    if compare:
        _compare(context, output, design, set_, seed)
        return
    chosen = _converter(kind, design, set_, allow_code)
    _check_size(chosen, converters)
    check_picture(out)
    curves = curves_of(chosen, converters, seed)
    caption = f"{chosen.kind} ADC, {counted(chosen.bits, 'bit')}, {counted(converters, 'converter')}, seed {seed}"
    save(adc_figure(chosen, curves, caption), out)
    output.results(_table(curves, caption, chosen.noise))
    output.wrote(out)


def _compare(context: typer.Context, output: Output, design: str, typed: list[str] | None, seed: int) -> None:
    """Show the architectures at the resolution of a design."""
    from bitline.cli.adc_kinds import kinds_table
    from bitline.design import Design
    from bitline.design.settings import flat, parse_settings

    refuse_idle(context, "with --compare", "kind", "out", "converters", "allow_code")
    given = flat(parse_settings(typed or []))
    if "adc.kind" in given or "adc" in given:
        raise DesignError("--set adc.kind does nothing with --compare, which shows all kinds: leave it out")
    shared = {name: value for name, value in given.items() if name in ("adc.bits", "adc.rate_MS_per_s")}
    others = {name: value for name, value in given.items() if not name.startswith("adc.")}
    chosen = Design.load(design).with_settings({**others, **shared})
    if not chosen.adc.converts:
        raise DesignError(f"design {chosen.name!r} has no ADC: choose another, or --set adc.bits=8")
    if chosen.adc.bits > MOST_BITS:
        raise DesignError(f"adc.bits is {chosen.adc.bits}: curves are drawn for up to {MOST_BITS} bits")
    output.results(kinds_table(chosen, given, seed))


def _check_size(chosen: AnyAdc, converters: int) -> None:
    """Refuse more curves than fit into memory.

    Raises:
        DesignError: they have too many points.
    """
    most = MOST_POINTS >> chosen.bits
    if converters > most:
        raise DesignError(f"--converters is {converters:,}: of {chosen.bits} bits, draw {most:,} at most")


def _converter(kind: str | None, design: str, typed: list[str] | None, allow_code: bool) -> AnyAdc:
    """The converter that an argument, a design and its settings say.

    Raises:
        DesignError: they contradict each other, or there is none whose curves can be drawn.
    """
    from bitline.design import Design
    from bitline.design.settings import parse_settings

    given = parse_settings(typed or [])
    own = given.get("adc.kind", given.get("adc"))
    if kind is not None and own is not None:
        raise DesignError(f"the kind of ADC is {kind!r} and --set says {own!r}: leave one of them out")
    settings = {**({} if kind is None else {"adc.kind": kind}), **given}
    chosen = Design.load(design).with_settings(settings).adc
    if not chosen.is_loaded:
        chosen = allowed_design(design, settings, allow_code).adc
    if not chosen.converts:
        raise DesignError("adc.kind is 'none', which converts nothing: use for example 'bitline adc sar'")
    if chosen.bits > MOST_BITS:
        raise DesignError(f"adc.bits is {chosen.bits}: curves are drawn for up to {MOST_BITS} bits")
    return chosen


def _largest(values: Tensor) -> Tensor:
    """The largest magnitude of each converter; 0 where one of a bit has no inner codes."""
    return values.abs().amax(-1) if values.shape[-1] else values.new_zeros(len(values))


def _table(curves: Curves, caption: str, noise: float) -> Table:
    def row(quantity: str, unit: str, mean: float, worst: float, decimals: int) -> tuple[Any, ...]:
        return quantity, unit, Cell(mean, fixed(mean, decimals)), Cell(worst, fixed(worst, decimals))

    inl, dnl = curves.inl.nan_to_num().abs().amax(-1), _largest(curves.dnl)
    missing, bits = curves.missing_codes.double(), curves.effective_bits
    rows = [
        row("largest |INL|", "steps", float(inl.mean()), float(inl.max()), 3),
        row("largest |DNL|", "steps", float(dnl.mean()), float(dnl.max()), 3),
        row("missing codes", "", float(missing.mean()), float(missing.max()), 2),
        row("effective bits (sine, with noise)", "", float(bits.mean()), float(bits.min()), 2),
    ]
    if noise:
        rows.append(("noise of every conversion, rms", "steps", Cell(noise, number(noise)), Cell(noise, number(noise))))
    columns = (name("quantity"), name("unit", ""), Column("mean", "mean"), Column("worst", "worst"))
    return Table("errors", columns, rows, caption)
