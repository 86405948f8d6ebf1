"""Whether outputs are those of the literal chain."""

from __future__ import annotations

import numpy as np
from oracle.chain import Literal


def assert_equal_up_to_code_edges(result: np.ndarray, expected: Literal, rounding: np.ndarray | float) -> None:
    """Assert that outputs are those of the chain, but where conversions are near an edge between two codes.

    Args:
        result: (outputs, batch).
        expected: by the chain.
        rounding: what may differ besides, of all outputs or as they are.
    """
    worst = np.abs(result - expected.outputs) - expected.slack - rounding - 1e-6
    assert (worst <= 0).all(), f"exceeds by {worst.max()}"
