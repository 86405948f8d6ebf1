"""Which read a layer makes for a sample: the number that decides its read noise.

A number says which sample is read, and which of its reads of this layer in one pass through the network it is. So the
noise of a sample depends neither on the batch that it comes in nor on the samples beside it: a recurrent layer reads
its arrays once in every step of a sequence, a layer that a network uses twice is read twice, and each read is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from bitline.nn.guards import is_recomputing
from bitline.nn.samples_axis import Pass

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
        >>> import torch
        >>> numbers, inputs = ReadNumbers(), torch.ones(3, 4)
        >>> numbers.take(3, inputs), numbers.take(3, inputs)
        (0, 3)
        >>> numbers.restart()
        >>> numbers.begin(Pass(((3, 4),)))
        >>> numbers.take(3, inputs), numbers.take(3, inputs) == read_number(0, step=1)
        (0, True)
        >>> numbers.end()
        >>> numbers.seen
        3

    Attributes:
        seen: samples of earlier passes.
        current: the pass that is under way, None between passes.
    """

    def __init__(self) -> None:
        self.seen = 0
        self.current: Pass | None = None
        self._calls = 0
        self._most = 0
        self._given: int | None = None

    def restart(self, first: int = 0) -> None:
        """Let the next sample count as number `first`."""
        self.__init__()  # type: ignore[misc]
        self.seen = first

    def begin(self, current: Pass) -> None:
        """A pass begins."""
        self.current, self._calls, self._most = current, 0, 0

    def end(self) -> None:
        """The pass is over."""
        current, self.current = self.current, None
        if current is not None:
            self.seen += min(current.samples, self._most)

    def take(self, rows: int, inputs: Tensor) -> int:
        """Number of the first of the rows that a call of the layer reads, all in one step.

        Args:
            rows: as many as the pass has samples, or a multiple of that, the rows of a sample one after another.
            inputs: of the layer, which may tell what the samples of the pass are.
        """
        if self._given is not None:
            return self._given
        current = self.current
        if current is not None:
            current.see(inputs.shape)
        return read_number(*self.take_steps(rows))

    def take_steps(self, rows: int) -> tuple[int, int]:
        """Number of the first of the rows that a call of a layer of many steps reads, and of its first step."""
        current = self.current
        if current is None:
            first = self.seen
            self.seen += 0 if is_recomputing() else rows
            return first, 0
        each = max(1, rows // max(1, current.samples))
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


@contextmanager
def keeping_numbers(network: nn.Module) -> Iterator[None]:
    """Let passes in between count as none: recurrent layers number their steps whatever is computed in them."""
    before = [(numbers, dict(vars(numbers))) for numbers in numbers_of(network)]
    try:
        yield
    finally:
        for numbers, counts in before:
            vars(numbers).update(counts)


def numbers_of(network: nn.Module) -> Iterator[ReadNumbers]:
    """Those of all layers."""
    modules = (vars(module).get("numbers") for module in network.modules())
    return (numbers for numbers in modules if isinstance(numbers, ReadNumbers))
