"""Training under the errors of the hardware."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn

from bitline.config.counts import whole_number
from bitline.data.batch import Batch
from bitline.data.samples import StoredSamples, samples_of
from bitline.design import Design
from bitline.errors import DataError
from bitline.evaluation.evaluate import Metric
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.remedies.training import Loss, TrainingData, likely_loss
from bitline.evaluation.subject import Labels
from bitline.measures import Measure, measure_of
from bitline.nn import conversion_of, convert, independent_copy, program
from bitline.nn.fold import fold_pairs
from bitline.numerics.progress import Progress, silent

TRAINING_CHIPS = 1_000_000
"""Number of the first chip used for training: far from those of evaluations."""
VALIDATION_CHIP = TRAINING_CHIPS - 1
"""The chip on which every epoch is measured, so that epochs differ by their weights alone."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        loss: mean over its steps.
        value: the measure of the validation data on one chip after it; NaN where there is none.

    Examples:
        >>> Epoch(loss=0.31, value=0.92).value
        0.92
    """

    loss: float
    value: float = math.nan


@dataclass(frozen=True)
class FineTuned:
    """A network that was trained under errors.

    Attributes:
        network: in floating point, with the weights of the best epoch, for `convert` and `evaluate`.
        history: all epochs.
        best: number of the epoch whose weights these are, from 0.

    Examples:
        >>> FineTuned(nn.Identity(), (Epoch(0.5), Epoch(0.4)), best=1).history[1].loss
        0.4
    """

    network: nn.Module
    history: tuple[Epoch, ...]
    best: int


def fine_tune(
    model: nn.Module,
    design: Design,
    images: Any,
    labels: Labels | None = None,
    calibration: Any = None,
    *,
    loss: Loss = likely_loss,
    validation: Any = None,
    metric: Metric = "accuracy",
    epochs: int = 3,
    patience: int | None = None,
    learning_rate: float = 1e-4,
    batch: int = 64,
    seed: int = 0,
    progress: Progress = silent,
) -> FineTuned:
    """Train a network a little longer, on another chip in every step.

    The forward pass is that of the hardware, errors included; gradients pass straight through quantisation and errors
    (noise-aware training, Joshi et al., Nature Communications 11, 2473, 2020). Batch norms are folded first, so the
    result has none.

    Args:
        model: float network; left as it is.
        design: the accelerator.
        images, labels: to train on, not what the network is evaluated on: any data as for `evaluate`. A loader may
            give its samples in another order, and changed, every time.
        calibration: inputs to calibrate with, as for `evaluate`; a batch of the training data if not given.
        loss: of what the network returns and the targets; see `likely_loss`.
        validation: data with its targets, as for `evaluate`, on which every epoch is measured on one chip: the result
            then is the best epoch, otherwise the last one.
        metric: what is measured, as for `evaluate`; training targets are checked by it.
        epochs: passes over the training data.
        patience: epochs without a better measure (without validation: a lower loss) after which training ends.
        learning_rate: of Adam, falling to zero along a cosine.
        batch: samples in a step; a loader has its own batches.
        seed: order of the samples, and chips.
        progress: told how far the work is, with the loss and the measure of the last epoch.

    Raises:
        DataError: as for `evaluate`; or a loss that is not a finite number.

    Examples:
        >>> network, images, labels = nn.Linear(4, 3), torch.rand(8, 4), torch.arange(8) % 3
        >>> tuned = fine_tune(network, Design(), images, labels, validation=(images, labels), epochs=2)
        >>> bool((tuned.network.weight != network.weight).any()), len(tuned.history)
        (True, 2)
    """
    whole_number("epochs", epochs, 1, DataError)
    patient = epochs if patience is None else whole_number("patience", patience, 1, DataError)
    tuned, measure = independent_copy(model), measure_of(metric)
    data = TrainingData.of(images, labels, tuned, whole_number("batch", batch, 1, DataError), measure)
    judge = None if validation is None else MeasuredSamples(samples_of(validation, None, tuned), measure, batch)
    network = convert(model, design, StoredSamples(data.first.call) if calibration is None else calibration, seed=seed)
    fold_pairs(tuned, conversion_of(network).folding.folded)
    trainer = _Trainer(network, data, loss, measure, learning_rate, epochs, progress)
    history: list[Epoch] = []
    best, kept = 0, _weights(network)
    for found in trainer.epochs(seed):
        value = math.nan if judge is None else _measured(judge, network)
        history.append(replace(found, value=value))
        if _is_better(history, best, measure, judged=judge is not None):
            best, kept = len(history) - 1, _weights(network)
        trainer.said = f", loss {found.loss:.3g}" + ("" if judge is None else f", {measure.shown(value)}")
        if len(history) - 1 - best >= patient:
            break
    if judge is None and patience is None:
        best, kept = len(history) - 1, _weights(network)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.copy_(kept[name])
        for name, weight in tuned.named_parameters():
            weight.copy_(attrgetter(name)(network))  # layers of several matrices give what belongs to their parts
    return FineTuned(tuned, tuple(history), best)


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in network.named_parameters()}


def _measured(judge: MeasuredSamples, network: nn.Module) -> float:
    program(network, chip=VALIDATION_CHIP)
    return judge.value(network)


def _is_better(history: list[Epoch], best: int, measure: Measure, judged: bool) -> bool:
    """Whether the last epoch is better than the best one before it."""
    last, before = history[-1], history[best]
    if len(history) == 1:
        return True
    return measure.sign * last.value > measure.sign * before.value if judged else last.loss < before.loss


@dataclass
class _Trainer:
    """Steps of Adam, each on another chip."""

    network: nn.Module
    data: TrainingData
    loss: Loss
    measure: Measure
    learning_rate: float
    count: int
    progress: Progress
    said: str = ""

    def epochs(self, seed: int) -> Iterator[Epoch]:
        """Passes over the data, one after the other."""
        steps = self.count * self.data.steps
        optimiser = torch.optim.Adam(self.network.parameters(), lr=self.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        order, step = torch.Generator().manual_seed(seed), 0
        for _ in range(self.count):
            losses = []
            for batch in self.data.batches(order):
                program(self.network, chip=TRAINING_CHIPS + step)
                found = self._loss(batch)
                optimiser.zero_grad()
                found.backward()
                optimiser.step()
                schedule.step()
                step += 1
                losses.append(float(found.detach()))
                self.progress(f"fine-tune{self.said}", min(step, steps), steps)
            yield Epoch(sum(losses) / len(losses))

    def _loss(self, batch: Batch) -> Tensor:
        """The loss of a batch.

        Raises:
            DataError: targets do not suit the measure, or the loss is no finite number.
        """
        outputs = self.network(*batch.call.arguments, **batch.call.keywords)
        targets = self.measure.targets_of(batch.call, batch.targets)
        if targets is not None:
            targets = self.measure.checked(outputs, targets)
        found = self.loss(outputs, targets)
        if not isinstance(found, Tensor) or found.numel() != 1 or not bool(found.isfinite()):
            raise DataError(
                f"the loss is {found!r}: training needs one finite number; a smaller learning_rate may keep it finite"
            )
        return found
