"""Training under the errors of the hardware."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from bitline.config.arguments import checked
from bitline.config.counts import whole_number
from bitline.data.batch import Batch
from bitline.data.samples import StoredSamples, samples_of
from bitline.design import Design
from bitline.errors import DataError
from bitline.evaluation.class_axis import class_axis_of, with_positions_in_a_row
from bitline.evaluation.evaluate import Metric
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.reading import Reading
from bitline.evaluation.remedies.forward_passes import ForwardPass, WholeChip
from bitline.evaluation.remedies.layer_settings import with_rules
from bitline.evaluation.remedies.network_in_training import NetworkInTraining, TrainedOn
from bitline.evaluation.remedies.trained_ranges import CalibratedRanges, InputRanges
from bitline.evaluation.remedies.training import Loss, TrainingData, likely_loss, trainable, usable_loss
from bitline.evaluation.subject import Labels
from bitline.measures import Measure, measure_of
from bitline.measures.own import FunctionMeasure, naming_failures_of
from bitline.nn import (
    computing,
    independent_copy,
    program,
)
from bitline.nn.precision import in_single_precision_or_double
from bitline.numerics.progress import Progress, silent
from bitline.numerics.random_state import keeping_random_state
from bitline.numerics.text import number

TRAINING_CHIPS = 1_000_000
"""Number of the first chip used for training: far from those of evaluations."""
VALIDATION_CHIP = TRAINING_CHIPS - 1
"""The chip on which every epoch is measured, so that epochs differ by their weights alone."""
UNMEASURED = FunctionMeasure(lambda outputs, targets: torch.zeros(len(outputs)), "nothing", direction="higher")
"""Of data that only a loss of the user's looks at."""
WHOLE_CHIP, CALIBRATED = WholeChip(), CalibratedRanges()


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


@dataclass(frozen=True, repr=False)
class FineTuned:
    """A network that was trained under errors.

    Attributes:
        network: in float32 (float64 where it was), with the weights of the best epoch, for `convert` and `evaluate`.
        history: all epochs.
        best: number of the epoch whose weights these are, from 0.
        design: what it was trained on, with a rule for each layer whose input range was learnt.

    Examples:
        >>> tuned = FineTuned(nn.Identity(), (Epoch(0.5), Epoch(0.4)), best=1, design=Design())
        >>> tuned.history[1].loss, tuned
        (0.4, FineTuned(Identity, epoch 2 of 2, loss 0.4))
    """

    network: nn.Module
    history: tuple[Epoch, ...]
    best: int
    design: Design

    def __repr__(self) -> str:
        best = self.history[self.best]
        value = "" if math.isnan(best.value) else f", measure {number(best.value)}"
        epochs = f"epoch {self.best + 1} of {len(self.history)}"
        return f"FineTuned({type(self.network).__name__}, {epochs}, loss {number(best.loss)}{value})"


@checked(DataError)
def fine_tune(
    model: nn.Module,
    design: Design | str,
    images: Any,
    labels: Labels | None = None,
    calibration: Any = None,
    *,
    loss: Loss = likely_loss,
    validation: Any = None,
    metric: Metric = "accuracy",
    forward: ForwardPass = WHOLE_CHIP,
    ranges: InputRanges = CALIBRATED,
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
    result has none. Clipped weights (`weights.percentile` of the design) stay clipped in the forward pass.

    Args:
        model: float network; left as it is.
        design: the accelerator, or the name of a preset.
        images, labels: to train on, not what the network is evaluated on: any data as for `evaluate`. A loader may
            give its samples in another order, and changed, every time; batches in a list keep their order.
        calibration: inputs to calibrate with, as for `evaluate`; a batch of the training data if not given.
        loss: of what the network returns and the targets; see `likely_loss`.
        validation: data with its targets, as for `evaluate`, on which every epoch is measured on one chip: the result
            then is the best epoch, otherwise the last one.
        metric: what is measured, as for `evaluate`; training targets are checked by it, unless it is not given, and
            there is a loss of one's own and no validation.
        forward: what layers compute in a step: `WholeChip`, or `ProgrammedWeights`, without converters, whose gradients
            pass through the weights of the chip.
        ranges: `CalibratedRanges`, or `LearntRanges`, which are trained with the weights and written into the design of
            the result.
        epochs: passes over the training data.
        patience: epochs without a better measure (without validation: a lower loss) after which training ends.
        learning_rate: of Adam, falling to zero along a cosine.
        batch: samples in a step; a loader has its own batches.
        seed: order of the samples, and chips.
        progress: told how far the work is, with the loss and the measure of the last epoch.

    Raises:
        DataError: as for `evaluate`; or nothing to train, a learning rate that is not above 0, or a loss that fails or
            is not a finite number.
        DesignError: there are no ranges to learn, or cells that stand for no weights.
        CalibrationError: ranges are to be learnt, and `calibration` is an earlier one.

    Examples:
        >>> network, images, labels = nn.Linear(4, 3), torch.rand(8, 4), torch.arange(8) % 3
        >>> tuned = fine_tune(network, Design(), images, labels, validation=(images, labels), epochs=2)
        >>> bool((tuned.network.weight != network.weight).any()), len(tuned.history)
        (True, 2)

        Learnt ranges belong to the design that is returned:

        >>> from bitline.evaluation.remedies import LearntRanges
        >>> tuned = fine_tune(network, Design(), images, labels, epochs=1, ranges=LearntRanges())
        >>> tuned.design.for_layer("linear").inputs.range.kind
        'given'
    """
    whole_number("epochs", epochs, 1, DataError)
    if not 0 < learning_rate < math.inf:
        raise DataError(f"learning_rate is {learning_rate!r}: give a number above 0, such as 1e-4")
    patient = epochs if patience is None else whole_number("patience", patience, 1, DataError)
    unmeasured = metric == "accuracy" and loss is not likely_loss and validation is None
    measure = UNMEASURED if unmeasured else measure_of(metric)
    design, model = Design.of(design), in_single_precision_or_double(model)
    tuned = independent_copy(model)
    data = TrainingData.of(images, labels, tuned, whole_number("batch", batch, 1, DataError), measure)
    judge = None
    if validation is not None:
        measure.check_order()
        judge = MeasuredSamples.of(samples_of(validation, None, tuned), measure, batch, tuned)
        judge.value(tuned)  # a measure without a value is refused before the work
    seen = StoredSamples(data.first.call) if calibration is None else calibration
    trained = NetworkInTraining.of(model, tuned, TrainedOn(design, seen, seed), ranges)
    with keeping_random_state():  # a loader draws its order whenever it is read
        reading = Reading.of(tuned, measure, lambda: data.batches(torch.Generator()))
    loss = _of_classes(tuned, data.first, reading) if loss is likely_loss else loss
    trainer = _Trainer(trained, data, loss, reading, forward, learning_rate, epochs, progress)
    history: list[Epoch] = []
    best, kept = 0, trained.state()
    for found in trainer.epochs(seed):
        value = math.nan if judge is None else _measured(judge, trained.network)
        history.append(replace(found, value=value))
        if _is_better(history, best, measure, judged=judge is not None):
            best, kept = len(history) - 1, trained.state()
        trainer.said = f", loss {found.loss:.3g}" + ("" if judge is None else f", {measure.shown(value)}")
        if len(history) - 1 - best >= patient:
            break
    if judge is None and patience is None:
        best, kept = len(history) - 1, trained.state()
    kept.give_weights(tuned, trained.network)
    return FineTuned(tuned, tuple(history), best, with_rules(design, kept.ranges))


def _of_classes(network: nn.Module, first: Batch, reading: Reading) -> Loss:
    """`likely_loss` of outputs whose classes are on the axis that these samples show.

    Raises:
        DataError: it is open which one that is.
    """
    few = first.part(0, 2)
    axis = class_axis_of(network, few.call, reading.targets_of(few))
    if axis is None:
        return likely_loss
    return lambda outputs, targets: likely_loss(*with_positions_in_a_row(outputs, targets, axis))


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

    trained: NetworkInTraining
    data: TrainingData
    loss: Loss
    reading: Reading
    forward: ForwardPass
    learning_rate: float
    count: int
    progress: Progress
    said: str = ""

    def epochs(self, seed: int) -> Iterator[Epoch]:
        """Passes over the data, one after the other."""
        steps, ranges = self.count * self.data.steps, self.trained.ranges
        optimiser = torch.optim.Adam(trainable(self.trained.network, ranges.learnt()), lr=self.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        order, step = torch.Generator().manual_seed(seed), 0
        for _ in range(self.count):
            losses = []
            for batch in self.data.batches(order):
                losses.append(self._step(batch, TRAINING_CHIPS + step, optimiser))
                step += 1
                if step <= steps:  # a cosine rises again
                    schedule.step()
                self.progress(f"fine-tune{self.said}", min(step, steps), steps)
            self.trained.follow_ranges()
            yield Epoch(sum(losses) / len(losses))

    def _step(self, batch: Batch, chip: int, optimiser: torch.optim.Optimizer) -> float:
        """Change weights and ranges by what a batch says of a chip; its loss."""
        network, ranges = self.trained.network, self.trained.ranges
        program(network, chip=chip)
        with computing(network, self.forward.of_step(ranges)):
            found = self._loss(batch)
            optimiser.zero_grad()
            found.backward()
        optimiser.step()
        ranges.put_on(network)
        return float(found.detach())

    def _loss(self, batch: Batch) -> Tensor:
        """The loss of a batch.

        Raises:
            DataError: targets do not suit the measure, or the loss fails or is none that a network can learn from.
        """
        outputs = batch.call.on(self.trained.network)
        targets = self.reading.targets_of(batch)
        if targets is not None:
            targets = self.data.checked(outputs, targets)
        name = getattr(self.loss, "__name__", type(self.loss).__name__)
        with naming_failures_of(f"the loss {name!r}"):
            found = self.loss(outputs, targets)
        return usable_loss(found)
