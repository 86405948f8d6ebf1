"""How many processor cores this process may really use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/proc/self/cgroup")
"""Which control groups this process is in (Linux)."""

CONTROLS = Path("/sys/fs/cgroup")
"""Where control groups say their limits."""


def cores(groups: Path = GROUPS, controls: Path = CONTROLS) -> int:
    """Cores that this process may use, at least 1: those that it is bound to, less where its container has a quota.

    A job of a cluster is bound to some cores of its machine, and a container may have a quota of computing time
    (control groups of version 1 or 2); `os.cpu_count` knows neither. Of a quota of 2.5 cores, 2 are used.

    Args:
        groups: file that says which control groups the process is in.
        controls: folder of all control groups.

    Examples:
        >>> 1 <= cores() <= os.cpu_count()
        True
        >>> Path("cpu.max").write_text("250000 100000")
        13
        >>> Path("groups").write_text("0::/")
        4
        >>> cores(Path("groups"), Path(".")) in (1, 2)
        True
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([bound, *_quotas(groups, controls)])))


def _quotas(groups: Path, controls: Path) -> Iterator[float]:
    """Quotas in cores of the groups that the process is in, and of those around them."""
    for line in _text(groups).splitlines():
        _, controllers, name = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        folder = controls / "cpu" if controllers else controls
        inside = folder / name.lstrip("/")
        for place in [inside, *inside.parents]:
            if place == folder or place.is_relative_to(folder):
                yield from _quota(place)


def _quota(group: Path) -> Iterator[float]:
    """The quota of a control group in cores, if it has one: of version 2, or of version 1."""
    words = _text(group / "cpu.max").split()
    words = words or [_text(group / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
    if len(words) == 2 and all(word.isdigit() and int(word) > 0 for word in words):
        yield int(words[0]) / int(words[1])


def _text(file: Path) -> str:
    """What a file says; nothing where it cannot be read, as on other systems."""
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
