"""Architectures of converters side by side: what `bitline adc --compare` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from bitline.cli.table import Column, Table, name
from bitline.errors import DesignError
from bitline.numerics.text import fixed

if TYPE_CHECKING:
    from bitline.design import Design
    from bitline.readout import Adc

KINDS = ("sar", "split-sar", "pipeline", "cyclic", "flash", "ramp")
"""Architectures, in the order of the table."""
CONVERTERS = 16
"""Converters of each whose curves are drawn."""


def kinds_table(design: Design, given: Mapping[str, Any], seed: int) -> Table:
    """Effective bits, energy, area and time of the architectures at the resolution of a design.

    Args:
        design: says the bits, the rate and the component library.
        given: settings of the command line; an architecture takes those that it has.
        seed: of the errors of the circuits.
    """
    from bitline.cost import library_of
    from bitline.cost.architectures import bounded_pJ
    from bitline.cost.schedule import conversion_ns, converter
    from bitline.readout.curves import curves_of

    library = library_of(design)
    rows = []
    for adc in _converters(design, given):
        bits = float(curves_of(adc, CONVERTERS, seed).effective_bits.mean())
        circuit = converter(adc, library)
        energy, area = bounded_pJ(circuit, adc.bits), circuit.area_um2(adc.bits)
        source = library.name if adc.kind in library.converters else f"law of {_law(adc.kind)}"
        time = conversion_ns(circuit, adc.bits, adc.rate_MS_per_s)
        rows.append((adc.kind, bits, energy, 1e3 * energy / 2**bits, area, time, source))
    columns = (
        name("kind", "ADC"),
        Column("effective_bits", "ENOB", "bits", lambda value: fixed(value, 2)),
        Column("energy_pJ", "energy", "pJ"),
        Column("energy_per_step_fJ", "per step", "fJ"),
        Column("area_um2", "area", "µm²"),
        Column("time_ns", "time", "ns"),
        name("source", "cost from"),
    )
    title = f"{design.adc.bits}-bit converters at {library.node_nm:g} nm: one conversion, means of {CONVERTERS}"
    return Table("architectures", columns, rows, title)


def _law(kind: str) -> str:
    """Whose law a converter without numbers of its own follows."""
    from bitline.cost.architectures import LAWS
    from bitline.cost.schedule import SUBSTITUTE

    return "published converters" if kind in LAWS else f"a {SUBSTITUTE} converter"


def _converters(design: Design, given: Mapping[str, Any]) -> Iterator[Adc]:
    """One converter of each architecture, with the settings that it has.

    Raises:
        DesignError: no architecture has one of the settings.
    """
    from bitline.readout import AnyAdc

    classes = {kind.model_fields["kind"].default: kind for kind in get_args(get_args(AnyAdc)[0])}
    fields = {kind: {f"adc.{field}" for field in classes[kind].model_fields} for kind in KINDS}
    for setting in given:
        if setting.startswith("adc.") and not any(setting in known for known in fields.values()):
            raise DesignError(f"no converter has the setting {setting!r}: see 'bitline designs show NAME' for its own")
    for kind in KINDS:
        own = {setting: value for setting, value in given.items() if setting in fields[kind]}
        plain = {"adc.kind": kind, "adc.range": "full"}  # not every architecture has the range of the design
        adc: Adc = design.with_settings({**plain, **own}).adc  # type: ignore[assignment]
        yield adc
