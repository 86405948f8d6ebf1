"""What cost needs to know of a network, against brute force and the conversion that it comes from."""

from __future__ import annotations

import itertools
import math
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_cost import IMAGES, digits_of, network
from torch import nn

from bitline import Design, conversion_of, convert, evaluate
from bitline.cost import RowActivity, Statistics, gather_statistics, network_cost
from bitline.cost.joint_counts import count_cells, follows_from_codes
from bitline.encode.registry import AnyWeights
from bitline.layer.chip import Chip
from bitline.nn import Inputs
from bitline.nn.calibrate import record_activity
from bitline.quantize import InputScale, input_codes


def test_mean_currents_are_those_of_the_lowest_input_bit():
    layer = nn.Linear(7, 5)
    inputs = torch.rand(40, 7, generator=torch.Generator().manual_seed(1)) ** 3
    design = Design(weights={"bits_per_cell": 2, "bits": 5}, inputs={"bits": 6})
    seen = gather_statistics(nn.Sequential(layer), design, inputs)
    codes = input_codes(inputs, convert(nn.Sequential(layer), design, inputs)[0].calibration.inputs).long()
    currents = torch.einsum("br,lsor->lsob", (codes & 1).double(), digits_of(layer, design))
    assert seen.mean_current(seen.layers[0], design) == pytest.approx(float(currents.mean()), rel=1e-5)


TYPES = get_args(get_args(AnyWeights)[0])
"""Every mapping in the registry."""


@st.composite
def stored_weights(draw: st.DrawFn) -> tuple[Design, nn.Module, torch.Tensor]:
    """A design of any mapping, a layer of skewed columns, and its inputs."""
    kind = draw(st.sampled_from(TYPES))
    bits = draw(st.sampled_from([3, 5, 8, 10, 12]))
    weights = {"kind": kind.model_fields["kind"].default, "bits": bits}
    if "subtraction" in kind.model_fields:
        weights["subtraction"] = draw(st.sampled_from(get_args(kind.model_fields["subtraction"].annotation)))
    if "flipped_columns" in kind.model_fields and weights["subtraction"] == "digital":
        weights["flipped_columns"] = draw(st.booleans())
    weights["bits_per_cell"] = draw(st.integers(1, min(9, bits - 1)))
    rng = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    groups, rows = draw(st.sampled_from([1, 3])), draw(st.integers(1, 5))
    layer = nn.Conv1d(groups * 2, groups * 3, rows, groups=groups)
    layer.weight.data = torch.randn(layer.weight.shape, generator=rng) + torch.randn(3 * groups, 1, 1, generator=rng)
    base = {
        "weights": weights,
        "inputs": {"bits": draw(st.integers(3, 7)), "slice_bits": draw(st.integers(1, 3))},
        "array": {"rows": draw(st.sampled_from([2, 5, 64])), "columns": draw(st.sampled_from([2, 64]))},
        "cell": {"on_off_ratio": draw(st.sampled_from([math.inf, 10.0]))},
        "adc": {"bits": 8, "range": "full"},
    }
    inputs = torch.rand(3, groups * 2, 1, generator=rng).square().expand(-1, -1, rows)  # all pixels are alike
    return Design().with_settings(base), layer, inputs.contiguous()


@pytest.mark.filterwarnings("ignore::bitline.errors.ApproximationWarning")
@settings(max_examples=25)
@given(stored_weights())
def test_cells_take_what_the_programmed_ones_conduct(drawn):
    """Flipped columns, polarised fragments and unit columns were costed as if every code lay on cells as it is."""
    design, layer, inputs = drawn
    seen = gather_statistics(nn.Sequential(layer), design, inputs)
    converted = convert(nn.Sequential(layer), design, inputs)
    codes = input_codes(inputs, converted[0].calibration.inputs).long()
    held = converted[0].encoded().program(Chip()).on_the_array.double()  # lines, slices, groups, rows, columns
    sliced = design.inputs.slicing(design.inputs.bits, signed=False)
    total = 0.0
    for index in range(sliced.slices):
        digits = (codes >> (index * sliced.slice_bits)) & (2**sliced.slice_bits - 1)
        squares = (digits.double() / (2**sliced.slice_bits - 1)).square().reshape(len(codes), layer.groups, -1)
        for image, group in itertools.product(range(len(codes)), range(layer.groups)):
            total += float(torch.einsum("k,lskn->", squares[image, group], held[:, :, group]))
    activity = RowActivity.of(seen, seen.layers[0], design)
    assert activity.conductance == pytest.approx(total / (sliced.slices * len(codes) * held.numel()), rel=1e-5)


@settings(max_examples=12)
@given(stored_weights())
def test_counts_of_codes_are_those_of_cells(drawn):
    design, layer, inputs = drawn
    design = design.with_settings({"weights.bits": min(9, design.weights.bits)})
    assume_free = design.weights.keeps_all and not getattr(design.weights, "flipped_columns", False)
    seen = gather_statistics(nn.Sequential(layer), design, inputs)
    of_layer = seen.layers[0]
    assert follows_from_codes(design.weights) == assume_free
    if assume_free:
        slow, fast = count_cells(of_layer, design), seen.joint(of_layer, design)
        rng = np.random.default_rng(0)
        for _ in range(3):
            inputs, conductances = rng.random(len(fast.rows)), rng.random(len(fast.targets))
            assert fast.sum(inputs, conductances) == pytest.approx(slow.sum(inputs, conductances), rel=1e-9)
        assert (fast.rows == slow.rows).all() and (fast.targets == slow.targets).all() and fast.cells == slow.cells
    joint = seen.joint(of_layer, design)
    assert joint.sum(np.ones(len(joint.rows)), np.ones(len(joint.targets))) == pytest.approx(joint.cells)


def test_calibration_gathers_activity_on_the_way():
    model, design = network(), Design()
    converted = convert(model, design, IMAGES)
    record = conversion_of(converted)
    assert record.activities is not None
    scales = {name: layer.inputs for name, layer in record.calibration.layers.items()}
    fresh = record_activity(converted, scales, Inputs.of(IMAGES, converted), dict.fromkeys(scales, 1))
    for name, seen in record.activities.layers.items():
        assert torch.equal(seen.counts, fresh.layers[name].counts)


def test_samples_are_those_of_calibration():
    """Of 200 calibration images 64 were taken as all there are: they seemed to take other ways through the network."""
    images = torch.rand(70, 3, 8, 8)
    cost = evaluate(network(), "differential", images[:8], torch.zeros(8, dtype=torch.long), images, chips=1).cost
    assert not any("different ways" in note for note in cost.notes)
    assert Statistics.of(convert(network(), "differential", images), images[:3]).images == 70


def test_all_ways_to_the_cost_of_a_network_give_the_same():
    """Activity was that of the floating-point network, or of the quantised one: energies differed by 0.2 %."""
    design = Design.load("offset")
    converted = convert(network(), design, IMAGES)
    known = convert(network(), design, conversion_of(converted).calibration)
    ways = [gather_statistics(network(), design, IMAGES), *(Statistics.of(each, IMAGES) for each in (converted, known))]
    assert len({network_cost(statistics, design).energy_uJ for statistics in ways}) == 1


def test_negative_inputs_have_one_bit_less():
    model = nn.Sequential(nn.Linear(5, 2))
    signed = gather_statistics(model, "differential", torch.randn(20, 5))
    cost = network_cost(signed, "differential")
    assert signed.layers[0].signed
    assert cost.layers[0].time_ns == 7 * 10 + 256


def test_input_scale_of_statistics_is_that_of_the_network():
    assert isinstance(convert(network(), "differential", IMAGES)[0].calibration.inputs, InputScale)


class EarlyExit(nn.Module):
    """Samples whose first value is large take the long way."""

    def __init__(self):
        super().__init__()
        self.stem, self.short, self.long = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 3)

    def forward(self, x):
        hidden, is_hard = self.stem(x).relu(), x[:, 0] > 1
        outputs = hidden.new_zeros(len(x), 3)
        outputs[~is_hard] = self.short(hidden[~is_hard])
        outputs[is_hard] = self.long(hidden[is_hard])
        return outputs


@pytest.mark.parametrize("hard_first", [True, False])
def test_a_note_says_where_other_samples_take_other_ways(hard_first):
    """Costs were those of the first sample, with 1,520 multiplications where the mean was 426, without a word."""
    torch.manual_seed(0)
    x = torch.rand(40, 6)
    x[0 if hard_first else 7, 0] = 2.0
    x[20, 0] = 2.0
    network = EarlyExit()
    (note,) = gather_statistics(network, "differential", x).ways
    said = "'long' has 0.05 times" if hard_first else "'long', which the first does not reach"
    assert said in note
    assert note in evaluate(network, "differential", x, torch.zeros(40).long(), x, chips=1).cost.notes


def test_networks_without_ways_get_no_note():
    assert gather_statistics(network(), "differential", IMAGES).ways == ()


@pytest.mark.parametrize("centred", [False, True])
def test_branches_that_a_batch_of_calibration_inputs_does_not_take_are_calibrated_on_others(centred):
    """They ended in a RuntimeError."""
    torch.manual_seed(0)
    x = torch.rand(40, 6)
    x[5:9, 0] = 2.0
    batches = torch.utils.data.DataLoader(x, batch_size=20)
    design = Design().with_settings({"adc.centred": centred})
    network = EarlyExit()
    layers = [conversion_of(convert(network, design, given)).calibration.layers for given in (batches, x)]
    assert layers[0]["long"] == layers[1]["long"]
