"""Error rates of recognised words, phonemes or characters: edits against the length of the reference."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bitline.errors import DataError
from bitline.measures.class_labels import IGNORED
from bitline.measures.measure import Measure, Values, require


class ErrorRate(Measure):
    """Insertions, deletions and substitutions that turn outputs into targets, for each item of the targets.

    A sequence is a list of items, a row of whole numbers of which -100 does not count, or a text, whose items are its
    words. A target that is a list of lists has several right answers, such as the pronunciations of a word; the one
    counts that takes the fewest edits for each of its items.

    Args:
        name: of the measure, such as 'phoneme error rate'.
        decode: makes a sequence for each sample of what the network returns; without it, the network returns them.

    Examples:
        >>> rate = ErrorRate("word error rate")
        >>> values = rate.values(["the cat sat", "a dog"], ["the cat sits", "a big dog"])
        >>> values, round(rate.of(values.numpy()), 4)
        (tensor([[1, 3],
                [1, 3]]), 0.3333)
        >>> rate.values([["t", "ah"]], [[["t", "ow", "m"], ["t", "uh"]]])
        tensor([[1, 2]])
    """

    unit, direction, requires = "%", "lower", "it needs targets that are not empty"
    limits = (0.0, math.inf)  # sequences can be longer than their targets

    def __init__(self, name: str = "error rate", decode: Callable[[Any], Sequence[Any]] | None = None) -> None:
        self.name = name
        self.decode = decode

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Edits, and items of the target, (samples, 2)."""
        found = outputs if self.decode is None else self.decode(outputs)
        if isinstance(found, Tensor) and found.is_floating_point():
            raise DataError(f"{self.name} compares sequences, and the network returns scores: give ErrorRate(decode=f)")
        made, wanted = list(map(items, found)), list(map(answers, require(targets, self.name)))
        if len(made) != len(wanted):
            raise DataError(f"{self.name}: {len(made)} sequences for {len(wanted)} targets: give one for each")
        return torch.tensor([_nearest(sequence, right) for sequence, right in zip(made, wanted, strict=True)])

    def combine(self, means: Values) -> float:
        return float(means[0] / means[1]) if means[1] else float("nan")


def items(sequence: Any) -> list[Any]:
    """The items of a sequence.

    Examples:
        >>> items("two words"), items(torch.tensor([4, 2, -100]))
        (['two', 'words'], [4, 2])
    """
    if isinstance(sequence, str):
        return sequence.split()
    values = sequence.tolist() if isinstance(sequence, (Tensor, np.ndarray)) else list(sequence)
    return [value for value in values if value != IGNORED]


def answers(target: Any) -> list[list[Any]]:
    """The right answers that a target names, each a list of items.

    Examples:
        >>> answers("two words"), answers([[1, 2], [3]])
        ([['two', 'words']], [[1, 2], [3]])
    """
    is_several = isinstance(target, (list, tuple)) and len(target) > 0
    if getattr(target, "ndim", 0) == 2:
        return list(map(items, target))
    if is_several and all(
        isinstance(answer, (list, tuple, Tensor, np.ndarray)) and np.ndim(answer) for answer in target
    ):
        return list(map(items, target))
    return [items(target)]


def _nearest(found: Sequence[Any], right: Sequence[Sequence[Any]]) -> tuple[int, int]:
    """Edits to the nearest of some answers, and the number of its items."""
    counts = [(edits(found, answer), len(answer)) for answer in right]
    return min(counts, key=lambda count: count[0] / max(count[1], 1))


def edits(found: Sequence[Any], wanted: Sequence[Any]) -> int:
    """Least number of insertions, deletions and substitutions between two sequences (Levenshtein).

    Examples:
        >>> edits("kitten", "sitting")
        3
    """
    row = list(range(len(wanted) + 1))
    for count, item in enumerate(found, 1):
        before, row[0] = row[0], count
        for place, other in enumerate(wanted, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (item != other))
    return row[-1]
