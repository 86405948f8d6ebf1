"""Results as JSON."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

import torch

import bitline
from bitline.config.files import write_values
from bitline.evaluation.diagnosed import Diagnosis
from bitline.evaluation.result import Evaluation


def write_json(
    path: Path, results: Sequence[Evaluation], context: dict[str, object], why: Diagnosis | None = None
) -> None:
    """Write a result with the versions that made it.

    Args:
        path: file to write; an existing one is replaced in one step.
        results: one evaluation, or those at several times; the last is the main one.
        context: what else to remember: network, data, options.
        why: what was found to cost the main one its accuracy, if somebody looked.

    Examples:
        >>> import torch
        >>> from bitline import evaluate
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
        >>> images = torch.linspace(-1, 1, 24).reshape(6, 4)
        >>> results = [evaluate(network, "differential", images, network(images).argmax(1), images, chips=1)]
        >>> write_json(Path("results.json"), results, {"model": "two classes"})
        >>> import json
        >>> json.loads(Path("results.json").read_text())["accuracy"]["float"]
        1.0
    """
    versions = {"bitline": bitline.__version__, "torch": torch.__version__, "python": platform.python_version()}
    content = results[-1].to_dict()
    if len(results) > 1:
        content["times"] = [{"time_s": result.design.cell.time, **_numbers(result)} for result in results]
    if why is not None:
        content["why"] = why.to_dict()
    write_values(path, {**content, "context": context, "versions": versions}, indent=2)


def _numbers(result: Evaluation) -> dict[str, object]:
    """The numbers of the measure; accuracy goes without its name, as it did before there were other measures."""
    measured = result.measured()
    return dict(measured["accuracy"]) if set(measured) == {"accuracy"} else measured  # type: ignore[call-overload]
