"""The interface of range policies: which voltages an ADC can tell apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bitline.config.variants import Variant
from bitline.errors import CalibrationError
from bitline.numerics.histogram import Histogram
from bitline.readout.bit_lines import BitLines
from bitline.readout.levels import Levels

ROUNDING = 1e-6
"""Octaves by which a float32 signal may exceed what it stands for: no reason to double a step."""


class RangePolicy(Variant):
    """Chooses the levels of a layer's ADCs.

    Examples:
        >>> RangePolicy().needs_calibration
        False
    """

    @property
    def stated_slices(self) -> int | None:
        """For how many weight slices it states ranges; None where it is the same for any number."""
        return None

    @property
    def needs_calibration(self) -> bool:
        """Whether the policy must see the signals of a calibration set."""
        return False

    @property
    def is_relu_aware(self) -> bool:
        """Whether signals that a ReLU right after the layer turns to 0 need no levels."""
        return False

    @property
    def keeps_samples(self) -> bool:
        """Whether the policy wants to see the inputs of some calibration images, too."""
        return False

    @property
    def is_guaranteed(self) -> bool:
        """Whether every output of an ideal array is promised a level (full precision guarantee)."""
        return False

    @property
    def is_aligned(self) -> bool:
        """Whether levels lie where an ideal array of cells without current at G_min has its outputs."""
        return self.is_guaranteed

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        """Levels for each weight slice.

        Args:
            bits: resolution of the ADC.
            lines: the signals to convert.
            seen: signals of each weight slice on the calibration set, where the policy needs them.
        """
        raise NotImplementedError


class CalibratedPolicy(RangePolicy):
    """A policy that looks at the signals of a calibration set."""

    relu_aware: bool = False
    """Where a ReLU follows a layer directly, and each output is one conversion: spend no levels on signals that the
    ReLU turns to 0."""

    @property
    def needs_calibration(self) -> bool:
        return True

    @property
    def is_relu_aware(self) -> bool:
        return self.relu_aware


def required(seen: Sequence[Histogram] | None, kind: str) -> Sequence[Histogram]:
    """The signals that a policy needs.

    Raises:
        CalibrationError: there are none.
    """
    if seen is None:
        raise CalibrationError(
            f"adc.range is {kind!r}, but there is no calibration: pass calibration images, or use adc.range = 'full'"
        )
    return seen


def not_empty(limits: Sequence[tuple[float, float]], step: float) -> list[tuple[float, float]]:
    """Ranges of at least one ideal step, for what was silent during calibration, such as cells at G_min.

    Those of several slices become wider by a power of two, so that they go on to differ by such.

    Args:
        limits: of each slice.
        step: smallest difference between two ideal outputs.

    Examples:
        >>> not_empty([(0.0, 0.25)], step=1.0), not_empty([(0.0, 0.75), (-0.375, 0.375)], step=1.0)
        ([(0.0, 1.0)], [(0.0, 1.5), (-0.75, 0.75)])
    """
    if len(limits) == 1:
        return [(low, high if high - low >= step else low + step) for low, high in limits]
    wider = [2.0 ** max(0, math.ceil(math.log2(step / (high - low)) - ROUNDING)) for low, high in limits]
    return [(low * factor, high * factor) for (low, high), factor in zip(limits, wider, strict=True)]
