"""A user's own measurements as a device."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from bitline import Design
from bitline.cli import app as cli
from bitline.devices._measurement_files import Columns, read_file
from bitline.errors import DesignError
from bitline.numerics.draws import Draws

TARGETS = (5.0, 10.0, 20.0, 40.0)
DAY = 86400.0
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "data" / "my_cells.csv"


def write(path: Path, cells: int = 2000, times=(0.0, DAY), skewed: bool = False, **columns) -> str:
    rng = np.random.default_rng(3)
    frames = []
    for target in TARGETS:
        z = rng.gamma(2, 1, cells) - 2 if skewed else rng.standard_normal(cells)
        fresh = target + (1 + 0.05 * target) + (0.2 + 0.02 * target) * z
        for time in times:
            measured = fresh * (1 - 0.1 * time / DAY)
            frames.append(pd.DataFrame({"target": target, "measured": measured, "time_s": time}))
    table = pd.concat(frames)
    for name, value in columns.items():
        table[name] = value
    file = path / "cells.csv"
    table.to_csv(file, index=False)
    return str(file)


def device(file, kind="measurements-fit", **settings):
    return Design().with_settings({"cell.device": {"kind": kind, "file": file, **settings}}).cell.device


def sample(one, state, seconds=0.0, cells=20_000):
    target = torch.full((cells,), state / one.largest)
    draws = Draws((0, 0, "layer"))
    programmed = one.program(target, draws)
    return (one.aged(programmed, target, seconds, draws).double() * one.largest).numpy()


@pytest.mark.parametrize("kind", ["measurements-fit", "measurements-resampled"])
@pytest.mark.parametrize(("seconds", "kept"), [(0, 1.0), (DAY / 2, 0.95), (DAY, 0.9)])
def test_mean_and_spread_are_those_of_the_table(tmp_path, kind, seconds, kept):
    one = device(write(tmp_path), kind)
    for state in (10.0, 20.0, 30.0):  # the last one is between two targets
        cells = sample(one, state, seconds)
        assert cells.mean() == pytest.approx(kept * (state + 1 + 0.05 * state), rel=0.01)
        assert cells.std() == pytest.approx(kept * (0.2 + 0.02 * state), rel=0.06)


def test_resampled_cells_have_the_measured_distribution(tmp_path):
    file = write(tmp_path, skewed=True, cells=500)
    measured = pd.read_csv(file).query("target == 20 and time_s == 0")["measured"]
    resampled = sample(device(file, "measurements-resampled"), 20.0)
    assert stats.ks_2samp(resampled, measured).pvalue > 0.5
    assert set(np.round(resampled, 3)) <= set(np.round(measured, 3))
    assert stats.ks_2samp(sample(device(file), 20.0), measured).pvalue < 0.01  # a normal law does not fit


@pytest.mark.parametrize("kind", ["measurements-fit", "measurements-resampled"])
def test_cells_keep_their_rank(tmp_path, kind):
    one = device(write(tmp_path), kind)
    fresh, late = sample(one, 20.0), sample(one, 20.0, DAY)
    assert stats.spearmanr(fresh, late).statistic > 0.999


def test_fits_recover_their_polynomials(tmp_path):
    one = device(write(tmp_path, cells=20_000), mean_degree=1, sigma_degree=1)
    mean, sigma = one.fit(0)
    np.testing.assert_allclose(mean, (1, 0.05 * 40), rtol=0.03)
    np.testing.assert_allclose(sigma, (0.2, 0.02 * 40), rtol=0.05)


@pytest.mark.parametrize("kind", ["measurements-fit", "measurements-resampled"])
def test_designs_remember_the_table(tmp_path, kind):
    file = write(tmp_path)
    design = Design().with_settings({"cell.device": {"kind": kind, "file": file, "unit": "nA"}})
    text = design.to_toml()
    assert Design.from_toml(text) == design
    write(tmp_path, cells=30)
    with pytest.raises(DesignError, match="has changed since"):
        Design.from_toml(text)


def test_what_was_not_measured_is_refused(tmp_path):
    base = {"cell.device": {"kind": "measurements-fit", "file": write(tmp_path)}}
    assert Design().with_settings(base).cell.window_low == pytest.approx(5 / 40)
    for settings, words in [
        ({"cell.on_off_ratio": 100.0}, "on_off_ratio = 8 or less"),
        ({"cell.time": "2 days"}, "up to 1 day after programming"),
        ({"cell.device.largest_state": 80.0}, "was measured up to 40 uS"),
    ]:
        with pytest.raises(DesignError, match=words):
            Design().with_settings({**base, **settings})
        assert Design().with_settings({**base, **settings, "cell.device.extrapolate": True})


def test_unusable_tables_are_refused(tmp_path):
    (tmp_path / "columns.csv").write_text("wanted,got\n1,2\n")
    (tmp_path / "text.csv").write_text("target,measured\n" + "1,2\n" * 5 + "2,high\n")
    (tmp_path / "one.csv").write_text("target,measured\n" + "1,2\n" * 5)
    (tmp_path / "few.csv").write_text("target,measured\n" + "1,2\n" * 5 + "2,3\n")
    (tmp_path / "negative.csv").write_text("target,measured\n" + "-1,2\n" * 5)
    (tmp_path / "empty.csv").write_text("target,measured\n")
    (tmp_path / "table.xlsx").write_text("")
    (tmp_path / "table.ods").write_text("")
    for name, words in [
        ("columns.csv", "has the columns wanted, got"),
        ("text.csv", "row 7.*not a measurement"),
        ("one.csv", "two or more"),
        ("few.csv", "1 cells for target 2: give 5 or more"),
        ("negative.csv", "not a measurement"),
        ("empty.csv", "a header and no measurements"),
        ("table.xlsx", "table.xlsx"),
        ("table.ods", "use a .csv, .xlsx or .parquet file"),
        ("absent.csv", "no such file"),
    ]:
        with pytest.raises(DesignError, match=words):
            device(str(tmp_path / name))


@pytest.mark.parametrize("name", ["sonos-xiao-2022", "measurements", "state-independent"])
def test_devices_are_shown_and_plotted(name, tmp_path, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bitline", "devices", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, capsys.readouterr().out

    target = GUIDE if name == "measurements" else name
    assert run("plot", target, "--out", tmp_path / "device.png")[0] == 0
    assert (tmp_path / "device.png").stat().st_size > 20_000
    status, text = run("show", target)
    assert status == 0
    kind = "measurements-fit" if name == "measurements" else name
    assert f'kind = "{kind}"' in text
    assert name in run()[1]


def european(path: Path) -> Path:
    """A table with other headers and units, semicolons, decimal commas and a byte-order mark."""
    rows = [
        f"{target};{1000 * target + error};{minutes}".replace(".", ",")
        for minutes in (0, 60)
        for target in (1.5, 20.0)
        for error in (-20.5, -10.0, 0.0, 10.0, 20.5)
    ]
    path.write_text("\ufeff" + "\n".join(["G_target_uS;G_meas_nS;time (min)", *rows]), encoding="utf-8")
    return path


def test_tables_are_read_as_people_keep_them(tmp_path):
    found = Design().with_settings({"cell.device": str(european(tmp_path / "cells.csv"))}).cell.device
    assert (found.kind, found.unit, found.table.times_s) == ("measurements-fit", "uS", (0.0, 3600.0))
    np.testing.assert_allclose(found.table.cells_at[1].cells[0], [1.4795, 1.49, 1.5, 1.51, 1.5205])


def test_headers_can_be_said_and_must_be_where_they_are_ambiguous(tmp_path):
    rows = "".join(f"{target},{target + error},9\n" for target in (1, 2) for error in (0.1, 0.2, 0.3, 0.4, 0.5))
    (tmp_path / "two.csv").write_text(f"aim,read_first,read_again\n{rows}")
    with pytest.raises(DesignError, match=r"read_first and read_again.*say columns"):
        device(str(tmp_path / "two.csv"))
    with pytest.raises(DesignError, match="has no column 'nope'"):
        device(str(tmp_path / "two.csv"), columns={"measured": "nope"})
    found = device(str(tmp_path / "two.csv"), columns={"measured": "read_first"})
    assert found.table.cells_at[0].cells[1][0] == pytest.approx(2.1)
    (tmp_path / "units.csv").write_text(f"target_uS,measured_nA,x\n{rows}")
    with pytest.raises(DesignError, match="targets in uS and measured values in nA"):
        device(str(tmp_path / "units.csv"))


TIMES = {
    "time (min)": 60, "time (hours)": 3600, "time (hour)": 3600, "t [hr]": 3600, "time_hrs": 3600, "Time(Days)": 86400,
    "time_us": 1e-6, "age [ns]": 1e-9, "delay (weeks)": 604800, "t (year)": 31557600, "t_s": 1, "time": 1, "t": 1,
    "time since programming": 1, "time_µs": 1e-6,
}  # fmt: skip
UNITS = {
    ("G_target_uS", "G_meas_nS"): ("uS", 1e-3),
    ("target (µS)", "measured (nS)"): ("uS", 1e-3),
    ("target [uS]", "measured [nS] (avg)"): ("uS", 1e-3),
    ("target_uS", "measured_nS_mean"): ("uS", 1e-3),
    ("target uS", "read_nS_1"): ("uS", 1e-3),
    ("G_target (nanoSiemens)", "G_read (uSiemens)"): ("nS", 1e3),
    ("I target (nA)", "I_read (nA)"): ("nA", 1.0),
    ("target", "measured"): ("", 1.0),
}
WRONG = {
    "target,measured,time (fortnights)": "has 'fortnights', which is no unit of time: write s, min",
    "target,measured,time (h) in minutes": "which is no unit of time|two units",
    "target,G_meas_nS,t": "has a unit in the header 'G_meas_nS' and none in 'target'",
    "G_target_US,G_meas_nS,t": "has the unit 'US': write a conductance or a current",
    "target (kohm),measured (kohm),t": "has the unit 'kohm'",
    "target (a.u.),measured (a.u.),t": "has the unit 'a'|'u'",
}


@pytest.fixture
def headed(tmp_path):
    """Reads a table with these headers, of cells that were measured as aimed at."""

    def read(*headers):
        rows = "".join(f"{target},{target},7\n" for target in (1, 2) for _ in range(5))
        (tmp_path / "cells.csv").write_text(",".join(headers) + "\n" + rows)
        return read_file(tmp_path / "cells.csv", Columns())

    return read


@pytest.mark.parametrize("header", TIMES)
def test_times_have_the_unit_of_their_header(headed, header):
    """'time (hour)' and other words were seconds without a word."""
    assert headed("target", "measured", header).scales["time_s"] == TIMES[header]


@pytest.mark.parametrize("headers", UNITS)
def test_measured_values_have_the_unit_of_their_header(headed, headers):
    """Units in the middle of a header were not seen, so that nS counted as uS."""
    unit, scale = UNITS[headers]
    found = headed(*headers)
    assert found.unit == unit and found.scales.get("measured", 1.0) == pytest.approx(scale)


@pytest.mark.parametrize("headers", WRONG)
def test_units_that_are_not_understood_are_refused(headed, headers):
    with pytest.raises(ValueError, match=WRONG[headers]):
        headed(*headers.split(","))


def test_a_unit_that_contradicts_the_headers_is_refused(tmp_path):
    path = european(tmp_path / "cells.csv")
    assert device(str(path), unit="µS").table.unit == "uS"
    with pytest.raises(DesignError, match=r"is 'nS', and the headers of .* say uS: leave the unit out"):
        device(str(path), unit="nS")


@pytest.mark.needs("openpyxl")
def test_workbooks_are_read(tmp_path):
    table = pd.DataFrame({"target": [1.0] * 5 + [2.0] * 5, "measured": [1.0, 1.1, 1.2, 1.3, 1.4] * 2})
    table.to_excel(tmp_path / "cells.xlsx", index=False)
    assert device(str(tmp_path / "cells.xlsx")).largest == 2.0
