"""Phase-change memory as language models are tried on it."""

from __future__ import annotations

from typing import Literal

import torch

from bitline.devices._device import Device
from bitline.devices._fits import polynomial
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise

LARGEST = 180.0
"""Units of the largest weight of a column."""
CELLS_OF_SMALL = (2.5797410660159494, 0.22419685954327148, -0.00371581208142707, 2.939751381126213e-05)
"""c0 .. c3 of sigma where a weight is one memory cell, in units."""
CELLS_OF_LARGE = (2.110295720240385, 0.2453487119885723, -0.003054993405157235, 1.2329755395573392e-05)
"""c0 .. c3 of sigma where it is two."""
TWO_CELLS = 52.5
"""Units above which a weight takes two cells."""
RESET = 0.6
"""Units below which cells are left in their lowest state, whose weight is exactly zero."""


class PcmBuchel2025(Device):
    """Programming error of phase-change memory under which language models on analog arrays are quoted (Buechel et al.,
    "Analog foundation models", NeurIPS 2025, arXiv 2505.09663, and the code published with it).

    In units of 1/180 of G_max: sigma(G) = 2.58 + 0.224 G - 3.72e-3 G^2 + 2.94e-5 G^3 up to 52.5, where a weight is one
    memory cell, and 2.11 + 0.245 G - 3.05e-3 G^2 + 1.23e-5 G^3 above, where it is two. Below 0.6 units nothing is
    programmed, and G is exactly 0. The fit is of weights, with scales by channel, and small ones may change their sign:
    use the cells of `weights.kind = "differential"`, of which one is programmed, with `weights.scale = "channel"` and
    `cell.clip = "none"`. It has neither drift nor read noise; where these matter, `pcm-nandakumar-2019` has them.

    Examples:
        >>> import torch
        >>> from bitline.numerics.draws import Draws
        >>> PcmBuchel2025().program(torch.tensor([0.0, 0.1, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.0000, 0.1059, 0.5478, 0.8975])
    """

    kind: Literal["pcm-buchel-2025"] = "pcm-buchel-2025"

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        units = target * LARGEST
        small, large = (polynomial(fit, units) for fit in (CELLS_OF_SMALL, CELLS_OF_LARGE))
        sigma = torch.where(units > TWO_CELLS, large, small) / LARGEST
        cells = draws.normal(target.shape, "programming error").mul_(sigma).add_(target)
        return cells.masked_fill_(units < RESET, 0.0)
