"""A range for each input vector, found while the network runs."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor

from bitline.numerics.histogram import Histogram
from bitline.numerics.limited import limited
from bitline.quantize.input_ranges import InputRangePolicy, InputScale
from bitline.shapes import Shaped


class VectorRange(InputRangePolicy):
    """The range that ends at the largest magnitude of each vector, by which outputs are multiplied again.

    Vectors are divided by their largest magnitude before they are quantised, which Gokmen, Onen and Haensch (Frontiers
    in Neuroscience 11:538, 2017) call noise management; of transformers in digital hardware it is known as token-wise
    quantisation (Yao et al., ZeroQuant, NeurIPS 2022). No input is too large, small vectors use all codes, and an
    outlier costs its own vector only. A vector is what drives the rows at once: a token in a linear layer, a window of
    the image in a convolution, of one group of channels. Calibration decides the sign alone, and ADC ranges are those
    of vectors that have been divided. Without a sign, negative inputs are 0, and a range is that of the others.

    Examples:
        >>> import torch
        >>> seen = Histogram()
        >>> seen.update(torch.tensor([-0.1, 99.0]))
        >>> scale = VectorRange().scale(seen, bits=8)  # of vectors whose largest magnitude is 1
        >>> scale.signed, round(1 / scale.step)
        (True, 127)
    """

    kind: Literal["per-vector"] = "per-vector"

    @property
    def is_per_vector(self) -> bool:
        return True

    @property
    def needs_calibration(self) -> bool:
        return False

    def limit(self, seen: Histogram, magnitude_bits: int) -> float:
        return 1.0

    def reachable(self, inputs: Shaped[Tensor, "*any"], scale: InputScale) -> Shaped[Tensor, "*any"]:
        return inputs if scale.signed else limited(inputs, 0.0, math.inf)
