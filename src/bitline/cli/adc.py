"""`bitline adc`: transfer curves of converters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bitline.cli.parameters import console
from bitline.config.files import check_writable
from bitline.design import Design
from bitline.design.settings import parse_settings
from bitline.errors import DesignError
from bitline.numerics.text import fixed


def adc(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="uniform, ramp, sar, split-sar, pipeline, cyclic or flash; that of the design if not given."
        ),
    ] = None,
    design: Annotated[str, typer.Option(help="A preset or a .toml file.")] = "differential",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting: adc.capacitor_mismatch=0.02; repeatable."),
    ] = None,
    converters: Annotated[int, typer.Option(min=1, help="Converters to draw.")] = 64,
    seed: Annotated[int, typer.Option(help="Seed of their errors.")] = 0,
    out: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")] = Path("adc.png"),
) -> None:
    """Show what the errors of a converter's circuit do: INL, DNL, missing codes, effective bits, transfer curve.

    Examples:

      bitline adc sar --set adc.capacitor_mismatch=0.05

      bitline adc ramp --set adc.bits=6 --set adc.comparator_offset_steps=0.5
    """
    from bitline.readout import Adc
    from bitline.readout.curves import curves_of
    from bitline.report.figures.adc import adc_figure
    from bitline.report.style import save

    settings = parse_settings(set_ or [])
    own = settings.get("adc.kind", settings.get("adc"))
    if kind is not None and own is not None:
        raise DesignError(f"the kind of ADC is {kind!r} and --set says {own!r}: leave one of them out")
    chosen = Design.load(design).with_settings({"adc.kind": kind} if kind else {}).with_settings(settings).adc
    if not isinstance(chosen, Adc):
        raise DesignError("adc.kind is 'none', which converts nothing: use for example 'bitline adc sar'")
    if chosen.bits > 14:
        raise DesignError(f"adc.bits is {chosen.bits}: curves are drawn for up to 14 bits")
    if out.suffix not in (".png", ".svg", ".pdf"):
        raise DesignError(f"--out is {str(out)!r}: use a .png, .svg or .pdf file")
    check_writable("--out", out)
    curves = curves_of(chosen, converters, seed)
    caption = f"{chosen.kind} ADC, {chosen.bits} bits, {converters} converters, seed {seed}"
    table = Table("quantity", "mean over converters", "worst", title=caption)
    inl, dnl = curves.inl.nan_to_num().abs().amax(-1), curves.dnl.abs().amax(-1)
    table.add_row("largest |INL|, steps", fixed(float(inl.mean()), 3), fixed(float(inl.max()), 3))
    table.add_row("largest |DNL|, steps", fixed(float(dnl.mean()), 3), fixed(float(dnl.max()), 3))
    missing = curves.missing_codes.double()
    table.add_row("missing codes", fixed(float(missing.mean()), 2), f"{int(missing.max()):,}")
    bits = curves.effective_bits
    table.add_row("effective bits (sine, with noise)", fixed(float(bits.mean()), 2), fixed(float(bits.min()), 2))
    save(adc_figure(chosen, curves, caption), out)
    console.print(table)
    if chosen.noise:
        console.print(f"noise of every conversion: {fixed(chosen.noise, 3)} steps rms")
    console.print(f"wrote {out}")
