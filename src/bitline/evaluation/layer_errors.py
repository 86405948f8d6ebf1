"""The error of every layer: a network on its chip against the quantised reference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

from bitline.nn import AnalogLayer, analog_layers, computing

COMPARED = 64
"""Images whose layer outputs are compared."""


@dataclass(frozen=True)
class LayerError:
    """Signal-to-error ratios of one layer in dB, against the quantised reference, averaged over chips.

    Programming takes one pulse for each cell, unless the design says write-verify.

    Attributes:
        name: layer name.
        rows, outputs: matrix of one group.
        partitions: row partitions.
        own_db: error that the layer makes on the inputs it gets.
        accumulated_db: error of its output with everything before it.
        pulses: write pulses per cell, on average, on the last chip.
        outside: share of cells that write-verify gave up on, on the last chip.
        conversions: analog-to-digital conversions of one image, skipped ones not counted; 0 without an ADC.
        skipped: share of the conversions that are left out because all inputs of the array are 0.

    Examples:
        >>> LayerError("fc", rows=64, outputs=10, partitions=1, own_db=31.2, accumulated_db=24.6).pulses
        1.0
    """

    name: str
    rows: int
    outputs: int
    partitions: int
    own_db: float
    accumulated_db: float
    pulses: float = 1.0
    outside: float = 0.0
    conversions: float = 0.0
    skipped: float = 0.0


@dataclass(frozen=True)
class LayerSums:
    """What `LayerError` is made of: sums that add up over images and chips.

    Attributes:
        name, rows, outputs, partitions, pulses, outside: as in `LayerError`.
        own_signal, own_error: energy of the layer's outputs, and of the error that it makes on the inputs it gets.
        signal, error: the same with everything before it.
        converted: conversions, skipped ones counted.
        skipped: conversions that were left out.
        images: number of images.

    Examples:
        >>> LayerSums("fc", 64, 10, 1, 1.0, 0.0, 50.0, 0.05, 50.0, 0.5, converted=640, skipped=0, images=64).signal
        50.0
    """

    name: str
    rows: int
    outputs: int
    partitions: int
    pulses: float
    outside: float
    own_signal: float
    own_error: float
    signal: float
    error: float
    converted: int
    skipped: int
    images: int


def layer_sums(reference: nn.Module, analog: nn.Module, images: Tensor) -> tuple[LayerSums, ...]:
    """Run both networks and compare.

    Args:
        reference: the quantised reference network.
        analog: the same on a chip.
        images: normalised.

    Examples:
        >>> import torch
        >>> from bitline import Design, convert
        >>> from bitline.design import reference
        >>> network, images = nn.Linear(4, 2), torch.rand(8, 4)
        >>> exact = convert(network, reference(Design()), images)
        >>> with torch.no_grad():
        ...     (sums,) = layer_sums(exact, convert(network, Design(), images), images)
        >>> sums.name, sums.rows, sums.images
        ('linear', 4, 8)
    """
    with _recording(reference) as expected:
        reference(images)
    before = {layer.name: _counts(layer) for layer in analog_layers(analog)}
    with _recording(analog) as got:
        analog(images)
    sums = []
    exact = {layer.name: layer for layer in analog_layers(reference)}
    for layer in analog_layers(analog):
        converted, skipped = (now - then for now, then in zip(_counts(layer), before[layer.name], strict=True))
        inputs, outputs = got[layer.name]
        own, accumulated = exact[layer.name].compute(inputs), expected[layer.name][1]
        chip = layer.programmed()
        sums.append(
            LayerSums(
                name=layer.name,
                rows=layer.product.rows,
                outputs=layer.outputs,
                partitions=layer.product.partition(layer.design.array.rows).parts,
                pulses=chip.pulses,
                outside=chip.outside,
                own_signal=_energy(own),
                own_error=_energy(outputs - own),
                signal=_energy(accumulated),
                error=_energy(outputs - accumulated),
                converted=converted,
                skipped=skipped,
                images=len(images),
            )
        )
    return tuple(sums)


def layer_errors(sums: Iterable[Iterable[LayerSums]]) -> tuple[LayerError, ...]:
    """Ratios of all layers from the sums of several runs.

    Examples:
        An error with a thousandth of the energy of the signal is 30 dB below it:

        >>> runs = [(LayerSums("fc", 64, 10, 1, 1.0, 0.0, 50.0, 0.05, 50.0, 0.5, 640, 0, images=64),)]
        >>> layer_errors(runs)[0].own_db, layer_errors(runs)[0].accumulated_db
        (30.0, 20.0)
    """
    together: dict[str, list[LayerSums]] = {}
    for run in sums:
        for layer in run:
            together.setdefault(layer.name, []).append(layer)
    return tuple(_error(parts) for parts in together.values())


def _error(parts: list[LayerSums]) -> LayerError:
    last, images = parts[-1], sum(part.images for part in parts)
    converted, skipped = (sum(getattr(part, name) for part in parts) for name in ("converted", "skipped"))
    energies = [
        math.fsum(getattr(part, name) for part in parts) for name in ("own_signal", "own_error", "signal", "error")
    ]
    return LayerError(
        name=last.name,
        rows=last.rows,
        outputs=last.outputs,
        partitions=last.partitions,
        own_db=_decibels(*energies[:2]),
        accumulated_db=_decibels(*energies[2:]),
        pulses=last.pulses,
        outside=last.outside,
        conversions=(converted - skipped) / images,
        skipped=skipped / max(converted, 1),
    )


def _energy(values: Tensor) -> float:
    return float(values.double().square().sum())


def _counts(layer: AnalogLayer) -> tuple[int, int]:
    """Conversions of a layer on its chip so far, and those that it skipped."""
    plan = layer.programmed().plan
    return plan.converted, plan.skipped


@contextmanager
def _recording(network: nn.Module) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """Input and output of every analog layer, by name."""
    record: dict[str, tuple[Tensor, Tensor]] = {}

    def note(layer: AnalogLayer, inputs: Tensor) -> Tensor:
        outputs = layer.compute(inputs)
        record[layer.name] = (inputs, outputs)
        return outputs

    with computing(network, note):
        yield record


def _decibels(signal: float, error: float) -> float:
    if signal <= 0:
        return math.nan
    # the last digits depend on how a batch is cut
    return math.inf if error == 0 else round(10 * math.log10(signal / error), 6)
