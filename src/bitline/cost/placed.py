"""The matrix of one layer, placed on arrays: what it costs with so many copies."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from bitline.cost import area
from bitline.cost.library import Library
from bitline.cost.mapping import ArrayMapping
from bitline.cost.result import LayerCost
from bitline.cost.schedule import ConversionSchedule
from bitline.cost.statistics import LayerStatistics, Statistics
from bitline.cost.steps import Steps
from bitline.cost.work import RowActivity, Work
from bitline.design import Design


@dataclass(frozen=True)
class PlacedMatrix:
    """The matrix of one layer on arrays.

    Attributes:
        layer: what is known of the layer.
        design: the design of this layer, layer rules applied.
        library: circuits.
        work: what one image makes its arrays do.
        product_ns: time of one product on one copy.
    """

    layer: LayerStatistics
    design: Design
    library: Library
    work: Work
    product_ns: float

    @classmethod
    def of(
        cls, statistics: Statistics, layer: LayerStatistics, design: Design, library: Library, skipped: float
    ) -> PlacedMatrix:
        """The matrix of one layer of a network.

        Args:
            statistics: of the network.
            layer: one of its layers.
            design: of this layer.
            library: circuits.
            skipped: share of its conversions that are left out.

        Raises:
            DesignError: the design has no converter.
        """
        readout = ConversionSchedule.of(design, library, layer.magnitude_bits(design), layer.has_signs(design))
        at = ArrayMapping.of(layer.product, layer.outputs, design)
        work = Work(at, RowActivity.of(statistics, layer, design), readout, layer.products, skipped)
        return cls(layer, design, library, work, work.product_ns(design, library))

    @property
    def shared_steps(self) -> Steps:
        """Products that copies of the matrix share: those of one image step by step, with pipelining of several."""
        return self.layer.steps.of_independent_images if self.design.hardware.pipelined else self.layer.steps

    def cost(self, copies: int) -> LayerCost:
        """Cost of the layer for one image if its matrix has so many copies."""
        layer, work, library = self.layer, self.work, self.library
        interval = self.shared_steps.turns(copies) * self.product_ns
        cores = work.mapping.cores(copies, library)
        energies = work.energies(self.design, library) | self._transfer_energies()
        energies |= library.standing_pJ("core", interval, cores)
        return LayerCost(
            name=layer.name,
            macs=layer.macs,
            arrays=work.mapping.arrays * copies,
            copies=copies,
            cores=cores,
            used=work.mapping.used,
            conversions=work.conversions(self.design),
            energies_pJ=energies,
            time_ns=layer.steps.turns(copies) * self.product_ns,
            interval_ns=interval,
        )

    def areas(self, copies: int) -> Counter[str]:
        """Area in mm^2 of the cores that so many copies occupy, by component."""
        mapping, library = self.work.mapping, self.library
        cores = mapping.cores(copies, library)
        per_core = library.organisation.arrays_per_core
        arrays = cores * per_core if per_core else mapping.arrays * copies
        total: Counter[str] = Counter()
        total.update(area.times(area.array_area(self.design, library, self.work.readout, mapping), arrays))
        total.update(area.times(area.matrix_area(self.design, library, mapping), copies))
        total.update(area.times(area.core_area(library), cores))
        return total

    def _transfer_energies(self) -> dict[str, float]:
        """Energy in pJ of what a layer needs outside its cores: inputs from the buffer, outputs scaled and sent on.

        A window that slides by a step reads the inputs that are new to it; outputs go over the network once and are
        written to the buffer of the next layer.
        """
        layer, library, bits = self.layer, self.library, self.design.inputs.code_bits
        outputs = layer.products * layer.outputs
        return {
            "buffers": library.buffer_bit.energy_pJ.value * bits * (layer.fetched + outputs),
            "network": library.network_bit.energy_pJ.value * bits * outputs,
            "scaling": library.multiplier.energy_pJ.value * outputs,
            **self._range_energies(),
        }

    def _inputs_of_windows(self) -> float:
        """Inputs in all vectors of an image, those on the rim of an image counted as if it went on.

        Of the places that a transposed convolution's window covers along an axis, every stride-th has an input.
        """
        product = self.layer.product
        apart: int = math.prod(stride for stride, _ in getattr(product, "lattice", ()))
        return self.layer.products * product.groups * product.rows / apart

    def _range_energies(self) -> dict[str, float]:
        """Energy in pJ of ranges that each vector has of its own.

        Every input of a vector is compared with the largest so far, as pooling does it, and multiplied by its inverse;
        every output is multiplied by the largest once more. Nothing where all vectors have the same range.
        """
        if not self.design.inputs.range.is_per_vector:
            return {}
        layer, library = self.layer, self.library
        inputs, outputs = self._inputs_of_windows(), layer.products * layer.outputs
        multiplied = library.multiplier.energy_pJ.value * (inputs + outputs)
        return {"vector ranges": library.pooling.energy_pJ.value * inputs + multiplied}
