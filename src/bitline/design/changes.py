"""What changed in the numbers of bitline, and for which designs: stores keep results of others, and measure these anew.

Whoever changes what a design answers or costs says so here, in the same commit: answers with a line in `CHANGES`, costs
by raising `COSTS_VERSION`. `tests/study/test_approved_numbers.py` fails where that was forgotten. No line is needed
where the numbers of a design change by roundings alone, where other draws have the same distribution, or where a new
setting has another key anyway, such as `cell.device.noise_renewed`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bitline.design.settings import flat

COSTS_VERSION = 6
"""Raised by one whenever the same design has another energy, area or latency: all stored costs are computed anew."""

Settings = Mapping[str, Any]
"""Values by dotted name, all settings that the answers of some layers depend on; a variant has only its own."""


@dataclass(frozen=True)
class Change:
    """A change of what designs answer.

    Attributes:
        name: part of the keys of the designs; never changed, and never used again.
        what: what changed and when, for notes.
        applies: whether it may change what layers with some settings answer. It holds for too many rather than too few.
    """

    name: str
    what: str
    applies: Callable[[Settings], bool]


def _has_short_conversions(settings: Settings) -> bool:
    if settings["inputs.accumulation"] != "mixed":
        return False
    bits, together = settings["inputs.bits"], settings["inputs.analog_slices"]
    if isinstance(bits, str):
        return True
    signs = {"auto": (0, 1), True: (1,), False: (0,)}[settings["inputs.signed"]]
    return any(math.ceil((bits - sign) / settings["inputs.slice_bits"]) % together for sign in signs)


_ERRORS_OF_CONVERTERS = ("capacitor_mismatch", "resistor_mismatch", "comparator_offset_steps", "bridge_error")

_BESIDE_SIGNALS = ("adc.centred", "adc.noise_steps", "adc.thermal_noise.capacitance_fF")
"""What conversions of inputs that are 0 would add."""


def _shares_on_arrays(settings: Settings) -> bool:
    spreads = ("cell.variation.row", "cell.variation.column", "inputs.drivers.mismatch", "inputs.drivers.noise")
    errors = [*spreads, *(f"adc.{name}" for name in _ERRORS_OF_CONVERTERS)]
    return (
        (settings.get("weights.subtraction") == "unit-column" and settings["array.kind"] != "ideal")
        or any(settings.get(name) for name in errors)
        or settings.get("adc.amplifier_gain") is not None
        or ":" in settings["adc.kind"]
        or settings["cell.faults.spare_columns"] > 0
        or (bool(settings.get("adc.skip_zero_inputs")) and any(settings.get(name) for name in _BESIDE_SIGNALS))
    )


def _has_coarse_accumulator(settings: Settings) -> bool:
    errors = ("capacitor_mismatch", "leakage", "effective_bits")
    return settings["inputs.accumulation"] != "digital" and any(
        settings[f"inputs.accumulator.{name}"] for name in errors
    )


def _drifts_between_times(settings: Settings) -> bool:
    kinds = ("sonos-xiao-2022", "sonos-agrawal-2022", "measurements-fit", "measurements-resampled")
    return settings["cell.device.kind"] in kinds and settings["cell.time"] > 0


def _is_noisy(settings: Settings) -> bool:
    return settings["cell.read_noise.kind"] != "none" and not (
        settings["cell.read_noise.kind"] == "device"
        and settings["cell.device.kind"] in ("none", "state-independent", "state-proportional")
    )


def _is_curved_and_noisy(settings: Settings) -> bool:
    return settings["cell.current_voltage.kind"] != "ohmic" and _is_noisy(settings)


def _is_noisy_on_inexact_rows(settings: Settings) -> bool:
    return _is_noisy(settings) and any(settings[f"inputs.drivers.{error}"] for error in ("mismatch", "noise"))


def _slices_long_codes_with_noise(settings: Settings) -> bool:
    bits = settings["inputs.bits"]
    return not isinstance(bits, str) and bits > 16 and _is_noisy(settings)


def _is_compensated_on_wires(settings: Settings) -> bool:
    return settings["cell.drift_compensation"] != "none" and settings["array.kind"] in ("gate-driven", "row-driven")


def _saves_noisy_bits(settings: Settings) -> bool:
    looked_up = ("adc.skip_zero_inputs", "adc.ranges_per", "adc.centred")
    noises = ("adc.noise_steps", "adc.thermal_noise.capacitance_fF")
    return (
        bool(settings.get("adc.bits_saved"))
        and any(settings.get(name) for name in noises)
        and any(settings.get(name) for name in looked_up)
    )


def _is_on_a_fine_grid(settings: Settings) -> bool:
    return bool(settings["cell.resolution"] > 131_072)


def _has_vectors_without_a_sign(settings: Settings) -> bool:
    return bool(settings["inputs.range.kind"] == "per-vector") and settings["inputs.signed"] is not True


def _is_relu_aware(settings: Settings) -> bool:
    return bool(settings.get("adc.range.relu_aware"))


def _predistorts_other_cells(settings: Settings) -> bool:
    """Groups with an order of rows each, levels, curves, and cells that are lowered: what predistortion overlooked."""
    return settings.get("array.predistortion") is not None and (
        settings["array.row_order"] == "heaviest-at-foot"
        or settings["array.lines"] == "interleaved"
        or settings["cell.levels.kind"] != "continuous"
        or settings["cell.current_voltage.kind"] != "ohmic"
    )


CHANGES = (
    Change("curved-noise", "read noise of nonlinear cells, 28 November 2026", _is_curved_and_noisy),
    Change("gains-on-wires", "gains against drift on resistive lines, 28 November 2026", _is_compensated_on_wires),
    Change("noise-of-slices", "noise through accumulators with errors, 29 November 2026", _has_coarse_accumulator),
    Change("short-conversions", "conversions of fewer input slices, 29 November 2026", _has_short_conversions),
    Change("shared-on-arrays", "what neighbours share on an array, 29 November 2026", _shares_on_arrays),
    Change("drift-in-log", "drift between measured times, 29 November 2026", _drifts_between_times),
    Change("saved-bits", "noise of conversions that save bits, 30 November 2026", _saves_noisy_bits),
    Change("fine-grid", "cells on grids above 131,072 steps, 30 November 2026", _is_on_a_fine_grid),
    Change("vector-sign", "ranges of vectors without a sign, 30 November 2026", _has_vectors_without_a_sign),
    Change(
        "noise-of-voltages", "read noise where row drivers have errors, 30 November 2026", _is_noisy_on_inexact_rows
    ),
    Change(
        "noise-of-long-codes", "read noise of inputs above 16 bits, 30 November 2026", _slices_long_codes_with_noise
    ),
    Change("relu-floor", "ranges of ReLU-aware layers, 30 November 2026", _is_relu_aware),
    Change("predistorted-cells", "cells predistorted against wires, 30 November 2026", _predistorts_other_cells),
)
"""Every change since 28 November 2026, in order. Keys have their names, so that lines are added at the end and never
taken out."""


def changes_of(answers: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes that may have changed what a design answers.

    Args:
        answers: of the design, as `views.answers` gives them.

    Examples:
        >>> from bitline.design import Design, views
        >>> changes_of(views.answers(Design()))
        ()
        >>> mixed = Design().with_settings({"inputs.accumulation": "mixed"})
        >>> [change.name for change in changes_of(views.answers(mixed))]
        ['short-conversions']
    """
    layers = [flat(dict(settings)) for settings in _layers(answers)]
    return tuple(change for change in CHANGES if any(change.applies(settings) for settings in layers))


def marked(key: str, answers: Mapping[str, Any]) -> str:
    """A key with the names of the changes that a design has met; that of a design which none applies to is as it was.

    Args:
        key: of everything that the answers of the design depend on.
        answers: of the design, as `views.answers` gives them.

    Examples:
        >>> from bitline.design import Design, views
        >>> mixed = Design().with_settings({"inputs.accumulation": "mixed"})
        >>> [marked("a1", views.answers(design)) for design in (Design(), mixed)]
        ['a1', 'a1+short-conversions']
    """
    return "+".join([key, *(change.name for change in changes_of(answers))])


def marks(key: str) -> tuple[str, ...]:
    """The names of the changes that a key has been marked with.

    Examples:
        >>> marks("a1"), marks("a1+short-conversions")
        ((), ('short-conversions',))
    """
    return tuple(key.split("+")[1:])


def _layers(answers: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The settings of the layers without a rule, and of those of each rule."""
    yield answers["design"]
    yield from (settings for _, settings in answers["layers"] if settings != "digital")
