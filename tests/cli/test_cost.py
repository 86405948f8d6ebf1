"""`bitline cost` as a user meets it."""

from __future__ import annotations

import json

import pytest


def test_cost_compares_designs_and_writes_what_it_shows(bitline, tmp_path):
    file = tmp_path / "cost.json"
    status, _, notes = bitline("cost", "--design", "sonos-a", "--design", "sonos-e", "--images", "4", "--out", file)
    assert status == 0
    a, e = json.loads(file.read_text(encoding="utf-8"))["costs"]
    assert e["energy_uJ"] > 5 * a["energy_uJ"]
    assert "24 of 37 numbers of sonos-40nm are estimates: 'bitline cost --estimates' shows them" in notes
    changed = ("--set", "library.converters.ramp.conversion_pJ=33.5", "--sensitivity", "--units")
    status, output, _ = bitline("cost", "--design", "sonos-a", *changed, "--images", "4", "--out", file)
    assert status == 0
    (dearer,) = json.loads(file.read_text(encoding="utf-8"))["costs"]
    assert dearer["energies_pJ"]["ADCs"] == pytest.approx(10 * a["energies_pJ"]["ADCs"])
    assert "converters.ramp.conversion_pJ" in output


def test_every_embedded_network_comes_with_images(bitline):
    """Only one of the two was known to have some."""
    status, output, _ = bitline("cost", "--model", "fashion-resnet-4bit", "--images", "4", "--estimates")
    assert status == 0
    assert "stage3.conv2" in output
    assert output.count("Xiao et al. 2022, Table 3") > 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "library.foo=3"], "unknown key 'foo'"),
        (["--set", "hardware.library=own.toml"], "cannot read own.toml"),
        (["--set", "adc.kind=none"], "adc.kind is 'none'"),
        (["--model", "resnet50"], "--weights"),
    ],
)
def test_cost_explains_what_it_cannot_do(bitline, arguments, words):
    status, _, errors = bitline("cost", *arguments, "--images", "2")
    assert (status, errors.count("\n")) == (2, 1)
    assert words in errors


def test_a_part_that_only_one_library_has_is_named_where_it_makes_the_difference(bitline):
    """ISAAC's off-chip interface is most of its energy: the order of two libraries is not that of two designs."""
    _, _, errors = bitline("cost", "--design", "sonos-a", "--design", "isaac", "--model", "synthetic:small_fashion")
    assert "are HyperTransport, which library 'isaac-32nm' has and 'sonos-40nm' has not" in " ".join(errors.split())
    _, _, errors = bitline("cost", "--design", "sonos-a", "--design", "sonos-d", "--model", "synthetic:small_fashion")
    assert "has not" not in errors


LIBRARY = """
name = "mini"
node_nm = 65
slice_ns = 10
converter = "ramp"
cells = {{ kind = "constant", read_pJ = 0, area = {area} }}
drivers = {{ kind = "constant", row_pJ = {energy}, area = 0 }}
[converters.ramp]
kind = "ramp"
bits = 8
clock_GHz = 1
conversion_pJ = 0
area = 0
"""


@pytest.mark.parametrize(("area", "energy"), [(0, 1), (1, 0)])
def test_libraries_that_know_no_areas_or_no_energies_are_shown(bitline, tmp_path, area, energy):
    """The table of what they do not know was empty, and a fault of bitline's."""
    (tmp_path / "mini.toml").write_text(LIBRARY.format(area=area, energy=energy), encoding="utf-8")
    library = ("--set", f"hardware.library={tmp_path / 'mini.toml'}", "--images", "2")
    status, output, _ = bitline("cost", "--design", "sonos-a", "--design", "differential", *library)
    assert status == 0
    assert ("area (mm²)" in output, "energy (µJ)" in output) == (area == 1, energy == 1)
    assert output.count("together") == 1
