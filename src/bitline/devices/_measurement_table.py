"""Tables of measured cells: by time and target."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bitline.config.file_state import FileState
from bitline.config.table_files import numbers_in
from bitline.devices._measurement_files import Columns, read_file
from bitline.devices.header_units import has_time
from bitline.numerics.digest import content_digest
from bitline.numerics.summary import counted

if TYPE_CHECKING:
    import pandas as pd

FEWEST_CELLS = 5
ROUND = "; round targets and times that are meant to be the same"


@dataclass(frozen=True)
class MeasuredCells:
    """Cells measured at one time after programming.

    Attributes:
        targets: targets in ascending order, in the table's unit, (targets,).
        cells: the measured values of each target, in ascending order.
    """

    targets: np.ndarray
    cells: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class MeasurementTable:
    """The measurements of a file.

    Attributes:
        times_s: times after programming in seconds, ascending.
        cells_at: the cells at each time.
        content: hash of the file.
        unit: of the targets, where their header names it.
        unused: headers of the columns that are left out.
    """

    times_s: tuple[float, ...]
    cells_at: tuple[MeasuredCells, ...]
    content: str
    unit: str = ""
    unused: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[float, float]:
        """Smallest and largest target."""
        return float(self.cells_at[0].targets[0]), float(self.cells_at[0].targets[-1])

    @property
    def left_out(self) -> str:
        """The columns that are not used, and what to do where they hold readings at other times."""
        timed = any(has_time(header) for header in self.unused)
        remedy = "; readings at several times are rows with the columns target, measured and time_s" * timed
        return f"columns that are not used: {', '.join(self.unused)}{remedy}"


def read_table(file: str, columns: Columns) -> MeasurementTable:
    """Read a table of measurements; it is read again only if the file has changed.

    Args:
        file: its path.
        columns: headers of the user's own.

    Raises:
        ValueError: there is no such file, or something in it is wrong; the message says what.
    """
    path = Path(file)
    if not path.is_file():
        raise ValueError(
            f"cell.device.file is {file!r}, and there is no such file in {path.absolute().parent}: give a .csv or "
            ".parquet file, relative to the design file or the current folder"
        )
    return _read(path, columns, FileState.at(path))


@lru_cache(maxsize=16)
def _read(path: Path, columns: Columns, _state: FileState) -> MeasurementTable:
    file = read_file(path, columns)
    frame = file.frame
    if frame.empty:
        raise ValueError(f"{path} has a header and no measurements: give a row for each measured cell")
    values = frame.apply(numbers_in, decimal=file.decimal)
    for name in values:
        scale = file.scales.get(name, 1.0)
        values[name] = values[name] * scale if scale != 1 else values[name]
    at_least = values.reindex(columns=["target", "time_s"], fill_value=0.0)
    unusable = values.index[~np.isfinite(values).all(axis=1) | (at_least < 0).any(axis=1)]
    if len(unusable):
        raise ValueError(_unusable(path, frame.loc[unusable[0]], values.loc[unusable[0]]))
    values = _long(values, file.readings)
    times = tuple(float(time) for time in sorted(values["time_s"].unique()))
    cells_at = tuple(
        _by_target(values[values["time_s"] == time], path, f" at {time:g} s" if len(times) > 1 else "")
        for time in times
    )
    for time, measured in zip(times, cells_at, strict=True):
        apart = set(measured.targets) ^ set(cells_at[0].targets)
        if apart:
            raise ValueError(
                f"{path}: at {times[0]:g} s and {time:g} s there are not the same targets: {min(apart):g} is at one of "
                "them only; measure each target at every time, or leave it out"
            )
    content = content_digest(path.read_bytes())
    return MeasurementTable(times, cells_at, content, file.unit, file.unused)


def _unusable(path: Path, row: pd.Series[Any], numbers: pd.Series[float]) -> str:
    """Why a row is no measurement, and what to do."""
    fields = {name: row[name] for name, number in numbers.items() if not np.isfinite(number)}
    remedy = "write a finite number, with its unit in the header, or leave the row out"
    if not fields:
        fields = {name: row[name] for name in ("target", "time_s") if name in row and numbers[name] < 0}
        remedy = "targets and times are 0 or more"
    name, value = next(iter(fields.items()))
    return f"{path}, row {row.name}: {name} is {str(value)!r}, which is not a measurement: {remedy}"


def _long(values: pd.DataFrame, readings: dict[str, float]) -> pd.DataFrame:
    """A row for each reading of a cell, with the columns target, measured and time_s."""
    import pandas as pd  # here, for the start-up of what does not need it

    if "time_s" in values:
        return values
    parts = (values[["target", name]].set_axis(["target", "measured"], axis=1).assign(time_s=seconds)
             for name, seconds in readings.items())  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _by_target(values: pd.DataFrame, path: Path, when: str) -> MeasuredCells:
    """The cells of each target.

    Args:
        values: those of one time.
        path: of their file.
        when: that time in words.
    """
    groups = {float(target): np.sort(cells.to_numpy(float)) for target, cells in values.groupby("target")["measured"]}
    if len(groups) < 2:
        raise ValueError(f"{path} has {counted(len(groups), 'target')}{when}: give cells for two or more{ROUND}")
    few = next((target for target, cells in groups.items() if len(cells) < FEWEST_CELLS), None)
    if few is not None:
        raise ValueError(
            f"{path} has {counted(len(groups[few]), 'cell')} for target {few:g}{when}: give {FEWEST_CELLS} or more for "
            f"each target (there are {len(groups)} different ones: are the columns the right way round?){ROUND}"
        )
    return MeasuredCells(np.array(list(groups)), tuple(groups.values()))
