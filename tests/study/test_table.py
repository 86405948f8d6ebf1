"""The table of designs, and costs that a store gives in parts."""

from __future__ import annotations

import json
import math

import pandas as pd
from pandas.testing import assert_frame_equal

from bitline.study import DesignResult, Study, StudyResult, read_results
from bitline.study.store import Store
from bitline.study.table import records
from bitline.study.task import Outcome, Task

COST = {
    "library": "sonos-40nm",
    "energy_uJ": 0.1 + 0.2,
    "arrays": 3,
    "energies_pJ": {"ADCs": 1.5},
    "notes": ["made up"],
}


def test_the_table_is_that_of_its_rows():
    """Designs of several studies have different settings; what is missing is not a number."""
    designs = (
        DesignResult(
            "a", "", {"adc.bits": 8, "cell.time": "1 day"}, {"cell": {"time": 86400.0}}, chip_values=(0.5, 0.7)
        ),
        DesignResult("b", "", {"array.rows": 72, "adc.bits": "none"}, {}, cost=COST, screened=0.4),
    )
    result = StudyResult(Study(), {}, (), designs, float_value=0.9)
    assert_frame_equal(result.to_frame(), pd.DataFrame(records(result)))
    first, second = records(result)
    assert list(first)[:4] == ["design", "adc.bits", "cell.time", "accuracy"]
    assert list(first)[-1] == "array.rows"
    assert (first["cell.time"], second["adc.bits"], second["energy_uJ"]) == (86400.0, "none", COST["energy_uJ"])
    assert math.isnan(second["cell.time"])
    assert math.isnan(first["energy_uJ"])


def test_costs_in_two_parts_are_those_in_one(tmp_path):
    """Stores of earlier versions have the whole cost in one text, and no table of parts."""
    study = Study(axes=[{"setting": "cell.time", "values": ["1 day", "2 days"]}])
    points = study.points()
    found = []
    for name in ("new", "old"):
        path = tmp_path / f"{name}.sqlite"
        with Store.writing(path, {}) as store:
            store.remember("study", study.to_toml())
            store.remember("images", "4")
            store.add_designs(points)
            for point in points:
                store.add(Outcome(Task.of_costs(point, (), 0), costs=((point.key, COST),)))
            if name == "old":
                store.connection.execute("UPDATE designs SET cost = ?", (json.dumps(COST),))
                store.connection.execute("DROP TABLE cost_parts")
        found.append(read_results(path).designs)
    for new, old, point in zip(*found, points, strict=True):
        assert new.cost == old.cost == COST
        assert new.cost["energies_pJ"] == COST["energies_pJ"]
        assert new.costs.get("area_mm2") is None
        assert new.design == json.loads(point.design.model_dump_json())
        assert new.values == old.values == {"cell.time": point.design.cell.time}
