"""What training needs of data that comes as `evaluate` takes it: batches, in a new order in every pass, and a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bitline.data.batch import Batch, batch_of
from bitline.data.collate import refuse_lists_of_batches, rightly_collated
from bitline.data.dataset import Dataset
from bitline.data.loaded_samples import Runs, has_numbers
from bitline.data.outputs import tensor_with_gradients
from bitline.data.samples import LoadedSamples, Samples, StoredSamples, samples_of
from bitline.data.shuffled_runs import ShuffledRuns
from bitline.data.stored_images import StoredImages
from bitline.errors import DataError
from bitline.measures import Measure
from bitline.measures.class_labels import IGNORED
from bitline.measures.measure import require
from bitline.measures.outputs import numbers_of
from bitline.measures.own import naming_failures_of

Loss = Callable[[Any, Any], Tensor]
"""One number to make small, of what the network returns and the targets."""


def likely_loss(outputs: Any, targets: Any) -> Tensor:
    """Cross-entropy where targets are class numbers, and the mean squared error where they are other numbers.

    Args:
        outputs: scores (samples, classes), (samples, classes, ...) or (samples, ..., classes), or numbers.
        targets: class numbers without the axis of the classes; or as many numbers, whole or not, as there are outputs.
            Nothing counts where they are NaN, or whole numbers and -100.

    Raises:
        DataError: there are no targets, they are no numbers, none counts, or the shapes do not go together.

    Examples:
        >>> scores = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
        >>> likely_loss(scores, torch.tensor([0, 1])), likely_loss(scores, scores + 1)
        (tensor(0.1269), tensor(1.))
    """
    found = tensor_with_gradients(outputs, "a loss needs scores or numbers")
    given = require(targets, "training")
    wanted = (given if isinstance(given, Tensor) else numbers_of(given, "training")).to(found.device)
    if wanted.numel() == found.numel():
        return _squared_error(found.flatten(), wanted.flatten())
    if not wanted.is_floating_point() and wanted.shape == found.shape[:-1]:
        return functional.cross_entropy(found.flatten(0, -2), wanted.long().flatten())
    if not wanted.is_floating_point() and wanted.shape == (len(found), *found.shape[2:]):
        return functional.cross_entropy(found, wanted.long())
    raise DataError(
        f"outputs have the shape {tuple(found.shape)} and targets {tuple(wanted.shape)}, {wanted.dtype}: give loss, a "
        "function of both"
    )


def usable_loss(found: Any) -> Tensor:
    """What a loss returned, if a network can learn from it.

    Raises:
        DataError: it is no finite number, or does not depend on what is trained.

    Examples:
        >>> usable_loss(3.0)
        Traceback (most recent call last):
        bitline.errors.DataError: the loss is 3.0: training needs one finite number, as a tensor
    """
    if not isinstance(found, Tensor) or found.numel() != 1:
        shown = f"a tensor of the shape {tuple(found.shape)}" if isinstance(found, Tensor) else repr(found)
        raise DataError(f"the loss is {shown}: training needs one finite number, as a tensor")
    if not bool(found.isfinite()):
        raise DataError(
            f"the loss is {float(found.detach())}: training needs one finite number; a smaller learning_rate may keep "
            "it finite"
        )
    if not found.requires_grad:
        raise DataError("the loss does not depend on what is trained: compute it from the outputs, without detach()")
    return found


def trainable(network: nn.Module, learnt: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is trained, as groups of an optimiser.

    Args:
        network: its weights that are not frozen.
        learnt: groups of other parameters.

    Raises:
        DataError: there is none.

    Examples:
        >>> len(trainable(nn.Linear(4, 2), [])[0]["params"])
        2
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    groups = [dict(group) for group in ({"params": weights}, *learnt) if group["params"]]
    if not groups:
        raise DataError(
            "all weights of the network are frozen, so there is nothing to train: call "
            "requires_grad_(True) on those that should change"
        )
    return groups


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    counts = ~targets.isnan() if targets.is_floating_point() else targets != IGNORED
    if not bool(counts.any()):
        raise DataError("no target of a batch counts, so it has no loss: give batches in which some do")
    return functional.mse_loss(outputs[counts], targets[counts].to(outputs.dtype))


@dataclass(frozen=True)
class TrainingData:
    """Samples to train on, in a new order in every pass; batches of one's own, and lists of them, keep theirs.

    Attributes:
        steps: batches of one pass.
        batches: all samples once, in an order that a generator decides.
        first: a few samples.
        checked: targets of outputs that suit the measure; those that are stored were checked before.

    Examples:
        >>> from bitline.measures import ACCURACY
        >>> given = torch.rand(5, 4), [0, 1, 1, 0, 1]
        >>> data = TrainingData.of(*given, nn.Linear(4, 2), batch=2, measure=ACCURACY)
        >>> data.steps, [len(batch) for batch in data.batches(torch.Generator())]
        (3, [2, 2, 1])
    """

    steps: int
    batches: Callable[[torch.Generator], Iterator[Batch]]
    first: Batch
    checked: Callable[[Any, Any], Any]

    @classmethod
    def of(cls, data: Any, targets: Any, network: nn.Module, batch: int, measure: Measure) -> TrainingData:
        """What a user gave.

        Args:
            data, targets: as for `samples_of`; a loader may give its samples in another order, and changed,
                every time.
            network: takes the inputs, in eval mode.
            batch: samples of a step; a loader has its own batches.
            measure: checks targets, before the work where all are at hand.

        Raises:
            DataError: as for `samples_of`, or a loader that does not know how many batches it has.
        """
        if _is_whole(data):
            samples = samples_of(data, targets, network)
            if isinstance(samples, LoadedSamples) and isinstance(samples.source, Runs):
                return cls._of_items(samples.source.dataset, network, batch, measure)
            return cls._of_samples(samples, network, batch, measure)
        if targets is not None:
            samples_of(data, targets, network)  # says that they have their own
        with naming_failures_of("the data"):
            if has_numbers(data):
                return cls._of_items(data, network, batch, measure)
            return cls._of_loader(lambda order: rightly_collated(data, network), _length(data), network, measure)

    @classmethod
    def _of_samples(cls, samples: Samples, network: nn.Module, batch: int, measure: Measure) -> TrainingData:
        if len(samples) == 0:
            raise DataError("0 training images: give one or more, with a label for each")
        checked: Callable[[Any, Any], Any] = measure.checked
        if isinstance(samples, StoredSamples) and samples.targets is not None:
            samples, checked = _checked(samples, samples.targets, network, measure), _as_they_are
        size = min(batch, len(samples))

        def batches(order: torch.Generator) -> Iterator[Batch]:
            if not isinstance(samples, StoredSamples):
                yield from samples.batches(size)  # batches of one's own, in one's own order
                return
            for places in torch.randperm(len(samples), generator=order).split(size):
                yield samples.picked(places)

        return cls(-(-len(samples) // size), batches, samples.first(size), checked)

    @classmethod
    def _of_items(cls, dataset: Any, network: nn.Module, batch: int, measure: Measure) -> TrainingData:
        runs = ShuffledRuns(dataset, batch)
        return cls._of_loader(runs.batches, runs.steps(), network, measure)

    @classmethod
    def _of_loader(
        cls, source: Callable[[torch.Generator], Any], steps: int, network: nn.Module, measure: Measure
    ) -> TrainingData:
        def batches(order: torch.Generator) -> Iterator[Batch]:
            for given in source(order):
                refuse_lists_of_batches(given)
                batch = batch_of(given, network)
                yield Batch(batch.call.for_network(network), batch.targets)

        first = next(batches(torch.Generator()), None)
        if first is None:
            raise DataError("the data is empty: give one or more training samples")
        return cls(steps, batches, first, measure.checked)


@torch.no_grad()
def _checked(samples: StoredSamples, targets: Any, network: nn.Module, measure: Measure) -> StoredSamples:
    """Samples whose targets suit a measure, all of which are in memory."""
    return replace(samples, targets=measure.checked(samples.first(2).call.on(network), targets))


def _as_they_are(outputs: Any, targets: Any) -> Any:
    return targets


def _is_whole(data: Any) -> bool:
    """Whether all samples are at hand at once."""
    kinds = (Tensor, StoredImages, tuple, list, Mapping, Dataset, Samples)
    yields = hasattr(data, "__iter__") or hasattr(data, "__getitem__")
    return isinstance(data, kinds) or hasattr(data, "__array__") or not yields


def _length(loader: Any) -> int:
    """Batches of a loader.

    Raises:
        DataError: it does not say how many.
    """
    try:
        return len(loader)
    except TypeError:
        raise DataError(
            f"the {type(loader).__name__} does not say how many batches it has, which the learning rate depends on: "
            "give a DataLoader or a data set with a length"
        ) from None
