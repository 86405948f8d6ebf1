"""Which read a layer makes for a sample: the number that decides its read noise.

A number says which sample is read, and which of its reads of this layer in one pass through the network it is. So the
noise of a sample depends neither on the batch that it comes in nor on the samples beside it: a recurrent layer reads
its arrays once in every step of a sequence, a layer that a network uses twice is read twice, and each read is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

STEP_STRIDE = 1 << 32
"""Between the numbers of a sample's reads in one step and the next: more samples than anyone evaluates."""
STEPS = 1 << 16
"""Steps before the numbers would run into those of the next input slice, see `layer.plans.SLICE_STRIDE`."""
LONG_STRIDE = 1 << 52
"""Between so many steps and the next ones: beyond the numbers of all input slices."""


def read_number(sample: int, step: int) -> int:
    """Number of a sample's read in one step of a pass.

    Examples:
        >>> read_number(5, step=0), read_number(5, step=1) == read_number(5, step=0)
        (5, False)
    """
    later, step = divmod(step, STEPS)
    return int((sample + step * STEP_STRIDE + later * LONG_STRIDE) % (1 << 63))


class ReadNumbers:
    """Counts the samples that a layer reads on one chip.

    Within a pass through a network, whose number of samples is known, the calls of the layer are its steps. Without a
    pass, every call has samples of its own.

    Examples:
        >>> numbers = ReadNumbers()
        >>> numbers.take(3), numbers.take(3)
        (0, 3)
        >>> numbers.restart()
        >>> numbers.begin(samples=3)
        >>> numbers.take(3), numbers.take(3) == read_number(0, step=1)
        (0, True)
        >>> numbers.end()
        >>> numbers.seen
        3

    Attributes:
        seen: samples of earlier passes.
    """

    def __init__(self) -> None:
        self.seen = 0
        self._samples: int | None = None
        self._calls = 0
        self._most = 0
        self._given: int | None = None

    def restart(self, first: int = 0) -> None:
        """Let the next sample count as number `first`."""
        self.__init__()  # type: ignore[misc]
        self.seen = first

    def begin(self, samples: int) -> None:
        """A pass of so many samples begins."""
        self._samples, self._calls, self._most = samples, 0, 0

    def end(self) -> None:
        """The pass is over."""
        if self._samples is not None:
            self.seen += min(self._samples, self._most)
        self._samples = None

    def take(self, rows: int) -> int:
        """Number of the first of the rows that a call of the layer reads, all in one step.

        Args:
            rows: as many as the pass has samples, or a multiple of that, the rows of a sample one after another.
        """
        if self._given is not None:
            return self._given
        return read_number(*self.take_steps(rows))

    def take_steps(self, rows: int) -> tuple[int, int]:
        """Number of the first of the rows that a call of a layer of many steps reads, and of its first step."""
        if self._samples is None:
            self.seen += rows
            return self.seen - rows, 0
        each = max(1, rows // max(1, self._samples))
        step, self._calls = self._calls, self._calls + 1
        self._most = max(self._most, rows)
        return self.seen * each, step

    @contextmanager
    def given(self, number: int) -> Iterator[None]:
        """Let the next call read the sample and the step of this number, without counting it."""
        self._given = number
        try:
            yield
        finally:
            self._given = None


def number_passes(network: nn.Module) -> None:
    """Tell the layers of a network when a pass begins and ends."""
    network.register_forward_pre_hook(_begin, with_kwargs=True)
    network.register_forward_hook(_end, always_call=True)


@contextmanager
def keeping_numbers(network: nn.Module) -> Iterator[None]:
    """Let passes in between count as none: recurrent layers number their steps whatever is computed in them."""
    before = [(numbers, dict(vars(numbers))) for numbers in _numbers(network)]
    try:
        yield
    finally:
        for numbers, counts in before:
            vars(numbers).update(counts)


def _numbers(network: nn.Module) -> Iterator[ReadNumbers]:
    modules = (vars(module).get("numbers") for module in network.modules())
    return (numbers for numbers in modules if isinstance(numbers, ReadNumbers))


def _begin(network: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    given = next((value for value in (*arguments, *keywords.values()) if isinstance(value, Tensor)), None)
    if given is not None and not torch._C._get_tracing_state():  # layers refuse to be traced
        samples = given.size(0) if given.ndim else 1  # nested tensors, which layers refuse, have no length
        for numbers in _numbers(network):
            numbers.begin(samples)


def _end(network: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
    for numbers in _numbers(network):
        numbers.end()
