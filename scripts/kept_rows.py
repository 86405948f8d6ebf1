"""Measurements that are kept row by row, with where they come from, so that a script can be interrupted and go on."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import torch

import bitline
from bitline.config.files import write_text

TARGET = Path(__file__).parents[1] / "docs" / "networks" / "results"
SEED = 0


class KeptRows:
    """Rows of a JSON file; what is there stays.

    Args:
        path: the file.
        script, network: what made it, and on which network.
        about: what else belongs to all rows, or stands in place of what is said of them here.
    """

    def __init__(self, path: Path, script: str, network: str, **about: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.rows: dict[str, Any] = json.loads(path.read_text())["rows"] if path.is_file() else {}
        self._about = {
            "network": network,
            "seed": SEED,
            "bitline": bitline.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "made_by": f"python scripts/{script} {network}",
            **about,
        }

    def add(self, name: str, row: dict[str, Any]) -> None:
        """Keep a row, on disk."""
        self.rows[name] = row
        write_text(self.path, json.dumps({**self._about, "rows": self.rows}, indent=1) + "\n")
