"""Calibrated ranges as settings: the same outputs to the bit, without calibration."""

from __future__ import annotations

import pytest
import torch

from bitline import Design, conversion_of, convert
from bitline.errors import DesignError
from bitline.evaluation.adc_ranges import ranges_frame, study_ranges
from bitline.evaluation.given_ranges import limits_frame, signals_frame, with_given_ranges

SLICED = {"weights.bits": 9, "weights.bits_per_cell": 2, "inputs.accumulation": "digital"}
ERRORS = {"cell.device": {"kind": "state-proportional", "alpha": 0.05}}
DESIGNS = {
    "one slice": {},
    "few bits": {"adc.bits": 4, "adc.range.percentile": 99.0},
    "slices": SLICED,
    "least error": {**SLICED, "adc.range": "least-error"},
    "on a chip": {"adc.calibrated_on": "chip"},
    "per vector": {"inputs.range": "per-vector"},
    "digital subtraction": {"weights.subtraction": "digital", "inputs.slice_bits": 2},
}
torch.manual_seed(0)
NETWORK = torch.nn.Sequential(
    torch.nn.Conv2d(2, 5, 3, padding=1), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(180, 7)
).eval()
IMAGES, OTHERS = torch.randn(20, 2, 6, 6), torch.randn(10, 2, 6, 6)


@pytest.mark.parametrize("name", DESIGNS)
def test_given_ranges_are_the_calibrated_ones_to_the_bit(name):
    design = Design.load("differential").with_settings({**ERRORS, **DESIGNS[name]})
    given = with_given_ranges(design, study_ranges(NETWORK, design, IMAGES))
    found, known = convert(NETWORK, given), convert(NETWORK, design, IMAGES)
    levels = [conversion_of(each).calibration.layers["0"].levels for each in (found, known)]
    assert (levels[0].low, levels[0].high) == (levels[1].low, levels[1].high)
    assert levels[0].step == pytest.approx(levels[1].step, rel=1e-14)
    assert torch.equal(found(OTHERS), known(OTHERS))


def test_a_range_with_an_odd_number_of_levels_gets_one_more_at_its_lower_end():
    design = Design.load("differential").with_settings({"adc.range": "aligned", "adc.bits": 6})
    given = with_given_ranges(design, study_ranges(NETWORK, design, IMAGES))
    networks = convert(NETWORK, given), convert(NETWORK, design, IMAGES)
    found, known = (conversion_of(each).calibration.layers["0"].levels for each in networks)
    assert found.step == pytest.approx(known.step, rel=1e-14)
    assert (found.low, found.high) == ((-32,), (31,)) and (known.low, known.high) == ((-31,), (31,))


def test_rules_of_the_design_stay_and_the_file_gives_the_same_design(tmp_path):
    design = Design(layers=[{"match": "3", "set": {"adc.bits": 5}}]).with_settings(SLICED)
    given = with_given_ranges(design, study_ranges(NETWORK, design, IMAGES))
    assert [given.for_layer(name).adc.bits for name in ("0", "3")] == [8, 5]
    (tmp_path / "given.toml").write_text(given.to_toml())
    assert Design.load(str(tmp_path / "given.toml")).layers == given.layers


def test_ranges_of_columns_are_listed_and_no_settings():
    design = Design().with_settings({"adc.ranges_per": ["column"]})
    ranges = study_ranges(NETWORK, design, torch.randn(40, 2, 6, 6))
    with pytest.raises(DesignError, match="layer '0' has them: keep its ranges in a calibration file"):
        with_given_ranges(design, ranges)
    limits = limits_frame(ranges)
    own = limits[limits["layer"] == "0"]
    assert list(own["column"]) == [0, 1, 2, 3, 4]
    levels = conversion_of(convert(NETWORK, design, torch.randn(40, 2, 6, 6))).calibration.layers["0"].levels
    assert levels.extent == (1, 1, 1, 1, 1, 5)
    frame = ranges_frame(ranges)
    assert (frame["low"][0], frame["high"][0]) == (own["low"].min(), own["high"].max())


def test_the_histogram_of_signals_has_all_of_them():
    design = Design().with_settings(SLICED)
    ranges = study_ranges(NETWORK, design, IMAGES)
    frame = signals_frame(ranges)
    for entry in ranges:
        own = frame[(frame["layer"] == entry.layer) & (frame["slice"] == entry.slice)]
        assert own["count"].sum() == entry.signals.total
        assert len(own) <= 512
        assert own["from"].iloc[0] <= entry.signals.low <= own["to"].iloc[0]
        assert own["from"].iloc[-1] <= entry.signals.high <= own["to"].iloc[-1]
        inside = own["count"][(own["from"] >= entry.low) & (own["to"] <= entry.high)].sum()
        assert inside >= 0.95 * entry.signals.total


def test_as_many_limits_as_slices():
    sliced = Design().with_settings(SLICED)
    with pytest.raises(DesignError, match="states limits for 2 weight slices, and ADCs convert 4"):
        sliced.with_settings({"adc.range": {"kind": "given", "high": (1.0, 2.0)}})
    with pytest.raises(DesignError, match=r"`low` is \[-1.0\] and `high` is \[1.0, 2.0\]"):
        sliced.with_settings({"adc.range": {"kind": "given", "low": (-1.0,), "high": (1.0, 2.0)}})
