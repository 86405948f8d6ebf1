"""What an analog layer keeps in a file besides its weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from bitline.config.messages import first_line
from bitline.design import Design, views
from bitline.design.views import View
from bitline.errors import CalibrationError
from bitline.layer.chip import Chip
from bitline.layer.encoded import LayerCalibration
from bitline.nn.calibration_json import UNREADABLE, calibration_of_json, check_numbers

FORGOTTEN = {
    "_encoded": None,
    "_encoded_from": (),
    "_programmed": None,
    "_programmed_from": (),
    "_instead": None,
    "_settled": 0,
}
"""What files and copies go without: it is made again."""

RULES = "layers"
"""Of a design, for layers by their names."""
_OTHER = (
    "the state of layer {name!r} is that of a design with {saved}, and its design has {own}: load it into a network "
    "that is converted for the design of the state"
)


@dataclass(frozen=True)
class Correction:
    """Digital scale and shift of each output of a layer, found after its chip was programmed.

    Examples:
        >>> correct = Correction(gain=torch.tensor([2.0, 1.0]), offset=torch.tensor([0.0, -1.0]))
        >>> correct(torch.tensor([[1.0, 1.0]]))
        tensor([[2., 0.]])

    Attributes:
        gain, offset: (outputs,).
    """

    gain: Tensor
    offset: Tensor

    def __call__(self, outputs: Tensor, axis: int = 1) -> Tensor:
        """Corrected outputs, whose channels lie along an axis: of (batch, outputs, *space) the second."""
        shape = [1] * outputs.ndim
        shape[axis] = -1
        return (outputs * self.gain.to(outputs).reshape(shape)).add_(self.offset.to(outputs).reshape(shape))


@dataclass(frozen=True)
class SavedState:
    """The state of one layer: its chip, and what was found for it.

    Attributes:
        chip: the chip that it is on.
        calibration: input quantisation and ADC levels, None before calibration.
        correction: of its outputs on this chip, None without one.
        made_for: the settings that the calibration depends on; None where an earlier version did not write them.
    """

    chip: Chip
    calibration: LayerCalibration | None
    correction: Correction | None
    made_for: View | None

    @classmethod
    def of(
        cls, chip: Chip, calibration: LayerCalibration | None, correction: Correction | None, design: Design
    ) -> SavedState:
        """The state of a layer of a design, whose rules for this layer are applied."""
        return cls(chip, calibration, correction, decisive(design))

    def for_layer(self, name: str, design: Design) -> SavedState:
        """The same, if its calibration is one for a layer of this design.

        Raises:
            CalibrationError: it is that of another design.
        """
        if self.calibration is None or self.made_for is None:
            return self
        if design.adc.converts == (self.calibration.levels is None):
            saved, own = ("ADCs", "none") if self.calibration.levels else ("no ADCs", "ADCs")
            raise CalibrationError(_OTHER.format(name=name, saved=saved, own=own))
        for setting, (saved, own) in views.differences(_without_rules(self.made_for), decisive(design)).items():
            raise CalibrationError(_OTHER.format(name=name, saved=f"{setting} {saved!r}", own=repr(own)))
        return self

    def to_bytes(self) -> Tensor:
        """JSON as a tensor of bytes, so that any file of tensors can hold it."""
        correction = self.correction and {name: values.tolist() for name, values in vars(self.correction).items()}
        calibration = None if self.calibration is None else asdict(self.calibration)
        state = {
            "calibration": calibration,
            "chip": asdict(self.chip),
            "correction": correction,
            "made for": self.made_for,
        }
        return torch.frombuffer(bytearray(json.dumps(state, default=str).encode()), dtype=torch.uint8)

    @classmethod
    def from_bytes(cls, state: Tensor, name: str) -> SavedState:
        """Read what `to_bytes` wrote, in this version or in earlier ones.

        Args:
            state: of a layer.
            name: of the layer.

        Raises:
            CalibrationError: it is something else, or holds what is no number.
        """
        try:
            return cls._of_json(json.loads(bytes(state.cpu().tolist())))
        except UNREADABLE as error:
            raise CalibrationError(
                f"cannot read the state of layer {name!r}: {type(error).__name__}, {first_line(error)}; save the "
                "network's state again, or convert the float network again"
            ) from None

    @classmethod
    def _of_json(cls, saved: dict[str, Any]) -> SavedState:
        chip = Chip(**saved["chip"] if "chip" in saved else {"seed": saved["seed"], "number": saved["trial"]})
        check_numbers([chip.seed, chip.number], int)
        calibration, correction = saved["calibration"], saved["correction"]
        for values in (correction or {}).values():
            check_numbers(values, float)
        return cls(
            chip,
            None if calibration is None else calibration_of_json(calibration),
            correction
            and Correction(**{name: torch.tensor(values, dtype=torch.float64) for name, values in correction.items()}),
            saved.get("made for"),
        )


def take_float_weights(name: str, folded: str, load: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Load a layer, from float weights, too, unless something is part of the layer's that is not in them.

    Args:
        name: of the layer.
        folded: what is part of its weights besides float weights, in words; empty for plain ones.
        load: `_load_from_state_dict` of the float layer, which notes errors and missing entries.
        arguments: of that.
    """
    state, prefix, _, _, missing, _, errors = arguments
    is_float = f"{prefix}_extra_state" not in state and f"{prefix}weight" in state
    if is_float and folded:
        errors.append(
            f"the weights of layer {name!r} hold {folded}, which float weights do not: load them into the float "
            "network and convert that"
        )
        return
    load(*arguments)
    if is_float and f"{prefix}_extra_state" in missing:
        missing.remove(f"{prefix}_extra_state")


def decisive(design: Design, view: Callable[[Design], View] = views.calibration) -> View:
    """What the calibration of a layer depends on, whose rules are applied: those of other layers do not matter.

    Args:
        design: of the layer.
        view: of what was found for it.
    """
    return _without_rules(view(design.model_copy(update={RULES: ()})))


def _without_rules(view: View) -> View:
    return {section: part for section, part in view.items() if section != RULES}
