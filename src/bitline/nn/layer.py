"""What every analog layer has in common."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from bitline.arrays import Product
from bitline.design import Design
from bitline.errors import CalibrationError, ConversionError, DataError
from bitline.layer.encoded import EncodedLayer, LayerCalibration
from bitline.layer.matrix import ProgrammedLayer
from bitline.nn.fingerprint import fingerprint
from bitline.numerics.real_tensors import refuse_unusable
from bitline.quantize import InputScale
from bitline.readout import Levels


@dataclass(frozen=True)
class Correction:
    """Digital scale and shift of each output of a layer, found after its chip was programmed.

    Attributes:
        gain, offset: (outputs,).
    """

    gain: Tensor
    offset: Tensor

    def __call__(self, outputs: Tensor) -> Tensor:
        """Corrected outputs, (batch, outputs, *space)."""
        shape = (1, -1, *[1] * (outputs.ndim - 2))
        return outputs * self.gain.to(outputs).reshape(shape) + self.offset.to(outputs).reshape(shape)


Instead = Callable[["AnalogLayer", Tensor], Tensor]
"""What an analog layer does with its input for a while, instead of what its chip does."""


class AnalogLayer(nn.Module):
    """A float layer whose matrix lies on analog arrays: a subclass of the layer that it was.

    The float weights stay parameters; the programmed cells follow from them, the calibration and the chip, and are
    made again when one of these changes. So `state_dict` is small, `.to(device)` works, and a network can be fine-tuned
    under its errors: gradients are those of the float layer for inputs inside the calibrated range.

    Attributes:
        weight, bias, and all others of the float layer: as they were.
        design: the accelerator, with the rules for this layer applied.
        name: in messages and random numbers.
    """

    weight: Any
    bias: Any
    float_type: ClassVar[type[nn.Module]]

    @classmethod
    def take_over(cls, layer: nn.Module, design: Design, name: str) -> Self:
        """Turn a float layer into its analog form, in place.

        Everyone who holds the layer, under whatever name, then holds the analog layer; its hooks and attributes stay.

        Args:
            layer: of the class that this one extends.

        Raises:
            ConversionError: the layer cannot be mapped, or holds unusable weights.
        """
        layer.__class__ = cls
        assert isinstance(layer, cls)
        layer._start(design, name)
        layer.encoded()  # refuse unusable weights now
        # PyTorch's fused transformer layers read the weights of their children instead of calling them, unless one of
        # them has a hook.
        layer.register_forward_pre_hook(call_me)
        return layer

    @classmethod
    def of(cls, layer: nn.Module, design: Design, name: str) -> Self:
        """The analog form of a float layer, which shares its parameters and leaves it as it is.

        Raises:
            ConversionError: as for `take_over`.
        """
        twin = cls.__new__(cls)
        twin.__dict__.update(vars(layer))
        twin._start(design, name)
        twin.encoded()
        return twin

    def on(self, design: Design, calibration: LayerCalibration | None = None) -> Self:
        """The same weights on another design, without a chip's corrections."""
        twin = type(self).of(self, design, self.name)
        twin.calibration = calibration
        twin.seed, twin.chip = self.seed, self.chip
        return twin

    def _start(self, design: Design, name: str) -> None:
        self.design = design
        self.name = name
        self.seed = 0
        self.chip = 0
        self.reads = 0
        self.correction: Correction | None = None
        self.calibration: LayerCalibration | None = None
        self.folded: str = ""
        self._instead: Instead | None = None
        self._programmed: ProgrammedLayer | None = None
        self._programmed_for: tuple[object, ...] = ()
        self._is_settled = False

    @property
    @abstractmethod
    def product(self) -> Product:
        """The layer's shape."""

    @abstractmethod
    def arrange(self, inputs: Tensor) -> Tensor:
        """Inputs of the layer as inputs of its product, (batch, channels, *space)."""

    @abstractmethod
    def restore(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Outputs of the product as outputs of the layer for `inputs`."""

    @abstractmethod
    def float_forward(self, inputs: Tensor) -> Tensor:
        """The layer in floating point."""

    def encoded(self) -> EncodedLayer:
        """The weights as codes."""
        return EncodedLayer.of(self.weight.flatten(1), self.bias, self.design, self.product, self.name)

    def arranged(self, inputs: Tensor) -> Tensor:
        """`arrange`, in the precision that the chain computes in: float64 for float64 weights, otherwise float32."""
        compute = torch.float64 if self.weight.dtype == torch.float64 else torch.float32
        return self.arrange(inputs.detach()).to(compute)

    def programmed(self) -> ProgrammedLayer:
        """The layer on its chip, programmed again if its weights, calibration, chip or device changed."""
        if self.calibration is None:
            raise CalibrationError(
                f"layer {self.name!r} is not calibrated: convert the network with calibration images"
            )
        if self._is_settled and self._programmed is not None:
            return self._programmed
        tensors = [self.weight] if self.bias is None else [self.weight, self.bias]
        contents = tuple((fingerprint(tensor), tensor.device, tensor.dtype) for tensor in tensors)
        state = (contents, self.calibration, self.seed, self.chip, self.design)
        if self._programmed is None or state != self._programmed_for:
            self._programmed = ProgrammedLayer(self.encoded(), self.calibration, self.seed, self.chip)
            self._programmed_for = state
        return self._programmed

    def forward(self, input: Tensor) -> Tensor:
        return self.compute(input) if self._instead is None else self._instead(self, input)

    def compute(self, inputs: Tensor) -> Tensor:
        """What the layer's chip makes of its inputs."""
        _refuse_tracing(self.name)
        refuse_unusable(inputs, f"the input of layer {self.name!r}", DataError)
        if not inputs.is_floating_point():
            raise DataError(f"layer {self.name!r} takes floating-point inputs, not {inputs.dtype}: convert them first")
        if inputs.numel() == 0:
            return self.float_forward(inputs)
        with torch.autocast(inputs.device.type, enabled=False):
            chip = self.programmed()
            arranged = self.arranged(inputs)
            computed = chip(arranged, self.reads)
            self.reads += len(arranged)
            if self.correction is not None:
                computed = self.correction(computed)
            outputs = self.restore(computed, inputs).to(inputs.dtype)
            if not torch.is_grad_enabled():
                return outputs
            scale = chip.calibration.inputs
            reachable = inputs.clamp(scale.low * scale.step, scale.high * scale.step)
            plain = self.float_forward(reachable.to(self.weight.dtype)).to(inputs.dtype)
            return plain + (outputs - plain).detach()

    def get_extra_state(self) -> Tensor:
        """Chip, calibration and correction as JSON in bytes, so that any file of tensors can hold it."""
        correction = self.correction and {name: each.tolist() for name, each in vars(self.correction).items()}
        state = {
            "calibration": None if self.calibration is None else asdict(self.calibration),
            "seed": self.seed,
            "chip": self.chip,
            "correction": correction,
        }
        return torch.frombuffer(bytearray(json.dumps(state).encode()), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        saved = json.loads(bytes(state.cpu().tolist()))
        self.seed, self.chip = saved["seed"], saved["chip"]
        correction, calibration = saved["correction"], saved["calibration"]
        self.correction = correction and Correction(**{key: torch.tensor(value) for key, value in correction.items()})
        if calibration is not None:
            levels = calibration["levels"]
            levels = None if levels is None else Levels(**{key: tuple(value) for key, value in levels.items()})
            self.calibration = LayerCalibration(InputScale(**calibration["inputs"]), levels)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *arguments: Any) -> None:
        """Take float weights, too, unless a batch norm is part of them; the calibration then stays as it is."""
        _, _, missing, _, errors = arguments
        is_float = f"{prefix}_extra_state" not in state_dict and f"{prefix}weight" in state_dict
        if is_float and self.folded:
            errors.append(
                f"the weights of layer {self.name!r} hold those of batch norm {self.folded!r}, which float weights do "
                "not: load them into the float network and convert that"
            )
            return
        super()._load_from_state_dict(state_dict, prefix, *arguments)
        if is_float and f"{prefix}_extra_state" in missing:
            missing.remove(f"{prefix}_extra_state")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_programmed": None, "_programmed_for": (), "_instead": None, "_is_settled": False}

    def extra_repr(self) -> str:
        product = self.product
        return f"{self.name!r}, rows={product.rows}, outputs={len(self.weight)}, groups={product.groups}"


def call_me(layer: nn.Module, arguments: tuple[Any, ...]) -> None:
    """A hook that does nothing."""


def analog_layers(network: nn.Module) -> Iterator[AnalogLayer]:
    """The analog layers of a converted network."""
    return (module for module in network.modules() if isinstance(module, AnalogLayer))


@contextmanager
def computing(network: nn.Module, instead: Instead) -> Iterator[None]:
    """Let the analog layers of a network do something else with their inputs for a while.

    Args:
        network: a converted network.
        instead: takes a layer and its input, returns its output; `layer.float_forward(input)` and
            `layer.compute(input)` are what it may want to add to.
    """
    layers = [(layer, layer._instead) for layer in analog_layers(network)]
    for layer, _ in layers:
        layer._instead = instead
    try:
        yield
    finally:
        for layer, before in layers:
            layer._instead = before


@contextmanager
def settled(network: nn.Module) -> Iterator[None]:
    """Promise that nothing changes the weights, calibrations or chips of a network for a while.

    Its layers then look at them once instead of at every call.
    """
    layers = list(analog_layers(network))
    try:
        for layer in layers:
            layer.programmed()
            layer._is_settled = True
        yield
    finally:
        for layer in layers:
            layer._is_settled = False


def _refuse_tracing(name: str) -> None:
    """Refuse what would freeze the results of one input into a graph."""
    if torch._C._get_tracing_state() or torch.compiler.is_exporting():
        raise ConversionError(
            f"analog layer {name!r} cannot be traced or exported: its results are computed outside of PyTorch's graph; "
            "export the float network instead"
        )


def require_shape(inputs: Tensor, dimensions: int, channels: int, dim: int, name: str) -> None:
    """Refuse inputs that the layer's rows do not fit."""
    if inputs.ndim < dimensions or inputs.shape[dim] != channels:
        raise ConversionError(
            f"layer {name!r} takes {channels} input channels, but its inputs are {tuple(inputs.shape)}"
        )
