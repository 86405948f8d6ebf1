"""Designs and networks whose speed is measured."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bitline.errors import BitlineError
from bitline.networks import find_network

NETWORKS = {"cifar-resnet20": 64, "resnet50": 8}
"""Networks that are measured, and the images of one pass."""
BASE: dict[str, object] = {
    "weights.kind": "differential",
    "cell.device": {"kind": "state-proportional", "alpha": 0.02},
}

CASES: dict[str, tuple[str, dict[str, object]]] = {
    "linear": ("cell errors only, no ADC", {**BASE, "adc": "none"}),
    "convert": ("unsliced differential, analog accumulation, 8-bit ADC", BASE),
    "reference": ("the quantised digital reference: exact cells, no ADC", {"cell.device": "none", "adc": "none"}),
    "read-noise": (
        "an 8-bit conversion as above, with read noise drawn for every output",
        {**BASE, "cell.read_noise": {"kind": "state-proportional", "alpha": 0.02}},
    ),
    "wires": (
        "gate-driven bit lines with wire resistance in all layers, an 8-bit conversion after all input bits",
        {**BASE, "array": {"kind": "gate-driven", "bit_line": {"segment": 1e-5}}},
    ),
    "bit-serial": (
        "unsliced differential, an 8-bit conversion per input bit",
        {**BASE, "inputs.accumulation": "digital"},
    ),
    "sliced": (
        "four weight slices, an 8-bit conversion per input bit",
        {**BASE, "weights.bits": 9, "weights.bits_per_cell": 2, "inputs.accumulation": "digital"},
    ),
}
"""Name, meaning and settings of each benchmark design."""


def usual_cases(network: str) -> list[str]:
    """Designs that are measured where nobody chooses: all, but no wires in large networks, which take minutes.

    Examples:
        >>> sorted(set(CASES) - set(usual_cases("resnet50")))
        ['wires']
    """
    preprocess = find_network(network).preprocess
    large = preprocess.shape is not None and preprocess.shape[-1] > 64
    return [case for case in CASES if case != "wires" or not large]


def network_and_images(name: str, batch: int, device: str = "cpu") -> tuple[nn.Module, Tensor]:
    """A network with random weights and as many random images, the same every time.

    Raises:
        BitlineError: the network takes images of any shape.
    """
    network = find_network(name)
    if network.preprocess.shape is None:
        raise BitlineError(f"network {name!r} takes images of any shape: benchmark one of those that come with bitline")
    torch.manual_seed(0)
    return network.build().eval().to(device), torch.randn(batch, *network.preprocess.shape).to(device)
