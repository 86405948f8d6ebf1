"""Component libraries: files, sources and messages."""

from __future__ import annotations

import pytest

from bitline.cost import Library, libraries
from bitline.errors import DesignError


@pytest.mark.parametrize("name", libraries())
def test_libraries_read_back_and_name_their_sources(name, tmp_path):
    library = Library.load(name)
    path = tmp_path / "own.toml"
    path.write_text(library.to_toml(), encoding="utf-8")
    assert Library.load(path) == library
    assert all(quantity.source or quantity.basis for quantity in library.quantities().values())
    for name_of_number, quantity in library.quantities().items():
        if quantity.range is not None:
            low, high = quantity.range
            assert low <= quantity.value <= high, name_of_number


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"integrater.energy_pJ": 1}, ["integrater", "integrator"]),
        ({"integrator.energy_pJ": -1}, ["integrator.energy_pJ", "-1"]),
        ({"cells.kind": "foo"}, ["cells.kind", "ohmic"]),
        ({"converter": "sar"}, ["sar", "ramp"]),
        ({"converters.ramp.clock_GHz": 0}, ["clock_GHz", "above 0"]),
        ({"slice_ns": "ten"}, ["slice_ns", "ten", "number"]),
    ],
)
def test_bad_numbers_of_a_library_are_named(change, words):
    with pytest.raises(DesignError) as caught:
        Library.load("sonos-40nm").with_settings(change)
    assert all(word in str(caught.value) for word in words)


def test_a_converter_without_kind_is_asked_for_it():
    """By its own name, which is that of a kind, too."""
    with pytest.raises(DesignError, match=r"converters\.sar has no kind: give converters\.sar\.kind = one of ramp"):
        Library.load("sonos-40nm").with_settings({"converters.sar.conversion_pJ": 1.2})


def test_numbers_beyond_their_limits_say_the_limit():
    with pytest.raises(DesignError, match=r"energy_pJ.value is -1(.0)?: use 0(.0)? or more"):
        Library.load("sonos-40nm").with_settings({"integrator.energy_pJ": -1})
