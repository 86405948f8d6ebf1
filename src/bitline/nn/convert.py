"""A float network as an analog network."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bitline.design import Design
from bitline.errors import CalibrationError, ConversionError
from bitline.nn.calibrate import Activities, Calibration, Observed, observe_for, replace_layer
from bitline.nn.convolution import AnalogConv1d, AnalogConv2d
from bitline.nn.layer import AnalogLayer
from bitline.nn.linear import AnalogLinear
from bitline.quantize import FoldReport, fold_batch_norm

ANALOG_LAYERS: dict[type[nn.Module], type[AnalogLayer]] = {
    nn.Linear: AnalogLinear,
    nn.Conv1d: AnalogConv1d,
    nn.Conv2d: AnalogConv2d,
}
"""Layers that have an analog form; a new one is one file and one line here."""

NO_ANALOG_FORM = (
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
    nn.Bilinear,
    nn.RNNBase,
    nn.RNNCellBase,
    nn.MultiheadAttention,
)
"""Layers with matrix products that cannot be mapped yet: refused rather than left out of the simulation."""

FOLD_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Conversion:
    """What became of a network.

    Attributes:
        design: the accelerator.
        analog: names of the layers on arrays.
        digital: names and types of layers with parameters that stay digital.
        folding: what happened to batch norms.
        calibration: ranges of every analog layer.
        activities: codes of every analog layer's inputs on the calibration images, where they were seen on the way.
    """

    design: Design
    analog: tuple[str, ...]
    digital: tuple[tuple[str, str], ...]
    folding: FoldReport
    calibration: Calibration
    activities: Activities | None = None

    def __getstate__(self) -> dict[str, object]:
        """Files and copies go without activities: they are large, and made again from images."""
        return {**vars(self), "activities": None}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the results should know: layers and batch norms that stay digital, and why."""
        notes = [f"{name} ({kind}) stays digital" for name, kind in self.digital]
        return tuple(notes + ([self.folding.message] if self.folding.message else []))


def convert(
    model: nn.Module, design: Design | str, calibration: Tensor | Calibration | Observed, *, seed: int = 0
) -> nn.Module:
    """An analog copy of a network; the original stays as it is.

    Args:
        model: any network of layers in `ANALOG_LAYERS`; other layers without matrix products stay digital.
        design: the accelerator, or the name of a preset.
        calibration: normalised images (images, ...), the calibration of an earlier conversion, or what was observed
            for a design with the same `observation_key`.
        seed: seed of the chips; `program` makes another one.

    Returns:
        A module of the same type, in eval mode, whose layers are `AnalogLayer`s. `conversion_of` tells what was done.

    Raises:
        ConversionError: a layer has no analog form, holds unusable weights, or there is none to convert.
        CalibrationError: the calibration does not fit the network.
    """
    design = Design.load(design) if isinstance(design, str) else design
    network = copy.deepcopy(model).eval()
    images = calibration if isinstance(calibration, Tensor) else None
    folding = _folded(network, images)
    layers, digital = _analog_forms(network, design)
    activities = None
    if images is not None:
        calibration = observe_for(network, layers, images)
    if isinstance(calibration, Observed):
        activities, calibration = calibration.activities, calibration.calibration(layers)
    assert isinstance(calibration, Calibration)
    missing = [name for name in layers if name not in calibration.layers]
    if missing:
        raise CalibrationError(f"the calibration knows nothing of layer {missing[0]!r}: calibrate this network again")
    for name, layer in layers.items():
        layer.calibration = calibration.layers[name]
        layer.seed = seed
        replace_layer(network, name, layer)
    record = Conversion(design, tuple(layers), digital, folding, calibration, activities)
    network._bitline = record  # type: ignore[assignment]
    return network


def observed(model: nn.Module, design: Design, images: Tensor) -> Observed:
    """What calibration images show of a network on a design, for `convert`.

    Args:
        model, design: as for `convert`.
        images: normalised images (images, ...).

    Raises:
        ConversionError, CalibrationError: see `convert`.
    """
    network = copy.deepcopy(model).eval()
    _folded(network, images)
    return observe_for(network, _analog_forms(network, design)[0], images)


def conversion_of(network: nn.Module) -> Conversion:
    """What `convert` did to make this network."""
    record = getattr(network, "_bitline", None)
    if not isinstance(record, Conversion):
        raise ConversionError(f"{type(network).__name__} is not a converted network: make one with bitline.convert")
    return record


def analog_layers(network: nn.Module) -> Iterator[AnalogLayer]:
    """The analog layers of a converted network."""
    return (module for module in network.modules() if isinstance(module, AnalogLayer))


def program(network: nn.Module, *, trial: int, seed: int | None = None) -> nn.Module:
    """Put a converted network on another chip: same design, other cells.

    Read noise starts anew, and corrections made for the chip before are forgotten.

    Args:
        trial: number of the chip.
        seed: seed of the chips; kept if not given.
    """
    for layer in analog_layers(network):
        layer.trial = trial
        layer.reads = 0
        layer.correction = None
        layer.seed = layer.seed if seed is None else seed
    return network


def restart_reads(network: nn.Module, first: int = 0) -> None:
    """Let the next sample count as number `first` of its chip, for its read noise."""
    for layer in analog_layers(network):
        layer.reads = first


def let_age(network: nn.Module, time: float | str) -> nn.Module:
    """Let the cells of a converted network age: the same chip at another time.

    Args:
        time: since programming, in seconds or as '1 day'.

    Raises:
        DesignError: a time at which the device is unknown.
    """
    for layer in analog_layers(network):
        layer.design = layer.design.changed({"cell.time": time})
        layer.reads = 0
        layer.correction = None
    return network


def _analog_forms(network: nn.Module, design: Design) -> tuple[dict[str, AnalogLayer], tuple[tuple[str, str], ...]]:
    layers: dict[str, AnalogLayer] = {}
    digital = []
    for name, module in network.named_modules():
        own = design.for_layer(name)
        if own is None and next(module.parameters(recurse=False), None) is not None:
            digital.append((name, type(module).__name__))
            continue
        form = ANALOG_LAYERS.get(type(module))
        if form is not None and own is not None:
            layers[name] = form.of(module, own, name)
            layers[name].encoded()  # refuse unusable weights now
        elif isinstance(module, (*NO_ANALOG_FORM, *ANALOG_LAYERS)):
            raise ConversionError(
                f"layer {name!r} is a {type(module).__name__}, which has no analog form: keep it digital with "
                f'[[layers]] match = "{name}", digital = true'
            )
        elif next(module.parameters(recurse=False), None) is not None:
            digital.append((name, type(module).__name__))
    if not layers:
        raise ConversionError(
            f"{type(network).__name__} has no layer to put on arrays: it needs Linear, Conv1d or Conv2d layers"
        )
    return layers, tuple(digital)


@torch.no_grad()
def _folded(network: nn.Module, images: Any) -> FoldReport:
    """Fold batch norms; where the network's graph is unknown, keep the result only if it computes the same."""
    original = copy.deepcopy(network)
    report = fold_batch_norm(network)
    if report.traced or images is None or not report.folded or len(images) == 0:
        return report
    before, after = original(images[:2]), network(images[:2])
    if bool(((before - after).abs().max() <= FOLD_TOLERANCE * before.abs().max()).all()):
        return report
    network.load_state_dict(original.state_dict(), strict=False)
    raise ConversionError(
        f"{report.message}, but the folded network computes something else: "
        "fold batch norms yourself before converting, or register each norm directly after its layer"
    )
