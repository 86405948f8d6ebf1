"""The calibration of a layer whose design states everything that calibration inputs would decide."""

from __future__ import annotations

from bitline.design import Design
from bitline.errors import CalibrationError
from bitline.layer.encoded import EncodedLayer, LayerCalibration
from bitline.numerics.histogram import Histogram


def stated_calibration(layer: EncodedLayer, what: str) -> LayerCalibration:
    """Input quantisation and ADC levels that follow from the design alone.

    Args:
        layer: weight codes, design and shape.
        what: what a message calls the layer.

    Raises:
        CalibrationError: some of it would come from calibration inputs.

    Examples:
        >>> import torch
        >>> from bitline.arrays import MatrixProduct
        >>> design = Design.load("ideal").with_settings({"inputs.range": "per-vector", "inputs.signed": True})
        >>> layer = EncodedLayer.of(torch.eye(2), None, design, MatrixProduct(2), "fc")
        >>> stated_calibration(layer, "layer 'fc'").inputs.magnitude_bits
        7
    """
    asked = _asked_of_inputs(layer.design)
    if asked:
        raise CalibrationError(
            f"{what} has no calibration inputs, and its design asks them for {', '.join(asked)}: pass calibration "
            "inputs, or state these settings"
        )
    scale = layer.design.inputs.scale(Histogram(), what)
    return LayerCalibration(scale, layer.levels(scale, None))


def _asked_of_inputs(design: Design) -> list[str]:
    """Settings whose values calibration inputs decide, each with those that do without."""
    inputs = design.inputs
    settings = {
        "the sign of inputs (inputs.signed = 'auto'; state true or false)": inputs.signed == "auto",
        f"the range of inputs (inputs.range = {inputs.range.kind!r}; state 'given' or 'per-vector')": (
            inputs.range.needs_calibration
        ),
        f"the range of ADCs (adc.range = {design.adc.range.kind!r}; state 'given' or 'full')": (
            design.needs_calibrated_adc
        ),
    }
    return [text for text, applies in settings.items() if applies]
