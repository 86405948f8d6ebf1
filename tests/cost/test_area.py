"""Areas count the circuits whose energies are counted."""

import pytest

from bitline import Design
from bitline.arrays import MatrixProduct
from bitline.cost import Library
from bitline.cost.area import array_area, matrix_area
from bitline.cost.mapping import ArrayMapping
from bitline.cost.schedule import ConversionSchedule

UNIT = {"weights": {"kind": "offset", "subtraction": "unit-column"}}
DIGITAL = {"weights": {"kind": "offset", "subtraction": "digital"}}


@pytest.mark.parametrize(
    ("settings", "additions", "sums"),
    [({}, 0, 0), (UNIT, 1, 0), (DIGITAL, 1, 1), ({"adc.centred": True}, 1, 0)],
    ids=["differential", "unit column", "digital", "centred"],
)
def test_every_addition_of_a_column_has_an_adder(settings, additions, sums):
    """Those that take unit columns and sums of the inputs away cost energy, but no area."""
    design, library = Design.load("differential").with_settings(settings), Library.load("sonos-40nm")
    at = ArrayMapping.of(MatrixProduct(100), 30, design)
    assert at.additions(design) == additions
    found = 1e6 * matrix_area(design, library, at)["adders"] / library.adder.area_um2.value
    assert found == pytest.approx(additions * at.columns + sums)


@pytest.mark.parametrize(("slice_bits", "bits"), [(1, 0), (4, 4)])
def test_every_word_line_has_a_converter_of_as_many_bits_as_a_slice(slice_bits, bits):
    design = Design(inputs={"slice_bits": slice_bits}, array={"rows": 30, "turns": 2})
    library = Library.load("sram-28nm")
    readout = ConversionSchedule.of(design, library, 8, signed=False)
    areas = array_area(design, library, readout, ArrayMapping.of(MatrixProduct(60), 5, design))
    assert 1e6 * areas["row converters"] == pytest.approx(60 * bits * 20)


@pytest.mark.parametrize(("shared", "converters"), [(1, 100), (16, 7), (30, 4), (100, 1)])
def test_the_last_columns_share_a_converter_of_their_own(shared, converters):
    design = Design(array={"columns": 100}, adc={"columns_per_adc": shared})
    library = Library.load("sonos-40nm")
    readout = ConversionSchedule.of(design, library, 8, signed=False)
    areas = array_area(design, library, readout, ArrayMapping.of(MatrixProduct(60), 100, design))
    assert 1e6 * areas["ADCs"] == pytest.approx(converters * readout.converter.area_um2(8))
