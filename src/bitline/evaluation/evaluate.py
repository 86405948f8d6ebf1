"""Accuracy over chips and the error of every layer."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.config.counts import whole_number
from bitline.cost import NetworkCost, library_of
from bitline.data.labels import class_count, class_numbers
from bitline.design import Design
from bitline.devices import format_duration
from bitline.errors import BitlineError, ConversionError, DataError, DesignError
from bitline.evaluation.layer_errors import LayerError, LayerSums, layer_errors
from bitline.evaluation.prepared import Prepared, count_right
from bitline.nn import age, as_images, convert, independent_copy
from bitline.nn.precision import in_single_precision
from bitline.numerics.confidence import deviation, half_width, known
from bitline.numerics.progress import Progress, silent
from bitline.numerics.text import number, percent

if TYPE_CHECKING:
    import pandas as pd

Labels = Tensor | np.ndarray | Sequence[int]
"""Class numbers, as `bitline.data.labels.class_numbers` takes them."""

Remedy = Callable[[nn.Module, nn.Module], object]
"""Called with the analog network on its chip, which it may correct, and the quantised reference."""


@dataclass(frozen=True)
class Evaluation:
    """Accuracy of a network on a design. Accuracies are fractions, 0 .. 1.

    Attributes:
        design: the accelerator.
        images: number of images.
        seed: seed of the chips.
        float_accuracy: the original network.
        reference_accuracy: quantised weights and inputs, exact sums.
        chip_accuracies: one for each chip.
        layers: error of every analog layer.
        notes: what stays digital, and what is approximate.
        cost: energy, area and latency; none where the design has no converters.
    """

    design: Design
    images: int
    seed: int
    float_accuracy: float
    reference_accuracy: float
    chip_accuracies: tuple[float, ...]
    layers: tuple[LayerError, ...]
    notes: tuple[str, ...] = ()
    cost: NetworkCost | None = None

    @property
    def mean(self) -> float:
        """Mean accuracy over chips."""
        return sum(self.chip_accuracies) / len(self.chip_accuracies)

    @property
    def std(self) -> float:
        """Standard deviation over chips; NaN for a single chip."""
        return deviation(self.chip_accuracies)

    @property
    def confidence_interval(self) -> tuple[float, float]:
        """95 % interval of the mean over chips (Student's t); NaN for a single chip."""
        half = half_width(self.chip_accuracies)
        return self.mean - half, self.mean + half

    def to_frame(self) -> pd.DataFrame:
        """One row for each chip: design, chip, accuracy and the baselines, and the cost where it is known."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame(
            {
                "design": self.design.name,
                "time_s": self.design.cell.time,
                "seed": self.seed,
                "chip": range(len(self.chip_accuracies)),
                "images": self.images,
                "accuracy": self.chip_accuracies,
                "reference_accuracy": self.reference_accuracy,
                "float_accuracy": self.float_accuracy,
                **(self.cost.totals() if self.cost else {}),
            }
        )

    def _repr_html_(self) -> str:
        table = self.to_frame().drop(columns=["design", "seed"]).to_html(index=False, float_format=number)
        cost = self.cost._repr_html_() if self.cost else ""
        return f"<b>{html.escape(self.design.name)}</b>: {percent(self.mean)} % on {self.images} images{table}{cost}"

    def layers_frame(self) -> pd.DataFrame:
        """One row for each analog layer."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame([vars(layer) for layer in self.layers])

    def accuracy_dict(self) -> dict[str, object]:
        """Accuracies as plain values, for JSON; unknown numbers are None."""
        low, high = self.confidence_interval
        return {
            "float": self.float_accuracy,
            "reference": self.reference_accuracy,
            "chips": list(self.chip_accuracies),
            "mean": self.mean,
            "std": known(self.std),
            "confidence_interval_95": [known(low), known(high)],
        }

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values, for JSON; unknown numbers are None."""
        return {
            "design": self.design.model_dump(mode="json"),
            "images": self.images,
            "seed": self.seed,
            "accuracy": self.accuracy_dict(),
            "layers": [{key: known(value) for key, value in vars(layer).items()} for layer in self.layers],
            "cost": self.cost.to_dict() if self.cost else None,
            "notes": list(self.notes),
        }


@torch.no_grad()
def evaluate(
    model: nn.Module,
    design: Design | str,
    images: Tensor | np.ndarray,
    labels: Labels,
    calibration: Any,
    *,
    chips: int = 3,
    seed: int = 0,
    batch: int = 64,
    progress: Progress = silent,
    after_programming: Remedy = lambda analog, reference: None,
) -> Evaluation:
    """Accuracy of a float network on an analog design.

    Args:
        model: float network that classifies; it is evaluated in single precision.
        design: the accelerator, or the name of a preset.
        images: normalised inputs, (images, ...), finite.
        labels: class numbers, (images,) or (images, 1), or one-hot rows, (images, classes).
        calibration: normalised images of another set, other inputs (see `Inputs.of`), or an earlier calibration.
        chips: independently programmed chips.
        seed: seed of the chips.
        batch: images at once; does not change results.
        progress: told how far the work is.
        after_programming: what is done to every chip before it is used, such as `remedies.Recalibrate`.

    Raises:
        DataError: images and labels do not fit, images hold NaN or infinite values, labels are no classes of the
            network, or it does not return one score for each of two or more classes; chips, batch or seed are no
            whole numbers; found before calibration.
        NetworkError: what is no network, or has no weights in real numbers.
        ConversionError, CalibrationError: see `convert`.
    """
    design = Design.of(design)
    return evaluate_times(
        model,
        design,
        images,
        labels,
        calibration,
        times=(design.cell.time,),
        chips=chips,
        seed=seed,
        batch=batch,
        progress=progress,
        after_programming=after_programming,
    )[0]


@torch.no_grad()
def evaluate_times(
    model: nn.Module,
    design: Design | str,
    images: Tensor | np.ndarray,
    labels: Labels,
    calibration: Any,
    *,
    times: Sequence[float | str],
    chips: int = 3,
    seed: int = 0,
    batch: int = 64,
    progress: Progress = silent,
    after_programming: Remedy = lambda analog, reference: None,
) -> tuple[Evaluation, ...]:
    """Accuracy at several times after programming: every chip is programmed once, and its cells age.

    Args:
        times: since programming, in seconds or as '1 day'.

    The other arguments, and what is raised, are those of `evaluate`.

    Returns:
        One evaluation for each time, in their order.
    """
    model = in_single_precision(model)
    images = as_images(images, model)
    float_network = _in_eval(model)
    design = Design.of(design)
    batch = min(batch, _check(images, labels, (chips, batch, seed, times)))
    classes = class_numbers(labels, classes_of(float_network, design, images)).to(images.device)
    progress("calibrate", 0, 1)
    library_of(design)  # refuse a bad one now
    designs = [design.with_settings({"cell.time": time}) for time in times]
    prepared = Prepared.of(model, design, calibration, seed, images)
    progress("calibrate", 1, 1)

    def advance(what: str) -> Callable[[int], None]:
        return lambda done: progress(what, done, len(images))

    float_accuracy = count_right(float_network, images, classes, batch, advance("float")) / len(images)
    reference_accuracy = count_right(prepared.reference, images, classes, batch, advance("reference")) / len(images)
    accuracies: list[list[float]] = [[] for _ in times]
    sums: list[list[tuple[LayerSums, ...]]] = [[] for _ in times]
    for chip in range(chips):
        prepared.program(chip)
        for index, time in enumerate(times):
            age(prepared.analog, time)
            after_programming(prepared.analog, prepared.reference)
            sums[index] += prepared.compare(images, batch)
            at = f" at {format_duration(designs[index].cell.time)}" if len(times) > 1 else ""
            what = f"chip {chip + 1} of {chips}{at}"
            accuracies[index].append(prepared.classify(images, classes, batch, advance=advance(what)) / len(images))
    evaluations = []
    for index, one in enumerate(designs):
        layers = layer_errors(sums[index])
        cost, why = _cost(prepared, one, layers)
        evaluations.append(
            Evaluation(
                design=one,
                images=len(images),
                seed=seed,
                float_accuracy=float_accuracy,
                reference_accuracy=reference_accuracy,
                chip_accuracies=tuple(accuracies[index]),
                layers=layers,
                notes=(*prepared.conversion.notes, *why),
                cost=cost,
            )
        )
    return tuple(evaluations)


def _cost(
    prepared: Prepared, design: Design, layers: tuple[LayerError, ...]
) -> tuple[NetworkCost | None, tuple[str, ...]]:
    """The cost of a design, or why there is none: a design without converters still has an accuracy."""
    try:
        return prepared.cost(design, {layer.name: layer.skipped for layer in layers}), ()
    except DesignError as error:
        return None, (f"no energy, area and latency: {error}",)


def _in_eval(model: nn.Module) -> nn.Module:
    """The model itself in eval mode, or a copy where it is training: evaluation leaves it as it is."""
    return independent_copy(model) if model.training else model


def classes_of(network: nn.Module, design: Design, images: Tensor) -> int:
    """Classes that a network tells apart, from its outputs for two images.

    Args:
        network: in eval mode.
        design: the accelerator.
        images: normalised inputs, (images, ...).

    Raises:
        DataError, NetworkError: see `class_count`.
        ConversionError: a layer is to blame for that.
    """
    try:
        return class_count(network, images)
    except BitlineError as error:
        try:
            convert(network, design, images[:2])
        except ConversionError:
            raise
        except Exception:  # says nothing more
            pass
        raise error


def _check(images: Tensor, labels: Labels, counts: tuple[Any, Any, Any, Any]) -> int:
    """The number of images, where there are as many labels and the counts are whole."""
    count = len(labels) if hasattr(labels, "__len__") else 0
    if images.ndim == 0 or len(images) != count or count == 0:
        shown = len(images) if images.ndim else 0
        raise DataError(f"{shown} images and {count} labels: give one label for each of one or more images")
    chips, batch, seed, times = counts
    whole_number("chips", chips, 1, DataError)
    whole_number("batch", batch, 1, DataError)
    whole_number("seed", seed, error=DataError)
    if not isinstance(times, Sequence) or isinstance(times, str) or not times:
        raise DataError(f"times is {times!r}: give a list of one or more times")
    return count
