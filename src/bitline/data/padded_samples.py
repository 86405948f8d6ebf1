"""Samples of different lengths in memory, padded behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from bitline.data.batch import Batch
from bitline.data.stored_samples import StoredSamples


@dataclass(frozen=True)
class PaddedSamples(StoredSamples):
    """Samples that are padded behind, as their mask says: a batch is as long as its longest sample.

    Examples:
        >>> import torch
        >>> tokens, mask = torch.tensor([[3, 4, 0], [5, 0, 0]]), torch.tensor([[1, 1, 0], [1, 0, 0]])
        >>> samples = PaddedSamples(Call((), {"input_ids": tokens, "attention_mask": mask}), torch.tensor([0, 1]))
        >>> [batch.call.keywords["input_ids"].tolist() for batch in samples.batches(1)]
        [[[3, 4]], [[5]]]
    """

    def batches(self, size: int) -> Iterator[Batch]:
        for batch in super().batches(size):
            yield _cut(batch)

    def part(self, start: int, stop: int | None) -> PaddedSamples:
        part = super().part(start, stop)
        return PaddedSamples(part.inputs, part.targets)

    def picked(self, places: Tensor) -> Batch:
        return _cut(super().picked(places))

    def beside(self, network: nn.Module) -> PaddedSamples:
        placed = super().beside(network)
        return PaddedSamples(placed.inputs, placed.targets)


def _cut(batch: Batch) -> Batch:
    """A batch without the positions that are padding in all its samples."""
    real = batch.call.real
    if real is None or not real.numel():
        return batch
    width, kept = real.shape[1], int(real.any(0).nonzero().max()) + 1

    def of(value: Tensor) -> Tensor:
        return value[:, :kept] if value.ndim > 1 and value.shape[1] == width else value

    return Batch(batch.call.each(of), batch.targets)
