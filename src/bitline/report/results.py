"""Results as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import torch

import bitline
from bitline.evaluate import Evaluation


def write_json(path: Path, results: Sequence[Evaluation], context: dict[str, object]) -> None:
    """Write a result with the versions that made it.

    Args:
        path: file to write; an existing one is replaced in one step.
        results: one evaluation, or those at several times; the last is the main one.
        context: what else to remember: network, data, options.
    """
    versions = {"bitline": bitline.__version__, "torch": torch.__version__, "python": platform.python_version()}
    content = results[-1].to_dict()
    if len(results) > 1:
        content["times"] = [{"time_s": one.design.cell.time, **one.accuracy_dict()} for one in results]
    write_text(path, json.dumps({**content, "context": context, "versions": versions}, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
