"""Which axis of a network's inputs has the samples, and how many they are in a pass.

It is the first axis of the first input, as everywhere in bitline, unless a layer shows otherwise: recurrent layers and
attention know where their samples lie, and PyTorch's default puts them second, after the steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

Shape = tuple[int, ...]


class Pass:
    """The samples of one pass through a network.

    Args:
        shapes: of the network's inputs that have axes, at least one.
        axis: of the first of them that has the samples, as far as is known.

    Examples:
        >>> current = Pass(((5, 12, 3),))
        >>> current.samples
        5
        >>> current.recognise((5, 12, 3), axis=1)  # by an LSTM, for which the first axis has the steps
        >>> current.samples, current.axis
        (12, 1)

    Attributes:
        samples: how many.
        axis: of the first input that has them.
    """

    def __init__(self, shapes: Sequence[Shape], axis: int = 0) -> None:
        self._shapes = tuple(map(tuple, shapes))
        self.axis = axis if axis < len(self._shapes[0]) else 0
        self.samples = self._shapes[0][self.axis]
        self._is_sorted = False
        self._turned: set[Shape] = set()

    @property
    def are_listed(self) -> bool:
        """Whether samples are all that the first input has, as those in a list."""
        return len(self._shapes[0]) == 1

    def recognise(self, shape: Shape, axis: int) -> None:
        """Tell where a layer finds samples in its input, whose first axes may be those of the network's.

        Args:
            shape: of the layer's input.
            axis: of it that has the samples.
        """
        if shape[:2] == self._shapes[0][:2] and shape[0] != shape[1]:
            self.axis, self.samples = axis, shape[axis]
        elif axis == 1 and self.axis == 0 and shape[1] == self.samples:
            self._turned.add(tuple(shape[:2]))

    def recognise_step(self, shape: Shape) -> None:
        """Tell what a layer sees in one step of a sequence, (samples, features)."""
        first = self._shapes[0]
        if len(shape) == 2 < len(first) and shape[0] == first[1] != first[0]:
            self.axis, self.samples = 1, shape[0]

    def see(self, shape: Shape) -> None:
        """Look at the input of a layer: where a mask or a table comes before the samples, it shows which they are."""
        first, own = self._shapes[0], shape[0]
        if self.axis or own == self.samples or len(shape) < 2:
            return
        for other in self._shapes[1:]:
            if other[0] == own and (len(other) > len(first) or (len(other) == len(first) and shape[1] != first[0])):
                self.samples = own

    def has_steps_first(self, inputs: Tensor) -> bool:
        """Whether vectors that a layer takes lie step by step, (steps, samples, ..., features).

        So do those whose first axes are the ones of what a recurrent layer or attention found so in this pass, where a
        network turns its axes in between.
        """
        if self._is_sorted or inputs.is_nested or inputs.ndim <= 2 or inputs.shape[1] != self.samples:
            return False
        return self.axis == 1 or tuple(inputs.shape[:2]) in self._turned

    @contextmanager
    def sorted_by_sample(self) -> Iterator[None]:
        """Layers take inputs whose first axis has the samples for a while, whatever the axes of the network's are."""
        before, self._is_sorted = self._is_sorted, True
        try:
            yield
        finally:
            self._is_sorted = before
