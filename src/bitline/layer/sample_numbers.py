"""Numbers of the reads that a layer makes, which decide their read noise.

A number says which sample is read, in which step, and with which input slice. Other numbers are other noise.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.shapes import SampleNumbers

STEP_STRIDE = 1 << 32
"""Between the numbers of a sample's reads in one step and the next: more samples than anyone evaluates."""
STEPS = 1 << 16
"""Steps before the numbers would run into those of the next input slice."""
SLICE_STRIDE = STEP_STRIDE * STEPS
"""Between the numbers of a sample's reads in one input slice and the next."""
LONG_STRIDE = 1 << 52
"""Between so many steps and the next ones: beyond the numbers of all input slices."""
LARGEST = (1 << 63) - 1


def numbers_from(first: int, inputs: Tensor) -> SampleNumbers:
    """Numbers that follow one another, one for each of the inputs (batch, ...).

    Examples:
        >>> numbers_from(5, torch.ones(3, 4))
        tensor([5, 6, 7])
    """
    return torch.arange(first, first + len(inputs), device=inputs.device)


def number_in_step(sample: int, step: int) -> int:
    """Number of a sample's read in a step; samples that follow one another have numbers that do.

    Examples:
        >>> number_in_step(5, step=0), number_in_step(5, step=1) == number_in_step(5, step=0)
        (5, False)
    """
    later, step = divmod(step, STEPS)
    return (sample + step * STEP_STRIDE + later * LONG_STRIDE) & LARGEST


def in_steps(samples: SampleNumbers, steps: SampleNumbers | int) -> SampleNumbers:
    """`number_in_step` of many samples, all in one step or each in a step of its own.

    Examples:
        >>> in_steps(torch.tensor([5, 5]), torch.tensor([0, 1])).tolist() == [5, number_in_step(5, 1)]
        True
        >>> in_steps(torch.tensor([5]), 1).tolist() == [number_in_step(5, 1)]
        True
    """
    if isinstance(steps, int):
        return (samples + number_in_step(0, steps)) & LARGEST
    later = torch.div(steps, STEPS, rounding_mode="floor")
    return (samples + (steps - later * STEPS) * STEP_STRIDE + later * LONG_STRIDE) & LARGEST
