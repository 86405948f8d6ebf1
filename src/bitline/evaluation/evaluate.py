"""Accuracy over chips and the error of every layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.config.arguments import check_fields
from bitline.config.counts import whole_number
from bitline.cost import library_of
from bitline.data.stored_images import StoredImages
from bitline.design import Design
from bitline.devices import format_duration
from bitline.errors import DataError
from bitline.evaluation.classifier import Classifier, Labels
from bitline.evaluation.labelled_images import Advance, LabelledImages
from bitline.evaluation.layer_errors import COMPARED, LayerSums, layer_errors
from bitline.evaluation.prepared import Prepared
from bitline.evaluation.result import Evaluation
from bitline.nn import age
from bitline.numerics.progress import Progress, silent

Remedy = Callable[[nn.Module, nn.Module], object]
"""Called with the analog network on its chip, which it may correct, and the quantised reference."""


@dataclass(frozen=True)
class Procedure:
    """How accuracy over chips is measured.

    Attributes:
        chips: number of independently programmed chips.
        seed: seed of the chips.
        after_programming: what is done to every chip before it is used, such as `remedies.Recalibrate`.
        progress: told how far the work is.
        compared_images: images whose layer outputs are compared with the reference's on every chip.

    Examples:
        >>> Procedure(chips=5, seed=1).chips
        5
    """

    chips: int = 3
    seed: int = 0
    after_programming: Remedy = lambda analog, reference: None
    progress: Progress = silent
    compared_images: int = COMPARED

    def __post_init__(self) -> None:
        whole_number("chips", self.chips, 1, DataError)
        whole_number("compared_images", self.compared_images, 0, DataError)
        check_fields(self, DataError)


@dataclass(frozen=True)
class _ChipResult:
    """What one chip does at one time."""

    accuracy: float
    sums: tuple[LayerSums, ...]


@torch.no_grad()
def evaluate(
    model: nn.Module,
    design: Design | str,
    images: Tensor | np.ndarray | StoredImages,
    labels: Labels,
    calibration: Any,
    *,
    chips: int = 3,
    seed: int = 0,
    batch: int = 64,
    progress: Progress = silent,
    after_programming: Remedy = lambda analog, reference: None,
    compared_images: int = COMPARED,
) -> Evaluation:
    """Accuracy of a float network on an analog design.

    Args:
        model: float network that classifies.
        design: the accelerator, or the name of a preset.
        images: normalised inputs, (images, ...), finite; or `Dataset.stored`, which is read batch by batch.
        labels: class numbers, (images,) or (images, 1), or one-hot rows, (images, classes).
        calibration: normalised images of another set, other inputs (see `Inputs.of`), or an earlier calibration.
        chips: independently programmed chips.
        seed: seed of the chips.
        batch: images at once; analog layers of float32 networks give the same numbers to the bit for any.
        progress: told how far the work is.
        after_programming: what is done to every chip before it is used, such as `remedies.Recalibrate`.
        compared_images: images whose layer outputs are compared with the reference's on every chip, for the error of
            every layer, which takes three to four times as long as to classify them; 0 leaves layer errors out.

    Raises:
        DataError: images and labels do not fit, images hold NaN or infinite values, labels are no classes of the
            network, it does not return one score for each of two or more classes, or counts are not whole.
        NetworkError: what is no network, or has no weights in real numbers.
        ConversionError, CalibrationError: see `convert`.

    Examples:
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)  # the largest output is that of the largest input
        >>> images, labels = torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5)
        >>> print(evaluate(network, "differential", images, labels, calibration=images, chips=2))
        differential, 20 images
        accuracy   100.00 ± 0.00 %  mean of 2 chips, 95 % confidence interval
        reference  100.00 %         quantised weights and inputs, exact sums
        float      100.00 %         the original network
        notes      0
    """
    design = Design.of(design)
    procedure = Procedure(chips, seed, after_programming, progress, compared_images)
    classifier = Classifier.of(model, design, images, labels, calibration, batch)
    return _measured(classifier, design, (design.cell.time,), procedure)[0]


@torch.no_grad()
def evaluate_times(
    model: nn.Module,
    design: Design | str,
    images: Tensor | np.ndarray | StoredImages,
    labels: Labels,
    calibration: Any,
    *,
    times: Sequence[float | str],
    chips: int = 3,
    seed: int = 0,
    batch: int = 64,
    progress: Progress = silent,
    after_programming: Remedy = lambda analog, reference: None,
    compared_images: int = COMPARED,
) -> tuple[Evaluation, ...]:
    """Accuracy at several times after programming: every chip is programmed once, and its cells age.

    Args:
        times: since programming, in seconds or as '1 day'.

    The other arguments, and what is raised, are those of `evaluate`.

    Returns:
        One evaluation for each time, in their order.

    Examples:
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)
        >>> images, labels = torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5)
        >>> design = Design().with_settings({"cell.device": "pcm-joshi-2020"})
        >>> early, late = evaluate_times(network, design, images, labels, images, times=("1 minute", "1 day"))
        >>> early.layers[0].own_db > late.layers[0].own_db  # cells drift
        True
    """
    design = Design.of(design)
    procedure = Procedure(chips, seed, after_programming, progress, compared_images)
    classifier = Classifier.of(model, design, images, labels, calibration, batch)
    return _measured(classifier, design, times, procedure)


def _measured(
    classifier: Classifier, design: Design, times: Sequence[float | str], procedure: Procedure
) -> tuple[Evaluation, ...]:
    """One evaluation for each time."""
    if isinstance(times, (str, bytes)) or not isinstance(times, Sequence) or not times:
        raise DataError(f"times is {times!r}: give a list of one or more times")
    data, progress = classifier.data, procedure.progress
    progress("calibrate", 0, 1)
    library_of(design)  # refuse a bad one now
    designs = [design.with_settings({"cell.time": time}) for time in times]
    prepared = Prepared.of(classifier.model, design, classifier.calibration, procedure.seed, data.images)
    progress("calibrate", 1, 1)
    float_accuracy = data.accuracy(classifier.float_network, _told(progress, "float", data))
    reference_accuracy = data.accuracy(prepared.reference, _told(progress, "reference", data))
    results = zip(*_chip_results(prepared, data, designs, procedure), strict=True)
    evaluations = []
    for aged, chips in zip(designs, results, strict=True):
        layers = layer_errors(chip.sums for chip in chips)
        skipped = {layer.name: layer.skipped for layer in layers} if layers else prepared.skipped(data)
        cost, why = prepared.cost_or_reason(aged, skipped)
        evaluations.append(
            Evaluation(
                design=aged,
                images=len(data),
                seed=procedure.seed,
                float_accuracy=float_accuracy,
                reference_accuracy=reference_accuracy,
                chip_accuracies=tuple(chip.accuracy for chip in chips),
                layers=layers,
                notes=(*prepared.conversion.notes, *why),
                cost=cost,
            )
        )
    return tuple(evaluations)


def _chip_results(
    prepared: Prepared, data: LabelledImages, designs: Sequence[Design], procedure: Procedure
) -> Iterator[list[_ChipResult]]:
    """For every chip what it does at each time; it is programmed once."""
    for chip in range(procedure.chips):
        prepared.program(chip)
        results = []
        for aged in designs:
            age(prepared.analog, aged.cell.time)
            procedure.after_programming(prepared.analog, prepared.reference)
            sums = prepared.compare(data, procedure.compared_images)
            at = f" at {format_duration(aged.cell.time)}" if len(designs) > 1 else ""
            what = f"chip {chip + 1} of {procedure.chips}{at}"
            right = prepared.right(data, _told(procedure.progress, what, data))
            results.append(_ChipResult(right / len(data), sums))
        yield results


def _told(progress: Progress, what: str, data: LabelledImages) -> Advance:
    """Tells how many of the images are done."""
    return lambda done: progress(what, done, len(data))
