"""Readings of cells in one pass: those of the cells that are programmed step by step, to the bit, or none at all."""

from typing import Literal

import numpy as np
import pytest
import torch
from every_setting import changes
from hypothesis import event, given, settings
from hypothesis import strategies as st
from small_study import comparable, study
from strategies import designs, inputs_for, matrices

from bitline import AnalogCore, Design
from bitline.arrays import ConvolutionProduct, MatrixProduct
from bitline.devices import StateProportional
from bitline.errors import DesignError
from bitline.layer import encoded
from bitline.layer.chip import Chip
from bitline.layer.counted_cells import is_plain
from bitline.layer.encoded import EncodedLayer
from bitline.layer.grid import whole_readings
from bitline.layer.integer_plans import IntegerPlan
from bitline.numerics.normal_stream import is_numpys
from bitline.quantize import InputScale
from bitline.study import sweep

pytestmark = pytest.mark.skipif(not is_numpys(), reason="readings are counted on x86 alone")
SCALE = InputScale(0.01, 8, signed=False)
NOISY = {"cell.device": {"kind": "state-proportional", "alpha": 0.02}}
DEVICES = [
    {"kind": "state-independent", "alpha": 0.03, "reference": "G_max/2"},
    {"kind": "state-proportional", "alpha": 0.3},
    "sonos-xiao-2022",
    {"kind": "sonos-xiao-2022", "I_max_nA": 900.0},
    {"kind": "reram-wan-2022", "extrapolate": True},
    {"kind": "reram-milo-2021", "extrapolate": True},
]


def layer_of(weights, design, product=None):
    return EncodedLayer.of(torch.as_tensor(weights), None, design, product or MatrixProduct(weights.shape[1]), "layer")


def are_counted(layer, chip):
    """Whether readings are counted; they are then those of programmed cells, of which no more is to be known."""
    counted = layer.counted_arrays(layer.bare_arrays(SCALE), chip)
    if counted is None:
        return False
    cells = layer.program(chip)
    literal = whole_readings(layer.arrays(cells, SCALE))
    assert literal is not None
    assert counted.readings.counts.dtype == literal.counts.dtype
    assert torch.equal(counted.readings.counts, literal.counts)
    assert (counted.readings.step, counted.readings.are_exact) == (literal.step, literal.are_exact)
    assert (cells.noise, cells.drift_gain, cells.line_signs, cells.held) == (None, None, None, None)
    assert (cells.pulses, cells.outside) == (1.0, 0.0)
    return True


@settings(max_examples=150)
@given(designs(), st.sampled_from([None, *DEVICES]), matrices(), st.integers(0, 1000), st.integers(0, 3))
def test_readings_are_those_of_programmed_cells(design, device, weights, seed, chip):
    design = design if device is None else design.with_settings({"cell.device": device})
    is_counted = are_counted(layer_of(weights, design), Chip(seed, chip))
    event("counted" if is_counted else "programmed")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("mapping", ["differential", "two-sided", "offset", "twos-complement"])
def test_readings_of_many_pieces_are_counted_for_every_mapping(device, mapping):
    """Sizes that are multiples of eight and that are not, in several pieces of the stream."""
    design = Design.load("differential").with_settings({"weights": {"kind": mapping}, "cell.device": device})
    for product, outputs in ((MatrixProduct(130), 40), (ConvolutionProduct(16, (3, 3), groups=2), 48)):
        weights = torch.randn(outputs, product.rows, generator=torch.Generator().manual_seed(0))
        assert are_counted(layer_of(weights, design, product), Chip(1, 2))
        assert are_counted(layer_of(weights, design, product), Chip(1, 3))


def test_no_setting_is_forgotten():
    """Whatever setting is changed, readings are those of programmed cells, or they are not counted."""
    weights = np.random.default_rng(0).standard_t(3, (6, 20)).astype(np.float32)
    counted = {}
    for base in ("differential", "offset"):
        for name, design in changes(Design.load(base)):
            try:
                layer = layer_of(weights, design)
                layer.program(Chip())
            except (DesignError, NotImplementedError):
                continue
            counted.setdefault(name, []).append(are_counted(layer, Chip()))
    assert all(counted["cell.clip"])
    assert not any(counted["cell.faults.stuck_low"])
    assert sum(map(all, counted.values())) > 30


@pytest.mark.parametrize("steps", [300_000, 1_000_000])
def test_grids_of_any_resolution_are_those_of_whole_numbers(steps):
    design = Design().with_settings({**NOISY, "cell.resolution": steps})
    assert are_counted(layer_of(torch.randn(5, 30), design), Chip())
    inputs = np.random.default_rng(0).random((30, 4), dtype=np.float32)
    faulty = design.with_settings({"cell.faults.stuck_low": 0.1})  # of which all cells are made
    assert isinstance(
        AnalogCore(np.eye(5, 30, dtype=np.float32), faulty, calibration=inputs).programmed.plan, IntegerPlan
    )


def test_designs_of_the_paper_are_counted_and_others_are_not():
    assert all(is_plain(Design.load(name)) for name in ("differential", "sonos-a", "sonos-b", "sonos-e", "offset"))
    assert not any(is_plain(Design.load(name)) for name in ("ideal", "joshi-2020"))


def test_a_device_that_programs_in_its_own_way_is_not_counted():
    class Shifted(StateProportional):
        kind: Literal["shifted"] = "shifted"

        def program(self, target, draws):
            return super().program(target, draws) + 0.01

    design = Design().with_settings(NOISY)
    own = design.model_copy(update={"cell": design.cell.model_copy(update={"device": Shifted(alpha=0.02)})})
    assert is_plain(design)
    assert not is_plain(own)


def test_cells_without_an_error_are_on_the_grid_of_exact_ones():
    design = Design.load("differential").with_settings({"cell.device.alpha": 0.0})
    assert not are_counted(layer_of(torch.randn(5, 30), design), Chip())


@pytest.fixture
def step_by_step(monkeypatch):
    """Chips are programmed as the reference does it, for a while."""

    def switch(on):
        monkeypatch.setattr(encoded, "counted_readings", (lambda *_: None) if on else COUNTED)

    return switch


COUNTED = encoded.counted_readings


@settings(max_examples=60)
@given(designs(), matrices(), st.integers(0, 1000), st.booleans())
def test_layers_give_the_same_outputs_either_way(design, weights, seed, signed):
    inputs = inputs_for(weights.shape[1], 5, seed, signed)
    fast = AnalogCore(weights, design, calibration=inputs, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded, "counted_readings", lambda *_: None)
        plain = AnalogCore(weights, design, calibration=fast.calibration, seed=seed)
    assert type(fast.programmed.plan) is type(plain.programmed.plan)
    assert (fast.programmed.pulses, fast.programmed.outside) == (plain.programmed.pulses, plain.programmed.outside)
    assert np.array_equal(fast @ inputs, plain @ inputs)


def test_no_tensor_of_cells_is_made_where_readings_are_enough(monkeypatch):
    monkeypatch.setattr(EncodedLayer, "program", lambda *_: pytest.fail("programmed step by step"))
    inputs = np.random.default_rng(0).random((30, 4), dtype=np.float32)
    core = AnalogCore(np.ones((5, 30), np.float32), Design().with_settings(NOISY), calibration=inputs)
    assert isinstance(core.programmed.plan, IntegerPlan)


@pytest.mark.parametrize("device", ["sonos-xiao-2022", {"kind": "state-independent", "alpha": 0.05}])
def test_a_sweep_over_fresh_chips_has_the_same_results_either_way(tmp_path, step_by_step, device):
    small = study(design={"base": "differential", "set": {"cell.device": device}}, axes=study().axes[:1])
    results = []
    for name in ("fast", "literal"):
        step_by_step(name == "literal")
        sweep(small, tmp_path / f"{name}.sqlite", workers=1, threads=1)
        results.append(comparable(tmp_path / f"{name}.sqlite"))
    assert len(results[0]) > 0
    assert results[0].equals(results[1])
