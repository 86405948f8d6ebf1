"""What JSON says of the calibration of a layer, in calibration files and in the states of layers, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bitline.layer.encoded import LayerCalibration
from bitline.quantize import InputScale
from bitline.readout import Levels

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading JSON raises that says something else."""


def calibration_of_json(saved: dict[str, Any]) -> LayerCalibration:
    """The calibration that was saved with `asdict`.

    Args:
        saved: what JSON made of it.

    Raises:
        UNREADABLE: it is something else, or holds what is no number.

    Examples:
        >>> from dataclasses import asdict
        >>> known = LayerCalibration(InputScale(0.5, 7, signed=True), Levels((0.25,), (-4,), (3,)))
        >>> calibration_of_json(asdict(known)) == known
        True
        >>> calibration_of_json({"inputs": asdict(InputScale(math.nan, 7, signed=True)), "levels": None})
        Traceback (most recent call last):
        ValueError: nan is no number that a calibration holds
    """
    inputs, levels = InputScale(**saved["inputs"]), saved["levels"]
    check_numbers([inputs.step], float, low=0)
    check_numbers([inputs.magnitude_bits], int, low=0)
    if levels is None:
        return LayerCalibration(inputs, None)
    found = Levels(**{key: tuple(value) for key, value in levels.items()})
    check_numbers(found.step, float)
    for whole in (found.low, found.high, found.shape):
        check_numbers(whole, int)
    return LayerCalibration(inputs, found)


def check_numbers(values: Sequence[Any], kind: type[float], low: float = -math.inf) -> None:
    """Refuse what is no finite number of a kind from a limit on.

    Args:
        values: what was read.
        kind: of number; whole ones are numbers of any kind.
        low: the limit.

    Raises:
        ValueError: one of the values is none.

    Examples:
        >>> check_numbers([1, 0.5], float)
        >>> check_numbers([1, 0.5], int)
        Traceback (most recent call last):
        ValueError: 0.5 is no number that a calibration holds
    """
    for value in values:
        is_number = isinstance(value, (int, kind)) and not isinstance(value, bool)
        if not is_number or not low <= float(value) < math.inf:
            raise ValueError(f"{value!r} is no number that a calibration holds")
