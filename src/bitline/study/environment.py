"""What computes the numbers of a study: versions of libraries, and the arithmetic of processors.

Of these, a store refuses another version of its results, another PyTorch (major and minor version), and another default
precision: see `Workload.facts`. What is here is kept with the results and only noted, because it moves sums by rounding
alone: a signal that lies on the edge between two levels of a converter may then fall to either side.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib import metadata
from typing import Any

import torch

import bitline
from bitline.errors import StudyError
from bitline.numerics.cores import cores

ROUNDING = ("torch", "numpy", "numba")
"""Libraries that round sums, and may do it differently in another version."""


def versions() -> dict[str, str]:
    """Versions of what computes, by name.

    Examples:
        >>> sorted(versions())
        ['bitline', 'numba', 'numpy', 'python', 'torch']
    """
    libraries = {name: metadata.version(name) for name in ("numpy", "numba")}
    return {
        "bitline": bitline.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        **libraries,
    }


def hardware() -> dict[str, Any]:
    """The machine that a run is started on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"machine": platform.machine(), "node": platform.node(), "cores": cores(), "gpu": gpu}


def compute_device(name: str) -> torch.device:
    """Where networks are computed.

    Args:
        name: 'cpu', 'cuda' or 'cuda:0'.

    Raises:
        StudyError: there is no such device here.

    Examples:
        >>> compute_device("cpu")
        device(type='cpu')
    """
    try:
        device = torch.device(name)
        known = device.type == "cpu" or (device.type == "cuda" and torch.cuda.is_available())
    except (RuntimeError, TypeError):
        known = False
    if not known:
        raise StudyError(f"there is no compute device {name!r} here: give 'cpu', or 'cuda' on a machine that has a GPU")
    return device


def arithmetic(device: str) -> str:
    """What adds up numbers: the kind of processor with its widest vector instructions that PyTorch uses, or the GPU.

    Args:
        device: compute device, 'cpu' or 'cuda:0'.

    Examples:
        >>> arithmetic("cpu") == f"{platform.machine()}/{torch.backends.cpu.get_cpu_capability()}"
        True
    """
    place = compute_device(device)
    if place.type == "cuda":
        return str(torch.cuda.get_device_name(place)).replace(" ", "-")
    return f"{platform.machine()}/{torch.backends.cpu.get_cpu_capability()}"


def differences(workers: Iterable[str], sessions: Iterable[dict[str, Any]]) -> list[str]:
    """What the results of a store were computed with that was not always the same, in words.

    Args:
        workers: names of the workers, with their arithmetic after a space.
        sessions: runs that added results, with their `versions`.

    Examples:
        >>> runs = [{"versions": {"numpy": "2.3.1"}}, {"versions": {"numpy": "2.4.6"}}]
        >>> differences(["a:17 x86_64/AVX2", "b:18 x86_64/AVX2"], runs)
        ['numpy 2.3.1 and 2.4.6']
    """
    kept = list(sessions)
    found = [("", {name.partition(" ")[2] for name in workers} - {""})]
    for library in ROUNDING:
        found.append((f"{library} ", {str(run["versions"][library]) for run in kept if library in run["versions"]}))
    return [f"{name}{' and '.join(sorted(values))}" for name, values in found if len(values) > 1]
