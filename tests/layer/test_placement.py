"""What lies on the same array shares its lines, converters and spare columns, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bitline import AnalogCore, Design, convert
from bitline.arrays import MatrixProduct
from bitline.cost.mapping import ArrayMapping
from bitline.devices.faults import HIGH, Faults
from bitline.errors import DesignError
from bitline.layer.cells import placement_of
from bitline.numerics.draws import Draws
from bitline.placement import Placement

UNIT_COLUMNS = {"kind": "offset", "subtraction": "unit-column"}
MAPPINGS = [
    UNIT_COLUMNS,
    {"kind": "offset", "subtraction": "digital"},
    {"kind": "differential", "subtraction": "analog"},
    {"kind": "differential", "subtraction": "digital"},
    {"kind": "twos-complement"},
]
WIRES = {"kind": "row-driven", "word_line": {"segment": 1e-3}, "bit_line": {"segment": 1e-3}}
ARRAYS = [{"kind": "ideal"}, WIRES, WIRES | {"lines": "interleaved"}]
CELLS = [{}, {"current_voltage": "milo-2021"}]
CONVERTERS = [{"kind": "none"}, {"kind": "own_parts:ByPlace", "bits": 7, "range": "full"}]


@st.composite
def placements(draw: st.DrawFn) -> tuple[Design, Placement, int]:
    """Designs and layers of any size, with the arrays that they take."""
    array = {"rows": draw(st.integers(1, 40)), "columns": draw(st.integers(2, 20))}
    design = Design().with_settings({"weights": draw(st.sampled_from(MAPPINGS)), "array": array})
    groups, columns = draw(st.integers(1, 12)), draw(st.integers(1, 50))
    product = MatrixProduct(draw(st.integers(1, 30)), groups)
    placement = placement_of(design, product, groups * columns)
    return design, placement, ArrayMapping.of(product, groups * columns, design).arrays


@given(placements())
def test_every_column_has_a_place_of_its_own_on_an_array_that_cost_counts(case):
    design, at, counted = case
    places = [
        (int(at.pack_of_group[group]), int(at.tile_of_column[column]), int(at.place_of_column[group, column]))
        for group in range(at.groups)
        for column in range(at.array_columns)
    ]
    assert len(set(places)) == len(places)
    assert max(place for _, _, place in places) == at.columns_in_use - 1 < design.array.columns
    assert len({(pack, tile) for pack, tile, _ in places}) * len(at.row_slices) * design.weights.slices == counted


@given(placements())
def test_a_unit_column_lies_behind_the_columns_it_is_subtracted_from(case):
    _, at, _ = case
    sums = torch.arange(1.0, at.columns + 1)
    units = torch.tensor([1e3 * (tile + 1) for tile in range(at.unit_columns)])
    left = sums - at.subtract(torch.cat([sums, units]), dim=0)
    for column, unit in enumerate(left.tolist()):
        assert unit == (1e3 * (int(at.tile_of_column[column]) + 1) if at.has_unit_columns else 0)
    for tile in range(at.tiles):
        places = at.place_of_column[0, at.columns_of(tile)]
        assert places.tolist() == list(range(len(places)))


@settings(max_examples=60)
@given(
    st.sampled_from(MAPPINGS),
    st.sampled_from(ARRAYS),
    st.sampled_from(CELLS),
    st.sampled_from(CONVERTERS),
    st.integers(2, 9),
    st.integers(2, 11),
    st.integers(1, 4),
    st.integers(0, 999),
)
def test_a_wide_matrix_gives_what_its_column_tiles_give(mapping, array, cell, adc, width, outputs, share, seed):
    """As one matrix on several arrays, or as a core for each array."""
    signed = mapping.get("subtraction") == "analog"
    if array.get("lines") == "interleaved" and not signed:
        array = WIRES
    if adc["kind"] != "none":
        adc = adc | {"columns_per_adc": share}
    generator = np.random.default_rng(seed)
    matrix, inputs = generator.normal(size=(outputs, 9)), generator.random((9, 5))
    base = {
        "weights": {**mapping, "bits": 5, "bits_per_cell": "unsliced" if seed % 2 else 2, "largest": 3.0},
        "inputs": {"bits": 4, "slice_bits": 2, "range": {"kind": "given", "high": 1.0}},
        "array": {**array, "rows": 9 if seed % 3 else 5, "columns": width},
        "cell": {"device": "none", "on_off_ratio": 20.0, **cell},
        "adc": adc,
    }
    design = Design(**base)
    each = width - design.weights.has_unit_column
    tiles = [matrix[first : first + each] for first in range(0, outputs, each)]
    apart = np.concatenate([AnalogCore(tile, design, calibration=inputs) @ inputs for tile in tiles])
    np.testing.assert_allclose(AnalogCore(matrix, design, calibration=inputs) @ inputs, apart, rtol=1e-5, atol=1e-5)


def deviations(settings: dict, seed: int = 0) -> torch.Tensor:
    """Relative deviations of cells that are all meant to be at G_max, (lines, slices, groups, rows, columns)."""
    base = {"weights": {"kind": "offset", "bits": 4, "bits_per_cell": 2}, "cell": {"device": "none", "clip": "none"}}
    design = Design(**base).with_settings({"array": {"rows": 20, "columns": 8}, **settings})
    core = AnalogCore(np.ones((16, 40)), design, calibration=np.ones((40, 1)), seed=seed)
    return core.cells().conductance / core.cells().targets - 1


def is_shared(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether two sets of numbers are the same, and not just alike: the others are independent."""
    if torch.allclose(first, second, atol=1e-4):
        return True
    assert abs(float(torch.corrcoef(torch.stack([first, second]))[0, 1])) < 0.6
    return False


def test_word_lines_are_those_of_one_array():
    found = deviations({"cell.variation.row": 0.1})[0, :, 0]
    assert is_shared(found[0, :, 0], found[0, :, 7])
    assert not is_shared(found[0, :, 0], found[0, :, 8])  # the next column tile
    assert not is_shared(found[0, :, 0], found[1, :, 0])  # the next weight slice


def test_bit_lines_are_those_of_one_array():
    found = deviations({"cell.variation.column": 0.1})[0, :, 0]
    assert is_shared(found[0, 0], found[0, 19])
    assert not is_shared(found[0, 0], found[0, 20])  # the next row partition
    assert not is_shared(found[0, 0], found[1, 0])


@pytest.mark.parametrize("rows", [64, 16])
def test_independent_bit_lines_average_out(rows):
    """Four arrays whose bit lines each deviate by 5 % give a sum with half of the deviation of one array."""
    design = Design(cell={"device": "none", "variation": {"column": 0.05}}, array={"rows": rows}, adc="none")
    matrix, inputs = np.ones((50, 64)), np.ones((64, 1))
    sums = [(AnalogCore(matrix, design, calibration=inputs, chip=chip) @ inputs) / 64 for chip in range(20)]
    assert np.std(sums) == pytest.approx(0.05 * np.sqrt(rows / 64), rel=0.1)


def test_independent_word_lines_of_slices_average_out():
    """Rows of two slices whose digits count 4 and 1 deviate by sqrt(16 * 9 + 9) / 15 of what one slice would."""
    base = {"cell": {"device": "none", "clip": "none", "variation": {"row": 0.05}}, "adc": "none"}
    spread = {}
    for bits in ("unsliced", 2):
        design = Design(weights={"kind": "differential", "bits": 5, "bits_per_cell": bits}, **base)
        core = AnalogCore(np.ones((1, 4000)), design, calibration=np.eye(4000))
        spread[bits] = np.std(core @ np.eye(4000))
    assert spread[2] / spread["unsliced"] == pytest.approx(np.sqrt(16 * 9 + 9) / 15, rel=0.05)


def of_depthwise(adc: dict, groups: int = 16, **array: int) -> np.ndarray:
    """Mean outputs of equal channels, (groups,)."""
    conv = nn.Conv2d(groups, groups, 1, groups=groups, bias=False)
    nn.init.ones_(conv.weight)
    images = torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(0)).expand(4, groups, 6, 6).contiguous()
    adc = {"bits": 6, "range": "full", **adc}
    design = Design(inputs={"slice_bits": 8}, cell={"device": "none"}, array=array, adc=adc)
    return convert(nn.Sequential(conv), design, images)(images).detach().double().mean((0, 2, 3)).numpy()


@pytest.mark.parametrize(("share", "different"), [(16, 1), (8, 2), (5, 4), (1, 16)])
def test_channels_of_a_depthwise_layer_take_turns_on_the_converters_of_their_array(share, different):
    means = of_depthwise({"kind": "sar", "comparator_offset_steps": 5.0, "columns_per_adc": share})
    assert len(np.unique(means.round(6))) == different
    assert all(len(np.unique(means[first : first + share].round(6))) == 1 for first in range(0, 16, share))


def test_channels_of_a_depthwise_layer_share_the_ramp_of_their_array():
    means = of_depthwise({"kind": "ramp", "capacitor_mismatch": 0.3}, columns=6)
    arrays = [means[:6], means[6:12], means[12:]]
    assert all(len(np.unique(each.round(6))) == 1 for each in arrays)
    assert len(np.unique(means.round(6))) == 3


def test_column_tiles_have_ramps_of_their_own():
    adc = {"kind": "ramp", "bits": 6, "capacitor_mismatch": 0.3, "range": "full"}
    design = Design(inputs={"slice_bits": 8}, array={"rows": 64, "columns": 8}, cell={"device": "none"}, adc=adc)
    matrix, inputs = np.repeat(np.random.default_rng(0).normal(size=(1, 40)), 20, 0), np.random.rand(40, 50)
    outputs = AnalogCore(matrix, design, calibration=inputs) @ inputs
    first = outputs[[0, 8, 16]]
    for column in range(20):
        np.testing.assert_array_equal(outputs[column], first[column // 8])
    assert len(np.unique(first, axis=0)) == 3


@settings(max_examples=40)
@given(placements(), st.integers(1, 3), st.integers(0, 999))
def test_each_array_has_its_spare_columns(case, spares, seed):
    _, at, _ = case
    rows = at.row_slices[-1].stop
    target = torch.zeros(1, 1, at.groups, rows, at.array_columns)
    draws = Draws((seed,))
    before, after = (
        Faults(stuck_high=0.2, spare_columns=count).states(target, 0.0, at, draws) for count in (0, spares)
    )
    harm, left = ((states == HIGH).sum((0, 1)) for states in (before, after))
    assert int(left.sum()) <= int(harm.sum())
    changed = (before != after)[0, 0]
    for part in range(len(at.row_slices)):
        by_column = changed[:, at.part_of_row == part].any(1)
        for pack in range(at.packs):
            for tile in range(at.tiles):
                own = by_column[at.pack_of_group == pack][:, at.tile_of_column == tile]
                assert int(own.sum()) <= spares


def test_each_array_with_a_unit_column_repairs_its_worst_column():
    at = placement_of(Design(weights=UNIT_COLUMNS, array={"rows": 30, "columns": 8}), MatrixProduct(30), 14)
    target, draws = torch.zeros(1, 1, 1, 30, 16), Draws((0,))
    # so many spares that one without a fault is at hand
    before = Faults(stuck_high=0.02).states(target, 0.0, at, draws)
    after = Faults(stuck_high=0.02, spare_columns=200).states(target, 0.0, at, draws)
    assert bool((before == HIGH).any())
    assert not bool((after == HIGH).any())


def test_a_converter_skips_only_where_all_groups_on_its_array_are_idle():
    adc = {"kind": "uniform", "bits": 8, "range": "full", "skip_zero_inputs": True}
    conv = nn.Conv2d(4, 4, 1, groups=4, bias=False)
    images = torch.zeros(1, 4, 1, 1)
    images[0, 0] = 1.0
    for columns, skipped in ((4, 0), (2, 2), (1, 3)):
        design = Design(cell={"device": "none"}, array={"columns": columns}, adc=adc)
        network = convert(nn.Sequential(conv), design, torch.rand(8, 4, 1, 1))
        network(images)
        plan = network[0].programmed().plan
        assert plan.skipped / plan.converted == skipped / 4


def test_an_array_of_one_column_has_no_room_for_a_unit_column():
    with pytest.raises(DesignError, match=r"array.columns is 1 .* 'unit-column'.* use array.columns = 2"):
        Design(weights=UNIT_COLUMNS, array={"columns": 1})
