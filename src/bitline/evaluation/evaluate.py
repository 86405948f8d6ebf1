"""A measure of quality over chips, and the error of every layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from bitline.config.arguments import check_fields
from bitline.config.counts import whole_number
from bitline.cost import library_of
from bitline.design import Design
from bitline.design.noisy_reads import changes_with_time
from bitline.devices import format_duration
from bitline.errors import DataError
from bitline.evaluation.layer_errors import COMPARED, COMPARED_CHIPS, LayerSums, layer_errors
from bitline.evaluation.measured_samples import Advance, MeasuredSamples
from bitline.evaluation.prepared import Prepared
from bitline.evaluation.result import Evaluation
from bitline.evaluation.sample_values import SampleValues
from bitline.evaluation.subject import Given, Labels, Subject
from bitline.evaluation.uncompared import notes_on_uncompared
from bitline.measures import Measure, measure_of
from bitline.measures.measure import Values
from bitline.nn import age
from bitline.numerics.progress import Progress, silent

Metric = str | Measure | Callable[[Any, Any], Any]
"""A measure, as `measure_of` takes it."""
Remedy = Callable[[nn.Module, nn.Module], object]
"""Called with the analog network on its chip, which it may correct, and the quantised reference."""


@dataclass(frozen=True)
class Procedure:
    """How a measure over chips is taken.

    Attributes:
        chips: number of independently programmed chips.
        seed: seed of the chips.
        after_programming: what is done to every chip before it is used, such as `remedies.Recalibrate`.
        progress: told how far the work is.
        compared_images: images whose layer outputs are compared with the reference's.
        compared_chips: chips on which they are compared, or all where there are fewer.

    Examples:
        >>> Procedure(chips=5, seed=1).chips
        5
    """

    chips: int = 3
    seed: int = 0
    after_programming: Remedy = lambda analog, reference: None
    progress: Progress = silent
    compared_images: int = COMPARED
    compared_chips: int = COMPARED_CHIPS

    def __post_init__(self) -> None:
        whole_number("chips", self.chips, 1, DataError)
        whole_number("compared_images", self.compared_images, 0, DataError)
        whole_number("compared_chips", self.compared_chips, 1, DataError)
        check_fields(self, DataError)


@dataclass(frozen=True)
class _ChipResult:
    """What one chip does at one time."""

    value: float
    values: Values
    sums: tuple[LayerSums, ...]


@torch.no_grad()
def evaluate(
    model: nn.Module,
    design: Design | str,
    data: Any = None,
    labels: Labels | None = None,
    calibration: Any = None,
    *,
    images: Any = None,
    metric: Metric = "accuracy",
    chips: int = 3,
    seed: int = 0,
    batch: int = 64,
    progress: Progress = silent,
    after_programming: Remedy = lambda analog, reference: None,
    compared_images: int = COMPARED,
    compared_chips: int = COMPARED_CHIPS,
) -> Evaluation:
    """Accuracy, or another measure, of a float network on an analog design.

    Args:
        model: float network.
        design: the accelerator, or the name of a preset.
        data: inputs, finite, (samples, ...), or `Dataset.stored`, which is read batch by batch; tuples (inputs,
            targets), mappings by the names of the network's arguments with targets under 'labels', a data set or a
            `DataLoader`, see `samples_of`.
        labels: targets of inputs that come without them; for accuracy class numbers, (images,) or (images, 1), or
            one-hot rows, (images, classes).
        calibration: normalised inputs of another set (see `Inputs.of`), or an earlier calibration; without it, the last
            200 samples, at most half of all, are set apart and not measured on.
        images: another name of `data`.
        metric: name of a measure such as 'perplexity', see `bitline.measures.MEASURES`; a `Measure`; or a function of
            outputs and targets that returns a value for each sample.
        chips: independently programmed chips.
        seed: seed of the chips.
        batch: samples at once at most; fewer where a loader gives fewer, or where outputs of a module of more would
            exceed 32 MiB on a CPU. Analog layers of float32 networks give the same numbers to the bit for any.
        progress: told how far the work is.
        after_programming: what is done to every chip before it is used, such as `remedies.Recalibrate`.
        compared_images: images whose layer outputs are compared with the reference's, for the error of every layer,
            which takes three to four times as long as to classify them; 0 leaves layer errors out.
        compared_chips: chips on which they are compared, or all where there are fewer; see `LayerError` for what so few
            chips leave uncertain.

    Raises:
        DataError: inputs and targets do not fit, inputs hold NaN or infinite values, outputs or targets do not suit
            the measure, targets are missing, a loader yields other samples the second time, counts are not whole, or
            the measure has no value.
        NetworkError: what is no network, or has no weights in real numbers.
        ConversionError, CalibrationError: see `convert`.

    Examples:
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)  # the largest output is that of the largest input
        >>> images, labels = torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5)
        >>> print(evaluate(network, "differential", images, labels, calibration=images, chips=2))
        differential, 20 images
        accuracy   100.00 %  mean of 2 chips, all equal
        reference  100.00 %  quantised weights and inputs, exact sums
        float      100.00 %  the original network
        notes      1         in .cost.notes

        Any measure, of any data:

        >>> loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, images), batch_size=8)
        >>> print(evaluate(network, "differential", loader, metric="mse", calibration=images, chips=2))
        differential, 20 samples
        mean squared error  4.517e-05 ± 7.3e-05  mean of 2 chips, 95 % confidence interval
        reference           0                    quantised weights and inputs, exact sums
        float               0                    the original network
        notes               1                    in .cost.notes
    """
    design = Design.of(design)
    procedure = Procedure(chips, seed, after_programming, progress, compared_images, compared_chips)
    given = Given(_one_of(data, images), labels, calibration, measure_of(metric), batch)
    return _measured(Subject.of(model, design, given), design, None, procedure)[0]


@torch.no_grad()
def evaluate_times(
    model: nn.Module,
    design: Design | str,
    data: Any = None,
    labels: Labels | None = None,
    calibration: Any = None,
    *,
    images: Any = None,
    metric: Metric = "accuracy",
    times: Sequence[float | str],
    chips: int = 3,
    seed: int = 0,
    batch: int = 64,
    progress: Progress = silent,
    after_programming: Remedy = lambda analog, reference: None,
    compared_images: int = COMPARED,
    compared_chips: int = COMPARED_CHIPS,
) -> tuple[Evaluation, ...]:
    """A measure at several times after programming: every chip is programmed once, and its cells age.

    ADCs are calibrated once, for the design as it is given; with `adc.calibrated_on = "chip"` that is on cells as old
    as its `cell.time` says.

    Args:
        times: since programming, in seconds or as '1 day', for all layers, whatever their rules say.

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
    procedure = Procedure(chips, seed, after_programming, progress, compared_images, compared_chips)
    given = Given(_one_of(data, images), labels, calibration, measure_of(metric), batch)
    if isinstance(times, (str, bytes)) or not isinstance(times, Sequence) or not times:
        raise DataError(f"times is {times!r}: give a list of one or more times")
    return _measured(Subject.of(model, design, given), design, times, procedure)


def _one_of(data: Any, images: Any) -> Any:
    """What was given under one of two names."""
    if (data is None) == (images is None):
        raise DataError("give data, the samples to measure on, once")
    return images if data is None else data


CONSTANT = "cells of this design do not change with time: every time has the same result"


def _measured(
    subject: Subject, design: Design, times: Sequence[float | str] | None, procedure: Procedure
) -> tuple[Evaluation, ...]:
    """One evaluation for each time; for the times of the design and its rules where none are given."""
    data, progress = subject.data, procedure.progress
    progress("calibrate", 0, 1)
    library_of(design)  # refuse a bad one now
    ages = [None] if times is None else [design.with_settings({"cell.time": time}).cell.time for time in times]
    designs = [design if seconds is None else design.at(seconds) for seconds in ages]
    prepared = Prepared.of(subject.model, design, subject.calibration, procedure.seed, data.samples)
    progress("calibrate", 1, 1)
    original = data.values(subject.float_network, _told(progress, "float", data))
    float_value = data.measure.of(original, "the float network")
    exact = data.values(prepared.reference, _told(progress, "reference", data))
    reference_value = data.measure.of(exact, "the quantised reference")
    results = zip(*_chip_results(prepared, data, ages, procedure), strict=True)
    skipped = prepared.skipped(data)
    constant = (CONSTANT,) if len(ages) > 1 and not any(map(changes_with_time, design.variants())) else ()
    evaluations = []
    for aged, chips in zip(designs, results, strict=True):
        layers = layer_errors(chip.sums for chip in chips)
        missing = notes_on_uncompared(prepared.conversion.analog, layers)
        cost, why = prepared.cost_or_reason(aged, skipped)
        evaluations.append(
            Evaluation(
                design=aged,
                images=len(data),
                seed=procedure.seed,
                float_value=float_value,
                reference_value=reference_value,
                chip_values=tuple(chip.value for chip in chips),
                layers=layers,
                notes=(*subject.notes, *prepared.notes(aged), *_calibrated_at(design, aged), *constant, *missing, *why),
                cost=cost,
                measure=data.measure,
                samples=SampleValues(original, exact, tuple(chip.values for chip in chips)),
            )
        )
    return tuple(evaluations)


def _chip_results(
    prepared: Prepared, data: MeasuredSamples, ages: Sequence[float | None], procedure: Procedure
) -> Iterator[list[_ChipResult]]:
    """For every chip what it does at each time, in seconds, or at those of the design; it is programmed once."""
    for chip in range(procedure.chips):
        prepared.program(chip)
        results = []
        for seconds in ages:
            if seconds is not None:
                age(prepared.analog, seconds)
            procedure.after_programming(prepared.analog, prepared.reference)
            sums = prepared.compare(data, procedure.compared_images if chip < procedure.compared_chips else 0)
            at = f" at {format_duration(seconds)}" if seconds is not None and len(ages) > 1 else ""
            what = f"chip {chip + 1} of {procedure.chips}{at}"
            values = prepared.values(data, _told(procedure.progress, what, data))
            results.append(_ChipResult(data.measure.of(values, f"chip {chip + 1}"), values, sums))
        yield results


def _calibrated_at(design: Design, aged: Design) -> tuple[str, ...]:
    """A sentence where ADCs were calibrated on cells of another age than those that are read."""
    on_chip = any(variant.adc.calibrated_on == "chip" for variant in design.variants() if variant.adc.converts)
    if not on_chip or design == aged:
        return ()
    return (
        f"adc.calibrated_on is 'chip', and the chip was calibrated {format_duration(design.cell.time)} after "
        f"programming and read {format_duration(aged.cell.time)} after it; a design with cell.time = "
        f"'{format_duration(aged.cell.time)}' is calibrated at that time, and gives other results",
    )


def _told(progress: Progress, what: str, data: MeasuredSamples) -> Advance:
    """Tells how many of the samples are done."""
    return lambda done: progress(what, done, len(data))
