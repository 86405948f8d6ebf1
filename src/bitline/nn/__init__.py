"""The signal chain as PyTorch layers, and the conversion of whole networks.

To add a layer, write one file with an `AnalogLayer` and add it to `ANALOG_LAYERS` in `convert.py`.
"""

from bitline.nn.calibrate import Calibration, Observed, Seen, observation_key, observe
from bitline.nn.calibration_file import load_calibration, save_calibration
from bitline.nn.convert import (
    ANALOG_LAYERS,
    Conversion,
    analog_layers,
    conversion_of,
    convert,
    let_age,
    observed,
    program,
)
from bitline.nn.convolution import AnalogConv1d, AnalogConv2d
from bitline.nn.layer import AnalogLayer, Correction
from bitline.nn.linear import AnalogLinear

__all__ = [
    "ANALOG_LAYERS",
    "AnalogConv1d",
    "AnalogConv2d",
    "AnalogLayer",
    "AnalogLinear",
    "Calibration",
    "Conversion",
    "Correction",
    "Observed",
    "Seen",
    "analog_layers",
    "conversion_of",
    "convert",
    "let_age",
    "load_calibration",
    "observation_key",
    "observe",
    "observed",
    "program",
    "save_calibration",
]
