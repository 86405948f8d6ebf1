"""Figures of memory devices: error, drift and sampled distributions against the fit or the measured cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from bitline.devices import Device, PublishedDevice, TableDevice, format_duration
from bitline.numerics.draws import Draws
from bitline.numerics.text import number
from bitline.report.style import COLOURS, in_house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = COLOURS[:5]
"""Colours of the states that are shown, one for each."""
CELLS = 4000
DECADES = 1.0
"""Times that span more of them are drawn on a logarithmic axis."""
HOUR = 3600.0


@in_house_style
def device_figure(device: Device, name: str, seed: int = 0) -> Figure:
    """Three panels: programming error against target, means over time, and sampled cells of some states.

    Measured cells are drawn at the targets and times at which they were measured, and nowhere else. Sampled cells end
    at 0, as with `cell.clip = "zero"`.

    Args:
        device: any device; axes are in its unit, or in G/G_max where it has none.
        name: what to call it.
        seed: of the sampled cells.

    Examples:
        >>> from bitline import Design
        >>> figure = device_figure(Design().cell.device, "ideal cells")
        >>> [axes.get_title() for axes in figure.axes]
        ['programming error', 'drift: not measured', 'cells after programming']
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 5), layout="constrained")
    error, drift, cells = figure.subplots(1, 3)
    states = _states(device)
    _draw_error(error, device, seed)
    _draw_drift(drift, device, states, seed)
    _draw_cells(cells, device, states, seed)
    figure.suptitle(f"{name}; {CELLS} sampled cells for each state, seed {seed}")
    return figure


def _largest(device: Device) -> float:
    """What G/G_max = 1 is on the axes."""
    return device.largest if isinstance(device, PublishedDevice | TableDevice) else 1.0


def _unit(device: Device) -> str:
    """Unit of the axes as people write it: 'uS' is µS."""
    if not isinstance(device, PublishedDevice | TableDevice):
        return "G/G_max"
    is_micro = device.unit[:1] == "u" and device.unit[1:2].isupper()
    return "µ" + device.unit[1:] if is_micro else device.unit


def _lowest(device: Device) -> float:
    """G_min/G_max."""
    return 1 / device.default_on_off_ratio


def _states(device: Device) -> Sequence[float]:
    """G/G_max of the states to show, one for each colour: of a table, targets that were measured."""
    if not isinstance(device, TableDevice):
        return [float(state) for state in np.linspace(max(_lowest(device), 0.1), 1, len(SHOWN))]
    targets = device.table.cells_at[0].targets
    targets = targets[targets <= device.largest]
    chosen = np.linspace(0, len(targets) - 1, min(len(targets), len(SHOWN))).round().astype(int)
    return [float(target) / device.largest for target in targets[chosen]]


def _of_all(device: Device, states: Sequence[float]) -> str:
    """How many of a table's targets are shown, where these are not all."""
    if not isinstance(device, TableDevice):
        return ""
    targets = device.table.cells_at[0].targets
    count = int((targets <= device.largest).sum())
    return f", {len(states)} of {count} targets" if len(states) < count else ""


def _sample(device: Device, target: float, seconds: float, seed: int) -> np.ndarray:
    """Cells of one target, in the unit of the axes."""
    targets = torch.full((CELLS,), target)
    draws = Draws((seed, 0, "figure"))
    programmed = device.program(targets, draws).clamp(min=0)
    cells = device.aged(programmed, targets, seconds, draws).clamp(min=0).double().numpy()
    return cells * _largest(device)


def _measured(device: TableDevice, time: int, target: float) -> np.ndarray:
    """The cells that were measured for one of the table's targets."""
    at = device.table.cells_at[time]
    return at.cells[int(np.abs(at.targets - target).argmin())]


def _times(device: Device) -> list[float]:
    """Seconds at which to sample cells: the measured times, or even steps of a law's logarithm."""
    if isinstance(device, TableDevice):
        return list(device.table.times_s)
    if not isinstance(device, PublishedDevice) or not device.longest_s:
        return [0.0]
    return list(device.times_s) or [0.0, *np.geomspace(device.longest_s * 1e-4, device.longest_s, 13)]


def _legend(axes: Axes, **settings: Any) -> None:
    """A legend below the panel, where it covers nothing."""
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), **settings)


def _draw_error(axes: Axes, device: Device, seed: int) -> None:
    largest, unit = _largest(device), _unit(device)
    targets = np.linspace(_lowest(device), 1, 25)
    sigmas = [_sample(device, float(target), 0.0, seed).std() for target in targets]
    axes.plot(targets * largest, sigmas, "o", color=SHOWN[0], markersize=4, label="sampled cells, from 0 up")
    states = torch.linspace(_lowest(device), 1, 200)
    if isinstance(device, PublishedDevice):
        axes.plot(states * largest, device.sigma(states * largest), color=SHOWN[1], label="published fit")
    if isinstance(device, TableDevice):
        at = device.table.cells_at[0]
        spread = [cells.std(ddof=1) for cells in at.cells]
        axes.plot(at.targets, spread, "x", color=SHOWN[1], markeredgewidth=2, label="measured cells")
    noise = device.read_noise(states, states, 0.0)
    if noise is not None:
        axes.plot(states * largest, noise * largest, "--", color=SHOWN[2], label="read noise after programming")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"target ({unit})")
    axes.set_ylabel(f"standard deviation ({unit})")
    axes.set_title("programming error")
    _legend(axes, ncols=2)


def _draw_drift(axes: Axes, device: Device, states: Sequence[float], seed: int) -> None:
    times, unit = np.array(_times(device)), _unit(device)
    scale, name = (HOUR, "h") if times[-1] >= HOUR else (1.0, "s")
    for colour, target in zip(SHOWN, states, strict=False):
        cells = np.array([_sample(device, target, float(time), seed) for time in times])
        mean, spread = cells.mean(1), cells.std(1)
        label = number(target * _largest(device), 4)
        axes.plot(times / scale, mean, "o-", color=colour, markersize=3, label=label)
        axes.fill_between(times / scale, mean - spread, mean + spread, color=colour, alpha=0.2)
        if isinstance(device, TableDevice):
            groups = [_measured(device, index, target * device.largest) for index in range(len(times))]
            means, spreads = [group.mean() for group in groups], [group.std(ddof=1) for group in groups]
            axes.errorbar(times / scale, means, spreads, fmt="x", color=colour, markeredgewidth=2, capsize=3)
    after = times[times > 0]
    if len(after) and after[-1] >= 10**DECADES * after[0]:
        axes.set_xscale("symlog", linthresh=after[0] / scale)  # logarithmic, with the time of programming at its left
    axes.set_xlabel(f"time after programming ({name})")
    axes.set_ylabel(f"mean and standard deviation ({unit})")
    axes.set_title(f"drift over {format_duration(float(times[-1]))}" if times[-1] else "drift: not measured")
    crosses = ", crosses: measured" if isinstance(device, TableDevice) else ""
    _legend(axes, title=f"target ({unit}){_of_all(device, states)}{crosses}", ncols=len(states), columnspacing=1)


def _draw_cells(axes: Axes, device: Device, states: Sequence[float], seed: int) -> None:
    largest, unit = _largest(device), _unit(device)
    for colour, target in zip(SHOWN, states, strict=False):
        state = target * largest
        cells = _sample(device, target, 0.0, seed)
        axes.hist(cells, bins=40, density=True, histtype="stepfilled", alpha=0.35, color=colour)
        axes.axvline(state, color=colour, linewidth=0.8, linestyle=":")
        if isinstance(device, PublishedDevice):
            sigma = float(device.sigma(torch.tensor(state)))
            x = np.linspace(state - 4 * sigma, state + 4 * sigma, 200)
            density = np.exp(-(((x - state) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
            axes.plot(x, density, color=colour, linewidth=1)
        if isinstance(device, TableDevice):
            axes.hist(_measured(device, 0, state), bins="fd", density=True, histtype="step", color=colour)
    axes.fill_between([], [], color="grey", alpha=0.35, label="sampled cells")
    if isinstance(device, PublishedDevice):
        axes.plot([], color="grey", linewidth=1, label="published normal law")
    if isinstance(device, TableDevice):
        axes.plot([], color="grey", linewidth=1, label="measured cells")
    axes.plot([], color="grey", linewidth=0.8, linestyle=":", label="target")
    axes.set_xlabel(f"programmed ({unit})")
    axes.set_ylabel(f"density (per {unit})")
    axes.set_title(f"cells after programming{_of_all(device, states)}")
    _legend(axes, ncols=3)
