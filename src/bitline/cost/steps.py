"""Products of a layer that depend on each other: they are formed step by step, however many copies there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Steps:
    """Products of one image, those of a step formed from results of the step before; within a step, none needs another.

    A convolution has one step with a product for each position, a recurrent matrix a step with one product for each
    member of its sequence, and a layer that is called several times in series a step for each call.

    Attributes:
        counts: how many products a step has, and how many steps have so many.

    Examples:
        Copies share the 64 products of a convolution, and cannot share a sequence of 20 states:

        >>> convolution, recurrent = Steps.of([64.0]), Steps.of([1.0] * 20)
        >>> convolution.turns(copies=8), recurrent.turns(copies=8)
        (8.0, 20.0)
        >>> convolution.fewest_copies(turns=20), recurrent.fewest_copies(turns=10)
        (4, 1)
    """

    counts: tuple[tuple[float, int], ...]

    @classmethod
    def of(cls, products: Iterable[float]) -> Steps:
        """Steps with so many products each."""
        return cls(tuple(sorted(Counter(products).items())))

    @property
    def products(self) -> float:
        """Products of all steps."""
        return sum(products * steps for products, steps in self.counts)

    @property
    def of_independent_images(self) -> Steps:
        """The same products as one step: those of as many images as there are steps, each image at another one."""
        return Steps.of([self.products])

    def turns(self, copies: int) -> float:
        """Products that are formed one after another where so many copies of the matrix share those of a step."""
        return sum(steps * -(-products // copies) for products, steps in self.counts)

    def fewest_copies(self, turns: float) -> int:
        """The fewest copies that take no more turns; the fewest of those as fast as can be where none is so fast."""
        low, high = 1, max((1, *(int(-(-products // 1)) for products, _ in self.counts)))
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.turns(middle) <= turns else (middle + 1, high)
        return low
