"""Convolutions over inputs with zeros between them, without the products with these zeros.

Where an input is not 0 at every s-th place only, an output sees one kernel position in s along that axis, and which one
depends on its place modulo s, its phase. So each phase is a convolution of its own, of the inputs without the zeros and
of the kernel positions that meet them. Products with code 0 add nothing to a sum of whole numbers: sums are the same,
to the bit. Phases whose windows lie alike are computed in one product, as further outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import gcd

import torch
from torch import Tensor
from torch.nn import functional

from bitline.arrays.integer.product import Multiply
from bitline.arrays.integer.windows import Windows
from bitline.shapes import Float, Int, Shaped


@dataclass(frozen=True)
class Phases:
    """Outputs along one axis whose windows see as many inputs, from the same place on.

    Attributes:
        step: places from one input to the next.
        outputs: place of the first output of each phase; the others are `step` apart.
        taps: first kernel position that each of them sees.
        every: kernel positions from one that is seen to the next.
        count: kernel positions that are seen.
        start: first input that the first output sees, among inputs without zeros.
        dilation: inputs from one kernel position to the next.
    """

    step: int
    outputs: tuple[int, ...]
    taps: tuple[int, ...]
    every: int
    count: int
    start: int
    dilation: int

    @classmethod
    def of(cls, kernel: int, dilation: int, step: int, first: int) -> list[Phases]:
        """All phases that see an input.

        Args:
            kernel: its positions.
            dilation: places from one to the next.
            step: places from one input to the next.
            first: place of the first input.

        Examples:
            >>> for phases in Phases.of(kernel=4, dilation=1, step=2, first=0):
            ...     phases.outputs, phases.taps, phases.start
            ((0,), (0,), 0)
            ((1,), (1,), 1)
        """
        common = gcd(dilation, step)
        every, alike = step // common, dict[tuple[int, int], list[tuple[int, int]]]()
        for output in range(step):
            for tap in range(min(every, kernel)):
                start, rest = divmod(output + tap * dilation - first, step)
                if rest == 0:
                    alike.setdefault((-(-(kernel - tap) // every), start), []).append((output, tap))
        found = []
        for (count, start), pairs in alike.items():
            outputs, taps = zip(*pairs, strict=True)
            found.append(cls(step, outputs, taps, every, count, start, dilation // common))
        return found

    def windows(self, places: int) -> int:
        """Windows of the first phase, which has most."""
        return max(0, -(-(places - self.outputs[0]) // self.step))

    def seen(self, places: int) -> int:
        """Inputs from the first to the last that outputs at so many places see."""
        return self.windows(places) + (self.count - 1) * self.dilation

    def kernels(self, weights: Tensor, axis: int) -> list[Tensor]:
        """The kernel positions of each phase, of kernels with theirs along an axis."""
        return [weights.narrow(axis, tap, weights.shape[axis] - tap)[_along(axis, self.every)] for tap in self.taps]


class PhasedMultiply(Multiply):
    """Products of kernels with inputs between which zeros lie.

    Args:
        pieces, windows, matrices, zero: as for every `Multiply`; windows without strides or padding.
        multiply: makes the multiplication of some phases from the same arguments.
    """

    def __init__(
        self,
        pieces: list[tuple[Tensor, float]],
        windows: Windows,
        matrices: int,
        zero: int,
        multiply: Callable[..., Multiply],
    ) -> None:
        kernel = pieces[0][0].shape[2:]
        shape = zip(kernel, windows.dilation, windows.lattice, strict=True)
        axes = [Phases.of(size, dilation, *places) for size, dilation, places in shape]
        self._reach = windows.reach(kernel)
        self._lattice, self._matrices, self._zero = windows.lattice, matrices, zero
        self._products = len(pieces[0][0])
        self._groups: list[tuple[Phases, Phases, Multiply]] = []
        for down, right in product(*axes):
            own = [(_of_phases(weights, down, right, matrices), scale) for weights, scale in pieces]
            walk = Windows(dilation=(down.dilation, right.dilation))
            self._groups.append((down, right, multiply(own, walk, matrices, zero)))
        self.name = self._groups[0][2].name
        seen = [sum(len(phases.outputs) for phases in alike) for alike in axes]
        self._has_blind = seen != [step for step, _ in windows.lattice]

    def parts(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "images products h w"]]:
        (step_down, top), (step_right, left) = self._lattice
        inputs = codes[:, :, top::step_down, left::step_right]
        high, wide = (size - places for size, places in zip(codes.shape[2:], self._reach, strict=True))
        shape = (len(codes), high, wide, self._products)
        make = torch.zeros if self._has_blind else torch.empty
        room = make(shape, dtype=torch.float32, device=codes.device)
        for down, right, multiply in self._groups:
            if not down.windows(high) or not right.windows(wide):
                continue
            window = self._cut(inputs, down.start, down.seen(high), right.start, right.seen(wide))
            sums = multiply.for_space(tuple(window.shape[2:]))(window)  # of all pieces: kernels differ in how many
            self._put(sums.permute(0, 2, 3, 1), room, down, right)
        return [room.permute(0, 3, 1, 2)]

    def _cut(self, inputs: Tensor, top: int, high: int, left: int, wide: int) -> Tensor:
        """A part of the inputs, channels last in memory, with code 0 where it goes beyond them."""
        part = inputs[:, :, top : top + high, left : left + wide]
        missing = (0, wide - part.shape[3], 0, high - part.shape[2])
        whole = functional.pad(part, missing, value=self._zero) if any(missing) else part
        return whole.contiguous(memory_format=torch.channels_last)

    def _put(self, sums: Tensor, room: Tensor, down: Phases, right: Phases) -> None:
        """Write the sums of some phases to their outputs, both position by position."""
        phases = len(down.outputs), len(right.outputs)
        by_phase = sums.reshape(*sums.shape[:3], self._matrices, *phases, -1)
        by_matrix = room.view(*room.shape[:3], self._matrices, -1)
        for (i, row), (j, column) in product(enumerate(down.outputs), enumerate(right.outputs)):
            own = by_matrix[:, row :: down.step, column :: right.step]
            own.copy_(by_phase[:, : own.shape[1], : own.shape[2], :, i, j])

    @classmethod
    def why_not(cls, device: str) -> str:
        return ""


def _of_phases(
    weights: Int[Tensor, "products channels height width"], down: Phases, right: Phases, matrices: int
) -> Int[Tensor, "more_products channels fewer_rows fewer_columns"]:
    """Kernels of all phases as further products of each matrix: matrix, phase down, phase to the right, product."""
    by_matrix = weights.reshape(matrices, -1, *weights.shape[1:])
    kernels = [part for rows in down.kernels(by_matrix, 3) for part in right.kernels(rows, 4)]
    return torch.stack(kernels, 1).flatten(0, 2)


def _along(axis: int, step: int) -> tuple[slice, ...]:
    return (*[slice(None)] * axis, slice(None, None, step))
