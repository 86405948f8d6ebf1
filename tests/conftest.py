"""Shared fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import settings

settings.register_profile("bitline", deadline=None)
settings.load_profile("bitline")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def threads():
    torch.set_num_threads(2)


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
