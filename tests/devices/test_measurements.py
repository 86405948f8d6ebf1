"""A user's own measurements as a device."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from bitline import AnalogCore, Design, age, conversion_of, convert, evaluate_times
from bitline.cli import app as cli
from bitline.design.approximations import device_notes
from bitline.devices._measurement_files import Columns, read_file
from bitline.errors import ApproximationWarning, DesignError
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


def test_another_table_takes_the_place_of_one(tmp_path):
    """A study of two wafers was refused, as if the file of the first had changed."""
    first, second = write(tmp_path), str(tmp_path / "other.csv")
    Path(second).write_text(Path(write(tmp_path, cells=30)).read_text(encoding="utf-8"), encoding="utf-8")
    write(tmp_path)
    design = Design().with_settings({"cell.device": {"kind": "measurements-resampled", "file": first, "unit": "nA"}})
    changed = design.with_settings({"cell.device.file": second})
    assert changed.cell.device.content != design.cell.device.content
    assert (changed.cell.device.kind, changed.cell.device.unit) == ("measurements-resampled", "nA")
    assert changed.with_settings({"cell.device.file": first}) == design


def test_what_was_not_measured_is_refused(tmp_path):
    base = {"cell.device": {"kind": "measurements-fit", "file": write(tmp_path, times=(0.0, 3600.0, DAY))}}
    assert Design().with_settings(base).cell.window_low == pytest.approx(5 / 40)
    for settings, words in [
        ({"cell.on_off_ratio": 100.0}, "on_off_ratio = 8 or less"),
        ({"cell.time": "2 days"}, "up to 1 day after programming"),
        ({"cell.device.largest_state": 80.0}, "was measured up to 40 a.u."),
    ]:
        with pytest.raises(DesignError, match=words):
            Design().with_settings({**base, **settings})
        allowed = Design().with_settings({**base, **settings, "cell.device.extrapolate": True})
        assert any("is extrapolated" in note for note in device_notes(allowed))
        assert not device_notes(Design().with_settings(base))


@pytest.mark.parametrize("extrapolate", [False, True])
@pytest.mark.parametrize(
    ("times", "words"),
    [((0.0,), "at one time only, just after programming, and there is no drift"), ((3600.0,), "only, 1 hour after pro"),
     ((0.0, DAY), "just after programming and after 1 day, and the drift after that")],
)  # fmt: skip
def test_drift_that_measurements_do_not_tell_is_refused(tmp_path, times, words, extrapolate):
    """A table of one time was constant for ever with 'extrapolate', without a word."""
    with pytest.raises(DesignError, match=words) as error:
        one = {"kind": write(tmp_path, times=times), "extrapolate": extrapolate}
        Design().with_settings({"cell.device": one, "cell.time": "2 days"})
    assert "extrapolate = true" not in str(error.value)


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
        ("few.csv", "1 cell for target 2: give 5 or more"),
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
    with pytest.raises(DesignError, match=r"read_first and read_again.*, such as --columns 'measured=read_first'"):
        device(str(tmp_path / "two.csv"))
    (tmp_path / "none.csv").write_text("cell,G_prog,G_later\n1,2,3\n")
    with pytest.raises(DesignError, match="--columns 'target=G_prog,measured=G_later'"):
        device(str(tmp_path / "none.csv"))
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
    "target (uS),measured (uS),G_1h": "has a unit in the header 'target .uS.' and none in 'G_1h'",
    "target,measured,G_0h": "has measured and G_0h, both read at programming",
    "target,measured,G_60min,G_1h": "has G_60min and G_1h, both read after 1 hour",
    "R_target,R_measured,t": "has resistances in 'R_target': give conductances",
    "target,measured resistance,t": "has resistances in 'measured resistance'",
    "target (a.u.),measured (a.u.),t": "has the unit 'a'|'u'",
}


@pytest.fixture
def headed(tmp_path):
    """Reads a table with these headers, of cells that were measured as aimed at."""

    def read(*headers):
        fields = max(2, ",".join(headers).count(",") + 1)
        rows = "".join(
            ",".join([f"{target},{target}", "7"][: fields - 1]) + "\n" for target in (1, 2) for _ in range(5)
        )
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


WIDE = {
    "target (uS),G_measured (uS),G_1h (uS),G_1day (nS)": {"measured": 0, "G_1h (uS)": 3600, "G_1day (nS)": DAY},
    "target,measured,1 min,read after 4 hours": {"measured": 0, "1 min": 60, "read after 4 hours": 4 * 3600},
    "target_uS,reading_1h_uS,measured_uS": {"measured": 0, "reading_1h_uS": 3600},
    "target,G_1day,G_0s,G_1h": {"measured": 0, "G_1h": 3600, "G_1day": DAY},
    "target_nA,I_30s_nA,I_2.5h_nA": {"measured": 30, "I_2.5h_nA": 9000},
    "target,measured_1h,measured_1week": {"measured": 3600, "measured_1week": 7 * DAY},
}


@pytest.mark.parametrize("headers", WIDE)
def test_readings_of_the_same_cells_have_a_column_each(headed, headers):
    found = headed(*headers.split(","))
    assert found.readings == WIDE[headers] and found.unused == ()
    scales = {name: found.scales.get(name, 1.0) for name in found.readings}
    assert scales == {name: pytest.approx(1e-3 if "nS" in name else 1.0) for name in scales}


@pytest.mark.parametrize(
    ("headers", "unused"),
    [("cell,target,measured,G_1V", ("cell", "G_1V")), ("target,measured,time_s,G_1h", ("G_1h",)),
     ("target,measured,G_bottom_1h,G_1h_run2,G_1h_2day", ("G_bottom_1h", "G_1h_run2", "G_1h_2day"))],
)  # fmt: skip
def test_columns_that_are_not_used_are_told(headed, headers, unused):
    assert headed(*headers.split(",")).unused == unused


def wide_and_long(path: Path) -> tuple[str, str]:
    """The same readings, with a column for each time and with a row for each reading."""
    long = pd.read_csv(write(path, cells=40, times=(0.0, 3600.0, DAY)))
    columns = {time: group.reset_index(drop=True) for time, group in long.groupby("time_s")}
    wide = pd.DataFrame({"target": columns[0.0]["target"], "measured": columns[0.0]["measured"],
                         "G_1h": columns[3600.0]["measured"], "G_1day": columns[DAY]["measured"]})  # fmt: skip
    wide.to_csv(path / "wide.csv", index=False)
    return str(path / "wide.csv"), str(path / "cells.csv")


def test_wide_tables_are_as_long_ones(tmp_path):
    """Columns such as 'G_1day' were left out without a word, and nothing drifted."""
    wide, long = (device(file).table for file in wide_and_long(tmp_path))
    assert wide.times_s == long.times_s == (0.0, 3600.0, DAY)
    for one, other in zip(wide.cells_at, long.cells_at, strict=True):
        np.testing.assert_array_equal(one.targets, other.targets)
        np.testing.assert_array_equal(one.cells, other.cells)


def test_gaps_in_wide_tables_are_refused(tmp_path):
    path, _ = wide_and_long(tmp_path)
    pd.read_csv(path).assign(G_1h=lambda table: table["G_1h"].where(table.index != 3)).to_csv(path, index=False)
    with pytest.raises(DesignError, match=r"row 5: G_1h is 'nan', which is not a measurement"):
        device(path)


def test_evaluations_tell_what_is_extrapolated_and_left_out(tmp_path):
    path, _ = wide_and_long(tmp_path)
    pd.read_csv(path).assign(cell=1, G_bake_1V_1h=2.0).to_csv(path, index=False)
    network, images = torch.nn.Linear(4, 2), torch.rand(20, 4)
    design = Design().with_settings({"cell.device": {"kind": "measurements-fit", "file": path, "extrapolate": True}})
    labels = torch.arange(20) % 2
    found = evaluate_times(network, design, images, labels, calibration=images, times=["60 s", "1 hour", "1 week"])
    minute, hour, week = ({note for note in one.notes if "cell.device" in note or "not used" in note} for one in found)
    (unused,) = hour
    assert "columns that are not used: cell, G_bake_1V_1h; readings at several times are rows" in unused
    assert week == {unused, "cell.device 'measurements-fit' is extrapolated to 1 week (measured up to 1 day after "
                    "programming)"}  # fmt: skip
    assert minute - hour == {"cell.time is 1 minute, and cell.device 'measurements-fit' was first measured again after "
                             "1 hour: drift is linear in time until then, and most cells drift sooner"}  # fmt: skip


def test_networks_and_matrices_tell_what_devices_say(tmp_path):
    """Evaluations alone told it."""
    path = write(tmp_path, cells=40, times=(0.0, 3600.0, DAY), bake=1)
    device = {"kind": "measurements-fit", "file": path, "extrapolate": True}
    design = Design().with_settings({"cell.device": device, "cell.time": "1 week"})
    told = device_notes(design)
    assert len(told) == 2 and "extrapolated to 1 week" in told[1]
    analog = convert(torch.nn.Linear(4, 2), design, torch.rand(8, 4))
    assert conversion_of(analog).notes[-2:] == told
    age(analog, "1 hour")
    assert conversion_of(analog).notes[-1:] == told[:1] == device_notes(design.with_settings({"cell.time": "1 hour"}))
    with pytest.warns(ApproximationWarning) as warned:
        AnalogCore([[0.5, -1.0]], design, calibration=[1.0, 0.5])
    assert [str(warning.message) for warning in warned] == [f"core 'core': {note}" for note in told]
    assert warned[0].filename == __file__


@pytest.mark.parametrize("kind", ["measurements-fit", "measurements-resampled"])
def test_cells_drift_in_the_logarithm_of_time(tmp_path, kind):
    """Cells of a + b log10 t, different for each, are met between measured times and beyond them."""
    rng = np.random.default_rng(4)
    cells, times = 25, (60.0, 4 * 3600.0, DAY)
    ranks, share = np.sort(rng.standard_normal(cells)), 0.01
    rows = [
        (target, target * (1 + 0.02 * rank) - (0.1 + share * target) * (1 + 0.1 * rank) * math.log10(time / 60), time)
        for time in times for target in TARGETS for rank in ranks
    ]  # fmt: skip
    pd.DataFrame(rows, columns=["target", "measured", "time_s"]).to_csv(tmp_path / "log.csv", index=False)
    one = device(str(tmp_path / "log.csv"), kind, extrapolate=True, mean_degree=1, sigma_degree=1) if kind.endswith(
        "fit") else device(str(tmp_path / "log.csv"), kind, extrapolate=True)  # fmt: skip
    fresh, later = sample(one, 20.0), sample(one, 20.0, 4 * 3600.0)
    slope = (later - fresh) / math.log10(240)
    assert slope.mean() == pytest.approx(-(0.1 + share * 20), rel=0.05)
    for seconds in (120.0, 3600.0, 12 * 3600.0, 7 * DAY, 365 * DAY):
        expected = fresh + slope * math.log10(seconds / 60)
        np.testing.assert_allclose(sample(one, 20.0, seconds), expected, rtol=0, atol=2e-5)


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


def test_a_table_that_changed_is_refused(tmp_path):
    """Other cells were programmed than those of the design, whose results said that they were its own."""
    file = write(tmp_path)
    design = Design().with_settings({"cell.device": {"kind": "measurements-fit", "file": file}})
    write(tmp_path, skewed=True)
    with pytest.raises(DesignError, match="has changed since the design was made: make or load the design again"):
        convert(torch.nn.Linear(4, 2), design, torch.rand(8, 4))
    Path(file).unlink()
    with pytest.raises(DesignError, match="there is no such file"):
        assert design.cell.device.table


def test_tables_of_one_name_in_two_folders_are_two_tables(tmp_path, monkeypatch):
    """Of the same relative name and time of change, the second was taken for the first."""
    found = []
    for folder, skewed in (("a", False), ("b", True)):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        write(Path(), skewed=skewed)
        os.utime("cells.csv", (1e9, 1e9))
        found.append(Design().with_settings({"cell.device": "cells.csv"}).cell.device.content)
    assert found[0] != found[1]


@pytest.mark.parametrize("columns", ['"target"', '{ foo = "x" }'])
def test_columns_that_are_none_are_named(tmp_path, columns):
    (tmp_path / "design.toml").write_text(
        f"[cell.device]\nkind = 'measurements-fit'\nfile = '{write(tmp_path)}'\ncolumns = {columns}\n"
    )
    with pytest.raises(DesignError, match=r"cell\.device\.columns"):
        Design.load(tmp_path / "design.toml")
