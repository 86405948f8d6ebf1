"""The signal chain as PyTorch layers, and the conversion of whole networks.

To add a layer, write one file with an `AnalogLayer` and add it to `ANALOG_LAYERS` in `registry.py`; a layer of several
matrices is a `CompositeLayer` in `COMPOSITE_LAYERS`.
"""

from bitline.nn.attention import AnalogMultiheadAttention
from bitline.nn.calibrate import record_network
from bitline.nn.calibration import Calibration, LayerRecord, NetworkRecord
from bitline.nn.calibration_file import load_calibration, save_calibration
from bitline.nn.chips import age, program, restart_reads
from bitline.nn.composite import CompositeLayer
from bitline.nn.contexts import analog_layers, computing, settled
from bitline.nn.conversion import Conversion, conversion_of
from bitline.nn.convert import convert, record
from bitline.nn.convolution import AnalogConv1d, AnalogConv2d, AnalogConv3d
from bitline.nn.fold import FoldReport, fold_batch_norm
from bitline.nn.independent_copy import independent_copy
from bitline.nn.inputs import Inputs, as_images
from bitline.nn.layer import AnalogLayer
from bitline.nn.layer_state import Correction
from bitline.nn.linear import AnalogLinear
from bitline.nn.part import Part
from bitline.nn.recurrent import AnalogGRU, AnalogLSTM, AnalogRNN
from bitline.nn.recurrent_cells import AnalogGRUCell, AnalogLSTMCell, AnalogRNNCell
from bitline.nn.registry import ANALOG_LAYERS, COMPOSITE_LAYERS
from bitline.nn.transposed import AnalogConvTranspose1d, AnalogConvTranspose2d, AnalogConvTranspose3d

__all__ = [
    "ANALOG_LAYERS",
    "COMPOSITE_LAYERS",
    "AnalogConv1d",
    "AnalogConv2d",
    "AnalogConv3d",
    "AnalogConvTranspose1d",
    "AnalogConvTranspose2d",
    "AnalogConvTranspose3d",
    "AnalogGRU",
    "AnalogGRUCell",
    "AnalogLSTM",
    "AnalogLSTMCell",
    "AnalogLayer",
    "AnalogLinear",
    "AnalogMultiheadAttention",
    "AnalogRNN",
    "AnalogRNNCell",
    "Calibration",
    "CompositeLayer",
    "Conversion",
    "Correction",
    "FoldReport",
    "Inputs",
    "LayerRecord",
    "NetworkRecord",
    "Part",
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
