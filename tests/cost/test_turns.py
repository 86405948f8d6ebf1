"""Row partitions that are read one after another on one array: less area, more time, and nothing else."""

from __future__ import annotations

import pytest
import torch
from small_cost import IMAGES, network, statistics

from bitline import Design, convert
from bitline.arrays import ConvolutionProduct, MatrixProduct
from bitline.cost import core_cost, network_cost, unit_costs
from bitline.cost.mapping import ArrayMapping
from bitline.design import views
from bitline.errors import DesignError

APART = Design().with_settings({"array.rows": 9, "array.columns": 4})
"""27 rows of the first convolution are three partitions."""
IN_TURNS = APART.with_settings({"array.turns": 2})


def test_partitions_share_arrays():
    """100 rows, 16 at a time: 7 partitions, on arrays of 128 word lines 1, of 64 word lines 2."""
    product = MatrixProduct(100)
    for turns, arrays, most in ((1, 7, 1), (4, 2, 4), (8, 1, 7)):
        at = ArrayMapping.of(product, 10, Design().with_settings({"array.rows": 16, "array.turns": turns}))
        assert (at.partitions, at.arrays, at.turns) == (7, arrays, most)
        assert at.used == pytest.approx(100 * 10 / (arrays * 16 * turns * 256))


def test_blocks_are_spread_evenly_over_arrays():
    """Five blocks on two arrays of four are three and two; the fullest one held four, and was read four times."""
    designs = [Design().with_settings({"array.rows": 100, "array.turns": turns}) for turns in (3, 4, 5)]
    found = [ArrayMapping.of(MatrixProduct(500), 20, design) for design in designs]
    assert [(at.arrays, at.turns) for at in found] == [(2, 3), (2, 3), (1, 5)]


def test_groups_lie_below_each_other_as_partitions_do():
    """64 groups of 9 x 1 cells: one on 16 rows, so that arrays of eight turns hold eight; each had an array alone."""
    product = ConvolutionProduct(channels=1, kernel=(3, 3), groups=64)
    for rows, turns, arrays, most, packed in ((128, 1, 5, 1, 14), (16, 8, 8, 8, 1), (32, 4, 6, 4, 3)):
        at = ArrayMapping.of(product, 64, Design().with_settings({"array.rows": rows, "array.turns": turns}))
        assert (at.arrays, at.turns, at.packed, at.reads) == (arrays, most, packed, at.packs)
        assert at.packs == -(-64 // packed)


def test_outputs_and_their_keys_are_the_same():
    torch.manual_seed(0)
    with torch.no_grad():
        apart, in_turns = (convert(network(), design, IMAGES)(IMAGES) for design in (APART, IN_TURNS))
    assert torch.equal(apart, in_turns)
    assert views.key(views.answers(APART)) == views.key(views.answers(IN_TURNS))


def test_time_is_spent_and_area_is_saved():
    apart, in_turns = (network_cost(statistics(), design) for design in (APART, IN_TURNS))
    first = [cost.layers[0] for cost in (apart, in_turns)]
    assert first[0].arrays == 3 * first[1].arrays / 2  # two halves of one array, and half of another
    assert first[1].time_ns == pytest.approx(2 * first[0].time_ns)
    assert in_turns.areas_mm2["ADCs"] < apart.areas_mm2["ADCs"]
    assert sum(layer.conversions for layer in apart.layers) == sum(layer.conversions for layer in in_turns.layers)
    for part in ("cells", "ADCs", "row drivers", "adders", "integrators"):
        assert in_turns.energies_pJ[part] == pytest.approx(apart.energies_pJ[part])


def test_a_core_in_turns_does_the_work_of_one_array_after_another():
    once, in_turns = (
        core_cost(Design().with_settings({"array.rows": 100, "array.turns": turns}), rows=400, columns=256)
        for turns in (1, 4)
    )
    assert in_turns.time_ns == pytest.approx(4 * once.time_ns)
    assert in_turns.areas_mm2["cells"] == pytest.approx(once.areas_mm2["cells"])
    assert in_turns.areas_mm2["ADCs"] == pytest.approx(once.areas_mm2["ADCs"] / 4)
    full = unit_costs(Design().with_settings({"array.rows": 100, "array.turns": 4}))[0]
    assert full.operations == pytest.approx(2 * 400 * 256 * full.time_ns / in_turns.time_ns)


def test_currents_of_turns_cannot_be_added():
    with pytest.raises(DesignError, match=r"array\.turns is 2.*array\.accumulation = 'digital'"):
        Design().with_settings({"array.turns": 2, "array.accumulation": "analog"})
