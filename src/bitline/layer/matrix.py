"""The signal chain composed for one matrix."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.errors import CalibrationError
from bitline.layer.arrays import LayerArrays, ProgrammedArrays
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer, LayerCalibration
from bitline.layer.integer_plans import IntegerPlan, integer_obstacle, integer_plan, plan_of_readings
from bitline.layer.line_products import is_whole
from bitline.layer.plans import ConvertPlan, LinearPlan, Plan
from bitline.layer.sample_numbers import numbers_from
from bitline.numerics.freed_memory import note_freed_memory
from bitline.numerics.histogram import Histogram
from bitline.readout import Levels
from bitline.shapes import LayerInputs, LayerOutputs, SampleNumbers

PROGRAMMING = 32
"""Bytes that programming a weight takes for a while, about."""


class ProgrammedLayer:
    """One layer on one chip: encode, program, choose the plan; then quantise, multiply and read out.

    Args:
        layer: weight codes, design and shape.
        calibration: input quantisation and ADC levels.
        chip: with the layer's name it decides the cells.

    Attributes:
        pulses: write pulses per cell, on average.
        outside: fraction of the cells given up on outside the tolerance of programming.
    """

    def __init__(self, layer: EncodedLayer, calibration: LayerCalibration, chip: Chip) -> None:
        self.layer, self.calibration = layer, calibration
        self.pulses, self.outside = 1.0, 0.0
        plan = _counted_plan(layer, calibration, chip)
        if plan is None:
            cells = layer.program(chip)
            self.pulses, self.outside = cells.pulses, cells.outside
            arrays = layer.arrays(cells, calibration.inputs, chip.draws.of(layer.name))
            plan = cheapest_plan(arrays, calibration.levels)
            note_freed_memory(PROGRAMMING * layer.codes.numel())
        self.plan = plan

    @torch.no_grad()
    def multiply(self, inputs: LayerInputs, samples: SampleNumbers | None = None) -> LayerOutputs:
        """Outputs (batch, outputs, *space) of float inputs (batch, channels, *space).

        Args:
            inputs: finite.
            samples: their numbers among all that the layer has seen; other numbers, other read noise. They are
                counted from 0 unless given.
        """
        samples = numbers_from(0, inputs) if samples is None else samples
        driven = self.layer.driven(inputs, self.calibration.inputs)
        return driven.outputs(self.plan.outputs(driven.values, samples), self.layer.bias)


def _counted_plan(layer: EncodedLayer, calibration: LayerCalibration, chip: Chip) -> Plan | None:
    """A plan of whole numbers from the readings of cells alone; None where it takes more."""
    levels = calibration.levels if layer.design.adc.converts else None
    bare = layer.bare_arrays(calibration.inputs, chip.draws.of(layer.name))
    arrays = None if integer_obstacle(bare, levels) else layer.counted_arrays(bare, chip)
    plan = None if arrays is None else plan_of_readings(arrays, levels)
    return plan if isinstance(plan, IntegerPlan) else None


def cheapest_plan(arrays: ProgrammedArrays, levels: Levels | None) -> Plan:
    """The cheapest evaluation that gives exactly what the full chain gives."""
    levels = levels if arrays.design.adc.converts else None
    whole = integer_plan(arrays, levels)
    if isinstance(whole, IntegerPlan):
        return whole
    plan: Plan
    if levels is not None:
        plan = ConvertPlan.of(arrays, levels)
    else:
        plan = (
            LinearPlan(arrays)
            if arrays.is_linear and not arrays.has_noise_of_its_own
            else ConvertPlan.without_adc(arrays)
        )
    plan.obstacle = whole
    return plan


def explain_plan(plan: Plan) -> str:
    """How a layer is evaluated, and why not faster.

    Examples:
        >>> from bitline import AnalogCore, Design
        >>> core = AnalogCore([[0.5, -1.0]], Design(), calibration=[1.0, 0.5])
        >>> explain_plan(core.programmed.plan)
        'float64: it computes in torch.float64'
    """
    if isinstance(plan, IntegerPlan):
        return plan.product.description
    arrays = plan.arrays
    precision = str(arrays.product_step.dtype).removeprefix("torch.")
    products = "bytes, then " if is_whole(arrays) and _multiplies(arrays) else ""
    return f"{products}{precision}: {plan.obstacle}"


def _multiplies(arrays: LayerArrays) -> bool:
    """Whether signals are products of inputs and what cells are on their lines."""
    return arrays.design.array.is_linear and not arrays.design.bends_on_wires


def calibrate_layer(layer: EncodedLayer, inputs: Tensor) -> LayerCalibration:
    """Calibrate one layer on float inputs (batch, channels, *space).

    Raises:
        CalibrationError: there are no inputs.
        DesignError: inputs below 0, and no bit for the sign.
    """
    if inputs.numel() == 0:
        raise CalibrationError(f"core {layer.name!r} has no calibration inputs: pass at least one column of inputs")
    seen = Histogram()
    seen.update(inputs)
    scale = layer.design.inputs.scale(seen, f"core {layer.name!r}")
    if not layer.design.needs_calibrated_adc:
        return LayerCalibration(scale, layer.levels(scale, None))
    signals = layer.histograms(scale)
    codes = layer.input_codes(inputs, scale)
    if signals.is_centred:
        signals.learn_centres(codes)
    signals.add(codes)
    return LayerCalibration(scale, layer.levels(scale, signals))
