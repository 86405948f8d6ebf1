"""bitline: neural-network inference on analog in-memory accelerators.

The public names are listed below; `docs/architecture.md` shows where each stage of the signal chain lives.
"""

from bitline.core import AnalogCore
from bitline.design import Design, presets
from bitline.encoded import LayerCalibration
from bitline.errors import BitlineError
from bitline.evaluate import Evaluation, evaluate
from bitline.nn import Calibration, analog_layers, conversion_of, convert, program

__version__ = "0.1.0"

__all__ = [
    "AnalogCore",
    "BitlineError",
    "Calibration",
    "Design",
    "Evaluation",
    "LayerCalibration",
    "__version__",
    "analog_layers",
    "conversion_of",
    "convert",
    "evaluate",
    "presets",
    "program",
]
