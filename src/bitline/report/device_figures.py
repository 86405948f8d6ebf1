"""Figures of memory devices: error, drift and sampled distributions against the fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from bitline._files import replacing
from bitline._numbers import number
from bitline.devices import Device, MeasuredDevice, MeasurementsDevice, in_words
from bitline.draws import Draws

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")  # Okabe and Ito: distinct for colour-blind readers
CELLS = 4000
DAY = 86400.0


def device_figure(device: Device, name: str, seed: int = 0) -> Figure:
    """Three panels: programming error against target, means over time, and sampled cells of some states.

    Args:
        device: any device; axes are in its unit, or in G/G_max where it has none.
        name: what to call it.
        seed: of the sampled cells.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.2), layout="constrained")
    error, drift, cells = figure.subplots(1, 3)
    largest, unit = _scale(device)
    lowest = max(1 / device.own_on_off_ratio, 0.0)
    _draw_error(error, device, largest, lowest)
    _draw_drift(drift, device, largest, lowest, seed)
    _draw_cells(cells, device, largest, lowest, seed)
    for axes in (error, cells):
        axes.set_xlabel(f"target ({unit})" if axes is error else f"programmed ({unit})")
    error.set_ylabel(f"standard deviation ({unit})")
    drift.set_ylabel(f"mean and standard deviation of cells ({unit})")
    figure.suptitle(f"{name}; {CELLS} sampled cells for each state, seed {seed}", fontsize=11)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the file's suffix."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    with replacing(path) as file:
        figure.savefig(file, dpi=140, format=path.suffix.removeprefix("."))


def _scale(device: Device) -> tuple[float, str]:
    if isinstance(device, MeasuredDevice | MeasurementsDevice):
        return device.largest, device.unit
    return 1.0, "G/G_max"


def _sample(device: Device, target: float, seconds: float, seed: int) -> np.ndarray:
    """Cells of one target, G/G_max."""
    targets = torch.full((CELLS,), target)
    draws = Draws((seed, 0, "figure"))
    programmed = device.program(targets, draws).clamp(min=0)
    return device.aged(programmed, targets, seconds, draws).clamp(min=0).numpy()


def _times(device: Device) -> list[float]:
    if isinstance(device, MeasurementsDevice):
        return list(device.table.times_s)
    longest = device.longest_s if isinstance(device, MeasuredDevice) else 0.0
    return [0.0, *(longest * share for share in (0.001, 0.01, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0))] if longest else [0.0]


def _draw_error(axes: Axes, device: Device, largest: float, lowest: float) -> None:
    targets = np.linspace(lowest, 1, 25)
    sigmas = [_sample(device, float(target), 0.0, 1).std() * largest for target in targets]
    axes.plot(targets * largest, sigmas, "o", color=COLOURS[0], markersize=4, label="sampled cells")
    states = torch.linspace(lowest, 1, 200) * largest
    if isinstance(device, MeasuredDevice):
        axes.plot(states, device.sigma(states), color=COLOURS[1], label="published fit")
    if isinstance(device, MeasurementsDevice):
        at = device.table.at[0]
        axes.plot(at.targets, [one.std(ddof=1) for one in at.cells], "x", color=COLOURS[1], label="measured cells")
    noise = device.read_noise(states / largest, 0.0)
    if noise is not None:
        axes.plot(states, noise * largest, "--", color=COLOURS[2], label="read noise just after programming")
    axes.set_ylim(bottom=0)
    axes.set_title("programming error")
    axes.legend()


def _draw_drift(axes: Axes, device: Device, largest: float, lowest: float, seed: int) -> None:
    times = _times(device)
    for colour, target in zip(COLOURS, np.linspace(max(lowest, 0.1), 1, 5), strict=True):
        cells = np.array([_sample(device, float(target), time, seed) for time in times]) * largest
        mean, spread = cells.mean(1), cells.std(1)
        hours = np.array(times) / 3600
        axes.plot(hours, mean, "o-", color=colour, markersize=3, label=number(target * largest, 3))
        axes.fill_between(hours, mean - spread, mean + spread, color=colour, alpha=0.2)
    axes.set_xlabel("time after programming (h)")
    longest = in_words(times[-1]) if times[-1] else "not measured"
    axes.set_title(f"drift ({longest})")
    axes.legend(title="target", fontsize=8)


def _draw_cells(axes: Axes, device: Device, largest: float, lowest: float, seed: int) -> None:
    for colour, target in zip(COLOURS, np.linspace(max(lowest, 0.1), 1, 5), strict=True):
        cells = _sample(device, float(target), 0.0, seed) * largest
        axes.hist(cells, bins=60, density=True, histtype="stepfilled", alpha=0.35, color=colour)
        axes.axvline(target * largest, color=colour, linewidth=0.8)
        if isinstance(device, MeasuredDevice):
            sigma = float(device.sigma(torch.tensor(target * largest)))
            x = np.linspace(target * largest - 4 * sigma, target * largest + 4 * sigma, 200)
            density = np.exp(-(((x - target * largest) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
            axes.plot(x, density, color=colour, linewidth=1)
        if isinstance(device, MeasurementsDevice):
            targets = device.table.at[0].targets
            nearest = int(np.abs(targets - target * largest).argmin())
            measured = device.table.at[0].cells[nearest] - targets[nearest] + target * largest
            axes.hist(measured, bins=25, density=True, histtype="step", color=colour)
    axes.set_ylabel(f"density (1/{_scale(device)[1]})")
    drawn = "line: measured" if isinstance(device, MeasurementsDevice) else "line: published normal law"
    axes.set_title(f"cells after programming ({drawn})", fontsize=10)
