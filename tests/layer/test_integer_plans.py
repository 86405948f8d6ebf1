"""Plans of whole numbers: bits that depend on nothing but the design, and a grid finer than any device's error."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import designs, inputs_for, matrices
from torch import nn

from bitline import AnalogCore, Design, convert
from bitline.arrays.integer.windows import as_images
from bitline.devices import Cell
from bitline.errors import DataError
from bitline.layer.chip import Chip
from bitline.layer.grid import grid_step
from bitline.layer.integer_plans import IntegerConvertPlan, IntegerLinearPlan, IntegerPlan
from bitline.layer.readings import line_readings
from bitline.nn import conversion_of
from bitline.nn.chips import restart_reads
from bitline.nn.contexts import analog_layers
from bitline.quantize import input_bytes

SUMS = {"weights.accumulation": "analog", "array.accumulation": "analog"}
NOISY = {"cell.device": {"kind": "state-proportional", "alpha": 0.02}}


@settings(max_examples=60)
@given(designs(), matrices(), st.integers(0, 1000), st.booleans())
def test_bits_do_not_depend_on_what_multiplies_or_on_the_batch(design, matrix, seed, signed):
    inputs = inputs_for(matrix.shape[1], 5, seed, signed)
    fast = AnalogCore(matrix, design, calibration=inputs, seed=seed)
    if not isinstance(fast.programmed.plan, IntegerPlan):
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BITLINE_PRODUCTS", "float")
        plain = AnalogCore(matrix, design, calibration=fast.calibration, seed=seed)
    together = fast @ inputs
    assert np.array_equal(together, plain @ inputs)
    assert np.array_equal(together[:, 3:4], fast @ inputs[:, 3:4])


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, IntegerConvertPlan),
        ({"adc": "none"}, IntegerLinearPlan),
        ({"inputs.accumulation": "digital"}, IntegerConvertPlan),
        ({"weights.kind": "offset", "weights.bits_per_cell": 2}, IntegerConvertPlan),
        ({"weights.kind": "offset", "weights.subtraction": "unit-column", "adc": "none"}, IntegerLinearPlan),
        ({"weights.kind": "offset", "weights.flipped_columns": True, "array.rows": 20}, IntegerConvertPlan),
        ({"weights.kind": "polarised", "array.rows": 20}, IntegerConvertPlan),
        ({"weights.kind": "polarised", "array.rows": 20, "adc": "none"}, IntegerLinearPlan),
        ({"weights.kind": "twos-complement", "adc": "none"}, IntegerLinearPlan),
        ({"array.rows": 20}, IntegerConvertPlan),
        ({"array.rows": 20, "weights.bits_per_cell": 2, **SUMS}, IntegerConvertPlan),
        ({"array.rows": 20, "weights.kind": "twos-complement", **SUMS}, IntegerConvertPlan),
        ({"array.rows": 20, "weights.bits_per_cell": 2, "adc": "none", **SUMS}, IntegerLinearPlan),
    ],
)
@pytest.mark.parametrize("errors", [{}, NOISY])
def test_usual_designs_have_such_plans(changes, kind, errors):
    design = Design().with_settings({**changes, **errors})
    core = AnalogCore(
        np.random.default_rng(0).standard_normal((8, 60)).astype(np.float32), design, calibration=np.ones(60)
    )
    assert isinstance(core.programmed.plan, kind)


def test_cells_with_errors_lie_on_the_grid_and_exact_ones_stay():
    matrix = np.random.default_rng(0).standard_normal((8, 300)).astype(np.float32)
    design = Design().with_settings(NOISY)
    cells = AnalogCore(matrix, design, calibration=np.ones(300)).layer.program(Chip())
    steps = cells.conductance.double() / grid_step(design)
    assert float((steps - steps.round()).abs().max()) < 0.01  # float32 holds them
    exact = AnalogCore(matrix, Design(), calibration=np.ones(300)).layer.program(Chip())
    assert torch.equal(exact.conductance, exact.targets)


@pytest.mark.parametrize("rows", [144, 1152, 4608])
@pytest.mark.parametrize(("alpha", "share"), [(0.02, 0.005), (0.001, 0.1)])
def test_the_grid_is_finer_than_the_errors_of_cells(rows, alpha, share):
    """What rounding to the grid does to outputs, as a share of what state-proportional errors do, peaked weights."""
    rng = np.random.default_rng(rows)
    matrix = rng.laplace(size=(16, rows)).astype(np.float32)  # most conductances are small
    inputs = rng.random((rows, 50)).astype(np.float32)
    outputs = {}
    for name, changes in {
        "exact": {"cell.device": "none"},
        "coarse": {"cell.resolution": 25_000},
        "fine": {"cell.resolution": 1_000_000},
    }.items():
        device = {"cell.device": {"kind": "state-proportional", "alpha": alpha}}
        design = Design().with_settings({"adc": "none", **device, **changes})
        outputs[name] = AnalogCore(matrix, design, calibration=inputs) @ inputs
    rounding = np.std(outputs["coarse"] - outputs["fine"])
    assert 0 < rounding < share * np.std(outputs["fine"] - outputs["exact"])


def test_a_digit_has_an_even_number_of_steps():
    for bits in (1, 2, 3, 5, "unsliced"):
        design = Design().with_settings({"weights.bits_per_cell": bits, "cell.on_off_ratio": 20})
        in_a_digit = (1 - 1 / 20) / design.weights.top_digit / grid_step(design)
        assert in_a_digit == pytest.approx(round(in_a_digit)) and round(in_a_digit) % 2 == 0
    assert 1 / grid_step(Design()) == pytest.approx(24_892)
    with pytest.raises(ValueError, match="resolution"):
        Cell(resolution=10)


class Flattening(nn.Module):
    """Takes for granted that channels come first in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 8, 3)
        self.last = nn.Linear(8 * 36, 4)

    def forward(self, images):
        return self.last(self.convolution(images).relu().view(len(images), -1))


@pytest.mark.parametrize("form", [nn.Module, Flattening])
def test_layouts_are_those_that_the_network_can_take(form):
    torch.manual_seed(0)
    usual = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 4))
    network = (Flattening() if form is Flattening else usual).eval()
    images = torch.rand(6, 3, 8, 8)
    analog = convert(network, Design(), images)
    known = conversion_of(analog).calibration
    assert known.channels_last is (form is not Flattening)
    first = next(iter(analog_layers(analog)))
    assert first(images).is_contiguous(memory_format=torch.channels_last) is known.channels_last
    assert torch.equal(analog(images), convert(network, Design(), known)(images))


def test_networks_give_the_same_bits_for_any_batch():
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 24, 3, stride=2, padding=1), nn.Conv2d(24, 24, 3, groups=24)
    network = nn.Sequential(first, nn.ReLU(), second, nn.Flatten(), nn.Linear(216, 9)).eval()
    images = torch.rand(9, 3, 10, 10)
    for changes in ({}, {"adc": "none"}, {"inputs.accumulation": "digital", "weights.bits_per_cell": 2}):
        analog = convert(network, Design().with_settings({**changes, **NOISY}), images)
        assert all(isinstance(layer.programmed().plan, IntegerPlan) for layer in analog_layers(analog))
        assert torch.equal(analog(images), torch.cat([analog(image[None]) for image in images]))


@pytest.mark.parametrize("rows", [9, 144, 1200])
@pytest.mark.parametrize("changes", [{}, {"inputs.accumulation": "digital"}, {"array.rows": 100}])
def test_variances_of_bytes_are_those_of_all_cells(rows, changes):
    rng = np.random.default_rng(rows)
    matrix = rng.laplace(size=(8, rows)).astype(np.float32)
    inputs = np.maximum(rng.standard_normal((rows, 40)), 0).astype(np.float32)
    noise = {"cell.read_noise": {"kind": "state-proportional", "alpha": 0.05}}
    design = Design().with_settings({**NOISY, **noise, **changes})
    core = AnalogCore(matrix, design, calibration=inputs)
    plan = core.programmed.plan
    assert isinstance(plan, IntegerConvertPlan) and plan.noise is not None
    arrays = core.layer.arrays(core.layer.program(Chip()), plan.arrays.inputs)
    codes = input_bytes(as_images(torch.from_numpy(inputs.T.copy())), plan.arrays.inputs)
    digits = next(iter(plan.arrays.slicing.conversion_bytes(codes, 0)))
    sigma = line_readings(arrays.cells.noise.square(), design.weights.readings, power=2)[0, 0, 0].double()
    squares = arrays.squares(arrays.slicing.accumulated)[0].drive
    counts = squares.inputs(digits[0, :, :, 0].float().T).double()
    parts = [counts[:, part] @ sigma[part] / grid_step(design) ** 2 for part in plan.arrays.row_slices]
    expected = torch.cat(parts, dim=1)
    found = plan.noise.variance(digits, len(expected))
    error = (found - expected).abs() / expected.mean()
    assert float(error.mean()) < 0.01
    assert float((found - expected).mean().abs() / expected.mean()) < 0.002  # none is lost on the whole


def test_noisy_networks_give_the_same_bits_for_any_batch_and_way_to_multiply(monkeypatch):
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 24, 3, stride=2, padding=1), nn.Conv2d(24, 24, 3, groups=24)
    network = nn.Sequential(first, nn.ReLU(), second, nn.Flatten(), nn.Linear(216, 9)).eval()
    images = torch.rand(9, 3, 10, 10)
    design = Design().with_settings({**NOISY, "cell.read_noise": {"kind": "state-independent", "alpha": 0.02}})
    analog = convert(network, design, images)
    together = analog(images)
    restart_reads(analog)
    assert torch.equal(together, torch.cat([analog(image[None]) for image in images]))
    monkeypatch.setenv("BITLINE_PRODUCTS", "float")
    assert torch.equal(together, convert(network, design, conversion_of(analog).calibration)(images))
    assert not torch.equal(together, analog(images))  # other reads, other noise


def test_inputs_smaller_than_the_kernel_are_refused():
    network = nn.Conv2d(2, 4, 5).eval()
    analog = convert(network, Design(), torch.rand(4, 2, 9, 9))
    with pytest.raises(DataError, match=r"\(3, 9\), smaller than its kernel \(5, 5\)"):
        analog(torch.rand(1, 2, 3, 9))
    assert analog(torch.rand(0, 2, 9, 9)).shape == (0, 4, 5, 5)
