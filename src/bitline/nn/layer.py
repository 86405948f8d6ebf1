"""What every analog layer has in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from bitline.arrays import Product
from bitline.design import Design
from bitline.errors import CalibrationError
from bitline.layer.cells import Cells
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer, LayerCalibration
from bitline.layer.matrix import ProgrammedLayer
from bitline.nn.fingerprint import Contents, contents_of
from bitline.nn.float_gradients import with_gradients_of
from bitline.nn.for_a_while import incremented, replaced
from bitline.nn.guards import call_me, refuse_inputs, refuse_recomputing, warn_of_negative
from bitline.nn.layer_state import FORGOTTEN, Correction, SavedState, take_float_weights
from bitline.nn.read_numbers import ReadNumbers
from bitline.nn.uncompiled import uncompiled

Instead = Callable[["AnalogLayer", Tensor], Tensor]
"""What an analog layer does with its input for a while, instead of what its chip does."""


class AnalogLayer(nn.Module):
    """A float layer whose matrix lies on analog arrays: a subclass of the layer that it was.

    The float weights stay parameters; the programmed cells follow from them, the calibration and the chip, and are
    made again when one of these changes. So `state_dict` is small, `.to(device)` works, and a network can be fine-tuned
    under its errors: gradients are those of the float layer for inputs inside the calibrated range. What else decides
    its answers changes through its methods only, so that nothing is forgotten: `put_on`, `calibrate` and `correct`.

    Examples:
        >>> from bitline import convert
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> layer = convert(network, "differential", torch.rand(16, 4))[0]
        >>> layer.chip, layer.calibration.inputs.signed
        (Chip(seed=0, number=0, time_s=None), False)

    Attributes:
        weight, bias, and all others of the float layer: as they were.
        name: in messages and random numbers.
        numbers: of its reads, which decide their noise.
    """

    weight: Any
    bias: Any
    float_type: ClassVar[type[nn.Module]]
    _settled = 0  # also of layers in files of earlier versions

    @classmethod
    def take_over(cls, layer: nn.Module, design: Design, name: str, folded: str = "") -> Self:
        """Turn a float layer into its analog form, in place.

        Everyone who holds the layer, under whatever name, then holds the analog layer; its hooks and attributes stay.

        Args:
            layer: of the class that this one extends.
            design, name: the accelerator with its rules for this layer, and what the layer is called.
            folded: what is part of the weights, such as a batch norm, in words; empty for plain weights.

        Raises:
            ConversionError: the layer cannot be mapped, or holds unusable weights.
        """
        layer.__class__ = cls
        assert isinstance(layer, cls)
        layer._start(design, name, folded)
        layer.encoded()  # refuse unusable weights now
        layer.register_forward_pre_hook(call_me)
        return layer

    @classmethod
    def of(cls, layer: nn.Module, design: Design, name: str) -> Self:
        """The analog form of a float layer, which shares its parameters and leaves it as it is.

        Raises:
            ConversionError: as for `take_over`.
        """
        twin = cls._twin_of(layer, design, name)
        twin.encoded()
        return twin

    def on(self, design: Design, calibration: LayerCalibration | None = None) -> Self:
        """The same weights on the same chip of another design, without corrections."""
        twin = type(self)._twin_of(self, design, self.name)
        twin._chip, twin._calibration = self._chip, calibration
        if design.weights.quantises_like(self._converted_for.weights):
            twin._encoded, twin._encoded_from = replace(self.encoded(), design=design), self._encoded_from
        return twin

    @classmethod
    def _twin_of(cls, layer: nn.Module, design: Design, name: str) -> Self:
        twin = cls.__new__(cls)
        twin.__dict__.update(vars(layer))
        twin._start(design, name)
        return twin

    def _start(self, design: Design, name: str, folded: str = "") -> None:
        self.name, self._folded = name, folded
        self._converted_for = self._design = design
        self._chip, self.numbers = Chip(), ReadNumbers()
        self._calibration: LayerCalibration | None = None
        self._correction: Correction | None = None
        self._instead: Instead | None = None
        self._encoded: EncodedLayer | None = None
        self._encoded_from: Contents = ()
        self._programmed: ProgrammedLayer | None = None
        self._programmed_from: tuple[object, ...] = ()
        self._settled = 0

    @property
    def design(self) -> Design:
        """The accelerator, with the rules for this layer applied, at the age of the chip."""
        return self._design

    @property
    def chip(self) -> Chip:
        """The chip that the layer is on."""
        return self._chip

    @property
    def reads(self) -> int:
        """Samples that the layer has seen on this chip, which number its read noise."""
        return self.numbers.seen

    @property
    def calibration(self) -> LayerCalibration | None:
        """Input quantisation and ADC levels, None before calibration."""
        return self._calibration

    @property
    def correction(self) -> Correction | None:
        """Digital correction of the outputs for this chip, if there is one."""
        return self._correction

    def put_on(self, chip: Chip) -> None:
        """Move to another chip, or to another time of the same: reads start anew, and a correction is forgotten.

        Raises:
            DesignError: a time at which the device is unknown.
        """
        self._design = chip.design(self._converted_for)
        self._chip = chip
        self.numbers.restart()
        self._correction = None

    def calibrate(self, calibration: LayerCalibration) -> None:
        """Take input quantisation and ADC levels.

        Raises:
            CalibrationError: they are those of another design.
        """
        self.encoded().check(calibration)
        self._calibration = calibration

    def correct(self, correction: Correction | None) -> None:
        """Correct the outputs digitally from now on, until the layer moves to another chip; None for no longer."""
        self._correction = correction

    def restart_reads(self, first: int = 0) -> None:
        """Let the next sample count as number `first` of this chip."""
        self.numbers.restart(first)

    @property
    def outputs(self) -> int:
        """Outputs of all groups."""
        return len(self.weight)

    @property
    def matrix(self) -> Tensor:
        """The weights as they lie on arrays, (outputs, rows of one group)."""
        return torch.flatten(self.weight, 1)

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

    def uses(self, inputs: Tensor, outputs: Tensor) -> float:
        """How often the layer multiplies each weight for these inputs, padding around them counted as inputs."""
        return outputs.numel() / self.outputs

    def encoded(self) -> EncodedLayer:
        """The weights as codes, quantised once for as long as they stay the same."""
        if self._encoded is None or not self._settled:
            contents = contents_of(self.weight, self.bias)
            if self._encoded is None or contents != self._encoded_from:
                self._encoded = EncodedLayer.of(self.matrix, self.bias, self._converted_for, self.product, self.name)
                self._encoded_from = contents
        return self._encoded

    def arranged(self, inputs: Tensor) -> Tensor:
        """`arrange`, in the precision that the chain computes in: float64 for float64 weights, otherwise float32."""
        compute = torch.float64 if self.weight.dtype == torch.float64 else torch.float32
        return self.arrange(inputs.detach()).to(compute)

    def observed(self, inputs: Tensor) -> Tensor:
        """What the range of the input codes is chosen for: inputs without zeros that `arrange` puts between them."""
        return self.arranged(inputs)

    def programmed(self) -> ProgrammedLayer:
        """The layer on its chip, programmed again if its weights, calibration, chip or device changed."""
        if self._calibration is None:
            raise CalibrationError(f"layer {self.name!r} is not calibrated: convert the network with images")
        if self._settled and self._programmed is not None:
            return self._programmed
        encoded = self.encoded()
        state = (self._encoded_from, self._calibration, self._chip)
        if self._programmed is None or state != self._programmed_from:
            self._programmed = None  # the last chip makes room for this one
            self._programmed, self._programmed_from = ProgrammedLayer(encoded, self._calibration, self._chip), state
        return self._programmed

    def cells(self) -> Cells:
        """The cells of its chip as they are read, programmed anew for the asking: plans keep none."""
        return self.encoded().program(self._chip)

    @contextmanager
    def computing(self, instead: Instead) -> Iterator[None]:
        """Do something else with inputs for a while."""
        with replaced(vars(self), "_instead", instead):
            yield

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Promise that nothing changes weights, calibration or chip for a while: they are looked at once."""
        self.programmed()
        with incremented(vars(self), "_settled"):
            yield

    @property
    def asks_its_chip(self) -> bool:
        """Whether inputs go to cells that are or can be programmed now: not while something else is done with them."""
        return self._instead is None and self._calibration is not None and not self.weight.is_meta

    @uncompiled
    def forward(self, input: Tensor) -> Tensor:
        return self.compute(input) if self._instead is None else self._instead(self, input)

    def compute(self, inputs: Tensor) -> Tensor:
        """What the layer's chip makes of its inputs."""
        refuse_inputs(inputs, self.name)
        refuse_recomputing(self.design, self.name)
        if inputs.numel() == 0:
            return self.float_forward(inputs)
        with torch.autocast(inputs.device.type, enabled=False):
            matrix, arranged = self.programmed(), self.arranged(inputs)
            warn_of_negative(self, arranged)
            computed = matrix.multiply(arranged, self.numbers.take(arranged, inputs))
            computed = computed if self._correction is None else self._correction(computed)
            outputs = self.restore(computed, inputs).to(inputs.dtype)
            if not torch.is_grad_enabled():
                return outputs
            return self.with_gradients(outputs, self.design.inputs.range.reachable(inputs, matrix.calibration.inputs))

    def with_gradients(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Outputs of the chip, with the gradients of the float layer for `inputs`, as far as they are reachable."""
        return with_gradients_of(self.float_forward(inputs.to(self.weight.dtype)).to(outputs.dtype), outputs)

    def get_extra_state(self) -> Tensor:
        """Chip, calibration and correction as JSON in bytes, so that any file of tensors can hold it."""
        return SavedState.of(self._chip, self._calibration, self._correction, self._converted_for).to_bytes()

    def set_extra_state(self, state: Tensor) -> None:
        saved = SavedState.from_bytes(state, self.name).for_layer(self.name, self._converted_for)
        if saved.calibration is not None:
            self.calibrate(saved.calibration)
        self.put_on(saved.chip)
        self._correction = saved.correction

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *arguments: Any) -> None:
        """Take float weights, too, unless more than them is part of its own; the calibration then stays as it is."""
        take_float_weights(self.name, self._folded, super()._load_from_state_dict, (state_dict, prefix, *arguments))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, **FORGOTTEN}

    def extra_repr(self) -> str:
        return f"{self.name!r}, rows={self.product.rows}, outputs={self.outputs}, groups={self.product.groups}"
