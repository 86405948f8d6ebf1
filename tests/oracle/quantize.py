"""Stage 1 of the oracle: weights and inputs to integer codes."""

from __future__ import annotations

import numpy as np

from bitline import Design, LayerCalibration


def quantise_weights(matrix: np.ndarray, design: Design) -> tuple[np.ndarray, np.ndarray]:
    """w = round(W / s), s = max|W| / (2^(B_W-1) - 1) of the layer or of each output (section 4.1).

    Returns:
        w (outputs, rows) and s (outputs,).
    """
    top = 2 ** (design.weights.bits - 1) - 1
    largest = np.abs(matrix.astype(np.float64)).max(axis=1)
    if design.weights.scale == "layer":
        largest = np.full_like(largest, largest.max())
    if design.weights.largest is not None:
        largest = np.full_like(largest, design.weights.largest)
    step = np.where(largest > 0, largest / top, 1.0)
    return np.clip(np.rint(np.float32(matrix) / np.float32(step)[:, None]), -top, top).astype(int), step


def ranges_of_vectors(inputs: np.ndarray, design: Design, calibration: LayerCalibration) -> np.ndarray:
    """What each input vector (column) is divided by before it is quantised, (batch,): 1, or its largest magnitude.

    Where codes have no sign, inputs below 0 are 0.
    """
    if design.inputs.range.kind != "per-vector":
        return np.ones(inputs.shape[1])
    seen = np.abs(inputs) if calibration.inputs.signed else np.maximum(inputs, 0)
    return np.array([max(vector, default=0.0) or 1.0 for vector in seen.T])


def quantise_inputs(inputs: np.ndarray, calibration: LayerCalibration) -> np.ndarray:
    """x = round(X / s), clipped to the codes that there are (section 4.3)."""
    scale = calibration.inputs
    return np.clip(np.rint(np.float32(inputs) / np.float32(scale.step)), scale.low, scale.high).astype(int)
