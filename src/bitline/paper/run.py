"""Run a study of the paper and write its figure, its data and its verdicts with their provenance."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Any

import torch

import bitline
from bitline.config.files import write_values
from bitline.config.spreadsheets import write_csv
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.report.style import save

FORMATS = ("png", "svg", "csv", "json")


def files_of(study: PaperStudy, folder: Path) -> dict[str, Path]:
    """The files that a study writes, by format.

    Examples:
        >>> from bitline.paper import find
        >>> files_of(find("energy"), Path("paper"))["png"].name
        'energy.png'
    """
    return {suffix: folder / f"{study.name}.{suffix}" for suffix in FORMATS}


def run_study(study: PaperStudy, experiment: Experiment) -> Findings:
    """Run one study.

    Writes NAME.png, NAME.svg, NAME.csv and NAME.json into the folder of the experiment; measurements go to its store,
    which all studies share.

    Args:
        study: a study of `catalogue`.
        experiment: what it is run on.

    Raises:
        StudyError, NetworkError, DataError: if the store, the network or the images cannot be used.

    Examples:
        >>> from bitline.paper import find
        >>> experiment = Experiment(out=Path("paper"), images=4, calibration_images=4)
        >>> run_study(find("prior-accelerators"), experiment).verdicts[0].words
        'does not hold'
    """
    began = time.perf_counter()
    experiment.out.mkdir(parents=True, exist_ok=True)
    findings = study.run(experiment)
    figure, files = findings.figure.figure(), files_of(study, experiment.out)
    save(figure, files["png"])
    figure.set_layout_engine("none")  # the places that were found once
    save(figure, files["svg"])
    write_csv(files["csv"], findings.table)
    content = {
        "name": study.name,
        "shows": study.shows,
        "title": study.title,
        **findings.to_dict(),
        "provenance": {**_provenance(experiment), "seconds": round(time.perf_counter() - began, 1)},
    }
    write_values(files["json"], content, indent=1)
    return findings


def _provenance(experiment: Experiment) -> dict[str, Any]:
    """Network, images, chips, versions and date."""
    workload = experiment.loaded
    return {
        "model": workload.facts["model"],
        "data": f"{experiment.source}, {workload.facts['data']}",
        "images": len(workload.context.images),
        "calibration images": len(workload.context.calibration),
        "chips": experiment.chips,
        "seed": experiment.seed,
        "bitline": bitline.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "others": [f"{network.model} on {network.source}" for network in experiment.each()[1:]],
        "date": time.strftime("%Y-%m-%d"),
    }
