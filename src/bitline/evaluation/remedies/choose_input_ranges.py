"""Input ranges chosen for least error on the design at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from bitline.design import Design
from bitline.evaluation.remedies.least_output_error import Trial, with_least_output_error

RANGES: tuple[Any, ...] = (
    *({"kind": "percentile", "percentile": percentile} for percentile in (99.0, 99.9, 99.99, 100.0)),
    {"kind": "least-error", "power": 2},
)


def choose_input_ranges(
    model: nn.Module,
    design: Design,
    images: Tensor,
    *,
    ranges: Sequence[Any] = RANGES,
    chips: int = 1,
    seed: int = 0,
) -> Design:
    """Choose the input range of every layer that gives the least error of its outputs.

    What an outlier is worth depends on the weights that it meets: `inputs.range = "least-error"` minimises the error
    of the inputs, where all of them count alike, and this the error of what they add up to.

    Args:
        model: float network.
        design: the accelerator.
        images: normalised calibration images, or other inputs in one tensor.
        ranges: values of `inputs.range` to choose from; add "per-vector" where the hardware finds ranges while it runs.
        chips: chips over which the error is averaged; others than those of evaluations with the same seed.
        seed: seed of the chips.

    Returns:
        The design with a rule for each layer whose best range is not the design's own.

    Examples:
        An input that is a hundred times larger than the others, now and then, meets no weight:

        >>> import torch
        >>> layer = nn.Linear(20, 50, bias=False)
        >>> _ = nn.init.uniform_(layer.weight, -1, 1, generator=torch.Generator().manual_seed(0))
        >>> images = torch.rand(8, 20, generator=torch.Generator().manual_seed(0))
        >>> images[0, 0], layer.weight.data[:, 0] = 100.0, 0.0
        >>> chosen = choose_input_ranges(layer, Design.load("ideal"), images)
        >>> chosen.layers[0].set["inputs.range"]["percentile"]
        99.0
    """
    return with_least_output_error(model, design, images, "inputs.range", ranges, Trial(chips, seed))
