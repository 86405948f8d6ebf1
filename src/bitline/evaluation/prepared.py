"""A network on a design, ready to compute any shard of the samples on any chip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from bitline.cost import NetworkCost, Statistics, network_cost
from bitline.data.samples import Samples
from bitline.design import Design, views
from bitline.errors import DesignError
from bitline.evaluation.layer_errors import COMPARED, LayerSums, layer_errors, layer_sums
from bitline.evaluation.measured_samples import Advance, MeasuredSamples
from bitline.measures.measure import Values
from bitline.nn import (
    Calibration,
    Conversion,
    Inputs,
    NetworkRecord,
    analog_layers,
    as_images,
    conversion_of,
    convert,
    program,
    settled,
)
from bitline.nn.chips import restart_reads
from bitline.nn.steps_first import samples_axis


@dataclass(frozen=True)
class Known:
    """What is known of a network from designs that it was prepared for before.

    Attributes:
        statistics: of a design with the same `views.record`, where there are any.
        earlier: the network prepared for another design, whose reference is used again where it is the same.

    Examples:
        >>> Known().earlier is None
        True
    """

    statistics: Statistics | None = None
    earlier: Prepared | None = None

    def reference(self, design: Design, calibration: Calibration) -> nn.Module | None:
        """The quantised reference of a design, where it is that of the earlier one.

        Args:
            design: as `views.reference` gives it.
            calibration: of its inputs.
        """
        if self.earlier is None:
            return None
        known = conversion_of(self.earlier.reference)
        named = known.design.model_copy(update={"name": design.name, "description": design.description})
        return self.earlier.reference if named == design and known.calibration == calibration else None


@dataclass(frozen=True)
class Prepared:
    """A calibrated network in its analog form, and its quantised reference.

    Attributes:
        design: the accelerator.
        analog: on the chip that was programmed last.
        reference: the same codes with exact sums.
        activity: inputs to measure activity on, where calibration did not look.
        known_statistics: statistics of the same network for a design with the same `views.record`, where there are any.

    Examples:
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)
        >>> data = MeasuredSamples.labelled(torch.eye(4), torch.arange(4), batch=64)
        >>> prepared = Prepared.of(network, Design(), data.samples, seed=0, activity=data.samples)
        >>> prepared.program(chip=1)
        >>> prepared.values(data).flatten().tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    design: Design
    analog: nn.Module
    reference: nn.Module
    activity: Inputs
    known_statistics: Statistics | None = None

    @classmethod
    def of(
        cls,
        model: nn.Module,
        design: Design,
        calibration: Any,
        seed: int,
        activity: Any,
        known: Known | None = None,
    ) -> Prepared:
        """Convert and calibrate.

        Args:
            model: the float network.
            design: the accelerator.
            calibration: inputs, see `Inputs.of`, an earlier calibration, or what was observed.
            seed: seed of the chips.
            activity: inputs to measure activity on where `calibration` has none.
            known: what is known of this network from other designs.

        Raises:
            ConversionError, CalibrationError: see `convert`.
        """
        if isinstance(calibration, Tensor):
            calibration = as_images(calibration, model, "calibration images")
        if not isinstance(calibration, (Calibration, NetworkRecord)):
            activity = calibration = Inputs.of(calibration, model)
        elif isinstance(activity, Samples) and not samples_axis(activity.first(1).call, model):
            activity = activity.part(0, COMPARED)
        analog = convert(model, design, calibration, seed=seed)
        record = conversion_of(analog)
        scales = {name: layer.without_adc() for name, layer in record.calibration.layers.items()}
        inputs, exact = replace(record.calibration, layers=scales), views.reference(record.design)
        known = known or Known()
        reference = known.reference(exact, inputs)
        if reference is None:
            reference = convert(model, exact, inputs, seed=seed)
        seen = Inputs.of(activity, analog).first(COMPARED)
        return cls(record.design, analog, reference, seen, known.statistics)

    @property
    def conversion(self) -> Conversion:
        """What conversion did."""
        return conversion_of(self.analog)

    def notes(self, design: Design) -> tuple[str, ...]:
        """What a reader of the results should know of the conversion and of the devices.

        Args:
            design: that of the network at an age.
        """
        return replace(self.conversion, design=design).notes

    @cached_property
    def statistics(self) -> Statistics:
        """What cost depends on besides the design."""
        return self.known_statistics or Statistics.of(self.analog, self.activity)

    def cost(self, design: Design, skipped: dict[str, float]) -> NetworkCost:
        """Cost of this network on a design with the same inputs and analog layers; see `network_cost`."""
        return network_cost(self.statistics, design, skipped=skipped)

    def cost_or_reason(self, design: Design, skipped: dict[str, float]) -> tuple[NetworkCost | None, tuple[str, ...]]:
        """The cost, or why there is none: a design without converters still has an accuracy."""
        try:
            return self.cost(design, skipped), ()
        except DesignError as error:
            return None, (f"no energy, area and latency: {error}",)

    def adc_ranges(self) -> dict[str, list[float]]:
        """Share of the largest possible output range of an array that its ADCs span, by layer and weight slice.

        Layers without ADCs, or whose ranges differ by more than the slice, are left out.
        """
        shares = {}
        for layer in analog_layers(self.analog):
            calibration = layer.calibration
            if calibration is None or calibration.levels is None or not calibration.levels.is_shared:
                continue
            levels, lines = calibration.levels, layer.encoded().bit_lines(calibration.inputs)
            spans = zip(levels.step, levels.low, levels.high, strict=True)
            shares[layer.name] = [step * (high - low) / (lines.high - lines.low) for step, low, high in spans]
        return shares

    def program(self, chip: int) -> None:
        """Put the network on another chip."""
        program(self.analog, chip=chip)

    @torch.no_grad()
    def compare(self, data: MeasuredSamples, images: int = COMPARED) -> tuple[LayerSums, ...]:
        """Errors of all layers on the current chip, on the first images of a data set; nothing for no image.

        Args:
            data: the data set.
            images: how many of them are compared.
        """
        if not images:
            return ()
        restart_reads(self.analog)
        with settled(self.analog), settled(self.reference):
            return layer_sums(self.reference, self.analog, data.samples.part(0, images), data.batch)

    def skipped(self, data: MeasuredSamples, images: int = COMPARED) -> dict[str, float]:
        """Share of the conversions that each layer leaves out, on chip 0; empty for a design that leaves none out.

        Args:
            data: the data set.
            images: on how many of its images conversions are counted.
        """
        if not self.design.skips_conversions:
            return {}
        self.program(0)
        return {layer.name: layer.skipped for layer in layer_errors([self.compare(data, images)])}

    def values(self, data: MeasuredSamples, advance: Advance = int) -> Values:
        """Values of each sample on the current chip, (samples, columns); see `MeasuredSamples.values`.

        Args:
            data: a data set, or a part of one.
            advance: told how many samples are done.
        """
        restart_reads(self.analog, data.first)
        return data.values(self.analog, advance)
