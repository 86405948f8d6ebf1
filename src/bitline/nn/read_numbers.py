"""Which reads a layer makes for a sample: the numbers that decide their read noise.

A number says which sample is read, and which of its reads of this layer in one pass through the network it is. So the
noise of a sample depends neither on the batch that it comes in nor on the samples beside it: a recurrent layer reads
its arrays once in every step of a sequence, the tokens of a text are read one after another whatever its padding, a
layer that a network uses twice is read twice, and each read is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from bitline.layer.sample_numbers import STEPS, in_steps, number_in_step, numbers_from
from bitline.nn.guards import is_recomputing
from bitline.nn.samples_axis import Pass
from bitline.shapes import SampleNumbers


class ReadNumbers:
    """Counts the samples that a layer reads on one chip.

    Within a pass through a network, whose number of samples is known, the vectors of a sample are its steps, and so are
    the calls of the layer. Without a pass, every call has samples of its own.

    Examples:
        >>> import torch
        >>> numbers, inputs = ReadNumbers(), torch.ones(3, 4)
        >>> numbers.take(inputs, inputs), numbers.take(inputs, inputs)
        (tensor([0, 1, 2]), tensor([3, 4, 5]))
        >>> numbers.restart()
        >>> numbers.begin(Pass(((3, 4),)))
        >>> numbers.take(inputs, inputs), numbers.take(torch.ones(6, 4), inputs).unique().numel()
        (tensor([0, 1, 2]), 6)
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
        self._done = 0
        self._most = 0
        self._given: SampleNumbers | None = None

    def restart(self, first: int = 0) -> None:
        """Let the next sample count as number `first`."""
        self.__init__()  # type: ignore[misc]
        self.seen = first

    def begin(self, current: Pass) -> None:
        """A pass begins."""
        self.current, self._done, self._most = current, 0, 0

    def end(self) -> None:
        """The pass is over."""
        current, self.current = self.current, None
        if current is not None:
            self.seen += min(current.samples, self._most)

    def take(self, rows: Tensor, inputs: Tensor) -> SampleNumbers:
        """Numbers of the rows that a call of the layer reads.

        Args:
            rows: what is read, as many as the pass has samples, or a multiple of that, the rows of a sample one after
                another; where samples come in a list, also a share of them, one call after another. Other rows, if they
                are more than the samples, are taken for steps of the first one.
            inputs: of the layer, which may tell what the samples of the pass are.
        """
        if self._given is not None:
            return self._given
        if self.current is None:
            return numbers_from(self._without_pass(len(rows)), rows)
        self.current.see(inputs.shape)
        samples = max(1, self.current.samples)
        if self.current.are_listed and samples % len(rows) == 0:
            use, place = divmod(self._done, samples)
            self._done, self._most = self._done + len(rows), samples
            return numbers_from(number_in_step(self.seen + place, use * STEPS), rows)
        each, rest = divmod(len(rows), samples)
        if each <= 1 and not (each and rest):
            return numbers_from(number_in_step(self.seen, self._begin_use(len(rows), 1) * STEPS), rows)
        row = numbers_from(0, rows)
        if rest:
            return in_steps(self.seen + row * 0, self._begin_use(len(rows), len(rows)) * STEPS + row)
        return in_steps(self.seen + row // each, self._begin_use(len(rows), each) * STEPS + row % each)

    def take_steps(self, rows: int) -> tuple[int, int]:
        """Number of the first of the rows that a call of a layer of many steps reads, and of its first step."""
        if self.current is None:
            return self._without_pass(rows), 0
        each = max(1, rows // max(1, self.current.samples))
        return self.seen * each, self._begin_use(rows, 1) * STEPS

    def _without_pass(self, rows: int) -> int:
        """Number of the first of the rows."""
        first = self.seen
        self.seen += 0 if is_recomputing() else rows
        return first

    def _begin_use(self, rows: int, steps: int) -> int:
        """Which use of the layer in this pass begins, one of so many steps for each sample."""
        assert self.current is not None
        samples = max(1, self.current.samples)
        use = -(-self._done // samples)
        self._done = (use + -(-steps // STEPS)) * samples
        self._most = max(self._most, rows)
        return use

    @contextmanager
    def given(self, numbers: SampleNumbers) -> Iterator[None]:
        """Let the next call make reads of these numbers, one for each of its rows, without counting them."""
        self._given = numbers
        try:
            yield
        finally:
            self._given = None


@contextmanager
def keeping_numbers(network: nn.Module) -> Iterator[None]:
    """Let passes in between count as none: recurrent layers number their steps whatever is computed in them."""
    before = [(numbers, dict(vars(numbers))) for numbers in read_numbers_of(network)]
    try:
        yield
    finally:
        for numbers, counts in before:
            vars(numbers).update(counts)


def read_numbers_of(network: nn.Module) -> Iterator[ReadNumbers]:
    """Those of all layers."""
    modules = (vars(module).get("numbers") for module in network.modules())
    return (numbers for numbers in modules if isinstance(numbers, ReadNumbers))
