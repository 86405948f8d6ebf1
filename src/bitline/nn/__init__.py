"""The signal chain as PyTorch layers, and the conversion of whole networks.

To add a layer, write one file with an `AnalogLayer` and add it to `ANALOG_LAYERS` in `convert.py`.
"""

from bitline.nn.calibrate import Calibration, LayerRecord, NetworkRecord, record_network
from bitline.nn.calibration_file import load_calibration, save_calibration
from bitline.nn.chips import age, program, restart_reads
from bitline.nn.contexts import analog_layers, computing, settled
from bitline.nn.conversion import Conversion, conversion_of
from bitline.nn.convert import ANALOG_LAYERS, convert, record
from bitline.nn.convolution import AnalogConv1d, AnalogConv2d
from bitline.nn.fold import FoldReport, fold_batch_norm
from bitline.nn.independent_copy import independent_copy
from bitline.nn.inputs import Inputs, as_images
from bitline.nn.layer import AnalogLayer
from bitline.nn.layer_state import Correction
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
    "FoldReport",
    "Inputs",
    "LayerRecord",
    "NetworkRecord",
    "age",
    "analog_layers",
    "as_images",
    "computing",
    "conversion_of",
    "convert",
    "fold_batch_norm",
    "independent_copy",
    "load_calibration",
    "program",
    "record",
    "record_network",
    "restart_reads",
    "save_calibration",
    "settled",
]
