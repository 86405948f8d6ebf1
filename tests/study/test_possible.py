"""Impossible combinations are left out and counted; what no design can have is refused."""

from __future__ import annotations

import pytest
from small_study import study

from bitline.errors import StudyError
from bitline.study import explore, plan, read_results, sweep
from bitline.study.possible import check_axes, possible

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
