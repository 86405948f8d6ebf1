"""Which activations get a code: the range of a layer's inputs from calibration images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from bitline.config.variants import Variant
from bitline.errors import DesignError
from bitline.numerics.histogram import Histogram
from bitline.numerics.limited import limited
from bitline.shapes import Shaped


@dataclass(frozen=True)
class InputScale:
    """Quantisation of a layer's inputs: code = clip(round(x / step)).

    Attributes:
        step: float value of code 1.
        magnitude_bits: bits of |code|, one less than the input bits where inputs can be negative.
        signed: whether codes can be negative (sign-magnitude).

    Examples:
        >>> scale = InputScale(step=0.1, magnitude_bits=7, signed=True)
        >>> scale.low, scale.high
        (-127, 127)
    """

    step: float
    magnitude_bits: int
    signed: bool

    @property
    def high(self) -> int:
        """Largest code."""
        return int(2**self.magnitude_bits - 1)

    @property
    def low(self) -> int:
        """Smallest code."""
        return -self.high if self.signed else 0

    @property
    def zero_byte(self) -> int:
        """What stands for code 0 where codes are kept in bytes."""
        return 128 if self.signed else 0


def magnitude_bits_of(bits: int, signed: bool, name: str) -> int:
    """Bits of |code|: those of the code, less the sign where inputs can be negative.

    Args:
        bits: of the code.
        signed: whether inputs can be negative.
        name: what a message calls the layer.

    Raises:
        DesignError: nothing is left beside the sign.

    Examples:
        >>> magnitude_bits_of(8, True, "layer 'conv1'"), magnitude_bits_of(1, False, "layer 'conv1'")
        (7, 1)
    """
    if signed and bits < 2:
        raise DesignError(
            f"inputs.bits is {bits}, but {name} has inputs below 0, which take a bit for the sign: use "
            "inputs.bits = 2 or more, in a rule for this layer ([[layers]]) if others should keep theirs"
        )
    return bits - 1 if signed else bits


class InputRangePolicy(Variant):
    """Chooses the largest input that a layer can tell from larger ones.

    Examples:
        >>> class Largest(InputRangePolicy):
        ...     def limit(self, seen: Histogram, magnitude_bits: int) -> float:
        ...         return max(-seen.low, seen.high)
        >>> seen = Histogram()
        >>> seen.update(torch.tensor([-127.0, 63.5]))
        >>> Largest().scale(seen, bits=8)
        InputScale(step=1.0, magnitude_bits=7, signed=True)
    """

    @property
    def is_per_vector(self) -> bool:
        """Whether each input vector is divided by its own largest magnitude first: the scale is that of quotients."""
        return False

    @property
    def needs_calibration(self) -> bool:
        """Whether the range comes from calibration inputs."""
        return True

    def limit(self, seen: Histogram, magnitude_bits: int) -> float:
        """Largest |input| that gets a code of its own.

        Args:
            seen: inputs of the layer on the calibration images; 0 for negative ones where codes have no sign.
            magnitude_bits: bits of |code|.
        """
        raise NotImplementedError

    def scale(self, seen: Histogram, bits: int, name: str = "a layer", signed: bool | None = None) -> InputScale:
        """The quantisation of inputs like those seen.

        Args:
            seen: inputs of the layer on the calibration images.
            bits: input bits, the sign included.
            name: what a message calls the layer.
            signed: whether codes can be negative, as far as the design says; None for codes that can if one of the
                inputs seen was.

        Raises:
            DesignError: as for `magnitude_bits_of`.
        """
        signed = seen.low < 0 if signed is None else signed
        magnitude_bits = magnitude_bits_of(bits, signed, name)
        kept = seen if signed else seen.without_negative()
        limit = self.limit(kept, magnitude_bits) if kept.total or not self.needs_calibration else 0.0
        return InputScale((limit if limit > 0 else 1.0) / (2**magnitude_bits - 1), magnitude_bits, signed)

    def reachable(self, inputs: Shaped[Tensor, "*any"], scale: InputScale) -> Shaped[Tensor, "*any"]:
        """Inputs clipped to what codes can stand for.

        Args:
            inputs: float inputs of a layer, in any shape.
            scale: quantisation of the layer's inputs.
        """
        return limited(inputs, scale.low * scale.step, scale.high * scale.step)


class PercentileRange(InputRangePolicy):
    """The range that contains `percentile` per cent of the inputs.

    Examples:
        >>> seen = Histogram()
        >>> seen.update(torch.arange(1001.0))
        >>> round(PercentileRange(percentile=99).limit(seen, magnitude_bits=8)), seen.high
        (990, 1000.0)
    """

    kind: Literal["percentile"] = "percentile"
    percentile: Annotated[float, Field(gt=50, le=100)] = 99.99
    """Percentage of the calibration inputs inside the range."""

    def limit(self, seen: Histogram, magnitude_bits: int) -> float:
        if seen.low >= 0:
            return seen.percentile(self.percentile)
        tail = (100 - self.percentile) / 2
        return max(-seen.percentile(tail), seen.percentile(100 - tail))


class LeastErrorRange(InputRangePolicy):
    """The range with the least error between inputs and quantised inputs.

    `power = 1` with `bits = 12` is the choice of Xiao et al. 2022, section 4.3.

    Examples:
        With few bits, clipping an outlier costs less than large steps for all other inputs:

        >>> seen = Histogram()
        >>> seen.update(torch.cat([torch.arange(1000.0) / 1000, torch.tensor([20.0])]))
        >>> LeastErrorRange(power=1).limit(seen, magnitude_bits=4) < 2
        True
    """

    kind: Literal["least-error"] = "least-error"
    power: Literal[1, 2] = 2
    """1: mean absolute error, 2: mean squared error."""
    bits: Annotated[int, Field(ge=1, le=16)] | Literal["inputs"] = "inputs"
    """Resolution at which the error is measured, without a bit for the sign; 'inputs' takes that of the inputs."""

    def limit(self, seen: Histogram, magnitude_bits: int) -> float:
        top = 2 ** (magnitude_bits if self.bits == "inputs" else self.bits) - 1
        used = seen.counts > 0
        values, counts = seen.centres[used].abs(), seen.counts[used]
        largest = max(-seen.low, seen.high)
        candidates = largest * torch.logspace(-3, 0, 241, dtype=torch.float64)
        errors = [
            float((counts * _quantisation_error(values, float(limit), top) ** self.power).sum()) for limit in candidates
        ]
        return float(candidates[errors.index(min(errors))])


def _quantisation_error(values: torch.Tensor, limit: float, top: int) -> torch.Tensor:
    step = limit / top
    return (values - (values / step).round_().clamp_(max=top).mul_(step)).abs_()
