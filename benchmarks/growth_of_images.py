"""How time and memory to read images grow with their number: `python benchmarks/growth_of_images.py`.

Photographs (JPEG, 500 x 375 pixels) are read as by a study with a network of 224 x 224 pixels: at the first start, when
nothing is known of them, at the second, and with 10 images asked for, each in a process of its own. A pass reads all
that were asked for, batch by batch. An exponent of 1 between two rows is growth in proportion to the images of the
source.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bitline.data import load_dataset
from bitline.data.preprocess import IMAGENET

BATCH = 64
STARTS = {"first": (None, "cache"), "second": (None, "cache"), "10 of them": (10, "another cache")}
"""How many images are asked for, and the cache that is used."""
COLUMNS = ("images", "start", "CPU s", "exponent", "peak MB", "exponent", "pass CPU s", "exponent")
LEAST = {"seconds": 0.05, "peak": 30, "pass": 0.05}
"""Figures below these say nothing of growth."""


@dataclass(frozen=True)
class Row:
    """Figures of one start with so many images in the source."""

    count: int
    start: str
    numbers: dict[str, float]


def write_archive(path: Path, count: int) -> None:
    """A .zip of photographs; each is another file, most have the pixels of others."""
    rng = np.random.default_rng(0)
    photographs = []
    for _ in range(20):
        small = Image.fromarray(rng.integers(0, 256, (47, 63, 3), dtype=np.uint8))
        content = io.BytesIO()
        small.resize((500, 375), Image.Resampling.BICUBIC).save(content, "jpeg", quality=90)
        photographs.append(content.getvalue())
    with zipfile.ZipFile(path, "w") as archive:
        rows = [f"{index:06}.jpg,{label}" for index, label in enumerate(rng.integers(0, 1000, count))]
        archive.writestr("labels.csv", "\n".join(["file,label", *rows]))
        for index in range(count):
            photograph = photographs[index % len(photographs)]
            comment = b"\xff\xfe" + (10).to_bytes(2, "big") + index.to_bytes(8, "big")
            archive.writestr(f"{index:06}.jpg", photograph[:2] + comment + photograph[2:])


def memory(field: str) -> float:
    """A field of this process's status, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(f"{field}:"))


def measured(path: str, images: int | None) -> dict[str, float]:
    """What this process needs to read the images of a study, and for a pass over them."""
    before, began = memory("VmHWM"), time.process_time()
    dataset = load_dataset(path, IMAGENET).spread()
    dataset.digest()
    stored = dataset.split(images, 0).stored.decoded()
    loaded = time.process_time()
    peak = memory("VmHWM") - before
    for _ in stored.split(BATCH):
        pass
    return {"seconds": loaded - began, "peak": peak, "pass": time.process_time() - loaded}


def rows(counts: list[int], folder: Path) -> list[Row]:
    found = []
    for count in counts:
        path = folder / f"{count}.zip"
        write_archive(path, count)
        time.sleep(3)  # files that were changed a moment ago are not remembered
        for start, (images, cache) in STARTS.items():
            command = [sys.executable, __file__, "--measure", str(path), str(images or "")]
            environment = os.environ | {"BITLINE_CACHE": str(folder / f"{cache} {count}"), "OMP_NUM_THREADS": "1"}
            said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
            found.append(Row(count, start, json.loads(said)))
        path.unlink()
    return found


def exponent(now: Row, before: Row | None, field: str) -> str:
    """The power of the number of images with which a figure grew between two rows."""
    if before is None or min(now.numbers[field], before.numbers[field]) < LEAST[field]:
        return "-"
    growth = math.log(now.numbers[field] / before.numbers[field])
    return f"{growth / math.log(now.count / before.count):.1f}"


def table(found: list[Row]) -> str:
    lines = [" | ".join(COLUMNS), " | ".join("---" for _ in COLUMNS)]
    for start in STARTS:
        before = None
        for row in (row for row in found if row.start == start):
            numbers = row.numbers
            cells = [f"{row.count:,}", start]
            for field, digits in (("seconds", 2), ("peak", 0), ("pass", 2)):
                cells += [f"{numbers[field]:.{digits}f}", exponent(row, before, field)]
            lines.append(" | ".join(cells))
            before = row
    return "\n".join(f"| {line} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[100, 300, 1000, 3000])
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        path, images = chosen.measure
        print(json.dumps(measured(path, int(images) if images else None)))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(table(rows(chosen.images, Path(folder))))


if __name__ == "__main__":
    main()
