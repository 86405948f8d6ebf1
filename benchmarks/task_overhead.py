"""What a sweep adds to computing, for each task: `python benchmarks/task_overhead.py 1000`.

A study of a tiny network (one layer of 4 x 3 weights, 4 images) over as many designs, in this process: CPU seconds of
`sweep`, which lists designs, orders tasks, keeps results and computes costs, against those of converting, programming
and classifying on the same designs with nothing kept, all from one record of the calibration images, as in the sweep.
Every design is two tasks, its accuracy and its cost. The first line is of few designs, for which code is compiled.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from bitline import convert, program
from bitline.nn import record
from bitline.nn.inputs import Inputs
from bitline.study import Study, sweep

IMAGES = 4


def tiny() -> nn.Module:
    """The network, the same every time."""
    torch.manual_seed(0)
    return nn.Linear(4, 3)


def study_of(designs: int, data: Path) -> Study:
    """A study of so many designs over two settings."""
    return Study(
        model={"name": "task_overhead:tiny"},
        data={"source": str(data), "images": IMAGES, "calibration_images": IMAGES},
        axes=[
            {"setting": "cell.device.alpha", "range": {"start": 0.0, "stop": 0.1, "points": max(2, designs // 10)}},
            {"setting": "adc.bits", "values": list(range(4, 14))},
        ],
        run={"chips": 1, "layer_errors": False},
    )


def compute(study: Study, images: torch.Tensor) -> None:
    """What has to be computed of the designs of a study, and nothing else."""
    network, points = tiny(), study.points()
    seen = record(network, points[0].design, Inputs.of(images, network))
    for point in points:
        analog = convert(network, point.design, seen)
        program(analog, chip=0)
        with torch.no_grad():
            analog(images)


def measure(study: Study, folder: Path, images: torch.Tensor) -> str:
    """Milliseconds of the sweep and of its computing alone, for each task."""
    began = time.process_time()
    sweep(study, folder / f"{len(study.points())}.sqlite", workers=1, threads=1)
    swept = time.process_time()
    compute(study, images)
    computed = time.process_time()
    tasks = 2 * len(study.points())
    each, alone = 1e3 * (swept - began) / tasks, 1e3 * (computed - swept) / tasks
    return f"{tasks} tasks: {each:.1f} ms each, of which {alone:.1f} ms are computing: {each - alone:.1f} ms on top"


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    torch.set_num_threads(1)
    designs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    images = np.random.default_rng(0).random((2 * IMAGES, 4), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "tiny.npz"
        np.savez(data, images=images, labels=np.arange(2 * IMAGES) % 3)
        for count in (20, designs):
            print(measure(study_of(count, data), Path(folder), torch.from_numpy(images[:IMAGES])), flush=True)


if __name__ == "__main__":
    main()
