"""Studies of the paper: verdicts are computed, files are written, measurements are shared."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitline.errors import StudyError
from bitline.paper import Experiment, catalogue, find, run_study
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.measurements import Measurements
from bitline.paper.quantity import accuracy
from bitline.paper.verdict import RELATIONS, Claim, Verdict, corrected, log_ratio, tolerance
from bitline.study import DesignResult, Study, StudyResult

CLAIM = Claim("A design loses little.")


@pytest.mark.parametrize(("relation", "opposite"), [("<", ">="), (">", "<="), ("<=", ">"), (">=", "<")])
@given(
    value=st.floats(-5, 5),
    half=st.sampled_from((0.0, 1.0, math.inf)),
    bound=st.sampled_from((-1.0, 0.0, 2.5)),
)
def test_a_claim_holds_where_its_opposite_does_not(relation, opposite, value, half, bound):
    words = {
        sign: Verdict("", "", value, value - half, value + half, sign, bound).words for sign in (relation, opposite)
    }
    swapped = {"holds": "does not hold", "does not hold": "holds", "not decided": "not decided"}
    assert words[opposite] == swapped[words[relation]]
    mirrored = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}[relation]
    assert Verdict("", "", -value, -value - half, -value + half, mirrored, -bound).words == words[relation]


def test_words_follow_from_the_interval():
    for relation, words in {"<": "does not hold", "<=": "holds", ">": "does not hold", ">=": "holds"}.items():
        assert CLAIM.computed("", 1.0, relation, 1.0).words == words  # at the bound itself
        assert RELATIONS[relation](1.0, 1.0) == (words == "holds")
        assert Verdict("", "", 2.0, 1.0, 3.0, relation, 2.5).words == "not decided"
        assert CLAIM.computed("", math.nan, relation, 1.0).words == "not decided"
        assert CLAIM.measured("", on_chips([1.0]), relation, 5.0).words == "not decided"  # one chip
        assert CLAIM.measured("", on_chips([]), relation, 5.0).words == "not decided"
    assert Verdict("", "", 2.0, 1.0, 3.0, "<", 3.5).words == "holds"
    assert Verdict("", "", 2.0, 1.0, 3.0, "<", 1.0).words == "does not hold"
    assert CLAIM.sampled("", [1.0, 1.1, 0.9], "<", 2).words == "holds"
    assert CLAIM.sampled("", [1.0, 1.1, 0.9], ">", 2).words == "does not hold"


def on_chips(values):
    """A quantity that only chips make random."""
    return accuracy(("store", "analog"), np.array(values)[:, None])


def test_the_interval_of_a_ratio_is_that_of_its_logarithm():
    logarithms = [math.log(2), math.log(8)]
    verdict = CLAIM.ratio("A over B", on_chips(logarithms), ">", 1)
    plain = CLAIM.sampled("log of A over B", logarithms, ">", 0)
    assert verdict.value == pytest.approx(4)
    assert (verdict.low, verdict.high) == pytest.approx((math.exp(plain.low), math.exp(plain.high)))
    assert verdict.words == plain.words
    one_chip = CLAIM.ratio("A over B", on_chips([math.log(2)]), ">", 1)
    assert (one_chip.low, one_chip.high) == (0, math.inf)


@pytest.mark.parametrize("samples", [[], [1.0], [1.0, 2.0]])
def test_a_verdict_survives_its_file(samples):
    verdict = CLAIM.measured("loss in points", on_chips(samples), "<", 1)
    content = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
    again = Verdict.from_dict(content)
    assert again.to_dict() == content == {**content, "verdict": again.words}
    assert (again.found, again.claimed) == (verdict.found, "< 1")


def test_an_undecided_claim_says_what_would_decide_it():
    right = np.random.default_rng(0).random((4, 100)) < 0.9
    close = CLAIM.measured("share right", accuracy(("s", "a"), right), ">", float(right.mean()) - 0.01)
    assert close.words == "not decided"
    assert close.needed.startswith("about ")
    assert close.needed.endswith(" would decide")
    assert CLAIM.measured("share right", accuracy(("s", "a"), right), ">", 0.5).needed == ""


def test_claims_that_are_read_together_are_decided_more_strictly():
    clear, close = (Verdict("", "", 2.0, 1.0, 3.0, ">", 0.5, p_value) for p_value in (0.001, 0.04))
    arithmetic = CLAIM.computed("", 1.0, "<", 2)
    assert corrected([clear, close]) == ["holds", "holds"]
    assert corrected([close, clear, close]) == ["not decided", "holds", "not decided"]
    assert corrected([arithmetic] * 50 + [close]) == ["holds"] * 51


def test_a_verdict_reads_as_it_is_claimed():
    assert CLAIM.computed("loss in points", 0.1 + 0.2 - 0.3, "<", 1).found == "0"
    assert CLAIM.computed("loss in points", math.nan, "<", 1).found == "unknown"
    assert CLAIM.measured("loss in points", on_chips([0.4]), "<", 1).found == "0.4 [−∞, ∞]"


@given(
    losses=st.lists(st.floats(0, 0.1), min_size=1, max_size=8),
    baseline=st.floats(0.5, 1),
)
def test_tolerance_lies_where_the_accuracy_crosses_the_floor(losses, baseline):
    errors = [0.01 * (index + 1) for index in range(len(losses))]
    accuracies = [baseline - loss for loss in losses]
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
    assert CLAIM.ratio("", on_chips([log_ratio(0.2, 0.2, 0.2)] * 3), ">", 1).words == "not decided"


def test_a_drawing_survives_its_file():
    line = Line("accuracy", (1.0, 2.0), (0.5, math.nan), (0.0, 0.1))
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
        assert run_study(find(name), experiment).verdicts
        assert (tmp_path / f"{name}.svg").stat().st_size > 5000
        content = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        words = {verdict["verdict"] for verdict in content["verdicts"]}
        assert words <= {"holds", "does not hold", "not decided"}
        assert content["provenance"]["images"] == 8
    assert {verdict.words for verdict in run_study(find("energy"), experiment).verdicts} == {"holds"}
    measured_again = []
    run_study(find("sonos"), replace(experiment, progress=lambda what, done, total: measured_again.append(total)))
    assert max(measured_again) == 0


def test_lines_carry_two_sigma_where_several_chips_were_measured():
    designs = [_design(0.1, (0.9, 0.92)), _design(0.05, (0.95,))]
    line = Line.of("cells", designs, "cell.device.alpha")
    assert line.x == (0.05, 0.1)
    assert line.y == pytest.approx((95, 91))
    assert line.error == pytest.approx((0, 200 * designs[0].std))
    assert Line.exact("law", range(3), [1, 2, 3]) == Line("law", (0.0, 1.0, 2.0), (1.0, 2.0, 3.0), (0.0, 0.0, 0.0))


class Known:
    """Answers of a single image that is right in part."""

    def analog(self, design):
        return accuracy(("s", design.key), np.array(design.accuracies)[:, None])

    def reference(self, design):
        return accuracy(("s", "reference"), np.array([[design.reference]]), exact=True)


def test_measurements_are_chosen_by_dotted_settings():
    designs = tuple(_design(alpha, (0.9, 0.91)) for alpha in (0.1, 0.05))
    data = Measurements(StudyResult(Study(), {}, (), designs, 0.95), (), Known())
    assert data.designs() == list(designs)
    assert data.designs({"cell.device.alpha": 0.05}) == [designs[1]]
    assert data.designs({"cell.device.alpha": 0.07}) == []
    assert data.loss(designs[0]).value == pytest.approx(4.5)
    assert CLAIM.measured("", data.loss(designs[0]), "<", 5).low == pytest.approx(4.5 - 12.706 * 0.5, abs=0.01)
    assert data.gain(designs[0], designs[1]).value == 0
    assert data.tolerance("cell.device.alpha").value == pytest.approx(0.02 / 0.045 * 0.05)
    assert "key" not in data.table


def _design(alpha, accuracies):
    settings = {"cell.device.alpha": alpha}
    return DesignResult(f"{alpha}", "", settings, {}, 100, accuracies, 0.95, None, None, (), 0.0, True, "")
