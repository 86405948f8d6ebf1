"""Why a design loses accuracy, or is worse by another measure: causes are undone one at a time, on few samples, and
remedies are tried the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from bitline.data.samples import Samples
from bitline.design import Design
from bitline.errors import BitlineError
from bitline.evaluation.adc_ranges import SliceRange, study_ranges
from bitline.evaluation.causes import Cause, Settings, Tried, causes, typed
from bitline.evaluation.diagnosed import Diagnosis, Undone
from bitline.evaluation.evaluate import Remedy
from bitline.evaluation.layer_errors import LayerError, layer_errors
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Known, Prepared
from bitline.evaluation.remedies import Recalibrate
from bitline.evaluation.worst_layer import worst_layer
from bitline.numerics.progress import Progress, silent
from bitline.numerics.text import percent

IMAGES = 128
"""Images that a design with one cause undone is tried on."""
OBSERVED = 64
"""Calibration images that are looked at."""
SHARE = 0.25
"""Part of the loss that a cause has to explain, or a remedy to regain, to be worth a word."""
NEARLY = 0.8
"""Part of what a cause regains from which on one that is undone with it explains it as well, and part of the loss from
which on more of the same remedy is not tried."""
ALL_OF_IT = 0.99
"""Part of what a cause regains from which on one that is undone with it is said to be all of it."""
MOST = 3
"""Remedies that are named."""


@dataclass(frozen=True)
class Patient:
    """A network on a design, and the samples to try it on.

    Attributes:
        model: the float network.
        design: the accelerator.
        data: samples with what is measured on them; the first `IMAGES` of them are used.
        calibration: normalised calibration images, or `Samples` of another set.
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
    calibration: Tensor | Samples
    seed: int = 0


@torch.no_grad()
def diagnose(patient: Patient, progress: Progress = silent) -> Diagnosis:
    """Find what costs a design its accuracy.

    Everything that a design may suffer from is removed alone, and it is measured again on the same samples and chip;
    the cause whose removal regains most is named, with the layer that it harms most.

    Args:
        patient: the network, its design and samples.
        progress: told what is tried.

    Raises:
        ConversionError, CalibrationError: see `convert`.
        DataError: the measure has no value for the network, or for the design.

    Examples:
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)
        >>> images, classes = torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5)
        >>> design = Design().with_settings({"cell.faults.stuck_low": 0.9})
        >>> found = diagnose(Patient(network, design, MeasuredSamples.labelled(images, classes, batch=64), images))
        >>> found.because.split(":")[0]
        'stuck and noisy cells'
    """
    ward, measure = _Ward(patient), patient.data.measure
    wanted = ward.data.value(patient.model)
    start, layers = ward.admitted()
    found: list[Tried] = []
    possible = causes(patient.design)
    for number, cause in enumerate(possible):
        progress(f"without {cause.name}", number, len(possible))
        healthy = cause.undone(patient.design)
        value = None if healthy is None else ward.value(healthy)
        if value is not None:
            found.append(Tried(value, cause, tuple(each.name for each in possible if each.name in cause.includes)))
    found.sort(key=lambda tried: measure.rank(tried.value))
    without = tuple(Undone(f"{tried.cause.name}{tried.suffix}", tried.value) for tried in found)
    result = Diagnosis(start, wanted, without, "", (), len(ward.data), measure)
    if not found or not result.regained(found[0].value) >= SHARE:
        return replace(result, because=_nothing_alone(result))
    chosen = _narrowest(found, result)
    because = _because(chosen, found[0], result) + worst_layer(chosen.cause, patient.design, layers, ward.ranges)
    progress("trying remedies", len(possible), len(possible))
    return replace(result, because=because, remedies=ward.remedies(chosen.cause, result))


class _Ward:
    """Measures designs on the same samples and chip."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.data = patient.data.part(0, min(IMAGES, len(patient.data)))
        self.calibration = observed(patient.calibration)
        self._earlier: Prepared | None = None

    def admitted(self) -> tuple[float, tuple[LayerError, ...]]:
        """The measure of the design as it is, and the errors of its layers."""
        prepared = self._prepared(self.patient.design)
        layers = layer_errors([prepared.compare(self.data, 16)])
        return self.data.measure.of(prepared.values(self.data), "the design"), layers

    def value(self, design: Design, correct: Remedy = lambda analog, reference: None) -> float | None:
        """The measure of another design, or None where it cannot be."""
        try:
            prepared = self._prepared(design)
        except BitlineError:
            return None
        correct(prepared.analog, prepared.reference)
        value = self.data.measure.of_part(prepared.values(self.data))
        return None if math.isnan(value) else value

    def remedies(self, cause: Cause, result: Diagnosis) -> tuple[Undone, ...]:
        """What regains enough, the best first; more of what regains nearly all is not tried."""
        tried, enough = list[Undone](), set[frozenset[str]]()
        for remedy in cause.remedies(self.patient.design):
            names = frozenset({remedy} if isinstance(remedy, str) else remedy)
            value = None if names in enough else self._with(remedy)
            if value is not None and result.regained(value) >= SHARE:
                tried.append(Undone(typed(remedy, OBSERVED), value))
                if result.regained(value) >= NEARLY:
                    enough.add(names)
        return tuple(sorted(tried, key=lambda entry: result.measure.rank(entry.value))[:MOST])

    def ranges(self) -> tuple[SliceRange, ...]:
        """Of the ADCs of every layer; none where they cannot be studied."""
        try:
            return study_ranges(self.patient.model, self.patient.design, self.calibration)
        except BitlineError:
            return ()

    def _with(self, remedy: Settings | str) -> float | None:
        if isinstance(remedy, str):
            given, model = self.calibration, self.patient.model
            images = given if isinstance(given, Tensor) else given.beside(model)
            return self.value(self.patient.design, Recalibrate(images)) if len(images) > 1 else None
        try:
            design = self.patient.design.with_settings(dict(remedy))
        except BitlineError:
            return None
        return None if design == self.patient.design else self.value(design)

    def _prepared(self, design: Design) -> Prepared:
        known = Known(earlier=self._earlier)
        images = self.data.samples
        prepared = Prepared.of(self.patient.model, design, self.calibration, self.patient.seed, images, known)
        prepared.program(0)
        self._earlier = prepared
        return prepared


def observed(calibration: Tensor | Samples) -> Tensor | Samples:
    """The calibration images or samples that are looked at: the first `OBSERVED`; images where they are the only input.

    Args:
        calibration: normalised images, or samples.

    Examples:
        >>> len(observed(torch.rand(100, 4)))
        64
    """
    if isinstance(calibration, Tensor):
        return calibration[:OBSERVED]
    first = calibration.part(0, OBSERVED)
    call = first.first(len(first)).call
    alone = call.arguments[0] if len(call.arguments) == 1 and not call.keywords else None
    return alone if isinstance(alone, Tensor) else first


def _narrowest(found: Sequence[Tried], result: Diagnosis) -> Tried:
    """The best cause, or one that is undone with it and regains nearly as much alone."""
    best, enough = found[0], NEARLY * result.regained(found[0].value)
    return next(
        (tried for tried in found if tried.cause.name in best.undone_too and result.regained(tried.value) >= enough),
        best,
    )


def _because(chosen: Tried, best: Tried, result: Diagnosis) -> str:
    """What the chosen cause costs, and what is regained if all that the best one undoes is undone."""
    measure = result.measure
    without, start = (measure.rounded(value) for value in (chosen.value, result.value))
    if not result.regained(chosen.value) < ALL_OF_IT * result.regained(best.value):
        suffix = chosen.suffix if chosen is best else ""
        return f"{chosen.cause.words}{suffix}: without that, {without} in place of {start}"
    others = " and ".join(name for name in (best.cause.name, *best.undone_too) if name != chosen.cause.name)
    return (
        f"{chosen.cause.words}: without that alone, {without} in place of {start}, "
        f"{percent(result.regained(chosen.value), 0)} % of the loss (without {others}, too: "
        f"{measure.rounded(best.value)})"
    )


def _nothing_alone(result: Diagnosis) -> str:
    if not result.loss > 0:
        return "nothing is lost against the float network on these samples"
    wanted, found = (result.measure.rounded(value) for value in (result.wanted, result.value))
    return f"no cause alone: {wanted} became {found}, and undoing any of them regains little"
