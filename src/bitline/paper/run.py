"""Run a study of the paper and write its figure, its data and its verdicts with their provenance."""

from __future__ import annotations

import platform
import time
from pathlib import Path

import torch

import bitline
from bitline.config.files import write_csv, write_values
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.report.device_figures import save

FORMATS = ("png", "svg", "csv", "json")


def files_of(study: PaperStudy, folder: Path) -> dict[str, Path]:
    """The files that a study writes, by format."""
    return {suffix: folder / f"{study.name}.{suffix}" for suffix in FORMATS}


def run_study(study: PaperStudy, experiment: Experiment) -> Findings:
    """Run one study.

    Writes NAME.png, NAME.svg, NAME.csv and NAME.json into the folder of the experiment; measurements go to its store,
    which all studies share.

    Args:
        study: from `catalogue`.
        experiment: what it is run on.

    Raises:
        StudyError, NetworkError, DataError: the network, the images or the store cannot be used.
    """
    began = time.perf_counter()
    experiment.out.mkdir(parents=True, exist_ok=True)
    outcome = study.run(experiment)
    figure, files = outcome.figure.figure(), files_of(study, experiment.out)
    for suffix in ("png", "svg"):
        save(figure, files[suffix])
    write_csv(files["csv"], outcome.table)
    content = {
        "name": study.name,
        "shows": study.shows,
        "title": study.title,
        "verdicts": [one.to_dict() for one in outcome.verdicts],
        "remarks": list(outcome.remarks),
        "figure": outcome.figure.to_dict(),
        "provenance": {
            "model": experiment.loaded.facts["model"],
            "data": f"{experiment.source}, {experiment.loaded.facts['data']}",
            "images": len(experiment.loaded.context.images),
            "calibration images": len(experiment.loaded.context.calibration),
            "chips": experiment.chips,
            "seed": experiment.seed,
            "bitline": bitline.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "others": [f"{one.model} on {one.source}" for one in experiment.each()[1:]],
            "date": time.strftime("%Y-%m-%d"),
            "seconds": round(time.perf_counter() - began, 1),
        },
    }
    write_values(files["json"], content, indent=1)
    return outcome
