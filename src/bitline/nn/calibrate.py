"""What calibration images decide for a whole network: input quantisation and ADC ranges of every layer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bitline._activity import Activity
from bitline._histogram import Histogram
from bitline._observation import Observation
from bitline.design import Design
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


Activities = Mapping[str, Activity]
"""How often each input channel has each code, by layer name."""


@dataclass(frozen=True)
class Seen:
    """What the calibration images showed of one layer.

    Attributes:
        scale: quantisation of its inputs, chosen from them.
        signals: what reached its ADCs; none where nobody asked for it.
        activity: codes of its inputs; none where one pass was enough.
    """

    scale: InputScale
    signals: Observation | None
    activity: Activity | None


@dataclass(frozen=True)
class Observed:
    """What the calibration images showed of a whole network, for all designs with the same `observation_key`."""

    layers: Mapping[str, Seen]

    def calibration(self, layers: Mapping[str, AnalogLayer]) -> Calibration:
        """Input quantisation and ADC levels of every layer.

        Args:
            layers: the analog form of the layers, by name.

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
        return Calibration(chosen)

    @property
    def activities(self) -> Activities | None:
        """How often each input channel has each code, where it was seen on the way."""
        return {name: one.activity for name, one in self.layers.items() if one.activity is not None} or None


def observation_key(design: Design) -> str:
    """What identifies all of a design that calibration images are seen through.

    Input ranges depend on the inputs alone. Signals at ADCs are those of exact cells on lines without resistance, so
    devices, noise, drift, wires and the bits of ADCs make no difference.
    """
    rules = [rule.model_dump(mode="json") for rule in design.layers]
    content: dict[str, object] = {"inputs": design.inputs.model_dump(mode="json"), "layers": rules}
    if any(one.needs_calibrated_adc for one in design.each()):
        cell = design.cell
        content |= {
            "weights": design.weights.model_dump(mode="json"),
            "window": cell.window_low,
            "levels": cell.levels.model_dump(mode="json"),
            "current_voltage": cell.current_voltage.model_dump(mode="json"),
            "array": (design.array.rows, design.array.columns),
            "adc": design.adc.model_dump(mode="json", exclude={"bits"}),
        }
    return json.dumps(content, sort_keys=True)


def observe_for(network: nn.Module, layers: Mapping[str, AnalogLayer], images: Tensor) -> Observed:
    """See what the design of these layers has to know, in two passes over the images, three where ADCs are centred.

    Args:
        network: the float network with batch norm folded; its layers may be replaced for a while.
        layers: the analog form of the layers to calibrate, by name.
        images: inputs of the network, (images, ...), normalised, finite.

    Raises:
        CalibrationError: there are no images, they hold NaN or infinite values, or a layer saw none of them.
    """
    watched = [name for name, layer in layers.items() if layer.design.needs_calibrated_adc]
    return Observed(observe(network, layers, images, watched))


@torch.no_grad()
def observe_activity(network: nn.Module, scales: Mapping[str, InputScale], images: Tensor) -> Activities:
    """Codes of the inputs of a network's analog layers, in one pass of their floating-point form.

    Args:
        network: a converted network.
        scales: quantisation of each layer's inputs.
        images: inputs of the network, (images, ...), normalised, finite.
    """
    layers = {name: network.get_submodule(name) for name in scales}
    assert all(isinstance(layer, AnalogLayer) for layer in layers.values())
    activities = {name: _activity(layer, scales[name]) for name, layer in layers.items()}  # type: ignore[arg-type]
    watchers = {
        name: _codes(layer, scales[name], activities[name].add)  # type: ignore[arg-type]
        for name, layer in layers.items()
    }
    with in_floating_point(network), _watching(network, watchers):
        _run(network, images)
    return activities


@contextmanager
def in_floating_point(network: nn.Module) -> Iterator[None]:
    """Let the analog layers of a converted network compute in floating point for a while."""
    layers = [module for module in network.modules() if isinstance(module, AnalogLayer)]
    for layer in layers:
        layer.forward = layer.float_forward  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


@torch.no_grad()
def observe(
    network: nn.Module, layers: Mapping[str, AnalogLayer], images: Tensor, watched: Sequence[str]
) -> dict[str, Seen]:
    """See what a network does with images, in two or three passes over them and bounded memory.

    The first pass sees the float network's activations (Xiao et al. 2022, section 4.3); the second the ADC inputs of
    exact cells on lines without resistance in the quantised network (section 6.2).

    Args:
        network, layers, images: as for `observe_for`.
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
    activities = {name: _activity(layer, scales[name]) for name, layer in layers.items()} if watched else {}
    if watched:
        digital = {
            name: type(layer).of(network.get_submodule(name), layer.design.digital(), name)
            for name, layer in layers.items()
        }
        for name, layer in digital.items():
            layer.calibration = LayerCalibration(scales[name], None)

        def counters(name: str) -> list[Callable[[Tensor], None]]:
            return [activities[name].add, *([signals[name].add] if name in signals else [])]

        centred = {
            name: _codes(layers[name], scales[name], one.learn_centres)
            for name, one in signals.items()
            if one.is_centred
        }
        counted = {name: _codes(layer, scales[name], *counters(name)) for name, layer in layers.items()}
        with _replaced(network, digital):
            for watchers in (centred, counted):
                if watchers:
                    with _watching(network, watchers):
                        _run(network, images)
    return {name: Seen(scales[name], signals.get(name), activities.get(name)) for name in layers}


def _activity(layer: AnalogLayer, scale: InputScale) -> Activity:
    return Activity(scale, layer.product.groups * layer.product.channels)


def _codes(layer: AnalogLayer, scale: InputScale, *listen: Callable[[Tensor], None]) -> Callable[[Tensor], None]:
    """What a layer's inputs are turned into before each of `listen` is told."""

    def tell(inputs: Tensor) -> None:
        codes = input_codes(layer.arrange(inputs), scale)
        for one in listen:
            one(codes)

    return tell


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
