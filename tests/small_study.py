"""A study that is measured within a second or two, and what its tests look at."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd

from bitline.study import Study, read_results

IMAGES = 40


SMALL = {
    "name": "small",
    "data": {"images": IMAGES, "calibration_images": 20},
    "design": {"base": "differential", "set": {"cell.device.alpha": 0.05}},
    "axes": [
        {"setting": "adc.bits", "values": [5, 8]},
        {"setting": "hardware.library", "values": ["sonos-40nm", "isaac-32nm"]},
    ],
    "run": {"chips": 2, "shard": 25, "batch": 16},
}


def study(**changes) -> Study:
    return Study(**{**SMALL, **changes})


def comparable(path: Path) -> pd.DataFrame:
    return read_results(path).to_frame().drop(columns="seconds")


def count(path: Path) -> int:
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            return connection.execute("SELECT count(*) FROM results").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
