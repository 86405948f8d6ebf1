"""Tables of measured cells as instruments and spreadsheets write them: read right, or refused with the reason."""

from __future__ import annotations

import pandas as pd
import pytest

from bitline.devices._measurement_files import Columns
from bitline.devices._measurement_table import read_table

ROWS = [(target, round(target * (1 + 0.01 * cell), 4)) for target in (2, 10) for cell in range(5)]


def text(header: str, separator: str = ",", mark: str = ".") -> str:
    rows = (separator.join(str(value).replace(".", mark) for value in row) for row in ROWS)
    return "\n".join([header, *rows]) + "\n"


READ = {
    "comments": "# die 3\n# 300 K\n\n" + text("target_uS,measured_uS") + "# end\n",
    "header in a comment": "# die 3\n" + text("# target_uS,measured_uS"),
    "spaces": text("target_uS measured_uS", " "),
    "semicolons and decimal commas": text("target_uS;measured_uS", ";", ","),
    "separators at the end": text("target_uS,measured_uS").replace("\n", ",\n"),
    "blank lines": "\n\n" + text("target_uS,measured_uS").replace("\n", "\n\n"),
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "latin-1")


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_read_as_they_are_meant(tmp_path, content):
    file = tmp_path / "cells.csv"
    file.write_text(content, "utf-8")
    table = read_table(str(file), Columns())
    assert (table.states, table.unit) == ((2.0, 10.0), "uS")
    assert [cells.tolist() for cells in table.cells_at[0].cells] == [
        [measured for target, measured in ROWS if target == state] for state in (2, 10)
    ]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings_of_windows(tmp_path, encoding):
    """The micro sign ended in the message of a codec."""
    file = tmp_path / "cells.csv"
    file.write_text(text("target (µS),measured (µS)"), encoding)
    assert read_table(str(file), Columns()).unit == "uS"


GOOD = text("target,measured")
REFUSED = {
    "surplus fields": (GOOD.replace("\n2,", "\n7,2,"), r"line 2 has 3 fields and the header 2: .* such as ';'"),
    "decimal commas between commas": (text("target,measured", ",", ","), r"line 2 has 3 fields and the header 2"),
    "number of the line": ("target,measured\n\n\n2,2\n5,bad\n", r"row 5: .*'bad'.* is not a measurement"),
    "no header": ("2,2.1\n2,1.9\n", r"begins with numbers: write a header above them, such as 'target,measured'"),
    "twice": ("target,measured,measured\n2,2,2\n", r"two columns called 'measured': give each a header of its own"),
    "a gap": (GOOD + "2,\n", r"row 12: measured is 'nan', which is not .*finite number.*or leave the row out"),
    "below 0": (GOOD + "-2,2\n", r"row 12: target is '-2', which is not .*targets and times are 0 or more"),
    "two kinds": (text("target (uS),measured (uA)"), r"targets in uS and measured values in uA: give both as"),
    "truth": (GOOD + "2,True\n", r"row 12: .*'True'.* is not a measurement"),
    "one column": ("target and measured\n2\n3\n", r"one column for target and measured, 'target and measured'"),
    "times of each cell": (
        "target,measured,time\n" + "".join(f"{target},{target},{cell}\n" for cell, (target, _) in enumerate(ROWS)),
        r"1 target at 0 s.*round targets and times that are meant to be the same",
    ),
    "nothing": ("# only this\n", r"'target' and 'measured'|no header"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_with_the_reason(tmp_path, content, reason):
    file = tmp_path / "cells.csv"
    file.write_text(content, "utf-8")
    with pytest.raises(ValueError, match=reason):
        read_table(str(file), Columns())


def test_no_sheet_is_left_out(tmp_path):
    """Of two dies on two sheets, the first was read without a word."""
    pytest.importorskip("openpyxl")
    file, frame = tmp_path / "cells.xlsx", pd.DataFrame(ROWS, columns=["target", "measured"])
    with pd.ExcelWriter(file) as book:
        frame.to_excel(book, sheet_name="die 1", index=False)
    assert read_table(str(file), Columns()).states == (2.0, 10.0)
    with pd.ExcelWriter(file) as book:
        for name in ("die 1", "die 2"):
            frame.to_excel(book, sheet_name=name, index=False)
    with pytest.raises(ValueError, match=r"has the sheets 'die 1', 'die 2', and one table is read"):
        read_table(str(file), Columns())


def test_truth_in_a_column_of_a_spreadsheet_is_no_number(tmp_path):
    pytest.importorskip("pyarrow")
    file = tmp_path / "cells.parquet"
    pd.DataFrame({"target": [2.0] * 5 + [3.0] * 5, "measured": [True] * 10}).to_parquet(file)
    with pytest.raises(ValueError, match=r"row 2: .*True.* is not a measurement"):
        read_table(str(file), Columns())
