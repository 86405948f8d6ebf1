"""Weight ranges chosen for least error on the design at hand."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from bitline.design import Design
from bitline.evaluation.remedies.least_output_error import Trial, with_least_output_error

PERCENTILES = (100.0, 99.99, 99.95, 99.9, 99.8, 99.5, 99.0, 98.0)


def clip_weights(
    model: nn.Module,
    design: Design,
    images: Tensor,
    *,
    percentiles: Sequence[float] = PERCENTILES,
    chips: int = 3,
    seed: int = 0,
) -> Design:
    """Choose the weight percentile of every layer that gives the least error of its outputs.

    Clipping a few large weights lets all others use more of the cells' range: errors that do not grow with the
    conductance then weigh less, at the price of wrong large weights.

    Args:
        model: float network.
        design: the accelerator.
        images: normalised calibration images.
        percentiles: percentages of the weights inside the range to choose from.
        chips: chips over which the error is averaged; others than those of evaluations with the same seed.
        seed: seed of the chips.

    Returns:
        The design with a rule for each layer whose best percentile is not the design's own.

    Examples:
        The one large weight takes most of the range of the cells, and its input is always 0:

        >>> import torch
        >>> layer = nn.Linear(20, 50, bias=False)
        >>> _ = nn.init.uniform_(layer.weight, -1, 1, generator=torch.Generator().manual_seed(0))
        >>> images = torch.rand(8, 20, generator=torch.Generator().manual_seed(0))
        >>> layer.weight.data[0, 0], images[:, 0] = 30.0, 0.0
        >>> design = Design().with_settings({"cell.device": {"kind": "state-independent", "alpha": 0.03}})
        >>> clip_weights(layer, design, images, percentiles=(100.0, 99.0)).layers[0].set
        {'weights.percentile': 99.0}
    """
    return with_least_output_error(model, design, images, "weights.percentile", percentiles, Trial(chips, seed))
