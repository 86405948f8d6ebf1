"""bitline: neural-network inference on analog in-memory accelerators.

The public names are listed below; `docs/architecture.md` shows where each stage of the signal chain lives.
"""

from bitline.design import Design, presets
from bitline.errors import BitlineError
from bitline.evaluation.evaluate import Evaluation, evaluate, evaluate_times
from bitline.layer.encoded import LayerCalibration
from bitline.layer.matrix import AnalogCore
from bitline.nn import Calibration, age, analog_layers, conversion_of, convert, program

__version__ = "0.1.0"

__all__ = [
    "AnalogCore",
    "BitlineError",
    "Calibration",
    "Design",
    "Evaluation",
    "LayerCalibration",
    "__version__",
    "age",
    "analog_layers",
    "conversion_of",
    "convert",
    "evaluate",
    "evaluate_times",
    "presets",
    "program",
]
