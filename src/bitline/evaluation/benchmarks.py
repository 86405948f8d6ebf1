"""Designs and networks whose speed is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bitline.config.messages import nearest
from bitline.config.trust import is_import_path
from bitline.errors import BitlineError
from bitline.networks import NETWORKS, find_network
from bitline.networks.minilm import WORDS, MiniLM
from bitline.networks.smollm2 import WORDS as SMOLLM2_WORDS
from bitline.networks.smollm2 import SmolLM2
from bitline.networks.speaker_encoder import BANDS, SpeakerEncoder
from bitline.numerics.random_state import keeping_random_state

MEASURED = {"cifar-resnet20": 64, "resnet50": 8}
"""Networks that are measured where nobody chooses, and the samples of one pass."""


@dataclass(frozen=True)
class TimedNetwork:
    """A network whose speed is measured: with random weights, on random inputs.

    Attributes:
        build: makes the network.
        inputs: makes as many inputs.
        samples: of one pass, where nobody chooses.
        is_large: whether lines with resistance, solved for every input, would take minutes.

    Examples:
        >>> timed_network("lstm").inputs(2).shape
        torch.Size([2, 160, 40])
    """

    build: Callable[[], nn.Module]
    inputs: Callable[[int], Tensor]
    samples: int = 8
    is_large: bool = True


def _tokens(words: int, length: int) -> Callable[[int], Tensor]:
    """Sequences of tokens, none of them padding."""
    return lambda samples: torch.randint(1, words, (samples, length))


SEQUENCES = {
    "minilm": TimedNetwork(MiniLM, _tokens(WORDS, 32), samples=16),
    "smollm2": TimedNetwork(SmolLM2, _tokens(SMOLLM2_WORDS, 128), samples=1),
    "lstm": TimedNetwork(
        lambda: SpeakerEncoder(speakers=6), lambda samples: torch.rand(samples, 160, BANDS), samples=60
    ),
}
"""Networks of sequences, of the shapes of published ones: sentences of 32 tokens, texts of 128, and 1.6 s of speech."""
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


def timed_network(name: str) -> TimedNetwork:
    """What is measured by a name: one of `SEQUENCES`, or a network of images.

    Raises:
        BitlineError: there is no such network, or it takes images of any shape.

    Examples:
        >>> timed_network("resnet50").samples
        8
    """
    if name in SEQUENCES:
        return SEQUENCES[name]
    if not is_import_path(name) and name not in NETWORKS:
        raise BitlineError(f"there is no network {name!r}{nearest(name, [*SEQUENCES, *NETWORKS])}")
    network = find_network(name)
    shape = network.pictures.shape
    if shape is None:
        raise BitlineError(f"network {name!r} takes images of any shape: benchmark one of those that come with bitline")
    return TimedNetwork(
        network.build, lambda images: torch.randn(images, *shape), MEASURED.get(name, 8), is_large=shape[-1] > 64
    )


def usual_cases(network: str) -> list[str]:
    """Designs that are measured where nobody chooses: all, but no wires in large networks, which take minutes.

    Examples:
        >>> sorted(set(CASES) - set(usual_cases("resnet50")))
        ['wires']
    """
    is_large = timed_network(network).is_large
    return [case for case in CASES if case != "wires" or not is_large]


def network_and_inputs(name: str, samples: int, device: str = "cpu") -> tuple[nn.Module, Tensor]:
    """A network with random weights and as many random inputs, the same every time.

    Raises:
        BitlineError: as for `timed_network`.
    """
    timed = timed_network(name)
    with keeping_random_state():
        torch.manual_seed(0)
        return timed.build().eval().to(device), timed.inputs(samples).to(device)
