"""What calibration images decide for a whole network: input quantisation and ADC ranges of every layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from bitline.design import views
from bitline.errors import CalibrationError
from bitline.nn._relu import followed_by_relu
from bitline.nn.activity import Activities
from bitline.nn.calibration import LayerRecord, NetworkRecord
from bitline.nn.contexts import analog_layers, computing
from bitline.nn.fold import Pair
from bitline.nn.inputs import Inputs
from bitline.nn.layer import AnalogLayer
from bitline.nn.lent_weights import Lent
from bitline.nn.made_for import made_for
from bitline.nn.padding import Marks, real_inputs
from bitline.nn.rules import kept_digital
from bitline.nn.watched_layer import LayerWithAdcs, WatchedLayer
from bitline.numerics.histogram import Histogram
from bitline.quantize import InputScale


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
    layers = {layer.name: layer for layer in analog_layers(network)}
    seen = record_network(network, inputs, [name for name in layers if layers[name].design.needs_calibrated_adc])
    return NetworkRecord(seen, folded, channels_last, len(inputs), lent, made_for(layers, views.record))


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
    histograms, calls = _input_histograms(network, layers, inputs, padding)
    scales = {name: layer.design.inputs.scale(histograms[name], f"layer {name!r}") for name, layer in layers.items()}
    zeros = {name for name, seen in histograms.items() if seen.low == seen.high == 0 and _is_calibrated(layers[name])}
    if not watched:
        return {name: LayerRecord(scale, None, None, name in zeros) for name, scale in scales.items()}
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
    return {
        name: LayerRecord(scales[name], layer.signals, layer.activity, name in zeros) for name, layer in seen.items()
    }


def _input_histograms(
    network: nn.Module, layers: Mapping[str, AnalogLayer], inputs: Inputs, padding: Sequence[Marks]
) -> tuple[dict[str, Histogram], Counter[str]]:
    """Inputs of every layer of the float network, and how often each layer is called."""
    histograms, calls = {name: Histogram() for name in layers}, Counter[str]()

    def see(layer: AnalogLayer, x: Tensor) -> Tensor:
        for part in real_inputs(layer, x):
            histograms[layer.name].update(layer.observed(part))
        calls[layer.name] += 1
        return layer.float_forward(x)

    with computing(network, see):
        inputs.run(network, padding)
    _refuse_unseen([name for name, histogram in histograms.items() if not histogram.total], layers)
    return histograms, calls


def _is_calibrated(layer: AnalogLayer) -> bool:
    return layer.design.inputs.range.needs_calibration


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
