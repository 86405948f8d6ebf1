"""Items of a data set in a random order, in batches of equal shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from bitline.data.collate import collated, with_tensors
from bitline.data.loaded_samples import item_shape
from bitline.errors import DataError


@dataclass(frozen=True)
class ShuffledRuns:
    """Items of a data set in a random order, in batches of equal shapes, read as `Runs` reads them.

    Attributes:
        dataset: with numbered items.
        size: items of a batch; of each shape the last batch may have fewer.

    Examples:
        >>> items = [(torch.ones(2 + number % 2), number) for number in range(7)]
        >>> runs = ShuffledRuns(items, size=2)
        >>> runs.steps(), sum(len(numbers) for _, numbers in runs.batches(torch.Generator()))
        (4, 7)
    """

    dataset: Any
    size: int

    def steps(self) -> int:
        """Batches of one pass, for which all items are read.

        Raises:
            DataError: there are none.
        """
        if not len(self.dataset):
            raise DataError("the data is empty: give one or more training samples")
        counts = Counter(shape for _, shape in self._items(torch.Generator()))
        return sum(-(-count // self.size) for count in counts.values())

    def batches(self, order: torch.Generator) -> Iterator[Any]:
        """All items once, in an order that a generator decides."""
        waiting: dict[str, list[Any]] = {}
        for item, shape in self._items(order):
            waiting.setdefault(shape, []).append(item)
            if len(waiting[shape]) == self.size:
                yield collated(waiting.pop(shape))
        for items in waiting.values():
            yield collated(items)

    def _items(self, order: torch.Generator) -> Iterator[tuple[Any, str]]:
        from torch.utils.data import DataLoader

        for items in DataLoader(self.dataset, batch_size=self.size, shuffle=True, generator=order, collate_fn=list):
            for item in map(with_tensors, items):
                yield item, repr(item_shape(item))
