"""The error of every layer: a network on its chip against the quantised reference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bitline.data.samples import Samples, samples_of
from bitline.data.stored_images import StoredImages
from bitline.evaluation.compared_outputs import ComparedOutputs
from bitline.nn import AnalogLayer, analog_layers
from bitline.numerics.confidence import half_width
from bitline.numerics.decibels import decibels

COMPARED = 64
"""Images whose layer outputs are compared."""
COMPARED_CHIPS = 3
"""Chips on which they are compared."""
AT_ONCE = 1 << 27
"""Bytes of layer outputs that are compared at once."""


@dataclass(frozen=True)
class LayerError:
    """Signal-to-error ratios of one layer in dB, against the quantised reference, over the chips it was compared on.

    Ratios are those of energies summed over chips. Their uncertainty is that of these few chips, by the jackknife
    (Efron and Stein, The Annals of Statistics 9, 1981); what other images would show is not in it. Programming takes
    one pulse for each cell, unless the design says write-verify.

    Attributes:
        name: layer name.
        rows, outputs: matrix of one group.
        partitions: row partitions.
        own_db: error that the layer makes on the inputs it gets. Digital sums have the precision of the network: in
            float32 they end at 80 to 110 dB where converters lose nothing.
        accumulated_db: error of its output with everything before it, over the chips that gave the layer the samples
            that the reference gave it; NaN for none, as the experts of a router with errors.
        own_half_db, accumulated_half_db: half of the 95 % confidence intervals of the two over chips; NaN for one chip.
        chips: number of chips on which the layer was compared.
        pulses: write pulses per cell, on average, on the last of these chips.
        outside: share of cells that write-verify gave up on, on the last of these chips.
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
    own_half_db: float = math.nan
    accumulated_half_db: float = math.nan
    chips: int = 1


@dataclass(frozen=True)
class LayerSums:
    """What `LayerError` is made of: sums that add up over images and chips.

    Attributes:
        name, rows, outputs, partitions, pulses, outside: as in `LayerError`.
        own_signal, own_error: energy of the layer's outputs, and of the error that it makes on the inputs it gets.
        signal, error: the same with everything before it; 0 where the chip gave the layer other samples than the
            reference, so that they cannot be compared.
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


def layer_sums(
    reference: nn.Module, analog: nn.Module, images: Tensor | StoredImages | Samples, most: int = 64
) -> tuple[LayerSums, ...]:
    """Run both networks and compare, a few images at a time.

    Memory is bounded by the outputs of all layers of a few images, 128 MiB or those of one image. The sums do not
    depend on how many go together: they are rounded once.

    Args:
        reference: the quantised reference network.
        analog: the same on a chip.
        images: normalised, one or more; or other samples, whose padding is left out.
        most: how many of them go through a network at once at most.

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
    compared = ComparedOutputs(reference, analog)
    before = {layer.name: _counts(layer) for layer in analog_layers(analog)}
    samples = images if isinstance(images, Samples) else samples_of(images, None, reference)
    size = compared.add(samples.first(1).call)  # tells how many go together
    if len(samples) > 1:
        for piece in samples.part(1, None).batches(min(most, max(1, AT_ONCE // max(1, size)))):
            compared.add(piece.call)
    return tuple(
        _sums(layer, compared, before[layer.name], len(samples))
        for layer in analog_layers(analog)
        if layer.name in compared.energies
    )


def layer_errors(sums: Iterable[Iterable[LayerSums]]) -> tuple[LayerError, ...]:
    """Ratios of all layers from the sums of several chips.

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
    own = [(part.own_signal, part.own_error) for part in parts]
    accumulated = [(part.signal, part.error) for part in parts if part.signal]
    return LayerError(
        name=last.name,
        rows=last.rows,
        outputs=last.outputs,
        partitions=last.partitions,
        own_db=_ratio(own),
        accumulated_db=_ratio(accumulated),
        pulses=last.pulses,
        outside=last.outside,
        conversions=(converted - skipped) / images,
        skipped=skipped / max(converted, 1),
        own_half_db=_half(own),
        accumulated_half_db=_half(accumulated),
        chips=len(parts),
    )


def _ratio(energies: Sequence[tuple[float, float]]) -> float:
    """Decibels of the signal over the error of several chips, (signal, error) each."""
    return decibels(*(math.fsum(energy[place] for energy in energies) for place in (0, 1)))


def _half(energies: Sequence[tuple[float, float]]) -> float:
    """Half of the 95 % interval of `_ratio`, from the ratios with each chip left out in turn.

    Examples:
        Of the mean, this is Student's interval; ratios that differ little behave alike:

        >>> from bitline.numerics.confidence import half_width
        >>> errors = (1.00, 1.02, 1.01)
        >>> round(_half([(1e3, error) for error in errors]), 3)
        0.107
        >>> round(half_width([10 * math.log10(1e3 / error) for error in errors]), 3)
        0.107
    """
    if len(energies) < 2:
        return math.nan
    without = [_ratio([*energies[:chip], *energies[chip + 1 :]]) for chip in range(len(energies))]
    return (len(energies) - 1) * half_width(without) if all(map(math.isfinite, without)) else math.nan


def _counts(layer: AnalogLayer) -> tuple[int, int]:
    """Conversions of a layer on its chip so far, and those that it skipped."""
    plan = layer.programmed().plan
    return plan.converted, plan.skipped


def _sums(layer: AnalogLayer, compared: ComparedOutputs, before: tuple[int, int], images: int) -> LayerSums:
    """Sums of one layer.

    Args:
        layer: of the analog network.
        compared: its outputs.
        before: its conversions before the first image, and those that it skipped.
        images: number of images.
    """
    converted, skipped = (now - then for now, then in zip(_counts(layer), before, strict=True))
    own_signal, own_error, signal, error = map(math.fsum, torch.cat(compared.energies[layer.name], dim=1).tolist())
    is_apart, chip = layer.name in compared.apart, layer.programmed()
    return LayerSums(
        name=layer.name,
        rows=layer.product.rows,
        outputs=layer.outputs,
        partitions=layer.design.array.partition(layer.product).parts,
        pulses=chip.pulses,
        outside=chip.outside,
        own_signal=own_signal,
        own_error=own_error,
        signal=0.0 if is_apart else signal,
        error=0.0 if is_apart else error,
        converted=converted,
        skipped=skipped,
        images=images,
    )
