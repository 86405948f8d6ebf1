"""Questions to the table of a study."""

from __future__ import annotations

import pytest

from bitline.errors import StudyError
from bitline.study import DesignResult, Selection, Study, StudyResult
from bitline.study.conditions import read_conditions

COLUMNS = ("adc.bits", "adc.kind", "cell.time", "accuracy", "latency_us", "weights.bits_per_cell")
VALUES = (
    (4, "sar", 86400.0, 0.55, 288.0, "unsliced"),
    (8, "flash and ramp", 0.0, 0.91 - 2e-16, 634.0, 2),  # as a mean over chips is rounded
    (6, None, 0.0, float("nan"), 1200.0, 4),
)
ROWS = [dict(zip(COLUMNS, values, strict=True)) for values in VALUES]


def _bits(text: str) -> list[int]:
    conditions = read_conditions(text, ROWS)
    return [row["adc.bits"] for row in ROWS if all(condition.holds(row) for condition in conditions)]


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("adc.bits>=6", [8, 6]),
        ("adc.bits >= 6 and adc.bits<8", [6]),
        ("adc.bits != 6, adc.bits != 8", [4]),
        ("accuracy > 90%", [8]),
        ("accuracy <= 0.55", [4]),
        ("adc.kind = SAR", [4]),
        ("adc.kind != sar", [8]),
        ("adc.kind == 'flash and ramp' and adc.bits = 8", [8]),
        ("cell.time >= 1 day", [4]),
        ("cell.time >= 24 h", [4]),
        ("latency_us < 1 ms", [4, 8]),
        ("latency_us > 0.5 ms and latency_us <= 900 us", [8]),
        ("accuracy >= 91%", [8]),
        ("accuracy <= 91%", [4, 8]),
        ("accuracy > 91%", []),
        ("weights.bits_per_cell = unsliced", [4]),
        ("weights.bits_per_cell != unsliced", [8, 6]),
        ("weights.bits_per_cell < 4", [8]),
    ],
)
def test_conditions_are_those_that_are_written(text, bits):
    assert _bits(text) == bits


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no condition"),
        ("adc.bits", "is no condition"),
        ("adc.bits >= 6 and", "compares numbers with '6 and'"),
        ("adc.bits >= 6,", "ends with a comma"),
        ("adc.bits >= 6 or adc.bits = 4", "has an 'or'"),
        ("adc.bits >= 6 or 4", "compares numbers with '6 or 4'"),
        ("accuracy > 0,5", "'5' is no condition"),
        ("accuracy > 90", "write 'accuracy > 90%'"),
        ("adc.bits < 1 day", "adc.bits is no time"),
        ("adc.kind = sarr", "no design has 'sarr' there: did you mean 'sar'?"),
        ("().__class__ = 1", "is no condition"),
        ("accuracy > nan", "no number is larger"),
    ],
)
def test_what_is_no_condition_is_refused(text, words):
    with pytest.raises(StudyError) as refused:
        read_conditions(text, ROWS)
    assert words in str(refused.value)


def _study() -> StudyResult:
    numbers = {"a": (0.9, 5.0), "b": (0.8, 2.0), "c": (0.7, 3.0), "d": (None, 1.0)}
    designs = tuple(
        DesignResult(key, key, {}, {}, chip_values=() if share is None else (share,), cost={"energy_uJ": energy})
        for key, (share, energy) in numbers.items()
    )
    return StudyResult(Study(), {}, (), designs, float_value=None)


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(), "abcd"),
        (Selection(sort="accuracy"), "abcd"),
        (Selection(sort="-accuracy"), "cbad"),
        (Selection(sort="energy_uJ"), "dbca"),
        (Selection(sort="design"), "abcd"),
        (Selection(pareto=("accuracy", "energy_uJ")), "ab"),
        (Selection(where=("energy_uJ > 2.5",), pareto=("accuracy", "energy_uJ"), sort="energy_uJ"), "ca"),
    ],
)
def test_designs_are_chosen_and_put_in_order(selection, names):
    assert "".join(design.name for design in selection.of(_study())) == names


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(sort="energy"), "there is no column 'energy': did you mean 'energy_uJ'?"),
        (Selection(pareto=("accuracy", "energy")), "a front cannot be of 'energy': did you mean 'energy_uJ'?"),
        (Selection(pareto=("accuracy",)), "a front is of two or more columns"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(selection, words):
    with pytest.raises(StudyError) as refused:
        selection.of(_study())
    assert words in str(refused.value)


def test_conditions_name_columns_with_other_characters():
    """Libraries have parts such as 'max-pool' and 'eDRAM buffer'; a condition could not name their settings."""
    pool, buffer, greek = "library.parts.max-pool.power_mW", "library.parts.eDRAM buffer.power_mW", "µ.α"
    rows = [
        {pool: 0.4, buffer: 20.0, greek: 1},
        {pool: 4.0, buffer: 20.0, greek: 2},
        {pool: 4.0, buffer: 40.0, greek: 3},
    ]
    conditions = read_conditions(f"{pool}>1 and {buffer} <= 20, {greek} = 2", rows)
    assert [condition.column for condition in conditions] == [pool, buffer, greek]
    assert [all(condition.holds(row) for condition in conditions) for row in rows] == [False, True, False]


def test_a_column_of_which_nothing_is_known_is_not_taken_for_words():
    rows = [{"TOPS_per_mm2": float("nan")}, {"TOPS_per_mm2": None}]
    with pytest.raises(StudyError, match="no design has a known TOPS_per_mm2"):
        read_conditions("TOPS_per_mm2 > 1", rows)
