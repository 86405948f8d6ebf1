"""Whether two reads of the same arrays with the same inputs give different results."""

from __future__ import annotations

import torch

from bitline.design.design import Design
from bitline.devices import Device


def has_noisy_reads(design: Design) -> bool:
    """Whether anything in a design, rules for layers left aside, has noise that every read draws anew.

    Examples:
        >>> has_noisy_reads(Design()), has_noisy_reads(Design().with_settings({"adc.noise_steps": 0.3}))
        (False, True)
    """
    accumulator = design.inputs.accumulator.noise(design.adc.bits) if design.inputs.accumulation != "digital" else 0.0
    others = (design.adc.noise, design.inputs.drivers.noise, accumulator)
    return has_noisy_cells(design) or has_noisy_lines(design) or any(noise > 0 for noise in others)


def changes_with_time(design: Design) -> bool:
    """Whether cells may be other ones after some time, or are read with noise, which may follow the time.

    Examples:
        >>> drifting = Design().with_settings({"cell.device": "pcm-joshi-2020"})
        >>> changes_with_time(drifting), changes_with_time(Design())
        (True, False)
    """
    return type(design.cell.device).aged is not Device.aged or has_cell_noise(design)


def has_noisy_cells(design: Design) -> bool:
    """Whether every read of cells has noise of its own."""
    return has_cell_noise(design) and not design.cell.read_noise.lasts(design.cell.device)


def has_cell_noise(design: Design) -> bool:
    """Whether cells are read with noise, of each read's own or the same at one time."""
    cell = design.cell
    states = torch.linspace(cell.window_low, 1, 16)
    sigma = cell.read_noise.sigma(states, states, cell.device, cell.time)
    return sigma is not None and bool(sigma.any())


def has_noisy_lines(design: Design) -> bool:
    """Whether lines have noise besides that of their cells."""
    return design.array.line_noise(design.array.rows) > 0
