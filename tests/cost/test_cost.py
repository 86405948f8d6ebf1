"""Energy, area and latency against hand counts, published totals, brute force and invariants."""

from __future__ import annotations

import json
import math
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from bitline import BitlineError, Design, conversion_of, convert, evaluate
from bitline.arrays import ConvolutionProduct, MatrixProduct
from bitline.cost import (
    OUTSIDE,
    Library,
    RowActivity,
    core_cost,
    gather_statistics,
    libraries,
    network_cost,
    sensitivity,
    unit_costs,
)
from bitline.cost.mapping import ArrayMapping, copies_of
from bitline.cost.statistics import Statistics
from bitline.cost.work import RowActivity as Activity
from bitline.design.hardware import BalancedDuplication
from bitline.errors import DesignError
from bitline.nn import Inputs
from bitline.nn.calibrate import record_activity
from bitline.quantize import InputScale, input_codes, weight_codes

IMAGES = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(5))
RESNET50 = Activity(driven=0.1701, squared=0.1701, conductance=0.00431)
"""Average of unsliced differential weights and inputs of ResNet-50 (product-quantised weights), 32 ImageNet images."""


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 6, 3, groups=3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 4),
    )


@cache
def statistics() -> Statistics:
    return gather_statistics(network(), "differential", IMAGES)


SMALL = {"array.rows": 20, "array.columns": 4, "weights.bits_per_cell": 2}


# Small cases, counted by hand


def simple_library(**changes: object) -> Library:
    names = "integrator accumulator subtractor shift_add adder multiplier input_bit output_bit buffer_bit network_bit"
    sections = {
        name: {"energy_pJ": 10.0 ** -(index % 4), "area_um2": 1.0 + index} for index, name in enumerate(names.split())
    }
    return Library(
        name="simple",
        node_nm=40,
        slice_ns=10,
        cells={"kind": "ohmic", "G_max_uS": 10, "read_V": 0.2, "area": 0.5},
        drivers={
            "kind": "line", "supply_V": 2, "wire_fF_per_um": 0.5, "cell_width_um": 2, "cell_fF": 1, "logic_pJ": 0.25,
            "area": 3,
        },
        converter="ramp",
        converters={"ramp": {"kind": "ramp", "bits": 8, "clock_GHz": 2, "conversion_pJ": 4, "area": 80}},
        **{**sections, "buffer_KB": 1, **changes},
    )  # fmt: skip


def test_a_small_matrix_counted_by_hand():
    design = Design(
        inputs={"bits": 4}, weights={"bits": 5, "bits_per_cell": 2}, array={"rows": 6, "columns": 8}, adc={"bits": 6}
    )
    library = simple_library()
    cost = core_cost(design, library, rows=12, columns=3, activity=Activity(0.5, 0.5, 0.1))
    energies = cost.energies_pJ
    # 2 partitions x 2 slices of 3 columns with two lines, 4 input bits added in analog, so 12 conversions of 6 bits
    assert energies["integrators"] == pytest.approx(12 * 4 * 1.0)
    assert energies["accumulators"] == pytest.approx(12 * 4 * 0.1)
    assert energies["subtractors"] == pytest.approx(12 * 0.01)
    assert energies["ADCs"] == pytest.approx(12 * 4 / 4)
    assert energies["adders"] == pytest.approx(3 * 3 * 1.0)
    assert energies["input registers"] == pytest.approx(12 * 4 * 0.01)
    assert energies["output registers"] == pytest.approx(3 * 4 * 0.001)
    assert "shift-and-add" not in energies
    # rows: 12 x 2 slices x 4 bits, half of them driven, 16 cells of (2 x 0.5 + 1) fF at 2 V, and 0.25 pJ of logic
    assert energies["row drivers"] == pytest.approx(96 * 0.5 * (16 * 2 * 4 * 1e-3 + 0.25))
    # cells: 12 x 3 x 2 lines x 2 slices x 4 bits; 10 uS x 0.04 V^2 x 10 ns = 4 fJ each at G_max
    assert energies["cells"] == pytest.approx(12 * 3 * 4 * 4 * 0.1 * 4e-3)
    assert cost.time_ns == 4 * 10 + 2**6 / 2
    areas = {name: 1e6 * area for name, area in cost.areas_mm2.items()}
    assert areas["cells"] == pytest.approx(4 * 6 * 16 * 0.5)
    assert areas["row drivers"] == pytest.approx(4 * 6 * 3)
    assert areas["ADCs"] == pytest.approx(4 * 8 * 80 * 6 / 8)
    assert areas["integrators"] == pytest.approx(4 * 8 * 1)
    assert areas["accumulators"] == pytest.approx(4 * 8 * 2)
    assert areas["adders"] == pytest.approx(3 * 3 * 5)


def test_a_conversion_for_each_input_bit_counted_by_hand():
    design = Design(
        inputs={"bits": 4, "accumulation": "digital"},
        weights={"kind": "offset", "bits": 4, "bits_per_cell": 2},
        array={"rows": 8, "columns": 4},
        adc={"bits": 6, "columns_per_adc": 2, "bits_saved": [1], "skip_zero_inputs": False},
    )
    cost = core_cost(design, simple_library(), rows=8, columns=4, activity=Activity(1.0, 1.0, 0.5))
    # 2 slices x 4 columns x 4 bits; the least significant bit is converted with 5 bits
    assert cost.energies_pJ["ADCs"] == pytest.approx(2 * 4 * (3 * 1.0 + 0.5))
    assert cost.energies_pJ["shift-and-add"] == pytest.approx(2 * 4 * 4 * 0.001)
    assert "subtractors" not in cost.energies_pJ
    assert "accumulators" not in cost.energies_pJ
    # one addition of the slices and one of the offset for each output, and the sum of 8 inputs
    assert cost.energies_pJ["adders"] == pytest.approx(4 * 2 + 8)
    assert cost.time_ns == pytest.approx(4 * 10 + 2 * (3 * 32 + 16))
    assert 1e6 * cost.areas_mm2["ADCs"] == pytest.approx(2 * 2 * 80 * 6 / 8)
    overlapped = core_cost(design, simple_library(overlapped=True), rows=8, columns=4)
    assert overlapped.time_ns == pytest.approx(3 * 64 + 32)


def test_mapping_of_matrices_and_grouped_convolutions():
    tall = ArrayMapping.of(MatrixProduct(2500), 600, Design())
    assert (tall.partitions, tall.tiles, tall.arrays) == (3, 3, 9)
    assert tall.used == pytest.approx(2500 * 600 / (9 * 1152 * 256))
    sliced = ArrayMapping.of(MatrixProduct(100), 10, Design(weights={"bits": 9, "bits_per_cell": 1}))
    assert sliced.arrays == sliced.slices == 8
    depthwise = ArrayMapping.of(ConvolutionProduct(1, (3, 3), groups=300), 300, Design())
    assert (depthwise.packed, depthwise.arrays) == (128, 3)
    unit = ArrayMapping.of(MatrixProduct(128), 256, Design.load("isaac"))
    assert (unit.columns, unit.tiles, unit.arrays) == (258, 2, 16)


@given(times=st.lists(st.floats(1, 1e4), min_size=1, max_size=8), extra=st.floats(0, 20), seed=st.integers(0, 1000))
def test_copies_keep_to_the_budget_and_shorten_the_slowest_layer(times, extra, seed):
    generator = torch.Generator().manual_seed(seed)
    names = [str(index) for index in range(len(times))]
    arrays = {name: int(torch.randint(1, 9, (), generator=generator)) for name in names}
    products = {name: float(torch.randint(1, 50, (), generator=generator)) for name in names}
    duration = dict(zip(names, times, strict=True))
    copies = copies_of(BalancedDuplication(extra_arrays=extra), arrays, products, duration)
    assert sum((copies[name] - 1) * arrays[name] for name in names) <= extra * sum(arrays.values()) + 1e-9
    assert all(1 <= copies[name] <= products[name] for name in names)
    slowest = max(duration[name] / copies[name] for name in names)
    assert slowest <= max(times) * (1 + 1e-9)
    bottleneck = max(names, key=lambda name: duration[name] / copies[name])
    more = {name: max(1, math.ceil(duration[name] / slowest * (1 + 1e-6))) for name in names}
    price = sum((more[name] - 1) * arrays[name] for name in names)
    assert price > extra * sum(arrays.values()) - 1e-6 or copies[bottleneck] >= products[bottleneck] or slowest == 0


# Published totals


def test_isaac_totals_follow_from_its_library():
    """Shafiee et al., ISCA 2016, Table I and section 8."""
    core, tile, chip = unit_costs("isaac")
    assert 12 * core.power_mW == pytest.approx(289, rel=0.01)
    assert 12 * core.area_mm2 == pytest.approx(0.157, rel=0.01)
    assert tile.power_mW == pytest.approx(330, rel=0.01)
    assert tile.area_mm2 == pytest.approx(0.372, rel=0.01)
    assert chip.power_mW == pytest.approx(65_800, rel=0.01)
    assert chip.area_mm2 == pytest.approx(85.4, rel=0.01)
    assert 1e3 * chip.TOPS_per_mm2 == pytest.approx(479, rel=0.01)
    assert tile.energies_pJ["ADCs"] / tile.energy_pJ == pytest.approx(0.58, rel=0.01)
    assert tile.areas_mm2["ADCs"] / tile.area_mm2 == pytest.approx(0.31, rel=0.01)


PUBLISHED = {"a": (8.4, 0.24), "b": (63.1, 2.02), "c": (43.3, 1.30), "d": (25.8, 0.27), "e": (902.0, 11.14)}
"""fJ/op and mm^2 of a core: Xiao et al. 2022, Table 3."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_cores_of_the_paper(name):
    cost = core_cost(f"sonos-{name}", activity=RESNET50)
    energy, area = PUBLISHED[name]
    assert cost.area_mm2 == pytest.approx(area, rel=0.01)
    assert cost.energy_per_operation_fJ == pytest.approx(energy, rel=0.05)
    assert cost.time_ns == (336 if name in "abc" else 2128)


def test_designs_of_the_paper_on_resnet50(shared):
    """Xiao et al. 2022, section 9.2: order and ratios, with the activity of ResNet-50 at 224 x 224."""
    from bitline.data import load_dataset
    from bitline.networks import find_network, load_network

    entry = find_network("resnet50")
    model = load_network(entry, shared / "weights" / "imagenet_resnet50_pqf_large.pth")
    images = load_dataset(str(shared / "imagenet" / "train500_224.zip"), entry.preprocess).split(8, 0).images
    seen = gather_statistics(model, "sonos-a", images)
    assert sum(layer.macs for layer in seen.layers) == pytest.approx(4.089e9, rel=1e-3)
    designs = {name: Design.load(f"sonos-{name}") for name in PUBLISHED}
    cores = {name: core_cost(one, activity=RowActivity.average(seen, one)) for name, one in designs.items()}
    for name, (energy, area) in PUBLISHED.items():
        assert cores[name].energy_per_operation_fJ == pytest.approx(energy, rel=0.05)
        assert cores[name].area_mm2 == pytest.approx(area, rel=0.01)
    whole = {name: network_cost(seen, one) for name, one in designs.items()}
    energies = [whole[name].energy_uJ for name in "acdbe"]
    assert energies == sorted(energies)
    assert max(whole["e"].energies_pJ, key=whole["e"].energies_pJ.get) == "ADCs"
    conversions = [whole[name].totals()["conversions"] for name in "ace"]
    assert conversions == sorted(conversions)


# Activity, against brute force


def test_rows_and_cells_are_as_active_as_a_count_says():
    model = network()
    design = Design(weights={"bits_per_cell": 2, "bits": 5}, inputs={"bits": 5})
    seen = gather_statistics(model, design, IMAGES)
    activity = Activity.of(seen, seen.layers[1], design)
    converted = convert(model, design, IMAGES)
    scale = converted[2].calibration.inputs
    inputs = functional.relu(model[0](IMAGES)).detach()
    codes = input_codes(inputs, scale)
    assert not scale.signed
    patches = functional.unfold(codes, 3, padding=1, stride=2)
    bits = torch.stack([(patches.long() >> index) & 1 for index in range(5)]).double()
    # windows that stride over an image see its edges less than its middle; the statistics take pixels as alike
    assert activity.driven == pytest.approx(float(bits.mean()), rel=0.05)
    groups = bits.reshape(5, len(IMAGES), 3, 18, -1)
    cells = digits_of(model[2], design).reshape(2, 2, 3, 2, 18)
    mean = torch.einsum("bngrp,lsgor->", groups, cells) / (5 * len(IMAGES) * groups.shape[-1] * cells.numel())
    assert activity.conductance == pytest.approx(float(mean), rel=0.1)


def digits_of(layer: nn.Module, design: Design) -> torch.Tensor:
    weights, _ = weight_codes(layer.weight.detach().flatten(1), design.weights.bits, "layer", 100.0)
    return design.weights.digits(weights).double()


def test_activity_of_a_matrix_is_exact():
    layer = nn.Linear(7, 5)
    inputs = torch.rand(40, 7, generator=torch.Generator().manual_seed(1)) ** 3
    design = Design(weights={"bits_per_cell": 2, "bits": 5}, inputs={"bits": 6, "slice_bits": 2})
    seen = gather_statistics(nn.Sequential(layer), design, inputs)
    activity = Activity.of(seen, seen.layers[0], design)
    codes = input_codes(inputs, convert(nn.Sequential(layer), design, inputs)[0].calibration.inputs).long()
    slices = torch.stack([(codes >> (2 * index)) & 3 for index in range(3)]).double() / 3
    cells = digits_of(layer, design)
    assert activity.driven == pytest.approx(float((slices > 0).double().mean()), rel=1e-6)
    assert activity.squared == pytest.approx(float(slices.square().mean()), rel=1e-6)
    mean = torch.einsum("bnr,lsor->", slices.square(), cells) / (3 * len(inputs) * cells.numel())
    assert activity.conductance == pytest.approx(float(mean), rel=1e-5)


def test_mean_currents_are_those_of_the_lowest_input_bit():
    layer = nn.Linear(7, 5)
    inputs = torch.rand(40, 7, generator=torch.Generator().manual_seed(1)) ** 3
    design = Design(weights={"bits_per_cell": 2, "bits": 5}, inputs={"bits": 6})
    seen = gather_statistics(nn.Sequential(layer), design, inputs)
    codes = input_codes(inputs, convert(nn.Sequential(layer), design, inputs)[0].calibration.inputs).long()
    currents = torch.einsum("br,lsor->lsob", (codes & 1).double(), digits_of(layer, design))
    assert seen.mean_current(seen.layers[0], design) == pytest.approx(float(currents.mean()), rel=1e-5)


def test_driver_voltages_count_by_their_square():
    seen = gather_statistics(network(), "differential", IMAGES)
    one = Activity.of(seen, seen.layers[1], Design())
    four = Activity.of(seen, seen.layers[1], Design(inputs={"slice_bits": 4}))
    assert one.squared == one.driven
    assert four.squared < four.driven
    assert four.driven > one.driven


def test_calibration_gathers_activity_on_the_way():
    model, design = network(), Design()
    converted = convert(model, design, IMAGES)
    record = conversion_of(converted)
    assert record.activities is not None
    scales = {name: one.inputs for name, one in record.calibration.layers.items()}
    fresh = record_activity(converted, scales, Inputs.of(IMAGES, converted))
    # the first layer sees the images in both passes; behind it, one pass was quantised and the other was not
    assert torch.equal(record.activities["0"].counts, fresh["0"].counts)
    assert torch.equal(record.activities["6"].counts.sum(1), fresh["6"].counts.sum(1))


def test_negative_inputs_have_one_bit_less():
    model = nn.Sequential(nn.Linear(5, 2))
    signed = gather_statistics(model, "differential", torch.randn(20, 5))
    cost = network_cost(signed, "differential")
    assert signed.layers[0].signed
    assert cost.layers[0].time_ns == 7 * 10 + 256


# Invariants


@st.composite
def designs(draw):
    offset = draw(st.booleans())
    accumulation = draw(st.sampled_from(["analog", "digital", "mixed"]))
    return Design().with_settings(
        {
            "weights.kind": "offset" if offset else "differential",
            "weights.bits": draw(st.integers(3, 9)),
            "weights.bits_per_cell": draw(st.integers(1, 2)),
            "weights.subtraction": draw(st.sampled_from(["digital", "unit-column" if offset else "analog"])),
            "inputs.accumulation": accumulation,
            "inputs.bits": draw(st.integers(2, 9)),
            "array.rows": draw(st.integers(4, 80)),
            "array.columns": draw(st.integers(2, 40)),
            "adc.bits": draw(st.integers(2, 10)),
            "adc.columns_per_adc": draw(st.integers(1, 8)),
            "adc.kind": draw(st.sampled_from(["uniform", "sar", "flash", "ramp", "cyclic", "pipeline"])),
            "hardware.library": draw(st.sampled_from(libraries())),
            "hardware.duplication": draw(st.sampled_from(["none", "balanced"])),
            "hardware.pipelined": draw(st.booleans()),
        }
    )  # fmt: skip


@settings(max_examples=60)
@given(design=designs())
def test_parts_sum_to_the_whole(design):
    cost = network_cost(statistics(), design)
    total = 1e6 * cost.energy_uJ
    assert sum(layer.energy_pJ for layer in cost.layers) == pytest.approx(total)
    assert cost.to_frame()["energy_pJ"].sum() == pytest.approx(total)
    assert all(value >= 0 for layer in cost.layers for value in layer.energies_pJ.values())
    assert cost.area_mm2 == pytest.approx(sum(cost.areas_mm2.values()))
    assert cost.latency_ns == pytest.approx(sum(layer.time_ns for layer in cost.layers))
    assert cost.interval_ns <= cost.latency_ns * (1 + 1e-9)
    assert cost.energy_per_mac_fJ * cost.TOPS_per_W == pytest.approx(2000)
    assert 0 < cost.used <= 1
    assert cost.layers[-1].name == OUTSIDE
    json.dumps(cost.to_dict(), allow_nan=False)
    assert network_cost(statistics(), design).to_dict() == cost.to_dict()


@settings(max_examples=25)
@given(design=designs(), data=st.data())
def test_energy_and_area_grow_in_proportion_to_every_number(design, data):
    library = Library.load(design.hardware.library)
    fixed = ("clock", "rate", "slice_ns", "supply", "read_V", "share")
    names = [name for name in library.quantities() if not any(word in name for word in fixed)]
    name = data.draw(st.sampled_from(names))
    value = library.quantities()[name].value

    def totals(factor: float) -> tuple[float, float, float]:
        cost = network_cost(statistics(), design, library.with_settings({name: factor * value}))
        return cost.energy_uJ, cost.area_mm2, cost.latency_ns

    one, two, three = totals(1), totals(2), totals(3)
    assert one[2] == two[2]
    for index in range(2):
        assert two[index] >= one[index] * (1 - 1e-12)
        assert three[index] - two[index] == pytest.approx(two[index] - one[index], rel=1e-6, abs=1e-9 * one[index])


def test_costs_follow_the_design_the_right_way():
    base = Design().with_settings({**SMALL, "inputs.accumulation": "digital"})

    def cost(**settings: object):
        return network_cost(
            statistics(), base.with_settings({key.replace("__", "."): one for key, one in settings.items()})
        )

    plain = cost()
    assert cost(adc__bits=9).energies_pJ["ADCs"] == pytest.approx(2 * plain.energies_pJ["ADCs"])
    assert cost(adc__bits=9).latency_ns > plain.latency_ns
    assert cost(inputs__accumulation="analog").energies_pJ["ADCs"] < plain.energies_pJ["ADCs"]
    assert cost(array__rows=200).totals()["conversions"] < plain.totals()["conversions"]
    assert cost(weights__bits_per_cell="unsliced").arrays < plain.arrays
    shared_adcs = cost(adc__columns_per_adc=4)
    assert shared_adcs.areas_mm2["ADCs"] == pytest.approx(plain.areas_mm2["ADCs"] / 4)
    assert shared_adcs.latency_ns > plain.latency_ns
    copied = cost(hardware__duplication="balanced")
    assert copied.interval_ns < plain.interval_ns
    assert copied.arrays <= 2 * plain.arrays
    assert copied.energy_uJ == pytest.approx(plain.energy_uJ)
    assert cost(hardware__pipelined=False).interval_ns == plain.latency_ns
    faster = cost(adc__rate_MS_per_s=100.0)
    assert faster.latency_ns < plain.latency_ns


def test_conductances_after_programming_count():
    clean = network_cost(statistics(), "differential")
    leaky = network_cost(statistics(), Design.load("differential").with_settings({"cell.on_off_ratio": 3.0}))
    assert leaky.energies_pJ["cells"] > 1.2 * clean.energies_pJ["cells"]


def test_layers_that_stay_digital_cost_digital_macs():
    rule = [{"match": "6", "digital": True}]
    design = Design(layers=rule)
    late = network_cost(statistics(), design)
    early = network_cost(gather_statistics(network(), design, IMAGES), design)
    expected = 24 * Library.load("sonos-40nm").digital_mac.energy_pJ.value
    assert late.layers[-1].energies_pJ["digital layers"] == pytest.approx(expected)
    assert early.layers[-1].energies_pJ["digital layers"] == pytest.approx(expected)
    assert late.macs == pytest.approx(early.macs)


def test_work_outside_the_arrays_is_counted():
    digital = statistics().digital
    assert digital.activations == 6 * 64 + 6 * 16
    assert digital.poolings == 6 * 16
    assert digital.unknown == ()


# With accuracy


def test_an_evaluation_brings_its_cost(fashion):
    model, dataset = fashion
    chosen = dataset.split(16, 16)
    design = Design().with_settings({"inputs.accumulation": "digital", "adc.skip_zero_inputs": True, "array.rows": 36})
    result = evaluate(model, design, chosen.images, chosen.labels, chosen.calibration, chips=1)
    assert result.cost is not None
    for error, layer in zip(result.layers, result.cost.layers, strict=False):
        assert error.name == layer.name
        assert layer.conversions == pytest.approx(error.conversions, rel=1e-9)
    assert sum(one.skipped for one in result.layers) > 0
    assert result.to_frame()["energy_uJ"][0] == result.cost.energy_uJ
    assert result.to_dict()["cost"]["energy_uJ"] == result.cost.energy_uJ
    without = evaluate(model, Design(adc={"kind": "none"}), chosen.images, chosen.labels, chosen.calibration, chips=1)
    assert without.cost is None
    assert any("no energy" in note for note in without.notes)


def test_sensitivity_orders_numbers_by_what_they_change():
    frame = sensitivity(statistics(), Design().with_settings({**SMALL, "inputs.accumulation": "digital"}))
    changes = (frame["energy"] - 1).abs()
    assert changes.is_monotonic_decreasing
    assert (frame["energy"] >= 1).all()
    ramp = frame.set_index("quantity").loc["converters.ramp.conversion_pJ"]
    cost = network_cost(statistics(), Design().with_settings({**SMALL, "inputs.accumulation": "digital"}))
    share = cost.energies_pJ["ADCs"] / sum(cost.energies_pJ.values())
    assert ramp["energy"] == pytest.approx(1 + share)


# Libraries and messages


@pytest.mark.parametrize("name", libraries())
def test_libraries_read_back_and_name_their_sources(name, tmp_path):
    library = Library.load(name)
    path = tmp_path / "own.toml"
    path.write_text(library.to_toml(), encoding="utf-8")
    assert Library.load(path) == library
    assert all(one.source or one.basis for one in library.quantities().values())
    for number, one in library.quantities().items():
        if one.range is not None:
            assert one.range[0] <= one.value <= one.range[1], number


def test_a_changed_number_is_an_estimate_and_shown_as_such():
    published = Library.load("isaac-32nm")
    changed = published.with_settings({"converters.sar.conversion_pJ": 3})
    assert changed.quantities()["converters.sar.conversion_pJ"].is_estimate
    counts = [
        next(int(note.split()[0]) for note in network_cost(statistics(), Design.load("isaac"), library).notes
             if "are estimates" in note)
        for library in (published, changed)
    ]  # fmt: skip
    assert counts[1] == counts[0] + 1


def test_converters_unknown_to_a_library_come_from_the_survey():
    cost = network_cost(statistics(), Design(adc={"kind": "flash", "bits": 5}))
    assert any("flash" in note and "2404.06553" in note for note in cost.notes)


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


def test_impossible_questions_get_one_clear_message():
    with pytest.raises(DesignError, match=r"adc\.kind is 'none'"):
        network_cost(statistics(), Design(adc={"kind": "none"}))
    with pytest.raises(DesignError, match="digital"):
        network_cost(statistics(), Design(layers=[{"match": "*", "digital": True}]))
    with pytest.raises(DesignError, match="sonos-40nm"):
        network_cost(statistics(), Design(hardware={"library": "sonos-40"}))
    with pytest.raises(BitlineError, match="images"):
        gather_statistics(network(), "differential", IMAGES[:0])


def test_input_scale_of_statistics_is_that_of_the_network():
    assert isinstance(convert(network(), "differential", IMAGES)[0].calibration.inputs, InputScale)
