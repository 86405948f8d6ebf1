"""What cost needs to know of a network, against brute force and the conversion that it comes from."""

from __future__ import annotations

import pytest
import torch
from small_cost import IMAGES, digits_of, network
from torch import nn

from bitline import Design, conversion_of, convert
from bitline.cost import gather_statistics, network_cost
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


def test_calibration_gathers_activity_on_the_way():
    model, design = network(), Design()
    converted = convert(model, design, IMAGES)
    record = conversion_of(converted)
    assert record.activities is not None
    scales = {name: layer.inputs for name, layer in record.calibration.layers.items()}
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


def test_input_scale_of_statistics_is_that_of_the_network():
    assert isinstance(convert(network(), "differential", IMAGES)[0].calibration.inputs, InputScale)
