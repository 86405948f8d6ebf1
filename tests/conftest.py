"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from bitline._numba import limit_threads

settings.register_profile("bitline", deadline=None)
settings.load_profile("bitline")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def threads():
    """One core for each of several test processes: more threads than cores wait for each other."""
    limit_threads(1 if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1 else 2)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that does not come with the package."""
    if not SHARED.is_dir():
        pytest.skip("needs data files that do not come with the package")
    return SHARED


@pytest.fixture(scope="session")
def fashion():
    """The embedded network and data."""
    from bitline.data import load_dataset
    from bitline.networks import find_network, load_network

    network = find_network("fashion-resnet")
    return load_network(network), load_dataset("fashion-mnist", network.preprocess)
