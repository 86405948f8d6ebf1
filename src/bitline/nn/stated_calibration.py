"""The calibration of a network whose design states everything that calibration inputs would decide."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from bitline.layer.stated_calibration import stated_calibration
from bitline.nn.calibration import Calibration
from bitline.nn.fold import Pair, foldable
from bitline.nn.layer import AnalogLayer

UNCOMPARED = "converted without calibration inputs: the analog network was not compared with the float network"
"""What a reader of results should know of a network that nobody ran before."""


def surely_foldable(model: nn.Module) -> tuple[Pair, ...]:
    """Batch norms that can be folded as far as the graph of the network shows; none where it cannot be traced.

    Args:
        model: in floating point.

    Examples:
        >>> surely_foldable(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval())
        (('0', '1'),)
    """
    pairs, untraced = foldable(model)
    return () if untraced else tuple(pairs)


def calibration_as_stated(layers: Mapping[str, AnalogLayer], folded: tuple[Pair, ...]) -> Calibration:
    """Input quantisation and ADC levels of every layer as its design states them.

    Args:
        layers: the analog layers, by name.
        folded: batch norms that are part of the weights.

    Raises:
        CalibrationError: calibration inputs would decide something in a layer.
    """
    known = {name: stated_calibration(layer.encoded(), f"layer {name!r}") for name, layer in layers.items()}
    return Calibration(known, folded)
