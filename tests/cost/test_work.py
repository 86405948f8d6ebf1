"""Activity of rows and cells against brute force."""

from __future__ import annotations

import pytest
import torch
from small_cost import IMAGES, digits_of, network, statistics
from torch import nn
from torch.nn import functional

from bitline import Design, convert
from bitline.cost import RowActivity, gather_statistics, network_cost
from bitline.cost.nonlinear_cells import mean_power, powers_of
from bitline.devices.current_voltage import Milo2021
from bitline.quantize import input_codes, weight_codes


def test_rows_and_cells_are_as_active_as_a_count_says():
    model = network()
    design = Design(weights={"bits_per_cell": 2, "bits": 5}, inputs={"bits": 5})
    seen = gather_statistics(model, design, IMAGES)
    activity = RowActivity.of(seen, seen.layers[1], design)
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


def test_activity_of_a_matrix_is_exact():
    layer = nn.Linear(7, 5)
    inputs = torch.rand(40, 7, generator=torch.Generator().manual_seed(1)) ** 3
    design = Design(weights={"bits_per_cell": 2, "bits": 5}, inputs={"bits": 6, "slice_bits": 2})
    seen = gather_statistics(nn.Sequential(layer), design, inputs)
    activity = RowActivity.of(seen, seen.layers[0], design)
    codes = input_codes(inputs, convert(nn.Sequential(layer), design, inputs)[0].calibration.inputs).long()
    slices = torch.stack([(codes >> (2 * index)) & 3 for index in range(3)]).double() / 3
    cells = digits_of(layer, design)
    assert activity.driven == pytest.approx(float((slices > 0).double().mean()), rel=1e-6)
    assert activity.squared == pytest.approx(float(slices.square().mean()), rel=1e-6)
    mean = torch.einsum("bnr,lsor->", slices.square(), cells) / (3 * len(inputs) * cells.numel())
    assert activity.conductance == pytest.approx(float(mean), rel=1e-5)


TRANSPOSED = [
    (nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1), (3, 4, 5)),
    (nn.ConvTranspose2d(3, 4, 4), (3, 1, 1)),
    (nn.ConvTranspose2d(4, 4, 2, stride=2, groups=2), (4, 3, 3)),
    (nn.ConvTranspose2d(2, 4, 3, stride=(3, 2), padding=2, output_padding=1, dilation=(1, 2)), (2, 5, 6)),
    (nn.ConvTranspose1d(3, 2, 16, stride=8, padding=4), (3, 9)),
    (nn.ConvTranspose1d(3, 2, 3, stride=2, padding=3), (3, 9)),
    (nn.ConvTranspose3d(2, 3, 3, stride=2, padding=1, output_padding=1), (2, 2, 3, 3)),
]


@pytest.mark.parametrize(("layer", "shape"), TRANSPOSED)
def test_rows_of_transposed_convolutions_are_driven_as_their_windows_say(layer, shape):
    """Windows see the rim of the image with zeros between its inputs less often than its middle."""
    inputs = torch.rand(6, *shape, generator=torch.Generator().manual_seed(1)) ** 2
    design = Design(inputs={"bits": 6, "slice_bits": 2})
    seen = gather_statistics(nn.Sequential(layer), design, inputs)
    activity = RowActivity.of(seen, seen.layers[0], design)
    analog = convert(nn.Sequential(layer), design, inputs)[0]
    codes = analog.encoded().input_codes(analog.arranged(inputs), analog.calibration.inputs)
    windows = analog.product.windows(codes).long()
    slices = torch.stack([(windows >> (2 * index)) & 3 for index in range(3)]).double() / 3
    assert activity.driven == pytest.approx(float((slices > 0).double().mean()), rel=1e-6)
    assert activity.squared == pytest.approx(float(slices.square().mean()), rel=1e-6)
    assert seen.layers[0].inputs == inputs[0].numel()


def test_cells_of_a_transposed_convolution_take_what_the_inputs_of_their_rows_ask_for():
    layer, inputs = nn.ConvTranspose2d(2, 3, 4, stride=2, padding=1), torch.ones(2, 2, 4, 4)
    seen = gather_statistics(nn.Sequential(layer), Design(), inputs)
    activity = RowActivity.of(seen, seen.layers[0], Design())
    analog = convert(nn.Sequential(layer), Design(), inputs)[0]
    windows = analog.product.windows(analog.arrange(inputs)).reshape(2, 2, 8, 4, 8, 4)
    rows = windows.mean((0, 2, 4)).flatten().double()  # share of the windows in which each row is driven
    codes, _ = weight_codes(analog.matrix, 8, "layer", 100.0)
    cells = Design().weights.digits(codes).double()
    assert activity.driven == pytest.approx(float(rows.mean()), rel=1e-6)
    assert activity.conductance == pytest.approx(float((cells * rows).mean()), rel=1e-5)


def test_driver_voltages_count_by_their_square():
    seen = gather_statistics(network(), "differential", IMAGES)
    bits = RowActivity.of(seen, seen.layers[1], Design())
    four = RowActivity.of(seen, seen.layers[1], Design(inputs={"slice_bits": 4}))
    assert bits.squared == bits.driven
    assert four.squared < four.driven
    assert four.driven > bits.driven


CURVES = [
    {"kind": "sinh", "read_voltage_V": 0.5, "scale_V": 0.1},
    {"kind": "milo-2021", "read_voltage_V": 0.5},
]


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve["kind"])
@pytest.mark.parametrize(("bits", "slice_bits"), [(6, 2), (8, 8), (6, 1)])
def test_cells_take_voltage_times_the_current_of_their_curve(curve, bits, slice_bits):
    """Energies were those of ohmic cells: twice too large where V_0 is a fifth of the read voltage."""
    layer = nn.Linear(7, 5)
    inputs = torch.rand(40, 7, generator=torch.Generator().manual_seed(1)) ** 2
    cell = {"current_voltage": curve, "on_off_ratio": 4.5}
    design = Design(inputs={"bits": bits, "slice_bits": slice_bits}, cell=cell)
    seen = gather_statistics(nn.Sequential(layer), design, inputs)
    codes = input_codes(inputs, convert(nn.Sequential(layer), design, inputs)[0].calibration.inputs).long()
    low, top = 1 / 4.5, 2**slice_bits - 1
    cells = low + (1 - low) * digits_of(layer, design)
    total = 0.0
    for index in range(bits // slice_bits):
        volts = ((codes >> (slice_bits * index)) & top).double() / top
        for row in range(7):
            each = volts[:, row, None, None, None].expand(-1, *cells.shape[:2], 5)
            held = cells[..., row].expand(40, -1, -1, -1)
            total += float((each * design.cell.current_voltage.current(held, each)).sum())
    mean = total / (bits // slice_bits * len(inputs) * cells.numel())
    activity = RowActivity.of(seen, seen.layers[0], design)
    assert activity.conductance == pytest.approx(mean, rel=1e-5)


def test_both_signs_of_a_voltage_are_as_frequent_where_inputs_have_a_sign():
    curve = Milo2021(read_voltage_V=0.5)
    cells = torch.tensor([0.3, 1.0])
    up, down = curve.current(cells, 1.0), curve.current(cells, -1.0)
    assert not torch.allclose(up, -down, rtol=1e-3)
    both = powers_of(curve, cells.numpy(), levels=2, has_signs=True)[1]
    assert both == pytest.approx(((up - down) / 2).numpy(), rel=1e-6)


def test_ohmic_cells_take_the_square_of_the_voltage_by_either_way():
    design = Design(inputs={"slice_bits": 4})
    seen = gather_statistics(network(), design, IMAGES)
    for layer in seen.layers:
        bits = (layer.input_bits, layer.magnitude_bits(design))
        found = mean_power(design, seen.joint(layer, design), bits, has_signs=False)
        assert found == pytest.approx(RowActivity.of(seen, layer, design).conductance, rel=1e-6)


def test_separate_polarities_take_twice_the_conversions_and_no_more_of_the_cells():
    model = torch.nn.Sequential(torch.nn.Linear(30, 8))
    design = Design.load("sonos-a")
    known = gather_statistics(model, design, torch.randn(50, 30, generator=torch.Generator().manual_seed(0)))
    together, separate = (
        network_cost(known, design.with_settings({"inputs.polarities": how})) for how in ("together", "separate")
    )
    for name in ("ADCs", "integrators", "subtractors"):
        assert separate.energies_pJ[name] == pytest.approx(2 * together.energies_pJ[name])
    assert separate.energies_pJ["cells"] == together.energies_pJ["cells"]
    assert together.energies_pJ["row drivers"] == separate.energies_pJ["row drivers"]  # for rows that are driven only
    assert separate.latency_us == pytest.approx(2 * together.latency_us, rel=0.05)
    assert sum(layer.conversions for layer in separate.layers) == 2 * together.layers[0].conversions


def test_separate_polarities_cost_nothing_where_no_input_is_negative():
    design = Design.load("sonos-a")
    separate = design.with_settings({"inputs.polarities": "separate"})
    assert network_cost(statistics(), separate).energy_uJ == network_cost(statistics(), design).energy_uJ


def test_every_array_of_a_product_is_read_once_for_each_slice_of_inputs():
    """A library that knows the energy of reading a whole array: three arrays below each other take three times it."""

    def cells_pJ(rows, **settings):
        inputs = torch.rand(20, rows, generator=torch.Generator().manual_seed(0))
        design = Design(array={"rows": 100}, hardware={"library": "isaac-32nm"}, **settings)
        return network_cost(gather_statistics(nn.Sequential(nn.Linear(rows, 8)), design, inputs), design).energies_pJ[
            "cells"
        ]

    assert cells_pJ(300) == pytest.approx(3 * cells_pJ(100))
    assert cells_pJ(100, inputs={"slice_bits": 4}) == pytest.approx(cells_pJ(100) / 4)
