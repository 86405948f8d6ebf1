"""Whether all samples take the way through a network that the first one takes, whose cost is computed."""

from __future__ import annotations

from collections.abc import Mapping

from bitline.numerics.text import number

DIGITS = 9
"""In which the inputs of a layer must agree with those of others."""


def other_ways(first: Mapping[str, float], seen: Mapping[str, float], samples: int) -> tuple[str, ...]:
    """A sentence where samples take other ways than the first one, as through experts and early exits.

    Args:
        first: values of inputs that the first sample gives each layer.
        seen: those that all samples gave it; 0 where nobody counted.
        samples: how many there are.

    Examples:
        >>> other_ways({"stem": 8, "long": 4}, {"stem": 80, "long": 40}, 10)
        ()
        >>> print(*other_ways({"stem": 8, "long": 4, "exit": 0}, {"stem": 80, "long": 4, "exit": 36}, 10))
        samples take different ways through the network, or have different lengths: energy and latency are those of ...
    """
    times = {name: round(seen[name] / count, DIGITS) for name, count in first.items() if count and seen.get(name)}
    missed = [name for name, count in first.items() if not count and seen.get(name)]
    if not times:
        return ()
    uneven = sorted((name for name, count in times.items() if count != samples), key=lambda name: times[name])
    if not uneven and not missed:
        return ()
    said = [
        *(
            f"{name!r} has {number(times[name] / samples, 2)} times the inputs that it has of the first"
            for name in uneven[:1]
        ),
        *(f"{name!r}, which the first does not reach, has some" for name in missed[:1]),
    ]
    others = len(uneven) + len(missed) - len(said)
    more = f" (and {others} more)" * (others > 0)
    return (
        "samples take different ways through the network, or have different lengths: energy and latency are those of "
        "the first one; on average, "
        f"{', and '.join(said)}{more}",
    )
