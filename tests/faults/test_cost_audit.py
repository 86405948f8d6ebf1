"""Faults that an audit of the costs found, each against what the hardware asks for."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, convert
from bitline.cost import Library, RowActivity, Surroundings, gather_statistics, network_cost, whole_cost
from bitline.cost.architectures import LAWS, PublishedConverter
from bitline.design import reference
from bitline.errors import DesignError
from bitline.nn import conversion_of
from bitline.quantize import input_codes

NETWORK = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
INPUTS = torch.linspace(0, 1, 640).reshape(10, 64)


@pytest.fixture(scope="module")
def statistics():
    return gather_statistics(NETWORK, "differential", INPUTS)


# -- what costs count


def pictures() -> torch.Tensor:
    """Things in the middle of an image, as in MNIST."""
    generator = torch.Generator().manual_seed(1)
    bell = torch.exp(-((torch.arange(12) - 5.5) ** 2) / 8)
    seen = bell[:, None] * bell > 0.05
    return torch.rand(8, 4, 12, 12, generator=generator) * seen


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 8, 5),
        nn.Conv2d(4, 8, 3, padding=1),
        nn.Conv2d(4, 8, 3, dilation=4, padding=4),
        nn.Conv2d(4, 8, 3, stride=4, padding=1),
        nn.Conv2d(4, 8, 1, stride=2),
    ],
    ids=str,
)
def test_rows_are_driven_as_windows_see_the_inputs(layer):
    """Pixels at the rim counted like those in the middle: a kernel of 5 on a centred digit drove 43 % too few rows."""
    network, images = nn.Sequential(layer).eval(), pictures()
    design = Design.load("differential").with_settings({"inputs.slice_bits": 8, "inputs.accumulation": "digital"})
    found = gather_statistics(network, design, images)
    scale = conversion_of(convert(network, reference(design), images)).calibration.layers["0"].inputs
    codes = input_codes(images, scale).float()
    windows = functional.unfold(codes, layer.kernel_size, layer.dilation, layer.padding, layer.stride)
    activity = RowActivity.of(found, found.layers[0], design)
    assert activity.driven == pytest.approx((windows != 0).double().mean().item(), rel=1e-6)
    assert activity.squared == pytest.approx(((windows / 255).double() ** 2).mean().item(), rel=1e-6)


def test_costs_do_not_depend_on_which_design_comes_first(bitline, tmp_path):
    """All designs had the activity of the first one, and its digital layers."""
    digital = tmp_path / "digital.toml"
    design = Design.load("sonos-a").with_settings({"layers": [{"match": "fc", "digital": True}]})
    digital.write_text(design.model_copy(update={"name": "digital"}).to_toml(), "utf-8")
    found = []
    for order in (["sonos-a", str(digital), "isaac"], ["isaac", str(digital), "sonos-a"]):
        out = tmp_path / "costs.json"
        status, _, _ = bitline("cost", *(f"--design={name}" for name in order), "--images", "4", "--out", out)
        assert status == 0
        costs = json.loads(out.read_text())["costs"]
        found.append({cost["design"]["name"]: cost["energy_uJ"] for cost in costs})
    assert found[0] == found[1]


def test_statistics_of_digital_layers_are_not_those_of_arrays(statistics):
    """The layer cost nothing."""
    some = gather_statistics(NETWORK, Design(layers=[{"match": "2", "digital": True}]), INPUTS)
    with pytest.raises(DesignError, match=r"keeps '2' digital, and design 'sonos-a' does not: gather them"):
        network_cost(some, "sonos-a")


class Shifted(nn.Module):
    """Layers beside a parameter that is no layer."""

    def __init__(self):
        super().__init__()
        self.shift, self.first, self.second = nn.Parameter(torch.ones(64)), nn.Linear(64, 64), nn.Linear(64, 64)

    def forward(self, x):
        return self.second(self.first(x)) + self.shift


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ([{"match": "0", "digital": True}], ("0.first", "0.second")),
        ([{"match": "0.first", "set": {"adc.bits": 7}}, {"match": "0", "digital": True}], ("0.second",)),
        ([{"match": ["0.first", "0.s*"], "digital": True}], ("0.first", "0.second")),
    ],
)
def test_rules_may_keep_parameters_digital_beside_layers(rules, kept):
    """A parameter under a rule was looked for among the layers, and ended in an AttributeError."""
    network = nn.Sequential(Shifted(), nn.Linear(64, 10))
    design = Design.load("sonos-a").with_settings({"layers": rules})
    found = gather_statistics(network, design, INPUTS)
    assert found.kept == kept
    assert network_cost(found, design).energy_uJ > 0


def test_inputs_with_more_bits_than_were_counted_are_named(statistics):
    notes = network_cost(statistics, "isaac").notes
    assert sum("activity was counted with 8 bits of the inputs of 0, 2:" in note for note in notes) == 1
    assert not any("activity was counted" in note for note in network_cost(statistics, "sonos-a").notes)


# -- circuits


def test_work_of_circuits_that_a_library_lacks_is_named(statistics):
    """Integrators, accumulators and registers without energy were free without a word."""
    design = Design.load("sonos-a").with_settings({"hardware.library": "reram-130nm"})
    notes = " ".join(network_cost(statistics, design).notes)
    library = Library.load("reram-130nm")
    assert library.accumulator.energy_pJ.value == 0
    assert "accumulators" in notes


@pytest.mark.parametrize("name", ["isaac-32nm", "reram-130nm"])
def test_larger_arrays_take_more_energy_for_a_read(statistics, name):
    """A read of 1152 x 1024 cells took that of 128 x 128."""
    design = Design.load("differential").with_settings({"hardware.library": name, "array.rows": 64})
    designs = (design.with_settings({"array.columns": columns}) for columns in (64, 256))
    small, large = (network_cost(statistics, each).energies_pJ for each in designs)
    part = {"isaac-32nm": "cells", "reram-130nm": "row drivers"}[name]
    assert large[part] == pytest.approx(4 * small[part])


def test_published_arrays_take_what_is_published():
    isaac = Library.load("isaac-32nm")
    design = Design.load("isaac")
    assert isaac.cells.array_cells == design.array.rows * design.array.columns
    assert isaac.drivers.row_cells == design.array.columns


@pytest.mark.parametrize(("name", "value"), [("hardware.library", "isaac-32nm"), ("library.cells.G_max_uS", 20)])
def test_layers_have_no_library_of_their_own(name, value):
    """It was left out of account."""
    with pytest.raises(DesignError, match=r"of which a network has one: set it for the design; .* can set adc_bits"):
        Design(layers=[{"match": "0", "set": {name: value}}])


def test_layers_may_say_what_the_network_has():
    assert Design(layers=[{"match": "0", "set": {"hardware.library": "sonos-40nm", "hardware.adc_bits": 6}}])


def test_sram_cells_hold_one_bit(statistics):
    settings = {"array.kind": "charge-sharing", "hardware.library": "sram-28nm", "weights.bits_per_cell": 2}
    found = network_cost(statistics, Design.load("differential").with_settings(settings)).notes
    assert any("puts 2 bits into each cell, and SRAM cells" in note for note in found)
    one = network_cost(statistics, Design.load("differential").with_settings({**settings, "weights.bits_per_cell": 1}))
    assert not any("bits into each cell" in note for note in one.notes)


def test_what_is_not_counted_of_digital_layers_is_said():
    design = Design(layers=[{"match": "2", "digital": True}])
    notes = network_cost(gather_statistics(NETWORK, design, INPUTS), design).notes
    assert any(note.startswith("of digital layers and products, energy of multiplications") for note in notes)


@pytest.mark.parametrize("kind", LAWS)
def test_converters_of_one_bit_take_energy_time_and_area(kind):
    """Pipelined and cyclic ones were free."""
    circuit = PublishedConverter.of(kind, 40, 1.1)
    assert min(circuit.energy_pJ(1), circuit.area_um2(1), circuit.time_ns(1)) > 0


@pytest.mark.parametrize("bits", [6, 8, 10, 12])
def test_a_split_converter_switches_the_capacitors_that_it_has(bits):
    """Its area had the capacitors that matching asks for, and its energy smaller ones."""
    split, whole = (PublishedConverter.of(kind, 40, 1.1) for kind in ("split-sar", "sar"))
    ratio = (split.energy_pJ(bits) / whole.energy_pJ(bits), split.area_um2(bits) / whole.area_um2(bits))
    assert max(ratio) <= 1.001
    assert bits < 12 or min(ratio) > 0.98  # both are those that matching asks for


# -- writing and leakage


def batch(statistics, design: Design, **options):
    return whole_cost(network_cost(statistics, design), statistics, design, images=8, **options)


def test_a_verified_pulse_is_read_through_the_converter(statistics):
    """Reads took no conversion."""
    verified = Design.load("sonos-a").with_settings(
        {"cell.device": "pcm-joshi-2020", "cell.programming": {"kind": "write-verify", "tolerance": 0.01}}
    )
    dear = verified.with_settings({"library.converters.ramp.conversion_pJ": 33.5})
    cheap, dearer = batch(statistics, verified), batch(statistics, dear)
    conversion_pJ = 33.5 - Library.load("sonos-40nm").converters["ramp"].conversion_pJ.value
    cells = 1e6 * (dearer.writing_uJ - cheap.writing_uJ) / (conversion_pJ * cheap.pulses)
    assert cells == pytest.approx(2 * sum(layer.weight.numel() for layer in statistics.layers))


def test_sram_cells_leak(statistics):
    settings = {"array.kind": "charge-sharing", "weights.bits_per_cell": 1, "hardware.library": "sram-28nm"}
    design = Design.load("differential").with_settings(settings)
    cost, alone = network_cost(statistics, design), batch(statistics, design)
    density = Surroundings.of("sram-28nm").leakage_mW_per_mm2.value
    assert cost.areas_mm2["cells"] > 0
    assert alone.leakage_uJ == pytest.approx(1e-3 * density * cost.area_mm2 * alone.batch_us)


def test_cells_that_stand_in_are_written_as_what_they_are(statistics):
    """Capacitive cells beside the library of SONOS were written with pulses of SONOS: 500 us instead of 1 ns."""
    design = Design.load("differential").with_settings({"array.kind": "charge-sharing", "weights.bits_per_cell": 1})
    own = batch(statistics, design.with_settings({"hardware.library": "sram-28nm"}))
    carried = batch(statistics, design)
    assert carried.writing_ms == pytest.approx(own.writing_ms)


def test_the_share_that_fits_is_that_of_the_arrays(statistics):
    """A last tile with one array counted like a full one."""
    design = Design.load("sonos-a").with_settings({"array.rows": 8, "array.columns": 3})
    cost = network_cost(statistics, design)
    cores = sum(layer.cores for layer in cost.layers)
    per_tile = Library.load("sonos-40nm").organisation.cores_per_tile
    assert cores % per_tile
    assert batch(statistics, design, tiles=1).fits == pytest.approx(per_tile / cores)
    assert batch(statistics, design, tiles=cost.tiles).fits == 1
