"""Quantisation chosen for each layer by what it does to the outputs, ADC included."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bitline.config.arguments import checked
from bitline.config.counts import whole_number
from bitline.design import Design
from bitline.errors import ConversionError, DesignError
from bitline.evaluation.remedies.layer_settings import with_rules
from bitline.layer.chip import Chip
from bitline.layer.encoded import CALIBRATED
from bitline.nn import AnalogLayer, Inputs, analog_layers, computing, convert, settled
from bitline.nn.padding import real_outputs
from bitline.nn.precision import in_single_precision_or_double
from bitline.numerics.decibels import decibel_text, decibels
from bitline.numerics.energies import energies
from bitline.numerics.progress import Progress, silent
from bitline.numerics.summary import counted, summary

UNUSED = CALIBRATED.number - 1
"""Number of a chip that no evaluation programs, like those below it, and on which no ADC is calibrated."""
WORTHWHILE_DB = 0.1
"""A layer keeps the design's own value unless another is this much better."""
EXACT_DB = 200.0
"""What a layer without errors counts as in an average."""


@dataclass(frozen=True)
class Knob:
    """A setting that costs no circuit, and the values that a layer can choose from.

    Examples:
        >>> Knob("weights.scale", ("layer", "channel")).setting
        'weights.scale'

    Attributes:
        setting: dotted name.
        values: as a design file has them.
    """

    setting: str
    values: tuple[Any, ...]


KNOBS = (
    Knob("weights.scale", ("layer", "channel")),
    Knob("weights.percentile", (100.0, 99.99, 99.9)),
    Knob("inputs.range", ({"kind": "percentile"}, {"kind": "percentile", "percentile": 99.9}, {"kind": "least-error"})),
    Knob("adc.range.percentile", (99.98, 99.9, 99.995, 100.0)),
)
"""Choices that are free for any hardware: numbers in digital registers, and references of converters."""


@dataclass(frozen=True)
class TunedLayer:
    """What was chosen for a layer.

    Examples:
        >>> TunedLayer("fc", before_db=7.0, after_db=20.0, settings={"weights.scale": "channel"}).name
        'fc'

    Attributes:
        name: the layer.
        before_db: energy of its outputs over that of their errors with the design as it was; NaN where all outputs
            are 0.
        after_db: the same with what was chosen.
        settings: what was chosen, by dotted name, where it differs from the design.
    """

    name: str
    before_db: float
    after_db: float
    settings: Mapping[str, Any]

    @property
    def words(self) -> str:
        """The settings in a few words: the first part of each name with its value."""
        chosen = (f"{name.partition('.')[0]} {_value(value)}" for name, value in self.settings.items())
        return ", ".join(chosen) or "as it was"


@dataclass(frozen=True)
class Tuning:
    """A design with choices for each layer.

    Attributes:
        design: the design with a rule for the layers that choose something else.
        layers: all analog layers.
        gains: what each knob gave when it was turned, in decibels, on average over layers.

    Examples:
        >>> network, images = nn.Linear(4, 2), torch.rand(8, 4)
        >>> print(tune(network, "ideal", images, knobs=()))  # doctest: +ELLIPSIS
        1 layer, signal over error of the outputs
        layer   before dB  after dB     chosen
        linear  ...
    """

    design: Design
    layers: tuple[TunedLayer, ...]
    gains: Mapping[str, float]

    def __str__(self) -> str:
        rows = [
            (layer.name, decibel_text(layer.before_db), decibel_text(layer.after_db), layer.words)
            for layer in self.layers
        ]
        gains = [f"{setting}: {gain:+.1f} dB on average" for setting, gain in self.gains.items()]
        title = f"{counted(len(self.layers), 'layer')}, signal over error of the outputs"
        return summary(title, [("layer", "before dB", "after dB", "chosen"), *rows], gains)


@checked(ConversionError)
@torch.no_grad()
def tune(
    model: nn.Module,
    design: Design | str,
    calibration: Any,
    *,
    knobs: Sequence[Knob] = KNOBS,
    chips: int = 1,
    seed: int = 0,
    progress: Progress = silent,
) -> Tuning:
    """Choose how each layer quantises its weights, inputs and ADC readings by the error of its outputs.

    The error is measured where it matters: behind the ADC of a programmed chip, against the layer in floating point,
    on what the layers see of calibration inputs in the float network. Layers choose independently of each other, one
    knob after the other; each value costs one conversion of the network and a pass for each chip. It is a choice by
    the error of each layer, not by accuracy: measure that with `evaluate`, on other images.

    A weight scale for each output channel, for instance, gives rows of small weights all the levels of a cell, but
    their outputs then need all the levels of an ADC whose range is that of the layer: which is better depends on the
    layer (per-channel scales: Krishnamoorthi, arXiv 1806.08342, 2018).

    Args:
        model: float network.
        design: the accelerator, or the name of a preset.
        calibration: normalised images or other inputs, as for `convert`.
        knobs: what can be chosen; a layer leaves out values that are impossible in its design. For weight ranges
            alone, for instance, `Knob("weights.percentile", (100.0, 99.9, 99.0))`.
        chips: chips that errors are measured on, none of which an evaluation uses.
        seed: seed of these chips.
        progress: told how many conversions are done.

    Raises:
        ConversionError, CalibrationError: as `convert`.

    Examples:
        The second output has small weights, which one scale for the whole layer rounds to nothing:

        >>> layer = nn.Linear(20, 2, bias=False)
        >>> _ = nn.init.uniform_(layer.weight, -1, 1, generator=torch.Generator().manual_seed(0))
        >>> layer.weight.data[1] *= 1e-3
        >>> images = torch.rand(64, 20, generator=torch.Generator().manual_seed(0))
        >>> tuned = tune(layer, "ideal", images, knobs=(Knob("weights.scale", ("layer", "channel")),))
        >>> tuned.design.layers[0].set
        {'weights.scale': 'channel'}
    """
    design, model = Design.of(design), in_single_precision_or_double(model)
    inputs = Inputs.of(calibration, model)
    unused = [Chip(seed, UNUSED - chip) for chip in range(whole_number("chips", chips, 1, ConversionError))]
    count, done = 2 + sum(len(knob.values) for knob in knobs), 0

    def measured(candidate: Design) -> dict[str, float]:
        nonlocal done
        progress("choosing settings", done, count)
        found = _errors(convert(model, candidate, calibration, seed=seed), inputs, unused)
        done += 1
        return found

    first = measured(design)
    chosen: dict[str, dict[str, Any]] = {name: {} for name in first}
    best, gains = dict(first), {}
    for knob in knobs:
        before, is_possible = dict(best), False
        for value in knob.values:
            trial = _changed(design, chosen, knob.setting, value)
            found = measured(with_rules(design, chosen | trial)) if trial else {}
            is_possible |= bool(trial)
            for name in trial:
                if found[name] > best[name] + (WORTHWHILE_DB if best[name] == before[name] else 0):
                    best[name], chosen[name] = found[name], trial[name]
        if not is_possible:
            continue
        better = [name for name in best if best[name] > before[name]]
        gains[knob.setting] = math.fsum(min(best[name], EXACT_DB) - before[name] for name in better) / len(best)
    tuned = with_rules(design, chosen)
    last = measured(tuned)  # ADC ranges of a layer also see what was chosen for those before it
    progress("choosing settings", count, count)
    layers = tuple(TunedLayer(name, first[name], last[name], chosen[name]) for name in first)
    return Tuning(tuned, layers, gains)


def _changed(
    design: Design, chosen: Mapping[str, dict[str, Any]], setting: str, value: Any
) -> dict[str, dict[str, Any]]:
    """Settings of the layers that can take a value and have another one so far, by layer."""
    found = {}
    for name, settings in chosen.items():
        trial = {**settings, setting: value}
        with suppress(DesignError):
            before, after = (with_rules(design, {name: own}).for_layer(name) for own in (settings, trial))
            if before != after:
                found[name] = trial
    return found


def _errors(network: nn.Module, inputs: Inputs, chips: Sequence[Chip]) -> dict[str, float]:
    """Energy of each layer's outputs over that of their errors, in decibels, with the inputs of the float network."""
    sums: dict[str, list[Tensor]] = {}

    def compare(layer: AnalogLayer, x: Tensor) -> Tensor:
        exact = layer.float_forward(x)
        wanted, found = real_outputs(layer, exact, layer.compute(x))
        sums.setdefault(layer.name, []).append(energies(wanted, found))
        return exact

    padding = inputs.padding(network)
    for chip in chips:
        for layer in analog_layers(network):
            layer.put_on(chip)
        with computing(network, compare), settled(network):
            inputs.run(network, padding)
    return {name: decibels(*map(math.fsum, torch.cat(parts, dim=1).tolist())) for name, parts in sums.items()}


def _value(value: Any) -> str:
    return " ".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)
