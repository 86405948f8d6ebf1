"""Why a design loses accuracy: causes are undone one at a time, on few images, and remedies are tried the same way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.design import Design
from bitline.design.settings import flat
from bitline.errors import BitlineError
from bitline.evaluation.adc_ranges import SliceRange, study_ranges
from bitline.evaluation.causes import ALL, RECALIBRATE, Cause, Settings, causes
from bitline.evaluation.layer_errors import LayerError, layer_errors
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Known, Prepared
from bitline.evaluation.remedies import Recalibrate
from bitline.nn import age
from bitline.numerics.progress import Progress, silent
from bitline.numerics.text import exact, fixed, percent

IMAGES = 128
"""Images that a design with one cause undone is tried on."""
OBSERVED = 64
"""Calibration images that are looked at."""
SHARE = 0.25
"""Part of the loss that a cause has to explain, or a remedy to regain, to be worth a word."""
NEARLY = 0.8
"""Part of the most that one cause regains from which on another one is as good an explanation."""
MOST = 3
"""Remedies that are named."""


@dataclass(frozen=True)
class Undone:
    """A design with one cause removed, or with a remedy.

    Attributes:
        name: of the cause, or the options of a command line that apply the remedy.
        accuracy: fraction right, of the images that were tried.

    Examples:
        >>> Undone("ADC levels", 0.91).accuracy
        0.91
    """

    name: str
    accuracy: float


@dataclass(frozen=True)
class Diagnosis:
    """Why a design loses accuracy.

    Attributes:
        accuracy: of the design on the images that were tried, on one chip.
        wanted: of the float network on the same images.
        without: accuracy with each cause undone, the best first.
        because: one sentence.
        remedies: what helps, the best first; at most three.
        images: how many were tried.

    Examples:
        >>> found = Diagnosis(0.4, 0.92, (Undone("ADC levels", 0.9),), "too few levels.", (), images=128)
        >>> round(found.loss, 2)
        0.52
    """

    accuracy: float
    wanted: float
    without: tuple[Undone, ...]
    because: str
    remedies: tuple[Undone, ...]
    images: int

    @property
    def loss(self) -> float:
        """Accuracy that is lost, a fraction."""
        return self.wanted - self.accuracy


@dataclass(frozen=True)
class Patient:
    """A network on a design, and the images to try it on.

    Attributes:
        model: the float network.
        design: the accelerator.
        data: labelled images; the first `IMAGES` of them are used.
        calibration: normalised calibration images.
        seed: seed of the chip.

    Examples:
        >>> network = nn.Linear(4, 2).eval()
        >>> data = MeasuredSamples.labelled(torch.rand(6, 4), torch.zeros(6).long(), batch=64)
        >>> Patient(network, Design(), data, torch.rand(8, 4)).seed
        0
    """

    model: nn.Module
    design: Design
    data: MeasuredSamples
    calibration: Tensor
    seed: int = 0


@torch.no_grad()
def diagnose(patient: Patient, progress: Progress = silent) -> Diagnosis:
    """Find what costs a design its accuracy.

    Everything that a design may suffer from is removed alone, and accuracy counted again on the same images and chip;
    the cause whose removal regains most is named, with the layer that it harms most.

    Args:
        patient: the network, its design and images.
        progress: told what is tried.

    Raises:
        ConversionError, CalibrationError: see `convert`.

    Examples:
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)
        >>> images, classes = torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5)
        >>> design = Design().with_settings({"cell.faults.stuck_low": 0.9})
        >>> found = diagnose(Patient(network, design, MeasuredSamples.labelled(images, classes, batch=64), images))
        >>> found.because.split(":")[0]
        'stuck and noisy cells'
    """
    ward = _Ward(patient)
    start, layers = ward.admitted()
    wanted = ward.data.value(patient.model)
    found: list[tuple[float, Cause]] = []
    possible = causes(patient.design)
    for number, cause in enumerate(possible):
        progress(f"without {cause.name}", number, len(possible))
        healthy = cause.undone(patient.design)
        accuracy = None if healthy is None else ward.accuracy(healthy)
        if accuracy is not None:
            found.append((accuracy, cause))
    found.sort(key=lambda pair: -pair[0])
    without = tuple(Undone(cause.name, accuracy) for accuracy, cause in found)
    if not found or found[0][0] - start < SHARE * (wanted - start) or wanted <= start:
        return Diagnosis(start, wanted, without, _nothing_alone(start, wanted), (), len(ward.data))
    accuracy, cause = _narrowest(found, start)
    because = f"{cause.words}: without that, {percent(accuracy, 1)} % in place of {percent(start, 1)} %"
    because += _where(patient, cause, layers)
    progress("trying remedies", len(possible), len(possible))
    return Diagnosis(start, wanted, without, because, ward.remedies(cause, start, wanted), len(ward.data))


class _Ward:
    """Counts accuracies of designs on the same images and chip."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.data = patient.data.part(0, min(IMAGES, len(patient.data)))
        self.calibration = patient.calibration[:OBSERVED]
        self._earlier: Prepared | None = None

    def admitted(self) -> tuple[float, tuple[LayerError, ...]]:
        """Accuracy of the design as it is, and the errors of its layers."""
        prepared = self._prepared(self.patient.design)
        layers = layer_errors([prepared.compare(self.data, 16)])
        return float(np.mean(prepared.values(self.data))), layers

    def accuracy(self, design: Design, recalibrate: bool = False) -> float | None:
        """Accuracy of another design, or None where it cannot be."""
        try:
            prepared = self._prepared(design)
        except BitlineError:
            return None
        if recalibrate:
            Recalibrate(self.calibration)(prepared.analog, prepared.reference)
        return float(np.mean(prepared.values(self.data)))

    def remedies(self, cause: Cause, start: float, wanted: float) -> tuple[Undone, ...]:
        """What regains enough, the best first."""
        tried = []
        for remedy in cause.remedies(self.patient.design):
            accuracy = self._with(remedy)
            if accuracy is not None and accuracy - start >= SHARE * (wanted - start):
                tried.append(Undone(_typed(remedy), accuracy))
                if accuracy - start >= NEARLY * (wanted - start):  # what comes later costs more, and gains little more
                    break
        return tuple(sorted(tried, key=lambda entry: -entry.accuracy)[:MOST])

    def _with(self, remedy: Settings | str) -> float | None:
        if isinstance(remedy, str):
            return self.accuracy(self.patient.design, recalibrate=True) if len(self.calibration) > 1 else None
        try:
            design = self.patient.design.with_settings(dict(remedy))
        except BitlineError:
            return None
        return None if design == self.patient.design else self.accuracy(design)

    def _prepared(self, design: Design) -> Prepared:
        known = Known(earlier=self._earlier)
        images = self.data.samples
        prepared = Prepared.of(self.patient.model, design, self.calibration, self.patient.seed, images, known)
        prepared.program(0)
        age(prepared.analog, design.cell.time)
        self._earlier = prepared
        return prepared


def _narrowest(found: Sequence[tuple[float, Cause]], start: float) -> tuple[float, Cause]:
    """Of causes that regain nearly as much as the best one, the first of `causes`: exact cells do not drift, either."""
    enough = start + NEARLY * (found[0][0] - start)
    return min((entry for entry in found if entry[0] >= enough), key=lambda entry: ALL.index(entry[1]))


def _nothing_alone(start: float, wanted: float) -> str:
    if wanted <= start:
        return "nothing is lost against the float network on these images"
    return (
        f"no cause alone: {percent(wanted, 1)} % became {percent(start, 1)} %, and undoing any of them regains little"
    )


def _typed(remedy: Settings | str) -> str:
    """A remedy as the options of a command line."""
    if isinstance(remedy, str):
        return f"--{RECALIBRATE} {OBSERVED}"
    return " ".join(f"--set {name}={_toml(value)}" for name, value in flat(dict(remedy)).items())


def _toml(value: Any) -> str:
    return exact(value) if isinstance(value, float) else str(value)


def _where(patient: Patient, cause: Cause, layers: Sequence[LayerError]) -> str:
    """Which layer a cause harms most, and by how much."""
    if cause.name in ("ADC levels", "ADC clipping"):
        return _at_the_adcs(patient, cause.name)
    known = [layer for layer in layers if math.isfinite(layer.own_db)]
    if not known:
        return ""
    worst = min(known, key=lambda layer: layer.own_db)
    outside = f", {percent(worst.outside, 1)} % of its cells outside the tolerance" if worst.outside else ""
    return f"; worst in {worst.name}, whose outputs lie {fixed(worst.own_db, 1)} dB above their error{outside}"


def _at_the_adcs(patient: Patient, name: str) -> str:
    """The layer whose signals are clipped most, or use the fewest levels."""
    try:
        ranges = study_ranges(patient.model, patient.design, patient.calibration[:OBSERVED])
    except BitlineError:
        return ""
    if name == "ADC clipping":
        clipped = [entry for entry in ranges if not math.isnan(entry.clipped)]
        worst = max(clipped, key=lambda entry: entry.clipped, default=None)
        return "" if worst is None else f"; {percent(worst.clipped, 1)} % of the signals of {worst.layer} are clipped"
    fewest = min(ranges, key=_levels_in_use)
    used, levels = _levels_in_use(fewest), 2**patient.design.adc.bits
    return f"; most signals of {fewest.layer} share {used:.0f} of {levels:,} levels"


def _levels_in_use(entry: SliceRange) -> float:
    """Levels that the inner half of the signals spreads over, at least one."""
    spread = entry.signals.percentile(75) - entry.signals.percentile(25)
    return max(1.0, spread / entry.step)
