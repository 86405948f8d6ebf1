"""What comparisons with other simulators share: cases, and times measured by turns in one process on one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Case:
    """One network on the hardware of both simulators.

    Attributes:
        name: what is simulated.
        ours, theirs: make the analog networks.
    """

    name: str
    ours: Callable[[], nn.Module]
    theirs: Callable[[], nn.Module]


@dataclass(frozen=True)
class Peer:
    """Another simulator, and what is compared with it.

    Attributes:
        name: with its version.
        network: what it is compared on, in words.
        plain: the float network.
        images: of one pass.
        cases: to be measured.
        limit_threads: called before every measurement, where libraries start threads of their own.
    """

    name: str
    network: str
    plain: nn.Module
    images: Tensor
    cases: tuple[Case, ...]
    limit_threads: Callable[[], None]


@dataclass(frozen=True)
class Measured:
    """One case.

    Attributes:
        name: of the case.
        ours, theirs: times over that of plain PyTorch, medians of pairs.
        equal: share of the images that both put into the same class.
    """

    name: str
    ours: float
    theirs: float
    equal: float


@torch.no_grad()
def measured(peer: Peer, repeats: int) -> Iterator[Measured]:
    """Measure every case: both simulators and plain PyTorch by turns."""
    plain, images = peer.plain, peer.images
    for case in peer.cases:
        ours, theirs = case.ours(), case.theirs()
        peer.limit_threads()
        same = ours(images).argmax(1) == theirs(images).argmax(1)
        plain(images)
        pairs: tuple[list[float], list[float]] = ([], [])
        for _ in range(repeats):
            for network, ratios in zip((ours, theirs), pairs, strict=True):
                ratios.append(_seconds(network, images) / _seconds(plain, images))
        yield Measured(case.name, *map(statistics.median, pairs), float(same.float().mean()))


@torch.no_grad()
def images_per_second(peer: Peer) -> float:
    """Rate of plain PyTorch."""
    peer.limit_threads()
    peer.plain(peer.images)
    return len(peer.images) / statistics.median(_seconds(peer.plain, peer.images) for _ in range(5))


def _seconds(network: nn.Module, images: Tensor) -> float:
    """Processor time of one pass, which others on the machine do not lengthen much."""
    began = time.process_time()
    network(images)
    return time.process_time() - began
