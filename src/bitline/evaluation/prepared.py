"""A network on a design, ready to classify any shard of the images on any chip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor, nn

from bitline.cost import NetworkCost, Statistics, network_cost
from bitline.data.stored_images import StoredImages, inputs_of
from bitline.design import Design, views
from bitline.evaluation.labelled_images import Advance, LabelledImages
from bitline.evaluation.layer_errors import COMPARED, LayerSums, layer_sums
from bitline.nn import (
    Calibration,
    Conversion,
    NetworkRecord,
    analog_layers,
    as_images,
    conversion_of,
    convert,
    program,
    settled,
)
from bitline.nn.chips import restart_reads


@dataclass(frozen=True)
class Prepared:
    """A calibrated network in its analog form, and its quantised reference.

    Attributes:
        design: the accelerator.
        analog: on the chip that was programmed last.
        reference: the same codes with exact sums.
        activity_images: images to measure activity on, where calibration did not look.
        known_statistics: statistics of the same network for a design with the same `views.record`, where there are any.

    Examples:
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)
        >>> data = LabelledImages(torch.eye(4), torch.arange(4), batch=64)
        >>> prepared = Prepared.of(network, Design(), data.images, seed=0, activity_images=data.images)
        >>> prepared.program(chip=1)
        >>> prepared.right(data)
        4
    """

    design: Design
    analog: nn.Module
    reference: nn.Module
    activity_images: Tensor
    known_statistics: Statistics | None = None

    @classmethod
    def of(
        cls,
        model: nn.Module,
        design: Design,
        calibration: Tensor | Calibration | NetworkRecord,
        seed: int,
        activity_images: Tensor | StoredImages,
        known_statistics: Statistics | None = None,
    ) -> Prepared:
        """Convert and calibrate.

        Args:
            model: the float network.
            design: the accelerator.
            calibration: normalised images, an earlier calibration, or what was observed.
            seed: seed of the chips.
            activity_images: images to measure activity on where `calibration` has none.
            known_statistics: statistics of this network for a design with the same `views.record`.

        Raises:
            ConversionError, CalibrationError: see `convert`.
        """
        if isinstance(calibration, Tensor):
            calibration = as_images(calibration, model, "calibration images")
        analog = convert(model, design, calibration, seed=seed)
        record = conversion_of(analog)
        scales = {name: layer.without_adc() for name, layer in record.calibration.layers.items()}
        known = replace(record.calibration, layers=scales)
        reference = convert(model, views.reference(record.design), known, seed=seed)
        images = calibration if isinstance(calibration, Tensor) else activity_images
        return cls(record.design, analog, reference, inputs_of(images[:COMPARED]), known_statistics)

    @property
    def conversion(self) -> Conversion:
        """What conversion did."""
        return conversion_of(self.analog)

    @cached_property
    def statistics(self) -> Statistics:
        """What cost depends on besides the design."""
        return self.known_statistics or Statistics.of(self.analog, self.activity_images)

    def cost(self, design: Design, skipped: dict[str, float]) -> NetworkCost:
        """Cost of this network on a design with the same inputs and analog layers; see `network_cost`."""
        return network_cost(self.statistics, design, skipped=skipped)

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
    def compare(self, data: LabelledImages) -> list[tuple[LayerSums, ...]]:
        """Errors of all layers on the current chip, on the first images of a data set, batch by batch."""
        restart_reads(self.analog)
        with settled(self.analog), settled(self.reference):
            return [layer_sums(self.reference, self.analog, images) for images, _ in data.part(0, COMPARED).batches()]

    def each_right(self, data: LabelledImages, advance: Advance = int) -> Tensor:
        """Whether the network gets each image right on the current chip, (images,).

        Args:
            data: a data set, or a part of one.
            advance: told how many images are done.
        """
        restart_reads(self.analog, data.first)
        return data.each_right(self.analog, advance)

    def right(self, data: LabelledImages, advance: Advance = int) -> int:
        """Number of images that the network gets right on the current chip; arguments as for `each_right`."""
        return int(self.each_right(data, advance).sum())
