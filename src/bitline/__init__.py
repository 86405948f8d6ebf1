"""bitline: neural-network inference on analog in-memory accelerators.

The public names are listed below; `docs/architecture.md` shows where each stage of the signal chain lives. They are
imported when they are first used, so that `bitline --help` need not wait for PyTorch.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from bitline.numerics.freed_memory import keep_freed_memory

TYPE_CHECKING = False  # that of typing, whose import takes longer than all of this
if TYPE_CHECKING:
    from bitline.design import Design, presets
    from bitline.errors import BitlineError
    from bitline.evaluation.evaluate import evaluate, evaluate_times
    from bitline.evaluation.result import Evaluation
    from bitline.layer.core import AnalogCore
    from bitline.layer.encoded import LayerCalibration
    from bitline.nn import Calibration, age, analog_layers, conversion_of, convert, program

__version__ = "0.2.0"

_HOMES = {
    "AnalogCore": "bitline.layer.core",
    "BitlineError": "bitline.errors",
    "Calibration": "bitline.nn",
    "Design": "bitline.design",
    "Evaluation": "bitline.evaluation.result",
    "LayerCalibration": "bitline.layer.encoded",
    "age": "bitline.nn",
    "analog_layers": "bitline.nn",
    "conversion_of": "bitline.nn",
    "convert": "bitline.nn",
    "evaluate": "bitline.evaluation.evaluate",
    "evaluate_times": "bitline.evaluation.evaluate",
    "presets": "bitline.design",
    "program": "bitline.nn",
}
"""Where each public name is defined; a test compares this with the imports above."""

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


WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Environment variables that say how OpenMP's threads wait for each other."""


def _wait_passively() -> None:
    """Let the threads of PyTorch and numba sleep while they wait for each other, unless the user chose otherwise.

    They wait in busy loops by default, and beside other programs two threads then take many times longer than one.
    OpenMP looks at this only when it is loaded, with PyTorch.
    """
    if "torch" not in sys.modules and not any(name in os.environ for name in WAITING):
        os.environ["OMP_WAIT_POLICY"] = "passive"


_wait_passively()
keep_freed_memory()


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'bitline' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
