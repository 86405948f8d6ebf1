"""What calibration images decide for a whole network: input quantisation and ADC ranges of every layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bitline.errors import CalibrationError
from bitline.layer.encoded import LayerCalibration
from bitline.layer.signal_histograms import ENOUGH, SignalHistograms
from bitline.nn._relu import followed_by_relu
from bitline.nn.activity import Activities, Activity
from bitline.nn.contexts import analog_layers, computing
from bitline.nn.fold import Pair
from bitline.nn.inputs import Inputs
from bitline.nn.layer import AnalogLayer
from bitline.nn.lent_weights import Lent
from bitline.nn.padding import Marks, real_inputs
from bitline.nn.rules import kept_digital
from bitline.nn.watched_layer import LayerWithAdcs, WatchedLayer
from bitline.numerics.histogram import Histogram
from bitline.numerics.summary import counted, summary
from bitline.numerics.text import number
from bitline.quantize import InputScale


@dataclass(frozen=True)
class Calibration:
    """Calibrations by layer name.

    Examples:
        >>> from bitline.nn import conversion_of, convert
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> known = conversion_of(analog).calibration
        >>> sorted(known.layers)
        ['0', '2']
        >>> again = convert(network, "differential", known)  # without images

    Attributes:
        layers: of each analog layer.
        folded: batch norms that were part of the weights, with their layers; None where that is not known.
        channels_last: whether the network was seen to compute the same with channels last in memory, which is faster.
        lent: modules that multiply with the weights of layers, with these.
    """

    layers: Mapping[str, LayerCalibration]
    folded: tuple[Pair, ...] | None = None
    channels_last: bool = False
    lent: Lent = ()

    def __repr__(self) -> str:
        return f"Calibration({counted(len(self.layers), 'layer')})"

    def __str__(self) -> str:
        rows = [(name, *ranges_in_words(layer)) for name, layer in self.layers.items()]
        return summary(f"calibration of {counted(len(self.layers), 'layer')}", [("layer", *RANGES), *rows])


RANGES = ("inputs", "input step", "ADC codes")
"""What `ranges_in_words` says."""


def ranges_in_words(layer: LayerCalibration) -> tuple[str, str, str]:
    """Bits and step of a layer's inputs, and the codes of its ADCs over all weight slices.

    Examples:
        >>> ranges_in_words(LayerCalibration(InputScale(0.5, 7, signed=True), None))
        ('sign + 7 bits', '0.5', 'no ADC')
    """
    bits = f"{'sign + ' if layer.inputs.signed else ''}{counted(layer.inputs.magnitude_bits, 'bit')}"
    codes = "no ADC" if layer.levels is None else f"{min(layer.levels.low):,} to {max(layer.levels.high):,}"
    return bits, number(layer.inputs.step, 3), codes


@dataclass(frozen=True)
class LayerRecord:
    """What the calibration images showed of one layer.

    Examples:
        >>> from bitline.design import Design
        >>> from bitline.nn import record
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> record(network, Design(), images).layers["2"].scale.magnitude_bits
        8

    Attributes:
        scale: quantisation of its inputs, chosen from them.
        signals: what reached its ADCs; none where nobody asked for it.
        activity: codes of its inputs; none where one pass was enough.
    """

    scale: InputScale
    signals: SignalHistograms | None
    activity: Activity | None


@dataclass(frozen=True)
class NetworkRecord:
    """What the calibration images showed of a whole network, for all designs with the same `views.record`.

    Examples:
        >>> from bitline.design import Design
        >>> from bitline.nn import record
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> seen = record(network, Design(), images)
        >>> seen.layers["0"].scale.signed
        False

    Attributes:
        layers: by name.
        folded: batch norms that were part of the weights, with their layers.
        channels_last: whether the network was seen to compute the same with channels last in memory.
        samples: how many calibration samples there were.
        lent: modules that multiply with the weights of layers, with these.
    """

    layers: Mapping[str, LayerRecord]
    folded: tuple[Pair, ...]
    channels_last: bool
    samples: int
    lent: Lent = ()

    def calibration(self, layers: Mapping[str, AnalogLayer]) -> Calibration:
        """Input quantisation and ADC levels of every layer.

        Args:
            layers: the analog layers, by name.

        Raises:
            CalibrationError: nothing is known of a layer.
        """
        missing = [name for name in layers if name not in self.layers]
        if missing:
            raise CalibrationError(f"nothing was seen of layer {missing[0]!r}: calibrate this network again")
        chosen = {}
        for name, layer in layers.items():
            seen = self.layers[name]
            chosen[name] = LayerCalibration(seen.scale, layer.encoded().levels(seen.scale, seen.signals))
        return Calibration(chosen, self.folded, self.channels_last, self.lent)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the results should know of ranges that the images showed too little for."""
        seen = {name: layer.signals.sparse for name, layer in self.layers.items() if layer.signals is not None}
        sparse = {name: places for name, places in seen.items() if places is not None}
        if not sparse:
            return ()
        first = min(sparse, key=lambda name: sparse[name].signals)
        return (
            f"adc.ranges_per: {sum(places.places for places in sparse.values())} ranges in {len(sparse)} of "
            f"{len(self.layers)} layers are those of their whole layer, because calibration showed fewer than {ENOUGH} "
            f"signals for each, down to {sparse[first].signals} in layer {first!r}: use more calibration images",
        )

    @property
    def activities(self) -> Activities | None:
        """How often each input channel has each code, where it was seen on the way."""
        found = {name: seen.activity for name, seen in self.layers.items() if seen.activity is not None}
        return Activities(found, self.samples) if found else None


def record_for(
    network: nn.Module, inputs: Inputs, folded: tuple[Pair, ...], channels_last: bool, lent: Lent = ()
) -> NetworkRecord:
    """See what the designs of a network's layers have to know, in two passes over the inputs.

    Three where ADCs are centred.

    Args:
        network: its layers are analog; they need no calibration.
        inputs: calibration inputs.
        folded: batch norms that are part of the weights.
        channels_last: whether the network was seen to compute the same with channels last in memory.
        lent: modules that multiply with the weights of layers, with these.

    Raises:
        CalibrationError: a layer saw no input.
    """
    watched = [layer.name for layer in analog_layers(network) if layer.design.needs_calibrated_adc]
    return NetworkRecord(record_network(network, inputs, watched), folded, channels_last, len(inputs), lent)


def record_activity(
    network: nn.Module, scales: Mapping[str, InputScale], inputs: Inputs, uses: Mapping[str, int]
) -> Activities:
    """Codes of the inputs of a network's analog layers, in one pass of its quantised form, as calibration sees them.

    Args:
        network: a converted network.
        scales: quantisation of each layer's inputs.
        inputs: of the network.
        uses: of each layer in one pass; what is needed to count is dropped after the last one.
    """
    seen = {
        layer.name: WatchedLayer(layer, scales[layer.name], max(1, uses[layer.name]) * len(inputs.calls))
        for layer in analog_layers(network)
    }
    padding = inputs.padding(network)
    with computing(network, lambda layer, x: seen[layer.name].count(x)):
        inputs.run(network, padding)
    return Activities({name: layer.activity for name, layer in seen.items()}, len(inputs))


@torch.no_grad()
def record_network(network: nn.Module, inputs: Inputs, watched: Collection[str]) -> dict[str, LayerRecord]:
    """See what a network does with its inputs, in two or three passes over them and bounded memory.

    The first pass sees the float network's activations (Xiao et al. 2022, section 4.3); the second the ADC inputs of
    exact cells on lines without resistance in the quantised network (section 6.2).

    Examples:
        >>> from bitline.nn import convert
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> seen = record_network(analog, Inputs.of(images, analog), watched=["0"])
        >>> seen["0"].signals is not None, seen["2"].signals is None
        (True, True)

    Args:
        network, inputs: as for `record_for`.
        watched: layers whose ADC inputs are wanted.
    """
    layers = {layer.name: layer for layer in analog_layers(network)}
    padding = inputs.padding(network)
    scales, calls = _input_scales(network, layers, inputs, padding)
    if not watched:
        return {name: LayerRecord(scale, None, None) for name, scale in scales.items()}
    aware = [name for name in watched if _is_relu_aware(layers[name])]
    relus = followed_by_relu(network, aware) if aware else frozenset()
    seen = {
        name: LayerWithAdcs(layer, scales[name], calls[name], name in relus)
        if name in watched
        else WatchedLayer(layer, scales[name], calls[name])
        for name, layer in layers.items()
    }
    if any(layers[name].design.adc.centred for name in watched):
        with computing(network, lambda layer, x: seen[layer.name].learn_centres(x)):
            inputs.run(network, padding)
    with computing(network, lambda layer, x: seen[layer.name].count(x)):
        inputs.run(network, padding)
    for layer in seen.values():
        layer.drop()
    return {name: LayerRecord(scales[name], layer.signals, layer.activity) for name, layer in seen.items()}


def _input_scales(
    network: nn.Module, layers: Mapping[str, AnalogLayer], inputs: Inputs, padding: Sequence[Marks]
) -> tuple[dict[str, InputScale], Counter[str]]:
    """Quantisation of every layer's inputs, from those of the float network, and how often each layer is called."""
    histograms, calls = {name: Histogram() for name in layers}, Counter[str]()

    def see(layer: AnalogLayer, x: Tensor) -> Tensor:
        for part in real_inputs(layer, x):
            histograms[layer.name].update(layer.observed(part))
        calls[layer.name] += 1
        return layer.float_forward(x)

    with computing(network, see):
        inputs.run(network, padding)
    _refuse_unseen([name for name, histogram in histograms.items() if not histogram.total], layers)
    return {
        name: layer.design.inputs.scale(histograms[name], f"layer {name!r}") for name, layer in layers.items()
    }, calls


def _is_relu_aware(layer: AnalogLayer) -> bool:
    return layer.design.adc.range.is_relu_aware


def _refuse_unseen(unseen: Sequence[str], layers: Collection[str]) -> None:
    if unseen:
        more = f", nor did {len(unseen) - 1} more, among them {unseen[-1]!r}" if len(unseen) > 1 else ""
        them = "them" if more else "it"
        raise CalibrationError(
            f"layer {unseen[0]!r} saw no calibration input{more}: give more calibration inputs, some of which reach "
            f"{them}; where none ever does, {kept_digital(unseen, layers)}"
        )
