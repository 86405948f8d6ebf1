"""Paths through a network in time, and over its chip in space."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import pairwise

from bitline.cost.result import NetworkCost
from bitline.cost.statistics import Statistics


def branched_ns(cost: NetworkCost, statistics: Statistics, among: Collection[str] | None = None) -> float:
    """Time of an image if layers of parallel branches work at the same time: the longest path through the network.

    Layers that feed themselves, as in recurrent networks, work one after the other.

    Args:
        cost: of an image.
        statistics: of the same network, which know what each layer follows.
        among: layers that work; all if not given.
    """
    times = {layer.name: layer.time_ns for layer in cost.layers if among is None or layer.name in among}
    left = {layer.name: set(layer.after) for layer in statistics.layers}
    done: dict[str, float] = {}
    while left:
        ready = [name for name, after in left.items() if after <= done.keys()]
        if not ready:
            return sum(times.values())
        for name in ready:
            start = max((done[earlier] for earlier in left.pop(name)), default=0.0)
            done[name] = start + times.get(name, 0.0)
    return max(done.values(), default=0.0)


def parts_in_turn(cost: NetworkCost, cores: int) -> list[list[str]]:
    """Layers of each part of a network that the cores hold at a time, in the order of the layers.

    A layer that does not fit into what is left goes on in the next part, and works in both.

    Args:
        cost: of an image.
        cores: that are there.

    Examples:
        >>> from bitline.cost import LayerCost
        >>> layers = [LayerCost(name, 1, 2, 1, 2, 1.0, 1, {}, 10.0, 10.0) for name in ("a", "b", "c")]
        >>> cost = NetworkCost("mine", "circuits", tuple(layers), {}, 6, 1, 30, 10)
        >>> parts_in_turn(cost, 6), parts_in_turn(cost, 3)
        ([['a', 'b', 'c']], [['a', 'b'], ['b', 'c']])
    """
    parts: list[list[str]] = []
    first = 0
    for layer in cost.layers:
        if not layer.cores:
            continue
        last = first + layer.cores - 1
        parts += [[] for _ in range(len(parts), last // cores + 1)]
        for index in range(first // cores, last // cores + 1):
            parts[index].append(layer.name)
        first = last + 1
    return parts


def mean_hops(tiles: int) -> float:
    """Mean distance of a tile to the next one, in the order of the layers, on a square mesh filled row by row.

    A tile's neighbour in its row is one hop away, and the first tile of the next row a whole row and one.

    Examples:
        >>> mean_hops(1), mean_hops(4), round(mean_hops(100), 2)
        (1.0, 1.3333333333333333, 1.82)
    """
    if tiles < 2:
        return 1.0
    side = math.ceil(math.sqrt(tiles))
    places = [(place // side, place % side) for place in range(tiles)]
    hops = [abs(a - c) + abs(b - d) for (a, b), (c, d) in pairwise(places)]
    return sum(hops) / len(hops)
