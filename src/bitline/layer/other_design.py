"""What tells the calibration of one design from that of another."""

from __future__ import annotations

from bitline.design import Design
from bitline.errors import CalibrationError
from bitline.numerics.summary import counted
from bitline.quantize import InputScale
from bitline.readout import Levels


def refuse_other_design(name: str, design: Design, inputs: InputScale, levels: Levels | None) -> None:
    """Refuse the calibration of a layer that cannot be one of its design.

    Args:
        name: of the layer.
        design: with the rules for this layer.
        inputs: quantisation of its inputs.
        levels: of its ADCs, None without them.

    Raises:
        CalibrationError: input bits differ, or the design has ADCs and there are no levels, those of other weight
            slices, or more than its ADCs have.

    Examples:
        >>> scale = InputScale(step=0.1, magnitude_bits=4, signed=False)
        >>> refuse_other_design("fc", Design(), scale, None)
        Traceback (most recent call last):
        bitline.errors.CalibrationError: the calibration of layer 'fc' has input codes of 4 bits, and its design has ...
    """
    for found, wanted in _unlike(design, inputs, levels):
        raise CalibrationError(
            f"the calibration of layer {name!r} has {found}, and its design has {wanted}: calibrate it again for this "
            "design"
        )


def _unlike(design: Design, inputs: InputScale, levels: Levels | None) -> list[tuple[str, str]]:
    """What the calibration has that the design does not, and what it has instead."""
    found = []
    given, wanted = inputs.magnitude_bits + inputs.signed, design.inputs.code_bits
    if given != wanted:
        found.append((f"input codes of {counted(given, 'bit')}", counted(wanted, "bit")))
    if design.inputs.signed not in ("auto", inputs.signed):
        words = {True: "input codes with a sign", False: "input codes without a sign"}
        found.append((words[inputs.signed], f"inputs.signed = {str(design.inputs.signed).lower()}"))
    if not design.adc.converts:
        return found
    slices = f"ADCs for {len(design.weights.converted_radix)} weight slices"
    if levels is None:
        return [*found, ("no ADC levels", slices)]
    if levels.extent[4] != len(design.weights.converted_radix):
        found.append((f"ADC levels of {levels.extent[4]} weight slices", slices))
    if levels.most > 2**design.adc.bits:
        found.append((f"{levels.most:,} ADC levels", f"ADCs of {counted(design.adc.bits, 'bit')}"))
    return found
