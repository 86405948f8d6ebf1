"""CrossSim's own CIFAR-10 ResNet-14, with its weights and its ranges of inputs and converters.

Needs a checkout of CrossSim 3.2 and its package:

    git clone --branch v3.2 https://github.com/sandialabs/cross-sim
    pip install --no-deps ./cross-sim

Network, parameters and ranges are those of `applications/dnn/torch/cifar10_resnet` of the checkout, whose own functions
make them: nothing of them is repeated here but the settings of the cases.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from comparison import Case, Peer
from torch import Tensor, nn

from bitline import Design, convert
from bitline.data import load_dataset
from bitline.layer.encoded import LayerCalibration
from bitline.networks import find_network
from bitline.nn import conversion_of
from bitline.numerics.threads import limit_threads
from bitline.quantize import InputScale
from bitline.readout import Levels

EXAMPLE = Path("applications", "dnn", "torch", "cifar10_resnet")
BLOCKS = 2
"""Blocks of each stage: ResNet-14."""
BITS = 8
ROWS = 1152
ON_OFF = 100.0
CROSSSIM: dict[str, object] = {
    "core_style": "BALANCED",
    "Nslices": 1,
    "weight_bits": BITS,
    "digital_bias": True,
    "Rmin": 1e4,
    "Rmax": 1e4 * ON_OFF,
    "infinite_on_off_ratio": False,
    "drift_model": "none",
    "NrowsMax": ROWS,
    "subtract_current_in_xbar": True,
    "interleaved_posneg": False,
    "input_bits": BITS,
    "input_bitslicing": False,
    "input_slice_size": 1,
    "adc_bits": 0,
    "adc_range_option": "CALIBRATED",
    "adc_type": "generic",
    "adc_per_ibit": False,
    "useGPU": False,
}
"""Arguments of CrossSim's `dnn_inference_params` that all cases and layers have in common."""
BITLINE: dict[str, object] = {
    "weights.kind": "differential",
    "weights.bits": BITS,
    "inputs.bits": BITS,
    "cell.on_off_ratio": ON_OFF,
    "cell.device": "none",
    "cell.clip": "window",
    "array.rows": ROWS,
    "adc": "none",
}
"""The same for bitline."""
ADC = {"adc": {"kind": "uniform", "bits": BITS}}
ERROR = {"error_model": "generic", "alpha_error": 0.05, "proportional_error": True}
BY_BIT = {"adc_bits": BITS, "input_bitslicing": True, "adc_per_ibit": True}


@dataclass(frozen=True)
class Settings:
    """One case.

    Attributes:
        bitline, crosssim: what differs from the settings in common.
    """

    bitline: dict[str, object]
    crosssim: dict[str, object]


CASES = {
    "exact cells, no ADC": Settings({}, {}),
    "cell errors of 5 %": Settings({"cell.device": {"kind": "state-proportional", "alpha": 0.05}}, ERROR),
    "an 8-bit ADC": Settings(ADC, {"adc_bits": BITS}),
    "an 8-bit conversion for each of 8 input bits": Settings({**ADC, "inputs.accumulation": "digital"}, BY_BIT),
}


@dataclass(frozen=True)
class Example:
    """CrossSim's example network.

    Attributes:
        folder: where it lies.
        plain: the float network.
        layers: names of its matrices, in the order of the ranges.
        inputs: ranges of the layers' inputs, (layers, 2).
    """

    folder: Path
    plain: nn.Module
    layers: tuple[str, ...]
    inputs: np.ndarray

    @classmethod
    def of(cls, checkout: Path) -> Example:
        """Read it from a checkout; the program ends with what is missing."""
        folder = checkout.resolve() / EXAMPLE
        if not folder.is_dir():
            sys.exit(f"{checkout} has no folder {EXAMPLE}: give the path of a checkout of CrossSim 3.2 (--checkout)")
        sys.path[:0] = [str(folder), str(folder.parents[1])]
        from build_resnet_cifar10 import ResNet_cifar10

        depth = 6 * BLOCKS + 2
        plain: nn.Module = ResNet_cifar10(BLOCKS)
        plain.load_state_dict(torch.load(folder / "models" / f"resnet{depth}_cifar10.pth", map_location="cpu"))
        ranges = np.load(folder / "calibrated_config" / f"input_limits_ResNet{depth}.npy")
        matrices = tuple(name for name, layer in plain.named_modules() if isinstance(layer, (nn.Conv2d, nn.Linear)))
        if len(matrices) != len(ranges):
            sys.exit(f"{folder} has {len(ranges)} ranges of inputs for {len(matrices)} layers: is it CrossSim 3.2?")
        return cls(folder, plain.eval(), matrices, ranges)

    def converters(self, arguments: dict[str, object]) -> Sequence[Any]:
        """CrossSim's ranges of the converters for arguments of `dnn_inference_params`; Nones without converters."""
        from find_adc_range import find_adc_range

        with chdir(self.folder):  # it reads them from there
            found: Sequence[Any] = find_adc_range(arguments, len(self.layers), 6 * BLOCKS + 2)
        return found


def peer(batch: int, checkout: Path, data: str | None) -> Peer:
    """The comparison with CrossSim.

    Args:
        batch: images of one pass.
        checkout: folder of CrossSim.
        data: CIFAR-10 as bitline reads it; random images if None.
    """
    example = Example.of(checkout)
    images = _images(batch, data)

    def case(name: str, settings: Settings) -> Case:
        arguments = {**CROSSSIM, **settings.crosssim}
        converters = example.converters(arguments)
        return Case(
            name,
            lambda: bitline_network(example, settings.bitline, converters, images),
            lambda: crosssim_network(example, arguments, converters),
        )

    cases = tuple(case(name, settings) for name, settings in CASES.items())
    words = f"CrossSim's CIFAR-10 ResNet-14, {'random images' if data is None else 'images of CIFAR-10'}"
    return Peer(f"CrossSim {_version()}", words, example.plain, images, cases, lambda: limit_threads(1))


def crosssim_network(example: Example, arguments: dict[str, object], converters: Sequence[Any]) -> nn.Module:
    """The network on CrossSim's cores, programmed once."""
    from dnn_inference_params import dnn_inference_params
    from simulator.algorithms.dnn.torch.convert import from_torch

    parameters = []
    for index, (inputs, range_of_adc) in enumerate(zip(example.inputs, converters, strict=True)):
        own = {"positiveInputsOnly": index > 0, "input_range": inputs.copy()}
        if range_of_adc is not None:
            own["adc_range"] = range_of_adc
        parameters.append(dnn_inference_params(**arguments, **own))
    np.random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        analog: nn.Module = from_torch(example.plain, parameters, fuse_batchnorm=True, bias_rows=0)
    return analog.eval()


def bitline_network(
    example: Example, settings: dict[str, object], converters: Sequence[Any], images: Tensor
) -> nn.Module:
    """The network on bitline's arrays with CrossSim's ranges."""
    design = Design().with_settings({**BITLINE, **settings})
    known = conversion_of(convert(example.plain, design, images[:8])).calibration
    layers = {
        name: LayerCalibration(_scale(inputs, signed=index == 0), None if limits is None else _levels(limits))
        for index, (name, inputs, limits) in enumerate(zip(example.layers, example.inputs, converters, strict=True))
    }
    return convert(example.plain, design, replace(known, layers=layers))


def _scale(limits: Sequence[float], signed: bool) -> InputScale:
    """Quantisation over a range of inputs; those with a sign spend a bit on it."""
    bits = BITS - 1 if signed else BITS
    return InputScale(float(np.max(np.abs(limits))) / (2**bits - 1), bits, signed)


def _levels(limits: Sequence[float]) -> Levels:
    """Levels over a range; those of CrossSim are symmetric where the middle of the range is next to zero."""
    low, high = map(float, limits)
    if abs(0.5 * (low + high) / (high - low)) < 2.0**-BITS:
        top = 2 ** (BITS - 1) - 1
        return Levels((max(-low, high) / top,), (-top,), (top,))
    return Levels.between([(low, high)], BITS)


def _images(batch: int, data: str | None) -> Tensor:
    """Images normalised for the network."""
    if data is None:
        return torch.randn(batch, 3, 32, 32, generator=torch.Generator().manual_seed(0)).clamp(-2.5, 2.5)
    preprocess = find_network("cifar-resnet20").preprocess
    return load_dataset(data, preprocess).split(batch, 0).images


def _version() -> str:
    try:
        import simulator  # noqa: F401

        return version("CrossSim")
    except PackageNotFoundError:
        return "of unknown version"
    except ImportError:
        sys.exit("CrossSim is not installed: pip install --no-deps ./cross-sim, in a checkout's parent folder")
