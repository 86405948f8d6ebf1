"""What can make a design lose accuracy: how to undo it alone, and what might help against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from bitline.design import Design
from bitline.design.noisy_reads import has_cell_noise
from bitline.design.settings import flat
from bitline.devices import Device
from bitline.errors import BitlineError
from bitline.numerics.draws import Draws
from bitline.numerics.text import exact

Settings = Mapping[str, Any]
"""Values by dotted name."""

RECALIBRATE = "recalibrate"
"""A remedy that is no setting of a design: correct the channels of every chip after programming."""
MOST_BITS = 16
"""Of converters and inputs without their usual limits."""


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
    ages = type(design.cell.device).aged is not Device.aged or has_cell_noise(design)
    return {"cell.time": 0.0} if design.cell.time and ages else {}


def _no_read_noise(design: Design) -> Settings:
    return {"cell.read_noise": {"kind": "none"}} if has_cell_noise(design) else {}


def _no_background(design: Design) -> Settings:
    """Cells that can be switched off, where the device is known without its window."""
    return {"cell.on_off_ratio": float("inf")} if design.cell.window_low else {}


def _finer_levels(design: Design) -> Settings:
    return {"adc.bits": MOST_BITS} if design.adc.converts and design.adc.bits < MOST_BITS else {}


def _no_clipping(design: Design) -> Settings:
    """The whole range of the array, and levels at least as fine."""
    if not design.adc.converts or design.adc.range.kind == "full":
        return {}
    return {"adc.range": {"kind": "full"}, "adc.bits": MOST_BITS}


def _ideal_circuit(design: Design) -> Settings:
    return {"adc.kind": "uniform"} if design.adc.converts and design.adc.kind != "uniform" else {}


def _no_wires(design: Design) -> Settings:
    return {"array.kind": "ideal"} if design.array.kind != "ideal" else {}


def _finer_weights(design: Design) -> Settings:
    return {"weights.bits": 12} if design.weights.bits != "float" and design.weights.bits < 12 else {}


def _finer_inputs(design: Design) -> Settings:
    return {"inputs.bits": 12} if design.inputs.bits != "float" and design.inputs.bits < 12 else {}


def _whole_inputs(design: Design) -> Settings:
    whole = {"kind": "percentile", "percentile": 100.0}
    return {"inputs.range": whole} if design.inputs.range.model_dump() != whole else {}


def _against_levels(design: Design) -> Iterator[Settings | str]:
    yield from ({"adc.bits": design.adc.bits + more} for more in (1, 2, 3) if design.adc.bits + more <= MOST_BITS)
    if design.adc.range.kind != "calibrated":
        yield {"adc.range": {"kind": "calibrated"}}
    yield {"array.rows": max(1, design.array.rows // 2)}


def _against_clipping(design: Design) -> Iterator[Settings | str]:
    yield from ({"adc.range": {"kind": "calibrated", "percentile": percentile}} for percentile in (99.98, 100.0))
    yield {"adc.range": {"kind": "full"}}
    yield {"adc.range": {"kind": "calibrated", "percentile": 100.0}, "adc.bits": min(MOST_BITS, design.adc.bits + 1)}


def _against_cells(design: Design) -> Iterator[Settings | str]:
    yield RECALIBRATE
    if design.weights.kind != "differential":
        yield {"weights": {"kind": "differential"}}
    if design.cell.programming.kind == "once":
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


def _no_faults(design: Design) -> Settings:
    names = ("stuck_low", "stuck_high", "telegraph", "telegraph_amplitude")
    return {f"cell.faults.{name}": 0.0 for name in names}


ALL = (
    Cause("drift", "the drift of the cells", _no_drift, _against_drift),
    Cause("programming error", "the error of the programmed cells", _no_error, _against_cells, ("drift", "read noise")),
    Cause("read noise", "the noise of reads", _no_read_noise, _against_cells),
    Cause("faults", "stuck and noisy cells", _no_faults, _against_cells),
    Cause("on/off ratio", "the current of cells in their lowest state", _no_background, _against_cells),
    Cause("wires", "the resistance of the wires", _no_wires, _against_wires),
    Cause("ADC circuit", "the errors of the ADC's circuit", _ideal_circuit, _against_levels),
    Cause("ADC levels", "too few levels of the ADCs", _finer_levels, _against_levels),
    Cause(
        "ADC clipping",
        "signals beyond the range of the ADCs",
        _no_clipping,
        _against_clipping,
        includes=("ADC levels",),
    ),
    Cause("weight codes", "too few bits of the weights", _finer_weights, _against_codes),
    Cause("input codes", "too few bits of the inputs", _finer_inputs, _against_inputs),
    Cause("input clipping", "inputs beyond their calibrated range", _whole_inputs, _against_saturation),
)
"""All causes that are looked at."""
