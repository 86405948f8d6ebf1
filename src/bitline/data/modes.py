"""Whether a network is in eval mode, all of it."""

from __future__ import annotations

from torch import nn


def is_training(network: nn.Module) -> bool:
    """Whether any part of a network is in train mode, such as a new head after `eval()`.

    Such a part computes with the statistics of a batch, and changes its own, or drops some of its values.

    Examples:
        >>> network = nn.Sequential(nn.Linear(4, 8)).eval()
        >>> network.append(nn.BatchNorm1d(8)).training, is_training(network)
        (False, True)
    """
    return any(module.training for module in network.modules())
