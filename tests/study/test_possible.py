"""Impossible combinations are left out and counted; what no design can have is refused."""

from __future__ import annotations

import pytest
from small_study import study

from bitline.errors import StudyError
from bitline.study import explore, plan, read_results, sweep
from bitline.study.axes import Axis
from bitline.study.possible import check_axes, possible
from bitline.study.unused import unused

ROWS = {"setting": "array.rows", "values": [72, 144]}
SLICES = {"setting": "weights.bits_per_cell", "values": [2, 12]}
SEARCH = {"designs": 6, "population": 3, "screening_images": 4, "objectives": ["accuracy", "energy_uJ"]}


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ({"setting": "adc.bitz", "values": [4, 5]}, "unknown key 'adc.bitz': did you mean 'bits'"),
        ({"setting": "adc.kind", "values": ["uniform", "saar"]}, "adc.kind = saar: .* did you mean 'sar'"),
        ({"setting": "weights.kind", "values": ["differential", "ofset"]}, "did you mean 'offset'"),
        ({"setting": "adc.bits", "values": [4, 5.5]}, "adc.bits is 5.5: input should be a valid integer"),
        ({"setting": "adc.bits", "values": [4, "6"]}, "write the number without quotes"),
        ({"zip": {"adc.bits": [4, 5], "adcs.kind": ["sar", "sar"]}}, "unknown key 'adcs'"),
        ({"setting": "array.rowz", "values": [1], "when": {"weights.kind": "offset"}}, "did you mean 'rows'"),
    ],
)
@pytest.mark.needs("Optuna")
def test_what_no_design_can_have_is_refused(tmp_path, axis, words):
    """A search of misspelt settings screened 0 designs and ended with 0; of misspelt values, it searched the rest."""
    with pytest.raises(StudyError, match=words):
        possible(study(axes=[ROWS, axis], skip_impossible=True))
    with pytest.raises(StudyError, match=words):
        explore(study(axes=[ROWS, axis], search=SEARCH), tmp_path / "a.sqlite")
    assert not (tmp_path / "a.sqlite").exists()


@pytest.mark.parametrize(
    "axes",
    [
        [{"setting": "adc.kind", "values": ["uniform", "none"]}, {"setting": "adc.bits", "values": [5, 6]}],
        [{"setting": "adc.bits", "values": [5, 6]}, {"setting": "adc", "values": ["none", "uniform"]}],
        [
            {"setting": "weights.kind", "values": ["differential", "offset"]},
            {"setting": "weights.flipped_columns", "values": [True], "when": {"weights.kind": "offset"}},
        ],
    ],
)
def test_settings_of_one_variant_are_known(axes):
    check_axes(study(axes=axes))
    assert possible(study(axes=axes, skip_impossible=True)).points


def test_a_setting_of_the_base_that_a_variant_lacks_is_a_combination():
    base = {"base": "differential", "set": {"adc.bits": 6}}
    chosen = study(design=base, axes=[{"setting": "adc.kind", "values": ["uniform", "none"]}], skip_impossible=True)
    found = possible(chosen)
    assert (len(found.points), list(found.impossible)) == (1, ["adc.kind = none"])


@pytest.mark.needs("Optuna")
def test_what_is_left_out_is_counted(tmp_path):
    few = {"images": 4, "calibration_images": 4}
    chosen = study(axes=[ROWS, SLICES], data=few, run={"chips": 1}, skip_impossible=True)
    words = "2 impossible combinations of the axes are left out, such as array.rows = 72, weights.bits_per_cell = 12: "
    assert plan(chosen, tmp_path / "a.sqlite").note.startswith(words)
    assert words in str(plan(chosen, tmp_path / "a.sqlite"))
    assert f"note: {words}" in str(sweep(chosen, tmp_path / "a.sqlite"))
    assert any(note.startswith(words) for note in read_results(tmp_path / "a.sqlite").notes)
    possible_only = study(axes=[ROWS], data=few, run={"chips": 1})
    assert sweep(possible_only, tmp_path / "a.sqlite").note == ""
    assert not any("impossible" in note for note in read_results(tmp_path / "a.sqlite").notes)
    found = explore(chosen.model_copy(update={"search": chosen.search.model_validate(SEARCH)}), tmp_path / "b.sqlite")
    assert "of the axes" in found.note
    assert "note: 2 impossible combinations of the axes" in str(found)
    assert found.note in read_results(tmp_path / "b.sqlite").notes


@pytest.mark.needs("Optuna")
def test_a_search_without_a_possible_design_is_refused(tmp_path):
    axes = [ROWS, {"setting": "weights.bits_per_cell", "values": [12]}]
    with pytest.raises(StudyError, match=r"no possible design: check its axes \(array.rows = .* use 1 to 7"):
        explore(study(axes=axes, search=SEARCH), tmp_path / "a.sqlite")


UNMET = {"setting": "weights.bits_per_cell", "values": [1, 2], "when": {"weights.kind": "offset"}}


@pytest.mark.parametrize(
    ("axes", "note"),
    [
        ([ROWS, UNMET], "axis weights.bits_per_cell is in no design: weights.kind is never offset, only differential"),
        ([{"setting": "weights.kind", "values": ["differential", "offset"]}, UNMET], ""),
        (
            [ROWS, {"setting": "adc.bits", "values": [5], "when": {"array.rows": [72, 1152]}}],
            "axis adc.bits: its condition also names array.rows = 1152, which no design has there",
        ),
        (
            [ROWS, {"setting": "adc.bits", "values": [5], "when": {"array.rows": 72, "weights.kind": "offset"}}],
            "axis adc.bits is in no design: weights.kind is never offset, only differential",
        ),
        (
            [
                {"zip": {"array.rows": [72, 144], "adc.bits": [5, 6]}},
                {"setting": "cell.time", "values": ["1 day"], "when": {"array.rows": 72, "adc.bits": 6}},
            ],
            "axis cell.time is in no design: no design has array.rows = 72 and adc.bits = 6 at once",
        ),
        (
            [ROWS, {"setting": "array.rows", "values": [36], "when": {"weights.kind": "differential"}}],
            "axis array.rows: array.rows = 72 is in no design, as a later axis sets array.rows again; "
            "axis array.rows: array.rows = 144 is in no design, as a later axis sets array.rows again",
        ),
    ],
)
@pytest.mark.needs("Optuna")
def test_axes_that_no_design_has_are_named(tmp_path, axes, note):
    """They vanished without a word."""
    asked = study(axes=axes, search=SEARCH)
    assert possible(asked).note == plan(asked, tmp_path / "a.sqlite").note == note
    if note and axes[1] is UNMET:
        assert sweep(asked, tmp_path / "a.sqlite").note == note
        assert note in read_results(tmp_path / "a.sqlite").notes
        assert explore(asked, tmp_path / "b.sqlite").note == note


def test_values_whose_combinations_are_all_impossible_are_named():
    found = possible(study(axes=[ROWS, SLICES], skip_impossible=True))
    assert found.unused == ("no possible design has weights.bits_per_cell = 12",)


def test_of_many_combinations_nothing_is_said_that_was_not_looked_at():
    """A search has axes of any number of combinations; what decides about an axis is a few of them."""
    many = [{"setting": f"cell.device.a{place}", "values": list(range(50))} for place in range(9)]
    axes = [Axis(**axis) for axis in (*many, UNMET)]
    assert unused(axes, {"weights.kind": "offset"}) == ()
    assert len(unused(axes, {"weights.kind": "differential"})) == 1


@pytest.mark.parametrize(
    ("kinds", "own", "values"),
    [
        ({"inputs.range": ["per-vector", "least-error"]}, "inputs.range.power", [1, 2]),
        ({"cell.read_noise": ["none", "state-independent"]}, "cell.read_noise.alpha", [0.01, 0.02]),
        ({"cell.levels": ["continuous", "uniform"]}, "cell.levels.count", [16, 32]),
    ],
)
def test_every_choice_of_a_kind_is_known(kinds, own, values):
    """Of a list that was written by hand some were missing, so that their own settings were unknown."""
    ((setting, choices),) = kinds.items()
    axes = [{"setting": setting, "values": choices}, {"setting": own, "values": values}]
    assert len(possible(study(axes=axes, skip_impossible=True)).points) >= len(values)
