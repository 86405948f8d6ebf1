"""Results as files."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from bitline import Design
from bitline.errors import StudyError
from bitline.study import export, read_results, write_designs


def test_tables_are_kept_as_csv_and_json(finished, tmp_path):
    result = read_results(finished)
    for to in ("csv", "json"):
        export(result, to, tmp_path / f"table.{to}")
    assert len(pd.read_csv(tmp_path / "table.csv")) == 4
    assert json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))["designs"][0]["settings"]["adc.bits"] == 5
    with pytest.raises(StudyError, match="csv, parquet, json"):
        export(result, "xls", tmp_path / "table.xls")


def test_designs_are_kept_as_files_to_go_on_with(finished, tmp_path):
    designs = read_results(finished).designs
    paths = write_designs(designs, tmp_path / "chosen")
    assert [path.name for path in paths[:2]] == [
        "1-adc.bits=5-hardware.library=sonos-40nm.toml",
        "2-adc.bits=5-hardware.library=isaac-32nm.toml",
    ]
    for path, design in zip(paths, designs, strict=True):
        loaded = Design.load(path)
        assert loaded == Design.from_dict(dict(design.design)).model_copy(update={"name": loaded.name})
    assert Design.load(paths[0]).name == "adc.bits = 5, hardware.library = sonos-40nm"


@pytest.mark.needs("pyarrow")
def test_tables_are_kept_as_parquet(finished, tmp_path):
    export(read_results(finished), "parquet", tmp_path / "table.parquet")
    assert list(pd.read_parquet(tmp_path / "table.parquet")["adc.bits"]) == [5, 5, 8, 8]
