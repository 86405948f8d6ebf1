"""Converted networks on other chips, and at other times."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from bitline.config.counts import whole_number
from bitline.errors import ConversionError
from bitline.nn.contexts import analog_layers
from bitline.nn.conversion import not_converted
from bitline.nn.layer import AnalogLayer


def program(network: nn.Module, *, chip: int, seed: int | None = None) -> nn.Module:
    """Put a converted network on another chip: same design, other cells.

    Read noise starts anew, and corrections made for the chip before are forgotten. The age of the cells stays.

    Examples:
        >>> from bitline import convert
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> program(analog, chip=3) is analog
        True
        >>> analog[0].chip
        Chip(seed=0, number=3, time_s=None)

    Args:
        network: what `bitline.convert` returned.
        chip: number of the chip.
        seed: seed of the chips; kept if not given.

    Returns:
        The network.

    Raises:
        ConversionError: it is no converted network, or chip or seed is no whole number, the chip of 0 or more.
    """
    whole_number("chip", chip, 0, ConversionError)
    if seed is not None:
        whole_number("seed", seed, error=ConversionError)
    for layer in _layers(network):
        other = layer.chip.seed if seed is None else seed
        layer.put_on(replace(layer.chip, number=chip, seed=other))
    return network


def age(network: nn.Module, time: float | str) -> nn.Module:
    """Let the cells of a converted network age: the same chip at another time.

    Examples:
        >>> from bitline import convert
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> age(analog, "1 hour")[0].chip.time_s
        3600.0

    Args:
        network: what `bitline.convert` returned.
        time: since programming, in seconds or as '1 day'.

    Returns:
        The network.

    Raises:
        ConversionError: it is no converted network.
        DesignError: a time at which the device is unknown.
    """
    layers = _layers(network)
    aged = [layer.design.with_settings({"cell.time": time}) for layer in layers]  # refused before any layer has aged
    for layer, design in zip(layers, aged, strict=True):
        layer.put_on(replace(layer.chip, time_s=design.cell.time))
    return network


def _layers(network: nn.Module) -> list[AnalogLayer]:
    """The analog layers, of which a converted network has at least one."""
    layers = list(analog_layers(network))
    if not layers:
        raise not_converted(network)
    return layers


def restart_reads(network: nn.Module, first: int = 0) -> None:
    """Let the next sample count as number `first` of its chip, for its read noise.

    Examples:
        >>> from bitline import convert
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> _ = analog(images)
        >>> analog[0].reads
        16
        >>> restart_reads(analog)
        >>> analog[0].reads
        0
    """
    for layer in analog_layers(network):
        layer.restart_reads(first)
