"""Calibrated ranges as settings and as tables of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import torch

from bitline.design import Design
from bitline.errors import DesignError
from bitline.evaluation.adc_ranges import SliceRange
from bitline.evaluation.remedies.layer_settings import with_rules
from bitline.numerics.histogram import Histogram
from bitline.readout.levels import AXES

if TYPE_CHECKING:
    import pandas as pd

MOST_BINS = 512
"""Bins of a slice in a table of signals; neighbours are counted together until there are no more."""


def with_given_ranges(design: Design, ranges: Sequence[SliceRange]) -> Design:
    """The design with the ranges that calibration found as settings, in a rule for each layer.

    It needs no calibration, and gives the same outputs within rounding. (A given range has 2^bits levels. 'aligned',
    which may have one less, then gets one more at the lower end, where signals clip a step later.)

    Args:
        design: that the ranges are those of.
        ranges: what `study_ranges` returned.

    Raises:
        DesignError: columns, partitions or input slices of a layer have ranges of their own, which no setting states.

    Examples:
        >>> from bitline.evaluation.adc_ranges import study_ranges
        >>> _ = torch.nn.init.constant_((layer := torch.nn.Linear(4, 2)).weight, 0.5)
        >>> ranges = study_ranges(layer, Design(), torch.linspace(0, 1, 24).reshape(6, 4))
        >>> given = with_given_ranges(Design(), ranges).for_layer("linear")
        >>> given.inputs.signed, given.adc.range.kind, round(given.adc.range.high, 1)
        (False, 'given', 3.7)
    """
    chosen = {name: _settings(design.for_layer(name), list(slices)) for name, slices in groupby(ranges, _name)}
    return with_rules(design, chosen)


def _name(entry: SliceRange) -> str:
    return entry.layer


def _settings(design: Design | None, slices: Sequence[SliceRange]) -> dict[str, Any]:
    """Settings of one layer, by dotted name."""
    first = slices[0]
    if design is None or not first.levels.is_shared:
        raise DesignError(
            f"adc.range = 'given' states no ranges for columns, partitions or input slices, and layer {first.layer!r} "
            "has them: keep its ranges in a calibration file (bitline run --calibration FILE, save_calibration)"
        )
    highs = [entry.high for entry in slices]
    lows = [entry.high - (2**design.adc.bits - 1) * entry.step for entry in slices]
    limits: dict[str, Any] = {"low": lows, "high": highs} if len(slices) > 1 else {"low": lows[0], "high": highs[0]}
    settings: dict[str, Any] = {"adc.range": {"kind": "given", **limits}, "inputs.signed": first.inputs.signed}
    if design.adc.calibrated_on == "chip":
        settings["adc.calibrated_on"] = "ideal"
    if design.inputs.range.needs_calibration:
        high = first.inputs.high * first.inputs.step
        settings["inputs.range"] = {"kind": "given", "high": high}
    return settings


def limits_frame(ranges: Sequence[SliceRange]) -> pd.DataFrame:
    """Limits and step of every ADC range: one row for each, with its place along what ranges differ by.

    Args:
        ranges: what `study_ranges` returned.

    Examples:
        >>> from bitline.evaluation.adc_ranges import study_ranges
        >>> design = Design().with_settings({"adc.ranges_per": ["column"]})
        >>> frame = limits_frame(study_ranges(torch.nn.Linear(4, 2), design, torch.rand(999, 4)))
        >>> list(frame.columns[:3]), list(frame["column"])
        (['layer', 'input slice', 'group'], [0, 1])
    """
    import pandas as pd  # here, for the start-up of what does not need it

    rows = []
    for name, slices in groupby(ranges, _name):
        levels = next(slices).levels
        steps, (lows, highs) = levels.steps(), levels.limits()
        places = torch.cartesian_prod(*(torch.arange(size) for size in levels.extent)).tolist()
        limits = zip((lows * steps).flatten().tolist(), (highs * steps).flatten().tolist(), levels.step, strict=True)
        for place, (low, high, step) in zip(places, limits, strict=True):
            rows.append({"layer": name, **dict(zip(AXES, place, strict=True)), "low": low, "high": high, "step": step})
    return pd.DataFrame(rows)


def signals_frame(ranges: Sequence[SliceRange]) -> pd.DataFrame:
    """Histograms of the signals at ADCs: for each layer and slice, how many lie between two currents.

    Args:
        ranges: what `study_ranges` returned.

    Examples:
        >>> from bitline.evaluation.adc_ranges import study_ranges
        >>> frame = signals_frame(study_ranges(torch.nn.Linear(4, 2), Design(), torch.rand(16, 4)))
        >>> list(frame.columns), int(frame["count"].sum())
        (['layer', 'slice', 'from', 'to', 'count'], 32)
    """
    import pandas as pd  # here, for the start-up of what does not need it

    rows = [
        {"layer": entry.layer, "slice": entry.slice, "from": low, "to": high, "count": count}
        for entry in ranges
        for low, high, count in _bins(entry.signals)
    ]
    return pd.DataFrame(rows)


def _bins(signals: Histogram) -> list[tuple[float, float, int]]:
    """Ends and counts of the bins from the smallest to the largest signal."""
    counts, width = signals.counts, signals.width
    used = counts.nonzero().flatten()
    while len(used) and used[-1] - used[0] >= MOST_BINS:
        counts, width = counts.reshape(-1, 2).sum(1), 2 * width
        used = counts.nonzero().flatten()
    if not len(used):
        return []
    bins, middle = range(int(used[0]), int(used[-1]) + 1), len(counts) // 2
    return [((index - middle) * width, (index - middle + 1) * width, int(counts[index])) for index in bins]
