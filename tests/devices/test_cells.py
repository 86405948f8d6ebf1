"""What becomes of cells between programming and reading."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline import Design
from bitline.arrays import partition_rows
from bitline.devices import format_duration
from bitline.devices.duration import parse_duration
from bitline.errors import DesignError
from bitline.layer.cells import program_cells, target_conductances
from bitline.numerics.draws import Draws

CODES = torch.randint(-127, 128, (1, 200, 60), generator=torch.Generator().manual_seed(0)).float()


def cells_of(settings, codes=CODES, chip=0, rows=1152):
    design = Design().with_settings(settings)
    blocks = partition_rows(codes.shape[1], 1, rows).row_slices(codes.shape[1], 1)
    return program_cells(codes, design, blocks, Draws((0, chip)), "layer")


def targets(settings=None, codes=CODES):
    return target_conductances(codes, Design().with_settings(settings or {}))


# -- time


@pytest.mark.parametrize("device", ["sonos-xiao-2022", "sonos-agrawal-2022", "pcm-joshi-2020", "pcm-nandakumar-2019"])
def test_the_same_cells_age(device):
    """Ageing continues what was programmed: cells at two times are the same chip, and different from another."""
    base = {"cell.device": device}
    fresh = cells_of(base).conductance
    soon, late = (cells_of({**base, "cell.time": time}).conductance for time in ("1 hour", "1 day"))
    other = cells_of({**base, "cell.time": "1 day"}, chip=1).conductance
    target = targets(base)
    state = (target > 0.45) & (target < 0.55)  # about one state, so that what cells differ by is their own
    correlation = lambda a, b: np.corrcoef((a - target)[state], (b - target)[state])[0, 1]  # noqa: E731
    assert correlation(fresh, soon) > 0.5
    assert correlation(soon, late) > 0.5
    assert abs(correlation(late, other)) < 0.2
    assert not torch.equal(soon, late)


def test_cells_just_programmed_do_not_drift():
    for device in ("sonos-xiao-2022", "sonos-agrawal-2022", "pcm-joshi-2020"):
        assert torch.equal(
            cells_of({"cell.device": device}).conductance, cells_of({"cell.device": device, "cell.time": 0}).conductance
        )


@pytest.mark.parametrize("kind", ["layer", "column"])
def test_drift_compensation_restores_the_total_current(kind):
    settings = {"cell.device": "pcm-joshi-2020", "cell.time": "1 day"}
    fresh = cells_of({"cell.device": "pcm-joshi-2020"}).conductance
    cells = cells_of({**settings, "cell.drift_compensation": kind})
    assert cells.conductance.sum() < 0.9 * fresh.sum()
    restored = cells.conductance * cells.drift_gain
    over = (0, 1, 2, 3, 4) if kind == "layer" else (0, 1, 2, 3)
    torch.testing.assert_close(restored.sum(over), fresh.sum(over), rtol=1e-4, atol=1e-3)
    assert cells_of(settings).drift_gain is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 day", 86400), ("20s", 20), ("1.5 hours", 5400), ("250 ns", 2.5e-7), ("3", 3), ("2 min", 120)],
)
def test_times_are_written_as_people_write_them(text, value):
    assert parse_duration(text) == pytest.approx(value)


@given(st.floats(1e-6, 1e9))
def test_times_in_words_read_back(value):
    assert parse_duration(format_duration(value)) == pytest.approx(value, rel=1e-4)


# -- levels


@given(st.integers(2, 200), st.sampled_from([1.0, 10.0]))
@settings(max_examples=30)
def test_uniform_levels_are_few_and_nearest(count, low_ratio):
    design = {"cell.levels": {"kind": "uniform", "count": count}, "cell.on_off_ratio": 1e9 if low_ratio == 1 else 10.0}
    continuous = targets({"cell.on_off_ratio": design["cell.on_off_ratio"]})
    snapped = targets(design)
    low = 1 / design["cell.on_off_ratio"]
    assert len(snapped.unique()) <= count
    assert float((snapped - continuous).abs().max()) <= (1 - low) / (count - 1) / 2 + 1e-6


def test_a_level_table_gives_its_nearest_value():
    values = [0.0, 0.07, 0.4, 1.0]
    snapped = targets({"cell.levels": {"kind": "table", "values": values}})
    distances = (targets()[..., None] - torch.tensor(values)).abs()
    torch.testing.assert_close((snapped - targets()).abs(), distances.min(-1).values)
    with pytest.raises(DesignError, match="ascending"):
        Design().with_settings({"cell.levels": {"kind": "table", "values": [0.5, 0.1]}})


# -- writing


def test_write_verify_keeps_cells_inside_the_tolerance_at_a_cost():
    base = {"cell.device": {"kind": "state-independent", "alpha": 0.05}, "cell.clip": "none"}
    once = cells_of(base)
    pulses = []
    for tolerance in (0.1, 0.05, 0.02):
        verify = {**base, "cell.programming": {"kind": "write-verify", "tolerance": tolerance, "iterations": 200}}
        cells = cells_of(verify)
        assert float((cells.conductance - targets()).abs().max()) <= tolerance + 1e-6
        assert cells.outside == 0
        pulses.append(cells.pulses)
    assert once.pulses == 1 < pulses[0] < pulses[1] < pulses[2]
    # a normal error of 5 % falls inside 2 % with probability 0.3108: 1 / 0.3108 writes on average
    assert pulses[2] == pytest.approx(1 / 0.3108, rel=0.02)


def test_write_verify_gives_up_and_says_so():
    base = {"cell.device": {"kind": "state-independent", "alpha": 0.05}, "cell.clip": "none"}
    cells = cells_of({**base, "cell.programming": {"kind": "write-verify", "tolerance": 0.02, "iterations": 2}})
    assert cells.outside == pytest.approx((1 - 0.3108) ** 2, rel=0.03)


def test_read_noise_limits_what_write_verify_reaches():
    base = {
        "cell.device": {"kind": "state-independent", "alpha": 0.05},
        "cell.programming": {"kind": "write-verify", "tolerance": 0.01, "iterations": 50},
    }
    errors = [
        float((cells_of({**base, "cell.read_noise": noise}).conductance - targets()).std())
        for noise in ("none", {"kind": "state-independent", "alpha": 0.03})
    ]
    assert errors[1] > 3 * errors[0]


# -- variation


@pytest.mark.parametrize(("what", "axis"), [("row", 3), ("column", 4), ("die", None)])
def test_neighbours_share_their_variation(what, axis):
    settings = {f"cell.variation.{what}": 0.1}
    ratio = cells_of(settings).conductance / targets()
    known = targets() > 0.02
    deviations = ratio[known] - 1
    if what == "die":
        assert float(deviations.std()) < 1e-5
        dies = [float((cells_of(settings, chip=t).conductance / targets())[known].mean()) for t in range(200)]
        assert np.std(dies) == pytest.approx(0.1, rel=0.2)
        return
    assert float(deviations.std()) == pytest.approx(0.1, rel=0.25)
    along = (ratio - 1).where(known, torch.nan).movedim(axis, 0).flatten(1)
    if what == "column":
        along = (ratio - 1).where(known, torch.nan).movedim(3, -1).flatten(0, -2)
    spread = torch.tensor([float(one[~one.isnan()].std()) for one in along if (~one.isnan()).sum() > 2])
    assert float(spread.max()) < 1e-5


# -- faults


def test_stuck_cells_are_as_many_as_asked():
    cells = cells_of({"cell.faults": {"stuck_low": 0.1, "stuck_high": 0.05}, "cell.on_off_ratio": 10.0}).conductance
    target = targets({"cell.on_off_ratio": 10.0})
    changed = cells != target
    assert bool(((cells - 0.1).abs().minimum((cells - 1).abs()) < 1e-6)[changed].all())
    free = (target > 0.11) & (target < 0.99)
    assert float((cells == 1.0)[free].double().mean()) == pytest.approx(0.05, abs=0.006)
    assert float((cells < 0.1001)[free].double().mean()) == pytest.approx(0.1, abs=0.008)


def test_stuck_cells_stay_the_same_whatever_else_changes():
    faults = {"cell.faults": {"stuck_high": 0.05}}
    some = cells_of(faults).conductance == 1
    noisy = cells_of({**faults, "cell.device": {"kind": "state-proportional", "alpha": 0.01}}).conductance == 1
    free = targets() < 0.9
    assert torch.equal(some[free], noisy[free])


def test_spare_columns_repair_the_worst_columns():
    codes = CODES[:, :60, :20]
    settings = {"cell.faults": {"stuck_high": 0.01}, "array.columns": 10}

    def harm(spares: int) -> torch.Tensor:
        cells = cells_of({**settings, "cell.faults.spare_columns": spares}, codes, rows=30).conductance
        return (cells - targets(codes=codes)).abs().reshape(2, 1, 1, 2, 30, 2, 10).sum(4)

    without, two, many = harm(0), harm(2), harm(10)
    # every array of 10 columns has at most two columns repaired, and none is worse than before
    assert bool((two <= without + 1e-5).all())
    assert int((two < without - 1e-5).sum(-1).max()) <= 2
    assert float(two.sum()) < float(without.sum())
    assert float(many.sum()) < 0.5 * float(without.sum())


def test_telegraph_cells_jump_between_two_states():
    faults = {"cell.faults": {"telegraph": 0.2, "telegraph_amplitude": 0.3}}
    target = targets()
    known = target > 0.02
    now, later = ((cells_of({**faults, "cell.time": time}).conductance / target)[known] for time in (0, "1 hour"))
    states = now.mul(1000).round().unique().tolist()
    assert states == [850, 1000, 1150]
    assert float((now != 1).double().mean()) == pytest.approx(0.2, abs=0.01)
    moved = (now - later).abs() > 0.1
    assert torch.equal((now - 1).abs() > 0.1, (later - 1).abs() > 0.1)  # the same cells
    assert float(moved.double().mean()) == pytest.approx(0.1, abs=0.01)


# -- partitions


@given(st.integers(1, 30), st.sampled_from([1, 4, 9, 25]), st.integers(1, 200))
def test_row_slices_cover_every_row_once(channels, positions, max_rows):
    partition = partition_rows(channels, positions, max_rows)
    blocks = partition.row_slices(channels * positions, positions)
    rows = [row for block in blocks for row in range(block.start, block.stop)]
    assert rows == list(range(channels * positions))
    assert len(blocks) == partition.parts
    assert max(block.stop - block.start for block in blocks) == partition.rows <= max(max_rows, 1)
