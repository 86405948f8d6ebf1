"""What an ADC range with a level for every output keeps of its promise in one layer."""

from __future__ import annotations

from fractions import Fraction

import torch

from bitline.arrays import Product
from bitline.design import Design
from bitline.layer.grid import background, exact_up_to, largest_count
from bitline.quantize import InputScale
from bitline.readout import BitLines


def shortfall(name: str, design: Design, product: Product, inputs: InputScale, dtype: torch.dtype) -> str | None:
    """Why a guaranteed or aligned range keeps less than it promises; None if it keeps all, or promises nothing.

    Args:
        name: of the layer.
        design: of this layer.
        product: its shape.
        inputs: quantisation of its inputs, signed or not.
        dtype: precision that the layer computes in.

    Examples:
        >>> from bitline.arrays import MatrixProduct
        >>> design = Design(adc={"bits": 27, "range": "guaranteed"})
        >>> unsigned = InputScale(step=1.0, magnitude_bits=8, signed=False)
        >>> shortfall("fc", design, MatrixProduct(100), unsigned, torch.float32) is None
        True
    """
    policy = design.adc.range
    if not policy.is_aligned:
        return None
    rows = design.array.converted(product).rows
    lines = design.bit_lines(rows, inputs)
    if policy.is_guaranteed and lines.needed_bits > design.adc.bits:
        return _too_few_bits(name, design, lines)
    background_of_sum = background(design) * Fraction(sum(design.weights.added_radix))
    parts = background_of_sum.denominator
    cancels = len(design.weights.readings) > 1 or design.weights.has_unit_column
    exact = largest_count(design, rows, inputs) <= exact_up_to(dtype)
    if parts == 1 or (cancels and parts % 2 and exact):
        return None
    remedy = "" if policy.is_guaranteed else "adc.range = 'calibrated', "
    return (
        f"layer {name!r} has cells with an on/off ratio of {1 / design.cell.window_low:g}, whose currents at "
        f"G_min fall between the levels of adc.range = {policy.kind!r}: conversions are off by up to half a step, "
        f"however many bits there are; use {remedy}differential cells with weights.subtraction = 'analog', or "
        "cell.on_off_ratio = inf"
    )


def _too_few_bits(name: str, design: Design, lines: BitLines) -> str:
    unsigned = design.bit_lines(lines.rows)
    of_rows = f"{lines.rows} rows whose currents are added (array.accumulation = 'analog')"
    reason = "signed inputs" if unsigned.needed_bits <= design.adc.bits else of_rows
    return (
        f"layer {name!r} has {reason}, with which a level for every output takes {lines.needed_bits} "
        f"bits, and adc.bits is {design.adc.bits}: a step spans {2 ** (lines.needed_bits - design.adc.bits)} outputs "
        f"of an ideal array; use adc.bits = {lines.needed_bits}"
    )
