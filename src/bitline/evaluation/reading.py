"""How a measure reads what networks return and the targets of a data set, decided once over all samples.

Whatever is decided batch by batch depends on how samples are cut into batches, and two batches of a data set may be
read in two ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from torch import Tensor, nn

from bitline.config.users_code import defined_at
from bitline.data.batch import Batch, copied
from bitline.data.call import beside
from bitline.errors import DataError
from bitline.evaluation.class_axis import class_axis_of, with_positions_in_a_row
from bitline.evaluation.positions import stand_at_inputs
from bitline.measures import Measure
from bitline.measures.class_labels import IGNORED
from bitline.measures.measure import AS_GIVEN, TargetReading
from bitline.measures.own import naming_failures_of
from bitline.numerics.text import type_in_words

RUN = 64
"""Samples that are looked at together."""


@dataclass(frozen=True)
class Reading:
    """What a measure compares, the same way in all batches of a data set.

    Attributes:
        measure: compares outputs with targets.
        targets: which targets it takes.
        masks_targets: whether targets stand at positions of the inputs, so that those at padding do not count.
        class_axis: of the outputs, 1 or -1, for batches whose shapes leave that open; None where none does.
        notes: what a reader should know of this.

    Examples:
        >>> import torch
        >>> from bitline.data.batch import batch_of
        >>> from bitline.measures import ACCURACY
        >>> batch = batch_of((torch.eye(2), torch.tensor([0, 0])), nn.Identity())
        >>> Reading(ACCURACY).values(batch, torch.eye(2))
        tensor([[ True],
                [False]])
    """

    measure: Measure
    targets: TargetReading = AS_GIVEN
    masks_targets: bool = False
    class_axis: int | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, network: nn.Module, measure: Measure, batches: Callable[[], Iterable[Batch]]) -> Reading:
        """How the targets of a data set are read.

        Args:
            network: in eval mode.
            measure: what is measured.
            batches: all samples, batch by batch, as often as it is called.

        Raises:
            DataError: a mask of padding says something else, targets do not suit the measure, or it is open which axis
                of the outputs has the classes.
        """
        masks, note = _masks_targets(network, batches())
        found = cls(measure, masks_targets=masks, notes=(note,) * bool(note))
        targets = measure.reading(map(found._masked, batches()))
        found = replace(found, targets=targets, notes=(*found.notes, *(targets.note,) * bool(targets.note)))
        if not measure.at_positions:
            return found
        first = next(iter(batches()), None)
        if first is None:
            return found
        few = first.part(0, 2)
        return replace(found, class_axis=class_axis_of(network, few.call, found.targets_of(few)))

    def targets_of(self, batch: Batch) -> Any:
        """The targets that outputs are compared with: copies, for code that works in place."""
        masked = self._masked(batch)
        return self.targets.of(masked.call, copied(masked.targets))

    def compared(self, outputs: Any, targets: Any) -> tuple[Any, Any]:
        """Outputs and targets, in shapes that leave no doubt about the axis of the classes."""
        if self.class_axis is None:
            return outputs, targets
        return with_positions_in_a_row(outputs, targets, self.class_axis)

    def values(self, batch: Batch, outputs: Any) -> Tensor:
        """What the measure says of each sample of a batch, (samples, columns).

        Args:
            batch: of samples.
            outputs: what a network returned for it.

        Raises:
            DataError: outputs or targets do not suit the measure, a measure of a user's fails, or it has not one row
                of numbers for each sample.
        """
        measure = self.measure
        outputs, targets = self.compared(outputs, self.targets_of(batch))
        is_a_users = type(measure).__module__.partition(".")[0] != "bitline"
        with naming_failures_of(f"the measure {measure.name!r}") if is_a_users else nullcontext():
            values = measure.values(outputs, targets)
        if not isinstance(values, Tensor) or values.ndim != 2 or len(values) != len(batch):
            is_tensor, place = isinstance(values, Tensor), defined_at(measure.values) if is_a_users else ""
            shape = f"values of the shape {tuple(values.shape)}" if is_tensor else f"{type_in_words(values)}"
            raise DataError(
                f"the measure {measure.name!r}{place} has {shape} for {len(batch)} samples: "
                "give a tensor with one row for each"
            )
        return values

    def _masked(self, batch: Batch) -> Batch:
        return _without_padding(batch) if self.masks_targets else batch


def _without_padding(batch: Batch) -> Batch:
    """The same samples, with targets of padding that do not count: -100, or NaN where they are no whole numbers."""
    real, targets = batch.call.real_outputs, batch.targets
    if real is None or not _fits(batch):
        return batch
    missing = float("nan") if targets.is_floating_point() else IGNORED
    return Batch(batch.call, targets.masked_fill(beside(~real, targets), missing))


def _fits(batch: Batch) -> bool:
    """Whether targets may stand at the positions that a mask speaks of."""
    real = batch.call.real_outputs
    return real is not None and isinstance(batch.targets, Tensor) and batch.targets.shape[:2] == real.shape


def _masks_targets(network: nn.Module, batches: Iterable[Batch]) -> tuple[bool, str]:
    """Whether targets stand at the positions that a mask speaks of, and what a reader should know of it."""
    with_masks = takewhile(lambda batch: batch.call.real_outputs is not None, batches)
    batch = next((batch for batch in with_masks if _fits(batch)), None)
    if batch is None or batch.call.has_decoder:
        return batch is not None, ""
    found = stand_at_inputs(network, batch.call)
    if found is not None:
        return found, ""
    return True, (
        "targets at padding do not count: there are as many of them as positions, and the network takes inputs of no "
        "other length that would show whether they stand there"
    )
