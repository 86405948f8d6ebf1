"""Studies of the paper: verdicts are computed, files are written, measurements are shared."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from operator import sub
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitline.errors import StudyError
from bitline.paper import Experiment, catalogue, find, run_study
from bitline.paper.axes import over
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.measurements import Measurements
from bitline.paper.quantity import accuracy, combined, unknown
from bitline.paper.studies.cell_errors import error
from bitline.paper.verdict import RELATIONS, Claim, Verdict, corrected, log_ratio, tolerance
from bitline.study import DesignResult, Study, StudyResult

SMALL = {"model": "synthetic:small_network", "data": "fashion-mnist", "images": 8, "calibration_images": 8, "chips": 2}
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
    return accuracy(("store", "analog"), np.repeat(np.array(values)[:, None], 2, axis=1))


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


@pytest.mark.parametrize("distance", [0.0, 1e-16, 1e-9, 1e-5])
def test_nothing_decides_a_claim_whose_value_lies_on_its_bound(distance):
    right = np.random.default_rng(0).random((4, 100)) < 0.9
    close = CLAIM.measured("share right", accuracy(("s", "a"), right), ">", float(right.mean()) - distance)
    assert close.words == "not decided"
    assert close.needed in ("", "too close to the bound to be decided")


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


@pytest.mark.parametrize("line", [Line("full", (), (), ()), Line("full", (6, 7), (math.nan, math.nan), (0.0, 0.0))])
def test_a_panel_of_which_nothing_is_measured_says_so(line):
    """It had axes from -0.04 to 0.04, as if that were results."""
    panels = (Panel("a", (line,), "bits"), Panel("b", (Line("full", (6, 7), (50.0, 70.0), (0.0, 0.0)),), "bits"))
    empty, full = Drawing(panels, "caption").figure().axes
    assert [text.get_text() for text in empty.texts] == ["not measured yet"]
    assert not len(empty.get_xticks()) and len(full.get_xticks()) and not full.texts


def test_every_study_says_what_it_shows():
    assert len(catalogue()) >= 20
    for name, study in catalogue().items():
        assert study.name == name
        assert study.shows.startswith(("Fig", "Tab", "Sec", "Eq"))
    with pytest.raises(StudyError, match="did you mean 'adc-bits'"):
        find("adc-bit")


def test_studies_write_figures_data_and_verdicts(tmp_path):
    experiment = Experiment(tmp_path, **SMALL)
    for name in ("weights", "conductances", "currents", "useful-range", "energy", "sonos"):
        assert run_study(find(name), experiment).verdicts
        assert (tmp_path / f"{name}.svg").stat().st_size > 5000
        content = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        words = {verdict["verdict"] for verdict in content["verdicts"]}
        assert words <= {"holds", "does not hold", "not decided"}
        assert content["provenance"]["images"] == 8
    embedded = Experiment(tmp_path, images=8, calibration_images=16)
    assert {verdict.words for verdict in run_study(find("energy"), embedded).verdicts} == {"holds"}
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


ALPHAS = (0.01, 0.1, 0.5)


def measured(experiment, until=math.inf, alphas=ALPHAS):
    """Cell errors of the small network, as studies measure them."""
    axes = [over("cell.device.alpha", alphas)]
    return replace(experiment, until=until).measure("errors", axes, error("state-independent", 0.1))


def test_what_time_is_too_short_for_is_left_out_and_said(tmp_path):
    experiment = Experiment(tmp_path, **SMALL)
    nothing = measured(experiment, until=0)
    assert [design.chip_values for design in nothing.designs()] == [(), (), ()]
    assert nothing.failures == ("Not measured yet: 3 of 3 designs.",)
    assert math.isnan(nothing.tolerance("cell.device.alpha").value)
    assert math.isnan(nothing.loss(nothing.best).value)
    one = measured(experiment, alphas=ALPHAS[:1])
    assert not one.failures
    some = measured(experiment, until=0)
    assert [len(design.chip_values) for design in some.designs()] == [2, 0, 0]
    assert some.loss(some.designs()[0]).value == one.loss(one.designs()[0]).value
    assert not math.isnan(measured(experiment).loss(some.designs()[2]).value)


def test_what_is_measured_when_the_time_is_up_is_kept(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("bitline.paper.experiment.time", SimpleNamespace(monotonic=lambda: len(told)))
    progress = lambda what, done, total: told.append((done, total))  # noqa: E731
    experiment = replace(Experiment(tmp_path, **SMALL), progress=progress)
    begun = measured(experiment, until=1)
    (done, total) = told[-1]
    assert 0 < done < total
    assert begun.unmeasured
    told.clear()
    assert not measured(experiment).unmeasured
    assert told[0][1] < total  # it goes on where it was


def test_tolerance_rests_on_the_designs_that_decide_it():
    """An error far beyond what is tolerated changes nothing, nor do images on which only it was measured."""
    rng = np.random.default_rng(0)
    right = {0.1: rng.random((2, 200)) < 0.995, 0.2: rng.random((2, 200)) < 0.8, 0.4: rng.random((2, 20)) < 0.1}
    exact = accuracy(("s", "exact"), np.ones((1, 300)), exact=True)
    designs = tuple(_design(alpha, tuple(chips.mean(axis=1))) for alpha, chips in right.items())

    class Answers:
        def analog(self, design):
            alpha = design.settings["cell.device.alpha"]
            return accuracy(("s", f"{alpha}"), right[alpha]) if design.chip_values else unknown()

        def reference(self, design):
            return exact

    def tolerated(*chosen):
        data = Measurements(StudyResult(Study(), {}, (), chosen, 0.95), (), Answers())
        return data.tolerance("cell.device.alpha").estimate()

    whole = tolerated(*designs)
    assert whole == tolerated(*designs[:2])
    assert whole.spreads[0].images == 200
    assert 0.1 < whole.value < 0.2
    unmeasured = replace(designs[1], chip_values=())
    assert math.isnan(tolerated(designs[0], unmeasured).value)  # it tolerates 0.1, and nobody knows what else


def test_a_tolerance_is_known_without_the_worst_of_chips_that_differ():
    """Designs up to the mean's collapse decided it, so that its interval was infinite."""
    designs = [_design(alpha, chips) for alpha, chips in ((0.1, (0.95, 0.95)), (0.2, (0.94, 0.5)), (0.4, (0.6, 0.1)))]
    data = Measurements(StudyResult(Study(), {}, (), tuple(designs), 0.95), (), Known())
    found = data.tolerance("cell.device.alpha").estimate()
    assert found.value < 0.2
    assert math.isfinite(found.spreads[0].from_chips)


def test_a_design_does_not_collapse_on_images_that_are_harder_for_all():
    """Of 20 images that were hard without errors, too, as many were right as of all; it was taken for a collapse."""
    right = {9: np.repeat([[1.0, 0.0]], 10, axis=1), 8: np.zeros((1, 200))}
    exact = accuracy(("s", "exact"), np.concatenate([right[9], np.ones((1, 180))], axis=1), exact=True)
    designs = tuple(
        replace(_design(0.1, (float(values.mean()),)), settings={"adc.bits": bits}) for bits, values in right.items()
    )

    class Answers:
        def analog(self, design):
            bits = design.settings["adc.bits"]
            return accuracy(("s", f"{bits} bits"), right[bits], exact=True)

        def reference(self, design):
            return exact

    data = Measurements(StudyResult(Study(), {}, (), designs, 0.95), (), Answers())
    assert data.bits(designs).value == pytest.approx(9 - 0.02 / 0.5)


def test_quantities_of_different_images_are_compared_on_those_that_both_have():
    few, many = np.ones((2, 4)), np.repeat([[1.0, 0.0]], 4, axis=1)
    difference = combined(sub, accuracy(("s", "few"), few), accuracy(("s", "many"), many, exact=True))
    assert difference.value == 0
    assert difference.estimate().spreads[0].images == 4
    other = combined(sub, accuracy(("s", "few"), few), accuracy(("t", "many"), many, exact=True))
    assert other.value == 0.5  # of another network or other images


class Known:
    """Answers of two images that are alike, and right in part."""

    def analog(self, design):
        return accuracy(("s", design.key), np.repeat(np.array(design.chip_values)[:, None], 2, axis=1))

    def reference(self, design):
        return accuracy(("s", "reference"), np.full((1, 2), design.reference_value), exact=True)


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
