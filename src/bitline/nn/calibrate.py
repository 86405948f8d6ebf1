"""What calibration images decide for a whole network: input quantisation and ADC ranges of every layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bitline._histogram import Histogram
from bitline._observation import Observation
from bitline.encoded import LayerCalibration
from bitline.errors import CalibrationError
from bitline.nn._relu import followed_by_relu
from bitline.nn.layer import AnalogLayer
from bitline.quantize import InputScale, input_codes
from bitline.readout import Adc

BATCH = 8


@dataclass(frozen=True)
class Calibration:
    """Calibrations by layer name."""

    layers: Mapping[str, LayerCalibration]


@dataclass(frozen=True)
class Seen:
    """What the calibration images showed of one layer.

    Attributes:
        scale: quantisation of its inputs, chosen from them.
        signals: what reached its ADCs; none where nobody asked for it.
    """

    scale: InputScale
    signals: Observation | None


def calibrate(network: nn.Module, layers: Mapping[str, AnalogLayer], images: Tensor) -> Calibration:
    """Calibrate a network in two passes over the images, three where ADCs are centred.

    Args:
        network: the float network with batch norm folded; its layers may be replaced for a while.
        layers: the analog form of the layers to calibrate, by name.
        images: inputs of the network, (images, ...), normalised, finite.

    Raises:
        CalibrationError: there are no images, they hold NaN or infinite values, or a layer saw none of them.
    """
    watched = [name for name, layer in layers.items() if layer.design.needs_calibrated_adc]
    seen = observe(network, layers, images, watched)
    return Calibration(
        {
            name: LayerCalibration(
                seen[name].scale,
                layer.encoded().levels(seen[name].scale, seen[name].signals),
            )
            for name, layer in layers.items()
        }
    )


@torch.no_grad()
def observe(
    network: nn.Module, layers: Mapping[str, AnalogLayer], images: Tensor, watched: Sequence[str]
) -> dict[str, Seen]:
    """See what a network does with images, in two or three passes over them and bounded memory.

    The first pass sees the float network's activations (Xiao et al. 2022, section 4.3); the second the ADC inputs of
    exact cells on lines without resistance in the quantised network (section 6.2).

    Args:
        network, layers, images: as for `calibrate`.
        watched: layers whose ADC inputs are wanted.
    """
    if len(images) == 0:
        raise CalibrationError("there are no calibration images: pass at least one, typically 100 to 500")
    if not bool(images.isfinite().all()):
        raise CalibrationError("the calibration images hold NaN or infinite values: check how they are loaded")
    histograms = {name: Histogram() for name in layers}
    with _watching(network, {name: _count(layer, histograms[name]) for name, layer in layers.items()}):
        _run(network, images)
    scales = {}
    for name, layer in layers.items():
        if not histograms[name].total:
            raise CalibrationError(f"layer {name!r} saw no calibration image: keep it digital, or remove it")
        scales[name] = layer.design.inputs.range.scale(histograms[name], layer.design.inputs.bits)

    aware = [name for name in watched if _is_relu_aware(layers[name])]
    relus = followed_by_relu(network, aware) if aware else frozenset()
    signals = {name: layers[name].encoded().observation(scales[name], name in relus) for name in watched}
    if watched:
        digital = {
            name: type(layer).of(network.get_submodule(name), layer.design.digital(), name)
            for name, layer in layers.items()
        }
        for name, layer in digital.items():
            layer.calibration = LayerCalibration(scales[name], None)

        def tell(name: str, listen: Callable[[Tensor], None]) -> Callable[[Tensor], None]:
            return lambda x: listen(input_codes(layers[name].arrange(x), scales[name]))

        centred = {name: tell(name, one.learn_centres) for name, one in signals.items() if one.is_centred}
        counted = {name: tell(name, one.add) for name, one in signals.items()}
        with _replaced(network, digital):
            for watchers in (centred, counted):
                if watchers:
                    with _watching(network, watchers):
                        _run(network, images)
    return {name: Seen(scales[name], signals.get(name)) for name in layers}


def _is_relu_aware(layer: AnalogLayer) -> bool:
    adc = layer.design.adc
    return isinstance(adc, Adc) and adc.range.is_relu_aware


def _count(layer: AnalogLayer, histogram: Histogram) -> Callable[[Tensor], None]:
    return lambda x: histogram.update(layer.arrange(x))


def _run(network: nn.Module, images: Tensor) -> None:
    for batch in images.split(BATCH):
        network(batch)


@contextmanager
def _watching(network: nn.Module, watchers: Mapping[str, Callable[[Tensor], None]]) -> Iterator[None]:
    """Call a function with the input of a layer whenever it runs."""
    handles = []
    for name, watch in watchers.items():

        def hook(_: nn.Module, arguments: tuple[Tensor, ...], watch: Callable[[Tensor], None] = watch) -> None:
            watch(arguments[0])

        handles.append(network.get_submodule(name).register_forward_pre_hook(hook))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _replaced(network: nn.Module, layers: Mapping[str, nn.Module]) -> Iterator[None]:
    """Put other layers into a network for a while."""
    originals = {name: network.get_submodule(name) for name in layers}
    for name, layer in layers.items():
        replace_layer(network, name, layer)
    try:
        yield
    finally:
        for name, layer in originals.items():
            replace_layer(network, name, layer)


def replace_layer(network: nn.Module, name: str, layer: nn.Module) -> None:
    """Put `layer` in the place of the submodule `name`."""
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, layer)
