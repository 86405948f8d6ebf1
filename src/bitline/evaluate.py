"""Accuracy over trials and the error of every layer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd
import torch
from scipy import stats
from torch import Tensor, nn

from bitline._plans import ConvertPlan, UnconvertedPlan
from bitline.cost import Library, NetworkCost, Statistics, library_of, network_cost
from bitline.design import Design
from bitline.devices import in_words
from bitline.errors import DataError, DesignError
from bitline.nn import AnalogLayer, Calibration, analog_layers, conversion_of, convert, let_age, program
from bitline.nn.convert import restart_reads

COMPARED = 64
"""Images whose layer outputs are compared."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, images done and images in all."""

Remedy = Callable[[nn.Module, nn.Module], object]
"""Called with the analog network on its chip, which it may correct, and the quantised digital network."""


@dataclass(frozen=True)
class LayerError:
    """Signal-to-error ratios of one layer in dB, against the quantised digital network, averaged over trials.

    Programming takes one pulse for each cell, unless the design says write-verify.

    Attributes:
        name: layer name.
        rows, outputs: matrix of one group.
        partitions: row partitions.
        own_db: error that the layer makes on the inputs it gets.
        accumulated_db: error of its output with everything before it.
        pulses: write pulses per cell, on average, on the last chip.
        outside: share of cells that write-verify gave up on, on the last chip.
        conversions: analog-to-digital conversions of one image, skipped ones not counted; 0 without an ADC.
        skipped: share of the conversions that are left out because all inputs of the array are 0.
    """

    name: str
    rows: int
    outputs: int
    partitions: int
    own_db: float
    accumulated_db: float
    pulses: float = 1.0
    outside: float = 0.0
    conversions: float = 0.0
    skipped: float = 0.0


@dataclass(frozen=True)
class Evaluation:
    """Accuracy of a network on a design. Accuracies are fractions, 0 .. 1.

    Attributes:
        design: the accelerator.
        images: number of images.
        seed: seed of the chips.
        float_accuracy: the original network.
        digital_accuracy: quantised weights and inputs, exact sums.
        trial_accuracies: one for each chip.
        layers: error of every analog layer.
        notes: what stays digital.
        cost: energy, area and latency; none where the design has no converters.
    """

    design: Design
    images: int
    seed: int
    float_accuracy: float
    digital_accuracy: float
    trial_accuracies: tuple[float, ...]
    layers: tuple[LayerError, ...]
    notes: tuple[str, ...] = ()
    cost: NetworkCost | None = None

    @property
    def mean(self) -> float:
        """Mean accuracy over trials."""
        return sum(self.trial_accuracies) / len(self.trial_accuracies)

    @property
    def std(self) -> float:
        """Standard deviation over trials; NaN for a single trial."""
        count = len(self.trial_accuracies)
        if count < 2:
            return math.nan
        return math.sqrt(sum((one - self.mean) ** 2 for one in self.trial_accuracies) / (count - 1))

    @property
    def confidence_interval(self) -> tuple[float, float]:
        """95 % interval of the mean over chips (Student's t); NaN for a single trial."""
        count = len(self.trial_accuracies)
        half = float(stats.t.ppf(0.975, count - 1)) * self.std / math.sqrt(count) if count > 1 else math.nan
        return self.mean - half, self.mean + half

    def to_frame(self) -> pd.DataFrame:
        """One row for each trial: design, trial, accuracy and the baselines, and the cost where it is known."""
        return pd.DataFrame(
            {
                "design": self.design.name,
                "time_s": self.design.cell.time,
                "seed": self.seed,
                "trial": range(len(self.trial_accuracies)),
                "images": self.images,
                "accuracy": self.trial_accuracies,
                "digital_accuracy": self.digital_accuracy,
                "float_accuracy": self.float_accuracy,
                **(self.cost.totals() if self.cost else {}),
            }
        )

    def layers_frame(self) -> pd.DataFrame:
        """One row for each analog layer."""
        return pd.DataFrame([vars(layer) for layer in self.layers])

    def accuracy_dict(self) -> dict[str, object]:
        """Accuracies as plain values, for JSON; unknown numbers are None."""
        low, high = self.confidence_interval
        return {
            "float": self.float_accuracy,
            "digital": self.digital_accuracy,
            "trials": list(self.trial_accuracies),
            "mean": self.mean,
            "std": _known(self.std),
            "confidence_interval_95": [_known(low), _known(high)],
        }

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values, for JSON; unknown numbers are None."""
        return {
            "design": self.design.model_dump(mode="json"),
            "images": self.images,
            "seed": self.seed,
            "accuracy": self.accuracy_dict(),
            "layers": [{key: _known(value) for key, value in vars(layer).items()} for layer in self.layers],
            "cost": self.cost.to_dict() if self.cost else None,
            "notes": list(self.notes),
        }


@torch.no_grad()
def evaluate(
    model: nn.Module,
    design: Design | str,
    images: Tensor,
    labels: Tensor,
    calibration: Tensor | Calibration,
    *,
    trials: int = 3,
    seed: int = 0,
    batch: int = 64,
    progress: Progress = lambda what, done, total: None,
    after_programming: Remedy = lambda analog, digital: None,
) -> Evaluation:
    """Accuracy of a float network on an analog design.

    Args:
        model: float network that classifies.
        design: the accelerator, or the name of a preset.
        images: normalised inputs, (images, ...), finite.
        labels: class numbers, (images,).
        calibration: normalised images of another set, or an earlier calibration.
        trials: independently programmed chips.
        seed: seed of the chips.
        batch: images at once; does not change results.
        progress: told how far the work is.
        after_programming: what is done to every chip before it is used, such as `remedies.Recalibrate`.

    Raises:
        DataError: images and labels do not fit, or images hold NaN or infinite values.
        ConversionError, CalibrationError: see `convert`.
    """
    design = Design.load(design) if isinstance(design, str) else design
    return evaluate_times(
        model,
        design,
        images,
        labels,
        calibration,
        times=(design.cell.time,),
        trials=trials,
        seed=seed,
        batch=batch,
        progress=progress,
        after_programming=after_programming,
    )[0]


@torch.no_grad()
def evaluate_times(
    model: nn.Module,
    design: Design | str,
    images: Tensor,
    labels: Tensor,
    calibration: Tensor | Calibration,
    *,
    times: Sequence[float | str],
    trials: int = 3,
    seed: int = 0,
    batch: int = 64,
    progress: Progress = lambda what, done, total: None,
    after_programming: Remedy = lambda analog, digital: None,
) -> tuple[Evaluation, ...]:
    """Accuracy at several times after programming: every chip is programmed once, and its cells age.

    Args:
        times: since programming, in seconds or as '1 day'.

    The other arguments, and what is raised, are those of `evaluate`.

    Returns:
        One evaluation for each time, in their order.
    """
    _check(images, labels, trials, batch)
    progress("calibrate", 0, 1)
    design = Design.load(design) if isinstance(design, str) else design
    library = library_of(design)
    designs = [design.changed({"cell.time": time}) for time in times]
    network = convert(model, design, calibration, seed=seed)
    record = conversion_of(network)
    seen = calibration if isinstance(calibration, Tensor) else images
    statistics = Statistics.of(network, seen[:COMPARED])
    progress("calibrate", 1, 1)
    scales = Calibration({name: type(one)(one.inputs, None) for name, one in record.calibration.layers.items()})
    digital = convert(model, record.design.digital(), scales, seed=seed)

    def accuracy(which: nn.Module, what: str) -> float:
        right = 0
        for start in range(0, len(images), batch):
            part = slice(start, start + batch)
            right += int((which(images[part]).argmax(1) == labels[part]).sum())
            progress(what, min(start + batch, len(images)), len(images))
        return right / len(images)

    float_accuracy = accuracy(_in_eval(model), "float")
    digital_accuracy = accuracy(digital, "digital")
    accuracies: list[list[float]] = [[] for _ in times]
    errors = [_LayerErrors(digital, network) for _ in times]
    for trial in range(trials):
        program(network, trial=trial)
        for index, time in enumerate(times):
            let_age(network, time)
            after_programming(network, digital)
            restart_reads(network)
            for part in images[:COMPARED].split(batch):
                errors[index].add(part)
            restart_reads(network)
            at = f" at {in_words(designs[index].cell.time)}" if len(times) > 1 else ""
            accuracies[index].append(accuracy(network, f"trial {trial + 1} of {trials}{at}"))
    evaluations = []
    for index, one in enumerate(designs):
        layers = errors[index].result()
        cost, why = _cost(statistics, one, library, layers)
        evaluations.append(
            Evaluation(
                design=one,
                images=len(images),
                seed=seed,
                float_accuracy=float_accuracy,
                digital_accuracy=digital_accuracy,
                trial_accuracies=tuple(accuracies[index]),
                layers=layers,
                notes=(*record.notes, *why),
                cost=cost,
            )
        )
    return tuple(evaluations)


def _cost(
    statistics: Statistics, design: Design, library: Library, layers: tuple[LayerError, ...]
) -> tuple[NetworkCost | None, tuple[str, ...]]:
    """The cost of a design, or why there is none: a design without converters still has an accuracy."""
    skipped = {layer.name: layer.skipped for layer in layers}
    try:
        return network_cost(statistics, design, library, skipped), ()
    except DesignError as error:
        return None, (f"no energy, area and latency: {error}",)


def _in_eval(model: nn.Module) -> nn.Module:
    """The model itself in eval mode, or a copy where it is training: evaluation leaves it as it is."""
    return copy.deepcopy(model).eval() if model.training else model


class _LayerErrors:
    """Signal and error energies of every layer, summed over images and trials."""

    def __init__(self, digital: nn.Module, analog: nn.Module) -> None:
        self.digital = digital
        self.analog = analog
        self.energies = {layer.name: torch.zeros(4, dtype=torch.float64) for layer in analog_layers(analog)}
        self.conversions = {layer.name: [0, 0] for layer in analog_layers(analog)}
        self.images = 0

    def add(self, images: Tensor) -> None:
        """Run both networks and compare."""
        with _recording(self.digital) as expected:
            self.digital(images)
        before = {layer.name: _counts(layer) for layer in analog_layers(self.analog)}
        with _recording(self.analog) as got:
            self.analog(images)
        self.images += len(images)
        for layer in analog_layers(self.analog):
            for index, (now, then) in enumerate(zip(_counts(layer), before[layer.name], strict=True)):
                self.conversions[layer.name][index] += now - then
        for name, energies in self.energies.items():
            inputs, outputs = got[name]
            own = self.digital.get_submodule(name)(inputs)
            for index, reference in enumerate((own, expected[name][1])):
                energies[2 * index] += float(reference.double().square().sum())
                energies[2 * index + 1] += float((outputs - reference).double().square().sum())

    def result(self) -> tuple[LayerError, ...]:
        """Ratios in dB."""
        return tuple(
            LayerError(
                layer.name,
                layer.product.rows,
                len(layer.weight),
                layer.product.partition(layer.design.array.rows).parts,
                _decibels(*self.energies[layer.name][:2].tolist()),
                _decibels(*self.energies[layer.name][2:].tolist()),
                layer.programmed().pulses,
                layer.programmed().outside,
                (self.conversions[layer.name][0] - self.conversions[layer.name][1]) / self.images,
                self.conversions[layer.name][1] / max(self.conversions[layer.name][0], 1),
            )
            for layer in analog_layers(self.analog)
        )


def _counts(layer: AnalogLayer) -> tuple[int, int]:
    """Conversions of a layer on its chip so far, and those that it skipped."""
    plan = layer.programmed().plan
    return (
        (plan.converted, plan.skipped)
        if isinstance(plan, ConvertPlan) and not isinstance(plan, UnconvertedPlan)
        else (0, 0)
    )


@contextmanager
def _recording(network: nn.Module) -> Iterator[Mapping[str, tuple[Tensor, Tensor]]]:
    """Inputs and outputs of the analog layers while the network runs."""
    record: dict[str, tuple[Tensor, Tensor]] = {}

    def hook(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module, AnalogLayer)
        record[module.name] = (arguments[0], output)

    handles = [layer.register_forward_hook(hook) for layer in analog_layers(network)]
    try:
        yield record
    finally:
        for handle in handles:
            handle.remove()


def _decibels(signal: float, error: float) -> float:
    if signal <= 0:
        return math.nan
    return math.inf if error == 0 else 10 * math.log10(signal / error)


def _known(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _check(images: Tensor, labels: Tensor, trials: int, batch: int) -> None:
    if len(images) != len(labels) or len(images) == 0:
        raise DataError(f"{len(images)} images and {len(labels)} labels: give one label for each of one or more images")
    if not bool(images.isfinite().all()):
        raise DataError("the images hold NaN or infinite values: check how they are loaded and normalised")
    if trials < 1 or batch < 1:
        raise DataError(f"trials is {trials} and batch is {batch}: both must be 1 or more")
