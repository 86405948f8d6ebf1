"""ADC ranges: least error, where signals lie, recommendations, and calibrations as files."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline import Design, conversion_of, convert, evaluate
from bitline.cli import app as cli
from bitline.errors import CalibrationError, DataError, DesignError
from bitline.evaluation.adc_ranges import ranges_frame, study_ranges
from bitline.evaluation.recommended_adc import Recommendation, recommend
from bitline.nn import load_calibration, save_calibration
from bitline.numerics.histogram import Histogram
from bitline.readout import BitLines, LeastErrorAdcRange
from bitline.report.figures.tried import tried_figure


def seen(values) -> Histogram:
    histogram = Histogram()
    histogram.update(torch.as_tensor(values).float())
    return histogram


def lines(radix=(1,), signed=True) -> BitLines:
    return BitLines(rows=100, signed=signed, cell_bits=8, input_bits=8, step=1e-4, radix=radix)


def quantised(values, low, high, step):
    return np.clip(np.rint(values / step), low, high) * step


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(3, 8), st.sampled_from([1, 2]), st.booleans())
def test_least_error_range_is_as_good_as_any(seed, bits, power, signed):
    rng = np.random.default_rng(seed)
    values = rng.standard_t(3, 4000) * 2 if signed else rng.gamma(0.5, 2, 4000)
    levels = LeastErrorAdcRange(power=power).levels(bits, lines(signed=signed), [seen(values)])
    error = lambda low, high, step: (np.abs(values - quantised(values, low, high, step)) ** power).sum()  # noqa: E731
    own = error(levels.low[0], levels.high[0], levels.step[0])
    best = np.inf
    for fraction in np.geomspace(0.01, 1, 80):
        for other in np.geomspace(0.01, 1, 25) if signed else [0]:
            low, high = min(values.min(), 0) * other, values.max() * fraction
            step = (high - low) / (2**bits - 1)
            best = min(best, error(round(low / step), round(low / step) + 2**bits - 1, step))
    assert own <= 1.15 * best
    assert levels.high[0] - levels.low[0] == 2**bits - 1


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(4, 9))
def test_slices_are_tied_by_powers_of_two(seed, bits):
    rng = np.random.default_rng(seed)
    histograms = [seen(rng.standard_normal(2000) * scale) for scale in (3.0, 1.1, 0.02)]
    levels = LeastErrorAdcRange().levels(bits, lines(radix=(1, 16, 256)), histograms)
    ratios = np.log2(np.array(levels.step) / levels.step[0])
    np.testing.assert_allclose(ratios, np.round(ratios), atol=1e-9)


def test_study_agrees_with_the_signals(fashion):
    model, data = fashion
    images = data.calibration[:40]
    design = Design.load("differential").with_settings({"weights.bits": 9, "weights.bits_per_cell": 4})
    found = study_ranges(model, design, images)
    frame = ranges_frame(found)
    assert set(frame["slice"]) == {0, 1}
    levels = conversion_of(convert(model, design, images)).calibration.layers
    for one in found:
        used = levels[one.layer].levels
        assert one.step == pytest.approx(used.step[one.slice], rel=1e-6)
        assert one.low == pytest.approx(used.low[one.slice] * used.step[one.slice], rel=1e-6)
        assert one.clipped <= 0.0005
        assert 0 < one.useful() <= one.chosen * 1.01
        assert one.equivalent_bits >= design.adc.bits - 1
    # dot-product proportionality: differential signals use little of the range (Xiao et al. 2022, Fig. 15)
    top = [one.useful() for one in found if one.slice == 1 and one.rows > 100]
    assert max(top) < 0.02
    offset = study_ranges(model, Design.load("offset"), images)
    assert 0.1 < np.mean([one.useful() for one in offset]) < 0.6
    with pytest.raises(DesignError, match="no ADC ranges"):
        study_ranges(model, design.with_settings({"adc": "none"}), images)


def test_bits_are_recommended_for_any_data_and_measure():
    torch.manual_seed(0)
    network, inputs = torch.nn.Linear(6, 3), torch.rand(40, 6)
    data = [(part, network(part).detach()) for part in inputs.split(16)]
    best = recommend(network, Design(), iter(data), calibration=inputs, metric="mae", loss=0.05, bits=(2, 8))
    assert best.bits == 8 and best.value <= best.reference + 0.05
    assert ": mean absolute error " in str(best) and "accuracy" not in str(best)
    with pytest.raises(DataError, match="a number from 0 on"):
        recommend(network, Design(), data, calibration=inputs, metric="mae", loss=-1)


class Beside(torch.nn.Module):
    """A layer whose inputs are all 0 here, and then one that decides."""

    def __init__(self):
        super().__init__()
        self.silent, self.heard = torch.nn.Linear(6, 3, bias=False), torch.nn.Linear(6, 3)

    def forward(self, x):
        return self.silent(torch.relu(x - 9)) + self.heard(x)


def test_layers_without_a_signal_do_not_decide_the_range():
    """The first P was taken for the best one where the first layer has no ratio."""
    torch.manual_seed(0)
    network, inputs = Beside(), torch.rand(40, 6)
    best = recommend(network, Design(), inputs, network(inputs).detach(), calibration=inputs, metric="mae", bits=(3,))
    ratios = [ratio for _, _, ratio, value in best.tried if np.isnan(value)]
    assert np.isfinite(ratios).all() and best.tried[-1][2] == max(ratios)


def test_recommendation_keeps_its_promise(fashion):
    model, data = fashion
    part = data.split(80, 30)
    design = Design.load("differential")
    best = recommend(model, design, part.images, part.labels, part.calibration, loss=0.02, bits=(3, 5, 7))
    assert best.bits in (5, 7)
    adc = {"adc.bits": best.bits, "adc.range": {"kind": "calibrated", "percentile": best.percentile}}
    again = evaluate(model, design.with_settings(adc), part.images, part.labels, part.calibration, chips=2)
    assert again.mean == best.value >= best.reference - 0.02
    impossible = recommend(model, design, part.images, part.labels, part.calibration, loss=0.0, bits=(2,))
    assert impossible.bits is None


# -- files


def test_calibrations_come_back_and_give_the_same_numbers(fashion, tmp_path):
    model, data = fashion
    part = data.split(60, 30)
    design = Design.load("offset")
    made = conversion_of(convert(model, design, part.calibration)).calibration
    file = tmp_path / "calibration.json"
    save_calibration(file, made, model, design, part.calibration)
    read = load_calibration(file, model, design, part.calibration)
    assert read == made
    noisy = design.with_settings({"cell.device.alpha": 0.1})  # does not matter to calibration
    assert load_calibration(file, model, noisy, part.calibration) == made
    results = [evaluate(model, design, part.images, part.labels, one, chips=1) for one in (read, part.calibration)]
    assert results[0].chip_accuracies == results[1].chip_accuracies
    assert results[0].layers == results[1].layers


def test_stale_calibrations_are_refused_with_the_reason(fashion, tmp_path):
    model, data = fashion
    images, design = data.calibration[:10], Design.load("differential")
    made = conversion_of(convert(model, design, images)).calibration
    file = tmp_path / "calibration.json"
    save_calibration(file, made, model, design, images)
    other = type(model)().eval()
    for arguments, words in [
        ((model, design.with_settings({"adc.bits": 6}), images), "adc.bits 8, not 6"),
        ((model, design.with_settings({"array.rows": 100}), images), "array.rows 1152, not 100"),
        ((other, design, images), "a network with weights"),
        ((model, design, images[:5]), "for images"),
    ]:
        with pytest.raises(CalibrationError, match=words):
            load_calibration(file, *arguments)
    file.write_text("{}")
    with pytest.raises(CalibrationError, match="cannot read the calibration"):
        load_calibration(file, model, design, images)


def test_command_shows_ranges(tmp_path, monkeypatch, capsys):
    arguments = ["--calibration-images", "10", "--images", "20", "--loss", "5", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["bitline", "ranges", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    output = capsys.readouterr().out
    frame = pd.read_csv(tmp_path / "ranges.csv")
    assert "recommended: adc.bits" in output or "no resolution" in output
    assert "stage3.conv2" in output and len(frame) == 10
    assert all((tmp_path / name).stat().st_size > 10_000 for name in ("signals.png", "useful.png", "tried.png"))
    assert "tried: " in output and "tried.png" in output


def test_the_figure_of_what_was_tried_shows_all_of_it():
    tried = tuple(
        (bits, percentile, bits * 6.0 - percentile / 50, math.nan) for bits in (4, 7) for percentile in (99.0, 100.0)
    )
    tried += ((4, 99.0, 22.0, 0.80), (7, 99.0, 40.0, 0.93))
    above, below = tried_figure(Recommendation(7, 99.0, 0.93, 0.935, tried), 0.01, "made up").axes
    measured, without, accepted, chosen = above.lines
    assert measured.get_xydata().tolist() == [[4, 80], [7, 93]]
    assert [text.get_text() for text in above.texts] == ["P 99 %", "P 99 %"]
    assert (without.get_ydata()[0], accepted.get_ydata()[0]) == (93.5, 92.5)
    assert chosen.get_xydata().tolist() == [[7, 93]]
    drawn = {(line.get_label(), *point) for line in below.lines for point in line.get_xydata().tolist()}
    assert drawn == {
        (f"P {percentile:g} %", bits, ratio) for bits, percentile, ratio, value in tried if math.isnan(value)
    }


def test_runs_write_and_use_a_calibration(tmp_path, monkeypatch, capsys):
    def run(*more):
        few = ["--images", "20", "--calibration-images", "10", "--chips", "1", "--out", str(tmp_path / "out")]
        arguments = ["bitline", "run", *few, "--calibration", str(tmp_path / "c.json"), *more]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, capsys.readouterr().err

    assert run()[0] == 0
    first = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["accuracy"]
    assert run()[0] == 0
    assert json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["accuracy"] == first
    status, errors = run("--set", "adc.bits=5")
    assert (status, errors.count("\n")) == (2, 1)
    assert "delete the file" in errors
