"""A user's own device from a table of measured cells."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, ValidationError, model_validator
from torch import Tensor

from bitline.config.contents import plain_value, same_content, unchanged
from bitline.devices._device import Device
from bitline.devices._fits import between, polynomial
from bitline.devices._measured_range import MeasuredRange
from bitline.devices._measurement_files import Columns
from bitline.devices._measurement_table import MeasuredCells, MeasurementTable, read_table
from bitline.devices.full_scale import FullScale, full_scale
from bitline.devices.header_units import plain_unit
from bitline.devices.users_oddities import USUAL
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise

MISSED, LEAST = 0.25, 0.002
"""Of the larger one of a fitted and a measured spread: how far the other may be from it; of the largest target: spreads
below which that makes no difference."""
RELATIVE = "a.u."
"""Unit of tables that name none."""


class TableDevice(Device):
    """A device that is a table of measured cells, fitted or resampled.

    The file is a CSV, Excel or Parquet table with the columns `target` and `measured`, conductances or currents, a row
    for each measured cell, and optionally `time_s`, the time between programming and measurement. Headers such as
    'G_target_uS', 'G_meas_nS' and 'time (min)' are understood with their units, and others through `columns`; columns
    of text files may be separated by semicolons or tabs, with decimal commas. Where the same cells were read again,
    each further reading may have a column instead, with its time in the header: 'G_1h (uS)', 'G_1day (uS)'.

    The smallest time counts as programming: at earlier ones cells hold what they did then. Between measured times, and
    beyond the last two if that is allowed, what a cell holds is linear in the logarithm of time, as most cells drift;
    from time 0 to the first one after it, linear in time: measure at more times where that is too coarse.

    A cell keeps its rank among the cells of its target over time. Mean and spread at each measured time are those of
    the table for cells that were written once and not clipped; a cell that write-verify wrote again moves as the cell
    of its first write would.

    Examples:
        Cells that read between 0.8 and 1.2 uS more than their target:

        >>> from tempfile import NamedTemporaryFile
        >>> rows = [f"{target},{target + error}" for target in (0, 50) for error in (0.8, 0.9, 1.0, 1.1, 1.2)]
        >>> with NamedTemporaryFile("w", suffix=".csv") as file:
        ...     _ = file.write("\\n".join(["target,measured", *rows]))
        ...     file.flush()
        ...     device = ResampledMeasurements(file=file.name)
        ...     device.largest, device.program(torch.tensor([0.5, 1.0]), Draws((0,)))
        (50.0, tensor([0.5220, 1.0160]))
    """

    file: str
    """CSV, Excel or Parquet table, relative to the design file or the current folder."""
    columns: Columns = Columns()
    """Headers of the file, where they are others and cannot be told from their words."""
    unit: str = RELATIVE
    """Unit of the table, such as 'uS' or 'nA'; that in the header of the targets if not given. Where neither names one,
    the energy of cells is that of the library's."""
    largest_state: Annotated[float, Field(gt=0)] | None = None
    """State that counts as G_max; the largest target if not given."""
    extrapolate: bool = False
    """Allow states and times outside the measured ones."""
    content: str = ""
    """Hash of the file; filled in by bitline, so that a saved design refuses another file."""

    @model_validator(mode="before")
    @classmethod
    def _remember_content(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "file" not in data:
            return data
        data = {**data, "file": plain_value(data["file"])}
        try:
            columns = Columns.model_validate(data.get("columns", {}))
        except ValidationError:  # which the field of that name explains
            return data
        if not isinstance(data["file"], str):  # likewise
            return data
        table = read_table(data["file"], columns)
        found = same_content(data, table.content, "cell.device")
        unit = data.get("unit")
        if unit in (None, "", RELATIVE):
            return {**data, "unit": table.unit or RELATIVE, "content": found}
        if table.unit and plain_unit(str(unit)) != table.unit:
            raise ValueError(
                f"cell.device.unit is {unit!r}, and the headers of {data['file']} say {table.unit}: leave the unit out"
            )
        return {**data, "content": found}

    @property
    def table(self) -> MeasurementTable:
        """The measurements.

        Raises:
            DesignError: the file has changed since the design was made.
        """
        setting = f"cell.device.file {self.file!r}"
        return unchanged(lambda: read_table(self.file, self.columns), self.content, setting)

    @property
    def largest(self) -> float:
        """State that counts as G_max, in `unit`."""
        return self.largest_state or self.table.states[1]

    @property
    def full_scale(self) -> FullScale | None:
        return full_scale(self.largest, self.unit)

    @property
    def default_on_off_ratio(self) -> float:
        low = self.table.states[0]
        return self.largest / low if low > 0 else float("inf")

    def check(self, lowest: float, seconds: float) -> None:
        self._known.check_drift(seconds)
        if not self.extrapolate:
            self._known.check(self.largest, lowest * self.largest, seconds)

    def notes(self, lowest: float, seconds: float) -> tuple[str, ...]:
        unused = (f"{self.file}: {self.table.left_out}",) if self.table.unused else ()
        return (*unused, *self._far_off(), *self._known.notes(self.largest, lowest * self.largest, seconds))

    def _far_off(self) -> tuple[str, ...]:
        """What is said of cells that are nowhere near their targets."""
        measured = self.table.cells_at[0]
        strong = [place for place, target in enumerate(measured.targets) if target >= self.table.states[1] / 2]
        typical = float(np.median([np.median(measured.cells[place]) / measured.targets[place] for place in strong]))
        if USUAL[0] <= typical <= USUAL[1]:
            return ()
        return (
            f"typical cells of {self.file} were measured at {typical:.3g} times their target: if that is not meant, "
            "check the units of both columns, and the sign",
        )

    @property
    def _known(self) -> MeasuredRange:
        table = self.table
        return MeasuredRange(self.kind, self.unit, table.states, table.times_s[-1], table.times_s)

    @abstractmethod
    def shift(self, time: int, state: Cellwise, rank: Tensor) -> Cellwise:
        """Measured value of cells less their target, in `unit`.

        Args:
            time: index of a measured time.
            state: targets in `unit`, any shape.
            rank: what makes a cell different from others with its target, the same at every time; same shape.
        """

    @abstractmethod
    def ranks(self, shape: torch.Size, draws: Draws) -> Tensor:
        """Ranks of cells, as `shift` takes them."""

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        return target + self.shift(0, target * self.largest, self.ranks(target.shape, draws)) / self.largest

    def aged(self, programmed: Cellwise, target: Cellwise, seconds: float, draws: Draws) -> Cellwise:
        times = self.table.times_s
        if seconds <= times[0]:
            return programmed
        rank, state = self.ranks(target.shape, draws), target * self.largest
        first, second, share = between(seconds, times) if len(times) > 1 else (0, 0, 0.0)
        then = torch.lerp(self.shift(first, state, rank), self.shift(second, state, rank), share)
        return programmed + (then - self.shift(0, state, rank)) / self.largest


class FittedMeasurements(TableDevice):
    """Polynomials of the target through the mean and the standard deviation of the measured cells; a normal error.

    The fit weighs each target by the number of its cells and their spread, and need not pass through any of them:
    `bitline devices plot` shows by how much it misses. Its degree is at most the number of targets less one. A cell
    keeps its standardised deviation.

    Examples:
        Cells that read 1 uS too much, give or take 0.16 uS:

        >>> from tempfile import NamedTemporaryFile
        >>> rows = [f"{target},{target + error}" for target in (0, 50) for error in (0.8, 0.9, 1.0, 1.1, 1.2)]
        >>> with NamedTemporaryFile("w", suffix=".csv") as file:
        ...     _ = file.write("\\n".join(["target,measured", *rows]))
        ...     file.flush()
        ...     mean, sigma = FittedMeasurements(file=file.name, mean_degree=0, sigma_degree=0).fit(time=0)
        ...     [round(mean[0], 3), round(sigma[0], 3)]
        [1.0, 0.158]
    """

    kind: Literal["measurements-fit"] = "measurements-fit"
    mean_degree: Annotated[int, Field(ge=0, le=6)] = 2
    """Degree of the polynomial for the mean of measured less target."""
    sigma_degree: Annotated[int, Field(ge=0, le=6)] = 2
    """Degree of the polynomial for the standard deviation, which ends at 0."""

    def fit(self, time: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Coefficients c0, c1, ... of mean and standard deviation, in `unit`, for state / largest target."""
        measured = self.table.cells_at[time]
        x = measured.targets / self.table.states[1]
        means = np.array([cells.mean() for cells in measured.cells]) - measured.targets
        sigmas = np.array([cells.std(ddof=1) for cells in measured.cells])
        weight = np.sqrt([len(cells) for cells in measured.cells]) / np.maximum(sigmas, 1e-3 * sigmas.max() + 1e-12)
        fitted = [
            np.polynomial.polynomial.polyfit(x, values, min(degree, len(x) - 1), w=weight)
            for values, degree in ((means, self.mean_degree), (sigmas, self.sigma_degree))
        ]
        mean, sigma = (tuple(map(float, coefficients)) for coefficients in fitted)
        return mean, sigma

    def notes(self, lowest: float, seconds: float) -> tuple[str, ...]:
        return (*super().notes(lowest, seconds), *self._missed())

    def _missed(self) -> tuple[str, ...]:
        """What is said of a spread that the fit is far from, by more than so many cells leave open."""
        measured, (_, sigma) = self.table.cells_at[0], self.fit(0)
        fitted = polynomial(sigma, torch.tensor(measured.targets) / self.table.states[1]).clamp(min=0)
        far = []
        for target, cells, fit in zip(measured.targets, measured.cells, fitted.tolist(), strict=True):
            spread = float(np.std(cells, ddof=1))
            open_ = MISSED + 2 / np.sqrt(2 * len(cells))
            if abs(fit - spread) > open_ * max(fit, spread) and max(fit, spread) > LEAST * self.table.states[1]:
                far.append((abs(fit - spread), target, fit, spread))
        if not far:
            return ()
        _, target, fit, spread = max(far)
        return (
            f"the fit of {self.file} is far from the spread of cells in {len(far)} of {len(measured.targets)} targets, "
            f"at most at {target:g}: {fit:.3g} where {spread:.3g} {self.unit} was measured; use measurements-resampled",
        )

    def shift(self, time: int, state: Cellwise, rank: Tensor) -> Cellwise:
        mean, sigma = self.fit(time)
        x = state / self.table.states[1]
        return polynomial(mean, x) + polynomial(sigma, x).clamp(min=0) * rank

    def ranks(self, shape: torch.Size, draws: Draws) -> Tensor:
        return draws.normal(shape, "programming error")


class ResampledMeasurements(TableDevice):
    """Cells drawn from the measured ones: no distribution is assumed.

    A cell has a rank between 0 and 1 and takes the measured deviation of that rank, interpolated linearly between the
    two targets around its own; beyond the smallest and largest target that of the nearest one. The variance is that of
    the n measured cells themselves, (n - 1) / n of what it estimates for all cells: sigma is too small by 11 % for 5
    cells, by 1 % for 60.
    """

    kind: Literal["measurements-resampled"] = "measurements-resampled"

    def shift(self, time: int, state: Cellwise, rank: Tensor) -> Cellwise:
        measured = self.table.cells_at[time]
        targets = torch.tensor(measured.targets, dtype=torch.float64)
        place = state.double().clamp(*self.table.states).contiguous()
        left = (torch.bucketize(place, targets) - 1).clamp(0, len(targets) - 2)
        share = (place - targets[left]) / (targets[left + 1] - targets[left])
        deviations, counts = _deviations(measured)
        lower, upper = (deviations[target, (rank * counts[target]).long()] for target in (left, left + 1))
        return torch.lerp(lower, upper, share).to(state.dtype)

    def ranks(self, shape: torch.Size, draws: Draws) -> Tensor:
        return draws.uniform01(shape, "rank").double()


def _deviations(measured: MeasuredCells) -> tuple[Tensor, Tensor]:
    """Measured less target in ascending order, (targets, most cells), and how many there are, (targets,)."""
    counts = torch.tensor([len(cells) for cells in measured.cells])
    table = torch.zeros(len(measured.cells), int(counts.max()), dtype=torch.float64)
    for row, target, cells in zip(table, measured.targets, measured.cells, strict=True):
        row[: len(cells)] = torch.from_numpy(cells - target)
    return table, counts
