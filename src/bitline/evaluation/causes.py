"""What can make a design lose accuracy: how to undo it alone, and what might help against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from bitline.design import Design
from bitline.design.noisy_reads import changes_with_time, has_cell_noise
from bitline.design.settings import flat
from bitline.devices.measurements import TableDevice
from bitline.errors import BitlineError
from bitline.numerics.draws import Draws
from bitline.numerics.text import exact

Settings = Mapping[str, Any]
"""Values by dotted name."""

RECALIBRATE = "recalibrate"
"""A remedy that is no setting of a design: correct the channels of every chip after programming."""
MOST_BITS, MOST_OF_CIRCUITS = 16, 14
"""Of ideal converters, and of those whose circuit is simulated."""
FAULTS = ("stuck_low", "stuck_high", "telegraph", "telegraph_amplitude")
OHMIC = {"cell.current_voltage": "ohmic"}
ON_OR_OFF = {"inputs.slice_bits": 1}
"""Inputs of a single voltage, at which currents are proportional to conductances whatever the curve."""


@dataclass(frozen=True)
class Cause:
    """One thing that costs accuracy.

    Attributes:
        name: in tables.
        words: what it is, as the subject of a sentence.
        undo: settings that remove it and leave everything else; none where the design does not have it.
        remedies: settings that may help against it, or the word `RECALIBRATE`.
        includes: names of causes that are undone with it: exact cells do not drift, either.

    Examples:
        >>> [cause.name for cause in causes(Design())]
        ['ADC levels', 'ADC clipping', 'weight codes', 'input codes', 'input clipping']
        >>> [cause.name for cause in causes(Design().with_settings({"inputs.drivers.mismatch": 0.02}))][0]
        'row drivers'
    """

    name: str
    words: str
    undo: Callable[[Design], Settings]
    remedies: Callable[[Design], Iterator[Settings | str]]
    includes: tuple[str, ...] = ()

    def undone(self, design: Design) -> Design | None:
        """The design without this cause, or None where that is the design itself or cannot be."""
        settings = dict(self.undo(design))
        try:
            other = design.with_settings(settings) if settings else design
        except BitlineError:
            return None
        return None if other == design else other


@dataclass(frozen=True)
class Tried:
    """A design without one cause.

    Attributes:
        value: of the measure.
        cause: that is undone.
        undone_too: names of the design's other causes that are undone with it.

    Examples:
        >>> Tried(0.9, ALL[1], ("drift",)).suffix
        ', with drift'
    """

    value: float
    cause: Cause
    undone_too: tuple[str, ...]

    @property
    def suffix(self) -> str:
        """What is undone, too, after the name of the cause."""
        return f", with {' and '.join(self.undone_too)}" if self.undone_too else ""


def causes(design: Design) -> tuple[Cause, ...]:
    """What can be undone in a design, from the cells to the codes.

    Args:
        design: an accelerator.
    """
    return tuple(cause for cause in ALL if cause.undone(design) is not None)


def typed(remedy: Settings | str, images: int) -> str:
    """A remedy as the options of a command line.

    Args:
        remedy: settings, or `RECALIBRATE`.
        images: for recalibration.

    Examples:
        >>> typed({"adc.range": {"kind": "full"}}, 64), typed(RECALIBRATE, 64)
        ('--set adc.range.kind=full', '--recalibrate 64')
    """
    if isinstance(remedy, str):
        return f"--{RECALIBRATE} {images}"
    return " ".join(f"--set {name}={_toml(value)}" for name, value in flat(dict(remedy)).items())


def _toml(value: Any) -> str:
    return exact(value) if isinstance(value, float) else str(value)


def _no_error(design: Design) -> Settings:
    """Cells at their targets, with the same window, where they are not there anyway."""
    low = design.cell.window_low
    targets = torch.linspace(low, 1, 16).reshape(1, 1, 1, -1, 1)
    if torch.equal(design.cell.device.program(targets, Draws((0, "a look at the device"))), targets):
        return {}
    return {"cell.device": {"kind": "none"}, "cell.on_off_ratio": 1 / low if low else float("inf")}


def _no_drift(design: Design) -> Settings:
    """Cells that were just programmed, where the device changes them with time."""
    return {"cell.time": 0.0} if design.cell.time and changes_with_time(design) else {}


def _no_read_noise(design: Design) -> Settings:
    return {"cell.read_noise": {"kind": "none"}} if has_cell_noise(design) else {}


def _no_background(design: Design) -> Settings:
    """Cells that can be switched off, where the device is known without its window."""
    return {"cell.on_off_ratio": float("inf")} if design.cell.window_low else {}


def _finer_levels(design: Design) -> Settings:
    return {"adc.bits": _most_bits(design)} if design.adc.converts and design.adc.bits < _most_bits(design) else {}


def _most_bits(design: Design) -> int:
    return MOST_BITS if design.adc.kind == "uniform" else MOST_OF_CIRCUITS


def _no_clipping(design: Design) -> Settings:
    """The whole range of the array, and levels at least as fine."""
    if not design.adc.converts or design.adc.range.kind == "full":
        return {}
    return {"adc.range": {"kind": "full"}, "adc.bits": _most_bits(design)}


def _ideal_circuit(design: Design) -> Settings:
    return {"adc.kind": "uniform"} if design.adc.converts and design.adc.kind != "uniform" else {}


def _no_wires(design: Design) -> Settings:
    return {"array.kind": "ideal"} if design.array.has_wires else {}


def _ideal_array(design: Design) -> Settings:
    """Sums without errors, where the array is no ideal one and has no wires."""
    return {} if design.array.has_wires else {"array.kind": "ideal"}


def _finer_weights(design: Design) -> Settings:
    return {"weights.bits": 12} if design.weights.bits != "float" and design.weights.bits < 12 else {}


def _finer_inputs(design: Design) -> Settings:
    return {"inputs.bits": 12} if design.inputs.bits != "float" and design.inputs.bits < 12 else {}


def _whole_inputs(design: Design) -> Settings:
    whole = {"kind": "percentile", "percentile": 100.0}
    return {"inputs.range": whole} if design.inputs.range.model_dump() != whole else {}


def _against_levels(design: Design) -> Iterator[Settings | str]:
    bits = range(design.adc.bits + 1, min(design.adc.bits + 3, _most_bits(design)) + 1)
    yield from ({"adc.bits": more} for more in bits)
    if design.adc.range.kind != "calibrated":
        yield {"adc.range": {"kind": "calibrated"}}
    yield {"array.rows": max(1, design.array.rows // 2)}


def _against_clipping(design: Design) -> Iterator[Settings | str]:
    yield from ({"adc.range": {"kind": "calibrated", "percentile": percentile}} for percentile in (99.98, 100.0))
    yield {"adc.range": {"kind": "full"}}
    bits = min(_most_bits(design), design.adc.bits + 1)
    yield {"adc.range": {"kind": "calibrated", "percentile": 100.0}, "adc.bits": bits}


def _against_cells(design: Design) -> Iterator[Settings | str]:
    yield RECALIBRATE
    if design.weights.kind != "differential":
        yield {"weights": {"kind": "differential"}}
    if design.cell.programming.kind == "once" and not isinstance(design.cell.device, TableDevice):
        yield {"cell.programming": {"kind": "write-verify", "tolerance": 0.02}}


def _against_drift(design: Design) -> Iterator[Settings | str]:
    yield RECALIBRATE
    if design.cell.drift_compensation == "none":
        yield {"cell.drift_compensation": "layer"}


def _against_wires(design: Design) -> Iterator[Settings | str]:
    yield RECALIBRATE
    yield from ({"array.rows": max(1, design.array.rows // share)} for share in (2, 4))


def _against_codes(design: Design) -> Iterator[Settings | str]:
    if design.weights.bits != "float":
        yield {"weights.bits": design.weights.bits + 1}
    yield {"weights.bits": 8}
    if design.weights.scale != "channel":
        yield {"weights.scale": "channel"}


def _against_inputs(design: Design) -> Iterator[Settings | str]:
    if design.inputs.bits != "float":
        yield {"inputs.bits": design.inputs.bits + 1}
    yield {"inputs.bits": 8}
    yield {"inputs.range": {"kind": "least-error"}}


def _against_saturation(design: Design) -> Iterator[Settings | str]:
    yield {"inputs.range": {"kind": "percentile", "percentile": 100.0}}
    yield {"inputs.range": {"kind": "least-error"}}


def _against_array(design: Design) -> Iterator[Settings | str]:
    yield RECALIBRATE
    capacitor = flat(design.array.model_dump()).get("capacitor_fF")
    yield from ({"array.capacitor_fF": times * capacitor} for times in (4, 16) if isinstance(capacitor, float))


def _against_few_targets(design: Design) -> Iterator[Settings | str]:
    count = flat(design.cell.levels.model_dump()).get("count")
    yield from ({"cell.levels.count": times * count} for times in (2, 4) if isinstance(count, int))


def _against_cut_weights(design: Design) -> Iterator[Settings | str]:
    largest = design.weights.largest
    yield {"weights.percentile": 100.0} if largest is None else {"weights.largest": 2 * largest}


WHOLE_WEIGHTS = {"weights.percentile": 100.0, "weights.largest": None}
FAULTLESS = dict.fromkeys((f"cell.faults.{name}" for name in FAULTS), 0.0)
UNVARIED = dict.fromkeys((f"cell.variation.{what}" for what in ("row", "column", "die")), 0.0)
EXACT_DRIVERS = {"inputs.drivers.mismatch": 0.0, "inputs.drivers.noise": 0.0}
EXACT_CAPACITORS = {"inputs.accumulator.capacitor_mismatch": 0.0, "inputs.accumulator.leakage": 0.0}
EXACT_ACCUMULATOR = {**EXACT_CAPACITORS, "inputs.accumulator.effective_bits": None}
DIGITAL = {"inputs.accumulation": "digital", **EXACT_CAPACITORS}
FINER = ("ADC levels", "ADC noise")
NOISELESS_ADC = {"adc.noise_steps": 0.0, "adc.thermal_noise.capacitance_fF": None}


def _with(settings: Settings) -> Callable[[Design], Settings]:
    """What undoes a cause in every design that has it."""
    return lambda design: settings


def _try(*remedies: Settings | str) -> Callable[[Design], Iterator[Settings | str]]:
    """What may help every design that has a cause."""
    return lambda design: iter(remedies)


ALL = (
    Cause("drift", "the drift of the cells", _no_drift, _against_drift),
    Cause("programming error", "the error of the programmed cells", _no_error, _against_cells, ("drift", "read noise")),
    Cause("variation", "what cells of a row, a column or a die share", _with(UNVARIED), _against_cells),
    Cause("read noise", "the noise of reads", _no_read_noise, _against_cells),
    Cause("faults", "stuck and noisy cells", _with(FAULTLESS), _against_cells),
    Cause("cell levels", "too few conductances to aim at", _with({"cell.levels": "continuous"}), _against_few_targets),
    Cause("on/off ratio", "the current of cells in their lowest state", _no_background, _against_cells),
    Cause("nonlinear cells", "currents that do not follow the voltage", _with(OHMIC), _try(ON_OR_OFF, RECALIBRATE)),
    Cause("wires", "the resistance of the wires", _no_wires, _against_wires),
    Cause("array circuit", "the errors of the array's circuit", _ideal_array, _against_array),
    Cause("row drivers", "the errors of the row drivers", _with(EXACT_DRIVERS), _try(RECALIBRATE)),
    Cause("accumulator", "the errors of analog accumulators", _with(EXACT_ACCUMULATOR), _try(DIGITAL)),
    Cause("ADC circuit", "the errors of the ADC's circuit", _ideal_circuit, _against_levels),
    Cause("ADC noise", "the noise of the ADCs", _with(NOISELESS_ADC), _against_levels),
    Cause("ADC levels", "too few levels of the ADCs", _finer_levels, _against_levels, ("ADC noise",)),
    Cause("ADC clipping", "signals beyond the range of the ADCs", _no_clipping, _against_clipping, FINER),
    Cause("weight codes", "too few bits of the weights", _finer_weights, _against_codes),
    Cause("weight clipping", "weights beyond the largest that is stored", _with(WHOLE_WEIGHTS), _against_cut_weights),
    Cause("input codes", "too few bits of the inputs", _finer_inputs, _against_inputs),
    Cause("input clipping", "inputs beyond their calibrated range", _whole_inputs, _against_saturation),
)
"""All causes that are looked at."""
