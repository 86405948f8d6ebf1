"""What tests of the command line share."""

from __future__ import annotations

import json

FEW = ["--images", "24", "--calibration-images", "16", "--chips", "2"]

STUDY = """
[data]
images = 24
calibration_images = 16
[[axes]]
setting = "adc.bits"
range = { start = 4, stop = 8, points = 3 }
[[axes]]
setting = "weights.bits_per_cell"
values = ["unsliced", 2]
[run]
chips = 1
[search]
designs = 6
population = 3
survivors = 2
"""


def results(folder):
    """What `bitline run` wrote."""
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))
