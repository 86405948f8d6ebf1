"""What tests of studies have in common."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_study import study

from bitline.study import sweep


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A finished store of the small study."""
    path = tmp_path_factory.mktemp("study") / "small.sqlite"
    sweep(study(), path)
    return path
