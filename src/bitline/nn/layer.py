"""What every analog layer has in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from bitline.arrays import Product
from bitline.core import ProgrammedLayer
from bitline.design import Design
from bitline.encoded import EncodedLayer, LayerCalibration
from bitline.errors import CalibrationError, ConversionError
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


class AnalogLayer(nn.Module):
    """A layer whose matrix lies on analog arrays.

    The float weights stay parameters; the programmed cells follow from them, the calibration and the chip, and are
    made again when one of these changes. So `state_dict` is small, `.to(device)` works, and a network can be fine-tuned
    under its errors: gradients are those of the float layer for inputs inside the calibrated range.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, design: Design, name: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.detach().clone())
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        self.design = design
        self.name = name
        self.seed = 0
        self.trial = 0
        self.reads = 0
        self.correction: Correction | None = None
        self.calibration: LayerCalibration | None = None
        self._programmed: ProgrammedLayer | None = None
        self._programmed_for: tuple[object, ...] = ()

    @classmethod
    @abstractmethod
    def of(cls, layer: Any, design: Design, name: str) -> Self:
        """The analog form of a float layer.

        Raises:
            ConversionError: the layer uses something that has no analog form.
        """

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

    def programmed(self) -> ProgrammedLayer:
        """The layer on its chip, programmed again if its weights, calibration, chip or device changed."""
        if self.calibration is None:
            raise CalibrationError(
                f"layer {self.name!r} is not calibrated: convert the network with calibration images"
            )
        tensors = [self.weight] if self.bias is None else [self.weight, self.bias]
        versions = tuple((tensor._version, tensor.data_ptr(), tensor.device, tensor.dtype) for tensor in tensors)
        state = (versions, self.calibration, self.seed, self.trial, self.design)
        if self._programmed is None or state != self._programmed_for:
            self._programmed = ProgrammedLayer(self.encoded(), self.calibration, self.seed, self.trial)
            self._programmed_for = state
        return self._programmed

    def forward(self, inputs: Tensor) -> Tensor:
        programmed = self.programmed()
        arranged = self.arrange(inputs)
        compute = torch.float64 if self.weight.dtype == torch.float64 else torch.float32
        computed = programmed(arranged.detach().to(compute), self.reads)
        self.reads += len(arranged)
        if self.correction is not None:
            computed = self.correction(computed)
        outputs = self.restore(computed, inputs).to(inputs.dtype)
        if not torch.is_grad_enabled():
            return outputs
        scale = programmed.calibration.inputs
        reachable = inputs.clamp(scale.low * scale.step, scale.high * scale.step)
        plain = self.float_forward(reachable)
        return plain + (outputs - plain).detach()

    def get_extra_state(self) -> dict[str, Any]:
        return {
            "calibration": None if self.calibration is None else asdict(self.calibration),
            "seed": self.seed,
            "trial": self.trial,
            "correction": None if self.correction is None else vars(self.correction),
        }

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.seed, self.trial = state["seed"], state["trial"]
        self.correction = None if state["correction"] is None else Correction(**state["correction"])
        saved = state["calibration"]
        if saved is not None:
            levels = saved["levels"]
            levels = None if levels is None else Levels(**{key: tuple(value) for key, value in levels.items()})
            self.calibration = LayerCalibration(InputScale(**saved["inputs"]), levels)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_programmed": None, "_programmed_for": ()}

    def extra_repr(self) -> str:
        product = self.product
        return f"{self.name!r}, rows={product.rows}, outputs={len(self.weight)}, groups={product.groups}"


def require_shape(inputs: Tensor, dimensions: int, channels: int, dim: int, name: str) -> None:
    """Refuse inputs that the layer's rows do not fit."""
    if inputs.ndim < dimensions or inputs.shape[dim] != channels:
        raise ConversionError(
            f"layer {name!r} takes {channels} input channels, but its inputs are {tuple(inputs.shape)}"
        )
