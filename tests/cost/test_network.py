"""Energy, area and latency of networks: invariants, and what settings do to them."""

from __future__ import annotations

import copy
import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_cost import IMAGES, SMALL, network, statistics
from torch import nn

from bitline import BitlineError, Design, evaluate
from bitline.cost import OUTSIDE, Library, gather_statistics, libraries, network_cost
from bitline.cost.schedule import ConversionSchedule
from bitline.errors import DesignError


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
            "weights.accumulation": draw(st.sampled_from(["digital", "analog"])),
            "array.accumulation": draw(st.sampled_from(["digital", "analog"])),
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

    single, double, triple = totals(1), totals(2), totals(3)
    assert single[2] == double[2]
    for index in range(2):
        assert double[index] >= single[index] * (1 - 1e-12)
        step = pytest.approx(double[index] - single[index], rel=1e-6, abs=1e-9 * single[index])
        assert triple[index] - double[index] == step


def test_costs_follow_the_design_the_right_way():
    base = Design().with_settings({**SMALL, "inputs.accumulation": "digital"})

    def cost(**settings: object):
        return network_cost(
            statistics(), base.with_settings({key.replace("__", "."): value for key, value in settings.items()})
        )

    plain = cost()
    assert cost(adc__bits=9).energies_pJ["ADCs"] == pytest.approx(2 * plain.energies_pJ["ADCs"])
    assert cost(adc__bits=9).latency_ns > plain.latency_ns
    assert cost(inputs__accumulation="analog").energies_pJ["ADCs"] < plain.energies_pJ["ADCs"]
    added = cost(weights__accumulation="analog"), cost(array__accumulation="analog")
    slices = base.weights.slices
    assert plain.totals()["conversions"] == pytest.approx(slices * added[0].totals()["conversions"])
    assert cost(array__rows=10_000).totals()["conversions"] == pytest.approx(added[1].totals()["conversions"])
    for name, each in zip(("weights", "array"), added, strict=True):
        assert any(note.startswith(f"{name}.accumulation is 'analog'") for note in each.notes)
        assert each.areas_mm2["ADCs"] < plain.areas_mm2["ADCs"]
        assert each.energies_pJ["cells"] == pytest.approx(plain.energies_pJ["cells"])
    assert not any("accumulation" in note for note in plain.notes)
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


@pytest.mark.parametrize(
    ("layer", "shape", "array_columns", "in_use"),
    [
        (nn.Linear(64, 10), (64,), 256, 10),
        (nn.Linear(64, 10), (64,), 4, 4),
        (nn.Conv2d(6, 6, 3, groups=6), (6, 3, 3), 256, 6),
        (nn.Conv2d(6, 12, 3, groups=6), (6, 3, 3), 5, 4),
    ],
)
def test_converters_have_no_columns_that_do_not_exist(layer, shape, array_columns, in_use):
    """The fullest converter decides the time: it has the columns in use on an array, or as many as share one."""
    statistics = gather_statistics(nn.Sequential(layer), "differential", torch.rand(8, *shape))
    base = Design().with_settings({"array.columns": array_columns, "inputs.accumulation": "digital"})

    def converted_ns(share: int) -> float:
        shared = network_cost(statistics, base.with_settings({"adc.columns_per_adc": share}))
        single = network_cost(statistics, base.with_settings({"adc.columns_per_adc": 1}))
        return (shared.layers[0].time_ns - single.layers[0].time_ns) / single_ns

    schedule = ConversionSchedule.of(base, Library.load(base.hardware.library), 8, signed=False)
    single_ns = schedule.product_ns(2, 0.0, Library.load(base.hardware.library)) / 2
    for share in (2, 3, 10, 128, 256):
        assert converted_ns(share) == pytest.approx(min(share, in_use) - 1)


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


def test_ranges_of_vectors_cost_a_comparison_of_each_input_and_two_multiplications():
    library = Library.load("sonos-40nm").with_settings({"pooling.energy_pJ": 3.0, "multiplier.energy_pJ": 5.0})
    own = Design().with_settings({"inputs.range": "per-vector"})
    cost, shared = (network_cost(statistics(), design, library) for design in (own, Design()))
    inputs, outputs = 64 * 27 + 16 * 3 * 18 + 6, 64 * 6 + 16 * 6 + 4
    assert cost.energies_pJ["vector ranges"] == pytest.approx((3 + 5) * inputs + 5 * outputs)
    assert cost.energy_uJ - shared.energy_uJ == pytest.approx(1e-6 * cost.energies_pJ["vector ranges"])
    assert "vector ranges" not in shared.energies_pJ
    free = network_cost(statistics(), own, library.with_settings({"pooling.energy_pJ": 0.0}))
    assert any("no energy for its comparisons" in note for note in free.notes)


def test_windows_that_lie_apart_have_the_activity_of_their_padding():
    """Padding counts once: as codes of 0 where windows lie apart, as inputs that are not there otherwise."""
    images = (IMAGES > 0.5).float()
    shared = Design().with_settings({"inputs.range.percentile": 100.0})
    own = Design().with_settings({"inputs.range": "per-vector"})
    plain, apart = (gather_statistics(network(), design, images) for design in (shared, own))
    first, same = plain.layers[0], apart.layers[0]
    driven = (1 - first.frequencies[:, 0]) * first.valid.mean()
    assert (1 - same.frequencies[:, 0]) * same.valid.mean() == pytest.approx(driven, rel=0.1)


def test_an_evaluation_brings_its_cost(fashion):
    model, dataset = fashion
    chosen = dataset.split(16, 16)
    design = Design().with_settings({"inputs.accumulation": "digital", "adc.skip_zero_inputs": True, "array.rows": 36})
    result = evaluate(model, design, chosen.images, chosen.labels, chosen.calibration, chips=1)
    assert result.cost is not None
    for error, layer in zip(result.layers, result.cost.layers, strict=False):
        assert error.name == layer.name
        assert layer.conversions == pytest.approx(error.conversions, rel=1e-9)
    assert sum(layer.skipped for layer in result.layers) > 0
    assert result.to_frame()["energy_uJ"][0] == result.cost.energy_uJ
    assert result.to_dict()["cost"]["energy_uJ"] == result.cost.energy_uJ
    without = evaluate(model, Design(adc={"kind": "none"}), chosen.images, chosen.labels, chosen.calibration, chips=1)
    assert without.cost is None
    assert any("no energy" in note for note in without.notes)


def test_impossible_questions_get_one_clear_message():
    with pytest.raises(DesignError, match=r"adc\.kind is 'none'"):
        network_cost(statistics(), Design(adc={"kind": "none"}))
    with pytest.raises(DesignError, match="digital"):
        network_cost(statistics(), Design(layers=[{"match": "*", "digital": True}]))
    with pytest.raises(DesignError, match="sonos-40nm"):
        network_cost(statistics(), Design(hardware={"library": "sonos-40"}))
    with pytest.raises(DesignError, match=r"skipped is 2\.0 for layer '6'"):
        network_cost(statistics(), "isaac", skipped={"6": 2.0})
    with pytest.raises(DesignError, match="layer 'conv9'"):
        network_cost(statistics(), "isaac", skipped={"conv9": 0.5})
    with pytest.raises(BitlineError, match="images"):
        gather_statistics(network(), "differential", IMAGES[:0])


SLIDING = [
    (nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1), (16, 8, 8)),
    (nn.ConvTranspose1d(16, 8, 16, stride=8, padding=4), (16, 32)),
    (nn.ConvTranspose2d(16, 8, 2, stride=2), (16, 8, 8)),
    (nn.ConvTranspose1d(16, 8, 3), (16, 30)),
    (nn.Conv2d(16, 8, 3, padding=1), (16, 8, 8)),
    (nn.Conv2d(16, 8, 5), (16, 5, 5)),
    (nn.Conv2d(8, 8, 3, dilation=2), (8, 16, 16)),
    (nn.Conv2d(8, 8, 3, dilation=2, stride=2, padding=2), (8, 16, 15)),
    (nn.Conv2d(8, 8, 3, dilation=2, stride=3, padding=1), (8, 16, 15)),
    (nn.Conv2d(8, 8, (3, 2), stride=(1, 3)), (8, 16, 16)),
    (nn.Conv1d(12, 8, 5, groups=4, padding="same"), (12, 16)),
    (nn.Linear(16, 8), (7, 16)),
]


@pytest.mark.parametrize(("layer", "shape"), SLIDING, ids=lambda value: str(value) if isinstance(value, tuple) else "")
def test_windows_fetch_the_inputs_that_the_one_before_them_had_not(layer, shape):
    """Zeros between inputs were fetched, first windows of a line were not, and dilated windows seemed to share inputs.

    Places of a window are where a convolution of one channel meets an image that is 1 there.
    """
    image = torch.rand(2, *shape)
    found = gather_statistics(nn.Sequential(layer), Design(), image)
    cost, library = network_cost(found, Design()), Library.load("sonos-40nm")
    values = cost.energies_pJ["buffers"] / library.buffer_bit.energy_pJ.value / 8
    assert values - layer(image)[0].numel() == pytest.approx(fetched_one_by_one(layer, shape))


def fetched_one_by_one(layer, shape):
    if isinstance(layer, nn.Linear):
        return math.prod(shape)
    places = math.prod(shape[1:])
    convolution = copy.deepcopy(layer)
    convolution.in_channels = convolution.out_channels = convolution.groups = 1
    convolution.weight = nn.Parameter(torch.ones(1, 1, *layer.kernel_size))
    convolution.bias = None
    met = convolution(torch.eye(places).reshape(places, 1, *shape[1:])).squeeze(1) != 0  # places, *windows
    lines = met.detach().reshape(places, -1, met.shape[-1])  # windows slide along the last axis
    new = lines[..., 1:] & ~lines[..., :-1]
    return shape[0] * int(lines[..., 0].sum() + new.sum())


def test_ranges_of_vectors_are_those_of_inputs_and_not_of_the_zeros_between_them():
    layer, image = nn.ConvTranspose1d(16, 8, 16, stride=8, padding=4), torch.rand(2, 16, 32)
    own, library = Design(inputs={"range": "per-vector"}), Library.load("sonos-40nm")
    cost = network_cost(gather_statistics(nn.Sequential(layer), own, image), own)
    inputs, outputs = 256 * 16 * 16 / 8, 256 * 8
    pooling, multiplier = (getattr(library, name).energy_pJ.value for name in ("pooling", "multiplier"))
    assert cost.energies_pJ["vector ranges"] == pytest.approx((pooling + multiplier) * inputs + multiplier * outputs)
