"""How a study grows with its designs: `python benchmarks/scale_designs.py 1000 10000`.

For each number of designs: CPU seconds to list them, to schedule their tasks, to find in a full store that nothing is
left, to read the results as a table, and to write the report, with the sizes of the files and the peak memory of the
reader. The exponent is that between the last two sizes: 1 is linear. Nothing is computed: outcomes are made up.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bitline.numerics.labels import COSTS
from bitline.report.study_page import write_study
from bitline.study import Study, read_results
from bitline.study.agenda import Agenda
from bitline.study.coverage import FinishedWork
from bitline.study.point import Point
from bitline.study.store import Store
from bitline.study.task import Outcome
from bitline.study.values import pack
from bitline.study.work import agenda_of

IMAGES = 1000
LAYERS = 20
SUMS = {
    "rows": 576, "outputs": 64, "partitions": 1, "signal": 1.0, "own_signal": 1.0, "own_error": 0.01, "error": 0.02,
    "pulses": 1.0, "outside": 0.0, "converted": 640, "skipped": 0, "images": 64,
}  # fmt: skip
MEASURES = ("points", "scheduling", "resume", "results", "report")


def study_of(designs: int, chips: int) -> Study:
    """A study of so many designs over three settings."""
    alphas = max(2, designs // 40)
    return Study(
        name="many",
        axes=[
            {"setting": "cell.device.alpha", "range": {"start": 0.0, "stop": 0.1, "points": alphas}},
            {"setting": "adc.bits", "values": list(range(4, 14))},
            {"setting": "array.rows", "values": [72, 144, 288, 1152]},
        ],
        run={"chips": chips},
    )


def fill(path: Path, study: Study, points: tuple[Point, ...]) -> None:
    """A store of the study, as it is when everything is done."""
    right = pack(np.ones(IMAGES))
    layers = tuple({"name": f"layer{index}", **layer_sums()} for index in range(LAYERS))
    with Store.writing(path, {"seed": "0"}) as store:
        store.remember("study", study.to_toml())
        store.remember("images", str(IMAGES))
        store.remember("points", json.dumps([point.key for point in points]))
        store.add_designs(points)
        agenda = Agenda(points, FinishedWork(), IMAGES, study.run)
        batch: list[Outcome] = []
        last = None
        while (task := agenda.take(last)) is not None:
            costs = tuple((key, cost(len(batch) + index)) for index, (key, _) in enumerate(task.variants))
            correct = 900 + int(task.prepare_key or "0", 16) % 50
            known = {"costs": costs} if costs else {"correct": correct, "values": right}
            outcome = Outcome(task, layers=layers if task.kind == "analog" else (), seconds=1.0, **known)
            agenda.done(outcome)
            batch.append(outcome)
            last = task
            if len(batch) == 2000 or not agenda.left:
                store.add(*batch)
                batch = []


def layer_sums() -> dict[str, float]:
    """Sums of a layer's errors, whatever they are called."""
    from dataclasses import fields

    from bitline.evaluation.layer_errors import LayerSums

    return {field.name: SUMS[field.name] for field in fields(LayerSums) if field.name != "name"}


def cost(index: int) -> dict[str, object]:
    """The cost of a design, with everything that `NetworkCost.to_dict` has; every design has other numbers."""
    parts = {f"component {number}": (1e6 + index) / (1 + number) for number in range(12)}
    layer = {"macs": 112896.0, "arrays": 1, "copies": 1, "used": 0.02, "conversions": 12544.0, "time_ns": 255584.0}
    numbers = {name: (1.0 + index % 97) / (1 + place) for place, name in enumerate(COSTS)}
    return {
        "library": "sonos-40nm",
        **numbers,
        "energies_pJ": parts,
        "areas_mm2": parts,
        "layers": [{"name": f"layer{number}", **layer, "energies_pJ": parts} for number in range(LAYERS)],
        "notes": ["24 of 37 numbers of sonos-40nm are estimates: 'bitline cost --estimates' shows them"],
        "adc_ranges": {f"layer{number}": [0.5 / (1 + index % 89)] for number in range(LAYERS)},
    }


def measure(designs: int, chips: int, path: Path) -> dict[str, float]:
    """CPU seconds of everything but reading, and the size of the store."""
    study = study_of(designs, chips)
    found: dict[str, float] = {}

    def timed(name: str, work: Callable[[], object]) -> object:
        began = time.process_time()
        result = work()
        found[name] = time.process_time() - began
        return result

    points = timed("points", study.points)

    def schedule() -> None:
        agenda, last = Agenda(points, FinishedWork(), IMAGES, study.run), None
        while (task := agenda.take(last)) is not None:
            agenda.done(Outcome(task, correct=900))
            last = task

    timed("scheduling", schedule)
    fill(path, study, points)
    with Store.writing(path, {"seed": "0"}) as store:
        agenda = timed("resume", lambda: agenda_of(study, points, store, IMAGES))
    assert agenda.left == 0
    return {"designs": len(points), **found, "store_MB": path.stat().st_size / 1e6}


def read(path: Path, report: bool) -> None:
    """What a process does that shows results, or that writes the report; prints CPU seconds and its peak memory."""
    began = time.process_time()
    result = read_results(path)
    write_study(path.with_suffix(".html"), result) if report else result.to_frame()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(time.process_time() - began, peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("designs", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--chips", type=int, default=1)
    parser.add_argument("--read", type=Path)
    parser.add_argument("--report", action="store_true")
    arguments = parser.parse_args()
    if arguments.read:
        read(arguments.read, arguments.report)
        return
    table = []
    for designs in arguments.designs:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "many.sqlite"
            row = measure(designs, arguments.chips, path)
            for name in ("results", "report"):
                command = [sys.executable, __file__, "--read", str(path), *(["--report"] if name == "report" else [])]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
                row[name], row[f"{name}_peak_MB"] = map(float, said)
            row["html_MB"] = path.with_suffix(".html").stat().st_size / 1e6
            table.append(row)
            print("  ".join(f"{name} {value:.4g}" for name, value in row.items()), flush=True)
    if len(table) > 1:
        before, after = table[-2:]
        ratio = math.log(after["designs"] / before["designs"])
        print(
            "exponent  " + "  ".join(f"{name} {math.log(after[name] / before[name]) / ratio:.2f}" for name in MEASURES)
        )


if __name__ == "__main__":
    main()
