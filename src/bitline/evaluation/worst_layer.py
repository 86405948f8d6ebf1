"""The layer that a cause of lost accuracy harms most, as the end of a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bitline.design import Design
from bitline.evaluation.adc_ranges import SliceRange
from bitline.evaluation.causes import Cause
from bitline.evaluation.layer_errors import LayerError
from bitline.numerics.text import fixed, percent


def worst_layer(
    cause: Cause, design: Design, layers: Sequence[LayerError], ranges: Callable[[], Sequence[SliceRange]]
) -> str:
    """Which layer a cause harms most, and by how much; empty where that is not known.

    Args:
        cause: of a loss.
        design: that has it.
        layers: errors of the design's layers.
        ranges: looks at the ADCs of every layer, which takes a pass of the network.

    Examples:
        >>> from bitline.evaluation.causes import ALL
        >>> worst_layer(ALL[0], Design(), [], list)
        ''
    """
    if cause.name in ("ADC levels", "ADC clipping"):
        return _at_the_adcs(cause.name, 2**design.adc.bits, ranges())
    known = [layer for layer in layers if math.isfinite(layer.own_db)]
    if not known:
        return ""
    worst = min(known, key=lambda layer: layer.own_db)
    outside = f", {percent(worst.outside, 1)} % of its cells outside the tolerance" if worst.outside else ""
    return f"; worst in {worst.name}, whose outputs lie {fixed(worst.own_db, 1)} dB above their error{outside}"


def _at_the_adcs(name: str, levels: int, ranges: Sequence[SliceRange]) -> str:
    """The layer whose signals are clipped most, or use the fewest levels."""
    if name == "ADC clipping":
        clipped = [entry for entry in ranges if not math.isnan(entry.clipped)]
        most = max(clipped, key=lambda entry: entry.clipped, default=None)
        return "" if most is None else f"; {percent(most.clipped, 1)} % of the signals of {most.layer} are clipped"
    fewest = min(ranges, key=lambda entry: entry.levels_in_use, default=None)
    if fewest is None:
        return ""
    return f"; most signals of {fewest.layer} share {fewest.levels_in_use:.0f} of {levels:,} levels"
