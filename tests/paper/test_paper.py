"""Studies of the paper: verdicts are computed, files are written, measurements are shared."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitline.errors import StudyError
from bitline.paper import Experiment, catalogue, find, run_study
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.verdict import Verdict, computed, log_ratio, measured, tolerance


def test_words_follow_from_the_interval():
    assert Verdict("", "", 2.0, 1.0, 3.0, 0.5).words == "holds"
    assert Verdict("", "", 2.0, 1.0, 3.0, 2.5).words == "not decided"
    assert Verdict("", "", 2.0, 1.0, 3.0, 3.5).words == "does not hold"
    assert computed("", "", 1.0, above=1.0).words == "does not hold"
    assert measured("", "", [1.0]).words == "not decided"
    assert measured("", "", []).words == "not decided"
    assert measured("", "", [1.0, 1.1, 0.9]).words == "holds"
    assert measured("", "", [-1.0, -1.1, -0.9]).words == "does not hold"
    json.dumps(measured("", "", [1.0]).to_dict(), allow_nan=False)


@given(
    losses=st.lists(st.floats(0, 0.1), min_size=1, max_size=8),
    baseline=st.floats(0.5, 1),
)
def test_tolerance_lies_where_the_accuracy_crosses_the_floor(losses, baseline):
    errors = [0.01 * (index + 1) for index in range(len(losses))]
    accuracies = [baseline - one for one in losses]
    found = tolerance(errors, accuracies, baseline)
    assert 0 <= found <= errors[-1]
    before = [loss for error, loss in zip(errors, losses, strict=True) if error <= found - 1e-12]
    assert all(loss <= 0.02 + 1e-12 for loss in before)
    if all(loss <= 0.02 for loss in losses):
        assert found == errors[-1]


def test_tolerance_interpolates():
    assert tolerance([0.1, 0.2], [0.98, 0.94], 0.98) == pytest.approx(0.15)
    assert tolerance([0.1], [0.9], 1.0, loss=0.02) == pytest.approx(0.02)
    assert math.isclose(tolerance([0.1, 0.2], [1.0, 1.0], 1.0), 0.2)
    assert math.isnan(log_ratio(0.2, 0.2, 0.2))
    assert log_ratio(0.2, 0.1, 0.2) == pytest.approx(math.log(2))
    assert measured("", "", [log_ratio(0.2, 0.2, 0.2)] * 3).words == "not decided"


def test_a_drawing_survives_its_file():
    line = Line("one", (1.0, 2.0), (0.5, math.nan), (0.0, 0.1))
    drawing = Drawing((Panel("a", (line,), "x", x_scale="symlog", smallest=1e-7),), "caption")
    content = json.loads(json.dumps(drawing.to_dict(), allow_nan=False))
    again = Drawing.from_dict(content)
    assert again.to_dict() == drawing.to_dict()
    assert math.isnan(again.panels[0].lines[0].y[1])
    assert len(again.figure().axes) == 1


def test_every_study_says_what_it_shows():
    assert len(catalogue()) >= 20
    for name, study in catalogue().items():
        assert study.name == name
        assert study.shows.startswith(("Fig", "Tab", "Sec", "Eq"))
    with pytest.raises(StudyError, match="did you mean 'adc-bits'"):
        find("adc-bit")


def test_studies_write_figures_data_and_verdicts(tmp_path):
    experiment = Experiment(out=tmp_path, images=8, calibration_images=16, chips=2)
    for name in ("weights", "conductances", "currents", "useful-range", "energy", "sonos"):
        outcome = run_study(find(name), experiment)
        assert outcome.verdicts
        assert (tmp_path / f"{name}.svg").stat().st_size > 5000
        content = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        words = [one["verdict"] for one in content["verdicts"]]
        assert set(words) <= {"holds", "does not hold", "not decided"}
        assert content["provenance"]["images"] == 8
    energies = {one.statistic: one.words for one in run_study(find("energy"), experiment).verdicts}
    assert set(energies.values()) == {"holds"}
    measured_again = []
    again = Experiment(out=tmp_path, images=8, calibration_images=16, chips=2,
                    report=lambda done, total, what: measured_again.append(total))  # fmt: skip
    run_study(find("sonos"), again)
    assert max(measured_again) == 0
