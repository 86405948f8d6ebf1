"""How the conversions of a product follow each other, and the circuit that makes them."""

from __future__ import annotations

from dataclasses import dataclass

from bitline.config.trust import refusal
from bitline.cost.architectures import LAWS, PublishedConverter, bounded_pJ
from bitline.cost.converters import Converter
from bitline.cost.library import Library
from bitline.cost.scaling import supply_of
from bitline.design import Design
from bitline.encode import InputSlicing
from bitline.errors import DesignError
from bitline.readout import Adc, NoAdc, bits_saved

SUBSTITUTE = "sar"
"""Architecture, usual beside columns, whose law stands in for converters without a library's numbers or a law."""


@dataclass(frozen=True)
class ConversionSchedule:
    """How the conversions of one product follow each other.

    Attributes:
        slicing: how inputs are applied and converted.
        bits: resolution of each conversion of one column.
        converter: its circuit.
        rate: conversions per microsecond that the design asks for, or None.
    """

    slicing: InputSlicing
    bits: tuple[int, ...]
    converter: Converter
    rate: float | None

    @classmethod
    def of(cls, design: Design, library: Library, magnitude_bits: int, signed: bool) -> ConversionSchedule:
        """The schedule of inputs with so many magnitude bits.

        Args:
            design: of the layer.
            library: circuits.
            magnitude_bits: of input codes.
            signed: whether input codes have a sign.

        Raises:
            DesignError: the design has no converter.
        """
        adc = design.adc
        if not adc.is_loaded:
            raise DesignError(refusal(adc.kind, "adc.kind"))
        if not adc.converts:
            raise DesignError(
                f"adc.kind is 'none' in design {design.name!r}, and a readout without converters has no energy, area "
                "or time: use for example adc.kind = 'uniform'"
            )
        slicing = design.inputs.slicing(magnitude_bits, signed)
        built, saved = design.hardware.adc_bits or adc.bits, bits_saved(adc, slicing.places) * slicing.polarities
        bits = tuple(max(1, built - each) for each in saved)
        circuit = converter(adc, library)
        return cls(slicing, bits, circuit, adc.rate_MS_per_s)

    def _integrations_of(self, library: Library) -> list[int]:
        """Integrations of a column for each conversion, the least significant first."""
        slicing = self.slicing
        each = (slicing.slices_of(conversion) for conversion in range(len(self.bits)))
        return [library.integration.steps(slices, slicing.slice_bits) for slices in each]

    def integrations(self, library: Library) -> int:
        """Integrations of one column for one product."""
        return sum(self._integrations_of(library))

    @property
    def largest_bits(self) -> int:
        """Resolution that the converter is built for."""
        return max(self.bits)

    @property
    def row_converter_bits(self) -> int:
        """Bits of the converter that a row needs where slices of the inputs have several; 0 where they have one."""
        return self.slicing.slice_bits if self.slicing.slice_bits > 1 else 0

    def conversion_pJ(self) -> float:
        """Energy of all conversions of one column."""
        return sum(bounded_pJ(self.converter, bits) for bits in self.bits)

    def product_ns(self, columns: int, slice_ns: float, library: Library) -> float:
        """Time of a product.

        Args:
            columns: columns that take turns on one converter.
            slice_ns: time that a slice of the inputs is applied.
            library: circuits.
        """
        total = 0.0
        for bits, integrations in zip(self.bits, self._integrations_of(library), strict=True):
            applied = integrations * slice_ns
            converted = columns * conversion_ns(self.converter, bits, self.rate)
            total += max(applied, converted) if library.overlapped else applied + converted
        return total


def conversion_ns(circuit: Converter, bits: int, rate_MS_per_s: float | None) -> float:
    """Time of a conversion: at the rate that a design asks for, or that of the circuit.

    Args:
        circuit: of the converter.
        bits: of the conversion.
        rate_MS_per_s: of the design; None for that of the circuit.
    """
    return 1e3 / rate_MS_per_s if rate_MS_per_s else circuit.time_ns(bits)


def converter(adc: Adc | NoAdc, library: Library) -> Converter:
    """The circuit of a design's converter: the library's, or that of its architecture's law where the library has none.

    What has no law either, such as a converter of your own, is costed by that of `SUBSTITUTE`.
    """
    kind = adc.kind
    name = library.converter if kind == "uniform" else kind
    known: Converter | None = library.converters.get(name)
    if known is not None:
        return known
    return PublishedConverter.of(kind if kind in LAWS else SUBSTITUTE, library.node_nm, supply_of(library))
